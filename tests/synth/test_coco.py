"""COCO: boxes and masks of the very images that were rendered, and a sentence where they cannot be had."""

from __future__ import annotations

import json
import shutil
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from synthda.datasets.domain import ArrayImages, Domain, in_memory
from synthda.datasets.shards import manifest_of
from synthda.datasets.specs import open_domain
from synthda.errors import DataError, SettingError
from synthda.synth import coco
from synthda.synth.build import rebuilt
from synthda.synth.coco import write_coco
from synthda.synth.generate import generate
from synthda.synth.instances import Instance, run_lengths
from synthda.synth.products import Products
from synthda.synth.syn_signs import SynSigns


@pytest.fixture
def domain(icons: Path, tmp_path: Path) -> Path:
    shutil.copytree(icons, tmp_path / "icons")
    renderer = Products(templates=str(tmp_path / "icons"), size=48)
    generate(renderer, tmp_path / "domain", name="products", count=12, seed=3)
    return tmp_path / "domain"


def write(domain: Path, out: Path, **how):
    return write_coco(open_domain(str(domain)), out, origin=manifest_of(str(domain)), **how)


def decoded(segmentation) -> np.ndarray:
    height, width = segmentation["size"]
    values = np.repeat(np.arange(len(segmentation["counts"])) % 2, segmentation["counts"])
    return values.reshape(width, height).T.astype(bool)


def test_annotations_are_the_instances_of_the_scenes(domain: Path, tmp_path: Path) -> None:
    manifest = write(domain, tmp_path / "coco")
    found = json.loads((tmp_path / "coco" / "annotations.json").read_text("utf-8"))
    opened = open_domain(str(domain))
    renderer = rebuilt(manifest_of(str(domain)))
    instances = renderer.instances(opened.scenes)  # type: ignore[attr-defined]
    assert len(found["annotations"]) == manifest["annotations"] == sum(map(len, instances))
    assert [category["name"] for category in found["categories"]] == list(opened.classes)
    flat = [(row, instance) for row, some in enumerate(instances, 1) for instance in some]
    for annotation, (row, instance) in zip(found["annotations"], flat, strict=True):
        assert annotation["image_id"] == row
        assert annotation["category_id"] == instance.label + 1
        assert annotation["bbox"] == list(instance.box)
        assert annotation["area"] == decoded(annotation["segmentation"]).sum()
        np.testing.assert_array_equal(decoded(annotation["segmentation"]), instance.mask)
    for image, pixels in zip(found["images"], opened.images.read(np.arange(12)), strict=True):
        np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "coco/images" / image["file_name"])), pixels)


def test_neither_images_nor_annotations_gather_in_memory(tmp_path: Path) -> None:
    class Blank:
        def instances(self, scenes: np.ndarray) -> list[list[Instance]]:
            return [[] for _ in scenes]

    count = 20_000
    images = ArrayImages(np.broadcast_to(np.zeros(1, np.uint8), (count, 48, 48, 3)))
    domain = Domain(images, np.zeros(count, np.int64), ("a",), np.zeros(count, [("label", "i8")]))
    tracemalloc.start()
    with (tmp_path / "annotations.json").open("w", encoding="utf-8") as file:
        assert coco._write_annotations(file, domain, Blank(), ".png", lambda rows: None) == 0
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    found = json.loads((tmp_path / "annotations.json").read_text("utf-8"))
    assert [image["id"] for image in found["images"]] == list(range(1, count + 1))
    assert found["annotations"] == []
    assert peak < 200_000


def test_run_lengths_count_down_the_columns_from_zeros() -> None:
    assert run_lengths(np.array([[0, 1], [1, 1]], bool)) == [1, 3]
    assert run_lengths(np.array([[1, 0, 0], [0, 0, 1]], bool)) == [0, 1, 4, 1]
    assert run_lengths(np.zeros((2, 2), bool)) == [4]


def test_a_finished_export_is_kept_unless_forced(domain: Path, tmp_path: Path) -> None:
    write(domain, tmp_path / "coco")
    write(domain, tmp_path / "coco")
    with pytest.raises(DataError, match="finished already"):
        write(domain, tmp_path / "coco", quality=80)
    write(domain, tmp_path / "coco", quality=80, force=True)
    assert {path.suffix for path in (tmp_path / "coco/images").iterdir()} == {".jpg"}


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda icons: (icons / "lime.png").unlink(), r"templates/lime\.png is missing"),
        (lambda icons: shutil.copy(icons / "milk.png", icons / "lime.png"), r"templates/lime\.png is not as it was"),
        (lambda icons: shutil.copy(icons / "milk.png", icons / "new.png"), r"templates/new\.png is new"),
    ],
)
def test_templates_that_have_changed_are_named(domain: Path, tmp_path: Path, spoil, sentence: str) -> None:
    from synthda.synth.assortment import load_products

    spoil(tmp_path / "icons")
    load_products.cache_clear()
    with pytest.raises(DataError, match=sentence):
        write(domain, tmp_path / "coco")


def test_scenes_that_no_longer_give_the_images_are_refused(domain: Path, tmp_path: Path) -> None:
    manifest = manifest_of(str(domain))
    manifest["settings"]["vivid"] = 3.0
    manifest["settings"]["size"] = 48
    opened = open_domain(str(domain))
    assert opened.scenes is not None
    opened.scenes["metered"] += 60
    with pytest.raises(DataError, match="no longer give its images"):
        write_coco(opened, tmp_path / "coco", origin=manifest)


def test_images_that_differ_anywhere_in_the_domain_are_found(domain: Path, tmp_path: Path) -> None:
    opened = open_domain(str(domain))
    images = in_memory(opened.images).copy()
    images[9] //= 2
    with pytest.raises(DataError, match="no longer give its images"):
        write_coco(replace(opened, images=ArrayImages(images)), tmp_path / "x", origin=manifest_of(str(domain)))


def test_templates_given_from_another_folder_are_told_by_their_path(
    domain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin = manifest_of(str(domain))
    monkeypatch.chdir(tmp_path)
    settings = {**origin["settings"], "templates": "elsewhere/icons"}
    with pytest.raises(DataError, match=r"Run the command where elsewhere/icons is, as when it was generated\.$"):
        write_coco(open_domain(str(domain)), tmp_path / "x", origin={**origin, "settings": settings})


def test_a_renderer_without_boxes_is_named(tmp_path: Path) -> None:
    generate(SynSigns(), tmp_path / "signs", name="syn-signs", count=3)
    with pytest.raises(SettingError, match="syn-signs knows no boxes and masks"):
        write(tmp_path / "signs", tmp_path / "coco")
