"""A rendered domain as COCO: its images, and boxes and masks of every product in them, drawn again from the scenes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Protocol, runtime_checkable

import numpy as np

from synthda.datasets.claim import claim, finish
from synthda.datasets.contact_sheet import evenly
from synthda.datasets.domain import Domain, Scenes
from synthda.datasets.formats import DIGITS, Encoder, Progress, file_name, write_pictures
from synthda.errors import DataError, SettingError
from synthda.manifest import FORMAT, json_text, provenance, sha256_of, written_then_named
from synthda.synth.build import rebuilt
from synthda.synth.instances import Instance, run_lengths

ANNOTATIONS = "annotations.json"
MANIFEST = "synthda-coco.json"
IMAGES = "images"
LIBRARIES = ("numpy", "pillow", "opencv-python-headless", "h5py")
COMPARED = 16
"""Images that are drawn again, evenly over the domain, before boxes are believed to fit."""
WRITTEN = (f"{IMAGES}/{'[0-9]' * DIGITS}.*", f"{ANNOTATIONS}*", "*.writing")


@runtime_checkable
class Locates(Protocol):
    """A renderer that knows where in an image each thing is."""

    def instances(self, scenes: Scenes) -> list[list[Instance]]:
        """Of each row, what is seen in its image."""


def write_coco(
    domain: Domain,
    out: Path,
    *,
    origin: Mapping[str, Any],
    quality: int | None = None,
    force: bool = False,
    progress: Progress = lambda rows: None,
) -> dict[str, Any]:
    """Write `images/` and `annotations.json` into `out`; returns the manifest, written last.

    Args:
        domain: of rendered shards, with its scenes.
        out: folder to write to; made when missing.
        origin: the manifest of the shards, from which the renderer is built again.
        quality: of JPEG files; None for PNG files.
        force: discard an export that stands in `out`.
        progress: called with the number of images just finished.

    Raises:
        SettingError: for a domain that was not rendered, or whose renderer knows no boxes.
        DataError: when a template or photograph is missing or has changed; when `out` holds something else.
    """
    renderer = _renderer_of(domain, origin)
    assert domain.scenes is not None
    plan = {"format": FORMAT, "kind": "coco", "origin": origin["fingerprint"], "count": len(domain), "quality": quality}
    encoder = Encoder(quality)
    with claim(out, MANIFEST, plan, ours=WRITTEN, force=force) as claimed:
        write_pictures(
            domain, lambda row: out / IMAGES / file_name(row, encoder.suffix), encoder, lambda rows: None, out
        )
        with (
            written_then_named(out / ANNOTATIONS) as partial,
            partial.open("w", encoding="utf-8", newline="\n") as file,
        ):
            count = _write_annotations(file, domain, renderer, encoder.suffix, progress)
        made = {"annotations": count, "files": {ANNOTATIONS: sha256_of(out / ANNOTATIONS)}}
        return finish(out, MANIFEST, {**claimed, **made, "provenance": provenance(*LIBRARIES)})


def _renderer_of(domain: Domain, origin: Mapping[str, Any]) -> Locates:
    if domain.scenes is None or "settings" not in origin:
        raise SettingError(
            "Boxes and masks are drawn again from the scenes of a rendered domain; give one that "
            "`synthda generate products` made."
        )
    renderer = rebuilt(origin)
    if not isinstance(renderer, Locates):
        raise SettingError(f"{origin['name']} knows no boxes and masks; give a domain of the renderer products.")
    some = evenly(len(domain), COMPARED).astype(np.int64)
    if not np.array_equal(renderer.render(domain.scenes[some]), domain.images.read(some)):
        raise DataError(
            f"The scenes of {domain.name or 'the domain'} no longer give its images, so that boxes would not fit them: "
            "another version of synthda, NumPy or OpenCV made them. Generate the domain again."
        )
    return renderer


def _write_annotations(file: IO[str], domain: Domain, renderer: Locates, suffix: str, progress: Progress) -> int:
    """COCO's JSON, image by image: all of a large domain's masks would not fit into memory. Returns how many."""
    height, width = domain.images.shape[1:3]
    categories = [{"id": label + 1, "name": name} for label, name in enumerate(domain.classes)]
    images = ({"file_name": file_name(row, suffix), "height": height, "width": width} for row in range(len(domain)))
    head = {"info": {"description": domain.name}, "licenses": [], "categories": categories}
    file.write(json_text(head)[:-1] + ', "images": [\n')
    _write_numbered(file, images)
    file.write('\n], "annotations": [\n')
    count = _write_numbered(file, _annotations(domain, renderer, progress))
    file.write("\n]}\n")
    return count


def _write_numbered(file: IO[str], entries: Iterable[Mapping[str, Any]]) -> int:
    """A line of JSON each, with an `id` from 1 on; returns how many."""
    count = 0
    for count, entry in enumerate(entries, 1):
        file.write(("" if count == 1 else ",\n") + json.dumps({"id": count, **entry}))
    return count


def _annotations(domain: Domain, renderer: Locates, progress: Progress) -> Iterator[dict[str, Any]]:
    assert domain.scenes is not None
    for row in range(len(domain)):  # one by one: a heap has a hundred masks, each as large as the image
        (found,) = renderer.instances(domain.scenes[row : row + 1])
        for instance in found:
            yield {
                "image_id": row + 1,
                "category_id": instance.label + 1,
                "bbox": list(instance.box),
                "area": instance.area,
                "iscrowd": 0,
                "segmentation": {"size": list(instance.mask.shape), "counts": run_lengths(instance.mask)},
            }
        progress(1)
