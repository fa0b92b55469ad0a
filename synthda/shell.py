"""Commands as a person can copy them into a shell, whatever the names of their files."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path


def quoted(*words: str | Path) -> str:
    """The words of a command in one line, each quoted where the shell would else take it apart or run a part of it."""
    texts = [str(word) for word in words]
    return subprocess.list2cmdline(texts) if os.name == "nt" else shlex.join(texts)
