"""What a run depends on: the configuration that its folder is claimed for, and that of the run it goes on from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from synthda.adapt.blueprint import Blueprint
from synthda.adapt.candidates import facts_of_checkpoint
from synthda.adapt.data import Data
from synthda.adapt.learnt import read_learnt
from synthda.adapt.method import Method
from synthda.adapt.methods import method_classes
from synthda.adapt.run import Run
from synthda.datasets.domain import content_hashes
from synthda.errors import SettingError


def configuration_of(
    blueprint: Blueprint, data: Data, start: Run | None = None, processes: int = 1, *, begin: Run | None = None
) -> dict[str, Any]:
    """What a run's folder is claimed for: equal configurations end in equal weights.

    The number of processes belongs to it where there are several: they draw other views, and sums round otherwise.
    """
    earlier = start or begin
    # What goes on from a run needs no file of weights again, and is known by the one that the run began with.
    inputs = blueprint.inputs if earlier is None else earlier.read()["configuration"].get("inputs")
    configuration: dict[str, Any] = {"blueprint": blueprint.as_dict(), "data": data.identity(blueprint.method)}
    more = {
        "revisions": {name: part.revision for name, part in method_classes(blueprint.method).items() if part.revision},
        "inputs": inputs,
        "start": None if start is None else _weights_of(start),
        "from": None if begin is None else _weights_of(begin),
        "learnt": [] if earlier is None else learnt_by(earlier),
        "number_of_processes": processes if processes > 1 else None,
    }
    return configuration | {name: value for name, value in more.items() if value}


def labelled_in(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The sources and the labelled target of a configuration's `data`."""
    few = data.get("labelled_target")
    return [*data.get("sources", []), *([] if few is None else [few])]


def learnt_by(run: Run) -> list[dict[str, str]]:
    """Name and content of all labelled images that a run's weights have learnt from, its own and those before it."""
    configuration = run.read()["configuration"]
    labelled = labelled_in(configuration.get("data", {}))
    own = [{key: str(domain[key]) for key in ("name", "content")} for domain in labelled]
    return [*configuration.get("learnt", []), *own]


def _weights_of(start: Run) -> str:
    """What tells a finished run's deployed weights from others: of equal runs, another checkpoint may be chosen."""
    known = str(start.read()["fingerprint"])
    return f"{known} after step {facts_of_checkpoint(start, 0)['step']}" if start.selection.exists() else known


def first_blueprint(blueprint: Blueprint, method: Method) -> Blueprint | None:
    """What `method` starts from, by the same network, recipe and seed; None where it starts afresh."""
    if method.starts_from is None:
        return None
    plain = replace(blueprint, method=method.starts_from, method_settings=dict(method.start_settings))
    if not blueprint.calibrates_unknown:
        return plain
    return replace(plain, classes=blueprint.known_classes, calibrates_unknown=False)  # what goes on from it calibrates


def refuse_to_discard(earlier: Mapping[str, Path | None], out: Path) -> None:
    """Raise SettingError where `--force` on `out` would remove a run that the new one needs; by option, its folder."""
    for option, folder in earlier.items():
        if folder is not None and folder.resolve().is_relative_to(out.resolve()):
            raise SettingError(f"--force would discard {folder}, the run that {option} names; choose another --out.")


def check_not_scored(data: Data, earlier: Run) -> None:
    """Raise SettingError where `earlier` has learnt from the labels of images that evaluate, at the same size.

    Of a run whose single images are not known, only a domain that it has learnt as a whole is found.
    """
    if data.evaluation is None:
        return
    learnt, hashes = read_learnt(earlier), content_hashes(data.evaluation.images)
    shared = sum(content in learnt for content in hashes)
    if shared or data.evaluation_content in {domain["content"] for domain in learnt_by(earlier)}:
        some = "" if shared in (0, len(hashes)) else f"{shared:,} of the {len(hashes):,} images of "
        raise SettingError(
            f"{earlier.folder} has learnt from the labels of {some}{data.evaluation.name}, which --eval names; a score "
            "on photographs whose labels were learnt says nothing. Give other photographs to --eval, or leave it out."
        )


def check_not_learnt(start: Run, configuration: Mapping[str, Any]) -> None:
    """Raise SettingError when `start` may have learnt from source images that are held out in this configuration."""
    learnt = {source["content"] for source in learnt_by(start)}
    if not learnt <= {domain["content"] for domain in labelled_in(configuration["data"])}:
        raise SettingError(
            f"{start.folder} has learnt from source images that are held out here, so that they do not tell how well "
            "it does on new ones; train it with the same sources, --hold-out and --seed, or hold nothing out."
        )
