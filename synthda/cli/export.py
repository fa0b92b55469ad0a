"""`synthda export`: a run as an ONNX file that is known to agree with the trained network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synthda.cli.options import DataRoot

if TYPE_CHECKING:
    from synthda.adapt.run import Run


def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder that `synthda adapt --out` named.")],
    out: Annotated[Path | None, typer.Option(help="ONNX file. [default: RUN/model.onnx or model.int8.onnx]")] = None,
    int8: Annotated[bool, typer.Option("--int8", help="A smaller model that computes in 8 bits.")] = False,
    evaluate: Annotated[
        str | None, typer.Option("--eval", metavar="SPEC", help="With --int8: labelled images, to tell what it costs.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a model that is there.")] = False,
    data_root: DataRoot = None,
) -> None:
    """Export a run to ONNX, compared with the trained network.

    The model takes uint8 images (N, height, width, 3) and gives class probabilities. It gets its name only when it
    agrees with the trained network on at least 256 images. With --int8 its layers compute in 8 bits: about a third of
    the file, often faster, and on a few images another class; on how many is told. RUN/MODEL_CARD.md is written again.

    Examples:

    - `synthda export runs/first`
    - `synthda export runs/first --out digits.onnx`
    - `synthda export runs/first --int8 --eval labelled-photos`
    """
    from synthda.adapt.run import Run
    from synthda.errors import RunError, SettingError

    found = Run(run)
    model = out or (found.int8 if int8 else found.onnx)
    found.read()  # that it is no run is told before torch is imported
    if evaluate is not None and not int8:
        raise SettingError("--eval tells what --int8 costs; give both, or score the model with synthda evaluate.")
    if int8 and model.resolve() == found.onnx.resolve():
        raise SettingError(f"{model} is the model that --int8 makes a smaller one from; give another --out.")
    if model.is_dir():
        raise SettingError(f"{model} is a folder; give --out a file, for example {model / model.name}.onnx.")
    if model.exists() and not force:
        raise RunError(f"{model} exists; give --force to replace it, or another --out.")
    if not int8 or force or not found.onnx.exists():
        _export(found, found.onnx if int8 else model)
    if int8:
        _export_int8(found, model, evaluate, data_root)
    from synthda.adapt.model_card.card import write_model_card
    from synthda.cli.listing import say
    from synthda.shell import quoted

    say(f"What it is and does, and what a person is to fill in: {write_model_card(found)}")
    say(f"Use it:  synthda predict {quoted(model)} PHOTOS")


def _export(run: Run, model: Path) -> None:
    from synthda.adapt.adaptation import export_run
    from synthda.cli.listing import say

    parity = export_run(run, model)
    say(f"{model} agrees with the trained network on {parity['images']:,} images: same class on all of them,")
    say(f"largest difference of a probability {parity['largest_difference']:.1e} (allowed: {parity['tolerance']:.0e}).")


def _export_int8(run: Run, model: Path, evaluate: str | None, data_root: Path | None) -> None:
    from synthda.adapt.int8 import export_int8
    from synthda.adapt.predict import Classifier
    from synthda.adapt.scoring import open_scored
    from synthda.cli.listing import say, warn_skipped

    known, labelled = Classifier(run.onnx), None
    if evaluate is not None:
        labelled = open_scored(evaluate, known.classes, size=known.input_size, fit=known.fit, data_root=data_root)
        warn_skipped(labelled.skipped)
    parity = export_int8(run.onnx, run.sample_images(known.input_size), model, labelled=labelled)
    share = parity["bytes"]["int8"] / parity["bytes"]["float"]
    say(f"{model} has {share:.0%} of the bytes of {run.onnx.name} and gives the same class to")
    say(f"{parity['same_class']:.1%} of {parity['images']:,} images that it was not calibrated on.")
    if "accuracy" in parity:
        scored = parity["accuracy"]
        say(f"Accuracy on {scored['data']} (n = {scored['n']:,}): {scored['int8']:.4f}, float {scored['float']:.4f}.")
