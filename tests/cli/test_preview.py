from __future__ import annotations

import pytest
from PIL import Image


def test_a_sheet_is_drawn_and_no_domain_is_written(synthda, tmp_path):
    done = synthda("preview", "stripes", "--count", 10, "--seed", 4)
    assert done.code == 0
    assert "stripes-preview.png (10 images, seed 4)" in done.out
    assert "--factor: brightness, paper." in done.out
    assert [path.name for path in tmp_path.iterdir()] == ["stripes-preview.png"]
    with Image.open(tmp_path / "stripes-preview.png") as sheet:
        assert sheet.format == "PNG"


def test_a_factor_is_swept_along_rows(synthda, tmp_path):
    done = synthda("preview", "stripes", "--factor", "paper", "--count", 6, "--set", "side=24", "--out", "p.png")
    assert done.code == 0
    assert "p.png (6 images, seed 0)" in done.out
    with Image.open(tmp_path / "p.png") as sheet:
        width, height = sheet.size
    assert width < 3 * 110 + 60  # three papers across
    assert height > 2 * 110  # two classes down


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["stripes", "--factor", "papre"], "Did you mean paper"),
        (["stripes", "--factor", "label"], "label cannot be swept"),
        (["stripes", "--set", "sied=3"], "Did you mean side"),
        (["stripes", "--backgrounds", "x"], "--backgrounds is not for stripes"),
        (["stripe"], "Did you mean stripes"),
    ],
)
def test_a_wrong_name_is_one_sentence_and_exit_code_2(synthda, tmp_path, arguments, sentence):
    failed = synthda("preview", *arguments)
    assert failed.code == 2
    assert sentence in failed.err
    assert failed.err.count("\n") == 1
    assert not list(tmp_path.iterdir())
