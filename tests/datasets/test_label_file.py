"""Label files: what is read of each queue, what is refused, and what a crash leaves behind."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from synthda.datasets.domain import without_unknown
from synthda.datasets.label_file import Decision, for_queue, label_spec, open_labels, read_labels
from synthda.datasets.label_journal import Journal
from synthda.datasets.specs import open_domain
from synthda.errors import DataError, SettingError, SynthdaError
from synthda.manifest import sha256_of

CLASSES = ("apple", "pear")
SIZE = (8, 8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """0.png … 5.png, each of another grey."""
    (tmp_path / "photos").mkdir()
    for number in range(6):
        Image.new("RGB", (12, 10), (40 * number,) * 3).save(tmp_path / "photos" / f"{number}.png")
    return tmp_path / "photos"


def journal(folder: Path, name: str = "labels.jsonl", **options: int) -> Journal:
    return Journal(folder.parent / name, folder, CLASSES, **options)


def decision(folder: Path, number: int, label: str | None, queue: str = "measure") -> Decision:
    return Decision(sha256_of(folder / f"{number}.png"), f"{number}.png", queue, label)  # type: ignore[arg-type]


def written(folder: Path, *made: Decision) -> Path:
    with journal(folder) as open_journal:
        for one in made:
            open_journal.decide(one)
    return open_journal.path


def greys(path: Path, queue: str) -> list[tuple[int, str]]:
    found = open_labels(path, queue, size=SIZE)  # type: ignore[arg-type]
    pixels = found.images.read(np.arange(len(found)))[:, 0, 0, 0]
    return [(int(grey), found.classes[label]) for grey, label in zip(pixels, found.labels, strict=True)]


def test_each_reader_sees_its_own_queue_alone(folder: Path) -> None:
    path = written(
        folder,
        decision(folder, 1, "apple"),
        decision(folder, 2, "pear", "teach"),
        decision(folder, 3, "pear"),
        decision(folder, 4, "apple", "teach"),
    )
    assert greys(path, "measure") == [(40, "apple"), (120, "pear")]
    assert greys(path, "teach") == [(80, "pear"), (160, "apple")]


def test_the_latest_decision_counts_and_an_undo_brings_back_the_one_before(folder: Path) -> None:
    with journal(folder) as open_journal:
        open_journal.decide(decision(folder, 1, "apple"))
        open_journal.decide(decision(folder, 1, "pear"))
        assert greys(open_journal.path, "measure") == [(40, "pear")]
        assert open_journal.undo("measure") == decision(folder, 1, "pear")
        assert greys(open_journal.path, "measure") == [(40, "apple")]
        assert open_journal.undo("teach") is None
        open_journal.undo("measure")
        assert open_journal.undo("measure") is None
    lines = [json.loads(line) for line in open_journal.path.read_text().splitlines()]
    assert len(lines) == 5, "what was written stays: a header, two labels, two undos"
    assert read_labels(open_journal.path).history == ()


def test_a_photograph_that_is_labelled_again_comes_last(folder: Path) -> None:
    path = written(
        folder, *(decision(folder, number, label) for number, label in ((1, "apple"), (2, "pear"), (1, "pear")))
    )
    assert greys(path, "measure") == [(80, "pear"), (40, "pear")]


def test_an_undo_takes_back_the_latest_of_its_own_queue(folder: Path) -> None:
    with journal(folder) as open_journal:
        open_journal.decide(decision(folder, 1, "apple"))
        open_journal.decide(decision(folder, 2, "apple", "teach"))
        assert open_journal.undo("measure") == decision(folder, 1, "apple")
    assert [made.file for made in read_labels(open_journal.path).history] == ["2.png"]


def test_a_skip_is_no_label(folder: Path) -> None:
    path = written(folder, decision(folder, 1, None), decision(folder, 2, "pear"))
    assert greys(path, "measure") == [(80, "pear")]
    with pytest.raises(DataError, match="no label in its teach queue yet"):
        open_labels(path, "teach", size=SIZE)


@pytest.mark.parametrize("classes", [CLASSES, (*CLASSES, "unknown")])
def test_none_of_the_classes_is_a_class_that_may_be_left_out(folder: Path, classes: tuple[str, ...]) -> None:
    with Journal(folder.parent / "labels.jsonl", folder, classes) as open_journal:
        open_journal.decide(decision(folder, 1, "unknown"))
        open_journal.decide(decision(folder, 2, "pear"))
    assert greys(open_journal.path, "measure") == [(40, "unknown"), (80, "pear")]
    some = without_unknown(open_labels(open_journal.path, "measure", size=SIZE))
    assert [some.classes[label] for label in some.labels] == ["pear"]
    assert "unknown" not in some.classes
    assert some.skipped == ("1.png: it is labelled as none of the classes",)


def test_where_all_are_none_of_the_classes_nothing_is_left(folder: Path) -> None:
    path = written(folder, decision(folder, 1, "unknown"))
    with pytest.raises(DataError, match="All images of labels:measure are labelled as none of the classes"):
        without_unknown(open_labels(path, "measure", size=SIZE))


def test_photographs_that_changed_or_are_gone_are_told_and_left_out(folder: Path) -> None:
    path = written(folder, *(decision(folder, number, "apple") for number in (1, 2, 3)))
    Image.new("RGB", (12, 10), "red").save(folder / "1.png")
    (folder / "2.png").unlink()
    found = open_labels(path, "measure", size=SIZE)
    assert found.paths == ("3.png",)
    assert [line.split(":")[0] for line in found.skipped] == ["1.png", "2.png"]
    assert "changed since it was labelled" in found.skipped[0]
    (folder / "3.png").unlink()
    with pytest.raises(DataError, match="None of the 3 photographs"):
        open_labels(path, "measure", size=SIZE)


@pytest.mark.parametrize("cut", [1, 30, 100])
def test_half_a_line_at_the_end_is_ignored_and_cut_off(folder: Path, cut: int) -> None:
    path = written(folder, decision(folder, 1, "apple"), decision(folder, 2, "pear"))
    whole = path.read_bytes()
    path.write_bytes(whole[: -1 - cut])
    assert [made.file for made in read_labels(path).history] == ["1.png"]
    with journal(folder) as open_journal:
        assert open_journal.repaired > 0
        open_journal.decide(decision(folder, 2, "pear"))
    assert [made.label for made in read_labels(path).history] == ["apple", "pear"]
    assert path.read_bytes().count(b"\n") == whole.count(b"\n")


def test_a_last_line_whose_newline_an_editor_left_out_still_counts(folder: Path) -> None:
    path = written(folder, decision(folder, 1, "apple"))
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    with journal(folder) as open_journal:
        assert open_journal.repaired == 0
        open_journal.decide(decision(folder, 2, "pear"))
    assert len(read_labels(path).history) == 2


def test_a_file_cut_off_within_its_first_line_begins_anew(folder: Path) -> None:
    path = written(folder)
    path.write_bytes(path.read_bytes()[:20])
    written(folder, decision(folder, 1, "apple"))
    assert greys(path, "measure") == [(40, "apple")]


def test_labels_survive_a_process_that_is_killed(folder: Path) -> None:
    program = (
        "import os, signal, sys; from pathlib import Path\n"
        "from synthda.datasets.label_file import Decision; from synthda.datasets.label_journal import Journal\n"
        "folder = Path(sys.argv[1])\n"
        "journal = Journal(folder.parent / 'labels.jsonl', folder, ('apple', 'pear'))\n"
        "journal.decide(Decision('0' * 64, '0.png', 'teach', 'pear'))\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", program, folder], cwd=Path.cwd(), capture_output=True, timeout=60)
    assert done.returncode == -9, done.stderr
    with journal(folder) as open_journal:  # the lock has died with it
        assert [made.label for made in open_journal.history] == ["pear"]


def test_two_sessions_on_one_file_are_refused(folder: Path) -> None:
    with journal(folder), pytest.raises(DataError, match="open in another labelling session"):
        journal(folder)
    journal(folder).close()


def test_what_cannot_be_written_is_not_remembered(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with journal(folder) as open_journal:
        before = open_journal.path.read_bytes()
        monkeypatch.setattr("synthda.datasets.label_journal.os.fsync", full)
        with pytest.raises(SynthdaError, match="No space left"):
            open_journal.decide(decision(folder, 1, "apple"))
        assert (open_journal.history, open_journal.path.read_bytes()) == ([], before)


def test_another_seed_is_refused_and_none_takes_the_file_s(folder: Path) -> None:
    with journal(folder, seed=3) as open_journal:
        assert open_journal.seed == 3
    with pytest.raises(SettingError, match="begun with seed 3, and with 4"):
        journal(folder, seed=4)
    with journal(folder) as open_journal:
        assert open_journal.seed == 3


def test_labels_of_other_classes_are_refused(folder: Path) -> None:
    path = written(folder, decision(folder, 1, "apple"))
    with pytest.raises(DataError, match=r"does not know \(apple\)"):
        Journal(path, folder, ("bus", "tram"))


def test_a_moved_folder_is_told_by_one_more_line(folder: Path) -> None:
    path = written(folder, decision(folder, 1, "apple"))
    moved = folder.rename(folder.parent / "moved")
    with pytest.raises(DataError, match="no longer in"):
        open_labels(path, "measure", size=SIZE)
    with Journal(path, moved, CLASSES):
        pass
    assert greys(path, "measure") == [(40, "apple")]


def test_a_moved_folder_may_have_lost_some_of_the_labelled_photographs(folder: Path) -> None:
    path = written(folder, decision(folder, 1, "apple"), decision(folder, 2, "pear"))
    moved = folder.rename(folder.parent / "moved")
    (moved / "1.png").unlink()
    with Journal(path, moved, CLASSES, contents=[sha256_of(photo) for photo in moved.iterdir()]):
        pass
    assert greys(path, "measure") == [(80, "pear")]


def test_photographs_and_labels_can_be_moved_together(folder: Path) -> None:
    path = written(folder, decision(folder, 1, "apple"))
    assert str(folder.parent) not in path.read_text()
    elsewhere = folder.parent / "elsewhere"
    elsewhere.mkdir()
    folder.rename(elsewhere / "photos")
    assert greys(path.rename(elsewhere / "labels.jsonl"), "measure") == [(40, "apple")]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("no JSON", "Line 2 of .* is damaged"),
        ('{"content": "0"}', "it has no 'file'"),
        ('{"content": "0", "file": "../secret.png", "queue": "teach", "label": "pear"}', "outside of the folder"),
        ('{"content": "0", "file": "/secret.png", "queue": "teach", "label": "pear"}', "outside of the folder"),
        ('{"content": "0", "file": "0.png", "queue": "both", "label": "pear"}', "no queue 'both'"),
        ('{"content": "0", "file": "..\\\\..\\\\x.png", "queue": "teach", "label": "pear"}', "outside of the folder"),
        ('{"content": "0", "file": 3, "queue": "teach", "label": "pear"}', "Line 2 of .* is damaged"),
        ("[" * 200_000, "Line 2 of .* is damaged"),
        ('{"undo": "0"}', "takes back what was not said"),
        ('{"format": 1, "kind": "domain"}', "another kind"),
        ('{"format": 99, "kind": "labels"}', "format 99"),
    ],
)
def test_a_damaged_line_is_named(folder: Path, line: str, sentence: str) -> None:
    path = written(folder)
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(DataError, match=sentence):
        read_labels(path)


def test_a_last_line_nested_beyond_reading_is_half_a_line(folder: Path) -> None:
    path = written(folder, decision(folder, 1, "apple"))
    path.write_bytes(path.read_bytes() + b"[" * 200_000)
    assert len(read_labels(path).history) == 1


def test_a_photograph_in_both_queues_is_refused(folder: Path) -> None:
    path = written(folder, decision(folder, 1, "apple"), decision(folder, 1, "apple", "teach"))
    with pytest.raises(DataError, match=r"1\.png in both queues"):
        read_labels(path)


def test_another_file_is_refused_and_left_as_it_is(folder: Path) -> None:
    path = folder.parent / "labels.jsonl"
    path.write_text('{"path": "a.jpg", "class": "pear"}')
    with pytest.raises(DataError, match="Only files of synthda label"):
        journal(folder)
    assert path.read_text() == '{"path": "a.jpg", "class": "pear"}'
    with pytest.raises(DataError, match="make it with synthda label"):
        read_labels(folder / "none.jsonl")


@pytest.mark.parametrize("content", ['[{"a": 1}, {"b": 2}]', "notes of mine", "\n\n{not json"])
def test_a_file_of_one_torn_line_that_is_not_ours_is_left_as_it_is(folder: Path, content: str) -> None:
    path = folder.parent / "labels.jsonl"
    path.write_text(content)
    with pytest.raises(DataError, match="no file of labels"):
        journal(folder)
    assert path.read_text() == content


@pytest.mark.parametrize("kept", [0, 5, 40])
def test_of_a_session_that_was_cut_off_at_its_first_line_a_new_one_begins(folder: Path, kept: int) -> None:
    path = folder.parent / "labels.jsonl"
    journal(folder).close()
    whole = path.read_bytes()
    path.write_bytes(whole[:kept])
    journal(folder).close()
    assert path.read_bytes() == whole


def test_a_spec_names_the_queue(folder: Path) -> None:
    path = written(folder, decision(folder, 1, "apple"), decision(folder, 2, "pear", "teach"))
    assert label_spec("photos") is label_spec("mnist:test") is None
    assert open_domain(f"{path}:teach", size=SIZE).paths == ("2.png",)
    assert open_domain(f"{path}:measure", labelled=True).name == "labels:measure"
    with pytest.raises(DataError, match="two queues that never mix"):
        open_domain(str(path))


def test_a_reader_of_one_queue_refuses_the_other() -> None:
    assert for_queue("a.jsonl", "teach") == for_queue("a.jsonl:teach", "teach") == "a.jsonl:teach"
    assert for_queue("photos", "teach") == "photos"
    with pytest.raises(DataError, match=r"evaluation alone; training takes a\.jsonl:teach"):
        for_queue("a.jsonl:measure", "teach")


def test_names_beyond_utf_8_come_back(folder: Path) -> None:
    name = b"caf\xe9.png".decode("utf-8", "surrogateescape")
    path = written(folder, Decision("0" * 64, name, "teach", "pear"))
    assert read_labels(path).history[0].file == name
