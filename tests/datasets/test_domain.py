"""Domains: images with labels that belong to them, matched across domains by class name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from synthda.datasets.domain import (
    ArrayImages,
    Domain,
    classes_missing,
    content_hashes,
    distinct,
    in_blocks,
    in_memory,
    joined,
    labels_by_name,
    without_unknown,
)
from synthda.errors import DataError


def images(n: int, seed: int = 0) -> ArrayImages:
    return ArrayImages(np.random.default_rng(seed).integers(0, 256, (n, 4, 5, 3), dtype=np.uint8))


def labels(*values: int) -> NDArray[np.int64]:
    return np.array(values, dtype=np.int64)


@pytest.mark.parametrize(
    "array",
    [np.zeros((2, 4, 4, 3), np.float32), np.zeros((2, 4, 4), np.uint8), np.zeros((2, 3, 4, 4), np.uint8)],
    ids=["float", "grey", "channels first"],
)
def test_images_are_uint8_rgb_with_channels_last(array: NDArray[np.uint8]) -> None:
    with pytest.raises(DataError, match="uint8 of shape"):
        ArrayImages(array)


def test_labels_and_images_are_as_many() -> None:
    with pytest.raises(DataError, match="'d' has 3 images but 2 labels"):
        Domain(images(3), labels(0, 1), ("a", "b"), name="d")
    with pytest.raises(DataError, match="3 images but 2 scenes"):
        Domain(images(3), labels(0, 1, 0), ("a", "b"), scenes=np.zeros(2, [("label", "i8")]))


@pytest.mark.parametrize("label", [-2, 2, 1000])
def test_a_label_outside_the_classes_is_refused(label: int) -> None:
    with pytest.raises(DataError, match="outside its 2 classes"):
        Domain(images(2), labels(0, label), ("a", "b"))


def test_a_domain_is_labelled_when_every_image_is() -> None:
    assert Domain(images(2), labels(0, 1), ("a", "b")).labelled
    assert not Domain(images(2), labels(0, -1), ("a", "b")).labelled
    assert not Domain(images(0), labels(), ("a", "b")).labelled


def test_chosen_rows_take_everything_along() -> None:
    scenes = np.array([(0, 0.5), (1, 0.25), (0, 0.125)], dtype=[("label", "i8"), ("blur", "f4")])
    domain = Domain(images(3), labels(0, 1, 0), ("a", "b"), scenes, ("x", "y", "z"))
    chosen = domain.rows(np.array([2, 1, 2]))
    assert chosen.labels.tolist() == [0, 1, 0]
    assert chosen.paths == ("z", "y", "z")
    assert chosen.scenes is not None
    assert chosen.scenes["blur"].tolist() == [0.125, 0.25, 0.125]
    assert np.array_equal(in_memory(chosen.images), in_memory(domain.images)[[2, 1, 2]])


def test_what_a_method_sees_of_a_target_has_no_labels() -> None:
    assert not hasattr(Domain(images(2), labels(0, 1), ("a", "b")).unlabelled(), "labels")


@pytest.mark.parametrize("size", [1, 3, 7, 100])
def test_blocks_make_up_the_whole(size: int) -> None:
    whole = images(7)
    assert np.array_equal(np.concatenate(list(in_blocks(whole, size))), whole.array)


def test_copies_of_an_image_have_one_hash() -> None:
    pixels = images(3).array
    hashes = content_hashes(ArrayImages(pixels[[0, 1, 0, 2]]))
    assert hashes[0] == hashes[2]
    assert len(set(hashes)) == 3


def test_one_changed_pixel_changes_the_hash() -> None:
    pixels = images(1).array.copy()
    before = content_hashes(ArrayImages(pixels))
    pixels[0, 3, 4, 2] ^= 1
    assert content_hashes(ArrayImages(pixels)) != before


def test_labels_are_matched_by_name_and_never_by_index() -> None:
    domain = Domain(images(4), labels(0, 1, -1, 1), ("cat", "dog"))
    assert labels_by_name(domain, ("dog", "bird", "cat")).tolist() == [2, 0, -1, 0]


def test_a_class_that_does_not_occur_need_not_be_known() -> None:
    domain = Domain(images(2), labels(1, 1), ("yak", "dog"))
    assert labels_by_name(domain, ("dog",)).tolist() == [0, 0]


def test_a_class_that_occurs_and_is_not_known_is_named() -> None:
    domain = Domain(images(2), labels(0, 1), ("yak", "dog"), name="zoo")
    with pytest.raises(DataError, match=r"zoo has classes that the model does not know \(yak\); it knows dog"):
        labels_by_name(domain, ("dog",))


@pytest.mark.parametrize("folder", ["Cola-Can", "cola_can", "cola can"])
def test_a_class_that_is_spelt_otherwise_is_asked_about_and_never_counts_as_unknown(folder: str) -> None:
    domain = Domain(images(2), labels(0, 1), (folder, "soap"), name="shelf")
    with pytest.raises(DataError, match=rf"{folder}\); it knows .* Did you mean cola-can by {folder}\?"):
        labels_by_name(domain, ("cola-can", "soap"))
    with pytest.raises(DataError, match=rf"would count them as unknown\. Did you mean cola-can by {folder}\? Rename"):
        labels_by_name(domain, ("cola-can", "soap", "unknown"))


def test_another_class_counts_as_unknown_where_that_is_an_answer() -> None:
    domain = Domain(images(3), labels(0, 1, 2), ("cola-cam", "Unknown", "soap"))
    assert labels_by_name(domain, ("cola-can", "soap", "unknown")).tolist() == [2, 2, 1]
    assert classes_missing(domain, ("cola-can", "soap", "unknown")) == ["cola-cam", "Unknown"]


def test_a_long_list_of_classes_is_cut_short() -> None:
    classes = tuple(f"class {number}" for number in range(50))
    domain = Domain(images(50), np.arange(50), classes)
    with pytest.raises(DataError, match="… 50 in all") as caught:
        labels_by_name(domain, ("other",))
    assert len(str(caught.value)) < 400


def test_an_unlabelled_domain_stays_unlabelled() -> None:
    assert labels_by_name(Domain(images(2), labels(-1, -1), ()), ("a",)).tolist() == [-1, -1]


def test_copies_of_earlier_images_are_left_out() -> None:
    images = np.random.default_rng(0).integers(0, 256, (5, 4, 4, 3), dtype=np.uint8)
    again = distinct(ArrayImages(images[[0, 1, 0, 2, 2, 4, 1]]))
    np.testing.assert_array_equal(in_memory(again), images[[0, 1, 2, 4]])


def test_joined_domains_have_their_labels_by_name_and_paths_only_where_each_has_them() -> None:
    one = Domain(images(2), labels(0, 1), ("a", "b"), paths=("1.png", "2.png"))
    other = Domain(images(2, 1), labels(1, 0), ("c", "a"), paths=("3.png", "4.png"))
    both = joined([one, other], ("c", "b", "a"), name="both")
    assert both.labels.tolist() == [2, 1, 2, 0]
    assert both.paths == ("1.png", "2.png", "3.png", "4.png")
    assert np.array_equal(in_memory(both.images)[2:], in_memory(other.images))
    assert joined([one, replace(other, paths=None)], ("c", "b", "a"), name="both").paths is None


def test_without_unknown_what_has_no_label_still_has_none() -> None:
    found = without_unknown(Domain(images(4), labels(-1, 2, 1, 0), ("a", "unknown", "b"), name="few"))
    assert found.classes == ("a", "b")
    assert found.labels.tolist() == [-1, 1, 0]
    assert found.skipped == ("2: it is labelled as none of the classes",)
