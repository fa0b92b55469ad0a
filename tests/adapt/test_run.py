"""Run folders: claimed by one configuration, resumed by the same, never taken from anything else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from synthda.adapt.run import Run
from synthda.errors import DataError, RunError, SynthdaError
from synthda.manifest import write_json

ONE = {"blueprint": {"method": "dann", "seed": 0}, "data": ("a", "b")}
OTHER = {"blueprint": {"method": "dann", "seed": 1, "recipe": {"steps": 9}}, "data": ("a", "b")}


def finished(folder: Path) -> Run:
    """A run with everything that runs write, and a note of its owner's."""
    run = Run(folder)
    run.begin(ONE)
    for path in (run.checkpoint, run.metrics, run.evaluation, run.comparison, run.sample, run.onnx, run.parity):
        path.parent.mkdir(exist_ok=True)
        path.write_text("content", encoding="utf-8")
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    run.finish({"steps": 3})
    return run


def test_a_claimed_folder_is_known_by_its_partial_manifest(tmp_path: Path) -> None:
    run = Run(tmp_path / "a" / "run")
    run.begin(ONE)
    assert os.listdir(run.folder) == ["run.json.partial"]
    assert not run.finished
    assert run.read()["configuration"]["blueprint"] == ONE["blueprint"]


def test_the_same_configuration_goes_on_before_and_after_the_end(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.begin(ONE)
    run.begin(ONE)
    run.finish({"steps": 3})
    run.begin(ONE)
    assert run.finished
    assert os.listdir(tmp_path) == ["run.json"]


def test_the_manifest_of_a_finished_run_says_what_made_it(tmp_path: Path) -> None:
    manifest = finished(tmp_path).read()
    assert manifest["results"] == {"steps": 3}
    assert manifest["provenance"]["versions"]["torch"]
    assert {"format", "kind", "fingerprint", "configuration"} <= set(manifest)


@pytest.mark.parametrize("done", [False, True], ids=["unfinished", "finished"])
def test_another_configuration_is_refused_and_what_differs_is_named(tmp_path: Path, done: bool) -> None:
    run = Run(tmp_path)
    run.begin(ONE)
    if done:
        run.finish({})
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(RunError, match=r"with seed 0 instead of 1 and another steps; choose another --out") as caught:
        run.begin(OTHER)
    assert "data" not in str(caught.value)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_target_that_has_lost_photographs_is_told_by_its_size(tmp_path: Path) -> None:
    before, now = ({**ONE, "data": {"target": {"images": count}}} for count in (100, 98))
    Run(tmp_path).begin(before)
    with pytest.raises(RunError, match="with 100 target images instead of 98;"):
        Run(tmp_path).begin(now)


def test_a_file_of_a_run_is_answered_with_the_folder_to_give(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"x")
    with pytest.raises(RunError, match=f"model.onnx is a file; give the folder of a run, such as {tmp_path}"):
        Run(tmp_path / "model.onnx").read()


def test_force_discards_what_a_run_wrote_and_nothing_else(tmp_path: Path) -> None:
    run = finished(tmp_path)
    run.begin(OTHER, force=True)
    assert sorted(os.listdir(tmp_path)) == ["notes.txt", "run.json.partial"]
    assert run.read()["configuration"]["blueprint"] == OTHER["blueprint"]


@pytest.mark.parametrize("force", [False, True])
def test_a_folder_that_is_no_run_is_never_touched(tmp_path: Path, force: bool) -> None:
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "mine.pt").write_text("weeks of work", encoding="utf-8")
    (tmp_path / "model.onnx").write_text("mine", encoding="utf-8")
    with pytest.raises(RunError, match="not empty and holds no run"):
        Run(tmp_path).begin(ONE, force=force)
    assert (tmp_path / "checkpoints" / "mine.pt").exists()
    assert (tmp_path / "model.onnx").exists()


def test_force_stopped_half_way_leaves_a_folder_that_force_accepts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = finished(tmp_path)

    def stop(path: Path, missing_ok: bool = False) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", stop)
        with pytest.raises(KeyboardInterrupt):
            run.begin(OTHER, force=True)
    assert not run.finished
    run.begin(OTHER, force=True)
    assert sorted(os.listdir(tmp_path)) == ["notes.txt", "run.json.partial"]


def test_a_writer_killed_at_its_first_byte_can_start_again(tmp_path: Path) -> None:
    (tmp_path / "run.json.partial.writing").write_text("{", encoding="utf-8")
    Run(tmp_path).begin(ONE)
    assert Run(tmp_path).read()["kind"] == "run"


@pytest.mark.parametrize("name", ["run.json", "run.json.partial"])
@pytest.mark.parametrize("content", [b"", b'{"format": 1, "fin', b'{"format": 99}', b"[]"])
def test_a_damaged_or_newer_manifest_is_refused_and_force_starts_anew(
    tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as caught:
        Run(tmp_path).begin(ONE)
    assert "\n" not in str(caught.value)
    assert (tmp_path / name).read_bytes() == content
    Run(tmp_path).begin(ONE, force=True)
    assert os.listdir(tmp_path) == ["run.json.partial"]


def test_a_manifest_of_something_else_is_no_run_of_this_configuration(tmp_path: Path) -> None:
    write_json(tmp_path / "run.json", {"format": 1, "jogging": "5 km"})
    with pytest.raises(RunError, match="holds a run with another"):
        Run(tmp_path).begin(ONE)


@pytest.mark.parametrize("force", [False, True])
def test_a_file_in_the_way_is_one_sentence(tmp_path: Path, force: bool) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(RunError, match="is a file; give a folder"):
        Run(tmp_path / "file").begin(ONE, force=force)
    with pytest.raises(SynthdaError, match="could not be written"):
        Run(tmp_path / "file" / "below").begin(ONE, force=force)


def test_a_folder_whose_name_is_no_utf_8_is_refused_before_the_training(tmp_path: Path) -> None:
    """ONNX takes no such path."""
    run = Run(tmp_path / os.fsdecode(b"run\xff"))
    with pytest.raises(RunError, match="is no UTF-8, which models need; give another --out"):
        run.begin(ONE)
    assert not run.folder.exists()


def test_a_folder_that_may_not_be_changed_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = finished(tmp_path)

    def refuse(*arguments: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(SynthdaError, match="Read-only file system"):
        run.begin(OTHER, force=True)
    assert run.finished
    with pytest.raises(SynthdaError, match="Read-only file system"):
        Run(tmp_path / "new").begin(ONE)


def test_an_empty_folder_holds_no_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"(holds|There is) no run.*; make one with: synthda adapt --out"):
        Run(tmp_path).read()
