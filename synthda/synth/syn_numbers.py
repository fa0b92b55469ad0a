"""SynNumbers: printed numbers of one to three digits; the label is the digit in the centre (Ganin et al. 2016, §5.2.4).

The original's ranges were picked by hand to look like SVHN and never published: these are our own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
from numpy.typing import NDArray

from synthda.datasets.domain import Scenes
from synthda.errors import SettingError
from synthda.settings import Between
from synthda.synth import backgrounds, camera, clutter, ink, lighting, paint
from synthda.synth.charsets import CHARSETS, Charset, chances, faces_of
from synthda.synth.fonts import Font, search_fonts
from synthda.synth.ink import NONE
from synthda.synth.lettering import Face, glyph
from synthda.synth.photographs import Photographs, load_photographs
from synthda.synth.renderer import columns, in_pieces

SCENE = columns(
    **ink.COLUMNS, **paint.COLUMNS, **backgrounds.COLUMNS, **clutter.COLUMNS, **lighting.COLUMNS, **camera.COLUMNS
)

PIXELS_AT_ONCE = 256 * 32 * 32
"""A whole block of the usual size, since each operation has a price of its own; fewer of large images."""

WIDEST, NARROWEST = 2.5, 0.6
"""Times its natural width that a character may be stretched until it spans the frame."""


@dataclass(frozen=True, kw_only=True)
class SynNumbers:
    """Numbers in the fonts of this computer, as signs and houses wear them; labels are uniform over the characters."""

    size: Annotated[int, "side of the image, pixels", Between(8, 1024)] = 32
    charset: Annotated[Charset, "what is rendered: 0…9, A…Z, both, or the digits of displays"] = "digits"
    fonts: Annotated[str, "system, matplotlib (the same faces in each installation), or a folder of fonts"] = "system"
    hand: Annotated[float, "share of digits painted by hand instead of set in a font", Between(0, 1)] = 0.3
    backgrounds: Annotated[str, "folder of photographs to put behind the numbers; none by default"] = ""
    photographs: Annotated[
        float, "share of numbers with a photograph behind, where a folder is given", Between(0, 1)
    ] = 0.5
    one: Annotated[float, "share of numbers with one digit", Between(0)] = 0.6
    two: Annotated[float, "share of numbers with two digits", Between(0)] = 0.2
    three: Annotated[float, "share of numbers with three digits", Between(0)] = 0.2
    lines: Annotated[float, "share of numbers with another line above or below", Between(0, 1)] = 0.06
    smallest: Annotated[float, "height of the smallest digit, fraction of the frame", Between(0.2, 1.5)] = 0.55
    largest: Annotated[float, "height of the largest digit, fraction of the frame", Between(0.2, 1.5)] = 1.06
    tight: Annotated[float, "share of digits stretched until they span the frame's width, about", Between(0, 1)] = 0.15
    jitter: Annotated[float, "centre off the frame's centre by at most this fraction of it", Between(0, 0.3)] = 0.07
    angle: Annotated[float, "largest rotation, degrees", Between(0, 180)] = 14
    shear: Annotated[float, "largest slant, fraction of the height", Between(0, 1)] = 0.3
    stretch: Annotated[float, "widths from 1/this to this times the font's", Between(1, 3)] = 1.4
    perspective: Annotated[float, "largest difference in nearness of two sides", Between(0, 0.8)] = 0.2
    spacing: Annotated[float, "largest gap between digits, fraction of the height", Between(0, 1)] = 0.25
    weight: Annotated[
        float, "strokes thicker by up to this fraction of the height, or thinner by 0.4 of it", Between(0, 0.1)
    ] = 0.07
    wobble: Annotated[float, "strokes bent as by hand by up to this fraction of the height", Between(0, 0.2)] = 0.05
    wear: Annotated[float, "how worn the paint can be: 0 never, 1 ragged and holed", Between(0, 1)] = 0.6
    streaks: Annotated[float, "raggedest dry brush, fraction of the height; one in eight", Between(0, 0.2)] = 0.07
    stencil: Annotated[float, "widest bridge of a stencil, fraction of the height; one in 16", Between(0, 0.3)] = 0.09
    contrast: Annotated[int, "least difference in luminance of digit and background, of 255", Between(5, 200)] = 30
    saturation: Annotated[float, "0 for greys, 1 for vivid colours", Between(0, 1)] = 1
    fill_gradient: Annotated[
        float, "largest change of the fill over the frame, of 255; one in three", Between(0, 255)
    ] = 90
    outline: Annotated[float, "widest outline, fraction of the height; one in four has one", Between(0, 0.2)] = 0.08
    hollow: Annotated[float, "share of digits drawn by their outline alone", Between(0, 1)] = 0.03
    unlit: Annotated[float, "how strongly dark segments of displays can be seen: 0 not, 1 as lit", Between(0, 1)] = 0.35
    bevel: Annotated[
        float, "strongest lit and dark rims of raised digits, levels of 255; one in eight", Between(0, 255)
    ] = 70
    shadow: Annotated[float, "darkest drop shadow; one in four has one", Between(0, 1)] = 0.7
    gradient: Annotated[float, "largest change of the background over the frame, levels of 255", Between(0, 255)] = 60
    texture: Annotated[float, "strongest texture of the background, levels of 255", Between(0, 128)] = 26
    clutter: Annotated[
        float, "share with edges, bars, rims, slats, bricks, screws or characters behind the digits", Between(0, 1)
    ] = 0.35
    light: Annotated[float, "largest share by which one side is lit less", Between(0, 0.9)] = 0.4
    dark: Annotated[float, "stops by which the darkest photographs are underexposed", Between(0, 8)] = 0.8
    over: Annotated[float, "stops by which the brightest photographs are overexposed", Between(0, 4)] = 0.3
    temperature: Annotated[float, "how blue or orange light may be: 0 white, 1 most", Between(0, 2)] = 0.5
    haze: Annotated[float, "most light scattered into the lens, levels of 255", Between(0, 200)] = 25
    blur: Annotated[float, "largest Gaussian blur, standard deviation in 1/32 of the frame", Between(0, 5)] = 1.6
    motion: Annotated[float, "longest motion blur, in 1/32 of the frame; one in six has it", Between(0, 10)] = 3
    defocus: Annotated[float, "largest radius of defocus, in 1/32 of the frame; one in six", Between(0, 10)] = 1.2
    reduce: Annotated[float, "at most this many times fewer pixels, scaled up; three in ten", Between(1, 8)] = 2.5
    sharpen: Annotated[float, "strongest sharpening by the camera, share of the detail added", Between(0, 4)] = 0.5
    noise: Annotated[float, "strongest sensor noise, standard deviation in levels of 255", Between(0, 64)] = 7
    jpeg: Annotated[int, "lowest JPEG quality, 96 or more for none; one in five", Between(5, 100)] = 40

    def __post_init__(self) -> None:
        if self.smallest > self.largest:
            raise SettingError(
                f"smallest={self.smallest:g} is above largest={self.largest:g}; give smallest ≤ largest."
            )
        if self.one + self.two + self.three <= 0:
            raise SettingError("one, two and three are all 0; give at least one of them a share above 0.")

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(CHARSETS[self.charset])

    @property
    def image_shape(self) -> tuple[int, int, int]:
        return self.size, self.size, 3

    @property
    def tables(self) -> Mapping[str, Sequence[str]]:
        names = tuple(face.name for face in self._faces)
        photographs = self._photographs.names if self._photographs else ()
        beside = dict.fromkeys(ink.BESIDE, self.classes)
        return {"font": names, **beside, **backgrounds.tables(photographs), **clutter.tables(self._characters, names)}

    @property
    def inputs(self) -> Mapping[str, str]:
        faces = {f"fonts/{face.name}": face.sha256 for face in self._faces if isinstance(face, Font)}
        return {**faces, **(self._photographs.inputs if self._photographs else {})}

    @property
    def skipped(self) -> tuple[str, ...]:
        """One line per font file or photograph that could not be used."""
        uses_fonts = self.charset != "seven-segment"
        fonts = search_fonts(self.fonts, self._characters).skipped if uses_fonts else ()
        return (*fonts, *(self._photographs.skipped if self._photographs else ()))

    def sample(self, rng: np.random.Generator, n: int) -> Scenes:
        scenes = np.zeros(n, SCENE)
        self._sample_text(rng, scenes)
        ink.sample(
            rng,
            scenes,
            weight=self.weight,
            wobble=self.wobble,
            wear=self.wear,
            streaks=self.streaks,
            stencil=self.stencil,
        )
        self._sample_pose(rng, scenes)
        self._sample_paint(rng, scenes)
        self._sample_light(rng, scenes)
        return scenes

    def render(self, scenes: Scenes) -> NDArray[np.uint8]:
        return in_pieces(self._rendered, scenes, self.image_shape, PIXELS_AT_ONCE)

    def _rendered(self, scenes: Scenes) -> NDArray[np.uint8]:
        images = backgrounds.paint(scenes, self.size, self._photographs.images if self._photographs else ())
        clutter.paint(images, scenes, self._faces, self._characters)
        laid = ink.lay(scenes, self.size, self._faces, self._characters)
        paint.paint(images, scenes, laid, self._unlit(scenes))
        lighting.fall(images, scenes)
        return camera.photograph(_interleaved(images), scenes)

    @property
    def _characters(self) -> str:
        return CHARSETS[self.charset]

    @cached_property
    def _faces(self) -> tuple[Face, ...]:
        return faces_of(self.charset, self.fonts)

    @cached_property
    def _chances(self) -> NDArray[np.float64]:
        return chances(self.charset, self.fonts, self.hand)

    @cached_property
    def _photographs(self) -> Photographs | None:
        return load_photographs(Path(self.backgrounds), at_least=self.size) if self.backgrounds else None

    def _unlit(self, scenes: Scenes) -> NDArray[np.float32] | None:
        """The field of a display on which every segment shines."""
        if self.charset != "seven-segment" or not scenes["unlit"].any():
            return None
        full = scenes.copy()
        for name in ("label", *ink.BESIDE):
            full[name][full[name] != NONE] = self._characters.index("8")
        return ink.lay(full, self.size, self._faces, self._characters).field

    def _sample_text(self, rng: np.random.Generator, scenes: Scenes) -> None:
        n, different = len(scenes), len(self._characters)
        scenes["label"] = rng.integers(different, size=n)
        shares = np.array([self.one, self.two, self.three])
        count = 1 + rng.choice(3, size=n, p=shares / shares.sum())
        on_the_left = rng.random(n) < 0.5
        another = rng.random(n) < self.lines
        on_top = rng.random(n) < 0.5
        others = rng.integers(different, size=(4, n))
        there = (
            (count == 3) | ((count == 2) & on_the_left),
            (count == 3) | ((count == 2) & ~on_the_left),
            another & on_top,
            another & ~on_top,
        )
        for name, code, is_there in zip(ink.BESIDE, others, there, strict=True):
            scenes[name] = np.where(is_there, code, NONE)
        scenes["font"] = rng.choice(len(self._faces), size=n, p=self._chances)
        scenes["spacing"] = rng.uniform(min(0.03, self.spacing), self.spacing, n)
        scenes["line_gap"] = rng.uniform(0.05, 0.4, n)
        scenes["line_shift"] = rng.uniform(-0.4, 0.4, n)

    def _sample_pose(self, rng: np.random.Generator, scenes: Scenes) -> None:
        n = len(scenes)
        # Photographs of single characters are cropped to them: tall ones are the more frequent.
        scenes["scale"] = self.smallest + (self.largest - self.smallest) * rng.beta(1.8, 1.2, n)
        for axis in ("shift_x", "shift_y"):
            scenes[axis] = self.jitter * rng.uniform(-1, 1, n)
        # The mean of two draws: most signs hang nearly straight.
        scenes["angle"] = self.angle * rng.uniform(-1, 1, (2, n)).mean(axis=0)
        scenes["shear"] = self.shear * rng.uniform(-1, 1, (2, n)).mean(axis=0)
        scenes["aspect"] = self.stretch ** rng.uniform(-1, 1, n)
        spanned = rng.uniform(0.75, 1.05, n)
        for row in np.flatnonzero(rng.random(n) < self.tight).tolist():
            own = glyph(self._faces[scenes["font"][row]], self._characters[scenes["label"][row]], 40)
            natural = float(scenes["scale"][row]) * own.width / own.height
            scenes["aspect"][row] = min(max(spanned[row] / natural, NARROWEST), WIDEST)
        for axis in ("tilt_x", "tilt_y"):
            scenes[axis] = self.perspective * rng.uniform(-1, 1, n)

    def _sample_paint(self, rng: np.random.Generator, scenes: Scenes) -> None:
        paint.sample(
            rng,
            scenes,
            contrast=self.contrast,
            saturation=self.saturation,
            fill_gradient=self.fill_gradient,
            outline=self.outline,
            hollow=self.hollow,
            unlit=self.unlit if self.charset == "seven-segment" else 0,
            bevel=self.bevel,
            shadow=self.shadow,
        )
        room = np.abs(lighting.luminance(scenes, "fill") - lighting.luminance(scenes, "ground"))
        backgrounds.sample(
            rng,
            scenes,
            room=room,
            photographs=self._photographs,
            size=self.size,
            share=self.photographs,
            gradient=self.gradient,
            texture=self.texture,
        )
        clutter.sample(
            rng,
            scenes,
            share=self.clutter,
            room=room,
            characters=len(self._characters),
            chances=self._chances,
            saturation=self.saturation,
        )

    def _sample_light(self, rng: np.random.Generator, scenes: Scenes) -> None:
        n = len(scenes)
        camera.sample(rng, scenes, self)
        scenes["blur"] *= rng.random(n) < 0.7
        scenes["jpeg"][rng.random(n) < 1 / 3] = 0
        lighting.sample(
            rng,
            scenes,
            light=self.light,
            dark=self.dark,
            over=self.over,
            temperature=self.temperature,
            haze=self.haze,
        )


def _interleaved(images: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, H, W, 3) from (n, 3, H, W); three times as fast as NumPy's copy."""
    n, _, height, width = images.shape
    pixels = np.empty((n, height, width, 3), np.float32)
    for planes, image in zip(images, pixels, strict=True):
        cv2.merge(tuple(planes), dst=image)
    return pixels
