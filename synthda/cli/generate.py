"""`synthda generate`: render a labelled domain into shards."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from synthda.cli.options import Assignments, Backgrounds, Digits, Force, RendererName, Side, Split, Templates


def command(
    renderer: RendererName,
    out: Annotated[Path | None, typer.Option(help="Folder to write to. [default: data/RENDERER]")] = None,
    count: Annotated[int, typer.Option(min=1, help="Images.")] = 50_000,
    seed: Annotated[int, typer.Option(min=0, help="Of every draw.")] = 0,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes. [default: one a core]")] = None,
    assignments: Assignments = None,
    digits: Digits = None,
    split: Split = None,
    backgrounds: Backgrounds = None,
    templates: Templates = None,
    size: Side = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say count, bytes and time; write nothing.")] = False,
    force: Force = False,
) -> None:
    """Render a labelled domain into HDF5 shards.

    An interrupted command goes on where it was when it is given again; the bytes do not depend on the workers.

    Examples:

    - `synthda generate syn-numbers --count 50000 --workers 4 --set angle=15`
    - `synthda generate syn-signs --templates my-signs --backgrounds street-photos`
    - `synthda generate products --templates icons --backgrounds store-photos`
    - `synthda generate mnist-m --digits data --backgrounds data/BSDS500/data/images`
    - `synthda generate syn-numbers --count 1000000 --dry-run`
    """
    from synthda.cli.listing import say, warn_skipped
    from synthda.cli.progress import progress_bar
    from synthda.cli.templates import say_templates
    from synthda.settings import parse_assignments
    from synthda.shell import quoted
    from synthda.synth.build import build_renderer
    from synthda.synth.estimate import check_room, cost_of, seconds_for
    from synthda.synth.generate import check_place, finished_at, generate
    from synthda.synth.workers import worker_count
    from synthda.wording import counted

    out = out or Path("data") / renderer
    options = {"digits": digits, "split": split, "backgrounds": backgrounds, "templates": templates, "size": size}
    built = build_renderer(renderer, parse_assignments(assignments or []), options)
    cost = cost_of(built, count, seed)
    say_templates(built)
    if dry_run:
        if not force:
            check_place(built, out, name=renderer, count=count, seed=seed)
        busy = worker_count(cost.shards, workers)
        seconds = max(1, seconds_for(built, count, seed, busy))
        say(f"{out} would hold {cost}; about {seconds:,.0f} s with {counted(busy, 'worker')}. Nothing was written.")
        return
    earlier = None if force else finished_at(out)
    if earlier is None:
        check_room(out, cost.bytes)
    with progress_bar(f"Rendering {renderer}", count) as progress:
        generate(built, out, name=renderer, count=count, seed=seed, workers=workers, force=force, progress=progress)
    as_it_was = earlier is not None and earlier == finished_at(out)
    say(f"{out} {'was already finished with these settings' if as_it_was else 'is finished'}: {cost}.")
    warn_skipped(getattr(built, "skipped", ()))
    say(f"Look at it:   synthda inspect {quoted(out)}")
    say(f"Train on it:  synthda adapt --source {quoted(out)} --target PHOTOS")
