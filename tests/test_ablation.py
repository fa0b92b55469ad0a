"""What bench/ablation.toml says of the renderers' settings is so."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from synthda.datasets.domain import Scenes
from synthda.settings import configure
from synthda.synth import load_renderer
from synthda.synth.renderer import sample_block

TABLE: dict[str, Any] = tomllib.loads(
    (Path(__file__).parent.parent / "bench" / "ablation.toml").read_text(encoding="utf-8")
)
CASES = {
    f"{renderer}, {name}": (renderer, case)
    for renderer, content in TABLE.items()
    for name, case in [*content["groups"].items(), ("paper", content["paper"])]
}


def drawn(renderer: str, given: dict[str, Any]) -> Scenes:
    found = load_renderer(renderer)
    texts = {name: str(value) for name, value in given.items()}
    if renderer == "syn-numbers":
        texts["fonts"] = "matplotlib"
    return sample_block(found(**configure({"renderer": found}, texts)["renderer"]), 0, 0)


@pytest.mark.parametrize("renderer", TABLE)
def test_there_are_eight_groups_and_no_setting_is_in_two(renderer: str) -> None:
    groups = TABLE[renderer]["groups"]
    named = [setting for group in groups.values() for setting in group["set"]]
    assert len(groups) == 8
    assert len(named) == len(set(named))


@pytest.mark.parametrize("name", CASES)
def test_every_setting_exists_and_its_columns_rest(name: str) -> None:
    renderer, case = CASES[name]
    scenes, usual = drawn(renderer, case["set"]), drawn(renderer, {})
    for column, value in case["rests"].items():
        expected = scenes[value] if isinstance(value, str) else scenes.dtype[column].type(value)
        assert (scenes[column] == expected).all(), column
        moved = usual[column] != (usual[value] if isinstance(value, str) else expected)
        assert moved.any() or column == "photo", f"{column} rests without being switched off"


@pytest.mark.parametrize("renderer", TABLE)
def test_the_papers_factors_still_vary(renderer: str) -> None:
    scenes = drawn(renderer, TABLE[renderer]["paper"]["set"])
    for column in TABLE[renderer]["paper"]["keeps"]:
        assert len(np.unique(scenes[column])) > 1, column


@pytest.mark.parametrize("renderer", TABLE)
def test_the_paper_switches_off_whatever_a_group_does_but_its_own_factors(renderer: str) -> None:
    content = TABLE[renderer]
    resting = {column for group in content["groups"].values() for column in group["rests"]}
    left = resting - set(content["paper"]["rests"]) - set(content["paper"]["keeps"])
    follow_from_others_or_are_named = {"scale", "photo", "fill_b", "ground_r", "clutter_shadow", "bright"}
    assert left <= follow_from_others_or_are_named, left
