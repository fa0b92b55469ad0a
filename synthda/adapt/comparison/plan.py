"""What is to be compared: pairs of domains, methods with their settings, seeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import get_args

from synthda.adapt.blueprint import Blueprint, names_of_settings, own_views
from synthda.adapt.data import FLOOR, ORACLE, Data, Shared, open_data
from synthda.adapt.network import Size
from synthda.adapt.selection import HELD_OUT, LAST, OF_SOURCE_TOO, RULES, Selection
from synthda.datasets.resize import Fit
from synthda.errors import SettingError
from synthda.settings import unknown

BASELINES = (FLOOR, ORACLE)


class RowError(SettingError):
    """What a row of the table does not take; `row` is its name."""

    def __init__(self, row: str, error: SettingError) -> None:
        super().__init__(f"Row {row}: {error}")
        self.row = row


@dataclass(frozen=True)
class Pair:
    """Source and target, as specs of `open_domain`.

    Attributes:
        name: heading of the pair's table, and its folder.
        source: one or more labelled domains.
        target: photographs whose labels, if any, are not read.
        eval: labelled; scores every method. Without it the accuracy is estimated, on held-out source images.
        labelled_target: a few labelled target photographs for every method.
        oracle: labelled target photographs that train the oracle.
    """

    name: str
    source: tuple[str, ...]
    target: str
    eval: str | None = None
    labelled_target: str | None = None
    oracle: str | None = None

    def open(
        self,
        size: Size,
        fit: Fit,
        data_root: Path | None = None,
        shared: Shared | None = None,
        *,
        answers_unknown: bool = False,
    ) -> Data:
        """The domains, as in `open_data`; raises DataError where they are missing or do not fit one another."""
        return open_data(
            self.source,
            self.target,
            size=size,
            fit=fit,
            evaluation=self.eval,
            labelled_target=self.labelled_target,
            oracle=self.oracle,
            data_root=data_root,
            shared=shared,
            answers_unknown=answers_unknown,
        )

    @property
    def domains(self) -> tuple[str, ...]:
        """All that it opens."""
        return tuple(filter(None, (*self.source, self.target, self.eval, self.labelled_target, self.oracle)))


@dataclass(frozen=True)
class Entry:
    """A row of the comparison: a method with what differs from the plan's defaults; `name` is what it is called."""

    name: str
    method: str
    network: str | None = None
    steps: int | None = None
    given: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """A comparison.

    Attributes:
        pairs, entries, seeds: every combination is one cell.
        network, steps, size, fit, given: of every entry that has none of its own; `given` are texts by setting, of
            which source-only and the oracle take those that they know.
        rules: of selection without labels; each run's checkpoint is also chosen by each of them.
        candidates: how many checkpoints they choose among.
        unknown_below, calibrates_unknown: as in `Blueprint`, of every method that does not learn the class `unknown`
            itself; to calibrate, a tenth of each source class is held out.
    """

    pairs: tuple[Pair, ...]
    entries: tuple[Entry, ...]
    seeds: tuple[int, ...] = (0, 1, 2)
    network: str = "conv-small"
    steps: int | None = None
    size: int | None = None
    fit: Fit = "stretch"
    given: Mapping[str, str] = field(default_factory=dict)
    rules: tuple[str, ...] = ()
    candidates: int = 10
    unknown_below: float | None = None
    calibrates_unknown: bool = False

    def __post_init__(self) -> None:
        for kind, names in (("pair", [pair.name for pair in self.pairs]), ("method", [e.name for e in self.entries])):
            if not names:
                raise SettingError(f"A comparison needs at least one {kind}.")
            twice = next((name for name in names if names.count(name) > 1), None)
            if twice:
                raise SettingError(f"The {kind} {twice!r} is named twice; give each a name of its own.")
        taken = next((entry for entry in self.entries if entry.name in BASELINES and entry.method != entry.name), None)
        if taken:
            raise SettingError(
                f"{taken.name!r} is the name of a baseline and cannot be a row of {taken.method}; give it another name."
            )
        asked = any(entry.method == ORACLE for entry in self.entries)
        if asked and not any(pair.oracle for pair in self.pairs):
            raise SettingError(f"{ORACLE} needs labelled target photographs; give them with oracle (--oracle).")
        different = len(set(self.seeds)) == len(self.seeds)
        if not self.seeds or not different or min(self.seeds) < 0 or max(self.seeds) >= 2**63:
            raise SettingError(
                f"seeds={list(self.seeds)} is not understood; give different whole numbers from 0 to 2⁶³ − 1."
            )
        if self.fit not in get_args(Fit):
            raise SettingError(unknown("fit", self.fit, get_args(Fit)))
        if self.size is not None and not 8 <= self.size <= 1024:
            raise SettingError(f"size={self.size} is out of range; size accepts 8…1024.")
        if self.calibrates_unknown and self.unknown_below is not None:
            raise SettingError("calibrates_unknown finds the threshold that unknown_below gives; leave out one.")
        blind = [pair.name for pair in self.pairs if pair.eval is None]
        if blind and self.rules:
            raise SettingError(
                f"The rules are compared by the accuracy of what they choose, and {blind[0]} has no eval; give it one, "
                "or leave out rules."
            )
        for rule in self.rules:
            if rule not in RULES:  # `last` is a column of its own
                raise SettingError(unknown("rule", rule, RULES))
            Selection(rule, self.candidates)
        for name, steps, given in (("", self.steps, self.given), *((e.name, e.steps, e.given) for e in self.entries)):
            if steps is not None and "steps" in given:
                where = f"Row {name} has" if name else "The comparison has"
                raise SettingError(
                    f"{where} steps={steps} and steps={given['steps']} in set; leave out one of the two."
                )

    @property
    def selection(self) -> Selection:
        """What every run keeps: candidates for rules, and source images for what is told by these."""
        held_out = self.calibrates_unknown or any(rule in OF_SOURCE_TOO for rule in self.rules)
        held_out = held_out or any(pair.eval is None for pair in self.pairs)
        share = HELD_OUT if held_out else 0.0
        return Selection(LAST, self.candidates, share, keeps=bool(self.rules))

    def rows_of(self, pair: Pair) -> tuple[Entry, ...]:
        """The pair's rows: source-only first, from which others start; oracles last, where their photographs are given.

        A few labelled target photographs, which every method has, are no ceiling, and train no oracle.
        """
        floors, oracles = (self._baselines(method) for method in BASELINES)
        others = tuple(entry for entry in self.entries if entry.method not in BASELINES)
        return (*floors, *others, *(oracles if pair.oracle else ()))

    def _baselines(self, method: str) -> tuple[Entry, ...]:
        """The plain one, which comes by itself, and the variants of it."""
        asked = sorted((e for e in self.entries if e.method == method), key=lambda entry: entry.name != method)
        return tuple(asked) if asked and asked[0].name == method else (Entry(method, method), *asked)

    @property
    def input_size(self) -> Size:
        """H, W of all images: what is given, or what the networks take by default.

        Raises:
            SettingError: when networks with different defaults are compared and no size is given.
        """
        networks = sorted({entry.network or self.network for entry in self.entries} | {self.network})
        sizes = {self.blueprint(Entry(FLOOR, FLOOR, network), (), 0).input_size for network in networks}
        if len(sizes) > 1:
            raise SettingError(f"{' and '.join(networks)} take images of different sizes; give one size for all.")
        return sizes.pop()

    def blueprint(self, entry: Entry, classes: tuple[str, ...], seed: int) -> Blueprint:
        """What a cell trains; raises SettingError for settings that its method and network do not know."""
        steps = entry.steps
        if steps is None and "steps" not in entry.given:
            steps = self.steps
        try:
            plan = Blueprint.of(
                entry.method,
                entry.network or self.network,
                (),
                given={**self._given_to(entry), **entry.given},
                input_size=None if self.size is None else (self.size, self.size),
                fit=self.fit,
                seed=seed,
                steps=steps,
            )
        except SettingError as error:
            raise RowError(entry.name, error) from error
        if not plan.learns_unknown:
            plan = replace(plan, unknown_below=self.unknown_below, calibrates_unknown=self.calibrates_unknown)
        return plan.for_classes(classes)

    def _given_to(self, entry: Entry) -> Mapping[str, str]:
        """All settings of the plan but views that the method would not look at.

        To a baseline beside other methods, those that it knows: it has no `lambda_max`.
        """
        given = {name: value for name, value in self.given.items() if name not in own_views(entry.method)}
        if entry.method not in BASELINES or all(other.method in BASELINES for other in self.entries):
            return given
        known = names_of_settings(entry.method, entry.network or self.network)
        return {name: value for name, value in given.items() if name in known}
