"""`synthda inspect`: what a domain is, and a contact sheet of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from synthda.cli.options import AsJson, DataRoot


def command(
    path: Annotated[str, typer.Argument(help="Shards, a folder of photographs, or a named data set.")],
    sheet: Annotated[Path | None, typer.Option(help="Contact sheet. [default: NAME-sheet.png]")] = None,
    rows: Annotated[int, typer.Option(min=1, max=100, help="Rows of images on the contact sheet.")] = 8,
    no_verify: Annotated[bool, typer.Option("--no-verify", help="Leave the shards' checksums unchecked.")] = False,
    as_json: AsJson = False,
    data_root: DataRoot = None,
) -> None:
    """Show what a domain is, and draw a contact sheet.

    Counts per class, sizes, factors with their histograms, images that occur twice, manifest; the checksums of shards
    are verified. Of a domain above 20,000 images, so many, evenly spaced, are searched for twins.

    Examples:

    - `synthda inspect data/syn-numbers`
    - `synthda inspect photos --sheet photos.png --rows 4`
    - `synthda inspect usps:test --data-root data --json`
    """
    from synthda.cli.domain_tables import print_domain
    from synthda.cli.listing import print_json, say, warn_skipped
    from synthda.cli.overwriting import check_picture, refuse_to_overwrite
    from synthda.datasets.contact_sheet import tiles_of, write_sheet
    from synthda.datasets.summary import look_at

    here = Path(path).expanduser()
    check_picture("--sheet", sheet)
    refuse_to_overwrite({"one of the images": here}, {"--sheet": sheet})
    domain, facts = look_at(path, data_root=data_root, verify=not no_verify)
    if sheet is None and not as_json:
        named = here.resolve().name if here.exists() else domain.name.replace(":", "-")
        # Not among the photographs, where it would be taken for one.
        within = here.is_dir() and Path.cwd().is_relative_to(here.resolve())
        sheet = (here.resolve().parent if within else Path()) / f"{named}-sheet.png"
    if sheet is not None:
        folder = (here.parent if here.is_file() else here) if "photographs" in facts else None
        tiles, columns = tiles_of(domain, rows=rows, folder=folder)
        shown = sum(tile is not None for tile in tiles)
        write_sheet(sheet, tiles, columns=columns, title=f"{domain.name}: {shown:,} of {len(domain):,} images")
        facts["sheet"] = str(sheet)
    if as_json:
        print_json(facts)
        return
    print_domain(facts)
    warn_skipped(domain.skipped)
    say(f"Contact sheet: {sheet}")
