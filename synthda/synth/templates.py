"""Templates that are drawn into scenes: the package's own German traffic signs, or a user's SVG and PNG files."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from synthda.datasets.class_files import class_files
from synthda.datasets.folders import files_below
from synthda.datasets.gtsrb import CLASSES
from synthda.datasets.photos import READ_EXTENSIONS, UNREAD_EXTENSIONS, read_rgba
from synthda.errors import DataError

SIDE = 256
"""Side of every template in pixels; in frames above this size signs are enlarged, and a little soft."""

DEEPEST = 64
"""Elements nested in one another; resvg recurses, and some hundreds would end the process."""

EXTENSIONS = (".svg", ".png")
ACCEPTED = "SVG or PNG files, each named for its class, or one folder of them for each class"

PICTURES = frozenset({".svg", *READ_EXTENSIONS, *UNREAD_EXTENSIONS})
"""Of files that somebody may have meant as a template."""

REFERENCE = re.compile(r"url\(\s*['\"]?\s*(?!#|['\"\s])|@import", re.IGNORECASE)
"""What in a style or an attribute of an SVG points out of the file."""

EMBEDDED = re.compile(r"#|data:image/(png|jpe?g|gif|webp)[;,]", re.IGNORECASE)
"""What a link may be: a part of the same file, or pixels in it (an SVG within could link on)."""


@dataclass(frozen=True, eq=False)
class Template:
    """One picture of one class.

    `name` is the file's, below the folder that was loaded. `image` is (SIDE, SIDE, 4) uint8, RGB and straight alpha,
    read-only, not square ones centred between transparent strips: multiply colour by alpha before warping.
    """

    name: str
    class_name: str
    image: NDArray[np.uint8]
    sha256: str


def load_templates(folder: Path | None = None) -> tuple[Template, ...]:
    """The templates of a folder, by class in natural order (2 before 10), then by file name; read once a process.

    Args:
        folder: None for the package's own signs, whose classes are those of GTSRB; else a folder of SVG and PNG files
            named for their classes (`stop.svg`), or of a folder for each class with any number of files
            (`stop/a.svg`, `stop/b.png`). Hidden files and other kinds are left out.

    Raises:
        DataError: for a folder that is missing, without a template, or of both layouts; for two files of one class
            side by side; for a file that is damaged, draws nothing, holds text, or refers to another file.
    """
    return _signs() if folder is None else _templates_in(Path(folder))


@cache
def _signs() -> tuple[Template, ...]:
    drawings = files("synthda.synth").joinpath("signs")
    found = sorted((file for file in drawings.iterdir() if file.name.endswith(".svg")), key=lambda file: file.name)
    return tuple(
        _template(file.name, CLASSES[int(file.name[:2])], content, rasterise(content, file.name))
        for file in found
        for content in [file.read_bytes()]
    )


@cache
def _templates_in(folder: Path) -> tuple[Template, ...]:
    templates = []
    for class_name, path in named_files(folder, EXTENSIONS, ACCEPTED):
        try:
            content = path.read_bytes()
        except OSError as error:
            raise _unusable(path, error.strerror or "it cannot be read") from error
        image = rasterise(content, path) if path.suffix.lower() == ".svg" else _read_png(path)
        templates.append(_template(path.relative_to(folder).as_posix(), class_name, content, image))
    return tuple(templates)


def _template(name: str, class_name: str, content: bytes, image: NDArray[np.uint8]) -> Template:
    image.flags.writeable = False  # it is shared by all that load it
    return Template(name, class_name, image, hashlib.sha256(content).hexdigest())


def named_files(folder: Path, extensions: Collection[str], accepted: str) -> list[tuple[str, Path]]:
    """Class and path of each template, by class in natural order, then by name.

    Args:
        folder: a file named for its class, or a folder with any number of files, for each class.
        extensions: in lower case, with the dot; other files and hidden ones are left out.
        accepted: what the folder may hold, for messages.

    Raises:
        DataError: for a folder that is missing or without a template, for a picture of a kind that is not read, for two
            entries of one class.
    """
    if not folder.is_dir():
        raise DataError(f"There is no folder of templates {folder}; give a folder of {accepted}.")
    found = list(files_below(folder))
    unread = min((path for path in found if path.suffix.lower() in PICTURES.difference(extensions)), default=None)
    if unread is not None:  # its class would be missing without a word
        raise DataError(f"{unread} is not read; save it as PNG, or take it away: {folder} may hold {accepted}.")
    by_class = class_files(folder, (path for path in found if path.suffix.lower() in extensions))
    if not by_class:
        raise DataError(f"There is no template in {folder}; give a folder of {accepted}.")
    return [(name, path) for name, paths in by_class.items() for path in paths]


def empty_folders(folder: Path) -> list[Path]:
    """Sub-folders that are no class, since no picture lies in or below them; hidden ones are left out."""
    inside = (path for path in folder.glob("[!.]*") if path.is_dir())
    return [path for path in sorted(inside) if not any(f.suffix.lower() in PICTURES for f in files_below(path))]


def rasterise(content: bytes, path: Path | str) -> NDArray[np.uint8]:
    """Draw an SVG on a transparent square, (SIDE, SIDE, 4) uint8 RGBA; `path` is for messages.

    Fonts of the machine, other files and the network are never read.

    Raises:
        DataError: for content that is no SVG, draws nothing, holds text, or refers to another file.
    """
    import resvg_py  # a compiled library that no other module needs

    try:
        svg = content.decode("utf-8-sig")
        for fault in _faults(ElementTree.fromstring(svg)):
            raise _unusable(path, fault)
        # Given both sides, the drawing fits between them with its own proportions.
        drawn = resvg_py.svg_to_bytes(svg_string=svg, width=SIDE, height=SIDE, skip_system_fonts=True)
    except UnicodeDecodeError as error:
        raise _unusable(path, "it is not text in UTF-8") from error
    except (ElementTree.ParseError, ValueError) as error:
        raise _unusable(path, f"it is not a well-formed SVG ({error})") from error
    return _squared(Image.open(io.BytesIO(drawn)).convert("RGBA"), path)


def _faults(root: ElementTree.Element) -> Iterator[str]:
    """Why a drawing would differ between machines, or is none."""
    level, depth = [root], 0
    while level:
        level, depth = [child for each in level for child in each], depth + 1
    if depth > DEEPEST:
        yield f"its elements are nested {depth} deep, and {DEEPEST} is the most (flatten its groups)"
    if root.tag.rpartition("}")[2] != "svg":
        yield f"its outermost element is <{root.tag.rpartition('}')[2]}>, not <svg>"
    for element in root.iter():
        if element.tag.rpartition("}")[2] in ("text", "foreignObject"):
            yield "it holds text, which looks different with the fonts of each machine (convert text to paths)"
        for name, value in element.attrib.items():
            link = name.rpartition("}")[2] in ("href", "src") and element.tag.rpartition("}")[2] != "a"
            if (link and not EMBEDDED.match(value.strip())) or REFERENCE.search(value):
                yield f"it refers to another file, {value.strip()[:60]} (embed it)"
        if element.tag.endswith("style") and REFERENCE.search(element.text or ""):
            yield "its style refers to another file (embed it)"


def _read_png(path: Path) -> NDArray[np.uint8]:
    return _squared(Image.fromarray(read_rgba(path)), path)


def _squared(image: Image.Image, path: Path | str) -> NDArray[np.uint8]:
    """Fit an RGBA picture into the square; Pillow resizes colour weighted by alpha."""
    scale = SIDE / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    if size != image.size:
        image = image.resize(size, Image.Resampling.BICUBIC)
    square = Image.new("RGBA", (SIDE, SIDE))
    square.paste(image, ((SIDE - size[0]) // 2, (SIDE - size[1]) // 2))
    pixels = np.array(square)
    if not pixels[..., 3].any():
        raise _unusable(path, "every pixel of it is transparent")
    return pixels


def _unusable(path: Path | str, reason: str) -> DataError:
    return DataError(f"{path} cannot be used as a template: {reason}; correct it, or save it as PNG with transparency.")
