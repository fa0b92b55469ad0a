"""The screenshots in the docs: `python -m bench.screenshots RUN`, where RUN is the run of `synthda demo`."""

from __future__ import annotations

import argparse
from pathlib import Path

from bench.browser import browser, write_png
from synthda.adapt.report.page import write_report
from synthda.adapt.run import Run

IMAGES = Path(__file__).parent.parent / "docs" / "images"
WIDTH, SCALE = 1080, 0.85
STRIPS = {"light": (None, "#training"), "dark": ("#features", "#calibration")}
"""By colour scheme: the elements at which a strip begins and ends."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    page = write_report(Run(parser.parse_args().run))
    with browser() as window:
        for scheme, (first, last) in STRIPS.items():
            window.look(scheme, WIDTH)
            window.open(page.resolve().as_uri())
            window.run("document.querySelectorAll('details').forEach(one => { one.open = false; })")
            top, bottom = (
                0.0 if selector is None else float(window.run(f"return {_top_of(selector)}"))
                for selector in (first, last)
            )
            write_png(IMAGES / f"report-{scheme}.png", window.screenshot(top, bottom + 20, WIDTH, SCALE))
        assert window.complaints() == []


def _top_of(selector: str) -> str:
    return f"document.querySelector('{selector}').getBoundingClientRect().top + scrollY"


if __name__ == "__main__":
    main()
