"""Commands that can be copied."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest

from synthda.shell import quoted


def test_plain_words_stand_as_they_are() -> None:
    assert quoted("synthda", "adapt", "--out", "runs") == "synthda adapt --out runs"


@pytest.mark.skipif(os.name == "nt", reason="quotes of a POSIX shell")
@pytest.mark.parametrize("name", ["my photos", "Äpfel & Birnen", "$(touch x)", "it's", 'a "b"', "<script>", "a;b", ""])
def test_a_shell_reads_the_same_words_again(name: str) -> None:
    assert shlex.split(quoted("synthda", "predict", name)) == ["synthda", "predict", name]
    assert quoted(Path("my photos")) == "'my photos'"
