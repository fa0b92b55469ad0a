"""Manifests and the rule "written, then named": a name stands for a whole file, or it is not there."""

from __future__ import annotations

import errno
import json
import os
import shlex
import subprocess
import time
from pathlib import Path

import pytest

from synthda.errors import DataError, SynthdaError
from synthda.manifest import (
    FORMAT,
    LOCK,
    commit_of,
    fingerprint,
    is_vacant,
    provenance,
    read_manifest,
    sha256_of,
    write_json,
    written_then_named,
)


def test_what_is_written_gets_its_name_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "content.txt"
    with written_then_named(path) as partial:
        partial.write_text("whole", encoding="utf-8")
        assert not path.exists()
    assert path.read_text(encoding="utf-8") == "whole"
    assert os.listdir(path.parent) == ["content.txt"]


@pytest.mark.parametrize("error", [ValueError("x"), KeyboardInterrupt()], ids=["mistake", "ctrl-c"])
def test_a_failure_while_writing_keeps_the_old_file_and_leaves_no_other(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "content.txt"
    path.write_text("old", encoding="utf-8")

    def fail() -> None:
        with written_then_named(path) as partial:
            partial.write_text("ne", encoding="utf-8")
            raise error

    with pytest.raises(type(error)):
        fail()
    assert path.read_text(encoding="utf-8") == "old"
    assert os.listdir(tmp_path) == ["content.txt"]


def test_two_writers_of_one_file_end_with_one_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "content.txt"
    with written_then_named(path) as one:
        one.write_text("first", encoding="utf-8")
        with written_then_named(path) as other:
            other.write_text("second", encoding="utf-8")
        assert path.read_text(encoding="utf-8") == "second"
    assert path.read_text(encoding="utf-8") == "first"
    assert os.listdir(tmp_path) == ["content.txt"]


def test_a_file_that_nobody_goes_on_writing_goes_after_a_day_and_no_other(tmp_path: Path) -> None:
    path, now = tmp_path / "last[1].pt", time.time()
    kept = ["last[1].pt.00000001.writing", "last1.pt.00000002.writing", "last[1].pt.old.writing"]
    for name in (*kept, "last[1].pt.00000003.writing"):
        (tmp_path / name).touch()
        days = 0 if name == kept[0] else 2
        os.utime(tmp_path / name, (now - days * 86400, now - days * 86400))
    with written_then_named(path) as partial:
        partial.touch()
    assert sorted(os.listdir(tmp_path)) == sorted([path.name, *kept])


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_full_disk_is_one_sentence_and_keeps_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    write_json(tmp_path / "m.json", {"a": 1})
    monkeypatch.setattr(os, failing, full)
    with pytest.raises(SynthdaError, match=r"m\.json could not be written \(No space left on device\); free some"):
        write_json(tmp_path / "m.json", {"a": 2})
    assert json.loads((tmp_path / "m.json").read_text(encoding="utf-8")) == {"a": 1}
    assert os.listdir(tmp_path) == ["m.json"]


def test_a_path_below_a_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(SynthdaError, match="could not be written"):
        write_json(tmp_path / "file" / "deep" / "m.json", {})


def test_what_a_killed_writer_left_does_not_fill_a_folder(tmp_path: Path) -> None:
    (tmp_path / "domain.json.partial.writing").write_text("{", encoding="utf-8")
    (tmp_path / LOCK).touch()
    assert is_vacant(tmp_path)
    (tmp_path / "photo.jpg").write_bytes(b"")
    assert not is_vacant(tmp_path)


def test_a_manifest_comes_back_as_it_was_written(tmp_path: Path) -> None:
    content = {"format": FORMAT, "classes": ["straße", "道"], "folder": Path("a/b")}
    write_json(tmp_path / "m.json", content)
    assert read_manifest(tmp_path / "m.json") == content | {"folder": str(Path("a/b"))}


def test_a_manifest_of_a_newer_version_is_refused_and_one_of_an_older_is_read(tmp_path: Path) -> None:
    write_json(tmp_path / "m.json", {"format": FORMAT + 1})
    with pytest.raises(DataError, match=r"newer than this synthda .* upgrade synthda"):
        read_manifest(tmp_path / "m.json")
    write_json(tmp_path / "m.json", {"format": FORMAT - 1})
    assert read_manifest(tmp_path / "m.json") == {"format": FORMAT - 1}


@pytest.mark.parametrize(
    "content",
    [b"", b'{"format": 1', b"\xff\xfe\x00", b"[1]", b'"text"', b"{}", b'{"format": "1"}', b"[" * 100_000, b"null"],
    ids=["empty", "cut off", "no text", "list", "string", "no format", "format a string", "deep", "null"],
)
def test_what_is_no_manifest_is_refused_in_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m.json").write_bytes(content)
    with pytest.raises(DataError, match=r"m\.json is not a") as caught:
        read_manifest(tmp_path / "m.json")
    assert "\n" not in str(caught.value)


def test_a_missing_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not a readable manifest"):
        read_manifest(tmp_path / "none.json")


def test_a_fingerprint_depends_on_content_and_not_on_order() -> None:
    assert fingerprint({"a": 1, "b": [1, 2]}) == fingerprint({"b": [1, 2], "a": 1})
    assert len({fingerprint(x) for x in ({"a": 1}, {"a": 2}, {"a": "1"}, {"b": 1}, {})}) == 5
    assert fingerprint({"a": (1, 2)}) == fingerprint({"a": [1, 2]}), "as it is after a round trip through JSON"


def test_a_checksum_is_sha_256(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    assert sha256_of(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_provenance_names_versions_and_command() -> None:
    made = provenance("numpy", "no-such-distribution")
    assert made["versions"]["no-such-distribution"] == "not installed"
    assert made["versions"]["numpy"][0].isdigit()
    assert {"command", "synthda", "commit", "python", "system"} <= set(made)


@pytest.mark.skipif(os.name == "nt", reason="quotes of a POSIX shell")
def test_the_command_in_provenance_can_be_given_again(monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["adapt", "--target", "my photos", "--out", "$(date)"]
    monkeypatch.setattr("sys.argv", ["/some/where/synthda/__main__.py", *words])
    assert shlex.split(provenance()["command"]) == ["synthda", *words]


def test_a_commit_is_dirty_where_its_code_has_changed_and_not_for_results(tmp_path: Path) -> None:
    for name in ("synthda/code.py", "bench/speed.py", "bench/results/table.json", "README.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1", encoding="utf-8")
    assert commit_of(tmp_path) is None
    who = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.org")
    for arguments in (("init", "-q"), ("add", "."), (*who, "commit", "-q", "-m", "all")):
        subprocess.run(["git", "-C", str(tmp_path), *arguments], check=True)
    (tmp_path / "bench" / "results" / "table.json").write_text("2", encoding="utf-8")
    clean = commit_of.__wrapped__(tmp_path)
    assert clean is not None
    assert len(clean) == 12
    for name in ("synthda/code.py", "bench/speed.py"):
        (tmp_path / name).write_text("2", encoding="utf-8")
        assert commit_of.__wrapped__(tmp_path) == f"{clean}-dirty"
        (tmp_path / name).write_text("1", encoding="utf-8")
