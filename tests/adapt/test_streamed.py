"""Streaming: the batches of a resident domain whatever is read ahead, and runs that outlive a lost shard."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from stored import noise, stored
from toy import blueprint, domain, same, weights

from synthda.adapt import order
from synthda.adapt.metrics_log import Entry
from synthda.adapt.placement import Placement
from synthda.adapt.resident import Resident, channel_statistics
from synthda.adapt.run import Run
from synthda.adapt.streamed import Streamed, Windows
from synthda.adapt.train import Pace, train
from synthda.datasets import shards
from synthda.datasets.domain import ChosenImages, Domain, StoredImages
from synthda.datasets.shards import open_shards, shard_name
from synthda.errors import DataError

CPU = torch.device("cpu")


@pytest.fixture
def _small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows of four chunks: 512 rows of 4×4 pixels, 32 of 16×16."""
    monkeypatch.setattr(order, "WINDOW_BYTES", 512 * 48)
    monkeypatch.setattr(shards, "CHUNK_BYTES", 128 * 48)


def both(found: Domain, batch: int, *, seed: int = 3) -> tuple[Resident, Streamed]:
    assert isinstance(found.images, StoredImages)
    resident = Resident(found.images, found.labels, batch, seed=seed, stream=1, device=CPU)
    return resident, Streamed(found.images, found.labels, batch, seed=seed, stream=1, device=CPU)


def assert_same_draw(resident: Resident, streamed: Streamed, step: int) -> None:
    for one, other in zip(resident.draw(step), streamed.draw(step), strict=True):
        assert torch.equal(one, other)
        assert one.stride() == other.stride()  # convolutions choose their arithmetic by it


@pytest.mark.usefixtures("_small_windows")
@pytest.mark.parametrize("n", [1, 5, 512, 1300])
@pytest.mark.parametrize("batch", [1, 64, 600])
def test_every_batch_is_that_of_a_resident_domain(n: int, batch: int, tmp_path: Path) -> None:
    resident, streamed = both(stored(noise(n), tmp_path), batch)
    for step in range(min(3 * n // batch + 2, 60)):
        assert_same_draw(resident, streamed, step)


@pytest.mark.usefixtures("_small_windows")
def test_a_batch_does_not_depend_on_what_was_read_before(tmp_path: Path) -> None:
    resident, streamed = both(stored(noise(1300), tmp_path), 100)
    for step in (40, 0, 13, 12, 5, 5, 41, 200, 1):
        assert_same_draw(resident, streamed, step)


@pytest.mark.usefixtures("_small_windows")
def test_a_drawn_batch_stays_as_it_is_when_the_next_window_is_read(tmp_path: Path) -> None:
    _, streamed = both(stored(noise(1300), tmp_path), 300)
    drawn = [streamed.draw(step)[0] for step in range(12)]
    again = [streamed.draw(step)[0] for step in range(12)]
    assert all(torch.equal(one, other) for one, other in zip(drawn, again, strict=True))


@pytest.mark.usefixtures("_small_windows")
def test_no_more_than_two_windows_lie_in_memory(tmp_path: Path) -> None:
    _, streamed = both(stored(noise(1300), tmp_path), 64)
    slots = streamed._windows._slots
    held = {slot.pixels.data_ptr() for slot in slots}
    for step in range(50):
        streamed.draw(step)
    assert [slot.pixels.shape[0] for slot in slots] == [512, 512]
    assert {slot.pixels.data_ptr() for slot in slots} == held


@pytest.mark.usefixtures("_small_windows")
@pytest.mark.parametrize(
    "name",
    [
        "cpu",
        pytest.param(
            "cuda",
            marks=[pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")],
        ),
    ],
)
@pytest.mark.parametrize("part", [slice(None), slice(1, None, 2)])
def test_batches_on_a_device_are_the_same_wherever_the_images_lie(name: str, part: slice, tmp_path: Path) -> None:
    found, device = stored(noise(1300), tmp_path), torch.device(name)
    assert isinstance(found.images, StoredImages)
    given: dict[str, Any] = {"seed": 3, "stream": 1, "part": part}
    here, there = (Resident(found.images, found.labels, 100, device=one, **given) for one in (CPU, device))
    carried = Resident(found.images, found.labels, 100, device=device, home=CPU, **given)
    streamed = Streamed(found.images, found.labels, 100, device=device, **given)
    drawn = [[each.draw(step) for each in (there, carried, streamed)] for step in range(40)]  # none waits for another
    for step, batches in enumerate(drawn):
        assert len({images.stride() for images, _, _ in (*batches, here.draw(step))}) == 1
        for batch in batches:
            for one, other, expected in zip(batch, batches[0], here.draw(step), strict=True):
                assert one.device.type == device.type
                assert torch.equal(one, other)
                torch.testing.assert_close(one.cpu(), expected)
    for one, other in zip(channel_statistics([there]), channel_statistics([here]), strict=True):
        assert torch.equal(one, other)


def test_whole_domains_and_their_statistics_are_those_of_a_resident_domain(tmp_path: Path) -> None:
    resident, streamed = both(stored(noise(600), tmp_path), 8)
    assert torch.equal(torch.cat(list(resident)), torch.cat(list(streamed)))
    for one, other in zip(channel_statistics([resident]), channel_statistics([streamed]), strict=True):
        assert torch.equal(one, other)


def test_chosen_rows_are_streamed_like_a_domain_of_their_own(tmp_path: Path) -> None:
    whole, rows = stored(noise(700), tmp_path), np.random.default_rng(0).permutation(700)[:400]
    chosen = whole.rows(rows, stored=True)
    assert isinstance(chosen.images, ChosenImages)
    assert np.array_equal(chosen.images.read(np.arange(400)), whole.images.read(rows))
    resident, streamed = both(chosen, 50)
    for step in range(20):
        assert_same_draw(resident, streamed, step)


@pytest.mark.usefixtures("_small_windows")
def test_the_next_window_is_read_before_it_is_asked_for(tmp_path: Path) -> None:
    found = stored(noise(1300), tmp_path)
    assert isinstance(found.images, StoredImages)
    windows = Windows(found.images, both(found, 64)[1].sampler, CPU)
    windows.at(0)
    assert windows._held[1][0] == 1
    assert len(windows._held[1][1].result(timeout=10).rows) == 512


def trained(folder: Path, place: Placement, pace: Pace | None = None, *, source: Domain, target: Domain) -> Run:
    """A run of DANN on the toy domains, or on with it."""
    run, plan = Run(folder), blueprint("dann", steps=12)
    run.begin({"blueprint": plan.as_dict()})
    method = plan.build()
    train(method, [source], target.images, plan.recipe, run, device="cpu", pace=replace(pace or Pace(), images=place))
    torch.save(weights(method), folder / "weights.pt")
    return run


def weights_in(run: Run) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = torch.load(run.folder / "weights.pt", weights_only=True)
    return found


@pytest.fixture
def domains(tmp_path: Path, _small_windows: None) -> dict[str, Domain]:
    """Several windows an epoch, several shards a window."""
    source, target = domain(150), domain(150, target=True)
    return {"source": stored(source, tmp_path / "s", shard=32), "target": stored(target, tmp_path / "t", shard=32)}


def test_where_the_images_lie_changes_no_bit_of_the_weights(tmp_path: Path, domains: dict[str, Domain]) -> None:
    ends = [weights_in(trained(tmp_path / place, place, **domains)) for place in ("device", "memory", "stream")]
    assert same(ends[0], ends[1])
    assert same(ends[0], ends[2])


def remove(path: Path) -> None:
    path.unlink()


def cut_off(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    os.utime(path, ns=(0, 0))  # so that the change is seen where the clock of the file system is coarse
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("harm", "said"),
    [(remove, "cannot be read any more"), (cut_off, "has changed"), (flip_a_bit, "has changed")],
)
def test_a_shard_lost_in_mid_epoch_is_named_and_the_run_goes_on_once_it_is_back(
    harm: Callable[[Path], None], said: str, tmp_path: Path, domains: dict[str, Domain]
) -> None:
    whole = weights_in(trained(tmp_path / "whole", "stream", **domains))
    lost = [tmp_path / "t" / shard_name(index) for index in range(5)]
    for path in lost:
        shutil.copy(path, path.with_suffix(".kept"))

    def harmed(entry: Entry) -> None:
        if entry["step"] == 4:
            for path in lost:
                harm(path)

    pace = Pace(log_every=1, checkpoint_seconds=0, on_log=harmed)
    with pytest.raises(DataError, match=said) as caught:
        trained(tmp_path / "run", "stream", pace, **domains)
    assert any(str(path) in str(caught.value) for path in lost)
    assert "\n" not in str(caught.value)
    with pytest.raises(DataError):
        open_shards(tmp_path / "t")
    for path in lost:
        shutil.copy(path.with_suffix(".kept"), path)
    restored = {**domains, "target": open_shards(tmp_path / "t")}
    assert same(weights_in(trained(tmp_path / "run", "stream", **restored)), whole)


@pytest.mark.parametrize("stop", [1, 5, 11])
def test_a_run_that_was_stopped_goes_on_to_the_same_bits_from_another_place(
    stop: int, tmp_path: Path, domains: dict[str, Domain]
) -> None:
    whole = weights_in(trained(tmp_path / "whole", "device", **domains))

    def stopped(entry: Entry) -> None:
        if entry["step"] == stop:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "run", "stream", Pace(log_every=1, checkpoint_seconds=0, on_log=stopped), **domains)
    assert same(weights_in(trained(tmp_path / "run", "stream", **domains)), whole)
