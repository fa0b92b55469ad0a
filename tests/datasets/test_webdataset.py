from __future__ import annotations

import io
import json
import tarfile

import numpy as np
import pytest
from exported import domain_of, exported, made_again
from PIL import Image

from synthda.datasets.ingest import survey
from synthda.errors import DataError


def png(level=0):
    stored = io.BytesIO()
    Image.new("RGB", (8, 8), (level,) * 3).save(stored, "PNG")
    return stored.getvalue()


def tar_of(path, members, mode="w"):
    with tarfile.open(path, mode) as tar:
        for name, content in members:
            header = tarfile.TarInfo(name)
            header.size = len(content)
            tar.addfile(header, io.BytesIO(content))
    return path


def test_a_sample_is_an_image_its_label_and_its_factors(tmp_path):
    domain = domain_of(30)
    out = exported(domain, tmp_path / "out", "webdataset")
    with tarfile.open(out / "shard-00000.tar") as tar:
        names = tar.getnames()
        assert names[:4] == ["00000000.png", "00000000.cls", "00000000.json", "00000001.png"]
        assert len(names) == 90
        assert {(m.mtime, m.uid, m.gid, m.uname, m.gname, m.mode) for m in tar} == {(0, 0, 0, "", "", 0o644)}
        assert int(tar.extractfile("00000003.cls").read()) == domain.labels[3]
        assert json.loads(tar.extractfile("00000003.json").read())["shade"] == domain.scenes["shade"][3]
        image = Image.open(tar.extractfile("00000003.png"))
        assert np.array_equal(np.asarray(image), domain.images.array[3])


def test_the_same_domain_makes_the_same_bytes(tmp_path):
    one, other = (exported(domain_of(30), tmp_path / name, "webdataset") / "shard-00000.tar" for name in ("a", "b"))
    assert one.read_bytes() == other.read_bytes()


def test_one_tar_of_an_export_can_be_read_alone(tmp_path, monkeypatch):
    monkeypatch.setattr("synthda.datasets.webdataset.rows_per_shard", lambda shape: 256)
    domain = domain_of(300)
    out = exported(domain, tmp_path / "out", "webdataset")
    again = made_again(out / "shard-00001.tar", tmp_path / "again")
    assert again.labels.tolist() == domain.labels[256:].tolist()
    assert again.scenes["big"].tolist() == domain.scenes["big"][256:].tolist()


def test_what_others_wrote_gives_its_labels(tmp_path):
    members = [
        ("train/b.jpg", png(9)),
        ("train/b.cls", b"10\n"),
        ("train/b.txt", b"?"),
        ("c.cls", b"2"),
        ("c.PNG", png()),
    ]
    (tmp_path / "tars").mkdir()
    tar_of(tmp_path / "tars" / "theirs.tar", members)
    domain = made_again(tmp_path / "tars" / "theirs.tar", tmp_path / "again", size=(8, 8))
    assert (domain.classes, domain.labels.tolist(), domain.name) == (("2", "10"), [1, 0], "theirs")
    assert domain.images.read(np.array([0]))[0, 0, 0, 0] == 9
    again = made_again(tmp_path / "tars", tmp_path / "twice", size=(8, 8))
    assert again.labels.tolist() == [1, 0]


def test_nothing_is_extracted_whatever_the_members_are_called(tmp_path):
    (tmp_path / "in").mkdir()
    with tarfile.open(tmp_path / "in" / "bad.tar", "w") as tar:
        for name in ("../../escaped.png", "/escaped.png"):
            header = tarfile.TarInfo(name)
            header.size = len(png())
            tar.addfile(header, io.BytesIO(png()))
        for kind, target in (
            (tarfile.SYMTYPE, "/etc/passwd"),
            (tarfile.LNKTYPE, "/etc/passwd"),
            (tarfile.FIFOTYPE, ""),
        ):
            header = tarfile.TarInfo(f"link{kind!r}.png")
            header.type, header.linkname = kind, target
            tar.addfile(header)
    domain = made_again(tmp_path / "in", tmp_path / "again", size=(8, 8))
    assert len(domain) == 2
    assert not list(tmp_path.rglob("escaped*"))
    assert {path.name for path in (tmp_path / "again").iterdir()} == {"domain.json", "shard-00000.h5"}


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        ([("a.cls", b"1")], "no image for a"),
        ([("a.png", png()), ("a.cls", b"\xff")], "label or a record of a"),
    ],
)
def test_a_sample_that_is_none_is_named(tmp_path, members, sentence):
    with pytest.raises(DataError, match=sentence):
        survey(tar_of(tmp_path / "bad.tar", members))


@pytest.mark.parametrize(
    ("name", "content"),
    [("cls", b"99"), ("cls", b"-2"), ("json", b"{"), ("json", b"3"), ("json", b"{}"), ("json", b'{"font": "Times"}')],
)
def test_records_that_do_not_fit_the_manifest_are_refused(tmp_path, name, content):
    out = exported(domain_of(3), tmp_path / "out", "webdataset")
    manifest = json.loads((out / "synthda.json").read_text())
    with tarfile.open(out / "shard-00000.tar") as tar:
        members = [(m.name, content if m.name.endswith("1." + name) else tar.extractfile(m).read()) for m in tar]
    tar_of(out / "shard-00000.tar", members)
    (out / "synthda.json").write_text(json.dumps(manifest | {"files": {}}))
    with pytest.raises(DataError):
        made_again(out, tmp_path / "again")


def test_a_damaged_or_compressed_tar_is_one_sentence(tmp_path):
    whole = tar_of(tmp_path / "whole.tar", [("a.png", png()), ("b.png", png())]).read_bytes()
    (tmp_path / "cut.tar").write_bytes(whole[:1100])
    (tmp_path / "short.tar").write_bytes(whole[: 3 * 512])
    (tmp_path / "text.tar").write_bytes(b"no tar at all" * 100)
    tar_of(tmp_path / "small.tar", [("a.png", png())], "w:gz")
    (tmp_path / "after-a-member.tar").write_bytes(whole[: 2 * 512])
    (tmp_path / "damaged-within.tar").write_bytes(whole[: 2 * 512] + b"x" * 512 + whole[3 * 512 :])
    for name in ("after-a-member.tar", "damaged-within.tar", "cut.tar", "short.tar", "text.tar", "small.tar"):
        with pytest.raises(DataError, match=f"{name} is damaged, or no plain tar"):
            survey(tmp_path / name)
