"""A comparison as Markdown, as CSV with a line a cell, and as one HTML page with its pictures."""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields

from synthda.adapt.comparison.doubts import doubts_about
from synthda.adapt.comparison.rows import Row, overall
from synthda.adapt.comparison.scores import Score

HEADINGS = ("method", "accuracy", "95 % interval", "over source-only", "gap closed", "proxy A-distance", "time")
"""Of the main table; what rules of selection have chosen is in one of its own."""
BLIND = ("method", "accuracy, estimated without labels", "over source-only", "proxy A-distance", "time")
"""Of the main table of a pair without labels that evaluate."""
AUROC = "AUROC of unknown"
"""One column more where images of no class were scored."""
NONE = "–"
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #222; max-width: 62rem; margin: 2.5rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0 2rem; font-variant-numeric: tabular-nums; }
th { text-align: left; border-bottom: 2px solid #222; padding: .35rem .7rem .35rem 0; font-weight: 600; }
td { border-bottom: 1px solid #e3e3e3; padding: .35rem .7rem .35rem 0; white-space: nowrap; }
td.bar { background: linear-gradient(#dce8f6, #dce8f6) no-repeat left center / var(--share) 70%; min-width: 11rem; }
td.failed { color: #a33; white-space: normal; }
img { width: 100%; max-width: 44rem; display: block; margin: .5rem 0 2rem; }
p.note { color: #666; }
"""


def markdown(tables: Mapping[str, Sequence[Row]], about: str) -> str:
    """A table a pair, best first, and one over all pairs where there are several."""
    lines = ["# Comparison", "", about, ""]
    for pair, rows in tables.items():
        headings = headings_of(rows)
        lines += [f"## {pair}", "", _line(headings), "|---" * len(headings) + "|"]
        lines += [_line(cells_of(row, rows)) for row in rows] + [""]
        lines += _markdown_of_rules(rows)
        remarks = [f"{row.method}, seed {seed}: {why}" for row in rows for seed, why in row.failures.items()]
        remarks += doubts_about(rows)
        lines += [*(f"- {remark}" for remark in remarks), ""] if remarks else []
    if len(tables) > 1:
        lines += _markdown_over_all(tables)
    return "\n".join(lines)


def as_csv(scores: Iterable[Score]) -> str:
    """A line for every cell, failed ones with their reason."""
    columns = [field.name for field in fields(Score)]
    columns[columns.index("interval") : columns.index("interval") + 1] = ["low", "high"]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    for score in scores:
        low, high = score.interval or (None, None)
        rules = "; ".join(f"{rule} {accuracy:.4f}" for rule, accuracy in score.by_rule.items())
        settings = "; ".join(f"{name}={value}" for name, value in score.network_settings.items())
        written = {"low": low, "high": high, "by_rule": rules, "network_settings": settings}
        writer.writerow(asdict(score) | written)
    return text.getvalue()


def page(tables: Mapping[str, Sequence[Row]], about: str, pictures: Mapping[str, Sequence[str]]) -> str:
    """The same tables as HTML that needs no other file but its pictures.

    Args:
        tables: rows by pair.
        about: a line on what was done.
        pictures: by pair, paths relative to the page.
    """
    parts = [f"<h1>Comparison</h1><p>{html.escape(about)}</p>"]
    for pair, rows in tables.items():
        parts.append(f"<h2>{html.escape(pair)}</h2>{_html_table(rows)}{_html_of_rules(rows)}")
        parts += [f'<p class="note">{html.escape(doubt)}</p>' for doubt in doubts_about(rows)]
        parts += [f'<img src="{html.escape(path)}" alt="{html.escape(path)}">' for path in pictures.get(pair, ())]
    if len(tables) > 1 and overall(list(tables.values())):
        cells = "".join(
            f"<tr><td>{html.escape(method)}</td>{_bar(mean, f'{mean:.4f}')}</tr>"
            for method, mean in overall(list(tables.values()))
        )
        parts.append(f"<h2>Over all pairs</h2><table><tr><th>method</th><th>mean accuracy</th></tr>{cells}</table>")
    head = f'<meta charset="utf-8"><title>Comparison</title><style>{STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(parts)}</body></html>\n'


def headings_of(rows: Sequence[Row]) -> tuple[str, ...]:
    """Of a pair's main table."""
    if any(row.blind for row in rows):
        return BLIND
    return (*HEADINGS, AUROC) if any(row.unknown_auroc is not None for row in rows) else HEADINGS


def cells_of(row: Row, rows: Sequence[Row]) -> tuple[str, ...]:
    """The texts of one of a pair's rows, in the order of its headings."""
    headings = headings_of(rows)
    if row.mean is None:
        return (row.method, "failed" if row.failures else "not run", *[NONE] * (len(headings) - 2))
    count = len(row.scores)
    failed = f", {len(row.failures)} failed" if row.failures else ""
    spread = "" if row.std is None else f" ± {row.std:.4f}"
    low, high = row.scores[0].interval or (float("nan"), float("nan"))
    texts = {
        "method": row.method,
        HEADINGS[1]: f"{row.mean:.4f}{spread} ({count}{failed})",
        BLIND[1]: f"{row.mean:.2f}{'' if row.std is None else f' ± {row.std:.2f}'} ({count}{failed})",
        "95 % interval": f"{low:.4f}…{high:.4f}",
        "over source-only": NONE if row.gain is None else _gained(*row.gain),
        "gap closed": NONE if row.gap_closed is None else f"{row.gap_closed:.0%}",
        "proxy A-distance": NONE if row.proxy_a_distance is None else f"{row.proxy_a_distance:.2f}",
        "time": NONE if row.seconds is None else _time(row.seconds),
        AUROC: NONE if row.unknown_auroc is None else f"{row.unknown_auroc:.3f}",
    }
    return tuple(texts[heading] for heading in headings)


def rules_of(rows: Sequence[Row]) -> list[str]:
    """The rules of selection that were compared."""
    return list(dict.fromkeys(rule for row in rows for score in row.scores for rule in score.by_rule))


def headings_of_rules(rows: Sequence[Row]) -> tuple[str, ...]:
    """Of the table of checkpoints: the last, by each rule, and the best on the labels, which is no result."""
    estimate = ("last, estimated without labels",) if any(row.estimated is not None for row in rows) else ()
    return ("method", "last", *rules_of(rows), "oracle-selected", *estimate)


def cells_of_rules(row: Row, rows: Sequence[Row]) -> tuple[str, ...]:
    """The texts of a row of that table."""
    found = [row.mean, *(row.selected_by(rule) for rule in rules_of(rows)), row.oracle_selected]
    found += [row.estimated] if any(other.estimated is not None for other in rows) else []
    return (row.method, *(NONE if value is None else f"{value:.4f}" for value in found))


def _markdown_of_rules(rows: Sequence[Row]) -> list[str]:
    if not rules_of(rows):
        return []
    headings = headings_of_rules(rows)
    lines = ["Mean accuracy of the checkpoint by rule of selection:", "", _line(headings), "|---" * len(headings) + "|"]
    return [*lines, *(_line(cells_of_rules(row, rows)) for row in rows), ""]


def _markdown_over_all(tables: Mapping[str, Sequence[Row]]) -> list[str]:
    means = overall(list(tables.values()))
    lines = [_line((method, f"{mean:.4f}")) for method, mean in means]
    return ["## Over all pairs", "", "| method | mean accuracy |", "|---|---|", *lines, ""] if means else []


def _html_of_rules(rows: Sequence[Row]) -> str:
    if not rules_of(rows):
        return ""
    head = "".join(f"<th>{html.escape(heading)}</th>" for heading in headings_of_rules(rows))
    lines = (cells_of_rules(row, rows) for row in rows)
    cells = ["".join(f"<td>{html.escape(cell)}</td>" for cell in line) for line in lines]
    return f"<p>Mean accuracy of the checkpoint by rule of selection:</p><table>{_joined([head, *cells])}</table>"


def _joined(rows: Iterable[str]) -> str:
    return "".join(f"<tr>{row}</tr>" for row in rows)


def _html_table(rows: Sequence[Row]) -> str:
    headings = headings_of(rows)
    head = "".join(f"<th>{heading}</th>" for heading in headings)
    lines = []
    for row in rows:
        cells = cells_of(row, rows)
        shown = [f"<td>{html.escape(cell)}</td>" for cell in cells]
        if row.mean is not None:
            shown[1] = _bar(row.mean, cells[1])
        lines.append(f"<tr>{''.join(shown)}</tr>")
        for seed, why in row.failures.items():
            reason = f'<td class="failed" colspan="{len(headings) - 1}">seed {seed}: {html.escape(why)}</td>'
            lines.append(f"<tr><td></td>{reason}</tr>")
    return f"<table><tr>{head}</tr>{''.join(lines)}</table>"


def _bar(share: float, text: str) -> str:
    return f'<td class="bar" style="--share:{100 * share:.1f}%">{html.escape(text)}</td>'


def _gained(mean: float, deviation: float | None) -> str:
    """In percentage points."""
    return f"{100 * mean:+.1f}" + ("" if deviation is None else f" ± {100 * deviation:.1f}")


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.1f} min"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
