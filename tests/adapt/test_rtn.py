"""RTN: whose predictor learns the labels, whose is deployed, and the discrepancy of products that are never built."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist
from scipy.special import entr, softmax
from shown import accuracy_on_shifted_colours, batch, colour_network, gradient, rows
from torch.nn import functional as F

from synthda.adapt.methods.rtn import RTN, tensor_distances
from synthda.adapt.schedules import adaptation_factor

P = torch.tensor(0.5)


def grown(**settings: float) -> RTN:
    """Its residual is no longer 0."""
    method = RTN(colour_network(), **settings)
    with torch.no_grad():
        for parameter in method.residual.parameters():
            parameter.copy_(torch.linspace(-1, 1, parameter.numel()).view_as(parameter))
    return method


def test_the_distance_of_tensor_products_needs_no_tensor_product() -> None:
    first, second = rows(0, 6, 4), rows(1, 6, 3)
    built = np.einsum("ni,nj->nij", first, second).reshape(6, 12)
    found = tensor_distances([torch.tensor(first), torch.tensor(second)])
    np.testing.assert_allclose(found.numpy(), cdist(built, built, "sqeuclidean"), atol=1e-12)


def test_the_discrepancy_is_that_of_fused_layers_under_the_median_of_their_distances() -> None:
    method, given = grown(rtn_weight=2, entropy_weight=3), batch()
    with torch.no_grad():
        features = method.network.features(torch.cat([given.source[0], given.target[0]]))
        logits = method.network.label_predictor(features)
        terms = method.losses(given, P)
    fused = np.einsum("ni,nj->nij", features.double().numpy(), logits.double().numpy()).reshape(15, -1)
    distances = cdist(fused, fused, "sqeuclidean")
    kernel = np.exp(-distances / np.sort(distances, axis=None)[(15 * 15 - 1) // 2])
    discrepancy = kernel[:6, :6].mean() + kernel[6:, 6:].mean() - 2 * kernel[:6, 6:].mean()
    rise = adaptation_factor(P).item()
    assert terms["tensor_mmd"].item() == pytest.approx(2 * rise * discrepancy, rel=1e-3)
    unsure = entr(softmax(logits[6:].numpy(), axis=1)).sum(1).mean()
    assert terms["entropy"].item() == pytest.approx(3 * rise * unsure, rel=1e-5)


def test_equal_domains_have_no_discrepancy() -> None:
    method, given = grown(), batch(8, 8)
    given.target[0].copy_(given.source[0])
    assert method.losses(given, P)["tensor_mmd"].item() == pytest.approx(0, abs=1e-6)


def test_the_source_predictor_learns_the_labels_and_the_target_predictor_is_deployed() -> None:
    method, given = grown(), batch()
    target = method.network(given.source[0])
    hidden = (target @ method.residual[0].weight.T + method.residual[0].bias).clamp_min(0)
    source = target + hidden @ method.residual[2].weight.T + method.residual[2].bias
    label = F.cross_entropy(source, given.source_labels)
    found, weight = method.losses(given, P)["label"], next(method.network.label_predictor.parameters())
    assert found.item() == pytest.approx(label.item(), rel=1e-5)
    torch.testing.assert_close(gradient(found, weight), gradient(label, weight))  # also through the residual
    torch.testing.assert_close(method.predict(given.source[0]), target)


def test_both_predictors_start_as_one() -> None:
    method, given = RTN(colour_network()), batch()
    label = F.cross_entropy(method.network(given.source[0]), given.source_labels)
    assert method.losses(given, P)["label"].item() == pytest.approx(label.item(), rel=1e-6)


def test_on_shifted_colours_it_finds_the_gap_between_the_classes(tmp_path: Path) -> None:
    plain = accuracy_on_shifted_colours("source-only", tmp_path / "plain", shift=0.13)
    assert accuracy_on_shifted_colours("rtn", tmp_path / "adapted", shift=0.13) > plain + 0.1
