"""`synthda shallow`: adaptation of feature vectors, without a deep network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from synthda.cli.options import AsJson, Assignments


def command(
    source: Annotated[Path, typer.Argument(help="Labelled features: .svmlight, .mat or .npz.")],
    target: Annotated[Path, typer.Argument(help="Features to adapt to; labels in it are not looked at.")],
    method: Annotated[str, typer.Option(help="How to adapt; `synthda methods --shallow` lists them.")] = "coral",
    normalise: Annotated[str, typer.Option(help="Steps first, joined by +, such as row-sum+z-score.")] = "none",
    features: Annotated[str, typer.Option(help="raw, or msda: denoised features in front of any method.")] = "raw",
    assignments: Assignments = None,
    grid: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=A,B,…", help="Values from which reverse validation chooses, without target labels."),
    ] = None,
    evaluate: Annotated[Path | None, typer.Option(help="Labelled features of the target, for the score.")] = None,
    out: Annotated[Path | None, typer.Option(help="CSV of the target rows' classes.")] = None,
    as_json: AsJson = False,
) -> None:
    """Adapt a classifier of feature vectors from a labelled source to an unlabelled target.

    Labels of the target are read only from the file that --evaluate names, after training.

    Examples:

    - `synthda shallow amazon.mat webcam.mat --method gfk --normalise row-sum+z-score --evaluate webcam.mat`
    - `synthda shallow books.svmlight dvd.svmlight --features msda --method dann --grid lambda_=0.1,1 --out dvd.csv`
    - `synthda shallow a.npz b.npz --method sa --set dimensions=20 --set classifier=svm --json`
    """
    from synthda.adapt.shallow.experiment import ShallowPlan, check_out, run_shallow, write_rows
    from synthda.cli.listing import print_json, say
    from synthda.cli.shallow_tables import as_dict, print_result
    from synthda.datasets.feature_files import read_features
    from synthda.settings import parse_assignments

    given = parse_assignments(assignments or [])
    plan = ShallowPlan.of(method, given=given, grid=grid or [], normalise=normalise, features=features)
    if out:
        check_out(out)
    tables = read_features([path for path in (source, target, evaluate) if path])
    labelled = (tables[2].features, tables[2].required_labels()) if evaluate else None
    result = run_shallow(plan, tables[0].features, tables[0].required_labels(), tables[1].features, labelled)
    if out:
        write_rows(result.predictions, out)
    if as_json:
        print_json({"source": str(source), "target": str(target), "out": out} | as_dict(plan, result))
        return
    print_result(plan, result)
    if out:
        say(f"{out}: {len(result.predictions):,} rows")
