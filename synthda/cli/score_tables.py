"""How an evaluation is printed: accuracy with its interval, recall per class, what is taken for what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from synthda.cli.listing import console, pairs, say, table

if TYPE_CHECKING:
    from synthda.adapt.by_factor import ByFactor
    from synthda.adapt.evaluate import Evaluation

WIDEST_MATRIX = 12
"""With more classes, the largest confusions are listed instead of the whole matrix."""
MOST_CONFUSIONS = 15
MOST_PARTS = 40
BAR = 30


def print_evaluation(evaluation: Evaluation) -> None:
    """Tables on stdout; class names in the order of the model's outputs."""
    printer = console()
    low, high = evaluation.interval
    printer.print(
        pairs(
            {
                "accuracy": f"{evaluation.accuracy:.4f}  (n = {evaluation.n:,}, 95 % interval {low:.4f} to {high:.4f})",
                "mean recall": f"{evaluation.mean_recall:.4f}",
                "calibration error": f"{evaluation.calibration_error:.4f}",
                **_about_unknown(evaluation),
            }
        )
    )
    say()
    if len(evaluation.recall) <= WIDEST_MATRIX:
        printer.print(_matrix(evaluation))
    else:
        printer.print(_recalls(evaluation))
        say()
        printer.print(_confusions(evaluation))


def print_by_factor(found: ByFactor) -> None:
    """A table on stdout: n, accuracy and interval of each value, or range of values, of the factor."""
    grid = table(found.factor, "images", "accuracy", "95 % interval", "", right=(1, 2))
    shown = found.most_frequent(MOST_PARTS)
    for part in shown:
        low, high = part.interval
        bar = "█" * round(BAR * part.accuracy)
        grid.add_row(part.name, f"{part.n:,}", f"{part.accuracy:.4f}", f"{low:.4f} to {high:.4f}", bar)
    console().print(grid)
    if len(shown) < len(found.parts):
        say(f"… {len(found.parts) - len(shown)} more with fewer images: all of them with --json")


def _about_unknown(evaluation: Evaluation) -> dict[str, str]:
    auroc, known = evaluation.unknown_auroc, evaluation.known_accuracy
    found = {} if auroc is None else {"unknown, AUROC": f"{auroc:.4f}  (0.5: told apart no better than by chance)"}
    return found if known is None else {"of known classes": f"{known:.4f}  (were unknown no answer)", **found}


def _matrix(evaluation: Evaluation) -> Any:
    names = list(evaluation.recall)
    right = range(1, len(names) + 3)
    grid = table("true \\ predicted", *names, "images", "recall", right=right)
    for row, (name, counts) in enumerate(zip(names, evaluation.confusion, strict=True)):
        cells = [_cell(count, right=column == row) for column, count in enumerate(counts)]
        grid.add_row(name, *cells, f"{sum(counts):,}", _share(evaluation.recall[name]))
    return grid


def _cell(count: int, *, right: bool) -> Any:
    from rich.text import Text

    return Text(f"{count:,}" if count else "·", style="bold green" if right else "red" if count else "dim")


def _recalls(evaluation: Evaluation) -> Any:
    grid = table("class", "images", "recall", right=(1, 2))
    for (name, recall), counts in zip(evaluation.recall.items(), evaluation.confusion, strict=True):
        grid.add_row(name, f"{sum(counts):,}", _share(recall))
    return grid


def _confusions(evaluation: Evaluation) -> Any:
    names = list(evaluation.recall)
    mistakes = [
        (count, names[true], names[predicted], count / sum(counts))
        for true, counts in enumerate(evaluation.confusion)
        for predicted, count in enumerate(counts)
        if count and true != predicted
    ]
    mistakes.sort(key=lambda mistake: -mistake[0])
    grid = table("true", "taken for", "images", "of the class", right=(2, 3), title="Largest confusions")
    for count, true, predicted, share in mistakes[:MOST_CONFUSIONS]:
        grid.add_row(true, predicted, f"{count:,}", f"{100 * share:.1f} %")
    return grid


def _share(recall: float | None) -> str:
    return "no images" if recall is None else f"{recall:.3f}"
