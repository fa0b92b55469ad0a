"""Out into any format and back: the same domain, as far as the format can carry it, after any interruption."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from exported import CLASSES, TABLES, assert_same, domain_of, exported, made_again, write_domain
from PIL import Image

from synthda.datasets import FORMATS, formats, ingest
from synthda.datasets.domain import UNLABELLED
from synthda.datasets.export import export
from synthda.datasets.formats import load_format
from synthda.datasets.ingest import survey
from synthda.datasets.shards import manifest_of
from synthda.datasets.specs import open_domain
from synthda.errors import DataError, SettingError
from synthda.manifest import read_manifest


class StoppedError(Exception):
    pass


def stop_after(calls: int) -> Callable[[int], None]:
    """A progress callback that interrupts its caller."""
    seen: list[int] = []

    def progress(rows: int) -> None:
        seen.append(rows)
        if len(seen) == calls:
            raise StoppedError

    return progress


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def black_photos(folder: Path, count: int) -> Path:
    """000.png, 001.png, …"""
    folder.mkdir()
    Image.new("RGB", (9, 9)).save(folder / "000.png")
    for number in range(1, count):
        shutil.copy(folder / "000.png", folder / f"{number:03}.png")
    return folder


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    """Shards of 256 images of these sizes, so that a few hundred make several."""
    for module in ("synthda.datasets.ingest", "synthda.datasets.webdataset"):
        monkeypatch.setattr(f"{module}.rows_per_shard", lambda shape: 256)


@pytest.mark.parametrize("to", FORMATS)
def test_a_domain_comes_back_from_every_format(tmp_path, to):
    domain = write_domain(domain_of(600), tmp_path / "domain")
    export(domain, tmp_path / "out", to, origin=manifest_of(str(tmp_path / "domain")))
    again = made_again(tmp_path / "out", tmp_path / "again")
    assert_same(domain, again, scenes=load_format(to).carries_scenes)
    manifest = read_manifest(tmp_path / "again" / "domain.json")
    assert [entry["rows"] for entry in manifest["shards"]] == [256, 256, 88]
    assert (manifest["seed"], manifest["settings"]) == (7, {"angle": 3})
    assert manifest["tables"] == (TABLES if load_format(to).carries_scenes else {})


@pytest.mark.parametrize("to", FORMATS)
def test_images_without_labels_and_without_scenes_come_back(tmp_path, to):
    domain = replace(domain_of(30), labels=np.full(30, UNLABELLED), classes=(), scenes=None)
    assert_same(domain, made_again(exported(domain, tmp_path / "out", to), tmp_path / "again"), scenes=False)


@pytest.mark.parametrize("to", FORMATS)
def test_labelled_and_unlabelled_images_together_come_back(tmp_path, to):
    domain = replace(domain_of(30), scenes=None)
    domain.labels[::3] = UNLABELLED
    assert_same(domain, made_again(exported(domain, tmp_path / "out", to), tmp_path / "again"), scenes=False)


@pytest.mark.parametrize("to", FORMATS)
def test_scenes_whose_label_is_not_the_image_s_keep_both(tmp_path, to):
    domain = domain_of(30)
    domain.scenes["label"][3] = (domain.labels[3] + 1) % 4
    again = made_again(exported(domain, tmp_path / "out", to), tmp_path / "again")
    assert_same(domain, again, scenes=load_format(to).carries_scenes)


@pytest.mark.parametrize("to", FORMATS)
def test_an_interrupted_export_is_finished_by_the_same_call_to_the_same_bytes(tmp_path, to):
    domain = domain_of(600)
    exported(domain, tmp_path / "whole", to)
    with pytest.raises(StoppedError):
        exported(domain, tmp_path / "out", to, progress=stop_after(2))
    assert (tmp_path / "out" / "synthda.json.partial").exists()
    assert not (tmp_path / "out" / "synthda.json").exists()
    with pytest.raises(DataError, match="unfinished"):
        survey(tmp_path / "out")
    with pytest.raises(DataError, match="unfinished"):
        open_domain(str(tmp_path / "out"))
    done = []
    exported(domain, tmp_path / "out", to, progress=done.append)
    assert sum(done) == 600
    whole, again = contents(tmp_path / "whole"), contents(tmp_path / "out")
    assert whole.keys() == again.keys()
    assert all(whole[name] == again[name] for name in whole if name.name != "synthda.json")


@pytest.mark.parametrize("to", FORMATS)
def test_an_interrupted_return_is_finished_by_the_same_call_and_finished_shards_are_kept(tmp_path, to, monkeypatch):
    domain = domain_of(600)
    exported(domain, tmp_path / "out", to)
    with pytest.raises(StoppedError):
        made_again(tmp_path / "out", tmp_path / "again", progress=stop_after(256 // ingest.AT_ONCE + 1))
    decoded = []
    read = ingest.read_photos
    monkeypatch.setattr(ingest, "read_photos", lambda photos, *how: decoded.append(len(photos)) or read(photos, *how))
    again = made_again(tmp_path / "out", tmp_path / "again")
    assert sum(decoded) == 600 - 256
    assert_same(domain, again, scenes=load_format(to).carries_scenes)


def test_what_an_interrupted_return_could_not_use_is_told_by_the_one_that_finishes_it(tmp_path: Path) -> None:
    photos = black_photos(tmp_path / "photos", 260)
    (photos / "003.png").write_bytes(b"none")
    whole = made_again(photos, tmp_path / "whole", size=(8, 8))
    with pytest.raises(StoppedError):
        made_again(photos, tmp_path / "again", size=(8, 8), progress=stop_after(256 // ingest.AT_ONCE + 1))
    assert (tmp_path / "again" / "shard-00000.h5").exists()
    assert_same(whole, made_again(photos, tmp_path / "again", size=(8, 8)), scenes=False)
    told, again = (read_manifest(tmp_path / name / "domain.json")["skipped"] for name in ("whole", "again"))
    assert len(told) == 1
    assert again == told


def test_photographs_that_have_changed_do_not_go_on_with_the_shards_of_what_they_were(tmp_path: Path) -> None:
    photo = black_photos(tmp_path / "photos", 5) / "003.png"
    content, status = photo.read_bytes(), photo.stat()
    with pytest.raises(StoppedError):
        made_again(photo.parent, tmp_path / "again", size=(8, 8), progress=stop_after(1))
    for changed, seconds in ((content + b" ", 0), (content, 2)):
        photo.write_bytes(changed)
        os.utime(photo, ns=(status.st_atime_ns, status.st_mtime_ns + seconds * 10**9))
        with pytest.raises(DataError, match="begun by another command"):
            made_again(photo.parent, tmp_path / "again", size=(8, 8))
    os.utime(photo, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert len(made_again(photo.parent, tmp_path / "again", size=(8, 8))) == 5


@pytest.mark.parametrize("to", ["imagefolder", "hf"])
def test_a_picture_that_a_loss_of_power_has_cut_off_is_written_again(tmp_path, to):
    domain = domain_of(40)
    exported(domain, tmp_path / "whole", to)
    exported(domain, tmp_path / "out", to)
    manifest = tmp_path / "out" / "synthda.json"
    manifest.rename(manifest.with_name("synthda.json.partial"))  # as before the last word
    empty, cut, *_ = sorted((tmp_path / "out").rglob("*.png"))
    empty.write_bytes(b"")
    cut.write_bytes(cut.read_bytes()[:60])
    exported(domain, tmp_path / "out", to)
    whole, again = contents(tmp_path / "whole"), contents(tmp_path / "out")
    assert all(whole[name] == again[name] for name in whole if name.name != "synthda.json")


@pytest.mark.parametrize("to", FORMATS)
def test_a_finished_folder_is_refused_to_others_unless_forced(tmp_path, to):
    exported(domain_of(20), tmp_path / "out", to)
    (tmp_path / "out" / "notes.txt").write_text("mine")
    with pytest.raises(DataError, match=r"finished already.*--force"):
        exported(domain_of(21), tmp_path / "out", to)
    for name in FORMATS:
        exported(domain_of(10), tmp_path / "out", name, force=True)
    (tmp_path / "out" / "notes.txt").unlink()  # what is not ours was left alone
    exported(domain_of(10), tmp_path / "new", list(FORMATS)[-1])
    assert contents(tmp_path / "out").keys() == contents(tmp_path / "new").keys()


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_bytes(path.read_bytes()[:-512])])
@pytest.mark.parametrize("to", FORMATS)
def test_the_same_command_again_mends_what_a_finished_folder_has_lost(tmp_path, to, spoil):
    domain = domain_of(300)
    exported(domain, tmp_path / "out", to)
    whole = contents(tmp_path / "out")
    manifest = whole.pop(Path("synthda.json"))
    for name in sorted(whole)[:2]:
        spoil(tmp_path / "out" / name)
    exported(domain, tmp_path / "out", to)
    again = contents(tmp_path / "out")
    assert json.loads(again.pop(Path("synthda.json")))["files"] == json.loads(manifest)["files"]
    assert again == whole


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_bytes(path.read_bytes()[:-512])])
def test_shards_that_were_lost_or_damaged_are_made_again_by_the_same_command(tmp_path, spoil):
    exported(domain_of(300), tmp_path / "out", "hf")
    made_again(tmp_path / "out", tmp_path / "again")
    whole = contents(tmp_path / "again")
    spoil(tmp_path / "again" / "shard-00001.h5")
    made_again(tmp_path / "out", tmp_path / "again")
    again = contents(tmp_path / "again")
    assert again.keys() == whole.keys()
    assert all(again[name] == whole[name] for name in whole if name.suffix == ".h5")


def test_a_manifest_that_names_files_elsewhere_removes_none(tmp_path):
    exported(domain_of(20), tmp_path / "out", "hf")
    (tmp_path / "mine.txt").write_text("mine")
    manifest = tmp_path / "out" / "synthda.json"
    found = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(found | {"files": {"../mine.txt": "0" * 64}}))
    exported(domain_of(20), tmp_path / "out", "hf")
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_another_domain_does_not_go_on_with_what_one_has_left(tmp_path):
    with pytest.raises(StoppedError):
        exported(domain_of(300), tmp_path / "out", "hf", progress=stop_after(1))
    with pytest.raises(DataError, match="begun by another command"):
        exported(domain_of(301), tmp_path / "out", "hf")
    with pytest.raises(DataError, match="begun by another command"):
        exported(domain_of(300), tmp_path / "out", "hf", quality=90)


def test_what_is_there_already_is_never_overwritten(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "holiday.jpg").write_bytes(b"mine")
    with pytest.raises(DataError, match="not empty"):
        exported(domain_of(5), tmp_path / "out", "imagefolder", force=True)
    with pytest.raises(DataError, match="is a file"):
        exported(domain_of(5), tmp_path / "out" / "holiday.jpg", "imagefolder")
    assert (tmp_path / "out" / "holiday.jpg").read_bytes() == b"mine"


def test_a_quality_makes_jpegs_that_resemble(tmp_path):
    domain = domain_of(20)
    smooth = np.broadcast_to(np.arange(20, dtype=np.uint8)[:, None, None, None] * 10, (20, 9, 12, 3))
    domain.images.array[:] = smooth
    exported(domain, tmp_path / "out", "hf", quality=95)
    assert len(list(tmp_path.glob("out/images/*/*.jpg"))) == 20
    again = made_again(tmp_path / "out", tmp_path / "again")
    assert np.abs(again.images.read(np.arange(20)).astype(int) - smooth).max() <= 2


def test_images_are_read_and_written_in_blocks(tmp_path, monkeypatch):
    domain = domain_of(100)
    monkeypatch.setattr(formats, "BLOCK", 16)
    sizes = []
    monkeypatch.setattr(type(domain.images), "read", lambda images, rows: sizes.append(len(rows)) or images.array[rows])
    exported(domain, tmp_path / "out", "imagefolder")
    assert max(sizes[1:]) == 16


def test_photographs_of_any_size_become_shards_of_one(tmp_path):
    for name, level in (("b10", 10), ("b2", 200)):
        (tmp_path / "photos" / name).mkdir(parents=True)
        Image.new("RGB", (40, 20), (level, level, level)).save(tmp_path / "photos" / name / "1.png")
    (tmp_path / "photos" / "b2" / "broken.png").write_bytes(b"none")
    with pytest.raises(SettingError, match="--size"):
        made_again(tmp_path / "photos", tmp_path / "again")
    domain = made_again(tmp_path / "photos", tmp_path / "again", size=(8, 10))
    assert domain.images.shape == (2, 8, 10, 3)
    assert (domain.classes, domain.labels.tolist(), domain.name) == (("b2", "b10"), [1, 0], "photos")
    assert domain.images.read(np.arange(2))[:, 0, 0, 0].tolist() == [10, 200]
    (line,) = read_manifest(tmp_path / "again" / "domain.json")["skipped"]
    assert "broken.png" in line


def test_photographs_without_classes_become_unlabelled_shards(tmp_path):
    (tmp_path / "photos").mkdir()
    for number in range(3):
        Image.new("RGB", (9, 9)).save(tmp_path / "photos" / f"{number}.png")
    domain = made_again(tmp_path / "photos", tmp_path / "again", size=(8, 8))
    assert (domain.classes, domain.labels.tolist()) == ((), [UNLABELLED] * 3)


@pytest.mark.parametrize(
    "change", [Path.unlink, lambda path: shutil.copy(path, path.with_name("00000020.png"))], ids=["removed", "added"]
)
def test_an_image_that_was_removed_from_an_export_or_added_to_it_is_noticed(
    tmp_path: Path, change: Callable[[Path], object]
) -> None:
    out = exported(domain_of(20), tmp_path / "out", "imagefolder")
    change(next(out.rglob("00000007.png")))
    with pytest.raises(DataError, match="no longer holds the 20 images"):
        made_again(out, tmp_path / "again")


@pytest.mark.parametrize(("to", "file"), [("hf", "metadata.jsonl"), ("webdataset", "shard-00000.tar")])
def test_a_changed_file_is_found_by_its_checksum(tmp_path, to, file):
    out = exported(domain_of(20), tmp_path / "out", to)
    content = bytearray((out / file).read_bytes())
    content[len(content) // 2] ^= 1
    (out / file).write_bytes(content)
    with pytest.raises(DataError, match="SHA-256"):
        survey(out)
    (out / file).unlink()
    with pytest.raises(DataError, match="missing"):
        survey(out)


def test_what_is_no_source_of_shards_is_told(tmp_path):
    write_domain(domain_of(5), tmp_path / "domain")
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.txt").write_text("no")
    for name, sentence in {
        "domain": "holds shards already",
        "empty": "no image",
        "text.txt": "neither a folder nor a tar",
        "nothing": "nothing at",
    }.items():
        with pytest.raises(DataError, match=sentence):
            survey(tmp_path / name)


def test_a_forged_manifest_is_refused(tmp_path):
    out = exported(domain_of(5), tmp_path / "out", "hf")
    manifest = json.loads((out / "synthda.json").read_text())
    for change in (
        {"columns": {"angle": "O"}},
        {"columns": {"angle": "nonsense"}},
        {"columns": []},
        {"files": ["a"]},
        {"origin": [1]},
        {"image_shape": 3},
        {"files": {"../metadata.jsonl": "0"}},
        {"files": {"metadata.jsonl": "0"}},
    ):
        (out / "synthda.json").write_text(json.dumps(manifest | change))
        with pytest.raises(DataError):
            survey(out)
    (out / "synthda.json").write_text(json.dumps(manifest | {"to": "pickle"}))
    with pytest.raises(SettingError, match="no format 'pickle'"):
        survey(out)


@pytest.mark.parametrize(
    ("column", "value", "sentence"), [("font", 9, "outside of its 4 choices"), ("exact", np.inf, "infinite")]
)
def test_a_factor_that_cannot_be_written_is_told(tmp_path, column, value, sentence):
    domain = domain_of(5)
    domain.scenes[column][2] = value
    with pytest.raises(DataError, match=sentence):
        exported(domain, tmp_path / "out", "hf")


def test_exports_that_only_shards_bring_back_whole_are_not_taken_for_folders_of_photographs(tmp_path):
    out = exported(domain_of(5), tmp_path / "out", "hf")
    with pytest.raises(DataError, match=r"synthda convert .* --to shards"):
        open_domain(str(out))
    classes = (*CLASSES[:2], "empty")
    folder = exported(domain_of(20, classes), tmp_path / "folder", "imagefolder")
    assert open_domain(str(folder), size=(9, 12)).classes == ("2", "10")


@pytest.mark.parametrize("to", FORMATS)
def test_force_leaves_domains_within_and_folders_of_others_alone(tmp_path, to):
    out = exported(domain_of(20), tmp_path / "out", to)
    exported(domain_of(5), out / "inner" / "mine", to)
    (out / "empty").mkdir()
    before = contents(out / "inner")
    exported(domain_of(10), out, to, force=True)
    assert contents(out / "inner") == before
    assert (out / "empty").is_dir()


def test_an_export_that_lost_all_its_images_is_told(tmp_path):
    out = exported(domain_of(20), tmp_path / "out", "imagefolder")
    for path in out.rglob("*.png"):
        path.unlink()
    with pytest.raises(DataError, match="no longer holds the 20 images"):
        made_again(out, tmp_path / "again")


def test_shards_within_their_source_are_refused(tmp_path):
    out = exported(domain_of(5), tmp_path / "out", "imagefolder")
    with pytest.raises(DataError, match="lies within"):
        made_again(out, out / "shards")


def test_an_export_in_class_folders_is_a_domain_with_its_own_class_names(tmp_path):
    names = tuple(f"{name}: a/b" for name in CLASSES)
    domain = replace(domain_of(12), classes=names)
    out = exported(domain, tmp_path / "out", "imagefolder")
    opened = open_domain(str(out), size=domain.images.shape[1:3])
    assert set(opened.classes) <= set(names)
    assert any("/" in name for name in opened.classes)
