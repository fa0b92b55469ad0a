"""What `adapt` and `demo` do once their options are read: say the plan, train with a progress bar, report."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from synthda.adapt.adaptation import adapt
from synthda.adapt.baselines import baselines_of, compare, run_baselines
from synthda.adapt.blueprint import Blueprint
from synthda.adapt.candidates import bytes_each
from synthda.adapt.configuration import first_blueprint
from synthda.adapt.data import ORACLE, Data
from synthda.adapt.distance import FAR_APART, MOST, proxy_a_distance, thumbnails
from synthda.adapt.graph import why_eager
from synthda.adapt.health import health
from synthda.adapt.method import Method
from synthda.adapt.metrics_log import TIMES, Entry, read_metrics
from synthda.adapt.model_card.card import write_model_card
from synthda.adapt.placement import Placement
from synthda.adapt.preparation import Prepared, prepare
from synthda.adapt.ranks import ALONE, Ranks
from synthda.adapt.report.gather import gather
from synthda.adapt.report.page import write_report
from synthda.adapt.run import Run
from synthda.adapt.selection import Selection
from synthda.adapt.train import Pace
from synthda.cli.cautions import about_few, about_near_classes, about_same, about_unknown, in_folders
from synthda.cli.dividing import division
from synthda.cli.listing import console, say, shortened, warn
from synthda.cli.remaining import Remaining, about_remaining
from synthda.cli.selecting import selection_plan
from synthda.cli.summary import print_summary
from synthda.errors import SettingError
from synthda.manifest import write_json
from synthda.wording import counted


class Session:
    """One `synthda adapt`, with its words."""

    def __init__(
        self,
        blueprint: Blueprint,
        data: Data,
        out: Path,
        device: str,
        select: Selection | None = None,
        *,
        start: Path | None = None,
        begin: Path | None = None,
        ranks: Ranks = ALONE,
        images: Placement = "auto",
        force: bool = False,
    ) -> None:
        self.blueprint = blueprint if blueprint.classes else blueprint.for_classes(data.classes)
        self.data, self.device, self.select = data, device, select or Selection()
        self.start = None if start is None else Run(start)
        self.begin = None if begin is None else Run(begin)
        self.ranks = ranks
        self.run_folder = Run(out)
        self.images, self.force = images, force

    def announce(self, *, baselines: bool = False) -> None:
        """The plan, the distance between the domains, and how long it will take, with `baselines` beside or without."""
        plan, data = self.blueprint, self.data
        if baselines and not data.sources:
            raise SettingError("--baselines trains on the source; give it with --source, or leave out --baselines.")
        if data.oracle is not None and not baselines and plan.method != ORACLE:
            raise SettingError(
                f"--oracle {data.oracle.name} trains nothing by itself: add --baselines, which trains train-on-target "
                "on it beside the run, or leave it out."
            )
        self.run_folder.refuse_foreign()
        ready = prepare(plan, data, self.run_folder, **self._how(), pretrained=False)
        method = ready.method
        if not self.force:
            self.run_folder.refuse_other(ready.configuration)
        if self.start is None and self.begin is None and method.network.download is None:
            method.network.load_pretrained()  # weights that do not fit are told before the time that it would take
        for line in (*self._about_data(), *self._about_training(method), *self._about_beginning(ready)):
            say(line)
        if self.device.startswith("cuda"):
            reason = why_eager(plan.recipe.graph, method, self.device, on_device=self.images in ("auto", "device"))
            replayed = f"steps are replayed as a CUDA graph, where all images fit on {self.device}"
            say(f"Graph    {replayed if reason is None else f'none: {reason}'}")
        for line in self._about_run(ready, baselines=baselines):
            say(line)
        if baselines and (self.start or self.begin):
            warn(
                "The baselines start from nothing: what the earlier run has learnt counts as a gain of this one over "
                "source-only."
            )
        for line in self._cautions():
            warn(line)
        if not data.sources:
            return
        distance = proxy_a_distance(thumbnails(data.some_of_sources(MOST).images), thumbnails(data.target))
        if distance > FAR_APART:
            warn(
                f"Source and target look far apart (proxy A-distance {distance:.2f} of 2 on thumbnails): adaptation "
                "may fail; a source that looks more like the photographs helps most."
            )

    def _cautions(self) -> Iterator[str]:
        data = self.data
        yield from about_near_classes(data.sources)
        yield from about_same(data.sources, data.target)
        if data.sources:
            yield from about_few(sum(map(len, data.sources)), len(data.classes), data.target.shape[0])
        if data.evaluation is not None:
            yield from about_unknown(data.evaluation, self.blueprint.classes)

    def _about_data(self) -> Iterator[str]:
        plan, data = self.blueprint, self.data
        sources = ", ".join(f"{source.name} ({counted(len(source), 'image')})" for source in data.sources)
        known, unknown = plan.known_classes, ", or unknown" if plan.known_classes != plan.classes else ""
        yield f"Source   {sources or 'none'}; {len(known)} classes: {shortened(known)}{unknown}"
        seen = counted(data.target.shape[0], "image") + in_folders(data.target_paths or ())
        yield f"Target   {data.target_name} ({seen}, labels unused)"
        if data.labelled_target is not None:
            few = data.labelled_target
            yield f"Labelled {few.name} ({counted(len(few), 'image')} of the target, learnt too)"
        if data.evaluation is not None:
            seen = f", {data.transductive:,} of them also in the target: transductive" if data.transductive else ""
            yield f"Eval     {data.evaluation.name} ({counted(len(data.evaluation), 'labelled image')}{seen})"
        if data.oracle is not None:
            many = counted(len(data.oracle), "labelled image")
            yield f"Oracle   {data.oracle.name} ({many}, for train-on-target alone)"

    def _about_training(self, method: Method) -> Iterator[str]:
        plan, (height, width) = self.blueprint, self.blueprint.input_size
        steps = method.steps(plan.recipe)
        what = f"{plan.method} × {plan.network} at {width}×{height} px"
        yield f"Train    {what}, {steps:,} steps, seed {plan.seed}"
        if self.start is None and self.begin is None:
            yield from (f"{name.capitalize():<9}{content}" for name, content in method.network.inputs.items())
            if method.network.download:
                yield f"Download {method.network.download}, when the training starts; or give its file with --weights"
        yield from division(method, plan.recipe, self.ranks)
        yield from selection_plan(self.select, steps, bytes_each(method))

    def _about_beginning(self, ready: Prepared) -> Iterator[str]:
        """What the training begins with or goes on from, where that is another run."""
        plan, first = self.blueprint, ready.method.starts_from
        if ready.beginning is not None:
            taken = ready.beginning.give_to(ready.method, plan.known_classes)
            yield f"From     {ready.beginning.run.folder}, a run of {ready.beginning.blueprint.method}: {taken}"
        if self.start is not None:
            yield f"Start    {self.start.folder}, a run of {first}"
        elif first:
            there = "is trained already" if ready.first.finished and not self.force else "is trained before"
            yield f"First    {first} by the same recipe, which {plan.method} starts from, {there}"

    def _about_run(self, ready: Prepared, *, baselines: bool) -> Iterator[str]:
        """The folder, what is in it, and how long the rest takes."""
        run, plan, force = self.run_folder, self.blueprint, self.force
        beside = baselines_of(plan, self.data) if baselines else {}
        own = Remaining.of(plan, run, force=force, method=ready.method)
        others = {name: Remaining.of(each, run.baseline(name), force=force) for name, each in beside.items()}
        begins_from = first_blueprint(plan, ready.method) if self.start is None and not own.done else None
        first = None if begins_from is None else Remaining.of(begins_from, ready.first, force=force)
        yield from about_remaining(own, others, self.device, self.ranks, first=first)

    def _how(self) -> dict[str, Any]:
        """What to prepare for, and to train with, beside plan, data and folder."""
        given = {"start": self.start, "begin": self.begin, "device": self.device, "force": self.force}
        return given | {"select": self.select, "ranks": self.ranks}

    def run(self, *, baselines: bool, export: bool, report: bool = True) -> dict[str, Any]:
        """Train, score, export, report; returns the comparison with the baselines, which the first process makes."""
        plan, data, run = self.blueprint, self.data, self.run_folder
        if baselines and data.evaluation is None and not self.select.share:
            warn(
                "Without --eval no accuracy is known, and without --hold-out none is estimated: of the baselines, the "
                "report shows the features and distances."
            )
        with self._progress(plan.method) as pace:
            manifest = adapt(plan, data, run, **self._how(), export=export, pace=pace)
        advice = health(read_metrics(run))
        if advice:
            warn(advice)
        if baselines:
            with self._progress("baselines") as pace:
                run_baselines(plan, data, run, device=self.device, pace=pace, select=self.select, ranks=self.ranks)
        comparison: dict[str, Any] = {}

        def conclude() -> None:
            comparison.update(compare(run, data, self.device))
            write_json(run.comparison, comparison)
            write_model_card(run)
            print_summary(plan, run, manifest["results"], comparison, has_source=bool(data.sources))
            if report:
                gather(run, data, earlier=self.start or self.begin, device=self.device)
                say(f"Report: {write_report(run)}")

        self.ranks.first(conclude)
        return comparison

    @contextmanager
    def _progress(self, what: str) -> Iterator[Pace]:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        printer = console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(
            *columns, TextColumn("{task.fields[losses]}"), console=printer, disable=not printer.is_terminal
        ) as bar:
            task = bar.add_task(f"Training {what}", total=self.blueprint.recipe.steps, losses="")
            yield Pace(
                on_log=lambda entry: bar.update(task, completed=entry["step"], losses=_losses(entry)),
                images=self.images,
                tell=lambda line: say(f"Images   {line}"),
            )


def _losses(entry: Entry) -> str:
    shown = [f"{name} {value:.3f}" for name, value in entry.items() if name not in ("step", *TIMES)]
    return "  ".join([*shown, f"{entry['images_per_second']:,.0f} images/s"])
