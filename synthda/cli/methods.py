"""`synthda methods`: the adaptation methods and their settings."""

from __future__ import annotations

from typing import Annotated

import typer

from synthda.cli.options import AsJson

Shallow = Annotated[bool, typer.Option("--shallow", help="Those for feature vectors, of `synthda shallow`.")]


def command(shallow: Shallow = False, as_json: AsJson = False) -> None:
    """List the adaptation methods and their settings.

    Examples:

    - `synthda methods`
    - `synthda adapt --target photos --method dann --set gamma=5`
    """
    from synthda.adapt.methods import METHODS
    from synthda.adapt.recipe import Recipe
    from synthda.adapt.shallow import SHALLOW
    from synthda.adapt.shallow.msda import MSDA
    from synthda.cli.listing import described, print_described, print_json, say
    from synthda.settings import load

    if shallow:
        methods = [described(name, load("shallow method", name, SHALLOW)) for name in SHALLOW]
        features = described("msda", MSDA)
        if as_json:
            print_json({"methods": methods, "features": features})
            return
        print_described(methods)
        say("With --features msda go, before every method:")
        say()
        print_described([features])
        return
    methods = [described(name, load("method", name, METHODS)) for name in METHODS]
    recipe = described("recipe", Recipe)
    if as_json:
        print_json({"methods": methods, "recipe": recipe})
        return
    print_described(methods)
    say("With every method go the settings of the training loop; `synthda networks` says what each network changes.")
    say()
    print_described([recipe])
