"""docs/deploy.md names examples that exist, and the figures that were measured."""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")


def test_every_example_has_its_command_in_the_docs() -> None:
    commands = re.findall(r"^    (?:python|cd) (examples/\S+)", PAGE, re.MULTILINE)
    assert sorted(commands) == ["examples/browser", "examples/classify.py", "examples/serve.py"]
    assert all((ROOT / path).exists() for path in commands)
    scripts = json.loads((ROOT / "examples" / "browser" / "package.json").read_text(encoding="utf-8"))["scripts"]
    assert set(re.findall(r"^    npm (?:run )?(build|start)", PAGE, re.MULTILINE)) == set(scripts)


def test_the_figures_of_the_page_are_the_measured_ones() -> None:
    measured = json.loads((ROOT / "bench" / "results" / "browser.json").read_text(encoding="utf-8"))
    assert f"on {measured['photographs']} photographs" in PAGE
    rows = {"the page": "page", "the page, photographs four times as large": "page, larger"}
    for row, name in (rows | {"a canvas instead": "canvas"}).items():
        found = measured[name]
        same, pixels = 100 * found["same_class"], found["mean_difference_of_pixels"]
        chances = found["largest_difference_of_chances"]
        assert f"| {row} | {same:.1f} % | {pixels:.3f} of 255 | {chances:.3f} |" in PAGE
