from __future__ import annotations

import os
import subprocess
import sys

import pytest

from synthda import __version__
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


UNUSED_BY_PREDICT = {"torch", "torchvision", "h5py", "matplotlib", "cv2", "onnx", "scipy", "sklearn"}


def loaded_by(arguments, cwd):
    """The modules that a process has loaded when a command ends."""
    program = "import atexit, sys; from synthda.cli import main; sys.argv = ['synthda', *sys.argv[1:]]\n"
    program += "atexit.register(lambda: print('LOADED', *sys.modules)); main()"
    inherited = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-c", program, *map(str, arguments)]
    done = subprocess.run(command, env=inherited, cwd=cwd, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.rpartition("LOADED")[2].split())


def test_help_loads_nothing_heavy_to_the_end(tmp_path):
    loaded = loaded_by(["--help"], tmp_path)
    assert "typer" in loaded
    assert not loaded & (HEAVY | {"pydantic", "asyncio", "multiprocessing"})


def test_predict_loads_what_it_needs_and_no_more(brightness_model, grey_photos, tmp_path):
    loaded = loaded_by(["predict", brightness_model, "greys"], tmp_path)
    assert {"onnxruntime", "PIL"} <= loaded
    assert not loaded & UNUSED_BY_PREDICT


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


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("adapt --source photos --target photos --method DANN", "There is no method 'DANN'. Did you mean dann?\n"),
        (
            "adapt --source photos --target photos --method dann+mmc",
            "There is no method 'mmc'. Did you mean mcd or mcc",
        ),
        ("adapt --source photos --target photos --network conv-smal", "Did you mean conv-small?"),
        ("adapt --source photos --target photos --network resnet50", "backbone; give --backbone resnet50 in place"),
        ("adapt --source photos --target photo", "Did you mean photos?\n"),
        ("adapt --source photos --target photos --eval photos/levle", "Did you mean photos/level?\n"),
        ("adapt --start runs/none --target photos --method shot", "There is no run runs/none"),
        ("compare --source phots --target photos", "Did you mean photos?\n"),
        ("compare phots", "phots cannot be read, for there is no such file; did you mean photos?"),
        ("compare --source photos --target photos --method dnan", "Did you mean dan"),
    ],
)
def test_a_name_that_is_mistyped_is_told_before_torch_is_loaded(synthda, photos, monkeypatch, arguments, said):
    monkeypatch.setitem(sys.modules, "torch", None)  # importing it fails
    monkeypatch.delitem(sys.modules, "synthda.adapt.data", raising=False)
    refused = synthda(*arguments.split())
    assert (refused.code, refused.out) == (2, "")
    assert said in refused.err


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


def test_an_empty_argument_is_not_the_folder_that_the_command_runs_in(synthda):
    refused = synthda("predict", "model.onnx", "")
    assert refused.code == 2
    assert "An argument is empty" in refused.err


def test_the_version_is_told(synthda):
    said = synthda("--version")
    assert said.code == 0
    assert said.out == f"synthda {__version__}\n"
