"""Packs and loose products: bottles stand, fruit lies, a class is one or the other, and a person has the last word."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from synthda.errors import SettingError
from synthda.synth.assortment import load_products
from synthda.synth.packs import pack_classes
from synthda.synth.products import Products
from synthda.synth.renderer import sample_block
from synthda.synth.store_scenes import HEAP

Part = tuple[str, tuple[float, ...]]

BOTTLES: dict[str, tuple[Part, ...]] = {
    "wine": (
        ("rectangle", (30, 160, 130, 400)),
        ("polygon", (30, 160, 65, 110, 95, 110, 130, 160)),
        ("rectangle", (65, 20, 95, 110)),
    ),
    "beer": (
        ("rectangle", (40, 230, 120, 400)),
        ("polygon", (40, 230, 70, 120, 90, 120, 120, 230)),
        ("rectangle", (68, 20, 92, 120)),
    ),
    "soap": (("rectangle", (20, 100, 130, 400)), ("rectangle", (60, 20, 90, 100))),
    "spray": (
        ("rectangle", (40, 160, 130, 400)),
        ("rectangle", (70, 80, 100, 160)),
        ("rectangle", (20, 40, 120, 85)),
    ),
}
FRUIT: dict[str, tuple[Part, ...]] = {
    "apple": (("ellipse", (10, 140, 150, 280)),),
    "pear": (("ellipse", (20, 190, 140, 310)), ("ellipse", (50, 100, 110, 240))),
    "aubergine": (("ellipse", (20, 180, 140, 410)), ("ellipse", (45, 40, 115, 320))),
    "carrot": (("polygon", (40, 60, 120, 60, 80, 410)),),
    "bun": (("ellipse", (10, 150, 150, 300)), ("rectangle", (20, 225, 140, 280))),
}


def draw(path: Path, parts: tuple[Part, ...]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new("RGB", (160, 420), "white")
    for shape, at in parts:
        getattr(ImageDraw.Draw(image), shape)(at, fill=(40, 90, 60))
    image.save(path)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    for name, parts in {**BOTTLES, **FRUIT}.items():
        draw(tmp_path / "shop" / name / "front.png", parts)
    return tmp_path / "shop"


def test_bottles_with_a_narrow_neck_stand_and_fruit_lies_loose(shop: Path) -> None:
    assert pack_classes(load_products(shop)) == BOTTLES.keys()


def test_no_heap_of_bottles_is_rendered(shop: Path) -> None:
    renderer = Products(templates=str(shop), size=32)
    scenes = sample_block(renderer, 0, 0)
    heaped = {renderer.classes[label] for label in scenes["label"][scenes["kind"] == HEAP]}
    assert heaped == FRUIT.keys()


def test_a_class_is_what_most_of_its_pictures_show(shop: Path) -> None:
    draw(shop / "wine" / "from-above.png", FRUIT["apple"])
    draw(shop / "apple" / "in-a-bag.png", BOTTLES["soap"])
    draw(shop / "apple" / "other.png", FRUIT["apple"])
    assert pack_classes(load_products(shop)) == BOTTLES.keys()


def test_classes_that_are_named_are_what_they_are_named(shop: Path) -> None:
    renderer = Products(templates=str(shop), packs="pear, apple", loose="wine,")
    assert renderer.taken_for["packs"] == ("apple", "beer", "pear", "soap", "spray")
    assert renderer.taken_for["loose"] == ("aubergine", "bun", "carrot", "wine")


def test_a_name_may_hold_a_comma(tmp_path: Path) -> None:
    for name in ("milk", "milk, 1 l", "pear"):
        draw(tmp_path / name / "front.png", BOTTLES["soap"])
    named = pack_classes(load_products(tmp_path), loose="milk, 1 l,pear")
    assert named == {"milk"}


@pytest.mark.parametrize(
    ("named", "sentence"),
    [
        ({"loose": "apple,paer"}, r"There is no class 'paer'\. Did you mean pear"),
        ({"packs": "whine"}, r"There is no class 'whine'\. Did you mean wine"),
        ({"packs": "pear", "loose": "pear"}, "pear is named in packs and in loose; name it in one"),
    ],
)
def test_names_that_say_nothing_are_refused(shop: Path, named: dict[str, str], sentence: str) -> None:
    with pytest.raises(SettingError, match=sentence):
        pack_classes(load_products(shop), **named)
