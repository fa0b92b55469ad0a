"""`synthda label`: labels from a person, by keyboard, on a page that this computer alone can open."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    model: Annotated[Path, typer.Argument(metavar="RUN|MODEL.onnx", help="The run, or its exported model.")],
    photos: Annotated[Path, typer.Argument(metavar="PHOTOS", help="A folder of photographs.")],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.jsonl", help="Where labels go. [default: PHOTOS-labels.jsonl]")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of the page; 0 takes any free one.")] = 0,
    seed: Annotated[int | None, typer.Option(min=0, help="Of the queues. [default: the file's, or 0]")] = None,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """Label photographs on a local page: some to measure the model, others to teach it.

    Half of the photographs can be drawn to measure, uniformly at random and without the model's answer in sight; the
    other half to teach, the most uncertain first. No photograph is ever in both. Each label is on the disk before the
    next photograph comes; the same command goes on where the last session ended.

    Examples:

    - `synthda label runs/first ./photos`
    - `synthda label runs/first ./photos --out labels.jsonl --open`
    - `synthda evaluate runs/first --labels photos-labels.jsonl`
    - `synthda adapt --source data/syn-numbers --target ./photos --labelled-target photos-labels.jsonl`
    """
    from synthda.cli.labelling import label
    from synthda.errors import SettingError

    file = out or Path(f"{photos.resolve().name}-labels.jsonl")
    if file.suffix != ".jsonl":
        raise SettingError(f"--out {file} has another suffix; give a name that ends in .jsonl, such as labels.jsonl.")
    label(model, photos, file, port=port, seed=seed, open_page=open_page)
