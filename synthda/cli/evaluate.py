"""`synthda evaluate`: the honest score of a run or an exported model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from synthda.cli.options import AsJson, DataRoot


def command(
    subject: Annotated[Path, typer.Argument(metavar="RUN|MODEL.onnx", help="A run's folder or an exported model.")],
    data: Annotated[str, typer.Option(help="Labelled images: class folders, shards or a data set.")],
    as_json: AsJson = False,
    data_root: DataRoot = None,
) -> None:
    """Score a run or an exported model on labelled images.

    Accuracy with its interval, recall per class, confusions, calibration error. Labels are matched by class name.
    Of a run, its model.onnx is scored, or its last checkpoint where there is none.

    Examples:

    - `synthda evaluate runs/first --data labelled-photos`
    - `synthda evaluate model.onnx --data mnist:test --data-root data --json`
    """
    from synthda.adapt.scoring import score_on
    from synthda.cli.listing import print_json, say, warn_skipped
    from synthda.cli.score_tables import print_evaluation

    evaluation, domain, scored = score_on(subject, data, data_root=data_root)
    warn_skipped(domain.skipped)
    if as_json:
        print_json({"model": str(scored), "data": domain.name, "skipped": len(domain.skipped)} | evaluation.as_dict())
        return
    say(f"{scored} on {domain.name}")
    say()
    print_evaluation(evaluation)
