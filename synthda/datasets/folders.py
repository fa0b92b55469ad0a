"""Folders of photographs, and the one decoder that ingestion and prediction share."""

from __future__ import annotations

import os
import re
import threading
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from synthda.datasets.domain import UNLABELLED, ArrayImages, Domain
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
UNREAD_EXTENSIONS = frozenset({".heic", ".heif", ".avif"})
"""Photographs of phones that Pillow alone cannot decode: listed, so that leaving them out is reported."""

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


def list_photos(folder: Path) -> list[Path]:
    """Every photograph below `folder`, told by extension in any case, sorted; hidden files and folders are skipped.

    A single file is returned as it is, whatever its name.

    Raises:
        DataError: when the path is missing or a folder cannot be listed.
    """
    folder = Path(folder)
    if folder.is_file():
        return [folder]
    if not folder.exists():
        raise DataError(f"There is no folder {folder}; give a folder of photographs.")
    if not folder.is_dir():
        raise DataError(f"{folder} is neither a folder nor a file; give a folder of photographs.")
    found: list[Path] = []
    seen: set[str] = set()
    for here, folders, files in os.walk(folder, onerror=_refuse, followlinks=True):
        real = os.path.realpath(here)
        # A link to a folder above would be walked for ever.
        folders[:] = [] if real in seen else [name for name in folders if not name.startswith(".")]
        files = [] if real in seen else files
        seen.add(real)
        paths = (Path(here, name) for name in files if not name.startswith("."))
        found += [path for path in paths if path.suffix.lower() in READ_EXTENSIONS | UNREAD_EXTENSIONS]
    return sorted((path for path in found if path.is_file()), key=lambda path: path.relative_to(folder).parts)


def open_folder(folder: Path, *, size: Size, fit: Fit = "stretch", labelled: bool | None = None) -> Domain:
    """Decode a folder of photographs (or one photograph) into memory.

    Args:
        folder: searched with its sub-folders.
        size: height and width of every image.
        fit: as in `read_photo`.
        labelled: True takes the first sub-folder of each photograph for its class; False takes every photograph as
            unlabelled; None takes the folder as labelled when every photograph lies in an immediate sub-folder.

    Returns:
        A domain in path order, classes in natural order (2 before 10), `paths` relative to `folder`, and one line in
        `skipped` for each file that could not be used.

    Raises:
        DataError: when the folder is missing, empty, without a photograph, without a usable one, or without the
            class folders that `labelled=True` asks for.
    """
    folder = Path(folder)
    photos = list_photos(folder)
    if not photos:
        raise DataError(_nothing_in(folder))
    above = folder.parent if folder.is_file() else folder
    names = [path.relative_to(above).as_posix() for path in photos]
    depths = [name.count("/") for name in names]
    if labelled and min(depths) == 0:
        raise DataError(
            f"{folder} holds {names[depths.index(0)]} outside of any class folder; put each photograph into a folder "
            "named for its class."
        )
    if labelled is None:
        labelled = set(depths) == {1}
    array, kept, bad = read_photos(photos, size, fit)
    skipped = tuple(f"{names[index]}: {reason}" for index, reason in bad)
    if not kept:
        raise DataError(f"None of the {len(photos)} images in {folder} can be used; the first is {skipped[0]}.")
    classes, labels = _classes_of([names[index] for index in kept]) if labelled else ((), None)
    return Domain(
        images=ArrayImages(array),
        labels=np.full(len(kept), UNLABELLED, dtype=np.int64) if labels is None else labels,
        classes=classes,
        paths=tuple(names[index] for index in kept),
        skipped=skipped,
        name=folder.resolve().name,
    )


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

    pool = ThreadPoolExecutor(min(8, os.cpu_count() or 1))
    try:
        for _ in pool.map(read_some, range(0, len(paths), FILES_A_TASK)):
            pass
    finally:
        pool.shutdown(cancel_futures=True)  # so that Ctrl-C does not wait for all that is queued
    kept = [index for index in range(len(paths)) if index not in reasons]
    return array[kept] if reasons else array, kept, sorted(reasons.items())


def upright_shape(path: Path) -> Size:
    """Height and width of a photograph as a person sees it, told from its header.

    Raises:
        PhotoError: when the header cannot be read.
    """
    try:
        with _quietly(), Image.open(path, formats=FORMATS) as image:
            width, height = image.size
            sideways = image.getexif().get(ORIENTATION_TAG) in (5, 6, 7, 8)
    except Exception as error:  # Pillow's decoders raise nearly anything on damaged files
        raise PhotoError(path, "its header is damaged") from error
    return (width, height) if sideways else (height, width)


def natural_order(name: str) -> tuple[list[str | int], str]:
    """Sort key by which class 2 comes before class 10."""
    pieces = re.split(r"([0-9]+)", name)
    return [int(piece) if place % 2 else piece for place, piece in enumerate(pieces)], name


@contextmanager
def _quietly() -> Iterator[None]:
    """Silence Pillow's warnings (doubtful metadata, size), one thread at a time because their filters are global."""
    with _warnings_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _upright(path: PhotoFile, draft: Size | None = None) -> Image.Image:
    try:
        with open_bytes(path) as file:
            if not file.read(1):  # Pillow begins at the start again
                raise PhotoError(path, "the file is empty")
            with _quietly():
                image = Image.open(file, formats=FORMATS)
            if image.width * image.height > MAX_PIXELS:
                raise PhotoError(path, f"{image.width} × {image.height} is more than {MAX_PIXELS // 10**6} megapixels")
            if draft:
                image.draft(None, (REDUCING_GAP * max(draft), REDUCING_GAP * max(draft)))
            image.load()
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
    return _turned(image)


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
        return f"{path.suffix[1:].upper()} files are not read"
    return "it is not an image of a known format, or its header is damaged"


def _classes_of(names: list[str]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    tops = [name.split("/")[0] for name in names]
    classes = tuple(sorted(set(tops), key=natural_order))
    index = {name: label for label, name in enumerate(classes)}
    return classes, np.array([index[top] for top in tops], dtype=np.int64)


def _nothing_in(folder: Path) -> str:
    accepted = " ".join(sorted(READ_EXTENSIONS))
    if not any(folder.iterdir()):
        return f"{folder} is empty; give a folder that holds photographs ({accepted})."
    return f"There is no image in {folder} or below it; give a folder that holds photographs ({accepted})."


def _refuse(error: OSError) -> None:
    raise DataError(f"{error.filename} cannot be listed ({error.strerror}); make it readable, or give another folder.")
