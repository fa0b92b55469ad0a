"""`synthda datasets`: the public data sets that can be named, and where each one is got."""

from __future__ import annotations

from typing import Annotated

import typer

from synthda.cli.options import AsJson, DataRoot, data_set_names

app = typer.Typer(rich_markup_mode="markdown")


@app.callback(invoke_without_command=True)
def command(context: typer.Context, as_json: AsJson = False, data_root: DataRoot = None) -> None:
    """List the public data sets that can be named, or download one.

    Splits, what they show, whether they are here, and where to get them.

    Examples:

    - `synthda datasets --data-root data`
    - `synthda datasets download mnist --data-root data`
    - `synthda inspect mnist:test --data-root data`
    """
    if context.invoked_subcommand is not None:
        return
    from synthda.cli.listing import console, pairs, print_json, say
    from synthda.datasets import DATASETS
    from synthda.datasets.specs import data_root_or_default, data_set

    root = data_root_or_default(data_root)
    found = [data_set(name) for name in DATASETS]
    if as_json:
        keys = ("name", "splits", "summary", "where", "downloadable")
        listed = [{key: getattr(one, key) for key in keys} | {"found": one.is_in(root)} for one in found]
        print_json({"data_root": str(root), "datasets": listed})
        return
    say(f"Data root: {root}{'' if root.is_dir() else ' (does not exist)'}")
    for one in found:
        say()
        here = one.is_in(root)
        console().print(f"{one.name} {'(found)' if here else '(not found)'}", style="bold green" if here else "bold")
        lines = {"": one.summary, "splits": ", ".join(f"{one.name}:{split}" for split in one.splits)}
        if not here:
            lines["get it"] = f"{one.where}."
            if one.downloadable:
                lines["or run"] = f"synthda datasets download {one.name}"
        console().print(pairs(lines))


@app.command("download")
def download(
    name: Annotated[str, typer.Argument(help="`synthda datasets` lists them.", autocompletion=data_set_names)],
    data_root: DataRoot = None,
) -> None:
    """Download a data set into the data root, with its checksums checked.

    Examples:

    - `synthda datasets download mnist --data-root data`
    """
    from synthda.cli.listing import say
    from synthda.datasets.download import download as fetch
    from synthda.datasets.specs import data_root_or_default
    from synthda.shell import quoted

    root = data_root_or_default(data_root)
    fetch(name, root)
    say(f"{name} is in {root}. Look at it:  synthda inspect {name} --data-root {quoted(root)}")
