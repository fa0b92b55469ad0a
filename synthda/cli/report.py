"""`synthda report`: a run, or several beside one another, as one HTML page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN…", help="Folder of a run; several are compared.")],
    out: Annotated[
        Path | None,
        typer.Option(metavar="HTML", help="The page. [default: RUN/report.html; comparison.html for several]"),
    ] = None,
) -> None:
    """Write the report of a run from what its folder holds, or compare several runs on one page.

    The page needs no network and no other file; the data need not be there. An unfinished run, or one of an older
    synthda, gets a report of what there is.

    Examples:

    - `synthda report runs/first`
    - `synthda report runs/dann-photos runs/mcc-photos --out compared.html`
    """
    from synthda.adapt.report.comparison import write_comparison
    from synthda.adapt.report.page import write_report
    from synthda.adapt.run import Run
    from synthda.cli.listing import say
    from synthda.errors import SettingError

    if out is not None and out.suffix.lower() not in (".html", ".htm"):
        raise SettingError(f"--out {out} is no name of a page; give one that ends in .html.")
    found = [Run(folder) for folder in runs]
    several = len(found) > 1
    written = write_comparison(found, out or Path("comparison.html")) if several else write_report(found[0], out)
    say(f"{written} is written; open it in a browser.")
