from __future__ import annotations

import os
import subprocess
import sys

import pytest

from synthda.cli.app import app

VERBS = ["preview", "generate", "inspect", "convert", "adapt", "evaluate", "export", "predict"]
VERBS += ["compare", "methods", "renderers", "networks", "datasets", "doctor"]
HEAVY = {"torch", "numpy", "h5py", "matplotlib", "PIL", "cv2", "onnxruntime", "rich.progress"}


def test_the_command_line_starts_without_heavy_imports():
    program = f"import sys, synthda.cli; print(*sorted({HEAVY!r} & set(sys.modules)))"
    # The checkout need not be installed: the child looks where this process does.
    inherited = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-c", program]
    loaded = subprocess.run(command, env=inherited, capture_output=True, text=True, check=True).stdout
    assert loaded.split() == []


def test_looking_previewing_and_converting_never_load_torch(photos, tmp_path):
    program = (
        "import sys\n"
        "from synthda.cli import main\n"
        "for line in sys.stdin.read().splitlines():\n"
        "    sys.argv = ['synthda', *line.split()]\n"
        "    try:\n"
        "        main()\n"
        "    except SystemExit as stop:\n"
        "        assert not stop.code, line\n"
        "assert 'torch' not in sys.modules"
    )
    lines = "preview syn-numbers --count 2 --set fonts=matplotlib\ninspect photos\n"
    lines += "convert photos --to hf --size 16 --out out\nconvert out --to shards --out shards\n"
    inherited = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, input=lines, env=inherited, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_has_examples_in_its_help(synthda, verb):
    shown = synthda(verb, "--help")
    assert shown.code == 0
    assert "Examples:" in shown.out
    assert f"synthda {verb}" in shown.out


def test_the_verbs_are_listed_with_their_names(synthda):
    assert app.info.name == "synthda"
    shown = synthda("--help").out
    assert all(verb in shown for verb in VERBS)
