from __future__ import annotations

import json

import pytest
from PIL import Image


@pytest.fixture
def domain(synthda, tmp_path):
    synthda("generate", "stripes", "--count", 300, "--out", "stripes", "--workers", 1)
    return tmp_path / "stripes"


def test_shards_are_counted_verified_and_drawn(synthda, domain, tmp_path):
    shown = synthda("inspect", domain)
    assert shown.code == 0
    for words in ("300 images of 16×16", "level", "upright", "brightness", "brown", "1 shard, match", "seed"):
        assert words in shown.out
    assert "noise_seed" not in shown.out
    with Image.open(tmp_path / "stripes-sheet.png") as sheet:
        assert sheet.format == "PNG"


def test_the_sheet_of_the_folder_that_one_is_in_does_not_come_among_its_photographs(
    synthda, photos, tmp_path, monkeypatch
):
    monkeypatch.chdir(photos)
    first = synthda("inspect", ".", "--json").out
    assert synthda("inspect", ".").code == 0
    assert synthda("inspect", ".", "--json").out == first
    assert (photos.parent / f"{photos.name}-sheet.png").exists()


def test_json_holds_the_same_facts_and_draws_only_what_is_asked_for(synthda, domain, tmp_path):
    facts = json.loads(synthda("inspect", domain, "--json").out)
    assert facts["images"] == sum(facts["classes"].values()) == 300
    assert 0.5 <= facts["factors"]["brightness"]["min"] < facts["factors"]["brightness"]["max"] <= 1
    assert sum(facts["factors"]["paper"]["taken"].values()) == 300
    assert facts["manifest"]["settings"] == {"side": 16}
    assert not (tmp_path / "stripes-sheet.png").exists()
    assert json.loads(synthda("inspect", domain, "--json", "--sheet", "s.png").out)["sheet"] == "s.png"
    assert (tmp_path / "s.png").exists()


def test_a_flipped_bit_is_found_unless_checksums_are_left_out(synthda, domain):
    shard = domain / "shard-00000.h5"
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 1
    shard.write_bytes(content)
    failed = synthda("inspect", domain)
    assert failed.code == 2
    assert "damaged" in failed.err
    assert "not verified" in synthda("inspect", domain, "--no-verify").out


def test_a_folder_of_photographs_shows_sizes_and_lists_what_is_skipped(synthda, photos, tmp_path):
    shown = synthda("inspect", photos, "--rows", 2)
    assert shown.code == 0
    assert "6 images" in shown.out
    assert "height: 30 to 50, median 40" in shown.out
    assert "Skipped 1 file that" in shown.err
    assert "level/broken.jpg" in shown.err
    assert (tmp_path / "photos-sheet.png").exists()


def test_nothing_there_is_one_sentence(synthda):
    failed = synthda("inspect", "./nothing")
    assert failed.code == 2
    assert failed.err.startswith("Error: There is nothing at ./nothing")


def test_histograms_of_factors_are_drawn_and_counted(synthda, domain):
    lines = {line.split()[0]: line for line in synthda("inspect", domain).out.splitlines() if line.split()}
    assert len(set(lines["brightness"].split()[-1]) & set("▁▂▃▄▅▆▇█")) > 1
    counts = json.loads(synthda("inspect", domain, "--json").out)["factors"]["brightness"]["histogram"]
    assert len(counts) == 10
    assert sum(counts) == 300
    assert len(lines["brightness"].split()[-1]) == 10


def test_photographs_that_occur_twice_are_named(synthda, photos):
    (photos / "upright" / "copy.png").write_bytes((photos / "level" / "1.png").read_bytes())
    shown = synthda("inspect", photos)
    assert "2 of 7 images have a twin with the same pixels, 0 more one much like it" in shown.out
    assert "for example level/1.png and upright/copy.png" in shown.out
    twins = json.loads(synthda("inspect", photos, "--json").out)["twins"]
    assert (twins["exact"], twins["examples"]) == (2, [["level/1.png", "upright/copy.png"]])
