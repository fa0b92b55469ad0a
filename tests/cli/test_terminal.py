"""Names act on no terminal, whatever is printed."""

from __future__ import annotations

import os

import pytest

from synthda.cli.listing import console, say, table, warn

NASTY = "a\x1b[31m\x07\x9b2J b"
SHOWN = "a�[31m��2J b"


def test_lines_warnings_and_cells_show_what_would_act(capsys: pytest.CaptureFixture[str]) -> None:
    say(NASTY)
    warn(NASTY)
    grid = table(NASTY)
    grid.add_row(NASTY)
    console().print(grid)
    said = capsys.readouterr()
    assert [line.rstrip() for line in said.out.splitlines()] == [SHOWN] * 3
    assert said.err.splitlines() == [SHOWN]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_a_mistake_that_quotes_a_name_acts_on_no_terminal_either(synthda):
    failed = synthda("predict", "\x1b]0;title\x07.onnx", "photos")
    assert failed.code == 2
    assert "There is no run or model �]0;title�.onnx" in failed.err
