from __future__ import annotations

import json
import sys

from synthda.cli import environment


def test_a_working_installation_is_usable(synthda):
    done = synthda("doctor")
    assert done.code == 0
    assert "synthda is usable here" in done.out
    assert "SYNTHDA_DATA is not set" in done.out
    for words in ("torch", "numpy", "onnx providers", "CPUExecutionProvider", "from matplotlib"):
        assert words in done.out


def test_what_cannot_be_imported_is_broken_with_a_remedy(synthda, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    done = synthda("doctor", "--json")
    assert done.code == 1
    facts = json.loads(done.out)
    assert not facts["usable"]
    assert facts["traps"][0]["level"] == "broken"
    assert "onnxscript" in facts["traps"][0]["what"]


def test_torch_and_torchvision_of_different_releases_are_told_apart_from_other_failures():
    assert "both at once" in environment._remedy("torchvision", "operator torchvision::nms does not exist")


def test_two_opencv_wheels_are_a_trap(monkeypatch, tmp_path):
    installed = {"opencv-python": "5", "opencv-python-headless": "5"}
    monkeypatch.setattr(environment, "_version", installed.get)
    (trap,) = environment._wheels()
    assert "opencv-python and opencv-python-headless" in trap.what
    assert "pip uninstall" in trap.fix


def test_a_data_root_that_does_not_exist_is_a_trap(monkeypatch, tmp_path):
    monkeypatch.setenv("SYNTHDA_DATA", str(tmp_path / "gone"))
    (trap,) = (trap for trap in environment._places(None) if "gone" in trap.what)
    assert trap.what == f"SYNTHDA_DATA names {tmp_path / 'gone'}, which does not exist"


def test_of_two_folders_the_one_that_does_not_exist_is_told(synthda, monkeypatch, tmp_path):
    monkeypatch.setenv("SYNTHDA_DATA", str(tmp_path))
    done = synthda("doctor", "--data-root", tmp_path / "nope")
    assert "SYNTHDA_DATA" not in done.out
    assert f"--data-root names {tmp_path / 'nope'}, which does not exist" in done.out


def test_a_data_root_that_is_given_needs_no_environment_variable(monkeypatch, tmp_path):
    monkeypatch.delenv("SYNTHDA_DATA", raising=False)
    assert not [trap for trap in environment._places(tmp_path) if "SYNTHDA_DATA" in trap.what]
