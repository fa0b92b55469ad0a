"""`synthda adapt`: train a classifier for unlabelled photographs from a labelled source."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from synthda.cli.adapt_options import (
    Candidates,
    Fit,
    From,
    Graph,
    HoldOut,
    Images,
    Method,
    Network,
    Precision,
    Select,
    Start,
    Unknown,
    UnknownBelow,
)
from synthda.cli.options import Assignments, BackboneModel, DataRoot, Force, Weights, with_backbone, with_short


def command(
    target: Annotated[str, typer.Option(metavar="DATA", help="Unlabelled photographs: folder, shards or data set.")],
    source: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DATA",
            help="Labelled images: shards, class folders or data set. [default: SynNumbers, rendered once]",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Folder of the run. [default: runs/METHOD-TARGET]")
    ] = None,
    method: Method = "dann",
    network: Network = None,
    start: Start = None,
    from_: From = None,
    backbone: BackboneModel = None,
    weights: Weights = None,
    steps: Annotated[int | None, typer.Option(min=0, help="Updates. [default: the network's recipe]")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the weights and of every draw.")] = 0,
    size: Annotated[int | None, typer.Option(help="Side of the images, px. [default: the network's]")] = None,
    fit: Fit = None,
    assignments: Assignments = None,
    evaluation: Annotated[
        str | None, typer.Option("--eval", metavar="DATA", help="Labelled data for the score at the end.")
    ] = None,
    baselines: Annotated[
        bool, typer.Option("--baselines", help="Also train source-only and, with --oracle, the oracle.")
    ] = False,
    labelled_target: Annotated[
        str | None, typer.Option(metavar="DATA", help="A few labelled target images to learn, too.")
    ] = None,
    oracle: Annotated[
        str | None, typer.Option(metavar="DATA", help="Labelled target images that the oracle trains on.")
    ] = None,
    select: Select = "last",
    candidates: Candidates = None,
    hold_out: HoldOut = None,
    unknown: Unknown = False,
    unknown_below: UnknownBelow = None,
    device: Annotated[str, typer.Option(help="cpu, cuda, cuda:1, mps; auto takes a GPU where there is one.")] = "auto",
    precision: Precision = None,
    graph: Graph = None,
    images: Images = "auto",
    no_export: Annotated[bool, typer.Option("--no-export", help="Write no model.onnx at the end.")] = False,
    no_report: Annotated[
        bool, typer.Option("--no-report", help="No report.html, which has photographs in it.")
    ] = False,
    data_root: DataRoot = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan and the time; train nothing.")] = False,
    force: Force = False,
) -> None:
    """Train a classifier for unlabelled photographs, score it if asked, and export it to ONNX.

    Ctrl-C saves; the same command goes on from there.

    Examples:

    - `synthda adapt --source data/syn-numbers --target ./photos`
    - `synthda adapt --source mnist:train --target mnist-m:train --eval mnist-m:test --network ganin-mnist --baselines`
    - `synthda adapt --source ./renderings --target ./photos --backbone resnet50 --weights resnet50.pth`
    - `synthda adapt --source ./renderings --target ./photos --set lambda_max=0.5 --steps 5000 --dry-run`
    - `synthda adapt --source ./renderings --target ./photos --select bnm --hold-out 0.1`
    - `torchrun --nproc-per-node 4 -m synthda adapt --source ./renderings --target ./photos`
    - `synthda adapt --method shot --start runs/source-only-photos --target ./photos`
    - `synthda adapt --from runs/first --source ./more-renderings --target ./new-photos`
    """
    from synthda.cli.early import refuse_early
    from synthda.settings import parse_assignments

    network, given = with_backbone(network, backbone, weights, parse_assignments(assignments or []))
    named = [*(source or []), target, evaluation, labelled_target, oracle]
    refuse_early([method], network, data=named, runs=[start, from_])

    from synthda.adapt.configuration import refuse_to_discard
    from synthda.adapt.data import open_data
    from synthda.adapt.ranks import ranks_on
    from synthda.adapt.run import folder_name
    from synthda.cli.adapting import Session
    from synthda.cli.cautions import about_files
    from synthda.cli.default_source import default_source
    from synthda.cli.listing import warn, warn_skipped
    from synthda.cli.planning import pick_device, plan_of, selection_of

    given = with_short(given, precision=precision, graph=graph)
    selection = selection_of(select, candidates, hold_out, calibrates=unknown)
    plan = plan_of(
        method,
        given,
        start=start,
        begin=from_,
        network=network,
        side=size,
        fit=fit,
        seed=seed,
        steps=steps,
        unknown_below=unknown_below,
        calibrates_unknown=unknown,
    )
    device = pick_device(device)
    with ranks_on(device) as ranks:
        data = open_data(
            source or ([] if start else [ranks.in_turn(default_source)]),
            target,
            size=plan.input_size,
            fit=plan.fit,
            evaluation=evaluation,
            labelled_target=labelled_target,
            oracle=oracle,
            data_root=data_root,
            learns_unknown=plan.learns_unknown,
            answers_unknown=plan.adds_unknown,
        )
        warn_skipped(data.skipped, "photograph")
        for line in about_files(dict(zip(source or (), data.sources, strict=False)), target, data.target_paths or ()):
            warn(line)
        folder = out or Path("runs") / folder_name(f"{method}-{data.target_name}")
        if force:
            refuse_to_discard({"--start": start, "--from": from_}, folder)  # before what else takes time
        session = Session(
            plan,
            data,
            folder,
            device,
            selection,
            start=start,
            begin=from_,
            ranks=ranks,
            images=images,
            force=force,
        )
        ranks.first(lambda: session.announce(baselines=baselines))
        if not dry_run:
            session.run(baselines=baselines, export=not no_export, report=not no_report)
