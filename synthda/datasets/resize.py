"""One antialiased resize for every image, whether it comes from a photograph, a data set or a shard."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from synthda.datasets.domain import ArrayImages, Domain, in_blocks
from synthda.errors import SettingError
from synthda.settings import unknown

Size = tuple[int, int]
"""Height and width, in pixels."""

Fit = Literal["stretch", "pad", "crop"]
"""How an image of another shape fills a size: stretched, letterboxed in black, or cut at the centre."""

Box = tuple[float, float, float, float]
"""Left, upper, right, lower as fractions of width and height, each in [0, 1]."""

PAD_COLOUR = (0, 0, 0)

LARGEST = 1024
"""Of the sides of a domain's images, px: as large as is rendered."""

REDUCING_GAP = 3
"""Before the bicubic filter, a far larger image is averaged down by whole factors to no less than this many times
the size asked for: several times faster on photographs, and indistinguishable from filtering alone."""


def check_size(size: Size, fit: Fit) -> None:
    """Refuse what no image can be resized to.

    Raises:
        SettingError: when a side is not a positive whole number, or `fit` is none of the three.
    """
    if len(size) != 2 or min(size) < 1:
        raise SettingError(f"Size {size} is not accepted; give height and width in pixels, for example (32, 32).")
    if fit not in get_args(Fit):
        raise SettingError(unknown("fit", fit, get_args(Fit)))


def parse_size(text: str) -> Size:
    """`64` or `48x64` (height × width), as typed.

    Raises:
        SettingError: for anything else.
    """
    sides = text.lower().replace("×", "x").split("x")
    if len(sides) > 2 or not all(side.strip().isdecimal() and int(side) for side in sides):
        raise SettingError(f"Size {text!r} is not accepted; give pixels, 64, or height × width, 48x64.")
    if max(map(int, sides)) > LARGEST:
        raise SettingError(f"Size {text!r} is not accepted; a side has at most {LARGEST} pixels.")
    return int(sides[0]), int(sides[-1])


def fit_image(image: Image.Image, size: Size, fit: Fit = "stretch", box: Box | None = None) -> Image.Image:
    """The image, or its part inside `box`, at exactly `size`: bicubic with antialiasing (Pillow).

    Args:
        image: in mode RGB.
        size: height and width.
        fit: `stretch` ignores the aspect ratio; `pad` keeps it and letterboxes in black; `crop` keeps it and cuts
            the longer side equally at both ends.
        box: the part to use, as fractions, at whose edges the filter takes in what lies beyond; None for all.
    """
    height, width = size
    left, upper, right, lower = box or (0.0, 0.0, 1.0, 1.0)
    left, right = left * image.width, right * image.width
    upper, lower = upper * image.height, lower * image.height
    if fit == "crop":
        scale = min((right - left) / width, (lower - upper) / height)
        across, down = (left + right) / 2, (upper + lower) / 2
        half_width, half_height = scale * width / 2, scale * height / 2
        left, right = max(left, across - half_width), min(right, across + half_width)
        upper, lower = max(upper, down - half_height), min(lower, down + half_height)
    inner = (width, height)
    if fit == "pad":
        scale = min(width / (right - left), height / (lower - upper))
        inner = (max(1, round((right - left) * scale)), max(1, round((lower - upper) * scale)))
    if (left, upper, right, lower) == (0, 0, *image.size) and inner == image.size:
        resized_image = image
    else:
        region = (left, upper, right, lower)
        resized_image = image.resize(inner, Image.Resampling.BICUBIC, region, reducing_gap=REDUCING_GAP)
    if inner == (width, height):
        return resized_image
    canvas = Image.new("RGB", (width, height), PAD_COLOUR)
    canvas.paste(resized_image, ((width - inner[0]) // 2, (height - inner[1]) // 2))
    return canvas


def resized(domain: Domain, size: Size | None, fit: Fit = "stretch") -> Domain:
    """The domain with its images at `size`, in memory; the domain itself when it has that size, or `size` is None."""
    if size is None:
        return domain
    check_size(size, fit)
    if domain.images.shape[1:3] == tuple(size):
        return domain
    array = np.empty((len(domain), *size, 3), dtype=np.uint8)

    def resize_block(first: int, block: NDArray[np.uint8]) -> None:
        for row, image in enumerate(block, first):
            array[row] = np.asarray(fit_image(Image.fromarray(image), size, fit))

    first = 0
    # Two threads: Pillow's filter releases the lock, but images this small are mostly Python between two filters.
    with ThreadPoolExecutor(2) as pool:
        waiting = []
        for block in in_blocks(domain.images):
            waiting.append(pool.submit(resize_block, first, block))
            first += len(block)
            if len(waiting) > 4:
                waiting.pop(0).result()
        for block_done in waiting:
            block_done.result()
    return replace(domain, images=ArrayImages(array))


def as_rgb(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Grey images (N, H, W) as RGB (N, H, W, 3)."""
    return np.repeat(grey[..., np.newaxis], 3, axis=3)
