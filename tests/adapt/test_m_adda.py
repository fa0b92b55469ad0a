"""M-ADDA: the centre magnet, who learns in a step, and where it starts."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from shown import accuracy_on_shifted_colours, batch, colour_network
from torch import Tensor
from toy import blueprint, domain

from synthda.adapt.adaptation import adapt
from synthda.adapt.data import Data
from synthda.adapt.embedding import EMBEDDING, nearest_centre
from synthda.adapt.methods.m_adda import MADDA
from synthda.adapt.methods.triplet import Triplet
from synthda.adapt.run import Run
from synthda.adapt.trained import load_run

P = torch.tensor(0.5)


def test_the_magnet_is_the_mean_squared_distance_from_the_nearest_centre() -> None:
    method, given = MADDA(colour_network(), magnet_weight=3), batch()
    layer, embeddings = nearest_centre(method.network), method.network.features(given.target[0])
    layer.follow(embeddings[:4], torch.tensor([0, 0, 1, 1]), 0.9)
    nearest = torch.cdist(embeddings, layer.centres).amin(1).square()
    assert method.losses(given, P)["magnet"].item() == pytest.approx(3 * nearest.mean().item(), rel=1e-4)


def test_target_images_on_centres_feel_no_magnet() -> None:
    method, given = MADDA(colour_network()), batch(2, 2)
    embeddings = method.network.features(given.target[0])
    nearest_centre(method.network).follow(embeddings, torch.tensor([0, 1]), 0.9)
    assert method.magnet(given).item() == pytest.approx(0, abs=1e-8)


def test_a_step_moves_the_discriminator_then_the_encoder_away_from_it_then_to_the_centres() -> None:
    method, given, asked = MADDA(colour_network()), batch(), []

    def descend(loss: Tensor, *names: str) -> None:
        asked.append((names, loss.item()))

    terms = method.step(given, P, descend)
    assert [names for names, _ in asked] == [("discriminator",), ("encoder",), ("encoder",)]
    wanted = [terms[name].item() for name in ("domain", "encoder", "magnet")]
    assert [value for _, value in asked] == pytest.approx(wanted)


def test_the_discriminator_sees_embeddings() -> None:
    assert MADDA(colour_network()).discriminator[0].in_features == EMBEDDING


def test_it_starts_from_a_triplet_run_whose_encoder_and_centres_stay(tmp_path: Path) -> None:
    data = Data(sources=(domain(),), target=domain(target=True).unlabelled(), target_name="toy")
    adapt(blueprint("m-adda", steps=3), data, Run(tmp_path / "run"), export=False)
    _, first = load_run(Run(tmp_path / "run").first)
    _, trained = load_run(Run(tmp_path / "run"))
    assert isinstance(first, Triplet)
    assert isinstance(trained, MADDA)
    learnt, kept = first.network.state_dict(), trained.source_encoder.state_dict()
    assert all(torch.equal(kept[name], learnt[name]) for name in learnt)
    torch.testing.assert_close(nearest_centre(trained.network).centres, nearest_centre(first.network).centres)
    assert any(not torch.equal(value, learnt[name]) for name, value in trained.network.state_dict().items())


@pytest.mark.slow
def test_on_shifted_colours_it_finds_the_gap_between_the_classes(tmp_path: Path) -> None:
    plain = accuracy_on_shifted_colours("source-only", tmp_path / "plain", shift=0.13)
    assert accuracy_on_shifted_colours("m-adda", tmp_path / "adapted", shift=0.13) > plain + 0.1
