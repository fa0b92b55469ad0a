"""How the adaptation of feature vectors is printed: what was chosen, the score beside no adaptation."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from synthda.cli.listing import console, say, table

if TYPE_CHECKING:
    from synthda.adapt.shallow.experiment import ShallowPlan, ShallowResult


def print_result(plan: ShallowPlan, result: ShallowResult) -> None:
    """Tables on stdout: risks of the grid, accuracies, how many rows got which class."""
    if result.selection:
        grid = table(*plan.grid, "reverse risk", "", right=(len(plan.grid),))
        for settings, risk in result.selection.risks:
            mark = "chosen" if settings == result.selection.settings else ""
            grid.add_row(*map(str, settings.values()), f"{risk:.4f}", mark)
        console().print(grid)
        say()
    if result.scores:
        grid = table("", "accuracy", "95 % interval", "rows", right=(1, 3))
        for name, score in result.scores.items():
            low, high = score.interval
            grid.add_row(
                plan.method if name == "adapted" else name,
                f"{score.accuracy:.4f}",
                f"{low:.4f} to {high:.4f}",
                f"{score.n:,}",
            )
        console().print(grid)
        say()
    counts = Counter(result.predictions.tolist())
    say("Target rows by predicted class: " + ", ".join(f"{name}: {n:,}" for name, n in sorted(counts.items())))


def as_dict(plan: ShallowPlan, result: ShallowResult) -> dict[str, Any]:
    """The same for JSON."""
    chosen = result.selection.settings if result.selection else {}
    return {
        "method": plan.method,
        "normalise": plan.normalise,
        "msda": plan.msda,
        "settings": plan.settings | chosen,
        "risks": [{"settings": settings, "risk": risk} for settings, risk in result.selection.risks]
        if result.selection
        else [],
        "scores": {name: asdict(score) for name, score in result.scores.items()},
        "predictions": result.predictions.tolist(),
    }
