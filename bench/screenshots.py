"""The screenshots in the docs: `python -m bench.screenshots RUN`, where RUN is the run of `synthda demo`."""

from __future__ import annotations

import argparse
from pathlib import Path

from bench.browser import chromium, save_png
from bench.paths import ROOT
from synthda.adapt.report.page import write_report
from synthda.adapt.run import Run

IMAGES = ROOT / "docs" / "images"
WIDTH = 1080
TOP = "selector => document.querySelector(selector).getBoundingClientRect().top + scrollY"
STRIPS = {"light": (None, "#training"), "dark": ("#features", "#calibration")}
"""By colour scheme: the elements at which a strip begins and ends."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    page = write_report(Run(parser.parse_args().run))
    said: list[str] = []
    with chromium() as browser:
        for scheme, (first, last) in STRIPS.items():
            window = browser.new_page(viewport={"width": WIDTH, "height": 800}, color_scheme=scheme)
            window.on("console", lambda message: said.append(message.text))
            window.goto(page.resolve().as_uri())
            window.evaluate("document.querySelectorAll('details').forEach(one => { one.open = false; })")
            top, bottom = (0.0 if selector is None else window.evaluate(TOP, selector) for selector in (first, last))
            strip = {"x": 0, "y": top, "width": WIDTH, "height": bottom + 20 - top}
            save_png(window.screenshot(clip=strip, full_page=True), IMAGES / f"report-{scheme}.png")
    assert said == []


if __name__ == "__main__":
    main()
