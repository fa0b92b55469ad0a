"""A matplotlib figure as SVG inside a page: its text stays text, its colours are the page's, light and dark."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from markupsafe import Markup

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Drawn in these, which no palette has; in the page each is a variable of its style sheet.
INK, MUTED, LINE, GROUND = "#000001", "#000002", "#000003", "#000004"
ACCENT, FAINT, WARNING = "#000005", "#000006", "#000007"
VARIABLES = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    LINE: "var(--line)",
    GROUND: "var(--ground)",
    ACCENT: "var(--accent)",
    FAINT: "var(--faint)",
    WARNING: "var(--warning)",
}
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "synthda",  # identifiers are hashes: the same figure, the same bytes
    "font.size": 9.0,
    "text.color": INK,
    "text.parse_math": False,  # a class may be called $5
    "axes.edgecolor": LINE,
    "axes.labelcolor": MUTED,
    "axes.titlecolor": INK,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "axes.formatter.useoffset": False,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "xtick.major.pad": 5.0,
    "xtick.major.size": 0.0,
    "ytick.major.size": 0.0,
    "legend.frameon": False,
    "legend.labelcolor": MUTED,
}
XLINK = "{http://www.w3.org/1999/xlink}"
SVG = "{http://www.w3.org/2000/svg}"
FAMILY = re.compile(r"font-family:[^;]*;?\s*")
SIDES = re.compile(r"#00000[1-7]\b")


def drawn(name: str, alt: str, size: tuple[float, float], draw: Callable[[Figure], None]) -> Markup:
    """What `draw` draws into a figure, as an `<svg>` that may stand in HTML.

    Args:
        name: of the chart, unique in its page: the identifiers inside begin with it.
        alt: what a reader who does not see it is told.
        size: width and height, inches of 72 px.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure  # without pyplot: no window, no state

    content = io.BytesIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # the reader's fonts have it
        figure = Figure(figsize=size, layout="constrained")
        draw(figure)
        figure.savefig(content, format="svg", transparent=True, metadata=nothing)
    return _inlined(ElementTree.fromstring(content.getvalue()), name, alt)


def _inlined(root: ElementTree.Element, name: str, alt: str) -> Markup:
    parents = {child: parent for parent in root.iter() for child in parent}
    for element in list(root.iter()):
        if element.tag in (f"{SVG}metadata", f"{SVG}style"):
            parents[element].remove(element)
            continue
        element.tag = element.tag.removeprefix(SVG)
        if element.tag != "text":
            element.text = None
        element.tail = None
        _rename(element, name)
    box = root.get("viewBox", "")
    root.attrib.clear()
    root.attrib |= {"viewBox": box, "role": "img", "aria-label": alt}
    return Markup(ElementTree.tostring(root, encoding="unicode"))


def _rename(element: ElementTree.Element, name: str) -> None:
    """Identifiers of its own, links without the old prefix, colours by variable, and the font of the page."""
    given = dict(element.attrib)
    element.attrib.clear()
    for key, value in given.items():
        if key == "id":
            # Groups are called figure_1, axes_1 … in every figure, and nothing refers to them.
            if element.tag != "g":
                element.set("id", f"{name}-{value}")
        elif key == f"{XLINK}href":
            kept = value.replace("\n", "") if value.startswith("data:") else f"#{name}-{value[1:]}"
            element.set("href", kept)
        elif key == "clip-path":
            element.set(key, value.replace("url(#", f"url(#{name}-"))
        elif key == "style":
            coloured = SIDES.sub(lambda found: VARIABLES[found.group()], FAMILY.sub("", value))
            element.set(key, coloured)
        elif key == "d":
            element.set(key, " ".join(value.split()))
        else:
            element.set(key, value)
