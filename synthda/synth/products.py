"""Products in a store: a user's own classes, from one clean picture each to heaps, shelves and products in a hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from synthda.datasets.domain import Scenes
from synthda.errors import SettingError
from synthda.settings import Between
from synthda.synth import camera, canvas, heaps, instances, perspective, store_light, store_scenes
from synthda.synth.assortment import load_products
from synthda.synth.instances import Instance
from synthda.synth.packs import pack_classes
from synthda.synth.photographs import Photographs, load_photographs, zooms
from synthda.synth.renderer import columns, in_pieces, steady
from synthda.synth.store_scenes import HEAP, HELD, LONE, SHELF, Stock

SCENE = columns(
    label="i8",
    template="i4",
    **perspective.POSE,
    **store_scenes.COLUMNS,
    **store_light.COLUMNS,
    **camera.COLUMNS,
)
PIXELS_AT_ONCE = 32 * 128 * 128


@dataclass(frozen=True, kw_only=True)
class Products:
    """Products as a phone sees them in a store; labels are uniform over the classes."""

    size: Annotated[int, "side of the image, pixels", Between(32, 512)] = 128
    templates: Annotated[str, "folder of pictures, one a class or a folder a class; needed"] = ""
    backgrounds: Annotated[str, "folder of photographs to put behind single products; none by default"] = ""
    packs: Annotated[str, "classes that stand as packs whatever their outline is, with commas between"] = ""
    loose: Annotated[str, "classes that lie loose, as fruit does"] = ""
    loose_heap: Annotated[float, "share of scenes of loose products that are heaps", Between(0, 1)] = 0.75
    loose_held: Annotated[float, "share of them in a hand; the rest stands alone", Between(0, 1)] = 0.19
    pack_shelf: Annotated[float, "share of scenes of upright packs that are shelves", Between(0, 1)] = 0.2
    pack_held: Annotated[float, "share of them in a hand; the rest stands alone", Between(0, 1)] = 0.72
    fewest: Annotated[float, "fewest products side by side in a heap", Between(1, 20)] = 2.5
    most: Annotated[float, "most products side by side in a heap", Between(1, 20)] = 9
    smallest: Annotated[float, "height of the smallest single pack, fraction of the frame", Between(0.1, 2)] = 0.6
    largest: Annotated[float, "height of the largest single pack, fraction of the frame", Between(0.1, 2)] = 1.15
    loose_scale: Annotated[float, "side of single loose products, as a share of packs'", Between(0.1, 2)] = 0.65
    jitter: Annotated[float, "single product off the frame's centre by at most this", Between(0, 0.5)] = 0.14
    roll: Annotated[float, "largest turn in the image, degrees", Between(0, 180)] = 45
    yaw: Annotated[float, "largest turn of a single product about the vertical, degrees", Between(0, 80)] = 40
    pitch: Annotated[float, "largest turn of a single product about the horizontal, degrees", Between(0, 80)] = 25
    hand: Annotated[float, "share of held products whose hand is in sight", Between(0, 1)] = 0.95
    photographs: Annotated[float, "share of photographs behind single products, if there are any", Between(0, 1)] = 0.6
    depth: Annotated[float, "most blur of what is behind, 1/128 of the frame", Between(0, 10)] = 1.2
    contrast: Annotated[float, "largest share of contrast that the phone adds", Between(0, 2)] = 0.3
    vivid: Annotated[float, "colours up to this many times as vivid as the picture's", Between(1, 4)] = 1.25
    dark: Annotated[float, "stops by which the darkest photographs are underexposed", Between(0, 8)] = 0.5
    over: Annotated[float, "stops by which the brightest photographs are overexposed", Between(0, 4)] = 0.5
    haze: Annotated[float, "most light scattered into the lens, levels of 255", Between(0, 200)] = 10
    temperature: Annotated[float, "how blue or orange light may be: 0 white, 1 most", Between(0, 2)] = 0.7
    tint: Annotated[float, "how green or magenta the white balance may be: 0 neutral", Between(0, 2)] = 0.4
    light: Annotated[float, "largest share by which one side is lit less", Between(0, 0.9)] = 0.5
    vignette: Annotated[float, "largest share by which corners are darker", Between(0, 0.9)] = 0.4
    glare: Annotated[float, "brightest reflection, levels of 255; one in three has one", Between(0, 255)] = 120
    blur: Annotated[float, "largest Gaussian blur, standard deviation in 1/32 of the frame", Between(0, 5)] = 0.15
    motion: Annotated[float, "longest motion blur, in 1/32 of the frame; one in six has it", Between(0, 10)] = 0.5
    defocus: Annotated[float, "largest radius of defocus, in 1/32 of the frame; one in six", Between(0, 10)] = 0.15
    reduce: Annotated[float, "at most this many times fewer pixels, scaled up", Between(1, 8)] = 1.3
    sharpen: Annotated[float, "strongest sharpening by the camera, share of the detail added", Between(0, 4)] = 1
    noise: Annotated[float, "strongest sensor noise, standard deviation in levels of 255", Between(0, 64)] = 6
    jpeg: Annotated[int, "lowest JPEG quality, 96 or more for none; three in ten", Between(5, 100)] = 55

    def __post_init__(self) -> None:
        for low, high in (("fewest", "most"), ("smallest", "largest")):
            if getattr(self, low) > getattr(self, high):
                given = f"{low}={getattr(self, low):g} is above {high}={getattr(self, high):g}"
                raise SettingError(f"{given}; give {low} ≤ {high}.")
        for one, other in (("loose_heap", "loose_held"), ("pack_shelf", "pack_held")):
            if getattr(self, one) + getattr(self, other) > 1 + 1e-9:
                raise SettingError(f"{one} and {other} are shares of the same scenes and add up to more than 1.")

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(product.class_name for product in self._stock.products))

    @property
    def image_shape(self) -> tuple[int, int, int]:
        return self.size, self.size, 3

    @property
    def tables(self) -> Mapping[str, Sequence[str]]:
        return {
            "template": tuple(product.name for product in self._stock.products),
            "kind": store_scenes.KINDS,
            "blend": canvas.BLENDS,
            "rim": heaps.RIMS,
            "behind": store_scenes.BEHIND,
            "photo": self._photographs.names if self._photographs else (),
        }

    @property
    def inputs(self) -> Mapping[str, str]:
        pictures = {f"templates/{product.name}": product.sha256 for product in self._stock.products}
        return {**pictures, **(self._photographs.inputs if self._photographs else {})}

    @property
    def skipped(self) -> tuple[str, ...]:
        """One line per photograph that could not be used."""
        return self._photographs.skipped if self._photographs else ()

    @property
    def taken_for(self) -> Mapping[str, tuple[str, ...]]:
        """The classes that stand as packs, and those that lie loose."""
        standing = self._stock.pack_classes
        return {
            "packs": tuple(name for name in self.classes if name in standing),
            "loose": tuple(name for name in self.classes if name not in standing),
        }

    def sample(self, rng: np.random.Generator, n: int) -> Scenes:
        scenes = np.zeros(n, SCENE)
        self._sample_product(rng, scenes)
        self._sample_places(rng, scenes)
        self._sample_pose(rng, scenes)
        self._sample_behind(rng, scenes)
        camera.sample(rng, scenes, self)
        store_light.sample(
            rng,
            scenes,
            contrast=self.contrast,
            vivid=self.vivid,
            light=self.light,
            vignette=self.vignette,
            glare=self.glare,
        )
        self._sample_exposure(rng, scenes)
        return scenes

    def render(self, scenes: Scenes) -> NDArray[np.uint8]:
        return in_pieces(self._rendered, scenes, self.image_shape, PIXELS_AT_ONCE)

    def instances(self, scenes: Scenes, at_least: int = instances.LEAST) -> list[list[Instance]]:
        """Of each row, every product that is seen in its image: class, box and mask of at least so many pixels.

        What is out of focus behind a single product is background and not among them.
        """
        steady()
        labels = self._labels
        return [
            instances.seen(store_scenes.draw(scene, self._stock, self._pictures, self.size), labels, at_least)
            for scene in scenes
        ]

    @cached_property
    def _stock(self) -> Stock:
        if not self.templates:
            raise SettingError(
                "products needs pictures to draw: give --templates with a folder of pictures, each named for its class."
            )
        products = load_products(Path(self.templates))
        return Stock(products, pack_classes(products, packs=self.packs, loose=self.loose))

    @cached_property
    def _photographs(self) -> Photographs | None:
        return load_photographs(Path(self.backgrounds), at_least=self.size) if self.backgrounds else None

    @property
    def _pictures(self) -> Sequence[NDArray[np.uint8]]:
        return self._photographs.images if self._photographs else ()

    @cached_property
    def _labels(self) -> tuple[int, ...]:
        """The label of each product's class."""
        return tuple(self.classes.index(product.class_name) for product in self._stock.products)

    def _sample_product(self, rng: np.random.Generator, scenes: Scenes) -> None:
        n = len(scenes)
        first = np.array([self._labels.index(label) for label in range(len(self.classes))])
        count = np.bincount(self._labels)
        scenes["label"] = rng.integers(len(first), size=n)
        scenes["template"] = first[scenes["label"]] + (rng.random(n) * count[scenes["label"]]).astype(np.int64)
        packs = self._stock.packs[scenes["template"]]
        u = rng.random(n)
        of_pack = np.where(u < self.pack_shelf, SHELF, np.where(u < self.pack_shelf + self.pack_held, HELD, LONE))
        loose = np.where(u < self.loose_heap, HEAP, np.where(u < self.loose_heap + self.loose_held, HELD, LONE))
        scenes["kind"] = np.where(packs, of_pack, loose)
        scenes["layout_seed"] = rng.integers(2**32, size=n, dtype=np.uint32)
        scenes["light_angle"] = -90 + rng.normal(0, 40, n)

    def _sample_places(self, rng: np.random.Generator, scenes: Scenes) -> None:
        n = len(scenes)
        scenes["across"] = self.fewest * (self.most / self.fewest) ** rng.random(n)
        scenes["lie"] = 180 * rng.random(n)
        scenes["mess"] = rng.random(n) ** 2
        near, far = 0.3, 0.95
        for side, sign in (("left", -1), ("top", -1), ("right", 1), ("bottom", 1)):
            scenes[f"bin_{side}"] = sign * rng.uniform(near, far, n)
        scenes["rim"] = np.where(scenes["kind"] == HEAP, rng.integers(len(heaps.RIMS), size=n), -1)
        scenes["rim_width"] = rng.uniform(0.015, 0.06, n)
        scenes["level"] = rng.uniform(0.5, 0.95, n)
        scenes["packs"] = rng.uniform(0.65, 0.9, n)
        scenes["facings"] = rng.integers(2, 5, n)

    def _sample_pose(self, rng: np.random.Generator, scenes: Scenes) -> None:
        n = len(scenes)
        kind = scenes["kind"]
        single = (kind == HELD) | (kind == LONE)
        scenes["scale"] = np.where(single, rng.uniform(self.smallest, self.largest, n), rng.uniform(1.1, 1.4, n))
        loose = self.loose_scale * self._stock.lengths
        scenes["scale"] *= np.where(single, np.where(self._stock.packs, 1, loose)[scenes["template"]], 1)
        for axis in ("shift_x", "shift_y"):
            scenes[axis] = np.where(single, self.jitter, 0.03) * rng.uniform(-1, 1, n)
        scenes["aspect"] = np.where(single, 1.1 ** rng.uniform(-1, 1, n), 1)
        # The mean of two draws: most are upright and face the camera.
        scenes["roll"] = self.roll * rng.uniform(-1, 1, (2, n)).mean(axis=0)
        scenes["yaw"] = self.yaw * rng.uniform(-1, 1, (2, n)).mean(axis=0) * np.where(kind == HEAP, 0.3, 1)
        # Heaps are seen from before and above: what is farther up is farther away.
        scenes["pitch"] = np.where(
            kind == HEAP, -rng.uniform(5, 45, n), self.pitch * rng.uniform(-1, 1, (2, n)).mean(axis=0)
        )
        scenes["distance"] = np.where(single, rng.uniform(1.6, 5, n), rng.uniform(1.4, 3, n))

    def _sample_behind(self, rng: np.random.Generator, scenes: Scenes) -> None:
        n = len(scenes)
        kind = scenes["kind"]
        blends = rng.choice(len(canvas.BLENDS), size=n, p=(0.1, 0.42, 0.18, 0.12, 0.18))
        crowded = (kind == HEAP) | (kind == SHELF)
        scenes["blend"] = np.where(crowded & (blends == canvas.MEMBRANE), canvas.SOFT, blends)
        scenes["seam"] = rng.uniform(0.4, 1.6, n)
        scenes["hand"] = (kind == HELD) & (rng.random(n) < self.hand)
        scenes["skin"] = rng.beta(1.1, 2.5, n)
        packs = self._stock.packs[scenes["template"]]
        u = rng.random(n)
        of_pack = np.where(u < 0.75, store_scenes.SHELVES, np.where(u < 0.85, store_scenes.BIN, store_scenes.PLAIN))
        loose = np.where(u < 0.5, store_scenes.BIN, np.where(u < 0.62, store_scenes.SHELVES, store_scenes.PLAIN))
        behind = np.where(packs, of_pack, loose)
        count = len(self._photographs) if self._photographs else 1
        if self._photographs:
            behind = np.where(rng.random(n) < self.photographs, store_scenes.PHOTOGRAPH, behind)
        single = ~crowded
        scenes["behind"] = np.where(single, behind, -1)
        scenes["depth"] = self.depth * rng.random(n) * single
        of_photograph = single & (behind == store_scenes.PHOTOGRAPH)
        scenes["photo"] = np.where(of_photograph, rng.integers(count, size=n), -1)
        scenes["photo_x"], scenes["photo_y"] = rng.random((2, n))
        scenes["photo_zoom"] = zooms(rng.uniform(1, 4, n), scenes["photo"], self._photographs, self.size)

    def _sample_exposure(self, rng: np.random.Generator, scenes: Scenes) -> None:
        n = len(scenes)
        scenes["exposure"] = -self.dark + (self.dark + self.over) * rng.beta(2, 2, n)
        scenes["temperature"] = self.temperature * rng.uniform(-0.5, 1, (2, n)).mean(axis=0)
        scenes["tint"] = self.tint * rng.uniform(-1, 1, (2, n)).mean(axis=0)
        scenes["haze"] = self.haze * rng.random(n) ** 2

    def _rendered(self, scenes: Scenes) -> NDArray[np.uint8]:
        images = np.empty((len(scenes), *self.image_shape), np.float32)
        for row, scene in enumerate(scenes):
            images[row] = store_scenes.draw(scene, self._stock, self._pictures, self.size).pixels
        store_light.fall(images, scenes)
        return camera.photograph(images, scenes)
