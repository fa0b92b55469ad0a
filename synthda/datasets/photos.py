"""One photograph, or many: the decoder that ingestion, rendering and prediction share."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from PIL.TiffImagePlugin import TiffImageFile

from synthda.cores import cores
from synthda.datasets.packed import PhotoFile, open_bytes
from synthda.datasets.resize import REDUCING_GAP, Box, Fit, Size, check_size, fit_image
from synthda.errors import DataError

MAX_PIXELS = 100_000_000
"""Largest photograph that is decoded, told from its header: a file of a few bytes can claim more than any memory."""

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM", "JPEG2000")
"""What Pillow may open; the rest is left out because some of it starts other programs (EPS) or is no photograph."""

READ_EXTENSIONS = frozenset(
    (
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".dib", ".gif", ".tif", ".tiff", ".jp2"),
        *(".ppm", ".pgm", ".pbm", ".pnm"),
    )
)
RAW_EXTENSIONS = frozenset(
    (
        *(".3fr", ".arw", ".cr2", ".cr3", ".dng", ".erf", ".iiq", ".nef", ".nrw", ".orf", ".pef", ".raf", ".rw2"),
        *(".srw", ".x3f"),
    )
)
"""What cameras write beside a JPEG or in its place; of some, being TIFF files, Pillow would read the thumbnail."""
UNREAD_EXTENSIONS = RAW_EXTENSIONS | {".heic", ".heif", ".avif", ".jxl"}
"""Photographs that Pillow alone cannot decode: listed, so that leaving them out is reported."""

PHOTOMETRIC_TAG = 0x0106
"""Of a TIFF: 0 where the value 0 means white."""

ORIENTATION_TAG = 0x0112
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

FILES_A_TASK = 32

_warnings_lock = threading.Lock()


class PhotoError(DataError):
    """A file that is not a usable photograph; `reason` is the bare cause, for lists."""

    def __init__(self, path: PhotoFile, reason: str) -> None:
        super().__init__(f"{path} cannot be used: {reason}; leave it out or save it again as JPEG or PNG.")
        self.reason = reason


def read_photo(path: PhotoFile, size: Size, fit: Fit = "stretch", *, box: Box | None = None) -> NDArray[np.uint8]:
    """Decode one photograph, upright and in RGB, at `size`.

    EXIF orientation is applied; greyscale, palette and CMYK become RGB; 16-bit values are scaled to 8 bits;
    transparency is laid on white; of an animation or a multi-page file, the first picture counts. Colour profiles
    are not applied. Large JPEGs are decoded at a fraction of their size, never below three times `size`.

    Args:
        path: JPEG, PNG, WebP, BMP, GIF, TIFF, PPM or JPEG 2000, told by content, not by name.
        size: height and width in pixels.
        fit: `stretch`, `pad` (letterbox in black) or `crop` (centre).
        box: the part of the upright picture to use, as fractions (left, upper, right, lower); None for all of it.

    Returns:
        (H, W, 3) uint8.

    Raises:
        PhotoError: a DataError, for an empty, truncated, damaged or foreign file, or above `MAX_PIXELS`.
        SettingError: for an unusable `size` or `fit`.
    """
    check_size(size, fit)
    return np.asarray(fit_image(_as_rgb(path, _upright(path, None if box else size)), size, fit, box))


def read_upright(path: PhotoFile) -> Image.Image:
    """Decode one photograph, upright and in RGB, at its own size: for several crops of it; otherwise as `read_photo`.

    Raises:
        PhotoError: as `read_photo`.
    """
    return _as_rgb(path, _upright(path))


def read_rgba(path: Path) -> NDArray[np.uint8]:
    """Decode one picture with its transparency, upright, at its own size.

    Returns:
        (H, W, 4) uint8, straight alpha; opaque where the file knows no transparency.

    Raises:
        PhotoError: as `read_photo`.
    """
    image = _upright(path)
    if not image.has_transparency_data or image.mode[0] in "IF":
        image = _as_rgb(path, image)
    return np.asarray(image.convert("RGBA"))


def read_photos(
    paths: Sequence[PhotoFile], size: Size, fit: Fit = "stretch", *, boxes: Sequence[Box | None] | None = None
) -> tuple[NDArray[np.uint8], list[int], list[tuple[int, str]]]:
    """Decode many photographs in threads; the result does not depend on their number.

    Returns:
        The images (K, H, W, 3) in the order of `paths`, the indices of the K that were read, and index and reason
        of each that was not.
    """
    check_size(size, fit)
    array = np.empty((len(paths), *size, 3), dtype=np.uint8)
    reasons: dict[int, str] = {}

    def read_some(first: int) -> None:
        for index in range(first, min(first + FILES_A_TASK, len(paths))):
            try:
                array[index] = read_photo(paths[index], size, fit, box=boxes[index] if boxes else None)
            except PhotoError as error:
                reasons[index] = error.reason

    pool = ThreadPoolExecutor(min(8, cores()))
    try:
        for _ in pool.map(read_some, range(0, len(paths), FILES_A_TASK)):
            pass
    finally:
        pool.shutdown(cancel_futures=True)  # so that Ctrl-C does not wait for all that is queued
    kept = [index for index in range(len(paths)) if index not in reasons]
    if reasons:
        for place, index in enumerate(kept):  # by moving: a copy would take the memory of all once more
            array[place] = array[index]
    return array[: len(kept)], kept, sorted(reasons.items())


def upright_shape(path: Path) -> Size:
    """Height and width of a photograph as a person sees it, told from its header.

    Raises:
        PhotoError: as `read_photo`, but for damage behind the header.
    """
    with _opened(path) as image, _quietly():
        width, height = image.size
        stored = image.format != "TIFF"  # of which Pillow gives the size that it has once it is turned
        sideways = stored and image.getexif().get(ORIENTATION_TAG) in (5, 6, 7, 8)
    return (width, height) if sideways else (height, width)


@contextmanager
def _quietly() -> Iterator[None]:
    """Silence Pillow's warnings (doubtful metadata, size), one thread at a time because their filters are global."""
    with _warnings_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _opened(path: PhotoFile) -> Iterator[Image.Image]:
    """Within: the photograph, of which the header is read and checked; all that goes wrong becomes a PhotoError."""
    try:
        if path.suffix.lower() in RAW_EXTENSIONS:
            raise PhotoError(path, _foreign(path))
        with open_bytes(path) as file:
            if not file.read(1):  # Pillow begins at the start again
                raise PhotoError(path, "the file is empty")
            with _quietly():
                image = Image.open(file, formats=FORMATS)
            if image.width * image.height > MAX_PIXELS:
                raise PhotoError(path, f"{image.width} × {image.height} is more than {MAX_PIXELS // 10**6} megapixels")
            yield image
    except PhotoError:
        raise
    except Image.DecompressionBombError:
        raise PhotoError(path, f"it is larger than {MAX_PIXELS // 10**6} megapixels") from None
    except UnidentifiedImageError:
        raise PhotoError(path, _foreign(path)) from None
    except MemoryError:
        raise PhotoError(path, "there is not enough memory to decode it") from None
    except Exception as error:  # Pillow's decoders raise nearly anything on damaged files
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "truncated or damaged"
        raise PhotoError(path, reason) from error


def _upright(path: PhotoFile, draft: Size | None = None) -> Image.Image:
    with _opened(path) as image:
        if draft:
            image.draft(None, (REDUCING_GAP * max(draft), REDUCING_GAP * max(draft)))
        image.load()
    return _turned(_black_is_zero(image))


def _black_is_zero(image: Image.Image) -> Image.Image:
    """The image, inverted where 0 is white: Pillow does so for 8 bits, and leaves 16 as the file has them."""
    if isinstance(image, TiffImageFile) and image.mode.startswith("I;16") and image.tag_v2.get(PHOTOMETRIC_TAG) == 0:
        return Image.fromarray(65535 - np.asarray(image))
    return image


def _turned(image: Image.Image) -> Image.Image:
    try:
        with _quietly():
            orientation = image.getexif().get(ORIENTATION_TAG)
    except Exception:  # metadata beyond reading does not spoil the picture
        return image
    return image.transpose(UPRIGHT[orientation]) if orientation in UPRIGHT else image


def _as_rgb(path: PhotoFile, image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        values = np.asarray(image)
        if image.mode == "I" and (values.min() < 0 or values.max() > 65535):
            raise PhotoError(path, "its pixels have more than 16 bits")
        return Image.fromarray(((values.astype(np.uint32) + 128) // 257).astype(np.uint8)).convert("RGB")
    if image.mode == "F":
        raise PhotoError(path, "its pixels are floating-point numbers")
    if image.has_transparency_data:
        opaque = Image.new("RGBA", image.size, (255, 255, 255, 255))
        return Image.alpha_composite(opaque, image.convert("RGBA")).convert("RGB")
    if image.mode == "RGB":
        return image  # Pillow's convert would copy it
    try:
        return image.convert("RGB")
    except ValueError:
        raise PhotoError(path, f"its colour mode {image.mode} is not read") from None


def _foreign(path: PhotoFile) -> str:
    if path.suffix.lower() in UNREAD_EXTENSIONS:
        return f"{path.suffix[1:].upper()} files are not read, JPEG and PNG are"
    return "it is not an image of a known format, or its header is damaged"
