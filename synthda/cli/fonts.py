"""`synthda fonts`: the fonts that renderers can use here, and which packages bring more."""

from __future__ import annotations

from typing import Annotated

import typer

from synthda.cli.options import AsJson

Source = Annotated[str, typer.Option(help="system, matplotlib, or a folder of fonts; as the setting `fonts`.")]


def command(source: Source = "system", as_json: AsJson = False) -> None:
    """List the fonts found, the Windows family each stands for, and the packages that add what is missing.

    Examples:

    - `synthda fonts`
    - `synthda fonts --source my-fonts --json`
    """
    from synthda.cli.listing import console, print_json, say, table, warn_skipped
    from synthda.synth.fonts import search_fonts
    from synthda.synth.stand_ins import by_family, coverage, stands_for

    found = search_fonts(source)
    families = by_family(found.faces)
    covered = coverage(families)
    if as_json:
        described = [{"name": name, "faces": n, "stands_for": stands_for(name)} for name, n in families.items()]
        windows = [each._asdict() for each in covered]
        print_json({"source": source, "families": described, "windows": windows, "skipped": found.skipped})
        return
    grid = table("family", "faces", "stands for", right=(1,))
    for name, faces in families.items():
        grid.add_row(name, str(faces), ", ".join(stands_for(name)) or "–")
    console().print(grid)
    say(f"{len(found.faces)} faces of {len(families)} families have visible digits 0–9.")
    say()
    grid = table("Windows family", "here", "more with")
    for each in covered:
        here = ("itself", *each.stand_ins) if each.present else each.stand_ins
        grid.add_row(each.windows, ", ".join(here) or "nothing", ", ".join(each.packages) or "–")
    console().print(grid)
    missing = [each for each in covered if not each.present and not each.stand_ins]
    packages = dict.fromkeys(each.packages[0] for each in missing)
    if packages:
        say(f"Nothing stands for {len(missing)} of them. On Debian: apt-get install {' '.join(packages)}")
    warn_skipped(found.skipped, "font file")
