"""Generation: the same bytes whoever renders and however often it is stopped; nothing finished is overwritten."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from stripes import Stripes

import synthda
from synthda.datasets.shards import BLOCK, MANIFEST, open_shards, shard_name
from synthda.errors import DataError, SettingError, SynthdaError
from synthda.manifest import sha256_of
from synthda.synth.generate import generate, plan_of
from synthda.synth.renderer import render_rows

COUNT = 5 * BLOCK + 20
PARTIAL = f"{MANIFEST}.partial"
TWO_BLOCKS = 2 * BLOCK * 16 * 16 * 3

SCRIPT = f"""
import sys, time
from pathlib import Path
sys.path[:0] = {[str(Path(sys.modules["stripes"].__file__ or "").parent), str(Path(synthda.__file__).parent.parent)]}
import synthda.datasets.shards as shards
shards.SHARD_BYTES = {TWO_BLOCKS}
from stripes import Stripes
from synthda.synth.generate import generate, plan_of


def progress(rows):
    print("rendered", flush=True)
    time.sleep(0.02)


if __name__ == "__main__":
    try:
        out, count, workers = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
        generate(Stripes(), out, name="stripes", count=count, workers=workers, progress=progress)
    except KeyboardInterrupt:
        sys.exit(130)
"""


def start(script: Path, out: Path, count: int, workers: int) -> subprocess.Popen[bytes]:
    """A process of its own, in a group of its own, that has begun to render."""
    script.write_text(SCRIPT, encoding="utf-8")
    command = [sys.executable, str(script), str(out), str(count), str(workers)]
    begun = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    assert begun.stdout is not None
    begun.stdout.readline()
    return begun


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two blocks a shard, so that a few rows make several shards."""
    monkeypatch.setattr("synthda.datasets.shards.SHARD_BYTES", TWO_BLOCKS)


def render(out: Path, *, renderer: Stripes | None = None, count: int = COUNT, **options: Any) -> dict[str, Any]:
    return generate(renderer or Stripes(), out, name="stripes", count=count, **options)


def sums(out: Path) -> dict[str, str]:
    return {path.name: sha256_of(path) for path in sorted(out.glob("*.h5"))}


def test_a_domain_holds_what_its_renderer_draws(tmp_path: Path) -> None:
    manifest = render(tmp_path / "d", seed=3)
    domain = open_shards(tmp_path / "d")
    scenes, images = render_rows(Stripes(), 3, COUNT)
    assert np.array_equal(domain.images.read(np.arange(COUNT)), images)
    assert domain.scenes is not None
    assert all(np.array_equal(domain.scenes[name], scenes[name]) for name in scenes.dtype.names or ())
    assert np.array_equal(domain.labels, scenes["label"])
    assert [entry["rows"] for entry in manifest["shards"]] == [512, 512, 276]
    assert {entry["file"]: entry["sha256"] for entry in manifest["shards"]} == sums(tmp_path / "d")
    assert manifest["settings"] == {"side": 16}
    assert manifest["tables"]["paper"] == ["white", "grey", "brown"]
    assert manifest["seed"] == 3
    assert sorted(os.listdir(tmp_path / "d")) == [MANIFEST, *(shard_name(index) for index in range(3))]


def test_the_bytes_do_not_depend_on_the_number_of_workers(tmp_path: Path) -> None:
    render(tmp_path / "one")
    render(tmp_path / "two", workers=2)
    assert sums(tmp_path / "one") == sums(tmp_path / "two")


def test_a_larger_count_keeps_the_prefix(tmp_path: Path) -> None:
    render(tmp_path / "small", count=300)
    render(tmp_path / "large", count=700)
    first = np.arange(300)
    small, large = open_shards(tmp_path / "small"), open_shards(tmp_path / "large")
    assert np.array_equal(small.images.read(first), large.images.read(first))


def test_another_seed_makes_other_images(tmp_path: Path) -> None:
    render(tmp_path / "zero", seed=0, count=40)
    render(tmp_path / "one", seed=1, count=40)
    assert sums(tmp_path / "zero") != sums(tmp_path / "one")


def test_an_interrupted_domain_is_finished_by_the_same_call(tmp_path: Path) -> None:
    render(tmp_path / "whole")

    def stop_in_the_second_shard(rows: int, seen: list[int] = []) -> None:  # noqa: B006
        seen.append(rows)
        if sum(seen) > 3 * BLOCK:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        render(tmp_path / "d", progress=stop_in_the_second_shard)
    assert sorted(os.listdir(tmp_path / "d")) == [PARTIAL, shard_name(0)]
    kept = (tmp_path / "d" / shard_name(0)).stat()
    rows: list[int] = []
    render(tmp_path / "d", progress=rows.append)
    assert sums(tmp_path / "d") == sums(tmp_path / "whole")
    assert (tmp_path / "d" / shard_name(0)).stat().st_mtime_ns == kept.st_mtime_ns
    assert (rows[0], sum(rows)) == (512, COUNT)


def test_a_finished_domain_is_left_as_it_is(tmp_path: Path) -> None:
    first = render(tmp_path / "d")
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "d").iterdir()}
    assert render(tmp_path / "d") == first
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "d").iterdir()} == times


def test_a_repair_that_is_stopped_takes_no_damaged_shard_for_a_good_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    render(tmp_path)
    before = sums(tmp_path)
    (tmp_path / shard_name(1)).write_bytes(b"rotten")

    def refuse(path: Path, missing_ok: bool = False) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as busy:
        busy.setattr(Path, "unlink", refuse)
        with pytest.raises(SynthdaError):
            render(tmp_path)
    render(tmp_path)
    assert sums(tmp_path) == before


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_bytes(b"rotten")])
def test_shards_of_a_finished_domain_that_are_lost_or_damaged_are_rendered_again(tmp_path: Path, spoil: Any) -> None:
    finished = render(tmp_path)
    before, kept = sums(tmp_path), (tmp_path / shard_name(0)).stat().st_mtime_ns
    spoil(tmp_path / shard_name(1))
    again = render(tmp_path)
    assert sums(tmp_path) == before
    assert again["shards"] == finished["shards"]
    assert (tmp_path / shard_name(0)).stat().st_mtime_ns == kept
    assert not (tmp_path / PARTIAL).exists()


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"seed": 1}, "differs in its seed"),
        ({"count": 41}, "differs in its count"),
        ({"renderer": Stripes(side=24)}, "settings"),
    ],
    ids=["seed", "count", "setting"],
)
@pytest.mark.parametrize("state", ["finished", "unfinished"])
def test_another_domain_is_not_overwritten_unless_forced(
    tmp_path: Path, other: dict[str, Any], said: str, state: str
) -> None:
    render(tmp_path / "d", count=40)
    if state == "unfinished":
        os.replace(tmp_path / "d" / MANIFEST, tmp_path / "d" / PARTIAL)
    before = sums(tmp_path / "d")
    with pytest.raises(DataError, match=f"holds an? {state} domain that differs in its .*--force") as caught:
        render(tmp_path / "d", **{"count": 40} | other)
    assert said in str(caught.value)
    assert sums(tmp_path / "d") == before
    render(tmp_path / "d", **{"count": 40} | other, force=True)
    assert sums(tmp_path / "d") != before
    assert open_shards(tmp_path / "d").images.shape[0] in (40, 41)


@pytest.mark.parametrize("force", [False, True])
def test_a_folder_that_holds_something_else_is_never_touched(tmp_path: Path, force: bool) -> None:
    (tmp_path / "shard-00000.h5").write_text("mine", encoding="utf-8")
    with pytest.raises(DataError, match="not empty and holds no domain"):
        render(tmp_path, force=force)
    assert os.listdir(tmp_path) == ["shard-00000.h5"]


def test_force_stopped_half_way_leaves_a_folder_that_force_accepts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    render(tmp_path / "d", count=COUNT)

    def stop(path: Path, missing_ok: bool = False) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", stop)
        with pytest.raises(KeyboardInterrupt):
            render(tmp_path / "d", seed=1, force=True)
    with pytest.raises(DataError, match="differs in its seed"):
        render(tmp_path / "d", seed=1)
    assert render(tmp_path / "d", seed=1, force=True)["seed"] == 1


@pytest.mark.parametrize("content", [b"", b'{"format": 1, "kind": "do', b'{"format": 99}', b"[]"])
def test_a_damaged_claim_is_refused_and_force_starts_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / PARTIAL).write_bytes(content)
    with pytest.raises(DataError, match=r"domain\.json\.partial"):
        render(tmp_path, count=40)
    assert (tmp_path / PARTIAL).read_bytes() == content
    render(tmp_path, count=40, force=True)
    assert len(open_shards(tmp_path)) == 40


def test_a_writer_killed_at_its_first_byte_can_start_again(tmp_path: Path) -> None:
    (tmp_path / f"{PARTIAL}.0a1b2c3d.writing").write_text("{", encoding="utf-8")
    render(tmp_path, count=40)
    assert sorted(os.listdir(tmp_path)) == [MANIFEST, shard_name(0)]


def test_of_two_that_render_at_once_the_second_is_refused_or_waits_and_renders_nothing(tmp_path: Path) -> None:
    told: list[int] = []
    waits = threading.Thread(target=lambda: render(tmp_path / "d", wait=True, progress=told.append))

    def meanwhile(rows: int) -> None:
        if not waits.ident:
            waits.start()
            for force in (False, True):
                with pytest.raises(DataError, match="Another process is writing to"):
                    render(tmp_path / "d", force=force)

    render(tmp_path / "d", progress=meanwhile)
    waits.join(timeout=60)
    assert told == [COUNT]
    render(tmp_path / "whole")
    assert sums(tmp_path / "d") == sums(tmp_path / "whole")
    assert sorted(os.listdir(tmp_path / "d")) == sorted(os.listdir(tmp_path / "whole"))


def test_what_is_finished_needs_no_lock_and_so_no_disk_that_can_be_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = render(tmp_path / "d")
    monkeypatch.delattr("synthda.synth.generate.alone_in")
    assert render(tmp_path / "d") == first


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_that_would_repeat_another_s_images_is_refused_before_anything_is_written(
    tmp_path: Path, seed: int
) -> None:
    with pytest.raises(SettingError, match=f"seed={seed} is out of range; renderings accept 0…4294967295"):
        render(tmp_path / "d", seed=seed)
    assert not (tmp_path / "d").exists()
    assert render(tmp_path / "d", seed=2**32 - 1, count=1)["seed"] == 2**32 - 1


@pytest.mark.parametrize("force", [False, True])
def test_a_file_in_the_way_is_one_sentence(tmp_path: Path, force: bool) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(DataError, match="is a file; give a folder"):
        render(tmp_path / "file", force=force)
    with pytest.raises(SynthdaError, match="could not be written"):
        render(tmp_path / "file" / "below", force=force)


def test_a_full_disk_is_one_sentence_and_what_is_finished_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.replace

    def full_at_the_second_shard(source: Path, target: Path) -> None:
        if target.name == shard_name(1):
            raise OSError(28, "No space left on device")
        real(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", full_at_the_second_shard)
        with pytest.raises(SynthdaError, match=r"shard-00001\.h5 could not be written"):
            render(tmp_path / "d")
    assert sorted(os.listdir(tmp_path / "d")) == [PARTIAL, shard_name(0)]
    render(tmp_path / "d")
    render(tmp_path / "whole")
    assert sums(tmp_path / "d") == sums(tmp_path / "whole")


def test_an_error_of_the_renderer_comes_through_and_leaves_no_manifest(tmp_path: Path) -> None:
    class Broken(Stripes):
        def render(self, scenes: Any) -> Any:
            raise DataError("The template is missing.")

    with pytest.raises(DataError, match="template"):
        render(tmp_path / "d", renderer=Broken())
    assert os.listdir(tmp_path / "d") == [PARTIAL]


def test_a_setting_is_part_of_what_a_domain_is(tmp_path: Path) -> None:
    plans = [plan_of(renderer, "stripes", 10, 0) for renderer in (Stripes(), replace(Stripes(), side=8))]
    assert plans[0]["fingerprint"] != plans[1]["fingerprint"]
    assert json.loads(json.dumps(plans[0])) == plans[0]


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX")
def test_killed_at_a_random_moment_and_run_again_it_makes_the_same_bytes(tmp_path: Path) -> None:
    for _ in range(2):
        begun = start(tmp_path / "script.py", tmp_path / "d", COUNT, workers=1)
        time.sleep(random.uniform(0, 0.2))
        begun.kill()
        begun.communicate()
    render(tmp_path / "d")
    render(tmp_path / "whole")
    assert sums(tmp_path / "d") == sums(tmp_path / "whole")
    assert sorted(os.listdir(tmp_path / "d")) == sorted(os.listdir(tmp_path / "whole"))


@pytest.mark.skipif(os.name == "nt", reason="process groups are POSIX")
def test_ctrl_c_with_workers_is_ctrl_c_and_no_broken_pool(tmp_path: Path) -> None:
    begun = start(tmp_path / "script.py", tmp_path / "d", 1000 * BLOCK, workers=2)
    assert begun.stdout is not None
    begun.stdout.readline()
    os.killpg(begun.pid, signal.SIGINT)
    _, said = begun.communicate(timeout=30)
    assert begun.returncode == 130, said.decode()
    assert PARTIAL in os.listdir(tmp_path / "d")
