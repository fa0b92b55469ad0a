"""The charts of a report that show every class or image: features in the plane, confusions, calibration, factors."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from synthda.adapt.answers import Answers
from synthda.adapt.evaluate import BINS
from synthda.adapt.report.charts import WIDE, in_legend, short
from synthda.adapt.report.stored import Embedding
from synthda.adapt.report.svg import ACCENT, FAINT, INK, MUTED, drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TEN = (
    *("#4e79a7", "#f28e2b", "#e15759", "#76b7b2", "#59a14f"),
    *("#d4a72c", "#b07aa1", "#ff7fa1", "#9c755f", "#8f8a86"),
)
"""Distinct hues of middle lightness: they stand on white and on black."""
BLUE = (0.20, 0.45, 0.85)
"""Of a confusion matrix, more or less opaque over either ground."""
MOST_WRITTEN = 12
"""Classes of a confusion matrix whose counts are written into its cells."""
MOST_TICKS = 60
MOST_NAMED = 20
"""Classes whose colours a legend explains."""
MOST_ENTRIES = 10
"""Of a factor's choices."""


def palette(count: int) -> list[str]:
    """A colour for each class."""
    if count <= len(TEN):
        return list(TEN[:count])
    turns = [colorsys.hls_to_rgb(place / count, (0.5, 0.62)[place % 2], 0.6) for place in range(count)]
    return ["#" + "".join(f"{round(255 * part):02x}" for part in turn) for turn in turns]


def plane(found: Embedding, before: str, classes: Sequence[str]) -> Markup:
    """Source and target before and after, by domain above and by class below."""

    def draw(figure: Figure) -> None:
        grid: Any = figure.subplots(2, 2)
        for column, (title, placed) in enumerate(((before, found.before), ("adapted", found.after))):
            _by_domain(grid[0, column], placed, found.target)
            _by_class(grid[1, column], placed, found, palette(len(classes)))
            grid[0, column].set_title(short(title), fontsize=11)
        figure.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside upper right", ncols=2, markerscale=1.6)
        if len(classes) <= MOST_NAMED:
            _legend_of_classes(figure, classes)

    n_s, n_t = int((~found.target).sum()), int(found.target.sum())
    alt = f"Features of {n_s} source and {n_t} target images in the plane, before and after; by domain and by class."
    return drawn("plane", alt, (WIDE, 8.6), draw)


def _legend_of_classes(figure: Figure, classes: Sequence[str]) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], marker="o", linestyle="none", color=colour, label=in_legend(name))
        for colour, name in zip(palette(len(classes)), classes, strict=True)
    ]
    columns = min(10, max(1, 110 // (6 + max(len(short(name)) for name in classes))))
    figure.legend(handles=handles, loc="outside lower center", ncols=columns, handletextpad=0.2, columnspacing=1.2)


def _by_domain(axes: Axes, placed: NDArray[np.float32], target: NDArray[np.bool_]) -> None:
    for colour, name, chosen in ((FAINT, "source", ~target), (ACCENT, "target", target)):
        _points(axes, placed[chosen], colour, "o", name)
    _bare(axes)


def _by_class(axes: Axes, placed: NDArray[np.float32], found: Embedding, colours: Sequence[str]) -> None:
    for marker, chosen in (("o", ~found.target), ("x", found.target)):
        for label in np.unique(found.label[chosen & (found.label >= 0)]):
            _points(axes, placed[chosen & (found.label == label)], colours[label], marker)
    _bare(axes)


def _points(axes: Axes, placed: NDArray[np.float32], colour: str, marker: str, name: str | None = None) -> None:
    style: dict[str, Any] = {"markersize": 3.2, "markeredgewidth": 0.0 if marker == "o" else 1.0, "clip_on": False}
    across, up = np.round(placed.T, 2)
    axes.plot(across, up, marker=marker, color=colour, linestyle="none", alpha=0.75, label=name, **style)


def _bare(axes: Axes) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[["left", "bottom"]].set_visible(False)


def confusion(counts: Sequence[Sequence[int]], classes: Sequence[str]) -> Markup:
    """Each true class's predictions as shades of its row; counts where there is room."""
    table = np.array(counts, dtype=np.float64)
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    strongest = max(float(shares.max()), 1e-9)
    side = min(7.6, 2.4 + 0.42 * len(classes))

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        opacity = 0.75 * shares[..., None] / strongest
        shades = np.concatenate([np.broadcast_to(BLUE, (*shares.shape, 3)), opacity], axis=2)
        axes.imshow(shades, interpolation="none")
        names = [short(name) for name in classes]
        few = len(classes) <= MOST_TICKS
        size = 9 if len(classes) <= 30 else 5.5
        upright = max(map(len, names)) <= 3 and len(classes) <= 30
        places = range(len(classes)) if few else []
        axes.set_xticks(places, names if few else [], rotation=0 if upright else 90, fontsize=size)
        axes.set_yticks(places, names if few else [], fontsize=size)
        axes.set_title(f"strongest shade: {100 * strongest:.0f} % of a row", color=MUTED, fontsize=8)
        axes.set_xlabel("predicted")
        axes.set_ylabel("true")
        axes.spines[:].set_visible(False)
        if len(classes) <= MOST_WRITTEN:
            for row, column in np.argwhere(table > 0):
                written = f"{int(table[row, column]):,}"
                axes.text(column, row, written, ha="center", va="center", fontsize=8, color=INK)

    right = 100 * np.trace(table) / max(1.0, table.sum())
    alt = f"Confusion matrix of {len(classes)} classes; {right:.1f} percent lie on its diagonal; see the table."
    return drawn("confusion", alt, (side + 0.9, side), draw)


def reliability(answers: Answers) -> Markup:
    """Accuracy against confidence in 15 bins, and below how many photographs each holds."""
    known = answers.label >= 0
    confidence, right = answers.confidence[known], answers.right[known]
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    counts = np.bincount(bins, minlength=BINS)
    full = counts > 0
    sure = np.bincount(bins, confidence, BINS)[full] / counts[full]
    hits = np.bincount(bins, right, BINS)[full] / counts[full]

    def draw(figure: Figure) -> None:
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
        upper.plot([0, 1], [0, 1], color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
        upper.vlines(sure, np.minimum(sure, hits), np.maximum(sure, hits), color=FAINT, linewidth=4)
        upper.plot(sure, hits, color=ACCENT, marker="o", markersize=5, linewidth=1.2)
        upper.set_ylabel("accuracy")
        upper.set_ylim(-0.02, 1.02)
        upper.grid(axis="y")
        lower.bar((np.arange(BINS) + 0.5) / BINS, counts / counts.sum(), 0.88 / BINS, color=FAINT)
        lower.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %" if value else "")
        lower.locator_params(axis="y", nbins=2)
        lower.set_xlim(0, 1.01)
        lower.set_xlabel("confidence")
        lower.set_ylabel("photographs")
        for axes in (upper, lower):
            axes.spines["left"].set_visible(False)

    pairs = ", ".join(f"{one:.2f} sure {other:.2f} right" for one, other in zip(sure, hits, strict=True))
    return drawn("reliability", f"Reliability diagram; by bin: {pairs}.", (6.4, 5.0), draw)


def factors(found: Sequence[Mapping[str, Any]]) -> Markup:
    """Accuracy by each factor: a point and its interval for every part, a line for all images together."""
    across = min(2, len(found))
    down = -(-len(found) // across)

    def draw(figure: Figure) -> None:
        grid = figure.subplots(down, across, squeeze=False).ravel()
        figure.set_layout_engine("constrained", h_pad=0.14, w_pad=0.1)
        for axes, one in zip(grid, found, strict=False):
            _factor(axes, one)
        for axes in grid[len(found) :]:
            axes.set_visible(False)

    names = ", ".join(str(one["factor"]) for one in found)
    return drawn("factors", f"Accuracy by rendering factor: {names}.", (WIDE, 0.2 + 2.8 * down), draw)


def _factor(axes: Axes, one: Mapping[str, Any]) -> None:
    parts = [part for part in one["parts"] if not one["numeric"] or part["mean"] is not None]
    if not one["numeric"]:
        most = sorted(parts, key=lambda part: -part["n"])[:MOST_ENTRIES]
        parts = [part for part in parts if part in most]
    centres = [part["mean"] for part in parts] if one["numeric"] else list(range(len(parts)))
    shares = [100 * part["accuracy"] for part in parts]
    low, high = ([100 * part["interval"][end] for part in parts] for end in (0, 1))
    style: dict[str, Any] = {"color": ACCENT, "marker": "o", "markersize": 4, "linestyle": "none"}
    spans: dict[str, Any] = {"color": ACCENT, "linewidth": 1.2}
    if one["numeric"]:
        axes.axhline(100 * one["accuracy"], color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
        axes.vlines(centres, low, high, **spans)
        axes.plot(centres, shares, **style)
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g} %")
        axes.grid(axis="y")
        axes.spines["left"].set_visible(False)
    else:
        axes.axvline(100 * one["accuracy"], color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
        axes.hlines(centres, low, high, **spans)
        axes.plot(shares, centres, **style)
        axes.set_yticks(centres, [short(str(part["name"])) for part in parts], color=INK)
        axes.set_ylim(len(parts) - 0.5, -0.5)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g} %")
        axes.grid(axis="x")
        axes.spines["bottom"].set_visible(False)
    axes.set_title(short(str(one["factor"])))
