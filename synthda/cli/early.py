"""What can be told of a command's options at once, before torch is imported, which takes seconds."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from synthda.errors import SettingError
from synthda.near import near_path


def refuse_missing_plan(file: Path) -> None:
    """Raise SettingError where there is no file of a comparison."""
    if not file.exists():
        near = near_path(file)
        hint = f"did you mean {near}?" if near else "give the TOML file of a comparison."
        raise SettingError(f"{file} cannot be read, for there is no such file; {hint}")


def refuse_early(
    methods: Iterable[str], network: str | None, *, data: Iterable[str | None] = (), runs: Iterable[Path | None] = ()
) -> None:
    """Look at the names of methods and network, and whether there is anything where data and runs are said to be.

    Raises:
        SettingError: for a name that no registry has.
        DataError: for data that is missing.
        RunError: for a folder without a run.
    """
    from synthda.adapt.methods import check_method
    from synthda.adapt.networks import check_network
    from synthda.adapt.run import Run
    from synthda.datasets.specs import refuse_missing

    for method in methods:
        check_method(method)
    if network is not None:
        check_network(network)
    for spec in data:
        if spec is not None:
            refuse_missing(spec)
    for folder in runs:
        if folder is not None:
            Run(folder).read()
