"""`synthda compare`: pairs × methods × seeds, in one table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from synthda.cli.adapt_options import Images, Network
from synthda.cli.options import AsJson, Assignments, BackboneModel, DataRoot, Weights, with_backbone

USUAL = ("dann", "im", "fixmatch", "shot")
"""Of unlike kinds: the domains confused, sure and diverse predictions, agreeing views, the source's model alone."""

Plan = Annotated[Path | None, typer.Argument(metavar="[PLAN.toml]", help="Pairs, methods, seeds; or give flags.")]


def command(
    file: Plan = None,
    source: Annotated[list[str] | None, typer.Option(help="Labelled images; several train together.")] = None,
    target: Annotated[str | None, typer.Option(help="Unlabelled photographs.")] = None,
    evaluation: Annotated[
        str | None,
        typer.Option("--eval", help="Labelled images that score every method; without, it is estimated how each does."),
    ] = None,
    oracle: Annotated[str | None, typer.Option(help="Labelled target images that the oracle trains on.")] = None,
    labelled_target: Annotated[str | None, typer.Option(help="A few labelled target images for all methods.")] = None,
    method: Annotated[
        list[str] | None, typer.Option(help=f"A row of the table; give several. [default: {', '.join(USUAL)}]")
    ] = None,
    network: Network = None,
    backbone: BackboneModel = None,
    weights: Weights = None,
    seeds: Annotated[int | None, typer.Option(min=1, help="How many: 0, 1, 2 … [default: 3]")] = None,
    steps: Annotated[int | None, typer.Option(min=0, help="Updates. [default: the network's recipe]")] = None,
    size: Annotated[int | None, typer.Option(help="Side of the images, px. [default: the network's]")] = None,
    assignments: Assignments = None,
    out: Annotated[Path, typer.Option(help="Folder of the runs and tables.")] = Path("runs/comparison"),
    pictures: Annotated[bool, typer.Option(help="Draw the features before and after, by t-SNE.")] = True,
    device: Annotated[str, typer.Option(help="cpu, cuda, cuda:1, mps; auto takes a GPU where there is one.")] = "auto",
    images: Images = "auto",
    data_root: DataRoot = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check everything and list the cells; train none.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Train several methods on the same domains and rank them, with source-only and the oracle beside.

    Without --eval they are ranked by accuracies that are estimated without labels. Stopped or extended, it goes on:
    what exists is not trained again. A run that breaks down is a failed cell.

    Examples:

    - `synthda compare comparison.toml --out runs/digits`
    - `synthda compare --source data/syn-numbers --target photos --method dann --method im --method fixmatch`
    - `synthda compare --source data/syn-numbers --target photos --eval labelled-photos --method dann --method dann+mcc`
    """
    from synthda.cli.early import refuse_early, refuse_missing_plan
    from synthda.errors import SettingError
    from synthda.settings import parse_assignments

    given = {"--source": source, "--target": target}
    others = (evaluation, oracle, labelled_target, method, network, backbone, weights, seeds, steps, size, assignments)
    if file is not None and any(value is not None for value in (*given.values(), *others)):
        raise SettingError(
            f"{file} says what to compare; leave out the flags that do so as well, or leave out the file."
        )
    if file is not None:
        refuse_missing_plan(file)
    network, texts = with_backbone(network, backbone, weights, parse_assignments(assignments or []))
    named = [*(source or []), target, evaluation, labelled_target, oracle]
    refuse_early(method or (), network, data=named)

    from synthda.adapt.comparison.plan import Entry, Pair, Plan, RowError
    from synthda.adapt.comparison.plan_file import read_plan
    from synthda.adapt.comparison.run import Comparison
    from synthda.cli.comparing import Narrator, about_comparison
    from synthda.cli.listing import warn, warn_skipped
    from synthda.cli.planning import pick_device

    if file is not None:
        plan = read_plan(file)
    elif source and target:
        pair = Pair(Path(target).name or target, tuple(source), target, evaluation, labelled_target, oracle)
        entries = tuple(Entry(name, name) for name in method or USUAL)
        plan = Plan((pair,), entries, tuple(range(seeds or 3)), network or Plan.network, steps, size, given=texts)
    else:
        lacking = ", ".join(name for name, value in given.items() if not value)
        raise SettingError(f"There is no {lacking}; give the file of a comparison, or --source and --target.")
    try:
        comparison = Comparison(plan, out, data_root=data_root)
    except RowError as error:
        if file is None and method and any(name in str(error) for name in texts):
            raise SettingError(
                f"{error} --set is of every row that --method names; settings of one row go into the file of a "
                "comparison, under [variants.NAME] (docs/compare.md)."
            ) from None
        if file is not None or method or error.row not in USUAL:
            raise
        raise SettingError(
            f"{error} Without --method the rows are {', '.join(USUAL)}; name those that it suits by --method."
        ) from None
    warn_skipped(list(dict.fromkeys(line for side in comparison.sides for line in side.data.skipped)), "photograph")
    for line in about_comparison(comparison):
        warn(line)
    Narrator(comparison).tell(pick_device(device), images=images, pictures=pictures, dry_run=dry_run, as_json=as_json)
