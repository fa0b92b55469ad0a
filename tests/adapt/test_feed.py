"""Batches: the rows that they name, every source its share, pixels between 0 and 1."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from toy import blueprint, domain

from synthda.adapt.additive import entropy
from synthda.adapt.feed import Feed
from synthda.adapt.method import Batch, LossTerms
from synthda.adapt.methods.source_only import SourceOnly
from synthda.adapt.network import Network
from synthda.adapt.networks.layers import fully_connected
from synthda.adapt.recipe import Recipe
from synthda.adapt.resident import AT_ONCE, LARGE, Resident, as_batch, as_floats, channel_statistics
from synthda.adapt.run import Run
from synthda.adapt.train import train
from synthda.datasets.domain import ArrayImages, Domain, Images
from synthda.errors import DataError, SettingError


class Spy(SourceOnly):
    """Keeps the batches that it is given."""

    uses_target = True

    def __init__(self, network: Network) -> None:
        super().__init__(network)
        self.batches: list[Batch] = []

    def losses(self, batch: Batch, p: Tensor) -> LossTerms:
        self.batches.append(batch)
        return super().losses(batch, p)


class SourceFree(Spy):
    """Learns to be sure of the target."""

    uses_source = False

    def losses(self, batch: Batch, p: Tensor) -> LossTerms:
        self.batches.append(batch)
        return {"entropy": entropy(self.network(batch.target[0]).softmax(dim=1)).mean()}


class Forbidden:
    """Images that nobody may read."""

    shape = (64, 16, 16, 3)

    def read(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        raise AssertionError("a source image was read")


def spied(sources: list[Domain], target: Images, run: Run, method: type[Spy] = Spy, **recipe: int) -> list[Batch]:
    network = Network(nn.Sequential(nn.Conv2d(3, 2, 16), nn.Flatten()), fully_connected((2, 2)), 2, (16, 16))
    spy = method(network)
    run.begin({})
    train(spy, sources, target, replace(Recipe(steps=4), **recipe), run)
    return spy.batches


def test_a_batch_holds_the_rows_that_it_names(tmp_path: Path) -> None:
    source, target = domain(40), domain(30, target=True)
    batches = spied([source], target.images, Run(tmp_path), source_batch=10, target_batch=6)
    for batch in batches:
        rows, expected = batch.source_index.numpy(), torch.from_numpy(source.images.read(batch.source_index.numpy()))
        torch.testing.assert_close(batch.source[0], expected.permute(0, 3, 1, 2) / 255)
        assert batch.source_labels.tolist() == source.labels[rows].tolist()
        expected = torch.from_numpy(target.images.read(batch.target_index.numpy()))
        torch.testing.assert_close(batch.target[0], expected.permute(0, 3, 1, 2) / 255)
        assert not batch.source_domain.any()
    assert sorted(torch.cat([batch.source_index for batch in batches]).tolist()) == list(range(40))


def test_several_sources_share_the_batch(tmp_path: Path) -> None:
    sources = [domain(20), domain(12, seed=1), domain(9, seed=2)]
    batches = spied(sources, domain(target=True).images, Run(tmp_path), source_batch=10)
    for batch in batches:
        counts = torch.bincount(batch.source_domain, minlength=3).tolist()
        assert sum(counts) == 10
        assert min(counts) >= 3
        for place, (index, row) in enumerate(
            zip(batch.source_domain.tolist(), batch.source_index.tolist(), strict=True)
        ):
            assert batch.source_labels[place] == sources[index].labels[row]


def test_labelled_target_images_come_last_and_are_counted() -> None:
    sources, few, recipe = [domain(20), domain(12, seed=1)], domain(5, seed=2), Recipe(source_batch=10)
    target, device = domain(target=True).images, torch.device("cpu")
    batch = Feed(blueprint().build(), sources, target, recipe, 0, device, labelled_target=few).batch(0)
    assert batch.source_domain.tolist() == [0] * 3 + [1] * 4 + [2] * 3
    assert batch.labelled_target == 3
    assert batch.source_labels[-3:].tolist() == few.labels[batch.source_index[-3:]].tolist()
    assert torch.equal(batch.of_sources(batch.source[0]), batch.source[0][:7])


def test_more_sources_than_images_in_a_batch_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="source_batch=1 is too small"):
        spied([domain(), domain(seed=1)], domain(target=True).images, Run(tmp_path), source_batch=1)
    target, two = domain(target=True).images, Recipe(source_batch=2)
    with pytest.raises(SettingError, match="source_batch=2 is too small; give at least 3"):
        Feed(blueprint().build(), [domain()] * 2, target, two, 0, torch.device("cpu"), labelled_target=domain(5))


@pytest.mark.parametrize("count", [0, 1, 100])
def test_a_source_free_method_never_sees_a_source_image(count: int, tmp_path: Path) -> None:
    sources = [replace(domain(), images=Forbidden())] * count
    batches = spied(sources, domain(target=True).images, Run(tmp_path), SourceFree, target_batch=6)
    for batch in batches:
        assert batch.source == ()
        assert len(batch.source_labels) == len(batch.source_domain) == len(batch.source_index) == 0
        assert batch.target[0].shape == (6, 3, 16, 16)


def test_views_of_the_source_are_those_that_the_method_compares(tmp_path: Path) -> None:
    class Views(Spy):
        source_views = ("none", "weak", "strong")

    (batch, *_) = spied([domain()], domain(target=True).images, Run(tmp_path), Views)
    plain, weak, strong = batch.source
    assert plain.shape == weak.shape == strong.shape
    assert not torch.equal(plain, weak)
    assert not torch.equal(weak, strong)
    assert len(batch.target) == 1


def test_a_target_without_images_is_refused(tmp_path: Path) -> None:
    empty = ArrayImages(np.zeros((0, 16, 16, 3), np.uint8))
    with pytest.raises(DataError, match="holds no image"):
        spied([domain()], empty, Run(tmp_path))


def test_batches_larger_than_the_domains_repeat_them(tmp_path: Path) -> None:
    batches = spied([domain(3)], domain(2, target=True).images, Run(tmp_path), source_batch=8, target_batch=5)
    assert set(batches[0].source_index.tolist()) == {0, 1, 2}


def resident(array: NDArray[np.uint8]) -> Resident:
    labels = np.zeros(len(array), np.int64)
    return Resident(ArrayImages(array), labels, 1, seed=0, stream=0, device=torch.device("cpu"))


def test_normalisation_counts_every_domain_alike_whatever_its_size() -> None:
    bright, dark = np.full((90, 4, 4, 3), 255, np.uint8), np.zeros((10, 4, 4, 3), np.uint8)
    mean, deviation = channel_statistics([resident(bright), resident(dark)])
    assert mean.tolist() == pytest.approx([0.5] * 3)
    assert deviation.tolist() == pytest.approx([0.5] * 3)


def test_a_whole_domain_is_seen_in_the_order_of_its_rows_as_often_as_asked() -> None:
    array = np.random.default_rng(0).integers(0, 256, (2 * AT_ONCE + 1, 2, 3, 3), dtype=np.uint8)
    seen = resident(array)
    for _ in range(2):
        assert [len(images) for images in seen] == [AT_ONCE, AT_ONCE, 1]
        images = torch.cat(list(seen))
        assert np.array_equal((images * 255).round().permute(0, 2, 3, 1).numpy(), array)


def test_a_resident_domain_does_not_write_into_the_images_that_it_was_given() -> None:
    array = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3), dtype=np.uint8)
    array.flags.writeable = False
    drawn, _, rows = resident(array).draw(0)
    assert drawn.max() <= 1
    assert np.array_equal((drawn[0] * 255).round().permute(1, 2, 0).numpy(), array[rows[0]])


def test_domain_labels_that_do_not_fit_the_sources_are_refused(tmp_path: Path) -> None:
    method = blueprint("dann", source_domains=3).build()
    run = Run(tmp_path)
    run.begin({})
    with pytest.raises(SettingError, match="source_domains=3 does not fit 2 sources; give 2"):
        train(method, [domain(), domain(seed=1)], domain(target=True).images, Recipe(), run)


def test_a_large_batch_has_the_bits_and_the_layout_of_a_small_one() -> None:
    images = torch.randint(0, 256, (LARGE // 3 // 64**2 + 1, 64, 64, 3), dtype=torch.uint8)
    rows = torch.randperm(len(images))
    large, plain = as_batch(images, rows), as_floats(images[rows])
    assert torch.equal(large, plain)
    assert large.stride() == plain.stride()
