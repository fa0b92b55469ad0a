"""Steps that are replayed are the steps of the eager path, whatever the method, wherever the run was stopped."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tape import ASK_THE_HOST
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile
from toy import blueprint, build, domain, logged, same, stopping_after, train_toy, views_beside_own, weights

from synthda.adapt.checkpoint import load_checkpoint
from synthda.adapt.feed import Feed
from synthda.adapt.graph import CAPTURES, WARM_UP, Work, captured, capturing_told, check_graph, why_eager
from synthda.adapt.infer import outputs
from synthda.adapt.method import Batch, LossTerms, Method
from synthda.adapt.methods import METHODS
from synthda.adapt.methods.dann import DANN
from synthda.adapt.methods.source_only import SourceOnly
from synthda.adapt.network import Network
from synthda.adapt.networks.layers import fully_connected
from synthda.adapt.run import Run
from synthda.adapt.train import Pace, train
from synthda.errors import RunError, SettingError

EAGER = {
    "adabn": "takes no steps",
    "sa": "takes no steps",
    "bnm": "singular value decomposition",
    "bsp": "eigenvalues",
    "shot": "pseudo-labels",
    "iwdan": "between steps",
}
"""Methods whose step no graph can hold, and what each says of why."""
gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
replayed = pytest.mark.parametrize("name", [name for name in METHODS if name not in EAGER])
Replaying = Callable[[], None]


def with_dropout(seed: int = 0) -> DANN:
    torch.manual_seed(seed)
    extractor = nn.Sequential(nn.Conv2d(3, 4, 5, stride=2), nn.ReLU(), nn.Flatten())
    return DANN(Network(extractor, fully_connected((4 * 6 * 6, 32, 2), dropout=0.5), 2, (16, 16)))


def test_the_methods_that_no_graph_can_hold_say_why() -> None:
    found = {name: why_eager("auto", blueprint(name).build(), "cuda") for name in METHODS}
    assert {name for name, reason in found.items() if reason is not None} == set(EAGER)
    assert all(text in str(found[name]) for name, text in EAGER.items())
    assert why_eager("auto", blueprint("dann+bsp").build(), "cuda") == found["bsp"]
    assert why_eager("auto", blueprint("dann+mcc").build(), "cuda") is None


@replayed
def test_replayed_it_is_the_same_training(name: str, tmp_path: Path, replaying: Replaying) -> None:
    plan = blueprint(name, steps=5, **views_beside_own(name, source_view="strong", target_view="strong"))
    eager = weights(train_toy(plan, Run(tmp_path / "eager")))
    replaying()
    assert same(weights(train_toy(plan, Run(tmp_path / "replayed"))), eager)
    assert logged(Run(tmp_path / "replayed")) == logged(Run(tmp_path / "eager"))


@pytest.mark.parametrize("name", ["bnm", "bsp"])
def test_a_step_that_asks_the_host_cannot_be_replayed(name: str, tmp_path: Path, replaying: Replaying) -> None:
    replaying()
    method = blueprint(name).build()
    method.eager_because = None
    with pytest.raises(AssertionError, match="waits for the device"):
        train_toy(blueprint(name), Run(tmp_path), method=method)


def stepping(name: str, device: str) -> tuple[Method, Feed, Callable[[Batch], LossTerms]]:
    """A method, its batches, and what takes a step with one."""
    # Not Adam: fused on a CPU, it reads its own count of steps.
    views = views_beside_own(name, source_view="strong", target_view="strong")
    plan = blueprint(name, **views, optimizer="sgd")
    method = build(plan).to(device).train()
    feed = Feed(method, [domain()], domain(target=True).images, plan.recipe, 0, torch.device(device))
    optimizers, p = method.optimizers(plan.recipe), torch.full((), 0.5, device=device)

    def descend(loss: Tensor, *names: str) -> None:
        loss.backward()  # type: ignore[no-untyped-call]
        for optimizer in [optimizers[each] for each in names] or optimizers.values():
            optimizer.step()

    return method, feed, lambda batch: method.step(batch, p, descend)


@replayed
def test_a_step_asks_the_host_nothing_and_keeps_its_state_where_it_is(name: str) -> None:
    method, feed, step = stepping(name, "cpu")
    before = {name: value.data_ptr() for name, value in method.state_dict().items()}
    rows = feed.rows(0)
    with profile(activities=[ProfilerActivity.CPU]) as seen:  # what happens inside a gradient's formula, too
        step(feed.gather(rows))
    done = {event.key.removeprefix("aten::") for event in seen.key_averages()}
    assert {name for name in done if name.startswith(ASK_THE_HOST)} == set()
    assert "convolution_backward" in done
    assert {name: value.data_ptr() for name, value in method.state_dict().items()} == before


@pytest.mark.parametrize("optimizer", ["sgd", pytest.param("adam", marks=pytest.mark.slow)])
def test_two_hundred_steps_with_dropout_and_changing_rates(
    optimizer: str, tmp_path: Path, replaying: Replaying
) -> None:
    plan = blueprint(steps=200, optimizer=optimizer, schedule="ganin", target_view="weak")
    eager = weights(train_toy(plan, Run(tmp_path / "eager"), method=with_dropout(), pace=Pace(log_every=7)))
    replaying()
    run = Run(tmp_path / "replayed")
    assert same(weights(train_toy(plan, run, method=with_dropout(), pace=Pace(log_every=7))), eager)
    assert logged(run) == logged(Run(tmp_path / "eager"))


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_stopped_after_each_step_and_replayed_again_it_is_the_same_run(
    optimizer: str,
    tmp_path: Path,
    replaying: Replaying,
) -> None:
    plan = blueprint(steps=5, optimizer=optimizer)
    whole = weights(train_toy(plan, Run(tmp_path / "eager"), method=with_dropout()))
    replaying()
    run = Run(tmp_path / "halting")
    for step in range(1, 6):
        with pytest.raises(KeyboardInterrupt):
            train_toy(plan, run, pace=stopping_after(step), method=with_dropout())
    assert same(weights(train_toy(plan, run, method=with_dropout())), whole)
    assert logged(run) == logged(Run(tmp_path / "eager"))


def test_capturing_leaves_state_and_generator_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    kept, made, times = torch.tensor([1.0, 2.0]), [], []

    def work() -> None:
        kept.add_(torch.rand(2))
        if not made:
            made.append(torch.ones(3))
        times.append(1)

    def capture(work: Work, device: torch.device) -> Work:
        for _ in range(WARM_UP):
            work()
        return work

    monkeypatch.setitem(CAPTURES, "cpu", capture)
    torch.manual_seed(5)
    expected = torch.rand(2)
    torch.manual_seed(5)
    again = captured(work, torch.device("cpu"), lambda: [kept, *made])
    assert kept.tolist() == [1.0, 2.0]
    assert made[0].tolist() == [0.0, 0.0, 0.0]
    again()
    torch.testing.assert_close(kept, torch.tensor([1.0, 2.0]) + expected)
    assert len(times) == WARM_UP + 1


def test_a_step_that_cannot_be_captured_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(work: Work, device: torch.device) -> Work:
        with capturing_told():
            raise RuntimeError("operation not permitted when stream is capturing\nat line 7")

    monkeypatch.setitem(CAPTURES, "cpu", refuses)
    with pytest.raises(RunError, match=r"not permitted when stream is capturing\); give --graph off") as caught:
        train_toy(blueprint(), Run(tmp_path))
    assert "\n" not in str(caught.value)
    plan = blueprint(graph="off")
    train_toy(plan, Run(tmp_path / "eager"))


class Refreshed(SourceOnly):
    uses_target = True
    refresh_every = 1


@pytest.mark.parametrize(
    ("graph", "method", "device", "reason"),
    [
        ("off", "dann", "cuda", "as --graph off asks"),
        ("auto", "dann", "cpu", "there are no CUDA graphs on cpu"),
        ("auto", "dann", "mps", "there are no CUDA graphs on mps"),
        ("on", "dann", "cuda:1", None),
    ],
)
def test_the_reason_for_the_eager_path(graph: str, method: str, device: str, reason: str | None) -> None:
    assert why_eager(graph, blueprint(method).build(), device) == reason  # type: ignore[arg-type]


def test_a_method_that_sees_whole_domains_and_several_processes_are_eager(monkeypatch: pytest.MonkeyPatch) -> None:
    network = blueprint().build().network
    assert "whole domains" in str(why_eager("auto", Refreshed(network), "cuda"))
    monkeypatch.setattr("torch.distributed.is_initialized", lambda: True)
    monkeypatch.setattr("torch.distributed.get_world_size", lambda: 2)
    assert "several processes" in str(why_eager("auto", SourceOnly(network), "cuda"))


def test_a_graph_that_is_asked_for_and_impossible_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"--graph on is not possible: there are no CUDA graphs on cpu; give"):
        train_toy(blueprint(graph="on"), Run(tmp_path))
    assert not Run(tmp_path).metrics.exists()
    check_graph("auto", blueprint().build(), "cpu")


def on_gpu(
    plan_of: Callable[[], Method], folder: Path, device: str = "cuda", **given: object
) -> tuple[Method, list[dict[str, float]]]:
    plan = blueprint(**{"steps": 200, "target_view": "weak", **given})  # type: ignore[arg-type]
    run, method = Run(folder), plan_of()
    run.begin({})
    pace = Pace(log_every=1)
    train(method, [domain()], domain(target=True).images, plan.recipe, run, device=device, pace=pace)
    return method, logged(run)


@gpu
@pytest.mark.gpu
def test_on_a_gpu_a_graph_has_the_losses_of_the_eager_path_over_two_hundred_steps(tmp_path: Path) -> None:
    _, eager = on_gpu(with_dropout, tmp_path / "eager", graph="off")
    _, graph = on_gpu(with_dropout, tmp_path / "graph", graph="on")
    for one, other in zip(eager, graph, strict=True):
        assert one == pytest.approx(other, rel=1e-3, abs=1e-4)


@gpu
@pytest.mark.gpu
def test_on_a_gpu_a_graph_is_deterministic_and_resumes_bit_for_bit(tmp_path: Path) -> None:
    found = [weights(on_gpu(with_dropout, tmp_path / str(number), steps=20)[0]) for number in range(2)]
    assert same(*found)
    plan, run = blueprint(steps=20, target_view="weak"), Run(tmp_path / "stopped")
    run.begin({})
    given = (with_dropout(), [domain()], domain(target=True).images, plan.recipe, run)
    with pytest.raises(KeyboardInterrupt):
        train(*given, device="cuda", pace=stopping_after(7))
    resumed = with_dropout()
    train(resumed, *given[1:], device="cuda")
    assert same(weights(resumed), found[0])


@contextmanager
def nothing_waiting() -> Iterator[None]:
    """Within: what waits for the GPU raises."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that this is a prototype: an error here, after the mode has been set
            torch.cuda.set_sync_debug_mode("error")
        yield
    finally:
        torch.cuda.set_sync_debug_mode("default")


@gpu
@pytest.mark.gpu
@replayed
def test_on_a_gpu_no_step_waits_for_the_device(name: str) -> None:
    _, feed, step = stepping(name, "cuda")
    step(feed.batch(0))
    rows = feed.rows(1)
    with nothing_waiting():
        terms = step(feed.gather(rows))
    assert terms
    assert all(term.isfinite() for term in terms.values())


@gpu
@pytest.mark.gpu
@replayed
def test_on_a_gpu_every_such_method_can_be_captured(name: str, tmp_path: Path) -> None:
    method, lines = on_gpu(lambda: build(blueprint(name)), tmp_path, steps=5, graph="on")
    assert len(lines) == 5
    assert all(value.isfinite().all() for value in method.parameters())


@gpu
@pytest.mark.gpu
@pytest.mark.parametrize("precision", ["tf32", "bf16"])
def test_on_a_gpu_a_graph_has_the_losses_of_the_eager_path_in_coarse_numbers(precision: str, tmp_path: Path) -> None:
    given: dict[str, Any] = {"steps": 20, "precision": precision}
    _, eager = on_gpu(with_dropout, tmp_path / "eager", graph="off", **given)
    _, graph = on_gpu(with_dropout, tmp_path / "graph", graph="on", **given)
    for one, other in zip(eager, graph, strict=True):
        assert one == pytest.approx(other, rel=1e-2, abs=1e-3)


def on_both(names: Iterable[str], elsewhere: Iterable[str]) -> list[Any]:
    """Names of methods on a GPU, and a few on a CPU, to see that the test itself runs."""
    return [
        *(pytest.param("cpu", name) for name in names),
        *(pytest.param("cuda", name, marks=[gpu, pytest.mark.gpu]) for name in elsewhere),
    ]


@pytest.mark.parametrize(("device", "name"), on_both(["dann", "shot"], METHODS))
def test_what_has_learnt_on_any_device_is_loaded_on_a_cpu_and_answers_as_it_did(
    device: str, name: str, tmp_path: Path
) -> None:
    plan = blueprint(name)
    method, _ = on_gpu(lambda: build(plan), tmp_path, device, steps=5)
    loaded, images = plan.build(), domain(40, seed=1, target=True).images
    assert load_checkpoint(Run(tmp_path).checkpoint, loaded, {}) == method.steps(blueprint(steps=5).recipe)
    found, expected = outputs(method, images), outputs(loaded, images)
    np.testing.assert_allclose(found, expected, atol=1e-3 * max(1.0, float(np.abs(expected).max())))


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize(
    ("first", "then"),
    [
        ("cpu", "cpu"),
        pytest.param("cpu", "cuda", marks=[gpu, pytest.mark.gpu]),
        pytest.param("cuda", "cpu", marks=[gpu, pytest.mark.gpu]),
    ],
)
def test_a_run_goes_on_on_another_device(first: str, then: str, optimizer: str, tmp_path: Path) -> None:
    plan = blueprint(steps=8, optimizer=optimizer)
    train_toy(plan, Run(tmp_path / "whole"))
    run = Run(tmp_path / "moved")
    run.begin({})
    given = ([domain()], domain(target=True).images, plan.recipe, run)
    with pytest.raises(KeyboardInterrupt):
        train(build(plan), *given, device=first, pace=stopping_after(4))
    assert train(build(plan), *given, device=then, pace=Pace(log_every=1)) == 4
    for one, other in zip(logged(run), logged(Run(tmp_path / "whole")), strict=True):
        assert one["label"] == pytest.approx(other["label"], rel=0.02)
