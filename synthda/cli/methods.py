"""`synthda methods`: the adaptation methods and their settings."""

from __future__ import annotations

from synthda.cli.options import AsJson


def command(as_json: AsJson = False) -> None:
    """List the adaptation methods and their settings.

    Examples:

    - `synthda methods`
    - `synthda adapt --target photos --method dann --set gamma=5`
    """
    from synthda.adapt.methods import METHODS
    from synthda.adapt.recipe import Recipe
    from synthda.cli.listing import described, print_described, print_json, say
    from synthda.settings import load

    methods = [described(name, load("method", name, METHODS)) for name in METHODS]
    recipe = described("recipe", Recipe)
    if as_json:
        print_json({"methods": methods, "recipe": recipe})
        return
    print_described(methods)
    say("With every method go the settings of the training loop; `synthda networks` says what each network changes.")
    say()
    print_described([recipe])
