"""Accuracy by factor: every image is counted once, numbers in even bins, choices by name."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from synthda.adapt.by_factor import by_factor, equal_bins
from synthda.adapt.factor_plot import draw
from synthda.datasets.domain import ArrayImages, Domain
from synthda.errors import DataError, SettingError

TABLES = {"font": ("Arial", "Mono", "unused $x^2$")}


def rendered(n=400):
    rng = np.random.default_rng(0)
    scenes = np.zeros(n, [("label", "i8"), ("blur", "f4"), ("left", "i4"), ("font", "i4"), ("noise_seed", "u4")])
    scenes["blur"], scenes["left"] = rng.random(n) ** 2, rng.integers(-1, 3, n)
    scenes["font"] = rng.integers(-1, 2, n)
    images = ArrayImages(np.zeros((n, 8, 8, 3), np.uint8))
    return Domain(images, scenes["label"], ("a",), scenes, name="toy")


def test_numbers_fall_into_bins_of_equal_counts_that_ascend():
    domain = rendered()
    right = domain.scenes["blur"] < 0.25
    found = by_factor(domain, right, "blur", TABLES)
    assert found.numeric
    assert [part.n for part in found.parts] == [40] * 10
    assert all(one.high < other.low for one, other in zip(found.parts, found.parts[1:], strict=False))
    assert all(part.low <= part.mean <= part.high for part in found.parts)
    assert (found.parts[0].accuracy, found.parts[-1].accuracy) == (1, 0)
    assert sum(part.n * part.accuracy for part in found.parts) == pytest.approx(right.sum())
    assert found.accuracy == right.mean()


def test_images_of_one_value_stay_together_and_do_not_drag_others_along():
    column = np.concatenate([np.zeros(600), np.linspace(1, 2, 400)]).astype("f4")
    chosen = equal_bins(column, 10)
    assert len(set(chosen[:600])) == 1
    assert not set(chosen[:600]) & set(chosen[600:])
    assert np.unique(chosen[600:], return_counts=True)[1].tolist() == [100] * 4


def test_a_few_whole_numbers_have_a_bin_each():
    found = by_factor(rendered(), np.ones(400, bool), "left", TABLES)
    assert [part.name for part in found.parts] == ["-1", "0", "1", "2"]
    assert sum(part.n for part in found.parts) == 400


def test_choices_go_by_name_with_the_worst_first():
    domain = rendered()
    right = domain.scenes["font"] != 1
    found = by_factor(domain, right, "font", TABLES)
    assert not found.numeric
    assert found.parts[0].name == "Mono"
    assert {part.name: part.accuracy for part in found.parts} == {"Mono": 0, "Arial": 1, "none": 1}
    assert sum(part.n for part in found.parts) == 400


def test_what_is_no_number_has_a_part_of_its_own():
    domain = rendered()
    domain.scenes["blur"][:7] = np.nan
    parts = by_factor(domain, np.ones(400, bool), "blur", TABLES, bins=4).parts
    assert (parts[-1].name, parts[-1].n, parts[-1].mean) == ("none", 7, None)
    assert sum(part.n for part in parts) == 400


def test_one_value_in_all_images_is_one_part():
    domain = rendered()
    domain.scenes["blur"] = 0.5
    (part,) = by_factor(domain, np.ones(400, bool), "blur", TABLES).parts
    assert (part.name, part.n) == ("0.500", 400)


def test_with_many_entries_those_with_the_most_images_are_kept_in_their_order():
    domain = rendered(100)
    domain.scenes["font"] = np.minimum(np.arange(100) // 2, 30)
    names = {"font": tuple(f"font {number}" for number in range(31))}
    found = by_factor(domain, np.arange(100) % 3 == 0, "font", names)
    kept = found.most_frequent(5)
    assert "font 30" in [part.name for part in kept]
    assert [part for part in found.parts if part in kept] == kept
    assert len(kept) == 5


def test_an_unknown_factor_and_data_without_scenes_are_told():
    domain = rendered()
    with pytest.raises(SettingError, match=r"no factor 'blurr'. Did you mean blur\?"):
        by_factor(domain, np.ones(400, bool), "blurr", TABLES)
    for name in ("label", "noise_seed"):
        with pytest.raises(SettingError, match="Accepted: blur, left, font"):
            by_factor(domain, np.ones(400, bool), name, TABLES)
    bare = Domain(domain.images, domain.labels, domain.classes, name="photos")
    with pytest.raises(DataError, match="photos has no scenes"):
        by_factor(bare, np.ones(400, bool), "blur", TABLES)


@pytest.mark.parametrize("factor", ["blur", "left", "font"])
def test_a_drawing_is_made_without_a_window(tmp_path, factor):
    domain = rendered()
    domain.scenes["blur"][0] = np.nan
    domain.scenes["font"][:5] = 2
    found = by_factor(domain, np.arange(400) % 3 > 0, factor, TABLES | {"x": ()})
    draw(found, tmp_path / "plot.png", title="a $very$ odd_name 漢字" * 9)
    with Image.open(tmp_path / "plot.png") as image:
        assert image.format == "PNG"
        colours = image.convert("RGB").getcolors(1 << 20)
    assert len(colours) > 20
    assert (0x1F, 0x5F, 0xA8) in {colour for _, colour in colours}


def test_a_perfect_score_can_be_drawn(tmp_path):
    draw(by_factor(rendered(), np.ones(400, bool), "blur", TABLES), tmp_path / "plot.png")
    assert (tmp_path / "plot.png").stat().st_size > 0
