"""The images that an export is compared on."""

from __future__ import annotations

from pathlib import Path

from synthda.adapt.data import Data
from synthda.datasets.domain import ArrayImages, Domain, Images
from synthda.datasets.resize import Fit, Size, resized
from synthda.datasets.specs import open_domain

RENDERED = 512


def comparison_images(spec: str | None, size: Size, fit: Fit, data_root: Path | None = None) -> Images:
    """At least 256 images of `size`: those that `spec` names, or rendered ones where it is None."""
    domain = _rendered() if spec is None else open_domain(spec, size=size, fit=fit, data_root=data_root)
    return Data(sources=(), target=resized(domain, size, fit).images).comparison_images()


def _rendered() -> Domain:
    from synthda.synth.renderer import render_rows
    from synthda.synth.syn_numbers import SynNumbers

    renderer = SynNumbers(fonts="matplotlib")  # the same faces in each installation
    scenes, images = render_rows(renderer, 0, RENDERED)
    return Domain(ArrayImages(images), scenes["label"].astype("int64"), renderer.classes, name="syn-numbers")
