"""SynSigns: traffic signs from vector pictograms, as a car's camera sees them (after Moiseev et al. 2013, ACIVS).

The original's ranges were never published: these were chosen by eye and by label-free statistics of photographs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from synthda.datasets.domain import Scenes
from synthda.errors import SettingError
from synthda.settings import Between
from synthda.synth import camera, perspective, plates, scenery
from synthda.synth.photographs import Photographs, load_photographs
from synthda.synth.renderer import columns, in_pieces
from synthda.synth.templates import Template, load_templates

SCENE = columns(
    label="i8",
    template="i4",
    **perspective.POSE,
    **plates.COLUMNS,
    **scenery.COLUMNS,
    **camera.COLUMNS,
)
PIXELS_AT_ONCE = 96 * 40 * 40
"""So few that they stay in the processor's cache, and that large images fit into memory."""


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
    backlight: Annotated[
        float,
        "stops by which what is behind is lit more or less, at most; the sign a quarter of it, inversely",
        Between(0, 6),
    ] = 2.4
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
    jpeg: Annotated[int, "lowest JPEG quality, 96 or more for none; three in ten", Between(5, 100)] = 60

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
            photographs=self._photographs,
            size=self.size,
            plain=self.plain,
            pole=self.pole,
        )
        camera.sample(rng, scenes, self)
        # Small signs, scaled up to the frame, are the rule in photographs from a car.
        scenes["reduce"] = 1 + (self.reduce - 1) * rng.random(n) ** 2
        self._sample_light(rng, scenes)
        return scenes

    def render(self, scenes: Scenes) -> NDArray[np.uint8]:
        return in_pieces(self._rendered, scenes, self.image_shape, PIXELS_AT_ONCE)

    @cached_property
    def _templates(self) -> tuple[Template, ...]:
        return load_templates(Path(self.templates) if self.templates else None)

    @cached_property
    def _photographs(self) -> Photographs | None:
        return load_photographs(Path(self.backgrounds), at_least=self.size) if self.backgrounds else None

    def _sample_sign(self, rng: np.random.Generator, scenes: Scenes) -> None:
        n = len(scenes)
        label_of, first, count = _by_class(self._templates)
        scenes["label"] = rng.integers(len(first), size=n)
        scenes["template"] = first[scenes["label"]] + (rng.random(n) * count[scenes["label"]]).astype(np.int64)
        others = rng.integers(len(label_of), size=n)
        scenes["neighbour"] = np.where(rng.random(n) < self.neighbour, others, plates.NONE)
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
        images *= plates.gain(scenes["backlight"])
        seen = plates.seen(scenes, self._templates, self.size)
        images *= 1 - seen[:, 3:] * np.float32(1 / 255)
        images += plates.surface(seen, scenes, self.size)
        plates.hide(images, scenes, self.size)
        images *= plates.falling_light(scenes, self.size)[:, None]
        return camera.photograph(np.ascontiguousarray(images.transpose(0, 2, 3, 1)), scenes)


@cache
def _by_class(templates: tuple[Template, ...]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The class of each template; of each class its first template, and how many it has: they stand together."""
    names = [template.class_name for template in templates]
    _, first, label_of, count = np.unique(names, return_index=True, return_inverse=True, return_counts=True)
    order = np.argsort(first)
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return rank[label_of], first[order], count[order]
