"""Charts as figures of matplotlib, before they become SVG."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from markupsafe import Markup
from matplotlib.figure import Figure

from synthda.adapt.report import charts, maps


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures of the charts that are drawn from here on; a chart itself is what it tells a reader without eyes."""
    made: list[Figure] = []

    def drawn(name: str, alt: str, size: tuple[float, float], draw: Callable[[Figure], None]) -> Markup:
        made.append(Figure(figsize=size, layout="constrained"))
        draw(made[-1])
        return Markup(alt)

    for module in (charts, maps):
        monkeypatch.setattr(module, "drawn", drawn)
    return made
