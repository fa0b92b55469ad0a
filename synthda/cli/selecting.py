"""What `adapt` says of held-out images: the checkpoint chosen, the accuracy estimated, the threshold calibrated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from synthda.adapt.candidates import candidate_steps
from synthda.adapt.selection import Selection

MEGABYTE = 1e6


def selection_plan(select: Selection, steps: int, bytes_each: int) -> Iterator[str]:
    """What is held out, what is kept on disk until the choice, and for which rule."""
    if select.share:
        say_why = f"{select.rule} and an estimate of the accuracy" if select.chooses else "an estimate of the accuracy"
        yield f"Hold out {100 * select.share:g}% of each class of the source, for {say_why}"
    if select.chooses:
        kept = candidate_steps(steps, select.candidates)
        megabytes = len(kept) * bytes_each / MEGABYTE
        yield (
            f"Select   by {select.rule} among {len(kept)} checkpoints from step {kept[0]:,} on; {megabytes:,.1f} MB on "
            "disk until then, without labels of the target"
        )


def checkpoint_line(results: Mapping[str, Any]) -> str:
    """Which checkpoint is deployed; of a chosen one, the accuracy beside that of the last."""
    if "selection" not in results:
        return "Last checkpoint"
    choice = results["selection"]
    line = f"Checkpoint of step {choice['step']:,} of {results['steps']:,}, chosen by {choice['rule']}"
    if "evaluation" not in results or "evaluation_of_last" not in results:
        return line
    accuracies = (results[name]["accuracy"] for name in ("evaluation", "evaluation_of_last"))
    return f"{line} (accuracy {next(accuracies):.4f}, the last one {next(accuracies):.4f})"


def estimate_line(estimate: Mapping[str, Any]) -> str:
    """The estimate, called one, with what it rests on, and its error where that is known."""
    source = f"{estimate['source_images']:,} held out of the source ({estimate['source_accuracy']:.2f} right)"
    line = (
        f"Estimated without labels: {estimate['value']:.2f} of the target right, from {estimate['target_images']:,} "
        f"images of it and {source}"
    )
    return line + (f"; off by {estimate['error']:+.2f} on the labelled data." if "error" in estimate else ".")


def rejection_line(rejection: Mapping[str, Any]) -> str:
    """When `unknown` is answered, and how many images of known classes that costs."""
    return (
        f"Unknown is answered where no class's logit reaches {rejection['unknown_logit']:.2f} (temperature "
        f"{rejection['temperature']:.2f}); {rejection['kept']:.0%} of {rejection['images']:,} held-out source images "
        "pass."
    )
