"""What `compare` says: the cells to train, each score as it comes, the ranked tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from synthda.adapt.comparison.cells import Cell
from synthda.adapt.comparison.doubts import doubts_about
from synthda.adapt.comparison.duration import seconds_to_train
from synthda.adapt.comparison.rows import overall
from synthda.adapt.comparison.run import Comparison
from synthda.adapt.comparison.scores import Score
from synthda.adapt.comparison.tables import cells_of, cells_of_rules, headings_of, headings_of_rules, rules_of
from synthda.adapt.estimate import readable
from synthda.adapt.placement import Placement
from synthda.adapt.train import Pace
from synthda.cli.listing import console, print_json, say, table, warn
from synthda.cli.selecting import MEGABYTE


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
        with self._progress(images) as pace:
            comparison.run(device=device, pace=pace, told=self._score if not as_json else lambda score: None)
        comparison.write(comparison.draw(device) if pictures else {})
        if as_json:
            print_json({"cells": [asdict(score) for score in comparison.scores]})
            return
        self._tables()

    def _list(self, device: str, *, as_json: bool) -> None:
        cells = [self._facts(cell) for cell in self.comparison.cells]
        if as_json:
            print_json({"cells": cells})
            return
        say(f"{len(cells)} cells, {len(self.comparison.to_do)} of them to be trained or scored:")
        for cell in cells:
            state = "known" if cell["known"] else f"{cell['steps']:,} steps"
            say(f"  {cell['pair']}  {cell['method']}  seed {cell['seed']}  {cell['network']}  {state}")
        seconds = seconds_to_train(self.comparison.to_do, device)
        if seconds:
            say(f"Training takes about {readable(seconds)} on {device}.")
        if self.comparison.plan.rules:
            say(f"Candidates for the rules stay on disk: {self.comparison.bytes_of_candidates / MEGABYTE:,.1f} MB.")

    def _facts(self, cell: Cell) -> dict[str, Any]:
        plan, known = cell.blueprint, cell.fingerprint in self.comparison.known
        named = {"pair": cell.pair, "method": cell.method, "seed": cell.seed, "network": plan.network}
        return named | {"steps": plan.recipe.steps, "known": known, "run": str(cell.run.folder)}

    def _score(self, score: Score) -> None:
        what = f"{score.pair}  {score.method}  seed {score.seed}"
        if score.failure is not None:
            warn(f"{what}  failed: {score.failure}")
        else:
            say(f"{what}  {score.figure:.4f}{' estimated' if score.accuracy is None else ''}")

    def _tables(self) -> None:
        pairs = self.comparison.rows()
        for pair, rows in pairs.items():
            _print(pair, headings_of(rows), [cells_of(row, rows) for row in rows])
            if rules_of(rows):
                title = f"{pair}: mean accuracy of the checkpoint by rule of selection"
                _print(title, headings_of_rules(rows), [cells_of_rules(row, rows) for row in rows])
            for doubt in doubts_about(rows):
                warn(doubt)
        means = [(method, f"{mean:.4f}") for method, mean in overall(list(pairs.values()))]
        if len(pairs) > 1 and means:
            _print("Over all pairs", ("method", "mean accuracy"), means)
        if any(row.blind for rows in pairs.values() for row in rows):
            say("\nThe estimates tell which method, and not how good it is: synthda label makes labels that measure.")
        names = ", ".join(f"comparison.{suffix}" for suffix in ("md", "csv", "html", "json"))
        say(f"\nIn {self.comparison.out}: {names}")

    @contextmanager
    def _progress(self, images: Placement) -> Iterator[Callable[[Cell], Pace]]:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        printer = console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=printer, disable=not printer.is_terminal, transient=True) as bar:
            task = bar.add_task("")

            def pace(cell: Cell) -> Pace:
                name = f"{cell.pair} {cell.method} seed {cell.seed}"
                bar.reset(task, description=name, total=cell.blueprint.recipe.steps)
                return Pace(on_log=lambda entry: bar.update(task, completed=entry["step"]), images=images)

            yield pace


def _print(title: str, headings: Sequence[str], lines: Iterable[Sequence[str]]) -> None:
    grid = table(*headings, right=range(1, len(headings)))
    for line in lines:
        grid.add_row(*line)
    say()
    console().print(title, style="italic", soft_wrap=True)  # the table's own title would be broken to its width
    console().print(grid)
