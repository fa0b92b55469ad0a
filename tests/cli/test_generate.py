from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from synthda.manifest import read_manifest
from synthda.synth import estimate


def test_a_domain_is_rendered_and_the_next_command_named(synthda, tmp_path):
    done = synthda("generate", "stripes", "--count", 300, "--workers", 1, "--set", "side=12", "--seed", 3)
    assert done.code == 0
    assert "300 images of 12×12, 2 classes, 1 shard" in done.out
    assert f"synthda inspect {Path('data/stripes')}" in done.out
    manifest = read_manifest(tmp_path / "data" / "stripes" / "domain.json")
    assert (manifest["count"], manifest["seed"], manifest["settings"]) == (300, 3, {"side": 12})


def test_a_dry_run_refuses_a_folder_that_the_command_would_refuse(synthda, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "note.txt").write_text("mine")
    command = ("generate", "stripes", "--count", 10, "--workers", 1, "--out")
    refused = synthda(*command, "mine", "--dry-run")
    assert (refused.code, refused.err) == (2, synthda(*command, "mine").err)
    synthda(*command, "ours")
    assert synthda(*command, "ours", "--dry-run").code == 0
    assert "differs in its seed" in synthda(*command, "ours", "--seed", 1, "--dry-run").err
    assert synthda(*command, "ours", "--seed", 1, "--dry-run", "--force").code == 0


def test_a_dry_run_writes_nothing_and_says_count_bytes_and_time(synthda, tmp_path):
    done = synthda("generate", "stripes", "--count", 10_000, "--dry-run", "--out", "dry")
    assert done.code == 0
    # 16 · 16 · 3 pixels, a label of 8 bytes, a scene of 8 + 4 + 2 + 8 bytes
    assert f"{10_000 * (768 + 8 + 22) / 1e6:,.1f} MB" in done.out
    assert " s with " in done.out
    assert not (tmp_path / "dry").exists()


def test_a_finished_domain_is_not_rendered_again(synthda, tmp_path):
    synthda("generate", "stripes", "--count", 10, "--out", "d", "--workers", 1)
    written = (tmp_path / "d" / "shard-00000.h5").stat().st_mtime_ns
    again = synthda("generate", "stripes", "--count", 10, "--out", "d", "--workers", 1)
    assert again.code == 0
    assert "already finished" in again.out
    assert (tmp_path / "d" / "shard-00000.h5").stat().st_mtime_ns == written


def test_a_domain_that_has_lost_a_shard_is_finished_again(synthda, tmp_path):
    synthda("generate", "stripes", "--count", 10, "--out", "d", "--workers", 1)
    (tmp_path / "d" / "shard-00000.h5").unlink()
    again = synthda("generate", "stripes", "--count", 10, "--out", "d", "--workers", 1)
    assert "d is finished: 10 images" in again.out
    assert (tmp_path / "d" / "shard-00000.h5").exists()


def test_no_more_workers_are_promised_than_there_are_shards(synthda):
    done = synthda("generate", "stripes", "--count", 10, "--workers", 8, "--dry-run")
    assert "with 1 worker. Nothing was written" in done.out


def test_another_seed_is_refused_unless_forced(synthda, tmp_path):
    synthda("generate", "stripes", "--count", 10, "--out", "d", "--workers", 1)
    refused = synthda("generate", "stripes", "--count", 10, "--out", "d", "--seed", 1)
    assert refused.code == 2
    assert "--force" in refused.err
    assert synthda("generate", "stripes", "--count", 10, "--out", "d", "--seed", 1, "--workers", 1, "--force").code == 0
    assert read_manifest(tmp_path / "d" / "domain.json")["seed"] == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["stripe"], "Did you mean stripes"),
        (["stripes", "--set", "sied=3"], "Did you mean side"),
        (["stripes", "--set", "side=3"], "side accepts 8…64"),
        (["stripes", "--set", "side"], "name=value"),
        (["stripes", "--digits", "x"], "--digits is not for stripes"),
        (["stripes", "--seed", str(2**32)], "seed=4294967296 is out of range; renderings accept 0…4294967295"),
        (["stripes", "--seed", str(2**32), "--dry-run"], "seed=4294967296 is out of range"),
        (["syn-signs", "--size", "32", "--set", "size=40"], "--size is short for --set size=…; leave out one"),
    ],
)
def test_a_wrong_name_or_value_is_one_sentence_and_exit_code_2(synthda, tmp_path, arguments, sentence):
    failed = synthda("generate", *arguments)
    assert failed.code == 2
    assert sentence in failed.err
    assert failed.err.count("\n") == 1
    assert not (tmp_path / "data").exists()


def test_a_disk_without_room_is_told_before_anything_is_written(synthda, tmp_path, monkeypatch):
    monkeypatch.setattr(estimate, "free_bytes", lambda folder: 1_000_000)
    failed = synthda("generate", "stripes", "--count", 100_000, "--out", "d")
    assert failed.code == 2
    assert "80 MB" in failed.err
    assert "1 MB free" in failed.err
    assert not (tmp_path / "d").exists()


def test_signs_of_ones_own_are_rendered_at_the_size_asked_for(synthda, tmp_path):
    (tmp_path / "mine").mkdir()
    for name, colour in (("stop", "red"), ("go", "green")):
        Image.new("RGB", (20, 20), colour).save(tmp_path / "mine" / f"{name}.png")
    options = ["--templates", "mine", "--size", 24, "--count", 16, "--workers", 1]
    done = synthda("generate", "syn-signs", "--out", "signs", *options)
    assert done.code == 0, done.err
    assert "16 images of 24×24, 2 classes" in done.out


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["syn-signs", "--size", "7"], "size accepts 8…1024"),
        (["syn-signs", "--size", "1025"], "size accepts 8…1024"),
        (["syn-signs", "--split", "test"], "--split is not for syn-signs"),
        (["syn-signs", "--templates", "nowhere"], "There is no folder of templates nowhere"),
        (["syn-signs", "--set", "smallest=1", "--set", "largest=0.5"], "give smallest ≤ largest"),
    ],
)
def test_bad_options_of_signs_are_one_sentence(options, sentence, synthda):
    done = synthda("generate", *options, "--out", "signs", "--count", 8)
    assert (done.code, sentence in done.err) == (2, True), done.err
    assert "Traceback" not in done.err
