"""`synthda networks`: the networks and their settings."""

from __future__ import annotations

from typing import Annotated

import typer

from synthda.cli.options import AsJson

Names = Annotated[list[str] | None, typer.Argument(help="Networks to show. [default: all]", show_default=False)]


def command(names: Names = None, as_json: AsJson = False) -> None:
    """List the networks and their settings.

    Examples:

    - `synthda networks`
    - `synthda networks conv-small`
    - `synthda adapt --target photos --network ganin-mnist --set learning_rate=0.003`
    """
    from dataclasses import asdict

    from synthda.adapt.networks import NETWORKS
    from synthda.adapt.recipe import Recipe
    from synthda.cli.listing import described, print_described, print_json, say
    from synthda.settings import load

    usual = asdict(Recipe())
    networks = []
    for name in names or NETWORKS:
        network = load("network", name, NETWORKS)
        changed = {key: value for key, value in asdict(network.recipe).items() if value != usual[key]}
        more = {"default_size": network.default_size, "recipe": usual | changed, "changed": changed}
        networks.append(described(name, network) | more)
    recipe = described("recipe", Recipe)
    if as_json:
        print_json({"networks": networks, "recipe": recipe})
        return
    for network in networks:
        height, width = network["default_size"]
        changes = ", ".join(f"{key}={value}" for key, value in network["changed"].items()) or "the recipe's defaults"
        network["summary"] += f"\nTakes {height}×{width} unless told otherwise; trained with {changes}."
    print_described(networks)
    say("With every network go the settings of the training loop.")
    say()
    print_described([recipe])
