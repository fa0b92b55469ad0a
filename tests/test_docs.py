"""The docs say what the code and the result files say."""

from __future__ import annotations

import re
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from bench.summary_table import BEGIN, placed
from bench.tables import PAGE, README, page
from synthda.cli.app import app

ROOT = Path(__file__).parent.parent


def test_the_results_page_is_generated_from_the_result_files() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m bench.tables"


def test_the_readmes_table_is_generated_from_them_too() -> None:
    text = README.read_text(encoding="utf-8")
    assert BEGIN in text
    assert text == placed(text), "run: python -m bench.tables"


def test_every_verb_that_the_readme_types_exists() -> None:
    verbs = {command.name for command in app.registered_commands} | {group.name for group in app.registered_groups}
    typed = set(re.findall(r"^(?:\.venv/bin/)?synthda (\w+)", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE))
    assert typed
    assert typed <= verbs


def test_every_file_that_the_documents_link_exists() -> None:
    for document in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", document.read_text(encoding="utf-8")):
            written_by_the_site = link.startswith("generated/")
            assert written_by_the_site or (document.parent / link).exists(), f"{document.name} links {link}"


def test_every_page_is_in_the_table_of_contents_and_written_only_once() -> None:
    listed = re.findall(r"^([a-z-]+)$", (ROOT / "docs" / "index.md").read_text("utf-8"), re.MULTILINE)
    pages = sorted(path.stem for path in (ROOT / "docs").glob("*.md") if path.stem != "index")
    assert sorted(listed) == pages


def test_everything_that_the_reference_names_exists() -> None:
    spec = spec_from_file_location("reference", ROOT / "docs" / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    reference = module_from_spec(spec)
    spec.loader.exec_module(reference)
    for module, *names in reference.PYTHON.values():
        missing = [name for name in names if not hasattr(import_module(module), name)]
        assert not missing, f"{module} lacks {', '.join(missing)}"
