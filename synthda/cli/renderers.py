"""`synthda renderers`: what can be rendered, and the settings."""

from __future__ import annotations

from synthda.cli.options import AsJson


def command(as_json: AsJson = False) -> None:
    """List the renderers and their settings.

    Examples:

    - `synthda renderers`
    - `synthda generate syn-numbers --set angle=15 --set blur=1`
    """
    from synthda.cli.listing import described, print_described, print_json
    from synthda.synth import RENDERERS, load_renderer

    renderers = [described(name, load_renderer(name)) for name in RENDERERS]
    if as_json:
        print_json({"renderers": renderers})
    else:
        print_described(renderers)
