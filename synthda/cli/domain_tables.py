"""How a domain's facts are printed: a headline, counts per class as bars, factors, manifest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from synthda.cli.listing import console, pairs, say, table

MOST_CLASSES = 45
MOST_ENTRIES = 4
MOST_EXAMPLES = 3
BAR = 30
BARS = "▁▂▃▄▅▆▇█"


def print_domain(facts: Mapping[str, Any]) -> None:
    """Tables on stdout from what `synthda.datasets.summary.look_at` found."""
    printer = console()
    classes = len(facts["classes"])
    labels = f"{classes} classes" if classes else "no labels"
    size = f"{facts['height']}×{facts['width']} pixels (height×width)"
    say(f"{facts['name']}: {facts['images']:,} images of {size}, {labels}")
    if "photographs" in facts:
        for what, (least, median, greatest) in facts["photographs"].items():
            say(f"  photographs' {what}: {least:,} to {greatest:,}, median {median:,}")
    if facts["unlabelled"] and classes:
        say(f"  {facts['unlabelled']:,} images without a label")
    if classes:
        say()
        printer.print(_class_table(facts["classes"]))
    if facts.get("factors"):
        say()
        printer.print(_factor_table(facts["factors"]))
    say()
    for line in _twin_lines(facts["twins"]):
        say(line)
    if "manifest" in facts:
        say()
        printer.print(pairs(_manifest_lines(facts)))
    say()


def _class_table(counts: Mapping[str, int]) -> Any:
    grid = table("class", "images", "", right=(1,))
    most = max(counts.values(), default=0)
    for name, count in list(counts.items())[:MOST_CLASSES]:
        grid.add_row(name, f"{count:,}", "█" * round(BAR * count / max(1, most)))
    if len(counts) > MOST_CLASSES:
        grid.add_row(f"… {len(counts) - MOST_CLASSES} more", "", "all of them with --json")
    return grid


def _factor_table(factors: Mapping[str, Mapping[str, Any]]) -> Any:
    grid = table("factor", "min", "mean", "max", "distribution", right=(1, 2, 3))
    for name, found in factors.items():
        if "taken" not in found:
            grid.add_row(name, *(_number(found[what]) for what in ("min", "mean", "max")), _bars(found["histogram"]))
            continue
        total = sum(found["taken"].values())
        entries = [f"{entry} {100 * n / total:.1f} %" for entry, n in list(found["taken"].items())[:MOST_ENTRIES]]
        more = len(found["taken"]) - len(entries)
        grid.add_row(name, "", "", "", ", ".join(entries) + (f", … {more} more of {found['choices']}" if more else ""))
    return grid


def _bars(counts: Sequence[int]) -> str:
    """A histogram in one line; the smallest bar is drawn for whatever is not empty."""
    most = max(counts)
    return "".join(BARS[max(1, round(len(BARS) * count / most)) - 1] if count else " " for count in counts)


def _twin_lines(twins: Mapping[str, Any]) -> Iterator[str]:
    """How many images occur twice, and where to look."""
    of = f"{twins['examined']:,}" + ("" if twins["examined"] == twins["of"] else f" examined, of {twins['of']:,},")
    yield f"{twins['exact']:,} of {of} images have a twin with the same pixels, {twins['near']:,} more one much like it"
    if twins["examples"]:
        yield "  for example " + "; ".join(f"{one} and {other}" for one, other in twins["examples"][:MOST_EXAMPLES])


def _manifest_lines(facts: Mapping[str, Any]) -> dict[str, str]:
    manifest, made = facts["manifest"], facts["manifest"].get("provenance", {})
    shards = f"{facts['shards']} shard{'s' if facts['shards'] != 1 else ''}"
    versions = {"synthda": made.get("synthda"), "python": made.get("python"), **made.get("versions", {})}
    lines = {
        "made by": made.get("command", ""),
        "seed": str(manifest.get("seed", "")),
        "settings": _assignments(manifest.get("settings", {})),
        "versions": ", ".join(f"{name} {version}" for name, version in versions.items() if version),
        "checksums": f"{shards}, {facts['checksums']}",
    }
    return {name: line for name, line in lines.items() if line}


def _assignments(settings: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in settings.items())


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
