"""A comparison from start to end: every domain and setting checked, every cell trained and scored, tables, pictures."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from synthda.adapt.adaptation import load_run
from synthda.adapt.comparison.cells import Cell, cells_of
from synthda.adapt.comparison.embedding import Sample, draw, embed
from synthda.adapt.comparison.plan import Pair, Plan
from synthda.adapt.comparison.rows import Row, rows_of
from synthda.adapt.comparison.scores import Score, known_scores, measure, read_scores, write_scores
from synthda.adapt.comparison.tables import as_csv, markdown, page
from synthda.adapt.data import FLOOR, Data
from synthda.adapt.train import Pace
from synthda.manifest import written_then_named


@dataclass(frozen=True, eq=False)
class Side:
    """A pair with its domains opened and its cells listed."""

    pair: Pair
    data: Data
    cells: tuple[Cell, ...]


class Comparison:
    """A plan in a folder; what is there already is not trained again.

    Raises:
        DataError: when domains are missing or do not fit one another.
        RunError: when the folder is none for a comparison.
        SettingError: when a method cannot serve a network, or a setting is not understood; nothing is trained then.
    """

    def __init__(self, plan: Plan, out: Path, *, data_root: Path | None = None) -> None:
        self.plan, self.out = plan, out
        self.known = read_scores(out)
        self.sides = [self._side(pair, data_root) for pair in plan.pairs]
        self.scores: list[Score] = []

    @property
    def cells(self) -> list[Cell]:
        """Of all pairs."""
        return [cell for side in self.sides for cell in side.cells]

    @property
    def to_do(self) -> int:
        """How many cells are still to be trained or scored."""
        return sum(cell.fingerprint not in self.known for cell in self.cells)

    def run(self, *, device: str, pace: Callable[[Cell], Pace], told: Callable[[Score], None]) -> None:
        """Train and score every cell, one seed of everything first; the tables grow with each."""
        for seed in self.plan.seeds:
            for side in self.sides:
                cells = [cell for cell in side.cells if cell.seed == seed]
                for score in measure(cells, side.data, self.known, self.plan, device=device, pace=pace):
                    self.scores.append(score)
                    self.write({})
                    told(score)

    def rows(self) -> dict[str, list[Row]]:
        """Ranked rows by pair."""
        return {
            side.pair.name: rows_of(
                self.plan.rows_of(side.pair), [score for score in self._so_far() if score.pair == side.pair.name]
            )
            for side in self.sides
        }

    def draw(self) -> dict[str, list[str]]:
        """The features of every method's first seed beside source-only's, as pictures; their paths by pair."""
        return {side.pair.name: self._draw(side) for side in self.sides}

    def write(self, pictures: dict[str, list[str]]) -> None:
        """`comparison.json`, `.md`, `.csv` and `.html`, whole or not at all."""
        scores = self._so_far()
        write_scores(self.out, self.plan, scores)
        rows, about = self.rows(), self._about()
        texts = {"md": markdown(rows, about), "csv": as_csv(scores), "html": page(rows, about, pictures)}
        for suffix, text in texts.items():
            with written_then_named(self.out / f"comparison.{suffix}") as partial:
                partial.write_text(text, encoding="utf-8")

    def _so_far(self) -> list[Score]:
        """The scores of this call, and of an earlier one for cells whose turn is yet to come: Ctrl-C loses none."""
        reached = {(score.pair, score.method, score.seed) for score in self.scores}
        waiting = [cell for cell in self.cells if (cell.pair, cell.method, cell.seed) not in reached]
        return [*self.scores, *known_scores(waiting, self.known)]

    def _side(self, pair: Pair, data_root: Path | None) -> Side:
        data = pair.open(self.plan.input_size, self.plan.fit, data_root)
        return Side(pair, data, cells_of(self.plan, pair, data, self.out))

    def _draw(self, side: Side) -> list[str]:
        ended = {score.fingerprint for score in self.scores if score.failure is None}
        first = [cell for cell in side.cells if cell.seed == self.plan.seeds[0] and cell.fingerprint in ended]
        floor = next((cell for cell in first if cell.blueprint.method == FLOOR), None)
        adapted = [cell for cell in first if cell is not floor]
        if floor is None:
            return []
        sample, before = Sample.of(side.data), None
        for cell in adapted:
            path = _picture(cell)
            if path.exists():
                continue
            before = embed(load_run(floor.run)[1], sample) if before is None else before
            after = embed(load_run(cell.run)[1], sample)
            draw([(floor.method, before), (cell.method, after)], sample, path)
        return [os.path.relpath(_picture(cell), self.out).replace(os.sep, "/") for cell in adapted]

    def _about(self) -> str:
        plan = self.plan
        height, width = plan.input_size
        networks = sorted({cell.blueprint.network for side in self.sides for cell in side.cells})
        steps = sorted({cell.blueprint.recipe.steps for side in self.sides for cell in side.cells})
        counts = " or ".join(f"{count:,}" for count in steps)
        return (
            f"{', '.join(networks)} at {width}×{height} px, {counts} steps, seeds {', '.join(map(str, plan.seeds))}; "
            "last checkpoint. Accuracy is mean ± standard deviation (number of seeds); the interval is the 95 % "
            "bootstrap interval of the first seed; differences to source-only are taken seed by seed."
        )


def _picture(cell: Cell) -> Path:
    """Beside the run, named for what is drawn in it."""
    return cell.run.folder / f"embedding-{cell.fingerprint[:8]}.png"
