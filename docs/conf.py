"""The docs site: `make docs` builds it into site/, warnings as errors."""

from __future__ import annotations

import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path.insert(0, str(HERE))

from reference import write_reference  # noqa: E402

from synthda import __version__  # noqa: E402

project = "synthda"
author = "the synthda authors"
release = version = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["site"]
source_suffix = {".md": "markdown"}
default_role = "code"
html_theme = "furo"
html_title = "synthda"
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
myst_heading_anchors = 4
autodoc_typehints = "none"
"""Types stand in the signature."""
autodoc_member_order = "bysource"

PAGES = {"ARCHITECTURE.md": "architecture", "CONTRIBUTING.md": "contributing", "CHANGELOG.md": "changelog"}
"""Documents beside the README that are pages of the site, too."""
OUTWARDS = re.compile(r"\[([^\]]+)\]\(\.\./([^)#]+)\)")
LINKED = re.compile(r"\]\((?!https?:|\.\./|#)(?:docs/)?([^)]+)\)")

write_reference(HERE / "generated", {name: (ROOT / name).read_text(encoding="utf-8") for name in PAGES}, PAGES)


def _inwards(app: object, document: str, content: list[str]) -> None:
    """Links that work on the file system, to pages of the site: of files that are none, only the name stays."""
    if document.startswith("generated/") and document.partition("/")[2] in PAGES.values():
        content[0] = LINKED.sub(lambda found: f"](../{found[1]})", content[0])
        content[0] = re.sub(r"\[([^\]]+)\]\(\.\./(?!images)[^)]*(?<!\.md)\)", r"\1", content[0])
        return
    content[0] = OUTWARDS.sub(
        lambda found: f"[{found[1]}](generated/{PAGES[found[2]]}.md)" if found[2] in PAGES else f"`{found[2]}`",
        content[0],
    )


def setup(app: object) -> None:
    app.connect("source-read", _inwards)  # type: ignore[attr-defined]
