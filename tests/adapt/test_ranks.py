"""Several processes train as one does: the same weights in all, and, where losses are means, the weights of one."""

from __future__ import annotations

import copy
import datetime
import itertools
import os
import signal
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from several import together
from test_methods import TOY, a_batch, has_moved
from torch import Tensor, nn
from toy import blueprint, build, domain, logged, same, views_beside_own, weights

from synthda.adapt.adaptation import adapt
from synthda.adapt.checkpoint import load_checkpoint
from synthda.adapt.configuration import configuration_of
from synthda.adapt.data import Data
from synthda.adapt.descent import Descent
from synthda.adapt.feed import Feed
from synthda.adapt.infer import probabilities
from synthda.adapt.method import Batch, Descend, LossTerms, Method, local_statistics_of
from synthda.adapt.methods import METHODS
from synthda.adapt.order import Sampler
from synthda.adapt.preparation import check_data
from synthda.adapt.ranks import ALONE, Ranks, own_device
from synthda.adapt.run import Run
from synthda.adapt.train import Pace, _key, train
from synthda.errors import DataError, RunError, SettingError
from synthda.settings import load, settings_of

WITHOUT_STEPS = ("adabn", "sa")
RANDOM = ("vada", "dirt-t", "fixmatch", "adamatch", "self-ensembling")
"""Draw views or directions, of their own in each process."""
AVERAGING = [name for name in METHODS if not load("method", name, METHODS).local_statistics]
AVERAGING = [name for name in AVERAGING if name not in (*RANDOM, *WITHOUT_STEPS)]


class Numbered(Ranks):
    """A process of several that never speaks to the others."""

    def __init__(self, rank: int, size: int) -> None:
        self.rank, self.size = rank, size


def trained(
    name: str,
    folder: Path,
    ranks: Ranks = ALONE,
    *,
    steps: int = 4,
    doubles: bool = False,
    pace: Pace | None = None,
    **given: Any,
) -> Method:
    plan = blueprint(name, steps=steps, **TOY.get(name, {}), **given)
    method, run = build(plan), Run(folder)
    if doubles:
        compute_in_doubles(method)
    ranks.first(lambda: run.begin({"blueprint": plan.as_dict()}))
    target = domain(target=True).images
    train(method, [domain()], target, plan.recipe, run, seed=plan.seed, pace=pace or Pace(log_every=1), ranks=ranks)
    return method


def compute_in_doubles(method: Method) -> None:
    """So that what rounding differs by falls on neither side of a kink: of a ReLU, a maximum, an absolute value."""
    step = method.double().step

    def of_doubles(batch: Batch, p: Tensor, descend: Descend) -> LossTerms:
        source, target = (tuple(view.double() for view in views) for views in (batch.source, batch.target))
        return step(replace(batch, source=source, target=target), p.double(), descend)

    setattr(method, "step", of_doubles)  # noqa: B010


def values(method: Method) -> dict[str, Tensor]:
    return {name: value.contiguous() for name, value in weights(method).items()}


@pytest.mark.parametrize("name", METHODS)
def test_all_processes_end_with_the_same_bits(name: str, tmp_path: Path) -> None:
    build(blueprint(name, **TOY.get(name, {})))  # what it starts from, before the processes part
    norm = {"norm": "batch"} if name in ("self-ensembling", "adamatch", "dirt-t", "dann") else {}
    views = views_beside_own(name, source_view="strong", target_view="weak")
    one, other = together(lambda ranks: values(trained(name, tmp_path / "run", ranks, **norm, **views)))
    assert same(one, other)
    kept = blueprint(name, **norm, **TOY.get(name, {})).build()
    assert load_checkpoint(Run(tmp_path / "run").checkpoint, kept, {}) == kept.steps(blueprint(name, steps=4).recipe)
    assert same(values(kept), one)


@pytest.mark.parametrize("name", AVERAGING)
def test_where_losses_are_means_two_processes_take_the_steps_of_one(name: str, tmp_path: Path) -> None:
    # Two steps, so that what the first has left counts; after more, the last digits have grown.
    alone = values(trained(name, tmp_path / "alone", steps=2, doubles=True))
    found, _ = together(lambda ranks: values(trained(name, tmp_path / "together", ranks, steps=2, doubles=True)))
    for key, value in alone.items():
        torch.testing.assert_close(found[key], value, rtol=1e-7, atol=1e-9)
    lines = [logged(Run(tmp_path / folder)) for folder in ("alone", "together")]
    for one, two in zip(*lines, strict=True):
        assert one == pytest.approx(two, abs=1e-5)


def test_a_checkpoint_in_time_is_written_once_by_all_though_their_clocks_differ(tmp_path: Path) -> None:
    build(blueprint("source-only"))

    def saved(ranks: Ranks) -> Tensor:
        """After how many steps the weights are saved, where a step takes a second and loading 5 for one of the two."""
        steps: list[int] = []
        with pytest.MonkeyPatch.context() as watched:
            clock = itertools.chain([-5 * ranks.rank], itertools.count())
            watched.setattr("synthda.adapt.train.time", SimpleNamespace(monotonic=lambda: next(clock)))
            watched.setattr(Descent, "save", lambda descend, step: steps.append(step))
            trained("source-only", tmp_path, ranks, steps=60, pace=Pace(log_every=100, checkpoint_seconds=10))
        return torch.tensor(steps)

    one, other = together(saved)
    assert torch.equal(one, other)
    assert 4 <= len(one) <= 7  # 60 seconds, and the end


@pytest.mark.parametrize("name", [name for name in METHODS if name not in WITHOUT_STEPS])
def test_a_method_says_whether_the_gradients_of_the_parts_average_to_the_batch_s(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = settings_of(load("method", name, METHODS))
    takes_all = {setting: 0 for setting in ("confidence", "relative_confidence") if setting in known}
    method = has_moved(blueprint(name, **takes_all).build().train())
    decided(method)
    monkeypatch.setattr(torch, "randn_like", torch.ones_like)  # the direction that an image is changed in at first
    whole = a_batch(method, 8, 8, labels=(1, 0, 0, 1))
    whole = replace(whole, source=doubles(whole.source), target=doubles(whole.target))
    gradients = [gradient_of(method, whole)]
    for rank in range(2):
        own = slice(rank, None, 2)
        part = {field: getattr(whole, field)[own] for field in ("source_labels", "source_domain", "source_index")}
        views = {field: tuple(view[own] for view in getattr(whole, field)) for field in ("source", "target")}
        gradients.append(gradient_of(method, replace(whole, target_index=whole.target_index[own], **part, **views)))
    mean = (gradients[1] + gradients[2]) / 2
    averages = bool((mean - gradients[0]).abs().max() < 1e-6 * gradients[0].abs().max())
    assert averages == (not method.local_statistics)


def decided(method: Method) -> None:
    """From here on, predictions on the images differ."""
    for layer in method.network.label_predictor:
        if type(layer) is nn.Linear:
            layer.weight.data.mul_(20)


def doubles(views: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return tuple(view.double() for view in views)


def gradient_of(method: Method, batch: Any) -> Tensor:
    """Of all terms that a method adds to the label loss, on a copy: a loss may leave a running mean behind."""
    method = copy.deepcopy(method).double()
    terms = method.losses(batch, torch.tensor(0.5).double())
    if len(terms) > 1:
        terms.pop("label", None)
    loss = sum(term for term in terms.values() if term.requires_grad)
    assert isinstance(loss, Tensor)
    parameters = [parameter for parameter in method.parameters() if parameter.requires_grad]
    found = torch.autograd.grad(loss, parameters, allow_unused=True)
    return torch.cat([each.flatten() for each in found if each is not None])


@pytest.mark.parametrize(("sources", "batch", "size"), [((20, 12, 9), 10, 2), ((20, 12), 7, 3), ((9,), 9, 4)])
def test_the_parts_of_a_batch_are_the_batch_and_all_get_alike_much(
    sources: tuple[int, ...], batch: int, size: int
) -> None:
    plan = blueprint(source_batch=batch, target_batch=batch)
    domains = [domain(n, seed=seed) for seed, n in enumerate(sources)]

    def drawn(ranks: Ranks) -> list[tuple[int, int]]:
        feed = Feed(plan.build(), domains, domain(target=True).images, plan.recipe, 0, torch.device("cpu"), ranks)
        given = feed.batch(3)
        assert len(given.source[0]) == len(given.source_labels) == len(given.target[0])
        assert feed.share == pytest.approx(len(given.source[0]) / batch)
        return list(zip(given.source_domain.tolist(), given.source_index.tolist(), strict=True))

    parts = [drawn(Numbered(rank, size)) for rank in range(size)]
    assert sorted(row for part in parts for row in part) == sorted(drawn(ALONE))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    shares = [np.bincount([place for place, _ in part], minlength=len(sources)) for part in parts]
    assert np.ptp(shares, axis=0).max() <= 1
    assert np.min(shares) >= 1


def test_each_part_knows_how_many_of_its_images_are_the_labelled_target_s() -> None:
    plan, target = blueprint(source_batch=9), domain(target=True).images
    device = torch.device("cpu")
    parts = [
        Feed(plan.build(), [domain()], target, plan.recipe, 0, device, ranks, labelled_target=domain(6, seed=1)).batch(
            0
        )
        for ranks in (Numbered(0, 2), Numbered(1, 2))
    ]
    assert sum(part.labelled_target for part in parts) == 5
    assert all(part.labelled_target == (part.source_domain == 1).sum() for part in parts)


def test_passes_over_a_domain_are_counted_by_whole_batches() -> None:
    part, whole = Sampler(0, 0, n=10, batch=4, part=slice(1, None, 2)), Sampler(0, 0, n=10, batch=4)
    assert [part.passes(step) for step in range(9)] == [whole.passes(step) for step in range(9)]
    assert part.rows(2).tolist() == whole.rows(2)[1::2].tolist()


def test_each_process_draws_views_of_its_own_and_the_first_those_of_one_alone() -> None:
    keys = {_key(seed, step, rank) for seed in range(10) for step in range(10) for rank in range(10)}
    assert len(keys) == 1000
    assert _key(3, 5, 0) == _key(3, 5)


def exchanged(ranks: Ranks) -> dict[str, Tensor]:
    """Of two processes that hold 1 and 2, and of three rows of which the second has two."""
    mine = torch.full((2, 3, 4, 4), float(ranks.rank + 1)).contiguous(memory_format=torch.channels_last)
    whole, other = mine.clone(), torch.arange(5.0) * (1 + ranks.rank)
    ranks.combine([whole, other], 0.25 if ranks.leads else 0.75)
    theirs = torch.full((2,), ranks.rank + 7)
    ranks.follow([theirs, torch.zeros(0)])
    rows = torch.tensor([[1.0, 2.0]]) if ranks.leads else torch.tensor([[3.0, 4.0], [5.0, 9.0]])
    agreed = ranks.agreement()
    later = [agreed(wish) for wish in ([0, 1, 0, 0] if ranks.leads else [0, 0, 2, 0])]
    return {
        "combined": whole,
        "order": other,
        "followed": theirs,
        "mean": ranks.mean_of(rows),
        "share": ranks.mean_of(rows[:, 0]),
        "sum": ranks.sum_of(torch.tensor([ranks.rank + 1])),
        "agreed": torch.tensor([ranks.agree(3 - ranks.rank), *later]),
    }


def test_what_processes_exchange_by_hand() -> None:
    for found in together(exchanged):
        assert found["combined"].unique().tolist() == [0.25 * 1 + 0.75 * 2]
        assert found["order"].tolist() == [0, 1.75, 3.5, 5.25, 7]
        assert found["followed"].tolist() == [7, 7]
        assert found["mean"].tolist() == [3, 5]
        assert found["share"].item() == 3
        assert found["sum"].tolist() == [3]
        assert found["agreed"].tolist() == [3, 0, 0, 1, 2]


def test_three_processes_divide_a_batch_that_three_does_not_divide(tmp_path: Path) -> None:
    given = {"source_batch": 16, "target_batch": 16}
    alone = values(trained("dann", tmp_path / "alone", **given))
    found = together(lambda ranks: values(trained("dann", tmp_path / "three", ranks, **given)), 3)
    assert same(found[0], found[2])
    for key, value in alone.items():
        torch.testing.assert_close(found[0][key], value, rtol=1e-3, atol=2e-5)


def test_accuracy_is_that_of_one_process(tmp_path: Path) -> None:
    given = {"steps": 60, "learning_rate": 0.01, "source_batch": 64, "target_batch": 48, "source_view": "weak"}
    unseen = domain(256, seed=1, target=True)

    def accuracy(ranks: Ranks) -> float:
        method = trained("dann", tmp_path / str(ranks.size), ranks, **given)
        return float((probabilities(method, unseen.images).argmax(axis=1) == unseen.labels).mean())

    one, two = together(accuracy)
    assert one == two
    assert one == pytest.approx(accuracy(ALONE), abs=0.03)
    assert one > 0.95


def stopped(folder: Path, rank: int, act: Any, *, steps: int = 6, at: int = 3) -> list[Any]:
    """What two processes say when in one of them `act` happens after a step; all save after every step."""
    plan = blueprint(steps=steps, source_view="weak")

    def work(ranks: Ranks) -> str:
        run, method = Run(folder), plan.build()
        ranks.first(lambda: run.begin({"blueprint": plan.as_dict()}))
        pace = Pace(
            log_every=1,
            checkpoint_seconds=0,
            on_log=lambda entry: entry["step"] == at and ranks.rank == rank and act(),
        )
        train(method, [domain()], domain(target=True).images, plan.recipe, run, pace=pace, ranks=ranks)
        return "trained"

    return together(work)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_process_is_stopped_and_all_save_and_stop_after_the_same_step(number: int, tmp_path: Path) -> None:
    def twice() -> None:  # as the terminal sends it, and torchrun once more
        signal.raise_signal(number)
        signal.raise_signal(number)

    assert stopped(tmp_path / "run", 1, twice) == ["KeyboardInterrupt: "] * 2
    assert load_checkpoint(Run(tmp_path / "run").checkpoint, blueprint().build(), {}) == 4
    assert stopped(tmp_path / "run", 1, lambda: None) == ["trained"] * 2
    assert stopped(tmp_path / "whole", 1, lambda: None) == ["trained"] * 2
    assert logged(Run(tmp_path / "run")) == logged(Run(tmp_path / "whole"))
    one, other = (blueprint().build() for _ in range(2))
    for method, folder in ((one, "run"), (other, "whole")):
        load_checkpoint(Run(tmp_path / folder).checkpoint, method, {})
    assert same(values(one), values(other))


@pytest.mark.parametrize("rank", [0, 1])
def test_when_one_process_is_killed_the_other_says_so_and_the_run_goes_on(rank: int, tmp_path: Path) -> None:
    said = stopped(tmp_path / "run", rank, lambda: os.kill(os.getpid(), signal.SIGKILL))
    assert said[rank] == "killed"
    assert said[1 - rank].startswith("RunError: Another process of this training has ended")
    assert "give the same torchrun command again" in said[1 - rank]
    assert load_checkpoint(Run(tmp_path / "run").checkpoint, blueprint().build(), {}) in (1, 2)
    assert stopped(tmp_path / "run", rank, lambda: None) == ["trained"] * 2


@pytest.mark.slow
@pytest.mark.parametrize("at", [1, 3])
def test_a_process_that_hangs_is_taken_for_gone(at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("synthda.adapt.process_group.STEP", datetime.timedelta(seconds=3))
    began = time.monotonic()
    said, _ = stopped(tmp_path / "run", 1, lambda: time.sleep(8), at=at)
    assert said.startswith("RunError: Another process of this training has ended, or does not answer (")
    assert time.monotonic() - began < 30


@pytest.mark.slow
def test_who_waits_for_the_first_process_waits_longer_than_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("synthda.adapt.process_group.STEP", datetime.timedelta(seconds=2))
    assert together(lambda ranks: ranks.first(lambda: time.sleep(4)) or "waited") == ["waited"] * 2


class BreaksDownInOne(nn.Module):
    """Gives NaN to the second process alone."""

    def __init__(self, ranks: Ranks) -> None:
        super().__init__()
        self.ranks = ranks

    def forward(self, images: Tensor) -> Tensor:
        return images if self.ranks.leads else images * torch.nan


def test_a_loss_that_is_no_number_in_one_process_stops_all_with_one_sentence(tmp_path: Path) -> None:
    plan = blueprint("source-only", steps=3)

    def work(ranks: Ranks) -> None:
        method, run = plan.build(), Run(tmp_path / "run")
        method.network.label_predictor.append(BreaksDownInOne(ranks))
        ranks.first(lambda: run.begin({}))
        train(method, [domain()], domain(target=True).images, plan.recipe, run, ranks=ranks)

    for said in together(work):
        assert said.startswith("RunError: The loss stopped being finite")
    assert not Run(tmp_path / "run").checkpoint.exists()


def test_processes_whose_weights_differ_never_save(tmp_path: Path) -> None:
    plan = blueprint("source-only")

    def work(ranks: Ranks) -> None:
        method, run = plan.build().train(), Run(tmp_path / "run")
        ranks.first(lambda: run.begin({}))
        descend = Descent(method, plan.recipe, run, torch.device("cpu"), ranks=ranks, share=0.5)
        with torch.no_grad():
            next(method.parameters()).add_(1e-6 * ranks.rank)
        descend.save(7)

    for said in together(work):
        assert said.startswith("RunError: The processes of this training differ in their weights after step 7")
    assert not Run(tmp_path / "run").checkpoint.exists()


def data(**given: Any) -> Data:
    return Data(sources=(domain(40),), target=domain(40, target=True).images, **given)


def test_a_whole_adaptation_writes_once_and_every_process_knows_the_result(tmp_path: Path) -> None:
    plan, run = blueprint("iw-dann", steps=3), Run(tmp_path / "run")
    given = data(evaluation=domain(30, seed=5, target=True))
    one, two = together(lambda ranks: str(adapt(plan, given, run, export=False, ranks=ranks)))
    assert one == two
    manifest = run.read()
    assert manifest["configuration"]["number_of_processes"] == 2
    assert run.first.read()["configuration"]["number_of_processes"] == 2
    assert manifest["results"]["evaluation"]["n"] == 30
    assert [line["step"] for line in logged(run)] == [3]
    with pytest.raises(RunError, match="a run with another number_of_processes"):
        adapt(plan, given, run, export=False)


def test_an_error_of_the_first_process_is_the_error_of_all(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "mine.txt").write_text("not a run")
    for said in together(lambda ranks: adapt(blueprint(), data(), Run(tmp_path / "run"), ranks=ranks)):
        assert said.startswith("RunError: ")
        assert "is not empty and holds no run" in said


def test_processes_that_were_given_different_data_are_refused(tmp_path: Path) -> None:
    def work(ranks: Ranks) -> None:
        adapt(blueprint(seed=ranks.rank), data(), Run(tmp_path / "run"), ranks=ranks)

    for said in together(work):
        assert said.startswith("RunError: The processes of this training differ in settings or data")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"target_batch": 2}, "target_batch=2 is too small for 3 processes; give at least 3"),
        ({"source_batch": 2}, "source_batch=2 is too small; give at least 3, one for each source in each of 3"),
    ],
)
def test_more_processes_than_images_in_a_batch_are_refused(given: dict[str, int], sentence: str) -> None:
    plan = blueprint(**given)
    with pytest.raises(SettingError, match=sentence):
        check_data(plan, data(), plan.build(), 3)


def test_more_processes_than_images_are_refused() -> None:
    few = Data(sources=(domain(40),), target=domain(2, target=True).images)
    check_data(blueprint(), few, blueprint().build(), 2)
    with pytest.raises(DataError, match="3 processes are more than the 2 images of one of the domains"):
        check_data(blueprint(), few, blueprint().build(), 3)


def test_one_process_is_the_run_that_it_was_before_there_were_several() -> None:
    assert configuration_of(blueprint(), data()) == configuration_of(blueprint(), data(), None, 1)
    assert "number_of_processes" not in configuration_of(blueprint(), data())


def test_a_combination_says_what_all_its_parts_take_over_a_batch() -> None:
    method = blueprint("dann+bnm+mcc", norm="batch").build()
    assert local_statistics_of(method) == ["the nuclear norm", "the confusion of the classes", "batch norm"]


@pytest.fixture
def third_of_four(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"RANK": "2", "LOCAL_RANK": "2", "WORLD_SIZE": "4", "LOCAL_WORLD_SIZE": "4"}.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("third_of_four")
def test_each_process_has_a_gpu_of_its_own() -> None:
    assert own_device("auto", 4) == own_device("cuda", 4) == "cuda:2"
    assert own_device("auto", 0) == own_device("cpu", 4) == "cpu"
    with pytest.raises(SettingError, match="4 processes were started on a machine with 2 GPUs; give --nproc"):
        own_device("auto", 2)
    for one in ("cuda:1", "mps"):
        with pytest.raises(SettingError, match=f"--device {one} is one device for several processes"):
            own_device(one, 4)


def test_gradients_go_in_buckets_in_their_order() -> None:
    from synthda.adapt.process_group import BUCKET, _buckets

    floats = [torch.zeros(BUCKET // 16) for _ in range(6)]
    halves = [torch.zeros(3, dtype=torch.float16)]
    buckets = list(_buckets([*floats[:3], *halves, *floats[3:]]))
    assert [len(bucket) for bucket in buckets] == [4, 2, 1]
    assert all(one is other for one, other in zip(buckets[0] + buckets[1], floats, strict=True))


def test_the_docs_name_what_each_method_takes_over_a_batch() -> None:
    page = (Path(__file__).parent.parent.parent / "docs" / "several-gpus.md").read_text(encoding="utf-8")
    for name in METHODS:
        method = load("method", name, METHODS)
        local, gathered = method.local_statistics, method.gathered_statistics
        assert f"| `{name}` | {local} | {gathered} |" in page if local or gathered else f"`{name}`" in page
