"""`synthda methods`: the adaptation methods and their settings."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from synthda.cli.options import AsJson

Shallow = Annotated[bool, typer.Option("--shallow", help="Those for feature vectors, of `synthda shallow`.")]
Names = Annotated[list[str] | None, typer.Argument(help="Methods to show. [default: all]", show_default=False)]


def command(names: Names = None, shallow: Shallow = False, as_json: AsJson = False) -> None:
    """List the adaptation methods and their settings.

    Examples:

    - `synthda methods`
    - `synthda methods bnm`
    - `synthda adapt --target photos --method dann --set gamma=5`
    """
    from synthda.adapt.methods import METHODS
    from synthda.adapt.recipe import Recipe
    from synthda.adapt.shallow import SHALLOW
    from synthda.adapt.shallow.msda import MSDA
    from synthda.cli.listing import described, print_described, print_json, say
    from synthda.settings import load

    if shallow:
        methods = [described(name, load("shallow method", name, SHALLOW)) for name in names or SHALLOW]
        features = described("msda", MSDA)
        if as_json:
            print_json({"methods": methods, "features": features})
            return
        print_described(methods)
        say("With --features msda go, before every method:")
        say()
        print_described([features])
        return
    methods = [_described(name) for name in names or METHODS]
    recipe = described("recipe", Recipe)
    if as_json:
        print_json({"methods": methods, "recipe": recipe})
        return
    print_described(methods)
    say("With every method go the settings of the training loop; `synthda networks` says what each network changes.")
    say()
    print_described([recipe])


def _described(name: str) -> dict[str, Any]:
    """As `described`, with what it takes over a batch when several processes divide that."""
    from synthda.adapt.methods import METHODS
    from synthda.cli.listing import described
    from synthda.settings import load

    method = load("method", name, METHODS)
    statistics = {"local": method.local_statistics, "gathered": method.gathered_statistics}
    lines = {
        "local": "Several processes: over each one's own images: {}.",
        "gathered": "Several processes: over the images of all: {}.",
    }
    notes = [lines[kind].format(what) for kind, what in statistics.items() if what]
    return described(name, method) | {"statistics": statistics, "notes": notes}
