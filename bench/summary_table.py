"""The short table in the README: of each kind of domain, what adaptation adds, from the result files."""

from __future__ import annotations

from typing import Any

from bench.markdown import NOT_MEASURED, load, table

BEGIN, END = "<!-- made by python -m bench.tables -->", "<!-- up to here -->"
PRODUCTS = "shot, pseudo-labels at 1"
COLUMNS = ("source → target", "n", "source-only", "adapted, without labels", "trained with the target's labels")
ROWS = (
    ("methods-mnist-m", "mnist-m-binary", "m-adda"),
    ("usps", "usps-to-mnist", "m-adda"),
    ("usps", "mnist-to-usps", "m-adda"),
    ("street-digits-long", "street-digits", "bnm+fixmatch"),
    ("signs-standardised", "signs", "fixmatch"),
)
"""Table of the protocol, pair, and the method that was chosen on labels of images that adapt."""


def summary() -> str:
    """The lines between the marks, with them."""
    rows = [_row(*chosen) for chosen in ROWS]
    return "\n".join([BEGIN, "", *table(COLUMNS, [row for row in [*rows, _products()] if row]), "", END])


def placed(text: str) -> str:
    """`text` with the lines between the marks made anew."""
    before, _, rest = text.partition(BEGIN)
    return before + summary() + rest.partition(END)[2]


def _row(name: str, pair: str, method: str) -> list[str]:
    found = load(name)
    if found is None:
        return []
    row = next(row for row in found["rows"] if row["pair"] == pair)
    seeds = {
        called: row["methods"].get(called, {}).get("seeds", []) for called in ("source-only", method, "train-on-target")
    }
    counts = {cell["n"] for cells in seeds.values() for cell in cells}
    cells = [_accuracy([cell["accuracy"] for cell in scored]) for scored in seeds.values()]
    cells[1] += f", `{method}`" if seeds[method] else ""
    return [row["title"], f"{max(counts):,}", *cells]


def _products() -> list[str]:
    found = load("grocery-224")
    if found is None:
        return []
    methods: dict[str, dict[str, Any]] = found["methods"]
    scored = [list(methods.get(name, {}).values()) for name in ("source-only", PRODUCTS, "train-on-target")]
    cells = [_accuracy([cell["accuracy"] for cell in each]) for each in scored]
    return [
        "Rendered products → grocery stores, 81 classes",
        f"{scored[0][0]['n']:,}",
        cells[0],
        f"{cells[1]}, `shot`, `pseudo_weight=1`",
        cells[2],
    ]


def _accuracy(values: list[float]) -> str:
    """The mean over so many seeds."""
    return f"{sum(values) / len(values):.3f} ({len(values)})" if values else NOT_MEASURED
