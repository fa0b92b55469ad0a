"""The charts of a report, drawn by matplotlib: scores, health without labels, curves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from synthda.adapt.answers import Answers
from synthda.adapt.metrics_log import Entry
from synthda.adapt.report.content import Result
from synthda.adapt.report.svg import ACCENT, FAINT, GROUND, INK, LINE, MUTED, WARNING, drawn
from synthda.wording import shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDE = 9.0
"""Width of a chart that fills the column, inches of 72 px."""
MOST_CLASSES = 30
"""Of more, those whose shares differ most are drawn."""
LONGEST = 28
MARKS = "osD^vPX*"


def short(name: str) -> str:
    """A name as a chart can draw it, at a length that leaves room."""
    return shortened(name, LONGEST)


def in_legend(name: str) -> str:
    """As `short`; matplotlib leaves out of a legend what begins with an underscore."""
    return f" {short(name)}" if name.startswith("_") else short(name)


def scores(name: str, rows: Sequence[Result], accented: str) -> Markup:
    """Accuracies as bars with their 95 % intervals, one below the other, the accented one in colour."""

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        places = range(len(rows))
        colours = [ACCENT if row.name == accented else FAINT for row in rows]
        axes.barh(places, [100 * row.accuracy for row in rows], height=0.56, color=colours)
        for place, row in zip(places, rows, strict=True):
            low, high = (100 * end for end in row.interval)
            for colour, width in ((GROUND, 3.4), (INK, 1.3)):  # a rim, so that it is seen on the bar
                axes.plot([low, high], [place, place], color=colour, linewidth=width, solid_capstyle="butt")
            written = f"{100 * row.accuracy:.1f} %"
            axes.annotate(written, (high, place), (6, 0), textcoords="offset points", va="center", fontsize=10)
        axes.set_yticks(places, [short(row.name) for row in rows], fontsize=10, color=INK)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_xlim(0, 108)
        axes.set_xticks([0, 25, 50, 75, 100], ["0", "25", "50", "75", "100 %"])
        axes.grid(axis="x")
        axes.spines["bottom"].set_visible(False)

    said = "; ".join(f"{row.name} {100 * row.accuracy:.1f} percent" for row in rows)
    return drawn(name, f"Accuracy with 95 percent intervals: {said}.", (WIDE, 0.6 + 0.42 * len(rows)), draw)


def certainty(answers: Answers, classes: int) -> Markup:
    """Histograms of confidence and of entropy on the target."""

    def draw(figure: Figure) -> None:
        left, right = figure.subplots(1, 2)
        _histogram(left, answers.confidence, (0.0, 1.0), "confidence of the predicted class")
        left.set_ylabel("share of the photographs")
        _histogram(right, answers.entropy, (0.0, math.log(max(2, classes))), "entropy of the prediction, nats")
        left.axvline(1 / classes, color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
        left.annotate("a guess", (1 / classes, 1), (4, -9), ("data", "axes fraction"), "offset points", color=MUTED)

    sure = 100 * (answers.confidence > 0.9).mean()
    alt = (
        f"Histograms on the target: mean confidence {answers.confidence.mean():.2f}, {sure:.0f} percent above 0.9; "
        f"mean entropy {answers.entropy.mean():.2f} nats."
    )
    return drawn("certainty", alt, (WIDE, 2.5), draw)


def _histogram(axes: Axes, values: NDArray[np.float64], extent: tuple[float, float], label: str) -> None:
    counts, edges = np.histogram(values, bins=25, range=extent)
    axes.bar(edges[:-1], counts / max(1, len(values)), np.diff(edges) * 0.88, align="edge", color=ACCENT)
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %" if value else "")
    axes.set_xlim(*extent)
    axes.set_xlabel(label)
    axes.grid(axis="y")
    axes.spines["left"].set_visible(False)


def balance(predicted: Mapping[str, float], source: Mapping[str, float]) -> Markup:
    """Each class's share of the predictions on the target, beside its share of the source."""
    names = list(predicted)
    if len(names) > MOST_CLASSES:
        far = sorted(names, key=lambda name: -abs(predicted[name] - source.get(name, 0.0)))[:MOST_CLASSES]
        names = [name for name in names if name in far]

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        places = np.arange(len(names))
        axes.barh(places, [100 * predicted[name] for name in names], 0.6, color=ACCENT, label="predicted on the target")
        if source:
            shares = [100 * source.get(name, 0.0) for name in names]
            marks: dict[str, Any] = {"marker": "|", "markersize": 12, "linestyle": "none"}
            axes.plot(shares, places, color=GROUND, markeredgewidth=4, **marks)  # a rim, as above
            axes.plot(shares, places, color=INK, markeredgewidth=1.6, label="labelled in the source", **marks)
            figure.legend(loc="outside upper left", ncols=2, borderaxespad=0.2)
        axes.set_yticks(places, [short(name) for name in names], color=INK)
        axes.set_ylim(len(names) - 0.4, -0.6)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g} %")
        axes.grid(axis="x")
        axes.spines["bottom"].set_visible(False)

    alt = f"Share of each class among the predictions on the target beside the source, {len(names)} classes; see below."
    return drawn("balance", alt, (WIDE, 0.9 + 0.24 * len(names)), draw)


def curves(entries: Sequence[Entry], terms: Sequence[str], chosen: int | None) -> Markup:
    """A small chart for each logged term over the steps; a line where the chosen checkpoint is."""
    across = min(3, len(terms))
    down = -(-len(terms) // across)

    def draw(figure: Figure) -> None:
        grid = np.atleast_1d(figure.subplots(down, across, squeeze=False, sharex=True)).ravel()
        for axes, term in zip(grid, terms, strict=False):
            _curve(axes, entries, term)
            if chosen is not None:
                axes.axvline(chosen, color=WARNING, linewidth=1)
        for axes in grid[len(terms) :]:
            axes.set_visible(False)
        for axes in grid[max(0, len(terms) - across) : len(terms)]:
            axes.xaxis.set_tick_params(labelbottom=True)
            axes.set_xlabel("step")

    ends = "; ".join(f"{term} {_last(entries, term):.3g}" for term in terms)
    return drawn("curves", f"Curves of the training; at its end: {ends}.", (WIDE, 0.3 + 1.7 * down), draw)


def _curve(axes: Axes, entries: Sequence[Entry], term: str) -> None:
    found = [(entry["step"], entry[term]) for entry in entries if _finite(entry.get(term))]
    steps, values = zip(*found, strict=True) if found else ((), ())
    axes.plot(steps, values, color=ACCENT, linewidth=1.4, marker="o" if len(found) < 3 else "", markersize=3)
    if "accuracy" in term:
        axes.set_ylim(-0.02, 1.02)
        axes.axhline(0.5, color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
    axes.set_title(short(term.replace("_", " ")))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.locator_params(axis="x", nbins=4, integer=True)
    axes.locator_params(axis="y", nbins=4)
    axes.grid(axis="y")
    axes.spines["left"].set_visible(False)


def _finite(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _last(entries: Sequence[Entry], term: str) -> float:
    return next((entry[term] for entry in reversed(entries) if _finite(entry.get(term))), float("nan"))


def candidates(scored: Sequence[Mapping[str, Any]], chosen: int, rule: str) -> Markup:
    """The rule's score of every checkpoint, the chosen one marked."""

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        steps, values = [one["step"] for one in scored], [one["score"] for one in scored]
        axes.plot(steps, values, color=FAINT, linewidth=1.2, marker="o", markersize=4)
        best = [one["score"] for one in scored if one["step"] == chosen]
        axes.plot([chosen] * len(best), best, color=ACCENT, marker="o", markersize=8)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        axes.set_xlabel("step")
        axes.set_ylabel(short(rule))
        axes.grid(axis="y")
        axes.spines["left"].set_visible(False)

    alt = f"Score of {len(scored)} checkpoints by {rule}; the one after step {chosen} has the highest and is deployed."
    return drawn("candidates", alt, (WIDE, 2.2), draw)


def recalls(runs: Sequence[tuple[str, Mapping[str, float | None]]], classes: Sequence[str]) -> Markup:
    """Recall of each class: a line a class, a mark a run."""

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for number, (name, recall) in enumerate(runs):
            found = [
                (100 * known, place) for place, one in enumerate(classes) if (known := recall.get(one)) is not None
            ]
            across, up = zip(*found, strict=True) if found else ((), ())
            style: dict[str, Any] = {"linestyle": "none", "markersize": 6, "fillstyle": "none"}
            style["label"] = in_legend(name)
            axes.plot(across, up, marker=MARKS[number % 8], color=(ACCENT, INK, MUTED, WARNING)[number % 4], **style)
        axes.hlines(range(len(classes)), 0, 100, color=LINE, linewidth=0.6, zorder=0)
        axes.set_yticks(range(len(classes)), [short(one) for one in classes], color=INK)
        axes.set_ylim(len(classes) - 0.4, -0.6)
        axes.set_xlim(-2, 102)
        axes.set_xticks([0, 25, 50, 75, 100], ["0", "25", "50", "75", "100 %"])
        axes.spines[["left", "bottom"]].set_visible(False)
        figure.legend(loc="outside upper left", ncols=4, borderaxespad=0.2)

    alt = f"Recall of {len(classes)} classes for {len(runs)} runs; the table has the numbers."
    return drawn("recalls", alt, (WIDE, 1.0 + 0.26 * len(classes)), draw)
