"""`synthda evaluate`: the honest score of a run or an exported model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from synthda.cli.options import AsJson, DataRoot


def command(
    subject: Annotated[Path, typer.Argument(metavar="RUN|MODEL.onnx", help="A run's folder or an exported model.")],
    data: Annotated[str | None, typer.Option(help="Labelled images: class folders, shards or a data set.")] = None,
    labels: Annotated[
        Path | None, typer.Option(metavar="FILE.jsonl", help="Labels of synthda label; those that measure are read.")
    ] = None,
    by: Annotated[str | None, typer.Option(metavar="FACTOR", help="Also by a scene's column; data of shards.")] = None,
    bins: Annotated[int, typer.Option(min=2, max=100, help="Of a numeric factor, with equal counts.")] = 10,
    plot: Annotated[Path | None, typer.Option(metavar="PNG", help="Draw accuracy by the factor.")] = None,
    as_json: AsJson = False,
    data_root: DataRoot = None,
) -> None:
    """Score a run or an exported model on labelled images.

    Accuracy with its interval, recall per class, confusions, calibration error. Labels are matched by class name.
    Of a run, its model.onnx is scored, or its chosen or last checkpoint where there is none. On renderings that
    training has not seen, with another seed, --by tells how accuracy depends on one factor of the scenes.

    Examples:

    - `synthda evaluate runs/first --data labelled-photos`
    - `synthda evaluate model.onnx --data mnist:test --data-root data --json`
    - `synthda evaluate runs/first --labels photos-labels.jsonl`
    - `synthda evaluate runs/first --data data/held-out --by blur --plot blur.png`
    """
    if labels is not None:
        from synthda.cli.measuring import evaluate_labels

        evaluate_labels(subject, labels, as_json=as_json, others={"--data": data, "--by": by, "--plot": plot})
        return

    from synthda.adapt.run import Run
    from synthda.adapt.scoring import answers_on
    from synthda.cli.cautions import about_unknown
    from synthda.cli.listing import print_json, say, warn, warn_skipped
    from synthda.cli.overwriting import check_picture
    from synthda.cli.score_tables import print_by_factor, print_evaluation
    from synthda.errors import SettingError

    if data is None:
        raise SettingError("There is nothing to score on; give labelled images with --data, or labels with --labels.")
    if plot is not None and by is None:
        raise SettingError("--plot draws accuracy by a factor of the scenes; name the factor with --by.")
    check_picture("--plot", plot)
    answers = answers_on(subject, data, data_root=data_root, factor=by)
    evaluation, parts = answers.evaluation(), answers.by(by, data, bins=bins, plot=plot) if by else None
    warn_skipped(answers.domain.skipped)
    for line in about_unknown(answers.domain, answers.classes):
        warn(line)
    if Run(subject).under_way:
        warn(f"The run in {subject} is not finished; this is the score of its checkpoint so far.")
    if as_json:
        about = {"model": str(answers.scored), "data": answers.domain.name, "skipped": len(answers.domain.skipped)}
        print_json(about | evaluation.as_dict() | ({"by": parts.as_dict()} if parts else {}))
        return
    say(f"{answers.scored} on {answers.domain.name}")
    say()
    print_evaluation(evaluation)
    if parts:
        say()
        print_by_factor(parts)
    if plot:
        say(f"\nDrawing: {plot}")
