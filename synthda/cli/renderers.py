"""`synthda renderers`: what can be rendered, and the settings."""

from __future__ import annotations

from typing import Annotated

import typer

from synthda.cli.options import AsJson

Names = Annotated[list[str] | None, typer.Argument(help="Renderers to show. [default: all]", show_default=False)]


def command(names: Names = None, as_json: AsJson = False) -> None:
    """List the renderers and their settings.

    Examples:

    - `synthda renderers`
    - `synthda renderers syn-signs`
    - `synthda generate syn-numbers --set angle=15 --set blur=1`
    """
    from synthda.cli.listing import described, print_described, print_json
    from synthda.synth import RENDERERS, load_renderer

    renderers = [described(name, load_renderer(name)) for name in names or RENDERERS]
    if as_json:
        print_json({"renderers": renderers})
    else:
        print_described(renderers)
