"""What can be told of a command's options at once, before torch is imported, which takes seconds."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


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
