"""Cut-outs for a person's eye: on a checkerboard, where halos and holes show, and as PNG files to correct by hand."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from synthda.datasets.contact_sheet import Tile
from synthda.errors import DataError
from synthda.manifest import written_then_named
from synthda.synth.assortment import Product

SIDE = 160
COLUMNS = 9
SQUARE = 8
GREENS = ((0, 200, 90), (0, 150, 70))
"""Hardly any product is of these."""


def tiles(products: Sequence[Product]) -> list[Tile | None]:
    """A tile a product, called by its file's name, and below a class's folder by that, too."""
    return [Tile(on_checks(product.image), str(PurePosixPath(product.name).with_suffix(""))) for product in products]


def on_checks(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, W, 3): an RGBA picture on green checks."""
    y, x = np.indices(image.shape[:2]) // SQUARE
    checks = np.array(GREENS, np.float32)[(y + x) % 2]
    alpha = image[..., 3:] * np.float32(1 / 255)
    return np.asarray(np.rint(checks + alpha * (image[..., :3] - checks)), np.uint8)


def write_pngs(products: Sequence[Product], folder: Path) -> None:
    """Write each product as PNG with transparency, in the layout of the folder that it came from.

    What an interrupted call has written is kept, and the rest added.

    Raises:
        DataError: when `folder` holds anything else: a cut-out corrected by hand is never overwritten. For two classes
            whose files would be one on Windows and macOS.
    """
    places = {folder / name: product for name, product in _named(products).items()}
    found = (path for path in (folder, *folder.rglob("[!.]*")) if path.is_file())
    there = {path for path in found if not path.name.endswith(".writing")}
    for path in sorted(there):
        if path not in places or path.read_bytes() != _png(places[path]):
            raise DataError(
                f"{path} is not what would be written, and a cut-out corrected by hand would be lost; give an empty "
                "folder."
            )
    for place, product in places.items():
        if place not in there:
            with written_then_named(place) as partial:
                partial.write_bytes(_png(product))


def _named(products: Sequence[Product]) -> dict[PurePosixPath, Product]:
    """Products by the names of their PNG files, no two of which differ only in case."""
    found: dict[PurePosixPath, Product] = {}
    taken: set[str] = set()
    for product in products:
        name = PurePosixPath(product.name)
        place = name.with_suffix(".png")
        while str(place).casefold() in taken:  # a.jpg and A.png of one class's folder
            if name.parent == PurePosixPath():
                raise DataError(
                    f"{name} and another template differ only in case, and their cut-outs would be one file on Windows "
                    "and macOS; give each class a folder, or another name."
                )
            place = name = name.with_name(f"{name.name}.png")
        taken.add(str(place).casefold())
        found[place] = product
    return found


def _png(product: Product) -> bytes:
    """A file's bytes; its transparent rim says that transparency is meant, also of a box that fills its picture."""
    file = BytesIO()
    Image.fromarray(np.pad(product.image, ((1, 1), (1, 1), (0, 0)))).save(file, "PNG")
    return file.getvalue()
