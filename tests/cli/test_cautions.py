"""What the verbs caution against before they train or score."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from synthda.cli.cautions import about_near_classes
from synthda.datasets.domain import ArrayImages, Domain

QUICK = ["--set", "source_batch=8", "--set", "target_batch=8", "--set", "width=8", "--steps", "2", "--size", "16"]


@pytest.fixture
def source(synthda: Any, photos: Path) -> str:
    assert synthda("generate", "stripes", "--count", 64, "--out", "stripes", "--workers", 1).code == 0
    return "stripes"


@pytest.fixture
def model_with_unknown(brightness_model: Path) -> Path:
    """The probability of `dark` under the name `unknown`."""
    model = onnx.load(brightness_model)
    next(entry for entry in model.metadata_props if entry.key == "classes").value = '["bright", "unknown"]'
    onnx.save(model, brightness_model)
    return brightness_model


def of_classes(name: str, *classes: str) -> Domain:
    images = ArrayImages(np.zeros((len(classes), 8, 8, 3), np.uint8))
    return Domain(images, np.arange(len(classes)), classes, name=name)


def test_what_counts_as_unknown_is_told_with_near_names(
    synthda: Any, model_with_unknown: Path, grey_photos: Path
) -> None:
    (grey_photos / "bright").rename(grey_photos / "brihgt")
    scored = synthda("evaluate", model_with_unknown, "--data", "greys")
    assert scored.code == 0
    told = " ".join(scored.err.split())
    assert "Of greys, 2 classes are none of the model's and counted as unknown: brihgt, dark." in told
    assert "Did you mean bright by brihgt?" in told


def test_a_class_that_is_only_spelt_otherwise_is_refused_and_no_unknown(
    synthda: Any, model_with_unknown: Path, grey_photos: Path
) -> None:
    (grey_photos / "bright").rename(grey_photos / "Bright")
    refused = synthda("evaluate", model_with_unknown, "--data", "greys")
    assert refused.code == 2
    assert "would count them as unknown. Did you mean bright by Bright? Rename the class folders." in refused.err


def test_adapt_tells_it_of_the_photographs_that_evaluate(synthda: Any, source: str, photos: Path) -> None:
    (photos / "upright").rename(photos / "uprihgt")
    command = ["adapt", "--source", source, "--target", "photos", "--eval", "photos", "--dry-run", *QUICK]
    shown = synthda(*command, "--unknown-below", "0.5")
    assert shown.code == 0, shown.err
    assert "1 class is none of the model's and counted as unknown: uprihgt. Did you mean upright" in shown.err
    (photos / "uprihgt").rename(photos / "Upright")
    assert "Did you mean upright by Upright?" in synthda(*command, "--unknown-below", "0.5").err
    assert "Did you mean upright by Upright?" in synthda(*command).err


def test_a_source_whose_class_is_misspelt_is_told(synthda: Any, source: str, photos: Path, tmp_path: Path) -> None:
    shutil.copytree(photos, tmp_path / "more")
    (tmp_path / "more" / "upright").rename(tmp_path / "more" / "uprigth")
    command = ["adapt", "--source", source, "--source", "more", "--target", "photos", "--dry-run", *QUICK]
    shown = synthda(*command)
    assert shown.code == 0, shown.err
    assert "upright (of stripes) and uprigth (of more) are two classes; if one is meant, rename a folder" in shown.err


def test_near_classes_that_every_source_has_are_meant() -> None:
    both = [of_classes(name, "lime", "line", "cola") for name in ("one", "two")]
    assert not list(about_near_classes(both))
    assert not list(about_near_classes([of_classes("one", "lime", "line")]))
    (told,) = about_near_classes([of_classes("one", "soap", "cola"), of_classes("two", "soap", "saop")])
    assert told.startswith("soap (of one, two) and saop (of two) are two classes")
