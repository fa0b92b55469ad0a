from __future__ import annotations

import json
import os

import h5py
import numpy as np
import pytest
from PIL import Image

from synthda.manifest import read_manifest


@pytest.fixture
def domain(synthda, tmp_path):
    synthda("generate", "stripes", "--count", 20, "--out", "stripes", "--workers", 1)
    return tmp_path / "stripes"


@pytest.mark.parametrize(("to", "factors"), [("imagefolder", 0), ("hf", 4), ("webdataset", 4)])
def test_a_domain_goes_out_and_comes_back(synthda, domain, tmp_path, to, factors):
    done = synthda("convert", domain, "--to", to, "--out", "out")
    assert done.code == 0
    assert "20 images, 2 classes" in done.out
    assert ("4 factors" in done.out) == bool(factors)
    assert "synthda convert out --to shards" in done.out
    back = synthda("convert", "out", "--to", "shards", "--out", "back")
    assert "20 images of 16×16, 2 classes" in back.out
    with h5py.File(domain / "shard-00000.h5") as one, h5py.File(tmp_path / "back" / "shard-00000.h5") as other:
        assert np.array_equal(one["images"], other["images"])
        assert np.array_equal(one["labels"], other["labels"])
        assert len(other.get("scenes", ())) == factors
        for name in other.get("scenes", ()):
            assert np.array_equal(one["scenes"][name], other["scenes"][name])
    shown = json.loads(synthda("inspect", "back", "--json").out)
    assert shown["manifest"]["seed"] == 0
    assert ("brown" in shown["factors"]["paper"]["taken"]) if factors else ("factors" not in shown)


def test_photographs_become_shards_of_the_size_that_is_given(synthda, photos, tmp_path):
    done = synthda("convert", "photos", "--to", "shards", "--size", "8x12", "--fit", "crop", "--out", "shards")
    assert done.code == 0
    assert "6 images of 8×12, 2 classes" in done.out
    assert "broken.jpg" in done.err
    assert read_manifest(tmp_path / "shards" / "domain.json")["image_shape"] == [8, 12, 3]
    assert synthda("inspect", "shards").code == 0


def test_another_command_is_refused_a_finished_folder_unless_forced(synthda, domain):
    assert synthda("convert", domain, "--to", "hf", "--out", "out").code == 0
    assert synthda("convert", domain, "--to", "hf", "--out", "out").code == 0
    refused = synthda("convert", domain, "--to", "hf", "--out", "out", "--quality", 90)
    assert refused.code == 2
    assert "finished already" in refused.err
    assert synthda("convert", domain, "--to", "hf", "--out", "out", "--force", "--quality", 90).code == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["stripes", "--to", "huggingface"], "There is no format 'huggingface'"),
        (["stripes", "--to", "shard"], "Did you mean shards"),
        (["stripes", "--to", "shards"], "holds shards already"),
        (["nothing", "--to", "shards"], "nothing at nothing"),
        (["nothing", "--to", "hf"], "no file, folder or data set 'nothing'"),
        (["mnist:test", "--to", "shards"], "no need of shards"),
        (["stripes", "--to", "hf", "--size", "large"], "Size 'large' is not accepted"),
        (["stripes", "--to", "hf", "--size", "8", "--fit", "squeeze"], "There is no fit 'squeeze'"),
        (["stripes", "--to", "hf", "--size", "200000"], "a side has at most 1024 pixels"),
        (["stripes", "--to", "hf", "--fit", "squeeze"], "There is no fit 'squeeze'"),
        (["photos", "--to", "shards"], "--size"),
        (["photos", "--to", "imagefolder"], "--size"),
        (["photos", "--to", "shards", "--size", "8", "--quality", "3"], "without --quality"),
    ],
)
def test_what_cannot_be_converted_is_one_sentence_and_exit_code_2(
    synthda, domain, photos, tmp_path, arguments, sentence
):
    failed = synthda("convert", *arguments, "--out", "out")
    assert failed.code == 2
    assert sentence in failed.err
    assert failed.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("out", ["photos", "photos/out"])
def test_nothing_is_written_over_or_among_the_images_that_it_is_made_of(synthda, photos, tmp_path, out):
    before = sorted(path for path in photos.rglob("*"))
    for force in ([], ["--force"]):
        failed = synthda("convert", "photos", "--to", "imagefolder", "--size", 8, "--out", out, *force)
        assert failed.code == 2
        assert f"{out} lies within photos; give --out a place outside of it" in failed.err
    assert sorted(path for path in photos.rglob("*")) == before


def test_a_name_that_is_too_long_for_the_system_is_one_sentence(synthda, photos):
    for arguments in (["convert", "photos", "--to", "shards", "--size", 8, "--out", "x" * 300], ["inspect", "x" * 300]):
        failed = synthda(*arguments)
        assert failed.code == 2
        assert "cannot be" in failed.err or "no file, folder or data set" in failed.err
        assert failed.err.count("\n") == 1


def test_a_file_whose_name_is_no_utf_8_is_converted(synthda, tmp_path):
    """As unpacked from an old archive."""
    folder = os.fsencode(tmp_path / "old") + b"/caf\xe9"
    try:
        os.makedirs(folder)
    except OSError:
        pytest.skip("this system has no such names")
    for name in (b"/a\xe9.png", b"/b.png"):
        Image.new("RGB", (8, 8)).save(os.fsdecode(folder + name))
    for to in ("shards", "hf", "imagefolder"):
        done = synthda("convert", "old", "--to", to, "--size", 8, "--out", to)
        assert done.code == 0, done.err
    classes = json.loads((tmp_path / "hf" / "synthda.json").read_text())["classes"]
    assert os.fsencode(classes[0]) == b"caf\xe9"
    assert synthda("convert", "hf", "--to", "shards", "--out", "back").code == 0


@pytest.mark.parametrize("to", ["imagefolder", "hf", "webdataset", "coco"])
def test_an_unfinished_domain_is_called_that(synthda, domain, tmp_path, to):
    (domain / "domain.json").rename(domain / "domain.json.partial")
    failed = synthda("convert", "stripes", "--to", to, "--out", "out")
    assert failed.code == 2
    assert "stripes is unfinished; run the command that was writing it again" in failed.err
    assert not (tmp_path / "out").exists()
