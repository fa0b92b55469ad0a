"""A run's folder: its manifest, checkpoints, metrics, evaluation, and exported model."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from synthda.datasets.domain import ArrayImages, Images
from synthda.datasets.resize import Size
from synthda.errors import DataError, RunError
from synthda.manifest import FORMAT, disk_errors_told, fingerprint, is_vacant, provenance, read_manifest, write_json
from synthda.near import near_path

LIBRARIES = ("torch", "numpy", "h5py", "pillow", "onnx", "onnxruntime")
OTHERS = {
    ".revisions": "a method that has changed since",
    ".inputs": "other weights to begin with",
    ".start": "another run in --start",
    ".from": "another run in --from",
}
"""How two configurations differ in what is no setting."""


LONGEST = 100
"""Of a folder's name, bytes: systems take 255, and files within add to it."""


@dataclass(frozen=True)
class Run:
    """Paths of one training run; `run.json` is written last, `run.json.partial` first."""

    folder: Path

    @property
    def manifest(self) -> Path:
        return self.folder / "run.json"

    @property
    def partial_manifest(self) -> Path:
        return self.folder / "run.json.partial"

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoints" / "last.pt"

    def candidate(self, step: int) -> Path:
        """The weights after `step` steps, kept until a rule has chosen among such."""
        return self.folder / "checkpoints" / f"step-{step:06d}.pt"

    @property
    def selected(self) -> Path:
        """The candidate that a rule has chosen."""
        return self.folder / "checkpoints" / "selected.pt"

    @property
    def selection(self) -> Path:
        """The rule, its choice and every candidate's score; written after `selected`."""
        return self.folder / "selection.json"

    @property
    def deployed(self) -> Path:
        """The checkpoint that is scored, exported and loaded: the chosen one, or the last where none was chosen."""
        return self.selected if self.selection.exists() else self.checkpoint

    @property
    def metrics(self) -> Path:
        return self.folder / "metrics.jsonl"

    @property
    def evaluation(self) -> Path:
        return self.folder / "evaluation.json"

    @property
    def onnx(self) -> Path:
        return self.folder / "model.onnx"

    @property
    def int8(self) -> Path:
        """The smaller copy of `onnx`, where one was asked for."""
        return self.folder / "model.int8.onnx"

    @property
    def sample(self) -> Path:
        """Images, (≥ 256, H, W, 3) uint8, on which exports are compared with the trained network."""
        return self.folder / "sample.npy"

    @property
    def learnt(self) -> Path:
        """Hashes of the labelled images that its weights have learnt, and those before it."""
        return self.folder / "learnt.npy"

    @property
    def answers(self) -> Path:
        """What the deployed checkpoint says of the target and of the images that evaluate."""
        return self.folder / "answers.npz"

    @property
    def rejection(self) -> Path:
        """The temperature and the logit of `unknown`, where they were calibrated."""
        return self.folder / "rejection.json"

    @property
    def model_card(self) -> Path:
        """What the model is and does, for who is to use it."""
        return self.folder / "MODEL_CARD.md"

    @property
    def comparison(self) -> Path:
        return self.folder / "comparison.json"

    @property
    def parity(self) -> Path:
        return parity_beside(self.onnx)

    @property
    def parity_int8(self) -> Path:
        return parity_beside(self.int8)

    @property
    def first(self) -> Run:
        """The run that a method which `starts_from` another goes on from."""
        return Run(self.folder / "init")

    @property
    def gathered(self) -> Path:
        """Folder of what the report needs of the data."""
        return self.folder / "report"

    @property
    def report(self) -> Path:
        return self.folder / "report.html"

    def baseline(self, method: str) -> Run:
        """A baseline that was trained beside this run, inside its folder."""
        return Run(self.folder / "baselines" / method)

    @property
    def finished(self) -> bool:
        return self.manifest.exists()

    @property
    def begun(self) -> bool:
        """Whether the folder is a run's, finished or not."""
        return self.manifest.exists() or self.partial_manifest.exists()

    @property
    def under_way(self) -> bool:
        """Whether it was begun, and has not ended: stopped, broken down, or still training."""
        return self.partial_manifest.exists() and not self.finished

    def refuse_foreign(self) -> None:
        """Raise RunError when the folder cannot be a run's, or holds files that are no run."""
        if self.folder.exists() and not self.folder.is_dir():
            raise RunError(f"{self.folder} is a file; give a folder to --out.")
        if not _is_unicode(str(self.folder)):
            raise RunError(f"The name of {self.folder} is no UTF-8, which models need; give another --out.")
        if not self.begun and self.folder.exists() and not is_vacant(self.folder):
            raise RunError(f"{self.folder} is not empty and holds no run; give --out a new or an empty folder.")

    def begin(self, configuration: Mapping[str, Any], *, force: bool = False) -> None:
        """Claim the folder for a configuration, or find it claimed by the same one.

        Raises:
            RunError: when it holds a run of another configuration, or files that are no run.
        """
        self.refuse_foreign()
        if self.begun and not force:
            self.refuse_other(configuration)
            return
        if self.begun:
            self._discard()
        claim = {"fingerprint": fingerprint(configuration), "configuration": dict(configuration)}
        write_json(self.partial_manifest, {"format": FORMAT, "kind": "run"} | claim)

    def refuse_other(self, configuration: Mapping[str, Any]) -> None:
        """Raise RunError when the folder holds a run of another configuration, in words how it differs."""
        found = self.read() if self.begun else None
        if found is not None and found.get("fingerprint") != fingerprint(configuration):
            differing = _differences(found.get("configuration", {}), configuration)
            raise RunError(
                f"{self.folder} holds a run with {differing}; choose another --out, or give --force to discard it."
            )

    def require_candidates(self, steps: Iterable[int]) -> None:
        """Raise RunError when one of these candidates was not kept."""
        missing = [step for step in sorted(steps) if not self.candidate(step).exists()]
        if missing:
            raise RunError(
                f"{self.folder} was trained beyond step {missing[0]} without keeping that checkpoint, so there is no "
                "choosing among its checkpoints; give another --out, --force to train anew, or --select last."
            )

    def remove_candidates(self) -> None:
        with disk_errors_told(self.folder):
            for path in self.checkpoint.parent.glob("step-*.pt"):
                path.unlink(missing_ok=True)

    def finish(self, results: Mapping[str, Any]) -> None:
        """Write `run.json`: the run is complete."""
        write_json(self.manifest, self.read() | {"results": dict(results), "provenance": provenance(*LIBRARIES)})
        self.partial_manifest.unlink(missing_ok=True)

    def read(self) -> dict[str, Any]:
        """The manifest, of a finished run or of one under way.

        Raises:
            RunError: when the folder holds no run.
        """
        for path in (self.manifest, self.partial_manifest):
            if path.exists():
                return read_manifest(path)
        if self.folder.is_file():
            raise RunError(f"{self.folder} is a file; give the folder of a run, such as {self.folder.parent}.")
        if not self.folder.exists():
            near = near_path(self.folder)
            made = f"make one with: synthda adapt --out {self.folder} …"
            raise RunError(f"There is no run {self.folder}; {f'did you mean {near}?' if near else made}")
        raise RunError(f"{self.folder} holds no run; make one with: synthda adapt --out {self.folder} …")

    def sample_images(self, size: Size) -> Images:
        """The images of `sample`, target first, without labels.

        Raises:
            RunError: when they are missing, damaged or of another size than H, W.
        """
        if not self.sample.exists():
            unfinished = f"The run in {self.folder} is not finished; give its command again, and it goes on."
            missing = f"{self.sample} is missing, on which an export is compared; run synthda adapt again."
            raise RunError(unfinished if self.under_way else missing)
        try:
            array = np.lib.format.read_array(io.BytesIO(self.sample.read_bytes()), allow_pickle=False)
            if array.shape[1:3] != tuple(size):
                raise ValueError(f"its shape is {array.shape}")
            return ArrayImages(array)
        except (OSError, ValueError, EOFError, DataError) as error:
            raise RunError(f"{self.sample} is damaged ({error}); remove it and run synthda adapt again.") from error

    def _discard(self) -> None:
        """Remove what runs write, and nothing else; stopped half-way, the folder is still known as a run."""
        with disk_errors_told(self.folder):
            if self.manifest.exists():
                os.replace(self.manifest, self.partial_manifest)
            written: tuple[Path, ...] = (
                self.metrics,
                self.evaluation,
                self.comparison,
                self.sample,
                self.onnx,
                self.parity,
            )
            written += (self.selection, self.rejection, self.answers, self.int8, self.parity_int8)
            written += (self.report, self.model_card, self.learnt)
            for path in written:
                path.unlink(missing_ok=True)
            for folder in ("checkpoints", "tensorboard", "baselines", "init", "report"):
                shutil.rmtree(self.folder / folder, ignore_errors=True)


def folder_name(name: str) -> str:
    """A name as a folder: letters, digits and a few signs; a long one cut, with a hash by which it differs."""
    folder = re.sub(r"[^\w.+-]+", "-", name).strip("-.") or "unnamed"
    if len(folder.encode()) <= LONGEST:
        return folder
    return f"{folder.encode()[:LONGEST].decode(errors='ignore')}-{fingerprint({'name': name})[:8]}"


def parity_beside(model: Path) -> Path:
    """Where the comparison of an exported model is written, so that models in one folder keep their own.

    `parity.json` of `model.onnx`, `parity.int8.json` of `model.int8.onnx`, `digits.parity.json` of `digits.onnx`.
    """
    ours = model.stem == "model" or model.stem.startswith("model.")
    return model.with_name(f"parity{model.stem[len('model') :]}.json" if ours else f"{model.stem}.parity.json")


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _differences(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """In words, such as `seed 1 instead of 2 and other data`."""
    theirs, ours = _parts(found), _parts(json.loads(json.dumps(dict(wanted), default=str)))
    told = []
    for name in {**theirs, **ours}:
        values = [parts.get(name) for parts in (theirs, ours)]
        if values[0] != values[1]:
            shown = not name.startswith(".") and all(isinstance(value, str | int | float) for value in values)
            other = _other_data(*values) if name == ".data" else OTHERS.get(name, f"another {name.removeprefix('.')}")
            told.append(f"{name} {values[0]} instead of {values[1]}" if shown else other)
    return " and ".join(told) or "another configuration"


def _other_data(theirs: Any, ours: Any) -> str:
    """Of a target that has grown or shrunk, by how much."""
    before, now = (data.get("target", {}).get("images") if isinstance(data, dict) else None for data in (theirs, ours))
    return "other data" if None in (before, now) or before == now else f"{before} target images instead of {now}"


def _parts(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of the blueprint by name, and what else there is by its name behind a dot."""
    blueprint = configuration.get("blueprint", {})
    nested = {name: value for part in blueprint.values() if isinstance(part, dict) for name, value in part.items()}
    plain = {name: value for name, value in blueprint.items() if not isinstance(value, dict)}
    return plain | nested | {f".{n}": value for n, value in configuration.items() if n not in ("blueprint", "learnt")}
