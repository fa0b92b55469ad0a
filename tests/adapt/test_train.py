"""The loop: stopped anywhere and resumed it is the same run; what breaks down is told, and the good state kept."""

from __future__ import annotations

import inspect
import signal
import typing
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from toy import blueprint, domain, logged, same, train_toy, weights

from synthda.adapt.checkpoint import load_checkpoint, save_checkpoint
from synthda.adapt.interrupt import deferred_interrupt
from synthda.adapt.method import Batch, LossTerms
from synthda.adapt.methods.dann import DANN
from synthda.adapt.methods.source_only import SourceOnly
from synthda.adapt.metrics_log import Entry
from synthda.adapt.network import Network
from synthda.adapt.networks.layers import fully_connected
from synthda.adapt.resident import Resident
from synthda.adapt.run import Run
from synthda.adapt.train import Pace, _key, train
from synthda.datasets.domain import Images
from synthda.errors import RunError, SynthdaError


def at_step(step: int, act: Callable[[], object]) -> Pace:
    """A pace that saves after every step and acts when `step` is logged."""
    return Pace(log_every=1, checkpoint_seconds=0, on_log=lambda entry: entry["step"] == step and act())


def interrupt() -> None:
    signal.raise_signal(signal.SIGINT)


def crash() -> None:
    raise ZeroDivisionError("a crash")


def with_dropout(seed: int = 0) -> DANN:
    """A method that is never twice the same without its seed."""
    torch.manual_seed(seed)
    extractor = nn.Sequential(nn.Conv2d(3, 4, 5, stride=2), nn.ReLU(), nn.Flatten())
    return DANN(Network(extractor, fully_connected((4 * 6 * 6, 32, 2), dropout=0.5), 2, (16, 16)))


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("schedule", ["ganin", "cosine"])
def test_stopped_after_each_step_in_turn_it_is_the_same_run(optimizer: str, schedule: str, tmp_path: Path) -> None:
    plan = blueprint(steps=5, optimizer=optimizer, schedule=schedule)
    whole = weights(train_toy(plan, Run(tmp_path / "whole")))
    run = Run(tmp_path / "halting")
    for step in range(1, 6):
        with pytest.raises(KeyboardInterrupt):
            train_toy(plan, run, pace=at_step(step, interrupt))
    assert same(weights(train_toy(plan, run)), whole)
    assert logged(run) == logged(Run(tmp_path / "whole"))


def test_dropout_draws_the_same_masks_after_an_interruption(tmp_path: Path) -> None:
    plan = blueprint(steps=5)
    whole = weights(train_toy(plan, Run(tmp_path / "whole"), method=with_dropout()))
    with pytest.raises(KeyboardInterrupt):
        train_toy(plan, Run(tmp_path / "stopped"), pace=at_step(3, interrupt), method=with_dropout())
    torch.rand(17)
    assert same(weights(train_toy(plan, Run(tmp_path / "stopped"), method=with_dropout())), whole)


def test_sigterm_saves_like_ctrl_c(tmp_path: Path) -> None:
    plan = blueprint(steps=4)
    with pytest.raises(KeyboardInterrupt):
        train_toy(plan, Run(tmp_path), pace=at_step(2, lambda: signal.raise_signal(signal.SIGTERM)))
    assert load_checkpoint(Run(tmp_path).checkpoint, plan.build(), {}) == 2


def test_ctrl_c_during_the_last_save_is_not_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def save(*arguments: Any) -> None:
        save_checkpoint(*arguments)
        interrupt()

    monkeypatch.setattr("synthda.adapt.descent.save_checkpoint", save)
    with pytest.raises(KeyboardInterrupt):
        train_toy(blueprint(steps=2), Run(tmp_path), pace=Pace(checkpoint_seconds=1e9))


def test_a_second_ctrl_c_acts_at_once_and_handlers_are_put_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    with deferred_interrupt() as interrupted:
        interrupt()
        assert interrupted()
        with pytest.raises(KeyboardInterrupt):
            interrupt()
    assert signal.getsignal(signal.SIGINT) is before


def test_a_crash_loses_the_step_and_not_the_log(tmp_path: Path) -> None:
    plan = blueprint(steps=6)
    whole = weights(train_toy(plan, Run(tmp_path / "whole")))
    run = Run(tmp_path / "crashed")
    with pytest.raises(ZeroDivisionError):
        train_toy(plan, run, pace=at_step(4, crash))
    assert load_checkpoint(run.checkpoint, plan.build(), {}) == 3
    assert [line["step"] for line in logged(run)] == [1, 2, 3, 4]
    with run.metrics.open("a", encoding="utf-8") as file:
        file.write('{"step": 5, "lab')  # cut off by the crash
    lines: list[list[int]] = []
    resumed = train_toy(plan, run, pace=Pace(log_every=1, on_log=lambda entry: lines.append(_steps(run))))
    assert lines[0] == [1, 2, 3, 4]
    assert _steps(run) == [1, 2, 3, 4, 5, 6]
    assert same(weights(resumed), whole)


def _steps(run: Run) -> list[int]:
    return [line["step"] for line in logged(run)]


def test_how_often_it_logs_and_saves_does_not_change_the_weights(tmp_path: Path) -> None:
    plan = blueprint(steps=5)
    often = train_toy(plan, Run(tmp_path / "often"), pace=Pace(log_every=1, checkpoint_seconds=0))
    seldom = train_toy(plan, Run(tmp_path / "seldom"), pace=Pace(log_every=100))
    assert same(weights(often), weights(seldom))
    assert [_steps(Run(tmp_path / name)) for name in ("often", "seldom")] == [[1, 2, 3, 4, 5], [5]]
    means = {name: np.mean([line[name] for line in logged(Run(tmp_path / "often"))]) for name in ("label", "domain")}
    (line,) = logged(Run(tmp_path / "seldom"))
    assert {name: line[name] for name in means} == pytest.approx(means, abs=1e-5)


def test_a_finished_training_is_not_trained_again(tmp_path: Path) -> None:
    plan = blueprint(steps=3)
    first = weights(train_toy(plan, Run(tmp_path)))
    steps: list[Entry] = []
    assert same(weights(train_toy(plan, Run(tmp_path), pace=Pace(log_every=1, on_log=steps.append))), first)
    assert steps == []


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(tmp_path: Path) -> None:
    found = []
    for place, seed in enumerate((0, 0, 1)):
        plan, method = blueprint(seed=seed, steps=5), with_dropout(seed)
        found.append(weights(train_toy(plan, Run(tmp_path / str(place)), method=method)))
    zero, again, one = found
    assert same(zero, again)
    assert not any(torch.equal(zero[name], one[name]) for name in zero if name.endswith("weight"))


def test_the_seed_of_the_loop_alone_changes_the_order_of_images(tmp_path: Path) -> None:
    plan, found = blueprint(steps=3), []
    for seed in (0, 1):
        run, method = Run(tmp_path / str(seed)), plan.build()
        run.begin({"seed": seed})
        train(method, [domain()], domain(target=True).images, plan.recipe, run, seed=seed)
        found.append(weights(method))
    assert not same(*found)


class BreaksDown(SourceOnly):
    """A label loss that is NaN from half-way on."""

    def losses(self, batch: Batch, p: Tensor) -> LossTerms:
        terms = super().losses(batch, p)
        return {"label": terms["label"] + torch.where(p >= 0.5, torch.nan, 0.0)}


class DividesByZero(SourceOnly):
    """A finite loss whose gradient is not: d√x at 0."""

    def losses(self, batch: Batch, p: Tensor) -> LossTerms:
        label = super().losses(batch, p)["label"]
        return {"label": label + (label.detach() * 0 + 0 * next(self.parameters()).sum()).sqrt()}


@pytest.mark.parametrize("seconds", [0.0, 60.0], ids=["saved each step", "saved at the end"])
def test_nan_stops_with_a_message_and_keeps_the_last_good_checkpoint(seconds: float, tmp_path: Path) -> None:
    plan, run = blueprint("source-only", steps=6), Run(tmp_path)
    method = BreaksDown(plan.build().network)
    with pytest.raises(RunError, match=r"stopped being finite .*--set learning_rate") as caught:
        train_toy(plan, run, method=method, pace=Pace(log_every=1, checkpoint_seconds=seconds))
    assert "\n" not in str(caught.value)
    if seconds:
        assert not run.checkpoint.exists()
    else:
        kept = plan.build()
        assert load_checkpoint(run.checkpoint, kept, {}) == 3
        assert all(value.isfinite().all() for value in kept.state_dict().values())


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (torch.OutOfMemoryError("CUDA out of memory.\nTried to …"), "needs more memory than this computer has free"),
        (
            RuntimeError("[enforce fail] . DefaultCPUAllocator: can't allocate memory:\nyou tried to …"),
            "The training needs more memory than this computer has free; .*, or give smaller batches",
        ),
        (MemoryError("Unable to allocate"), "needs more memory than this computer has free; .*smaller batches"),
        (torch.linalg.LinAlgError("svd failed to converge\nmore"), r"decompose a matrix .*\(svd failed to converge\)"),
    ],
)
def test_what_a_step_cannot_do_is_told_and_the_run_goes_on_once_it_can(
    error: Exception, told: str, tmp_path: Path
) -> None:
    class Fails(SourceOnly):
        failing = True

        def losses(self, batch: Batch, p: Tensor) -> LossTerms:
            if self.failing and p >= 0.5:
                raise error
            return super().losses(batch, p)

    plan, run = blueprint("source-only", steps=4), Run(tmp_path / "stopped")
    with pytest.raises(RunError, match=told) as caught:
        train_toy(plan, run, method=Fails(plan.build().network), pace=Pace(checkpoint_seconds=0))
    assert "\n" not in str(caught.value)
    Fails.failing = False
    resumed = train_toy(plan, run, method=Fails(plan.build().network))
    assert same(weights(resumed), weights(train_toy(plan, Run(tmp_path / "whole"), method=Fails(plan.build().network))))


def test_weights_that_are_no_numbers_are_never_saved_though_the_loss_is_finite(tmp_path: Path) -> None:
    plan, run = blueprint("source-only", steps=1), Run(tmp_path)
    with pytest.raises(RunError, match="stopped being finite"):
        train_toy(plan, run, method=DividesByZero(plan.build().network))
    assert not run.checkpoint.exists()


class Refreshed(SourceOnly):
    """Writes down what it is shown, and at which step."""

    uses_target = True
    refresh_every: int | None = 1

    def __init__(self, network: Network) -> None:
        super().__init__(network)
        self.steps_done = 0
        self.shown: list[tuple[int, list[Tensor], Tensor]] = []

    def losses(self, batch: Batch, p: Tensor) -> LossTerms:
        assert self.training
        assert torch.is_grad_enabled()
        self.steps_done += 1
        return super().losses(batch, p)

    def refresh(self, sources: Sequence[Resident], target: Iterable[Tensor]) -> None:
        assert not any(module.training for module in self.modules())
        assert not torch.is_grad_enabled()
        self.shown.append((self.steps_done, [torch.cat(list(source)) for source in sources], torch.cat(list(target))))


def refreshed(run: Run, *, steps: int = 20, every: int | None = 1) -> Refreshed:
    plan = blueprint("source-only", steps=steps, source_batch=8, target_batch=12, source_view="strong")
    method = Refreshed(plan.build().network)
    method.refresh_every = every
    run.begin({})
    train(method, [domain(20), domain(12, seed=1)], domain(64, target=True).images, plan.recipe, run)
    return method


@pytest.mark.parametrize(("every", "expected"), [(None, []), (1, [0, 6, 11, 16]), (2, [0, 11]), (4, [0])])
def test_a_refresh_comes_before_the_first_step_and_where_passes_over_the_target_begin(
    every: int | None, expected: list[int], tmp_path: Path
) -> None:
    # With 12 of 64 images a step, steps 6, 11 and 16 are the first whose first image is of another pass.
    assert [steps for steps, *_ in refreshed(Run(tmp_path), every=every).shown] == expected


def test_a_refresh_shows_both_domains_whole_and_unchanged_in_the_order_of_their_rows(tmp_path: Path) -> None:
    for _, sources, target in refreshed(Run(tmp_path), steps=7).shown:
        for seen, shown in zip([*sources, target], [domain(20), domain(12, seed=1), domain(target=True)], strict=True):
            expected = torch.from_numpy(shown.images.read(np.arange(len(shown)))).permute(0, 3, 1, 2) / 255
            torch.testing.assert_close(seen, expected)


class Remembers(SourceOnly):
    """Pulls the target's logits to what they were when its pass began."""

    uses_target = True
    refresh_every = 1
    memory = torch.zeros(0)

    def losses(self, batch: Batch, p: Tensor) -> LossTerms:
        drift = self.network(batch.target[0]) - self.memory[batch.target_index]
        return super().losses(batch, p) | {"drift": drift.square().mean()}

    def refresh(self, sources: Sequence[Resident], target: Iterable[Tensor]) -> None:
        self.memory = torch.cat([self.network(images) for images in target])

    def get_extra_state(self) -> Tensor:
        return self.memory

    def set_extra_state(self, state: Tensor) -> None:
        self.memory = state


def test_what_a_refresh_left_travels_in_the_checkpoint(tmp_path: Path) -> None:
    # Refreshes come before steps 0, 6 and 11.
    plan = blueprint("source-only", steps=13, target_view="weak")
    whole = weights(train_toy(plan, Run(tmp_path / "whole"), method=Remembers(plan.build().network)))
    assert len(whole["_extra_state"]) == 64
    for stop in (1, 5, 6, 7, 12):
        run = Run(tmp_path / str(stop))
        with pytest.raises(KeyboardInterrupt):
            train_toy(plan, run, pace=at_step(stop, interrupt), method=Remembers(plan.build().network))
        assert same(weights(train_toy(plan, run, method=Remembers(plan.build().network))), whole)
        assert logged(run) == logged(Run(tmp_path / "whole"))


def test_target_labels_cannot_be_handed_in(tmp_path: Path) -> None:
    assert typing.get_type_hints(train)["target"] is Images
    with_labels = {name for name in inspect.signature(train).parameters if "label" in name}
    assert with_labels == {"labelled_target"}  # a few images that are given as such
    run, plan = Run(tmp_path), blueprint(steps=1)
    run.begin({})
    with pytest.raises(AttributeError):
        train(plan.build(), [domain()], domain(target=True), plan.recipe, run)  # type: ignore[arg-type]


def test_steps_and_seeds_have_streams_of_their_own() -> None:
    assert len({_key(seed, step) for seed in range(50) for step in range(50)}) == 2500
    assert all(0 <= _key(seed, step) < 2**63 for seed in (0, 2**40) for step in (0, 10**9))


def test_a_full_disk_during_training_is_one_sentence_and_the_same_call_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, run, real = blueprint(steps=5), Run(tmp_path / "full"), Path.write_bytes
    whole = weights(train_toy(plan, Run(tmp_path / "whole")))

    def full(path: Path, content: bytes) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        pace = at_step(3, lambda: patched.setattr(Path, "write_bytes", full))
        with pytest.raises(SynthdaError, match=r"last\.pt could not be written"):
            train_toy(plan, run, pace=pace)
    assert Path.write_bytes is real
    assert load_checkpoint(run.checkpoint, plan.build(), {}) == 2
    assert same(weights(train_toy(plan, run)), whole)
