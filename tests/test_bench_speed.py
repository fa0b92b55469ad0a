"""The speed measurements: floors that are counted by hand, and that each runs before a GPU is at hand."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from bench import train_cpu, train_gpu
from bench.dann import Arrays, Features, blueprint, build
from bench.floor import Ceiling, Operation, measured_ceiling, operations_of, step_of
from bench.time_to_accuracy import measure as time_to_accuracy
from bench.train_gpu import QUICK, Bench
from synthda.adapt.data import Data
from synthda.datasets.domain import ArrayImages, Domain


def test_a_linear_layer_has_three_products_and_the_first_two() -> None:
    # 2 · 5 · 4 · 3 operations; 4 bytes each of 5·4 inputs, 5·3 outputs and 4·3 weights.
    layer = nn.Sequential(nn.Linear(4, 3))
    found = operations_of(layer, (5, 4), element=4)
    assert [(part.operations, part.bytes) for part in found] == [(120, 4 * (20 + 15 + 12))] * 3
    assert len(operations_of(layer, (5, 4), element=4, first=True)) == 2
    assert operations_of(layer, (5, 4), element=2)[0].bytes == 2 * (20 + 15 + 12)


def test_a_convolution_counts_each_output_once_for_each_weight_of_its_filter() -> None:
    # 2 images of 8×8 → 6 maps of 6×6, filters of 3·3·3 = 27 weights.
    found = operations_of(nn.Sequential(nn.Conv2d(3, 6, 3), nn.ReLU()), (2, 3, 8, 8), element=4, first=True)
    outputs = 2 * 6 * 6 * 6
    assert [part.operations for part in found] == [2 * outputs * 27] * 2 + [0, 0]
    assert found[0].bytes == 4 * (2 * 3 * 64 + outputs + 6 * 27)
    assert found[2].bytes == found[3].bytes == 4 * 2 * outputs


def test_each_part_is_bound_by_the_slower_of_the_two_ceilings() -> None:
    ceiling = Ceiling(operations=100.0, bandwidth=10.0)
    assert ceiling.seconds([Operation("much to compute", 200, 10), Operation("much to move", 10, 50)]) == 2 + 5


def test_a_step_of_ganins_network_by_hand() -> None:
    # Valid padding, per image: 28 → 24 → 12 → 8 → 4; 75 and 800 weights a filter; 768 features.
    forward = {
        "first": 24 * 24 * 32 * 75,
        "second": 8 * 8 * 48 * 800,
        "label": 768 * 100 + 100 * 100 + 100 * 10,
        "domain": 768 * 100 + 100,
    }
    expected = 2 * (
        128 * (2 * forward["first"] + 3 * forward["second"]) + 64 * 3 * forward["label"] + 128 * 3 * forward["domain"]
    )
    parts = step_of(build(), 64, 64)
    assert sum(part.operations for part in parts) == expected
    weights = sum(parameter.numel() for parameter in build().parameters())
    assert {part.name: part.bytes for part in parts}["SGD"] == 20 * weights
    assert {part.name: part.bytes for part in parts}["gather to float"] == 128 * 3 * 784 * 5


def test_the_page_says_what_is_counted() -> None:
    told = (Path(__file__).parent.parent / "docs" / "performance.md").read_text(encoding="utf-8")
    for network, batch in (("ganin-mnist", 64), ("ganin-svhn", 512)):
        parts = step_of(build(network=network), batch, batch)
        operations, moved = sum(part.operations for part in parts), sum(part.bytes for part in parts)
        row = f"| `{network}`, {batch} + {batch} | {operations / 1e9:,.1f} · 10⁹ | {moved / 1e6:,.0f} MB |"
        assert row in told


def test_ceilings_are_what_was_timed() -> None:
    found = measured_ceiling("float32", "cpu", side=32, bytes_=2**12)
    assert found.operations > 0
    assert found.bandwidth > 0


def test_peers_get_the_features_of_our_network() -> None:
    method, images = build(), torch.rand(2, 3, 28, 28)
    method.network.normalise_by(torch.tensor([0.1, 0.2, 0.3]), torch.ones(3))
    torch.testing.assert_close(Features(method.network)(images), method.network.features(images))


def test_the_cpu_measurement_tells_which_peer_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*given: object) -> float:
        raise ImportError("No module named 'pytorch_adapt'")

    monkeypatch.setattr(train_cpu, "PEERS", {"pytorch-adapt": missing, "ours again": lambda *given: 1.0})
    found = train_cpu.measure(steps=1, repeats=1)
    assert found["not_measured"] == {"pytorch-adapt": "ImportError: No module named 'pytorch_adapt'"}
    assert found["peers"]["ours again"]["images_per_second"] == [128]
    assert found["ratio_range"][0] <= found["ratio_to_floor"] <= found["ratio_range"][1]


def test_the_gpu_measurement_leaves_out_what_it_has_and_goes_on_after_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(bench: Bench) -> dict[str, object]:
        raise RuntimeError("out of memory")

    def not_again(bench: Bench) -> dict[str, object]:
        raise AssertionError("measured twice")

    out = tmp_path / "train_gpu.json"
    cells = {"fails": fails, "mnist": train_gpu.mnist}
    monkeypatch.setattr(train_gpu, "CELLS", cells)
    bench = Bench("cpu", QUICK, None)
    assert train_gpu.measure(bench, out, until=0)["cells"] == {}
    found = train_gpu.measure(bench, out, until=float("inf"))["cells"]
    assert set(found) == {"mnist"}
    assert set(found["mnist"]["images_per_second"]) == {"bare loop, float32", "eager, float32", "eager, bf16"}
    assert found["mnist"]["machine"]["device"]
    monkeypatch.setattr(train_gpu, "CELLS", {"mnist": not_again})
    assert train_gpu.measure(bench, out, until=float("inf")) == json.loads(out.read_text(encoding="utf-8"))


def test_kernels_that_the_profiler_does_not_see_are_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    class Blind:
        def start(self) -> None: ...
        def stop(self) -> None: ...
        def key_averages(self) -> list[object]:
            return []

    monkeypatch.setattr(train_gpu, "profile", lambda **given: Blind())
    monkeypatch.setattr(train_gpu, "rate", lambda *given: 1.0)
    found = train_gpu.mnist_kernels(Bench("cuda", QUICK, None))
    assert {each["step_over_kernels"] for each in found["seconds"].values()} == {None}


def test_a_peer_is_not_held_to_the_algorithms_that_ours_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []

    def seconds(*given: object, **named: object) -> float:
        seen.append(torch.backends.cudnn.deterministic)
        return 1.0

    monkeypatch.setattr("bench.peers.dann_pytorch_adapt.seconds", seconds)
    monkeypatch.setattr(torch.backends.cudnn, "deterministic", True)
    train_gpu.pytorch_adapt(Bench("cpu", QUICK, None))
    assert seen == [False, False]
    assert torch.backends.cudnn.deterministic


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mnist-kernels", "svhn"])
def test_every_cell_of_the_gpu_measurement_runs_on_a_cpu(name: str) -> None:
    found = train_gpu.CELLS[name](Bench("cpu", QUICK, None))
    assert all(times["step"] > 0 for times in found["seconds"].values())


def test_the_time_to_an_accuracy_ends_where_it_is_first_reached() -> None:
    arrays = Arrays.random(64)
    source = Domain(ArrayImages(arrays.source), arrays.labels, tuple("0123456789"))
    data = Data(sources=(source,), target=ArrayImages(arrays.target), evaluation=source)
    found = time_to_accuracy(blueprint(3), data, "cpu", aim=0.0, every=1)
    assert found["reached_after_steps"] == 1
    assert 0 < found["seconds_of_training"] < found["seconds_from_process_start"]
    assert list(found["accuracies"]) == [1, 2, 3]
    never = time_to_accuracy(blueprint(1), data, "cpu", aim=1.1, every=1)
    assert never["seconds_of_training"] is None
    assert np.isfinite(list(never["accuracies"].values())).all()


def test_what_a_method_starts_from_counts_as_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.time_to_accuracy.training_seconds", lambda run: 1000.0)
    arrays = Arrays.random(64)
    source = Domain(ArrayImages(arrays.source), arrays.labels, tuple("0123456789"))
    data = Data(sources=(source,), target=ArrayImages(arrays.target), evaluation=source)
    alone = replace(blueprint(2), method="source-only", method_settings={})
    found = time_to_accuracy(replace(alone, method="shot"), data, "cpu", aim=0.0, every=1)
    assert list(found["accuracies"]) == [1, 2]
    assert 1000 < found["seconds_of_training"] < 1500
    assert time_to_accuracy(alone, data, "cpu", aim=0.0, every=1)["seconds_of_training"] < 500
