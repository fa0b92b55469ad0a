"""What the verbs caution against before they train or score."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from PIL import Image

from synthda.adapt.comparison.scores import RESULTS
from synthda.adapt.run import Run
from synthda.cli.cautions import OURS, about_cut_outs, about_enlarged, about_few, about_near_classes
from synthda.datasets.domain import ArrayImages, Domain
from synthda.datasets.records import EXPORT
from synthda.manifest import FORMAT, write_json
from synthda.synth.coco import MANIFEST

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


def test_pictures_without_background_are_to_be_rendered_and_are_few(synthda: Any, photos: Path, tmp_path: Path) -> None:
    for name in ("cola", "soap"):
        for number in range(6):
            (tmp_path / "icons" / name).mkdir(parents=True, exist_ok=True)
            picture = Image.new("RGBA", (40, 40))
            picture.paste((200, 10 * number, 0, 255), (10, 10, 30, 30))
            picture.save(tmp_path / "icons" / name / f"{number}.png")
    command = ["adapt", "--source", "icons", "--target", "photos", "--dry-run", *QUICK]
    shown = " ".join(synthda(*command).err.split())
    assert "icons has 12 pictures without background" in shown
    assert "synthda generate products --templates icons" in shown
    assert "12 source images of 2 classes: too little to learn how they look" in shown
    assert "6 target images: too little" in shown
    photographs = " ".join(
        synthda("adapt", "--source", "photos", "--target", "photos", "--dry-run", *QUICK).err.split()
    )
    assert "6 source images of 2 classes" in photographs
    assert "without background" not in photographs
    assert "photos is both source and target, the same images: there is nothing to adapt to" in photographs
    assert "both source and target" not in shown


def test_renderings_that_are_enlarged_are_told(synthda: Any, source: str, photos: Path) -> None:
    def told(size: int) -> str:
        options = ["--set", "width=8", "--steps", "2", "--size", str(size), "--dry-run"]
        return str(synthda("adapt", "--source", source, "--target", "photos", *options).err)

    assert "stripes holds images of 16×16 px, which are enlarged to 32×32" in told(32)
    assert "enlarged" not in told(24)


def test_renderings_of_which_one_side_is_enlarged_are_told_with_width_and_height(tmp_path: Path) -> None:
    write_json(tmp_path / "domain.json", {"format": FORMAT, "image_shape": [16, 32, 3]})
    square = Domain(ArrayImages(np.zeros((1, 32, 32, 3), np.uint8)), np.zeros(1, np.int64), ("lemon",))
    (told,) = about_enlarged(str(tmp_path), square)
    assert "holds images of 32×16 px, which are enlarged to 32×32: detail" in told


@pytest.mark.parametrize(
    ("source_images", "classes", "target_images", "told"),
    [(31, 2, 500, 1), (32, 2, 500, 0), (214, 43, 500, 1), (215, 43, 500, 0), (215, 43, 31, 1), (214, 43, 31, 2)],
)
def test_few_are_fewer_than_32_images_or_5_of_a_source_s_class(
    source_images: int, classes: int, target_images: int, told: int
) -> None:
    assert len(list(about_few(source_images, classes, target_images))) == told


@pytest.mark.parametrize(("count", "told"), [(31, 1), (40, 0)])
def test_many_pictures_without_background_are_a_source_as_they_are(tmp_path: Path, count: int, told: int) -> None:
    Image.new("RGBA", (8, 8)).save(tmp_path / "icon.png")
    images, labels = ArrayImages(np.zeros((count, 8, 8, 3), np.uint8)), np.arange(count) % 2
    source = Domain(images, labels, ("cola", "soap"), paths=("icon.png",) * count)
    assert len(list(about_cut_outs(str(tmp_path), source))) == told


def test_a_target_in_several_folders_says_in_how_many_and_which_are_our_own(
    synthda: Any, source: str, photos: Path, tmp_path: Path
) -> None:
    def shown(target: str) -> tuple[str, str]:
        done = synthda("adapt", "--source", source, "--target", target, "--out", "new", "--dry-run", *QUICK)
        assert done.code == 0, done.err
        return done.out, " ".join(done.err.split())

    assert "Target   photos (6 images in 2 folders, labels unused)" in shown("photos")[0]
    assert "Target   level (3 images, labels unused)" in shown("photos/level")[0]
    shutil.copytree(photos, tmp_path / "photos" / "runs" / "one" / "report")
    (tmp_path / "photos" / "runs" / "one" / "run.json").write_text("{}")
    shutil.copy(photos / "level" / "0.png", photos / "level-sheet.png")
    out, err = shown("photos")
    assert "Target   photos (13 images in 5 folders, labels unused)" in out
    assert "6 target images of photos lie where synthda writes (runs/one): give --target the folder" in err
    assert "1 target image of photos named as synthda names contact sheets (level-sheet.png)" in err
    assert "synthda writes" not in shown("photos/level")[1]


def test_every_manifest_that_synthda_writes_is_known() -> None:
    assert {EXPORT, MANIFEST, Run(Path()).manifest.name, Run(Path()).partial_manifest.name, RESULTS} <= set(OURS)
