"""Checkpoints: everything comes back bit by bit; what is damaged, foreign or carries code is refused and not run."""

from __future__ import annotations

import errno
import os
import pickle
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from toy import blueprint, same, train_toy, weights

from synthda.adapt.blueprint import Blueprint
from synthda.adapt.checkpoint import load_checkpoint, save_checkpoint
from synthda.adapt.method import Method
from synthda.adapt.run import Run
from synthda.errors import RunError, SynthdaError


@pytest.fixture
def saved(tmp_path: Path) -> tuple[Path, Method]:
    method = train_toy(blueprint(steps=3, optimizer="adam"), Run(tmp_path / "run"))
    return Run(tmp_path / "run").checkpoint, method


def test_weights_optimizer_and_step_come_back_bit_by_bit(tmp_path: Path) -> None:
    plan = blueprint(optimizer="adam")
    method = plan.build()
    optimizers = method.optimizers(plan.recipe)
    for parameter in method.parameters():
        parameter.grad = torch.randn_like(parameter)
    optimizers["all"].step()
    save_checkpoint(tmp_path / "last.pt", method, optimizers, 7, "f")

    other = blueprint(optimizer="adam", seed=1).build()
    fresh = other.optimizers(plan.recipe)
    assert load_checkpoint(tmp_path / "last.pt", other, fresh, "f") == 7
    assert same(weights(method), weights(other))
    for one, two in zip(optimizers["all"].state.values(), fresh["all"].state.values(), strict=True):
        assert all(torch.equal(one[name], two[name]) for name in one)


def test_a_checkpoint_of_another_configuration_is_refused(saved: tuple[Path, Method]) -> None:
    with pytest.raises(
        RunError, match="belongs to a run of another configuration; remove the run's folder, or give --force"
    ):
        load_checkpoint(saved[0], saved[1], {}, "another")


def test_a_checkpoint_of_another_network_is_refused(saved: tuple[Path, Method]) -> None:
    wider = blueprint(width=8).build()
    with pytest.raises(RunError, match=r"no checkpoint of this configuration") as caught:
        load_checkpoint(saved[0], wider, {})
    assert "\n" not in str(caught.value)


def test_a_checkpoint_without_the_optimizer_that_is_asked_for_is_refused(saved: tuple[Path, Method]) -> None:
    path, method = saved
    optimizers = {"second": torch.optim.SGD(method.parameters(), lr=0.1)}
    with pytest.raises(RunError, match="no checkpoint of this configuration"):
        load_checkpoint(path, method, optimizers)


def test_a_missing_checkpoint_is_told(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="does not exist; the run has no checkpoint yet"):
        load_checkpoint(tmp_path / "last.pt", blueprint().build(), {})


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_a_checkpoint_that_was_cut_off_is_refused(saved: tuple[Path, Method], share: float) -> None:
    path, method = saved
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(RunError, match="or damaged") as caught:
        load_checkpoint(path, method, {})
    assert "\n" not in str(caught.value)


def test_a_flipped_byte_is_refused_or_does_no_harm(saved: tuple[Path, Method]) -> None:
    path, method = saved
    content, good = path.read_bytes(), weights(method)
    for place in range(0, len(content), len(content) // 60):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0x10]) + content[place + 1 :])
        loaded = blueprint(optimizer="adam").build()
        try:
            load_checkpoint(path, loaded, loaded.optimizers(blueprint(optimizer="adam").recipe))
        except RunError:
            continue
        assert same(weights(loaded), good), f"byte {place} of {len(content)} changed the weights unnoticed"


@pytest.mark.parametrize(
    "content",
    [3, [1, 2], {}, {"step": 1}, {"step": 1, "method": 3, "optimizers": {}}, {"step": "x", "method": {}}],
    ids=str,
)
def test_a_file_of_torch_with_something_else_in_it_is_refused(tmp_path: Path, content: Any) -> None:
    torch.save(content, tmp_path / "last.pt")
    with pytest.raises(RunError, match="or damaged"):
        load_checkpoint(tmp_path / "last.pt", blueprint().build(), {})


class Code:
    """Unpickled, it makes a file."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.mark,)


@pytest.mark.parametrize("kind", ["torch", "torch, old", "pickle", "inside the state"])
def test_code_in_a_checkpoint_is_refused_and_not_run(saved: tuple[Path, Method], tmp_path: Path, kind: str) -> None:
    path, method = saved
    code = Code(tmp_path / "mark")
    if kind == "pickle":
        path.write_bytes(pickle.dumps({"step": 1, "method": code}))
    elif kind == "inside the state":
        torch.save(torch.load(path, weights_only=True) | {"step": code}, path)
    else:
        torch.save(code, path, _use_new_zipfile_serialization=kind == "torch")
    with pytest.raises(RunError, match="or damaged") as caught:
        load_checkpoint(path, method, {})
    assert "\n" not in str(caught.value)
    assert not code.mark.exists()
    if kind != "inside the state":
        pickle.loads(pickle.dumps(code))
        assert code.mark.exists(), "the trap works"


@pytest.mark.skipif(os.name == "nt", reason="limits of the size of files are POSIX")
def test_a_disk_that_fills_is_one_sentence_and_the_old_checkpoint_stays(saved: tuple[Path, Method]) -> None:
    import resource

    path, method = saved
    before = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(SynthdaError, match=r"last\.pt could not be written"):
            save_checkpoint(path, method, {}, 9, "f")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == ["last.pt"]


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EIO])
def test_a_disk_that_refuses_to_read_is_no_damage(saved: tuple[Path, Method], monkeypatch: Any, number: int) -> None:
    def refused(path: Path) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(zipfile, "ZipFile", refused)
    with pytest.raises(RunError, match=re.escape(f"cannot be read ({os.strerror(number)})")) as caught:
        load_checkpoint(saved[0], saved[1], {})
    assert "remove" not in str(caught.value)


def test_a_blueprint_comes_back_from_its_json(tmp_path: Path) -> None:
    plan = blueprint("dann", gamma=5, steps=9)
    run = Run(tmp_path)
    run.begin({"blueprint": plan.as_dict()})
    assert Blueprint.from_dict(run.read()["configuration"]["blueprint"]) == plan
