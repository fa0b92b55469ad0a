"""A drawing of accuracy by factor: a point and its interval for each part, a line for all images together."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from synthda.adapt.by_factor import ByFactor, Part
from synthda.manifest import written_then_named
from synthda.wording import shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_DRAWN = 40
"""Of more entries of a choice, those with the most images."""
LONGEST_NAME, LONGEST_TITLE = 32, 88
INK, POINT, RANGE, ALL = "#222222", "#1f5fa8", "#a9c4e4", "#b3541e"
DPI = 150


def draw(found: ByFactor, path: Path, *, title: str = "") -> None:
    """Draw into a PNG; numbers along the horizontal axis, entries of a choice below one another, worst first.

    Raises:
        SynthdaError: when the file cannot be written.
    """
    from matplotlib.figure import Figure  # without pyplot: no window, no state, Agg

    parts = found.most_frequent(MOST_DRAWN)
    height = 4.2 if found.numeric else 1.5 + 0.3 * len(parts)
    figure = Figure(figsize=(7.2, height), layout="constrained")
    axes = figure.add_subplot()
    if found.numeric:
        _numbers(axes, found, parts)
    else:
        _entries(axes, found, parts)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(colors=INK, labelsize=9)
    about = f"Accuracy by {found.factor}" + (f": {title}" if title else "")
    # As the legend's title, so that the two never lie on one another.
    heading = {"title": _plain(about, LONGEST_TITLE), "title_fontsize": 11, "alignment": "left"}
    figure.legend(loc="outside upper left", ncols=2, frameon=False, fontsize=9, borderaxespad=0.3, **heading)
    with warnings.catch_warnings(), written_then_named(path) as partial:
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # a name in a script that the font lacks
        figure.savefig(partial, format="png", dpi=DPI, metadata={"Software": None})


def _numbers(axes: Axes, found: ByFactor, parts: list[Part]) -> None:
    shown = [part for part in parts if part.mean is not None]
    centres = [part.mean or 0.0 for part in shown]
    accuracies = [part.accuracy for part in shown]
    axes.axhline(found.accuracy, color=ALL, linewidth=1, linestyle=(0, (5, 3)), label=_overall(found))
    axes.hlines(accuracies, [part.low or 0 for part in shown], [part.high or 0 for part in shown], RANGE, linewidth=5)
    axes.errorbar(centres, accuracies, _errors(shown), label=_legend(shown), **_style())  # type: ignore[arg-type]
    axes.set_xlabel(_plain(found.factor), color=INK)
    axes.set_ylabel("accuracy", color=INK)
    axes.set_ylim(*_limits(parts, found.accuracy))
    axes.grid(axis="y", color="#e6e6e6", linewidth=0.8)
    axes.set_axisbelow(True)


def _entries(axes: Axes, found: ByFactor, parts: list[Part]) -> None:
    places = list(range(len(parts)))
    accuracies = [part.accuracy for part in parts]
    axes.axvline(found.accuracy, color=ALL, linewidth=1, linestyle=(0, (5, 3)), label=_overall(found))
    axes.errorbar(accuracies, places, xerr=_errors(parts), label="95 % interval (images)", **_style())  # type: ignore[arg-type]
    axes.set_yticks(places, [f"{_plain(part.name)}  ({part.n:,})" for part in parts])
    axes.set_ylim(len(parts) - 0.4, -0.6)
    axes.set_xlim(*_limits(parts, found.accuracy))
    axes.set_xlabel("accuracy", color=INK)
    axes.set_ylabel(_plain(found.factor), color=INK)
    axes.grid(axis="x", color="#e6e6e6", linewidth=0.8)
    axes.set_axisbelow(True)


def _errors(parts: list[Part]) -> list[list[float]]:
    below = [max(0.0, part.accuracy - part.interval[0]) for part in parts]
    return [below, [max(0.0, part.interval[1] - part.accuracy) for part in parts]]


def _limits(parts: list[Part], accuracy: float) -> tuple[float, float]:
    """Around all intervals, within 0…1 and a little more, so that no point lies on the rim."""
    low = min([accuracy, *(part.interval[0] for part in parts)])
    high = max([accuracy, *(part.interval[1] for part in parts)])
    room = 0.06 * max(high - low, 0.05)
    return max(-0.01, low - room), min(1.01, high + room)


def _overall(found: ByFactor) -> str:
    return f"all {found.n:,} images: {found.accuracy:.3f}"


def _legend(parts: list[Part]) -> str:
    fewest, most = min(part.n for part in parts), max(part.n for part in parts)
    return f"95 % interval, {fewest:,}{f' to {most:,}' if most > fewest else ''} images each"


def _style() -> dict[str, object]:
    return {"fmt": "o", "color": POINT, "ecolor": POINT, "markersize": 5, "elinewidth": 1.3, "capsize": 3}


def _plain(text: str, longest: int = LONGEST_NAME) -> str:
    """Shortened, and without what matplotlib takes for a formula."""
    return shortened(text, longest).replace("$", r"\$")
