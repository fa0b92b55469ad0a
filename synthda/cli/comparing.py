"""What `compare` says: the cells to train, each score as it comes, the ranked tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from synthda.adapt.comparison.cells import Cell
from synthda.adapt.comparison.run import Comparison
from synthda.adapt.comparison.scores import Score
from synthda.adapt.comparison.tables import HEADINGS, cells_of
from synthda.adapt.train import Pace
from synthda.cli.listing import console, print_json, say, table, warn


class Narrator:
    """One `synthda compare`, with its words."""

    def __init__(self, comparison: Comparison) -> None:
        self.comparison = comparison

    def tell(self, device: str, *, pictures: bool, dry_run: bool, as_json: bool) -> None:
        """Announce, train, score, draw; print the tables, or everything as JSON."""
        comparison = self.comparison
        if dry_run:
            self._list(as_json=as_json)
            return
        with self._progress() as pace:
            comparison.run(device=device, pace=pace, told=self._score if not as_json else lambda score: None)
        comparison.write(comparison.draw(device) if pictures else {})
        if as_json:
            print_json({"cells": [asdict(score) for score in comparison.scores]})
            return
        self._tables()

    def _list(self, *, as_json: bool) -> None:
        cells = [self._facts(cell) for side in self.comparison.sides for cell in side.cells]
        if as_json:
            print_json({"cells": cells})
            return
        say(f"{len(cells)} cells, {self.comparison.to_do} of them to be trained or scored:")
        for cell in cells:
            state = "known" if cell["known"] else f"{cell['steps']:,} steps"
            say(f"  {cell['pair']}  {cell['method']}  seed {cell['seed']}  {cell['network']}  {state}")

    def _facts(self, cell: Cell) -> dict[str, Any]:
        plan, known = cell.blueprint, cell.fingerprint in self.comparison.known
        named = {"pair": cell.pair, "method": cell.method, "seed": cell.seed, "network": plan.network}
        return named | {"steps": plan.recipe.steps, "known": known, "run": str(cell.run.folder)}

    def _score(self, score: Score) -> None:
        what = f"{score.pair}  {score.method}  seed {score.seed}"
        if score.failure is not None:
            warn(f"{what}  failed: {score.failure}")
        else:
            say(f"{what}  {score.accuracy:.4f}")

    def _tables(self) -> None:
        for pair, rows in self.comparison.rows().items():
            grid = table(*HEADINGS, right=range(1, len(HEADINGS)), title=pair)
            for row in rows:
                grid.add_row(*cells_of(row))
            say()
            console().print(grid)
        names = ", ".join(f"comparison.{suffix}" for suffix in ("md", "csv", "html", "json"))
        say(f"\nIn {self.comparison.out}: {names}")

    @contextmanager
    def _progress(self) -> Iterator[Callable[[Cell], Pace]]:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        printer = console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=printer, disable=not printer.is_terminal, transient=True) as bar:
            task = bar.add_task("")

            def pace(cell: Cell) -> Pace:
                name = f"{cell.pair} {cell.method} seed {cell.seed}"
                bar.reset(task, description=name, total=cell.blueprint.recipe.steps)
                return Pace(on_log=lambda entry: bar.update(task, completed=entry["step"]))

            yield pace
