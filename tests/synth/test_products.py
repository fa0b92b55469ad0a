"""Products: labels, places and pixels as functions of the row; what is labelled is what is mostly seen."""

from __future__ import annotations

import hashlib
import pickle
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import chisquare

from synthda.errors import DataError, SettingError
from synthda.synth import store_scenes
from synthda.synth.canvas import BLENDS, MEMBRANE
from synthda.synth.generate import generate
from synthda.synth.instances import box_of
from synthda.synth.perspective import homographies
from synthda.synth.products import Products
from synthda.synth.renderer import render_rows, sample_block
from synthda.synth.store_scenes import HEAP, HELD, KINDS, LONE, SHELF


@pytest.fixture(scope="module")
def products(icons: Path) -> Products:
    return Products(templates=str(icons), size=64)


def of_kind(renderer: Products, kind: int, seed: int = 0):
    scenes = sample_block(renderer, seed, 0)
    return scenes[scenes["kind"] == kind]


def test_classes_are_the_names_of_the_files(products: Products) -> None:
    assert products.classes == ("cola", "juice", "lemon", "lime", "milk", "plum", "tea", "tomato")


def test_labels_are_uniform_over_the_classes(products: Products) -> None:
    labels = np.concatenate([sample_block(products, 0, block)["label"] for block in range(20)])
    assert chisquare(np.bincount(labels, minlength=8)).pvalue > 0.001


def test_packs_stand_on_shelves_and_in_hands_and_round_things_lie_in_heaps(products: Products) -> None:
    scenes = sample_block(products, 0, 0)
    packs = np.isin(scenes["label"], [0, 1, 4, 6])
    assert set(scenes["kind"][packs]) == {SHELF, HELD, LONE}
    assert set(scenes["kind"][~packs]) == {HEAP, HELD, LONE}
    assert not (scenes["blend"][np.isin(scenes["kind"], (HEAP, SHELF))] == MEMBRANE).any()


@pytest.mark.parametrize("kind", range(4), ids=KINDS)
def test_a_row_alone_is_the_row_in_its_block(products: Products, kind: int) -> None:
    scenes = of_kind(products, kind)[:12]
    together = products.render(scenes)
    for row in (0, 5, 11):
        np.testing.assert_array_equal(products.render(scenes[row : row + 1])[0], together[row])


def test_another_process_would_render_the_same(products: Products) -> None:
    scenes, images = render_rows(products, 5, 12)
    again = pickle.loads(pickle.dumps(products))
    np.testing.assert_array_equal(again.render(scenes), images)
    fresh = Products(templates=products.templates, size=64)
    np.testing.assert_array_equal(fresh.render(sample_block(fresh, 5, 0)[:12]), images)


@pytest.mark.slow
def test_the_bytes_do_not_depend_on_workers_and_a_larger_count_keeps_the_prefix(
    products: Products, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("synthda.synth.generate.rows_per_shard", lambda shape: 256)
    one = generate(products, tmp_path / "one", name="products", count=270, workers=1)
    two = generate(products, tmp_path / "two", name="products", count=258, workers=2)
    assert one["shards"][0]["sha256"] == two["shards"][0]["sha256"]


def test_the_labelled_class_is_the_one_that_is_seen_most(products: Products) -> None:
    scenes = sample_block(products, 1, 0)[:120]
    right = []
    for label, instances in zip(scenes["label"], products.instances(scenes), strict=True):
        areas = np.bincount([i.label for i in instances], [i.area for i in instances], 8)
        right.append(areas.argmax() == label and areas.max() > 0)
    assert np.mean(right) >= 0.95


def test_masks_are_disjoint_and_boxes_tight(products: Products) -> None:
    scenes = sample_block(products, 2, 0)[:40]
    for instances in products.instances(scenes):
        seen = np.sum([instance.mask for instance in instances], axis=0)
        assert np.max(seen) <= 1
        for instance in instances:
            assert instance.box == box_of(instance.mask)
            assert instance.area >= 9


def test_a_mask_is_where_the_picture_lies(products: Products) -> None:
    scene = of_kind(products, LONE)[:1].copy()
    scene["label"], scene["template"] = 5, 5  # a plum: an ellipse
    scene["shift_x"], scene["shift_y"], scene["scale"], scene["distance"] = 0.1, -0.05, 0.5, 1000
    scene["yaw"], scene["pitch"], scene["roll"], scene["aspect"] = 0, 0, 0, 1
    (instance,) = products.instances(scene)[0]
    y, x = np.mgrid[:64, :64] + 0.5
    height = 0.5 * 63 / 71  # the picture's longer side is its width
    ellipse = ((x / 64 - 0.6) / 0.25) ** 2 + ((y / 64 - 0.45) / (height / 2)) ** 2 <= 1
    assert (ellipse & instance.mask).sum() / (ellipse | instance.mask).sum() > 0.95


def test_the_hand_hides_part_of_what_it_holds(products: Products) -> None:
    scenes = of_kind(products, HELD)[:24].copy()
    bare = scenes.copy()
    scenes["hand"], bare["hand"] = 1, 0
    shares = [
        sum(i.area for i in held) / max(1, sum(i.area for i in free))
        for held, free in zip(products.instances(scenes), products.instances(bare), strict=True)
    ]
    assert 0.5 < np.mean(shares) < 0.98
    assert max(shares) <= 1


def test_loose_products_are_smaller_than_packs_by_their_share_and_longer_where_they_are_oblong(icons: Path) -> None:
    renderer = Products(templates=str(icons), smallest=0.8, largest=0.8, loose_scale=0.5)
    scenes = sample_block(renderer, 0, 0)
    single = np.isin(scenes["kind"], (HELD, LONE))
    packs = np.isin(scenes["label"], [0, 1, 4, 6])
    np.testing.assert_allclose(scenes["scale"][single & packs], 0.8, rtol=1e-6)
    oblong = (71 / 63) ** 0.5  # of the ellipses
    np.testing.assert_allclose(scenes["scale"][single & ~packs], 0.8 * 0.5 * oblong, rtol=0.02)


def test_heaps_are_seen_from_above(products: Products) -> None:
    heaps = of_kind(products, HEAP)
    assert heaps["pitch"].min() >= -45
    assert heaps["pitch"].max() <= -5
    heaps["roll"] = heaps["yaw"] = 0
    top, bottom = (homographies(heaps, 64)[:, 2] @ [0, y, 1] for y in (-0.5, 0.5))
    assert (top > bottom).all()


@pytest.mark.parametrize("settings", [{"smallest": 0.1, "largest": 0.3}, {"fewest": 1.0, "most": 1.5}])
def test_what_is_labelled_is_seen_however_small_or_large_it_is(icons: Path, settings: dict[str, float]) -> None:
    renderer = Products(templates=str(icons), size=64, **settings)  # type: ignore[arg-type]
    scenes = np.concatenate([of_kind(renderer, kind, seed)[:60] for kind in (HELD, HEAP) for seed in range(3)])
    for label, instances in zip(scenes["label"], renderer.instances(scenes, at_least=1), strict=True):
        assert any(instance.label == label for instance in instances)


def test_heaps_hold_many_of_one_kind_and_some_of_others(products: Products) -> None:
    counts = [len(instances) for instances in products.instances(of_kind(products, HEAP)[:20])]
    assert min(counts) > 5
    assert max(counts) > 40


@pytest.mark.parametrize("blend", range(len(BLENDS)), ids=BLENDS)
def test_blending_changes_the_seam_and_not_the_product(products: Products, blend: int) -> None:
    scene = of_kind(products, LONE)[:1].copy()
    scene["blend"], scene["seam"] = 1, 1.5
    plain = store_scenes.draw(scene[0], products._stock, (), 64)
    scene["blend"] = blend
    blended = store_scenes.draw(scene[0], products._stock, (), 64)
    middle = np.argwhere(plain.owners >= 0).mean(axis=0).astype(int)
    most = 110 if blend == MEMBRANE else 1e-3
    assert np.abs(blended.pixels[tuple(middle)] - plain.pixels[tuple(middle)]).max() <= most
    assert (blended.owners >= 0).sum() == pytest.approx((plain.owners >= 0).sum(), rel=0.1)


def test_photographs_stand_behind_single_products_only(products: Products, photographs: Path) -> None:
    renderer = Products(templates=products.templates, backgrounds=str(photographs), size=64)
    scenes = sample_block(renderer, 0, 0)
    single = np.isin(scenes["kind"], (HELD, LONE))
    assert 0.5 < (scenes["photo"] >= 0)[single].mean() < 0.7
    for column in ("photo", "behind"):
        assert (scenes[column][~single] == -1).all()
    assert (scenes["behind"][single] >= 0).all()
    assert (scenes["depth"][~single] == 0).all()
    assert ((scenes["rim"] >= 0) == (scenes["kind"] == HEAP)).all()
    assert renderer.render(scenes[:16]).shape == (16, 64, 64, 3)
    assert len(renderer.tables["photo"]) == 24


def test_every_input_is_named_with_its_hash(products: Products, photographs: Path) -> None:
    renderer = Products(templates=products.templates, backgrounds=str(photographs))
    content = (Path(products.templates) / "lime.png").read_bytes()
    assert renderer.inputs["templates/lime.png"] == hashlib.sha256(content).hexdigest()
    assert sum(name.startswith("backgrounds/") for name in renderer.inputs) == 24


def test_one_class_alone_can_be_rendered(tmp_path: Path, icons: Path) -> None:
    (tmp_path / "lime.png").write_bytes((icons / "lime.png").read_bytes())
    _, images = render_rows(Products(templates=str(tmp_path), size=32), 0, 16)
    assert images.std() > 10


@pytest.mark.parametrize("size", [32, 224])
def test_any_size_can_be_rendered(products: Products, size: int) -> None:
    _, images = render_rows(Products(templates=products.templates, size=size), 0, 4)
    assert images.shape == (4, size, size, 3)


def test_without_templates_the_sentence_says_what_to_give() -> None:
    with pytest.raises(SettingError, match="give --templates with a folder of pictures"):
        sample_block(Products(), 0, 0)


def test_a_folder_without_templates_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="There is no template in"):
        sample_block(Products(templates=str(tmp_path)), 0, 0)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"fewest": 9, "most": 3}, "give fewest ≤ most"),
        ({"smallest": 1, "largest": 0.5}, "give smallest ≤ largest"),
        ({"loose_heap": 0.8, "loose_held": 0.4}, "add up to more than 1"),
        ({"pack_shelf": 0.8, "pack_held": 0.4}, "add up to more than 1"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(settings: dict[str, float], sentence: str) -> None:
    with pytest.raises(SettingError, match=sentence):
        Products(**settings)  # type: ignore[arg-type]
