"""The photographs of a table that adapt, without their labels, and the renderer that stands for them."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.cells import Protocol
from synthda.datasets.domain import in_memory
from synthda.synth.build import build_renderer
from synthda.synth.renderer import render_rows

TABLES = {"numbers": "street-digits", "signs": "signs"}


class Sides:
    """Both sides of a table's first pair, at the table's size."""

    def __init__(self, which: str, data: Path) -> None:
        self.protocol, self.table = Protocol(data, Path("runs")), TABLES[which]
        chosen = self.protocol.table(self.table)
        self.pair, self.size = self.protocol.told["pairs"][chosen["pairs"][0]], int(chosen["size"])
        self.rendered = self.protocol.told["rendered"][self.pair["source"].partition("/")[2]]

    def photographs(self) -> NDArray[np.uint8]:
        """(N, size, size, 3): all that adapt; those that evaluate are not looked at."""
        return in_memory(self.protocol.open(self.table, self.pair["target"]).images)

    def renderings(self, count: int, given: Mapping[str, str] | None = None) -> NDArray[np.uint8]:
        """(count, size, size, 3): the first rows of seed 0, by the protocol's settings and those given."""
        settings = {name: str(value) for name, value in self.rendered.get("set", {}).items()}
        renderer = build_renderer(self.rendered["renderer"], settings | {"size": str(self.size)} | dict(given or {}))
        return render_rows(renderer, 0, count)[1]


def arguments_of(description: str | None) -> argparse.ArgumentParser:
    """The arguments that the scripts share: which table, and where the data lies."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("which", choices=TABLES)
    parser.add_argument("--data", type=Path, default=os.environ.get("SYNTHDA_DATA"))
    return parser
