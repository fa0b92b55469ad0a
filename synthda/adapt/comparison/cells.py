"""The cells of a comparison: each is a run of its own, in a folder named for all that it depends on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from synthda.adapt.blueprint import Blueprint
from synthda.adapt.comparison.plan import Pair, Plan, RowError
from synthda.adapt.configuration import configuration_of, first_blueprint
from synthda.adapt.data import Data
from synthda.adapt.hold_out import hold_out
from synthda.adapt.preparation import check_before
from synthda.adapt.run import Run, folder_name
from synthda.errors import SettingError
from synthda.manifest import fingerprint


@dataclass(frozen=True)
class Cell:
    """One training run: a pair, a row of its table, a seed.

    Attributes:
        pair, method: names of the pair and of the row.
        blueprint: what is trained.
        run: its folder, named for all that the weights and the candidates on disk depend on.
        first: the run that the method starts from, shared by all cells that start from an equal one.
        fingerprint: of all that the score depends on.
        starts_from: the cell of which `first` is the run; None where it is no cell's.
    """

    pair: str
    method: str
    seed: int
    blueprint: Blueprint
    run: Run
    first: Run | None
    fingerprint: str
    starts_from: Cell | None = None


def cells_of(plan: Plan, pair: Pair, data: Data, out: Path) -> tuple[Cell, ...]:
    """A pair's cells, one seed of every method first.

    Raises:
        SettingError: when a method cannot serve a network or so many sources, or a setting is out of range; before
            any training.
        DataError: when a domain has other classes than the sources.
        RunError: when weights that need no download are missing, damaged, or of another model.
    """
    rows, folder = plan.rows_of(pair), out / folder_name(pair.name)
    for entry in rows:
        blueprint = plan.blueprint(entry, data.classes, plan.seeds[0])
        method = blueprint.build(pretrained=False)
        if method.network.download is None:
            method.network.load_pretrained()  # weights that do not fit are told before any training
        check_before(blueprint, data, method)  # and what the method cannot serve
        if blueprint.learns_unknown and data.evaluation is None:
            raise RowError(entry.name, SettingError(_no_figure(blueprint.method, pair.name)))
    cells: list[Cell] = []
    for seed in plan.seeds:
        for entry in rows:
            blueprint = plan.blueprint(entry, data.classes, seed)
            kept, _ = hold_out(data, entry.method, data.classes, plan.selection.share, seed=seed)
            among = plan.candidates if plan.rules else 0
            run = _run_of(blueprint, kept, folder / folder_name(entry.name), among)
            read = {"run": run.folder.relative_to(out).as_posix()} | data.measured_identity
            scored = fingerprint(read | ({"rules": plan.rules} if plan.rules else {}))
            plain = first_blueprint(blueprint, blueprint.build(pretrained=False))
            earlier = next((cell for cell in cells if cell.blueprint == plain), None)
            first = None if earlier is None else earlier.run
            if first is None and plain is not None:
                first = _run_of(plain, kept, folder / f"{plain.method}-to-start-from")
            cells.append(Cell(pair.name, entry.name, seed, blueprint, run, first, scored, starts_from=earlier))
    return tuple(cells)


def _no_figure(method: str, pair: str) -> str:
    return (
        f"{method} learns the class unknown, and how well is not estimated without labels; {pair} has no eval: give it "
        "one, or leave out the row."
    )


def _run_of(blueprint: Blueprint, data: Data, folder: Path, candidates: int = 0) -> Run:
    """Named for what the weights depend on, and for the candidates: a run that kept none cannot be asked for them."""
    depends = configuration_of(blueprint, data) | ({"candidates": candidates} if candidates else {})
    return Run(folder / f"seed-{blueprint.seed}-{fingerprint(depends)[:12]}")
