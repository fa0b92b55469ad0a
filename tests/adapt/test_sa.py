"""Subspace alignment on a network: against the formula, and on representations that are turned."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import toy
from scipy.linalg import svd
from shown import accuracy_on_shifted_colours, adapted_to_shifted_colours, colour_network, colours
from sklearn.svm import LinearSVC
from torch import Tensor, nn
from toy import blueprint

from synthda.adapt.adaptation import adapt
from synthda.adapt.data import Data
from synthda.adapt.methods.sa import SA
from synthda.adapt.network import Network
from synthda.adapt.resident import Resident
from synthda.adapt.run import Run
from synthda.datasets.domain import ArrayImages, Domain
from synthda.errors import DataError


def resident(domain: Domain) -> Resident:
    return Resident(domain.images, domain.labels, 8, seed=0, stream=0, device=torch.device("cpu"))


def representations(network: Network, domain: Domain) -> np.ndarray:
    assert isinstance(domain.images, ArrayImages)
    floats = torch.from_numpy(domain.images.array).permute(0, 3, 1, 2).float() / 255
    shown: Tensor = network.label_predictor[:-1](network.features(floats))
    return shown.detach().double().numpy()


def test_the_answers_are_those_of_a_classifier_in_the_aligned_space() -> None:
    network = colour_network().eval()
    source, target = colours(0, 0.0), colours(1, 0.1)
    method = SA(network, dimensions=2).eval()
    with torch.no_grad():
        method.refresh([resident(source)], resident(target))
    rows_s, rows_t = (representations(network, domain) for domain in (source, target))
    basis_s, basis_t = (svd(rows - rows.mean(axis=0))[2][:2].T for rows in (rows_s, rows_t))
    aligned = (rows_s - rows_s.mean(axis=0)) @ basis_s @ basis_s.T @ basis_t
    classifier = LinearSVC(C=1.0, random_state=0, max_iter=10_000).fit(aligned / aligned.std(), source.labels)
    expected = classifier.decision_function((rows_t - rows_t.mean(axis=0)) @ basis_t / aligned.std())
    assert isinstance(target.images, ArrayImages)
    images = torch.from_numpy(target.images.array).permute(0, 3, 1, 2).float() / 255
    found = method.predict(images).detach()
    np.testing.assert_allclose(found[:, 1], expected, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(found[:, 0], -expected, rtol=1e-3, atol=1e-3)


def test_a_shift_of_the_representation_is_taken_away(tmp_path: Path) -> None:
    plain = accuracy_on_shifted_colours("source-only", tmp_path / "plain")
    assert accuracy_on_shifted_colours("sa", tmp_path / "sa", dimensions=4) > plain + 0.1


def test_a_class_that_no_source_image_shows_is_never_predicted() -> None:
    torch.manual_seed(0)
    network = colour_network()
    network.label_predictor[-1] = nn.Linear(16, 3)
    network.classes = 3
    source = colours(0, 0.0)
    method = SA(network.eval(), dimensions=2).eval()
    with torch.no_grad():
        method.refresh([resident(source)], resident(source))
        scores = method.predict(torch.rand(50, 3, 4, 4))
    assert (scores[:, 2] < scores[:, :2].amin(dim=1)).all()


def test_a_target_of_one_image_is_refused_before_any_training(tmp_path: Path) -> None:
    run = Run(tmp_path / "run")
    with pytest.raises(DataError, match="has 1 image, and this method needs 2 or more"):
        adapt(blueprint("sa", steps=2), Data(sources=(toy.domain(),), target=toy.domain(1).images), run)
    assert not run.folder.exists()
    two = Data(sources=(toy.domain(),), target=toy.domain(2).images)
    assert adapt(blueprint("sa", steps=2), two, run, export=False)["results"]["steps"] == 0


def test_more_dimensions_than_there_are_become_all_of_them(tmp_path: Path) -> None:
    method = adapted_to_shifted_colours("sa", tmp_path, dimensions=500)
    assert torch.isfinite(method.predict(torch.rand(5, 3, 4, 4))).all()
