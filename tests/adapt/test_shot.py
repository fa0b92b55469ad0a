"""SHOT: its three terms, its pseudo-labels, what stays frozen, and that it needs no source."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from scipy.special import log_softmax, softmax
from scipy.stats import entropy
from shown import accuracy_on_shifted_colours, batch, colour_network, rows
from sklearn.cluster import KMeans
from torch import Tensor
from toy import blueprint

from synthda.adapt.method import Batch, tensors_of
from synthda.adapt.methods.adabn import AdaBN
from synthda.adapt.methods.shot import OUT, SHOT, centroid_labels, surer_cluster
from synthda.adapt.methods.source_only import SourceOnly
from synthda.adapt.networks.ganin import GaninMnist

P = torch.tensor(0.5)
RIGHT = np.array([0, 0, 0, 1, 1, 1])


def target(rows: list[int]) -> Batch:
    """Source-free: images of the target alone, and their rows."""
    nothing = torch.zeros(0).long()
    return Batch((), nothing, nothing, nothing, batch(1, len(rows)).target, torch.tensor(rows))


def by_scipy(features: NDArray[np.float64], chances: NDArray[np.float64]) -> NDArray[np.int64]:
    """Two rounds of assignment to centroids, a class at a time."""
    centroids = np.stack([np.average(features, axis=0, weights=share) for share in chances.T])
    nearest = cdist(features, centroids, "cosine").argmin(axis=1)
    for each in set(nearest.tolist()):
        centroids[each] = features[nearest == each].mean(axis=0)
    return cdist(features, centroids, "cosine").argmin(axis=1)


@pytest.mark.parametrize("seed", range(5))
def test_pseudo_labels_are_those_of_two_rounds_by_cosine_distance(seed: int) -> None:
    features, chances = rows(seed, 40, 6), softmax(3 * rows(seed + 100, 40, 4), axis=1)
    found = centroid_labels(torch.tensor(features), torch.tensor(chances))
    assert found.tolist() == by_scipy(features, chances).tolist()


def test_an_image_among_those_of_another_class_takes_their_label() -> None:
    features = np.array([[1, 0], [1, 0.1], [1, 0.2], [0, 1], [0.1, 1], [0.2, 1]])
    wrong = np.full((6, 2), 0.3)
    wrong[np.arange(6), RIGHT] = 0.7
    wrong[2] = [0.1, 0.9]
    found = centroid_labels(torch.tensor(features), torch.tensor(wrong))
    assert found.tolist() == RIGHT.tolist()
    # Cosine: how long the features are does not matter to the distance from a centroid.
    longer = torch.tensor(features) * torch.tensor([[1.0], [1.5], [0.8], [1.2], [1.0], [0.7]])
    assert centroid_labels(longer, torch.tensor(wrong)).tolist() == RIGHT.tolist()


def test_a_class_that_is_nearest_to_no_image_does_no_harm() -> None:
    features = torch.tensor([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]])
    chances = torch.tensor([[1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    assert centroid_labels(features, chances).tolist() == [0, 0, 1]


def test_the_terms_are_entropy_minus_diversity_plus_cross_entropy_to_the_pseudo_labels() -> None:
    method, given = SHOT(colour_network(), pseudo_weight=0.2), target([4, 0, 2, 2])
    method.pseudo_labels = torch.tensor([1, 0, 1, 0, 0])
    logits = method.network(given.target[0]).detach().double().numpy()
    chances = softmax(logits, axis=1)
    terms = {name: term.item() for name, term in method.losses(given, P).items()}
    assert terms["entropy"] == pytest.approx(entropy(chances, axis=1).mean(), rel=1e-5)
    assert terms["diversity"] == pytest.approx(-entropy(chances.mean(axis=0)), rel=1e-5)
    pseudo = -log_softmax(logits, axis=1)[np.arange(4), [0, 1, 1, 1]].mean()
    assert terms["pseudo_label"] == pytest.approx(0.2 * pseudo, rel=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_the_surer_images_are_the_lower_of_the_two_clusters_of_k_means(seed: int) -> None:
    uncertainty = np.concatenate([rows(seed, 30, 1)[:, 0] ** 2, 2 + rows(seed + 9, 12, 1)[:, 0] ** 2])
    found = surer_cluster(torch.tensor(uncertainty)).numpy()
    clusters = KMeans(2, n_init=20, random_state=0).fit(uncertainty[:, None])
    assert found.tolist() == (clusters.labels_ == clusters.cluster_centers_[:, 0].argmin()).tolist()


@pytest.mark.parametrize("uncertainty", [[0.3], [0.2, 0.2, 0.2]])
def test_images_that_are_equally_sure_are_all_kept(uncertainty: list[float]) -> None:
    assert surer_cluster(torch.tensor(uncertainty)).all()


def test_with_an_open_set_the_losses_are_those_of_the_surer_images_alone() -> None:
    method, closed = SHOT(colour_network(), open_set=True), SHOT(colour_network())
    closed.load_state_dict(method.state_dict())
    method.pseudo_labels = torch.tensor([1, OUT, 0, OUT])
    closed.pseudo_labels = torch.tensor([1, 0])
    given = target([0, 1, 2, 3])
    some = replace(given, target=(given.target[0][[0, 2]],), target_index=torch.tensor([0, 1]))
    found, expected = method.losses(given, P), closed.losses(some, P)
    assert found.pop("kept").item() == 0.5
    for name, term in expected.items():
        torch.testing.assert_close(found[name], term)
    method.pseudo_labels = torch.full((4,), OUT)
    nothing = method.losses(given, P)
    assert [term.item() for term in nothing.values()] == [0] * 4
    sum(term for term in nothing.values() if term.requires_grad).backward()  # type: ignore[union-attr]
    assert all(not weight.grad.any() for weight in method.network.feature_extractor.parameters())  # type: ignore[union-attr]


def test_with_an_open_set_a_refresh_labels_the_surer_images_by_centroids_of_their_own() -> None:
    network = GaninMnist(3, (28, 28))
    method = SHOT(network, open_set=True).eval()
    images = torch.rand(40, 3, 28, 28, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        method.refresh((), images.split(16))
        hidden = network.label_predictor[:-1](network.features(images))
        chances = network(images).softmax(dim=1)
    sure = surer_cluster(torch.tensor(entropy(chances.numpy(), axis=1)))
    assert 0 < sure.sum() < 40
    assert (method.pseudo_labels == OUT).tolist() == (~sure).tolist()
    assert torch.equal(method.pseudo_labels[sure], centroid_labels(hidden[sure], chances[sure]))


def test_sure_predictions_of_all_classes_are_best() -> None:
    method, given = SHOT(colour_network(), pseudo_weight=0), target([0, 0, 0, 0])
    method.pseudo_labels = torch.zeros(1).long()

    def loss(logits: list[list[float]]) -> float:
        method.network.forward = lambda images: torch.tensor(logits)  # type: ignore[method-assign]
        return sum(term.item() for term in method.losses(given, P).values())

    sure, other = [9.0, -9.0], [-9.0, 9.0]
    assert loss([sure, sure, other, other]) == pytest.approx(-np.log(2), abs=1e-3)
    assert loss([sure] * 4) == pytest.approx(0, abs=1e-3)
    assert loss([[0.0, 0.0]] * 4) == pytest.approx(0, abs=1e-6)


def test_a_refresh_labels_the_target_by_the_layer_before_the_logits() -> None:
    network = GaninMnist(3, (28, 28))
    method = SHOT(network).eval()
    images = torch.rand(10, 3, 28, 28, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        method.refresh((), images.split(4))
        hidden = network.label_predictor[:-1](network.features(images))
        chances = network(images).softmax(dim=1)
    assert hidden.shape == (10, 100)
    assert method.pseudo_labels.tolist() == by_scipy(hidden.double().numpy(), chances.double().numpy()).tolist()


def test_only_the_feature_extractor_learns_and_the_label_predictor_stays_as_deployed() -> None:
    network = GaninMnist(3, (28, 28))
    network.label_predictor.append(torch.nn.Dropout())
    method = SHOT(network)
    (optimizer,) = method.optimizers(blueprint().recipe).values()
    held = {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}
    assert held == {id(parameter) for parameter in network.feature_extractor.parameters()}
    method.train()
    assert network.feature_extractor.training
    assert not network.label_predictor[-1].training


def test_pseudo_labels_are_part_of_the_state() -> None:
    method, other = SHOT(colour_network()), SHOT(colour_network())
    method.pseudo_labels = torch.tensor([1, 0, 1])
    other.load_state_dict(method.state_dict())
    assert other.pseudo_labels.tolist() == [1, 0, 1]


@pytest.mark.parametrize("nested", [False, True])
def test_pseudo_labels_go_to_the_device_of_the_weights(nested: bool) -> None:
    shot = blueprint("shot", norm="batch").build()
    method = AdaBN(shot.network, after="shot") if nested else shot
    holder = method.trained if isinstance(method, AdaBN) else method
    assert isinstance(holder, SHOT)
    holder.set_extra_state(torch.tensor([0, 1, 1]))
    method.to("meta")
    assert {tensor.device.type for tensor in tensors_of(method)} == {"meta"}
    assert holder.pseudo_labels.dtype == torch.int64


def test_the_source_model_is_trained_with_label_smoothing() -> None:
    assert SHOT(colour_network()).start_settings == {"label_smoothing": 0.1}
    given, network = batch(4, 2), colour_network()

    def loss(smoothing: float) -> Tensor:
        return SourceOnly(network, label_smoothing=smoothing).losses(given, P)["label"]

    chances = network(given.source[0]).log_softmax(dim=1)
    # (1 − .1) of the label, .1 spread over both classes
    expected = -(0.9 * chances.gather(1, given.source_labels[:, None]).squeeze() + 0.1 * chances.mean(dim=1)).mean()
    torch.testing.assert_close(loss(0.1), expected)
    torch.testing.assert_close(loss(0), -chances.gather(1, given.source_labels[:, None]).mean())


def test_on_shifted_colours_it_finds_the_gap_between_the_classes(tmp_path: Path) -> None:
    plain = accuracy_on_shifted_colours("source-only", tmp_path / "plain")
    assert accuracy_on_shifted_colours("shot", tmp_path / "adapted") > plain + 0.15
