"""SynSigns: traffic signs from vector pictograms, as a car's camera sees them (after Moiseev et al. 2013, ACIVS).

The original's ranges were never published: these were chosen by eye and by label-free statistics of photographs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
from numpy.typing import NDArray

from synthda.datasets.domain import Scenes
from synthda.errors import SettingError
from synthda.settings import Between
from synthda.synth import camera, colours, noise, perspective, scenery
from synthda.synth.photographs import Photographs, load_photographs
from synthda.synth.renderer import columns
from synthda.synth.templates import Template, load_templates

SCENE = columns(
    label="i8",
    template="i4",
    **perspective.POSE,
    neighbour="i4",
    neighbour_at="f4",
    fade="f4",
    vivid="f4",
    dirt="f4",
    dirt_fine="f4",
    bright="f4",
    backlight="f4",
    light="f4",
    light_angle="f4",
    shadow="f4",
    shadow_angle="f4",
    shadow_at="f4",
    shadow_soft="f4",
    occluder="f4",
    occluder_angle="f4",
    occluder_grey="f4",
    **scenery.COLUMNS,
    **camera.COLUMNS,
)
"""`neighbour` is a template's code or −1, `neighbour_at` where it stands: 0 above, 1 below. Fade and dirt are shares
of 1, `vivid` multiplies colour's distance from grey; `bright` and `backlight` are stops by which the sign and what is
behind it are lit; `light` is the share by which one side is lit less; a shadow's border has an angle in degrees, a
distance from the centre and a softness in fractions of the frame; `occluder` is the share of the frame's side that
something in front of it covers."""

PIXELS_AT_ONCE = 96 * 40 * 40
"""So few that they stay in the processor's cache, and that large images fit into memory."""

NONE = -1
DIRT = 40
LEAF = np.array([0.95, 1.0, 0.7], np.float32)[:, None, None]
BESIDE = 1.06
"""Distance of a neighbouring sign's centre, in sides of the template."""


@dataclass(frozen=True, kw_only=True)
class SynSigns:
    """Traffic signs at the roadside; labels are uniform over the classes, by default the 43 of GTSRB."""

    size: Annotated[int, "side of the image, pixels", Between(8, 1024)] = 40
    templates: Annotated[str, "folder of SVG or PNG files, one a class; the German signs by default"] = ""
    backgrounds: Annotated[str, "folder of photographs to put behind half of the signs; none by default"] = ""
    smallest: Annotated[float, "side of the smallest sign, fraction of the frame", Between(0.1, 2)] = 0.66
    largest: Annotated[float, "side of the largest sign, fraction of the frame", Between(0.1, 2)] = 0.94
    jitter: Annotated[float, "centre off the frame's centre by at most this fraction of it", Between(0, 0.5)] = 0.06
    stretch: Annotated[float, "widths from 1/this to this times the height", Between(1, 2)] = 1.08
    yaw: Annotated[float, "largest turn about the vertical, degrees", Between(0, 80)] = 40
    pitch: Annotated[float, "largest turn about the horizontal, degrees", Between(0, 80)] = 20
    roll: Annotated[float, "largest turn in the image, degrees", Between(0, 180)] = 10
    nearest: Annotated[float, "nearest camera, in sides of the sign; nearer distorts more", Between(0.8, 100)] = 2
    neighbour: Annotated[float, "share of signs with another one above or below", Between(0, 1)] = 0.12
    pole: Annotated[float, "share of signs on a visible pole", Between(0, 1)] = 0.35
    plain: Annotated[float, "share of flat backgrounds, whatever else is behind", Between(0, 1)] = 0
    fade: Annotated[float, "how far paint may fade: 0 not, 1 to grey", Between(0, 1)] = 0.35
    vivid: Annotated[float, "colours from 1/this to this times as vivid as the paint", Between(1, 4)] = 1.5
    dirt: Annotated[float, "how dark dirt may be: 0 none, 1 black; one in four has some", Between(0, 1)] = 0.6
    dark: Annotated[float, "stops by which the darkest photographs are underexposed", Between(0, 8)] = 3
    over: Annotated[float, "stops by which the brightest photographs are overexposed", Between(0, 4)] = 1.2
    backlight: Annotated[float, "stops between the light on the sign and behind it, at most", Between(0, 6)] = 2.4
    haze: Annotated[float, "most light scattered into the lens, levels of 255", Between(0, 200)] = 40
    temperature: Annotated[float, "how blue or orange light may be: 0 white, 1 most", Between(0, 2)] = 0.9
    tint: Annotated[float, "how green or magenta the white balance may be: 0 neutral", Between(0, 2)] = 0.8
    light: Annotated[float, "largest share by which one side is lit less", Between(0, 0.9)] = 0.5
    shadow: Annotated[float, "darkest partial shadow; one sign in five has one", Between(0, 1)] = 0.7
    occlusion: Annotated[float, "largest share of the side that something hides; one in ten", Between(0, 0.9)] = 0.25
    blur: Annotated[float, "largest Gaussian blur, standard deviation in 1/32 of the frame", Between(0, 5)] = 0.7
    motion: Annotated[float, "longest motion blur, in 1/32 of the frame; one in six has it", Between(0, 10)] = 4
    defocus: Annotated[float, "largest radius of defocus, in 1/32 of the frame; one in six", Between(0, 10)] = 1.3
    reduce: Annotated[float, "at most this many times fewer pixels, scaled up", Between(1, 8)] = 2.0
    sharpen: Annotated[float, "strongest sharpening by the camera, share of the detail added", Between(0, 4)] = 1
    noise: Annotated[float, "strongest sensor noise, standard deviation in levels of 255", Between(0, 64)] = 6
    jpeg: Annotated[int, "lowest JPEG quality, 100 for none; three in ten", Between(5, 100)] = 60

    def __post_init__(self) -> None:
        if self.smallest > self.largest:
            raise SettingError(
                f"smallest={self.smallest:g} is above largest={self.largest:g}; give smallest ≤ largest."
            )

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(template.class_name for template in self._templates))

    @property
    def image_shape(self) -> tuple[int, int, int]:
        return self.size, self.size, 3

    @property
    def tables(self) -> Mapping[str, Sequence[str]]:
        names = tuple(template.name for template in self._templates)
        return {
            "template": names,
            "neighbour": names,
            **scenery.tables(self._photographs.names if self._photographs else ()),
        }

    @property
    def inputs(self) -> Mapping[str, str]:
        drawings = {f"templates/{template.name}": template.sha256 for template in self._templates}
        return {**drawings, **(self._photographs.inputs if self._photographs else {})}

    @property
    def skipped(self) -> tuple[str, ...]:
        """One line per photograph that could not be used."""
        return self._photographs.skipped if self._photographs else ()

    def sample(self, rng: np.random.Generator, n: int) -> Scenes:
        scenes = np.zeros(n, SCENE)
        self._sample_sign(rng, scenes)
        self._sample_pose(rng, scenes)
        self._sample_surface(rng, scenes)
        scenery.sample(
            rng,
            scenes,
            photographs=len(self._photographs) if self._photographs else 0,
            plain=self.plain,
            pole=self.pole,
        )
        camera.sample(
            rng,
            scenes,
            blur=self.blur,
            motion=self.motion,
            defocus=self.defocus,
            reduce=self.reduce,
            sharpen=self.sharpen,
            noise_levels=self.noise,
            jpeg=self.jpeg,
        )
        # Small signs, scaled up to the frame, are the rule in photographs from a car.
        scenes["reduce"] = 1 + (self.reduce - 1) * rng.random(n) ** 2
        self._sample_light(rng, scenes)
        return scenes

    def render(self, scenes: Scenes) -> NDArray[np.uint8]:
        cv2.setNumThreads(1)  # so that neither bytes nor rates depend on OpenCV's threads
        cv2.ipp.setUseIPP(False)
        images = np.empty((len(scenes), *self.image_shape), np.uint8)
        at_once = max(1, PIXELS_AT_ONCE // self.size**2)
        for first in range(0, len(scenes), at_once):
            rows = slice(first, first + at_once)
            images[rows] = self._rendered(scenes[rows])
        return images

    @property
    def _templates(self) -> tuple[Template, ...]:
        return load_templates(Path(self.templates) if self.templates else None)

    @property
    def _photographs(self) -> Photographs | None:
        return load_photographs(Path(self.backgrounds), at_least=self.size) if self.backgrounds else None

    def _sample_sign(self, rng: np.random.Generator, scenes: Scenes) -> None:
        n = len(scenes)
        label_of, first, count = _by_class(self._templates)
        scenes["label"] = rng.integers(len(first), size=n)
        scenes["template"] = first[scenes["label"]] + (rng.random(n) * count[scenes["label"]]).astype(np.int64)
        others = rng.integers(len(label_of), size=n)
        scenes["neighbour"] = np.where(rng.random(n) < self.neighbour, others, NONE)
        scenes["neighbour_at"] = rng.integers(2, size=n)

    def _sample_pose(self, rng: np.random.Generator, scenes: Scenes) -> None:
        n = len(scenes)
        scenes["scale"] = rng.uniform(self.smallest, self.largest, n)
        for axis in ("shift_x", "shift_y"):
            scenes[axis] = self.jitter * rng.uniform(-1, 1, n)
        scenes["aspect"] = self.stretch ** rng.uniform(-1, 1, n)
        # The mean of two draws: most signs face the road.
        for angle in ("yaw", "pitch", "roll"):
            scenes[angle] = getattr(self, angle) * rng.uniform(-1, 1, (2, n)).mean(axis=0)
        scenes["distance"] = self.nearest / rng.uniform(0.05, 1, n)

    def _sample_surface(self, rng: np.random.Generator, scenes: Scenes) -> None:
        n = len(scenes)
        scenes["fade"] = self.fade * rng.random(n) ** 2
        scenes["vivid"] = self.vivid ** rng.uniform(-1, 1, n)
        scenes["dirt"] = self.dirt * rng.random(n) * (rng.random(n) < 0.25)
        scenes["dirt_fine"] = rng.random(n)
        scenes["occluder"] = self.occlusion * rng.uniform(0.2, 1, n) * (rng.random(n) < 0.1)
        scenes["occluder_angle"] = 360 * rng.random(n)
        scenes["occluder_grey"] = rng.uniform(5, 130, n)

    def _sample_light(self, rng: np.random.Generator, scenes: Scenes) -> None:
        n = len(scenes)
        # Two signs in three are darker than white paper in the sun; metering follows what is behind the sign.
        spread = rng.beta(1.7, 1.8, n)
        scenes["exposure"] = -self.dark + (self.dark + self.over) * spread
        scenes["backlight"] = self.backlight * rng.uniform(-1, 1, (2, n)).mean(axis=0)
        scenes["bright"] = -0.25 * scenes["backlight"]
        scenes["temperature"] = self.temperature * rng.uniform(-1, 1, (2, n)).mean(axis=0)
        scenes["tint"] = self.tint * rng.uniform(-1, 1, (2, n)).mean(axis=0)
        scenes["haze"] = self.haze * rng.random(n) ** 3
        scenes["light"] = self.light * rng.random(n) ** 2
        scenes["light_angle"] = 360 * rng.random(n)
        scenes["shadow"] = self.shadow * rng.uniform(0.3, 1, n) * (rng.random(n) < 0.2)
        scenes["shadow_angle"] = 360 * rng.random(n)
        scenes["shadow_at"] = rng.uniform(-0.3, 0.3, n)
        scenes["shadow_soft"] = rng.uniform(0.03, 0.4, n)

    def _rendered(self, scenes: Scenes) -> NDArray[np.uint8]:
        # A plane a channel: whole-block operations then run along rows of pixels, not along three channels.
        images = scenery.paint(scenes, self.size, self._photographs.images if self._photographs else ())
        images *= _stops(scenes["backlight"])
        sign = self._sign(scenes)
        cover = sign[:, 3:] * np.float32(1 / 255)
        images *= 1 - cover
        images += self._surface(sign, scenes)
        self._hide(images, scenes)
        images *= self._falling_light(scenes)[:, None]
        return camera.photograph(np.ascontiguousarray(images.transpose(0, 2, 3, 1)), scenes)

    def _sign(self, scenes: Scenes) -> NDArray[np.float32]:
        """(n, 4, size, size): the sign, over its neighbour if it has one; colour multiplied by alpha."""
        templates, size = self._templates, self.size
        seen = np.empty((len(scenes), size, size, 4), np.uint8)
        covers = (scenes["scale"] * np.float32(size)).tolist()
        found = perspective.homographies(scenes, size)
        for row, (code, covered) in enumerate(zip(scenes["template"].tolist(), covers, strict=True)):
            seen[row] = perspective.warped(templates[code], found[row], size, covered)
        signs = seen.transpose(0, 3, 1, 2).astype(np.float32, order="C")
        beside = np.flatnonzero(scenes["neighbour"] != NONE)
        if len(beside):
            some = scenes[beside]
            found = perspective.homographies(some, size, (0.0, BESIDE * (2 * some["neighbour_at"] - 1)))
            for place, row in enumerate(beside.tolist()):
                other = templates[some["neighbour"][place]]
                behind = perspective.warped(other, found[place], size, covers[row]).transpose(2, 0, 1)
                signs[row] += behind * (1 - signs[row, 3] * np.float32(1 / 255))
        return signs

    def _surface(self, sign: NDArray[np.float32], scenes: Scenes) -> NDArray[np.float32]:
        """(n, 3, size, size): the sign's paint faded, dirty and lit; still multiplied by its cover."""
        fade, vivid, bright = scenes["fade"][:, None, None], scenes["vivid"][:, None, None], _stops(scenes["bright"])
        # Faded paint loses its colour, and its darkness: a fifth of what is left is the white of the sheet below.
        colour = vivid * (1 - fade)
        grey = sign[:, 0] * np.float32(colours.LUMA[0])
        for channel in (1, 2):
            grey += sign[:, channel] * np.float32(colours.LUMA[channel])
        grey *= 1 - np.float32(0.2) * fade - colour
        grey += np.float32(0.2) * fade * sign[:, 3]
        painted = sign[:, :3] * colour[:, None]
        painted += grey[:, None]
        painted *= bright
        np.maximum(painted, 0, out=painted)
        dirty = np.flatnonzero(scenes["dirt"])
        if len(dirty):
            some = scenes[dirty]
            patches = noise.fractal(some["noise_seed"], self.size, some["dirt_fine"], DIRT)
            painted[dirty] *= 1 - (some["dirt"][:, None, None] * np.clip(patches * np.float32(0.8), 0, 1))[:, None]
        return np.asarray(painted, np.float32)

    def _hide(self, images: NDArray[np.float32], scenes: Scenes) -> None:
        """Put what stands before the sign into the images: a leafy edge that reaches in from the rim."""
        hidden = np.flatnonzero(scenes["occluder"])
        if not len(hidden):
            return
        some = scenes[hidden]
        ragged = noise.smooth(some["noise_seed"], self.size, max(4, self.size // 6), DIRT + 3)
        reach = scenery.along(some["occluder_angle"], self.size) - 0.5 + some["occluder"][:, None, None]
        front = np.clip((reach + np.float32(0.05) * ragged) * np.float32(self.size), 0, 1)[:, None]
        leaf = LEAF * some["occluder_grey"][:, None, None, None]
        images[hidden] += front * (leaf * (1 + np.float32(0.25) * ragged[:, None]) - images[hidden])

    def _falling_light(self, scenes: Scenes) -> NDArray[np.float32]:
        """(n, size, size): light that falls off across the frame, and the border of a shadow."""
        across = scenery.along(scenes["light_angle"], self.size)
        light = 1 - scenes["light"][:, None, None] * (across * np.float32(0.7) + np.float32(0.5))
        shadowed = np.flatnonzero(scenes["shadow"])
        if len(shadowed):
            some = {name: scenes[name][shadowed, None, None] for name in ("shadow", "shadow_at", "shadow_soft")}
            beyond = scenery.along(scenes["shadow_angle"][shadowed], self.size) - some["shadow_at"]
            light[shadowed] *= 1 - some["shadow"] * np.clip(beyond / some["shadow_soft"] + np.float32(0.5), 0, 1)
        return np.asarray(light, np.float32)


def _stops(exposure: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, 1, 1, 1) gains from (n,) stops; in double precision, for all numbers of rows alike."""
    gain: NDArray[np.float32] = np.exp2(exposure.astype(np.float64)).astype(np.float32)[:, None, None, None]
    return gain


@cache
def _by_class(templates: tuple[Template, ...]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The class of each template; of each class its first template, and how many it has: they stand together."""
    names = [template.class_name for template in templates]
    _, first, label_of, count = np.unique(names, return_index=True, return_inverse=True, return_counts=True)
    order = np.argsort(first)
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return rank[label_of], first[order], count[order]
