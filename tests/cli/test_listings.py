from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image


@pytest.mark.parametrize("verb", ["methods", "networks"])
def test_methods_and_networks_come_with_settings_ranges_and_the_recipe(synthda, verb):
    listed = json.loads(synthda(verb, "--json").out)
    assert all(one["name"] and one["summary"] for one in listed[verb])
    steps = next(setting for setting in listed["recipe"]["settings"] if setting["name"] == "steps")
    assert steps["accepts"] == "whole number, ≥ 0"
    shown = synthda(verb).out
    assert all(one["name"] in shown for one in listed[verb])
    assert shown.count("learning_rate ") == 1


@pytest.mark.parametrize(("verb", "name"), [("methods", "bnm"), ("networks", "conv-small"), ("renderers", "stripes")])
def test_one_is_shown_by_its_name_and_a_misspelt_name_has_near_ones(synthda, verb, name):
    assert [one["name"] for one in json.loads(synthda(verb, name, "--json").out)[verb]] == [name]
    refused = synthda(verb, name[:-1])
    assert (refused.code, f"Did you mean {name}" in refused.err) == (2, True)


def test_dann_lists_its_settings(synthda):
    dann = next(one for one in json.loads(synthda("methods", "--json").out)["methods"] if one["name"] == "dann")
    assert {"gamma", "lambda_max"} <= {setting["name"] for setting in dann["settings"]}


def test_renderers_list_their_settings_with_help(synthda):
    pytest.importorskip("synthda.synth.syn_numbers")
    listed = {one["name"]: one for one in json.loads(synthda("renderers", "--json").out)["renderers"]}
    assert {"syn-numbers", "mnist-m", "stripes"} <= set(listed)
    (side,) = listed["stripes"]["settings"]
    assert side == {"name": "side", "default": 16, "accepts": "whole number, 8…64", "help": "of the image, pixels"}


def test_data_sets_say_where_they_are_got_and_whether_they_are_here(synthda, tmp_path):
    (tmp_path / "data" / "MNIST" / "raw").mkdir(parents=True)
    (tmp_path / "data" / "MNIST" / "raw" / "train-images-idx3-ubyte").touch()
    listed = json.loads(synthda("datasets", "--json").out)
    found = {one["name"]: one["found"] for one in listed["datasets"]}
    assert found["mnist"]
    assert not found["svhn"]
    assert not found["gtsrb"]
    shown = synthda("datasets").out
    assert "mnist:train, mnist:test" in shown
    assert "synthda datasets download svhn" in shown


def test_a_data_set_that_is_listed_as_found_can_be_opened(synthda, tmp_path):
    folder = tmp_path / "sets" / "mnist_m_part" / "dev" / "3"
    folder.mkdir(parents=True)
    Image.fromarray(np.zeros((32, 32, 3), dtype=np.uint8)).save(folder / "1.png")
    listed = json.loads(synthda("datasets", "--json", "--data-root", "sets").out)
    assert next(one["found"] for one in listed["datasets"] if one["name"] == "mnist-m")
    assert synthda("inspect", "mnist-m:dev", "--data-root", "sets", "--json").code == 0


def test_an_unknown_data_set_is_refused_with_near_matches(synthda):
    pytest.importorskip("synthda.datasets.download")
    failed = synthda("datasets", "download", "mnits")
    assert failed.code == 2
    assert "mnist" in failed.err
