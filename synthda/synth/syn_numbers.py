"""SynNumbers: printed numbers of one to three digits; the label is the digit in the centre (Ganin et al. 2016, §5.2.4).

The original's ranges were picked by hand to look like SVHN and never published: these are our own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
from numpy.typing import NDArray

from synthda.datasets.domain import Scenes
from synthda.errors import SettingError
from synthda.settings import Between
from synthda.synth import backgrounds, camera, colours, geometry, noise
from synthda.synth.fonts import DIGITS, Font, find_fonts, font_weights
from synthda.synth.lettering import set_line
from synthda.synth.photographs import Photographs, load_photographs
from synthda.synth.renderer import columns

SCENE = columns(
    label="i8",
    left="i4",
    right="i4",
    font="i4",
    **geometry.POSE,
    spacing="f4",
    weight="f4",
    wobble="f4",
    wear="f4",
    **{f"{part}_{channel}": "u1" for part in ("fill", "ground", "outline") for channel in "rgb"},
    outline_width="f4",
    shadow="f4",
    shadow_x="f4",
    shadow_y="f4",
    **backgrounds.COLUMNS,
    light="f4",
    light_angle="f4",
    **camera.COLUMNS,
)
"""`left` and `right` are neighbouring digits or −1. Widths of strokes, gaps, outline and wobble are fractions of the
digit's height; the shadow is a share of darkness, its shift a fraction of the frame."""

PIXELS_AT_ONCE = 64 * 32 * 32
"""So few that they stay in the processor's cache, and that large images fit into memory."""

TALLEST_GLYPH = 96
"""Pixels; distance fields stay sharp when enlarged, and their cache stays small."""

NONE = -1
WOBBLE_X, WOBBLE_Y, WEAR, PATCHES = range(4)


@dataclass(frozen=True, kw_only=True)
class SynNumbers:
    """Numbers in the fonts of this computer, as signs and houses wear them; labels are uniform over 0…9."""

    size: Annotated[int, "side of the image, pixels", Between(8, 1024)] = 32
    fonts: Annotated[str, "system, matplotlib (the same faces in each installation), or a folder of fonts"] = "system"
    backgrounds: Annotated[str, "folder of photographs to put behind half of the numbers; none by default"] = ""
    one: Annotated[float, "share of numbers with one digit", Between(0)] = 0.4
    two: Annotated[float, "share of numbers with two digits", Between(0)] = 0.3
    three: Annotated[float, "share of numbers with three digits", Between(0)] = 0.3
    smallest: Annotated[float, "height of the smallest digit, fraction of the frame", Between(0.2, 1.5)] = 0.62
    largest: Annotated[float, "height of the largest digit, fraction of the frame", Between(0.2, 1.5)] = 0.98
    jitter: Annotated[float, "centre off the frame's centre by at most this fraction of it", Between(0, 0.3)] = 0.07
    angle: Annotated[float, "largest rotation, degrees", Between(0, 180)] = 12
    shear: Annotated[float, "largest slant, fraction of the height", Between(0, 1)] = 0.25
    stretch: Annotated[float, "widths from 1/this to this times the font's", Between(1, 3)] = 1.3
    perspective: Annotated[float, "largest difference in nearness of two sides", Between(0, 0.8)] = 0.2
    spacing: Annotated[float, "largest gap between digits, fraction of the height", Between(0, 1)] = 0.25
    weight: Annotated[
        float, "strokes thicker by up to this fraction of the height, or thinner by half of it", Between(0, 0.1)
    ] = 0.05
    wobble: Annotated[float, "strokes bent as by hand by up to this fraction of the height", Between(0, 0.2)] = 0.05
    wear: Annotated[float, "how worn the paint can be: 0 never, 1 ragged and holed", Between(0, 1)] = 0.6
    contrast: Annotated[int, "least difference in luminance of digit and background, of 255", Between(10, 200)] = 40
    saturation: Annotated[float, "0 for greys, 1 for vivid colours", Between(0, 1)] = 1
    outline: Annotated[float, "widest outline, fraction of the height; three in ten have one", Between(0, 0.2)] = 0.08
    shadow: Annotated[float, "darkest drop shadow; one in four has one", Between(0, 1)] = 0.7
    gradient: Annotated[float, "largest change of the background over the frame, levels of 255", Between(0, 255)] = 60
    texture: Annotated[float, "strongest texture of the background, levels of 255", Between(0, 128)] = 26
    clutter: Annotated[float, "share of images with an edge or a bar behind the digits", Between(0, 1)] = 0.35
    light: Annotated[float, "largest share by which one side is lit less", Between(0, 0.9)] = 0.4
    blur: Annotated[float, "largest Gaussian blur, standard deviation in 1/32 of the frame", Between(0, 5)] = 1.7
    motion: Annotated[float, "longest motion blur, in 1/32 of the frame; one in six has it", Between(0, 10)] = 3.5
    reduce: Annotated[float, "at most this many times fewer pixels, scaled up; three in ten", Between(1, 8)] = 2.5
    noise: Annotated[float, "strongest sensor noise, standard deviation in levels of 255", Between(0, 64)] = 7
    jpeg: Annotated[int, "lowest JPEG quality, 100 for none; three in ten", Between(5, 100)] = 40

    def __post_init__(self) -> None:
        if self.smallest > self.largest:
            raise SettingError(
                f"smallest={self.smallest:g} is above largest={self.largest:g}; give smallest ≤ largest."
            )
        if self.one + self.two + self.three <= 0:
            raise SettingError("one, two and three are all 0; give at least one of them a share above 0.")

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(DIGITS)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        return self.size, self.size, 3

    @property
    def tables(self) -> Mapping[str, Sequence[str]]:
        names = self._photographs.names if self._photographs else ()
        return {"font": tuple(font.name for font in self._fonts), **backgrounds.tables(names)}

    @property
    def inputs(self) -> Mapping[str, str]:
        faces = {f"fonts/{font.name}": font.sha256 for font in self._fonts}
        return {**faces, **(self._photographs.inputs if self._photographs else {})}

    @property
    def skipped(self) -> tuple[str, ...]:
        """One line per photograph that could not be used."""
        return self._photographs.skipped if self._photographs else ()

    def sample(self, rng: np.random.Generator, n: int) -> Scenes:
        scenes = np.zeros(n, SCENE)
        self._sample_text(rng, scenes)
        self._sample_pose(rng, scenes)
        self._sample_paint(rng, scenes)
        backgrounds.sample(
            rng,
            scenes,
            room=np.abs(_luminance(scenes, "fill") - _luminance(scenes, "ground")),
            photographs=len(self._photographs) if self._photographs else 0,
            gradient=self.gradient,
            texture=self.texture,
            clutter=self.clutter,
            saturation=self.saturation,
        )
        scenes["light"] = self.light * rng.random(n) ** 2
        scenes["light_angle"] = 360 * rng.random(n)
        camera.sample(
            rng,
            scenes,
            blur=self.blur,
            motion=self.motion,
            reduce=self.reduce,
            noise_levels=self.noise,
            jpeg=self.jpeg,
        )
        return scenes

    def render(self, scenes: Scenes) -> NDArray[np.uint8]:
        cv2.setNumThreads(1)  # so that neither bytes nor rates depend on OpenCV's threads
        cv2.ipp.setUseIPP(False)  # its distance transform differs in the last bit from one call to the next
        images = np.empty((len(scenes), *self.image_shape), np.uint8)
        at_once = max(1, PIXELS_AT_ONCE // self.size**2)
        for first in range(0, len(scenes), at_once):
            rows = slice(first, first + at_once)
            images[rows] = self._rendered(scenes[rows])
        return images

    def _rendered(self, scenes: Scenes) -> NDArray[np.uint8]:
        images = backgrounds.paint(scenes, self.size, self._photographs.images if self._photographs else ())
        return camera.photograph(self._lit(self._painted(images, scenes), scenes), scenes)

    @property
    def _fonts(self) -> tuple[Font, ...]:
        return find_fonts(self.fonts)

    @property
    def _photographs(self) -> Photographs | None:
        return load_photographs(Path(self.backgrounds), at_least=self.size) if self.backgrounds else None

    def _sample_text(self, rng: np.random.Generator, scenes: Scenes) -> None:
        n = len(scenes)
        scenes["label"] = rng.integers(10, size=n)
        shares = np.array([self.one, self.two, self.three])
        count = 1 + rng.choice(3, size=n, p=shares / shares.sum())
        on_the_left = rng.random(n) < 0.5
        neighbours = rng.integers(10, size=(2, n))
        scenes["left"] = np.where((count == 3) | ((count == 2) & on_the_left), neighbours[0], NONE)
        scenes["right"] = np.where((count == 3) | ((count == 2) & ~on_the_left), neighbours[1], NONE)
        scenes["font"] = rng.choice(len(self._fonts), size=n, p=font_weights(self._fonts))
        scenes["spacing"] = rng.uniform(min(0.05, self.spacing), self.spacing, n)

    def _sample_pose(self, rng: np.random.Generator, scenes: Scenes) -> None:
        n = len(scenes)
        scenes["scale"] = rng.uniform(self.smallest, self.largest, n)
        for axis in ("shift_x", "shift_y"):
            scenes[axis] = self.jitter * rng.uniform(-1, 1, n)
        # The mean of two draws: most signs hang nearly straight.
        scenes["angle"] = self.angle * rng.uniform(-1, 1, (2, n)).mean(axis=0)
        scenes["shear"] = self.shear * rng.uniform(-1, 1, (2, n)).mean(axis=0)
        scenes["aspect"] = self.stretch ** rng.uniform(-1, 1, n)
        for axis in ("tilt_x", "tilt_y"):
            scenes[axis] = self.perspective * rng.uniform(-1, 1, n)

    def _sample_paint(self, rng: np.random.Generator, scenes: Scenes) -> None:
        n = len(scenes)
        fill, ground = colours.contrasting(rng, n, contrast=self.contrast, saturation=self.saturation)
        edge = colours.coloured(rng.uniform(5, 250, n), colours.hues(rng, n), self.saturation * rng.random(n))
        # Most outlines are the background's opposite: dark around light digits and the reverse.
        opposite = np.where(colours.luminance(fill) > colours.luminance(ground), 12, 245)
        edge = np.where(rng.random((n, 1)) < 0.7, opposite[:, None], edge)
        for part, colour in (("fill", fill), ("ground", ground), ("outline", edge)):
            for position, channel in enumerate("rgb"):
                scenes[f"{part}_{channel}"] = colour[:, position]
        scenes["weight"] = self.weight * rng.uniform(-0.5, 1, n)
        scenes["wobble"] = self.wobble * rng.random(n) ** 2
        scenes["wear"] = self.wear * rng.random(n) * (rng.random(n) < 0.4)
        scenes["outline_width"] = self.outline * rng.uniform(0.3, 1, n) * (rng.random(n) < 0.3)
        scenes["shadow"] = self.shadow * rng.uniform(0.3, 1, n) * (rng.random(n) < 0.25)
        for axis in ("shadow_x", "shadow_y"):
            scenes[axis] = rng.uniform(-0.08, 0.08, n)

    def _painted(self, images: NDArray[np.float32], scenes: Scenes) -> NDArray[np.float32]:
        """The digits with shadow, outline and fill over the (n, H, W, 3) backgrounds, which they overwrite."""
        field, pixels = self._ink(scenes, (0.0, 0.0))
        shadowed = np.flatnonzero(scenes["shadow"])
        if len(shadowed):
            some = scenes[shadowed]
            cast = np.clip(self._ink(some, (some["shadow_x"], some["shadow_y"]))[0] * 0.5 + 0.5, 0, 1)
            images[shadowed] *= 1 - (some["shadow"][:, None, None] * cast)[..., None]
        outlined = np.flatnonzero(scenes["outline_width"])
        if len(outlined):
            width = scenes["outline_width"][outlined, None, None] * pixels[outlined]
            cover = np.clip(field[outlined] + width + np.float32(0.5), 0, 1)[..., None]
            images[outlined] += cover * (_colour(scenes[outlined], "outline") - images[outlined])
        cover = np.clip(field + np.float32(0.5), 0, 1)
        worn = np.flatnonzero(scenes["wear"])
        if len(worn):
            patches = noise.fractal(scenes["noise_seed"][worn], self.size, np.ones(len(worn), np.float32), PATCHES)
            amount = scenes["wear"][worn, None, None]
            cover[worn] *= 1 - amount * np.clip(patches * np.float32(1.5) - 1 + amount, 0, 1)
        images += cover[..., None] * (_colour(scenes, "fill") - images)
        return images

    def _ink(self, scenes: Scenes, offset: Sequence[NDArray[np.float32] | float]) -> tuple[NDArray[np.float32], ...]:
        """(n, H, W) distance from the digits' outline, pixels of the frame, positive inside; (n, 1, 1) their height."""
        height = min(max(24, round(1.25 * self.size)), TALLEST_GLYPH)
        x, y = geometry.look(scenes, self.size, offset)
        seeds = scenes["noise_seed"]
        bend = scenes["wobble"][:, None, None]
        x += bend * noise.smooth(seeds, self.size, 4, WOBBLE_X)
        y += bend * noise.smooth(seeds, self.size, 4, WOBBLE_Y)
        field = np.empty(x.shape, np.float32)
        for row, (left, label, right, font, spacing) in enumerate(
            zip(*(scenes[name].tolist() for name in ("left", "label", "right", "font", "spacing")), strict=True)
        ):
            text = "".join(DIGITS[digit] for digit in (left, label, right) if digit != NONE)
            line = set_line(self._fonts[font], text, height=height, gap=max(1, round(spacing * height)))
            x0, y0 = line.centres[int(left != NONE)]
            field[row] = geometry.sampled(line.field, x[row] * height + x0, y[row] * height + y0)
        pixels = geometry.pixels_per_height(scenes, self.size)
        field *= pixels / np.float32(height)
        field += scenes["weight"][:, None, None] * pixels
        worn = np.flatnonzero(scenes["wear"])
        if len(worn):
            ragged = noise.smooth(seeds[worn], self.size, max(4, self.size // 3), WEAR)
            field[worn] += scenes["wear"][worn, None, None] * np.float32(0.04) * pixels[worn] * ragged
        return field, pixels

    def _lit(self, images: NDArray[np.float32], scenes: Scenes) -> NDArray[np.float32]:
        """Light that falls off across the frame; overwrites the images."""
        turn = np.deg2rad(scenes["light_angle"].astype(np.float64))
        at = ((np.arange(self.size) + 0.5) / self.size - 0.5).astype(np.float32)
        cos, sin = (part.astype(np.float32)[:, None, None] for part in (np.cos(turn), np.sin(turn)))
        across = cos * at[None, None, :] + sin * at[None, :, None]
        images *= (1 - scenes["light"][:, None, None] * (across * np.float32(0.7) + np.float32(0.5)))[..., None]
        return images


def _colour(scenes: Scenes, part: str) -> NDArray[np.float32]:
    """(n, 1, 1, 3) levels."""
    channels = [scenes[f"{part}_{channel}"] for channel in "rgb"]
    return np.stack(channels, axis=1).astype(np.float32)[:, None, None]


def _luminance(scenes: Scenes, part: str) -> NDArray[np.float64]:
    return colours.luminance(_colour(scenes, part)[:, 0, 0])
