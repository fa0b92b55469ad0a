"""Keys and type-ahead of the labelling page, run by Node where there is one."""

from __future__ import annotations

import json
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="needs Node to run the page's script")


@pytest.fixture
def run(tmp_path: Path) -> Any:
    """The value of a JavaScript expression that knows what choices.js exports."""
    script = files("synthda.adapt.labelling").joinpath("page", "choices.js").read_text(encoding="utf-8")
    (tmp_path / "choices.mjs").write_text(script, encoding="utf-8")

    def value_of(expression: str) -> Any:
        imported = "import { keysFor, commandOf, shownKey, matching } from './choices.mjs';"
        (tmp_path / "run.mjs").write_text(f"{imported} console.log(JSON.stringify({expression}))", encoding="utf-8")
        assert NODE is not None
        done = subprocess.run([NODE, "run.mjs"], cwd=tmp_path, capture_output=True, encoding="utf-8", timeout=30)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return value_of


def test_classes_get_keys_that_no_command_has(run: Any) -> None:
    names = [f"class {number}" for number in range(20)]
    few, many, digits, letters = run(
        f"[keysFor(['pear', 'apple']), keysFor({json.dumps(names)}), keysFor([...'0123456789']), keysFor([...'XSU'])]"
    )
    assert few == ["1", "2"]
    assert many == list("1234567890abcdefghij")
    assert digits == list("0123456789"), "a digit has its own key, whatever its place"
    assert letters == list("xsu")
    assert run(f"keysFor({json.dumps([*names, 'one more'])})") is None


def test_a_letter_is_a_command_only_where_no_class_and_no_typing_needs_it(run: Any) -> None:
    commands = "['s', 'u', 'x', 'ArrowRight', 'Backspace', '-', '?'].map((key) => commandOf(key, keys, typing))"
    names = ["skip", "undo", "none"]
    for keys, typing, letters in (
        ("['1']", "false", names),
        ("[...'xsu']", "false", [None] * 3),
        ("null", "true", [None] * 3),
    ):
        found = run(f"((keys, typing) => {commands})({keys}, {typing})")
        assert found == [*letters, "skip", "undo", "none", "help"]
    assert run("[shownKey('none', ['1'], false), shownKey('none', null, true)]") == ["X", "−"]


def test_a_few_letters_find_a_class_best_first(run: Any) -> None:
    classes = ["Pineapple", "Bravo-Apple-Juice", "Apple", "Crème-Fraîche", "Arla-Medium-Fat-Milk", "10 cent"]
    find = f"((typed) => matching({json.dumps(classes)}, typed))"
    assert run(f"{find}('APPLE')") == ["Apple", "Bravo-Apple-Juice", "Pineapple"]
    assert run(f"{find}('creme f')") == ["Crème-Fraîche"]
    assert run(f"{find}('arla milk')") == ["Arla-Medium-Fat-Milk"]
    assert run(f"{find}('  ')") == classes
    assert run(f"{find}('<b>')") == []
