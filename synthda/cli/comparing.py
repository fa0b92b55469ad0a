"""What `compare` says: the cells to train, each score as it comes, the ranked tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import cached_property
from typing import Any

from synthda.adapt.comparison.cells import Cell
from synthda.adapt.comparison.doubts import doubts_about
from synthda.adapt.comparison.duration import seconds_to_train
from synthda.adapt.comparison.rows import overall
from synthda.adapt.comparison.run import Comparison
from synthda.adapt.comparison.scores import Score
from synthda.adapt.comparison.tables import cells_of, cells_of_rules, headings_of, headings_of_rules, rules_of
from synthda.adapt.data import FLOOR, ORACLE
from synthda.adapt.estimate import readable
from synthda.adapt.health import method_health, source_health
from synthda.adapt.metrics_log import read_metrics
from synthda.adapt.placement import Placement
from synthda.adapt.train import Pace
from synthda.cli.cautions import about_files, about_near_classes, about_unknown
from synthda.cli.listing import console, print_json, say, table, warn
from synthda.cli.selecting import MEGABYTE
from synthda.errors import RunError, SynthdaError
from synthda.shell import quoted
from synthda.wording import counted


class Narrator:
    """One `synthda compare`, with its words."""

    def __init__(self, comparison: Comparison) -> None:
        self.comparison = comparison

    def tell(self, device: str, *, images: Placement, pictures: bool, dry_run: bool, as_json: bool) -> None:
        """Announce, train, score, draw; print the tables, or everything as JSON."""
        comparison = self.comparison
        if dry_run:
            self._list(device, as_json=as_json)
            return
        if not as_json:
            self._plan(device)
        with self._progress(images) as pace:
            comparison.run(device=device, pace=pace, told=self._score if not as_json else lambda score: None)
        comparison.write(comparison.draw(device) if pictures else {})
        if as_json:
            print_json({"cells": [asdict(score) for score in comparison.scores]})
        else:
            self._tables()
            for line in self._winners():
                say(line)
        if all(score.failure is not None for score in comparison.scores):
            raise RunError("No cell has a score: each failed for the reason that stands beside it.")

    def _plan(self, device: str) -> None:
        """How many cells, how many are known, how long the others take; one that cannot be timed fails by itself."""
        comparison = self.comparison
        say(f"{self._counted()}.")
        self._downloads()
        try:
            self._duration(device)
        except SynthdaError as error:
            warn(f"How long the training takes is not known: {error}")
        if comparison.to_do:
            say("Stopped by Ctrl-C, it goes on where it was with the same command; --dry-run lists the cells.")

    def _counted(self) -> str:
        cells, to_do = self.comparison.cells, self.comparison.to_do
        return f"{counted(len(cells), 'cell')}, {len(to_do)} of them to be trained or scored"

    def _downloads(self) -> None:
        for address in self.comparison.downloads:
            say(f"Weights are downloaded from {address} when the training starts, unless weights names their file.")

    def _duration(self, device: str) -> None:
        seconds = seconds_to_train(self.comparison.to_do, device)
        if seconds:
            about = "about " if round(seconds) else ""  # not "about under 1 s"
            say(f"Training takes {about}{readable(seconds)} on {device}.")

    def _list(self, device: str, *, as_json: bool) -> None:
        cells = [self._facts(cell) for cell in self.comparison.cells]
        if as_json:
            print_json({"cells": cells})
            return
        say(f"{self._counted()}:")
        for cell in cells:
            state = "known" if cell["known"] else f"{cell['steps']:,} steps"
            say(f"  {cell['pair']}  {cell['method']}  seed {cell['seed']}  {cell['network']}  {state}")
        self._downloads()
        self._duration(device)
        if self.comparison.plan.rules:
            say(f"Candidates for the rules stay on disk: {self.comparison.bytes_of_candidates / MEGABYTE:,.1f} MB.")

    def _facts(self, cell: Cell) -> dict[str, Any]:
        plan, known = cell.blueprint, cell.fingerprint in self.comparison.known
        named = {"pair": cell.pair, "method": cell.method, "seed": cell.seed, "network": plan.network}
        return named | {"steps": plan.recipe.steps, "known": known, "run": str(cell.run.folder)}

    def _score(self, score: Score) -> None:
        what = f"{self._numbers[score.fingerprint]}: {score.pair}  {score.method}  seed {score.seed}"
        if score.failure is not None:
            warn(f"{what}  failed: {score.failure}")
            return
        known = score.fingerprint in self.comparison.known
        took = "known" if known or score.seconds is None else readable(score.seconds)
        figure = f"{score.accuracy:.4f}" if score.accuracy is not None else f"{score.figure:.2f} estimated"
        say(f"{what}  {figure}  {took}")

    @cached_property
    def _numbers(self) -> dict[str, str]:
        """`cell 3 of 15`, by the cell's fingerprint."""
        cells = self.comparison.in_order
        return {cell.fingerprint: f"cell {number} of {len(cells)}" for number, cell in enumerate(cells, start=1)}

    def _winners(self) -> Iterator[str]:
        """How to use the best row of each pair that is no oracle, by its first run that is there."""
        comparison = self.comparison
        held_out = comparison.plan.selection.share
        for side in comparison.sides:
            ended = [cell for cell in side.cells if cell.blueprint.method != ORACLE and cell.run.finished]
            order = [row.method for row in comparison.rows()[side.pair.name] if row.mean is not None]
            best = next((cell for name in order for cell in ended if cell.method == name), None)
            if best is None:
                continue
            run = quoted(best.run.folder)
            doubted = any(doubts_about(comparison.rows()[side.pair.name]))
            despite = ", for all that speaks against it above" if doubted else ""
            yield f"First of {side.pair.name} is {best.method}{despite}; its model of seed {best.seed}:"
            if not best.run.onnx.exists():
                yield f"  synthda export {run}"
            yield f"  synthda predict {run} PHOTOS"
        if held_out:
            yield (
                f"All runs learnt from {1 - held_out:.0%} of the source, the rest is held out; synthda adapt with the "
                "same settings learns from all of it."
            )

    def _tables(self) -> None:
        pairs = self.comparison.rows()
        for pair, rows in pairs.items():
            _print(pair, headings_of(rows), [cells_of(row, rows) for row in rows])
            if rules_of(rows):
                title = f"{pair}: mean accuracy of the checkpoint by rule of selection"
                _print(title, headings_of_rules(rows), [cells_of_rules(row, rows) for row in rows])
            for line in (*doubts_about(rows), *self._advice(pair)):
                warn(line)
        means = [(method, f"{mean:.4f}") for method, mean in overall(list(pairs.values()))]
        if len(pairs) > 1 and means:
            _print("Over all pairs", ("method", "mean accuracy"), means)
        if any(row.blind for rows in pairs.values() for row in rows):
            say("\nThe estimates tell which method, and not how good it is: synthda label makes labels that measure.")
        names = ", ".join(f"comparison.{suffix}" for suffix in ("md", "csv", "html", "json"))
        say(f"\nIn {self.comparison.out}: {names}")

    def _advice(self, pair: str) -> Iterator[str]:
        """What the logs of the first seed say of each method's health, and of the source, which all rows learn."""
        for cell in self.comparison.cells:
            if cell.pair == pair and cell.seed == self.comparison.plan.seeds[0]:
                log = read_metrics(cell.run)
                if cell.method == FLOOR and (advice := source_health(log)):
                    yield advice
                if advice := method_health(log):
                    yield f"{cell.method}: {advice}"

    @contextmanager
    def _progress(self, images: Placement) -> Iterator[Callable[[Cell], Pace]]:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        printer = console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=printer, disable=not printer.is_terminal, transient=True) as bar:
            task = bar.add_task("")

            def pace(cell: Cell) -> Pace:
                name = f"{self._numbers[cell.fingerprint]}: {cell.pair} {cell.method} seed {cell.seed}"
                bar.reset(task, description=name, total=cell.blueprint.recipe.steps)
                return Pace(on_log=lambda entry: bar.update(task, completed=entry["step"]), images=images)

            yield pace


def about_comparison(comparison: Comparison) -> list[str]:
    """What is told of the classes of all pairs before anything is trained, each once."""
    told: list[str] = []
    for side in comparison.sides:
        sources = dict(zip(side.pair.source, side.data.sources, strict=True))
        told += about_files(sources, side.pair.target, side.data.target_paths or ())
        told += about_near_classes(side.data.sources)
        if side.data.evaluation is not None:
            for classes in {cell.blueprint.classes for cell in side.cells}:
                told += about_unknown(side.data.evaluation, classes)
    return list(dict.fromkeys(told))


def _print(title: str, headings: Sequence[str], lines: Iterable[Sequence[str]]) -> None:
    grid = table(*headings, right=range(1, len(headings)))
    for line in lines:
        grid.add_row(*line)
    say()
    console().print(title, style="italic", soft_wrap=True)  # the table's own title would be broken to its width
    console().print(grid)
