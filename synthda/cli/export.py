"""`synthda export`: a run as an ONNX file that is known to agree with the trained network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder that `synthda adapt --out` named.")],
    out: Annotated[Path | None, typer.Option(help="ONNX file. [default: RUN/model.onnx]")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a model that is there.")] = False,
) -> None:
    """Export a run to ONNX, compared with the trained network.

    The model takes uint8 images (N, height, width, 3) and gives class probabilities. It gets its name only when it
    agrees with the trained network on at least 256 images.

    Examples:

    - `synthda export runs/first`
    - `synthda export runs/first --out digits.onnx`
    """
    from synthda.adapt.run import Run
    from synthda.cli.listing import say
    from synthda.errors import RunError

    found, model = Run(run), out or Run(run).onnx
    found.read()  # that it is no run is told before torch is imported
    if model.exists() and not force:
        raise RunError(f"{model} exists; give --force to replace it, or another --out.")

    from synthda.adapt.adaptation import export_run

    parity = export_run(found, out)
    say(f"{model} agrees with the trained network on {parity['images']:,} images: same class on all of them,")
    say(f"largest difference of a probability {parity['largest_difference']:.1e} (allowed: {parity['tolerance']:.0e}).")
    say(f"Use it:  synthda predict {model} PHOTOS")
