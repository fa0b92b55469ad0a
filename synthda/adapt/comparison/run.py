"""A comparison from start to end: every domain and setting checked, every cell trained and scored, tables, pictures."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from synthda.adapt.candidates import bytes_each, candidate_steps
from synthda.adapt.comparison.cells import Cell, cells_of
from synthda.adapt.comparison.embedding import Sample, draw, embed
from synthda.adapt.comparison.plan import Pair, Plan
from synthda.adapt.comparison.rows import Row, rows_of
from synthda.adapt.comparison.scores import Score, measure, read_scores, write_scores
from synthda.adapt.comparison.tables import as_csv, markdown, page
from synthda.adapt.data import FLOOR, Data, Shared
from synthda.adapt.train import Pace
from synthda.adapt.trained import load_run
from synthda.datasets.claim import check_outside
from synthda.datasets.lock import alone_in
from synthda.manifest import fingerprint, written_then_named

BLIND = (
    "Where no labels evaluate, accuracy is an estimate by average thresholded confidence, on a tenth of the source "
    "that is held out of every training: it ranks methods, and says little of how good the best is."
)


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
        for domain in dict.fromkeys(domain for pair in plan.pairs for domain in pair.domains):
            if Path(domain).is_dir():
                check_outside(out, Path(domain))  # its pictures would be photographs there
        shared: Shared = {}
        self.sides = [self._side(pair, data_root, shared) for pair in plan.pairs]
        self.known = read_scores(out)
        self._found = dict(self.known)

    @property
    def cells(self) -> list[Cell]:
        """Of all pairs."""
        return [cell for side in self.sides for cell in side.cells]

    @property
    def in_order(self) -> list[Cell]:
        """As they are trained: one seed of everything first."""
        return [cell for seed in self.plan.seeds for cell in self.cells if cell.seed == seed]

    @property
    def to_do(self) -> list[Cell]:
        """Those that are still to be trained or scored."""
        return [cell for cell in self.cells if cell.fingerprint not in self.known]

    @property
    def downloads(self) -> list[str]:
        """The addresses from which weights will be taken when the cells that are to do begin."""
        plans = {(cell.pair, cell.method): cell.blueprint for cell in self.to_do}  # its seeds take the same weights
        networks = [plan.build(pretrained=False).network for plan in plans.values()]
        return list(dict.fromkeys(network.download for network in networks if network.download))

    @property
    def bytes_of_candidates(self) -> int:
        """What all cells keep on disk for the plan's rules, beside the last checkpoints."""
        total = 0
        for cell in (cell for cell in self.cells if cell.seed == self.plan.seeds[0]):
            method = cell.blueprint.build(pretrained=False)
            kept = candidate_steps(method.steps(cell.blueprint.recipe), self.plan.candidates)[:-1]
            total += len(self.plan.seeds) * len(kept) * bytes_each(method)
        return total if self.plan.rules else 0

    @property
    def scores(self) -> list[Score]:
        """All that is known of the plan's cells, one seed of everything first."""
        found = [(cell, self._found.get(cell.fingerprint)) for cell in self.in_order]
        return [replace(score, pair=cell.pair, method=cell.method) for cell, score in found if score is not None]

    def run(self, *, device: str, pace: Callable[[Cell], Pace], told: Callable[[Score], None]) -> None:
        """Train and score every cell, one seed of everything first; the tables grow with each.

        Raises:
            DataError: when another process is comparing in the same folder.
        """
        with alone_in(self.out):
            self.known |= read_scores(self.out)  # another process may have ended since
            self._found = self.known | self._found
            self.write({})  # from here on the folder is known as a comparison's
            for seed in self.plan.seeds:
                for side in self.sides:
                    cells = [cell for cell in side.cells if cell.seed == seed]
                    for score in measure(cells, side.data, self.known, self.plan, device=device, pace=pace):
                        self._found[score.fingerprint] = score
                        self.write({})
                        told(score)

    def rows(self) -> dict[str, list[Row]]:
        """Ranked rows by pair."""
        return {
            side.pair.name: rows_of(
                self.plan.rows_of(side.pair), [score for score in self.scores if score.pair == side.pair.name]
            )
            for side in self.sides
        }

    def draw(self, device: str = "cpu") -> dict[str, list[str]]:
        """The features of every method's first seed beside source-only's, as pictures; their paths by pair."""
        return {side.pair.name: self._draw(side, device) for side in self.sides}

    def write(self, pictures: dict[str, list[str]]) -> None:
        """`comparison.json`, `.md`, `.csv` and `.html`, whole or not at all."""
        own = {cell.fingerprint for cell in self.cells}
        others = [score for score in self.known.values() if score.fingerprint not in own]
        write_scores(self.out, self.plan, self.scores, others)
        rows, about = self.rows(), self._about()
        texts = {"md": markdown(rows, about), "csv": as_csv(self.scores), "html": page(rows, about, pictures)}
        for suffix, text in texts.items():
            with written_then_named(self.out / f"comparison.{suffix}") as partial:
                partial.write_text(text, encoding="utf-8", errors="replace")  # of names that are no UTF-8

    def _side(self, pair: Pair, data_root: Path | None, shared: Shared) -> Side:
        answers = self.plan.calibrates_unknown or self.plan.unknown_below is not None
        data = pair.open(self.plan.input_size, self.plan.fit, data_root, shared, answers_unknown=answers)
        return Side(pair, data, cells_of(self.plan, pair, data, self.out))

    def _draw(self, side: Side, device: str) -> list[str]:
        ended = {score.fingerprint for score in self.scores if score.failure is None}
        first = [cell for cell in side.cells if cell.seed == self.plan.seeds[0] and cell.fingerprint in ended]
        first = [cell for cell in first if cell.run.finished]  # a score outlives a run that was removed
        floors = [cell for cell in first if cell.blueprint.method == FLOOR]
        sample, placed = Sample.of(side.data), {}
        paths = []
        for cell in first:
            before = next((floor for floor in floors if _alike(floor, cell)), None)
            if cell in floors or before is None:
                continue
            path = _picture(before, cell)
            paths.append(os.path.relpath(path, self.out).replace(os.sep, "/"))
            if path.exists():
                continue
            for each in (before, cell):
                if each.fingerprint not in placed:
                    placed[each.fingerprint] = embed(load_run(each.run)[1].to(device), sample)
            draw([(each.method, placed[each.fingerprint]) for each in (before, cell)], sample, path)
        return paths

    def _about(self) -> str:
        plan = self.plan
        height, width = plan.input_size
        networks = sorted({cell.blueprint.network for side in self.sides for cell in side.cells})
        steps = sorted({cell.blueprint.recipe.steps for side in self.sides for cell in side.cells})
        counts = " or ".join(f"{count:,}" for count in steps)
        return (
            f"{', '.join(networks)} at {width}×{height} px, {counts} steps, seeds {', '.join(map(str, plan.seeds))}; "
            "last checkpoint. Accuracy is mean ± sample standard deviation (number of seeds); the interval is the 95 % "
            "bootstrap interval of the first seed that ended; differences to source-only, around the same network, are "
            "taken seed by seed, in percentage points."
            + (f" {BLIND}" if any(not pair.eval for pair in plan.pairs) else "")
        )


def _alike(one: Cell, other: Cell) -> bool:
    """Whether both train the same network."""
    parts = [(cell.blueprint.network, dict(cell.blueprint.network_settings)) for cell in (one, other)]
    return parts[0] == parts[1]


def _picture(before: Cell, after: Cell) -> Path:
    """Beside the run, named for all that is drawn in it."""
    drawn = fingerprint({"before": before.fingerprint, "after": after.fingerprint})
    return after.run.folder / f"embedding-{drawn[:8]}.png"
