"""`synthda preview`: what a renderer draws, on one sheet, without writing a domain."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from synthda.cli.options import Assignments, Backgrounds, Digits, RendererName, Side, Split, Templates


def command(
    renderer: RendererName,
    out: Annotated[Path | None, typer.Option(help="PNG to write. [default: RENDERER-preview.png]")] = None,
    count: Annotated[int, typer.Option(min=1, max=1000, help="Images on the sheet.")] = 80,
    seed: Annotated[int, typer.Option(min=0, help="Of every draw, as in generate.")] = 0,
    factor: Annotated[
        str | None, typer.Option(metavar="NAME", help="A scene's column to vary along each row, all else fixed.")
    ] = None,
    cutouts: Annotated[
        bool, typer.Option("--cutouts", help="products: show how the templates were cut out instead.")
    ] = False,
    cutouts_to: Annotated[
        Path | None, typer.Option(metavar="DIR", help="products: also write them as PNG, to correct and give back.")
    ] = None,
    assignments: Assignments = None,
    digits: Digits = None,
    split: Split = None,
    backgrounds: Backgrounds = None,
    templates: Templates = None,
    size: Side = None,
) -> None:
    """Draw a contact sheet of what a renderer would render; no domain is written.

    With --factor, each row is one scene, and along the row one of its factors goes from the smallest to the largest
    value that the renderer draws.

    Examples:

    - `synthda preview syn-numbers --set angle=30 --set noise=0`
    - `synthda preview syn-numbers --factor blur`
    - `synthda preview syn-numbers --factor font --count 40 --out fonts.png`
    - `synthda preview products --templates icons --cutouts --cutouts-to cut-icons`
    """
    from synthda.cli.cutting import show_cutouts
    from synthda.cli.listing import say
    from synthda.cli.overwriting import check_picture
    from synthda.cli.templates import say_templates
    from synthda.datasets.claim import check_outside
    from synthda.datasets.contact_sheet import write_sheet
    from synthda.datasets.domain import factor_names
    from synthda.settings import parse_assignments
    from synthda.synth.build import FOLDERS, build_renderer
    from synthda.synth.preview import drawn, preview, sweep

    check_picture("--out", out)
    shows_cutouts = cutouts or cutouts_to is not None
    out = out or Path(f"{renderer}-{'cutouts' if shows_cutouts else 'preview'}.png")
    if shows_cutouts:
        others = {"--factor": factor, "--set": assignments, "--digits": digits, "--split": split, "--size": size}
        show_cutouts(renderer, templates, out, cutouts_to, others={**others, "--backgrounds": backgrounds})
        return
    options = {"digits": digits, "split": split, "backgrounds": backgrounds, "templates": templates, "size": size}
    built = build_renderer(renderer, parse_assignments(assignments or []), options)
    for given in (getattr(built, name, "") for name in FOLDERS):
        if given and Path(given).is_dir():
            check_outside(out, Path(given))  # the sheet would be one more of the pictures there
    tiles, columns = preview(built, count, seed) if factor is None else sweep(built, factor, count, seed)
    shown = f"{sum(tile is not None for tile in tiles):,} images, seed {seed}"
    write_sheet(out, tiles, columns=columns, title=f"{renderer}: {factor or shown}")
    say(f"Contact sheet: {out} ({shown}).")
    say_templates(built)
    if factor is None:
        say(f"Vary one factor along rows with --factor: {', '.join(factor_names(drawn(built, seed)))}.")
