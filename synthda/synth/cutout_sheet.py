"""Cut-outs for a person's eye: on a checkerboard, where halos and holes show, and as PNG files to correct by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from synthda.datasets.contact_sheet import Tile
from synthda.errors import DataError
from synthda.manifest import is_vacant, written_then_named
from synthda.synth.assortment import Product

SIDE = 160
COLUMNS = 9
SQUARE = 8
GREENS = ((0, 200, 90), (0, 150, 70))
"""Hardly any product is of these."""


def tiles(products: Sequence[Product]) -> list[Tile | None]:
    """A tile a product, called by its file's name."""
    return [Tile(on_checks(product.image), PurePosixPath(product.name).stem) for product in products]


def on_checks(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, W, 3): an RGBA picture on green checks."""
    y, x = np.indices(image.shape[:2]) // SQUARE
    checks = np.array(GREENS, np.float32)[(y + x) % 2]
    alpha = image[..., 3:] * np.float32(1 / 255)
    return np.asarray(np.rint(checks + alpha * (image[..., :3] - checks)), np.uint8)


def write_pngs(products: Sequence[Product], folder: Path) -> None:
    """Write each product as PNG with transparency, in the layout of the folder that it came from.

    Raises:
        DataError: when `folder` is not empty: a cut-out corrected by hand is never overwritten.
    """
    if folder.exists() and not (folder.is_dir() and is_vacant(folder)):
        raise DataError(f"{folder} is not empty, and a cut-out corrected by hand would be lost; give an empty folder.")
    places: dict[Path, Product] = {}
    for product in products:
        name = PurePosixPath(product.name)
        place = folder / name.with_suffix(".png")
        if place in places:  # a.jpg and a.png of one class's folder
            place = folder / name.with_name(f"{name.name}.png")
        places[place] = product
    for place, product in places.items():
        with written_then_named(place) as partial:
            # A transparent rim says that the transparency is meant, also of a box that fills its picture.
            Image.fromarray(np.pad(product.image, ((1, 1), (1, 1), (0, 0)))).save(partial, "PNG")
