"""The docs say what the code and the result files say."""

from __future__ import annotations

import ast
import re
import shlex
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import typer

from bench.summary_table import BEGIN, placed
from bench.tables import PAGE, README, page
from synthda.cli.app import app

ROOT = Path(__file__).parent.parent
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]


def test_the_results_page_is_generated_from_the_result_files() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m bench.tables"


def test_the_readmes_table_is_generated_from_them_too() -> None:
    text = README.read_text(encoding="utf-8")
    assert BEGIN in text
    assert text == placed(text), "run: python -m bench.tables"


def test_every_verb_and_option_that_the_documents_type_exists() -> None:
    verbs = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    typed = [shlex.split(line) for document in DOCUMENTS for line in _commands(document)]
    assert len(typed) > 50
    for _, verb, *words in typed:
        assert verb in verbs, f"synthda has no verb {verb}"
        command = verbs[verb]
        deeper = words and words[0] in getattr(command, "commands", {})
        accepted = (command.commands[words[0]] if deeper else command).params
        options = {option for parameter in accepted for option in (*parameter.opts, *parameter.secondary_opts)}
        unknown = {word for word in words if word.startswith("--")} - options - {"--help"}
        assert not unknown, f"synthda {verb} does not take {', '.join(unknown)}"


def _commands(document: Path) -> list[str]:
    """Commands with a verb, from a document's blocks of shell, joined where they are broken, and from its sentences."""
    text = document.read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [line.partition("  #")[0] for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return [line for line in [*lines, *re.findall(r"`([^`\n]+)`", text)] if re.match(r"synthda \w", line)]


def test_everything_that_the_documents_import_exists() -> None:
    blocks = [
        ast.parse(block)
        for document in DOCUMENTS
        for block in re.findall(r"^```python\n(.*?)^```", document.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    ]
    imports = [node for block in blocks for node in ast.walk(block) if isinstance(node, ast.ImportFrom)]
    assert imports
    for statement in imports:
        assert statement.module is not None
        missing = [name.name for name in statement.names if not hasattr(import_module(statement.module), name.name)]
        assert not missing, f"{statement.module} lacks {', '.join(missing)}"


def test_every_file_that_the_documents_link_exists() -> None:
    for document in DOCUMENTS:
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
