"""Triplets by hand, and the nearest centre as a linear layer."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from shown import batch, colour_network, rows
from sklearn.neighbors import NearestCentroid
from torch import Tensor

from synthda.adapt.embedding import EMBEDDING, NearestCentre, nearest_centre
from synthda.adapt.methods.triplet import Triplet, triplet_loss
from synthda.adapt.networks.ganin import GaninMnist

P = torch.tensor(0.5)


def test_the_loss_is_the_mean_over_the_triplets_that_violate_the_margin() -> None:
    embeddings, labels = rows(0, 8, 3), [0, 0, 0, 1, 1, 1, 2, 2]
    violations = []
    for a, p, n in product(range(8), repeat=3):
        if a != p and labels[a] == labels[p] != labels[n]:
            near, far = (((embeddings[a] - embeddings[other]) ** 2).sum() for other in (p, n))
            violations.append(max(0.0, near - far + 0.7))
    assert 0 < np.count_nonzero(violations) < len(violations)
    expected = sum(violations) / np.count_nonzero(violations)
    found = triplet_loss(torch.tensor(embeddings), torch.tensor(labels), 0.7)
    assert found.item() == pytest.approx(expected)


def test_by_hand_on_a_line() -> None:
    # anchor 0: 1 − 4 + 4 = 1; anchor 1: 1 − 1 + 4 = 4; the third has no positive
    found = triplet_loss(torch.tensor([[0.0], [1.0], [2.0]]), torch.tensor([0, 0, 1]), 4.0)
    assert found.item() == pytest.approx((1 + 4) / 2)


def test_moved_and_turned_embeddings_have_the_same_loss_and_far_classes_none() -> None:
    embeddings, labels = torch.tensor(rows(0, 6, 2)), torch.tensor([0, 0, 0, 1, 1, 1])
    turned = torch.stack([-embeddings[:, 1], embeddings[:, 0]], dim=1) + 3
    assert triplet_loss(turned, labels, 1.0).item() == pytest.approx(triplet_loss(embeddings, labels, 1.0).item())
    assert triplet_loss(embeddings + 100 * labels[:, None], labels, 1.0).item() == 0


def test_the_logits_are_minus_the_squared_distances_up_to_what_all_classes_share() -> None:
    layer, embeddings, labels = NearestCentre(4, 3).double(), rows(0, 30, 4), np.arange(30) % 3
    layer.follow(torch.tensor(embeddings), torch.tensor(labels), 0.9)
    found = layer(torch.tensor(embeddings)).detach().numpy()
    centres = np.stack([embeddings[labels == each].mean(0) for each in range(3)])
    distances = ((embeddings[:, None] - centres[None]) ** 2).sum(2)
    np.testing.assert_allclose(found, (embeddings**2).sum(1, keepdims=True) - distances, atol=1e-10)
    nearest = NearestCentroid().fit(embeddings, labels).predict(embeddings)
    assert (found.argmax(1) == nearest).all()


def test_a_centre_is_the_mean_of_its_batches_then_their_moving_average_and_waits_for_its_class() -> None:
    layer = NearestCentre(1, 2).double()
    followed = []
    for value in (4.0, 8.0, 0.0):
        layer.follow(torch.tensor([[value], [value + 2]]).double(), torch.tensor([0, 0]), 0.5)
        followed.append(layer.centres[0].item())
    # 5; then (5 + 9) / 2; then .5 · 7 + .5 · 1, where the plain mean would keep two thirds
    assert followed == pytest.approx([5, 7, 4])
    untouched = layer.centres[1].item()
    layer.follow(torch.tensor([[3.0]]).double(), torch.tensor([1]), 0.5)
    assert layer.centres[1].item() == pytest.approx(3)
    assert untouched != 3
    assert layer.centres[0].item() == pytest.approx(4)


def test_hidden_layers_join_the_feature_extractor_and_an_embedding_ends_it() -> None:
    method = Triplet(GaninMnist(10))
    features = method.network.features(torch.rand(2, 3, 28, 28))
    assert features.shape == (2, EMBEDDING)
    assert method.network.feature_dim == EMBEDDING
    assert len(list(method.network.feature_extractor.parameters())) == 2 * 2 + 2 * 2 + 2  # of 2 convolutions, 2 hidden
    assert method.predict(torch.rand(2, 3, 28, 28)).shape == (2, 10)


def test_after_an_update_the_centres_are_where_the_new_weights_put_the_images() -> None:
    method, given = Triplet(colour_network()), batch()

    def descend(loss: Tensor, *names: str) -> None:
        with torch.no_grad():
            for parameter in method.network.feature_extractor.parameters():
                parameter.add_(0.1)

    method.step(given, P, descend)
    embeddings = method.network.features(given.source[0])
    wanted = torch.stack([embeddings[given.source_labels == each].mean(0) for each in (0, 1)])
    torch.testing.assert_close(nearest_centre(method.network).centres, wanted)
