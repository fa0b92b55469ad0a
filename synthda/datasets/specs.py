"""One way to name any domain: shards, a folder of photographs, or `name:split` of a public data set."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np

from synthda.datasets import DATASETS
from synthda.datasets.domain import UNLABELLED, Domain, without_unknown
from synthda.datasets.folders import list_photos, open_folder
from synthda.datasets.label_file import Queue, label_spec, open_labels
from synthda.datasets.reader import DataSet
from synthda.datasets.records import EXPORT
from synthda.datasets.resize import Fit, Size, check_size, resized
from synthda.errors import DataError
from synthda.manifest import read_manifest
from synthda.near import near_names, near_path
from synthda.settings import load, lookup, unknown

UNFINISHED = ("domain.json.partial", f"{EXPORT}.partial")

PHOTO_SIZE: Size = (64, 64)
"""Size of photographs for which none is asked."""


def data_set(name: str) -> DataSet:
    """The description of a named data set; raises SettingError for a name that `DATASETS` lacks."""
    found = load("data set", name, DATASETS)
    assert isinstance(found, DataSet)
    return found


def data_root_or_default(data_root: Path | None = None) -> Path:
    """Where public data sets lie: the argument, else the environment variable SYNTHDA_DATA, else `data`."""
    return Path(data_root or os.environ.get("SYNTHDA_DATA") or "data")


def open_domain(
    spec: str,
    *,
    size: Size | None = None,
    fit: Fit = "stretch",
    data_root: Path | None = None,
    labelled: bool | None = None,
    unknown: bool = True,
) -> Domain:
    """Open what `spec` names.

    Args:
        spec: the path of shards (a folder with `domain.json`), of a folder of photographs or of one photograph; or
            `name` or `name:split` of a public data set; or `FILE.jsonl:measure` or `FILE.jsonl:teach`, labels that a
            person gave by `synthda label`. A bare name in `DATASETS` means the data set even where a folder of that
            name exists: write `./mnist` for the folder.
        size: height and width; None for the domain's own (`PHOTO_SIZE` for photographs).
        fit: how an image of another shape fills `size`.
        data_root: see `data_root_or_default`.
        labelled: True requires labels; False drops them; None takes what there is.
        unknown: whether photographs that a label file calls none of the classes are among the images, as a class
            `unknown`, or are left out and told in `skipped`.

    Raises:
        DataError: when nothing is there (near matches among the data sets are offered), or what is there is
            damaged, or has no labels although `labelled` is True.
        SettingError: for an unknown split, or an unusable size or fit.
    """
    check_size(size or PHOTO_SIZE, fit)
    name, colon, split = spec.partition(":")
    path = Path(spec).expanduser()
    if names_data_set(spec):
        domain = _open_data_set(data_set(name), split if colon else None, data_root_or_default(data_root), size, fit)
    elif labels := label_spec(spec):
        domain = _open_labels(*labels, size or PHOTO_SIZE, fit)
        domain = domain if unknown else without_unknown(domain)
    elif not spec or not os.path.exists(path):
        raise DataError(_nothing_named(spec))
    elif path.name == "domain.json" or (path / "domain.json").exists():
        from synthda.datasets.shards import open_shards

        domain = resized(open_shards(path if path.is_dir() else path.parent), size, fit)
    elif is_unfinished(path):
        raise DataError(f"{path} is unfinished; run the command that was writing it again, and it will be finished.")
    elif (path / EXPORT).exists() and read_manifest(path / EXPORT).get("to") != "imagefolder":
        raise DataError(f"{path} was written for other tools; make a domain of it: synthda convert {path} --to shards.")
    else:
        _refuse_folder_of_domains(path)
        domain = open_folder(path, size=size or PHOTO_SIZE, fit=fit, labelled=labelled)
        return _with_names(domain, path / EXPORT) if (path / EXPORT).exists() else domain
    if labelled and not domain.labelled:
        raise DataError(f"{spec} has no labels; give labelled data, for example a folder with one sub-folder a class.")
    if labelled is False:
        return replace(domain, labels=np.full(len(domain), UNLABELLED, dtype=np.int64), classes=())
    return domain


def names_data_set(spec: str) -> bool:
    """Whether `spec` means a public data set: a bare name does even where a folder of that name exists."""
    name, colon, _ = spec.partition(":")
    return name in DATASETS and not (colon and os.path.exists(spec))


def refuse_missing(spec: str) -> None:
    """Raise DataError for what costs no time to tell: that `spec` names nothing, or a folder that holds domains."""
    path = Path(spec).expanduser()
    if names_data_set(spec) or label_spec(spec) is not None:
        return
    if not spec or not os.path.exists(path):
        raise DataError(_nothing_named(spec))
    if not (path / "domain.json").exists():
        _refuse_folder_of_domains(path)


def is_unfinished(path: Path) -> bool:
    """Whether a command that was stopped has left a domain there that is not yet whole."""
    return not (path / "domain.json").exists() and any((path / name).exists() for name in UNFINISHED)


def _with_names(domain: Domain, manifest: Path) -> Domain:
    """An export's classes by their own names: a folder's name cannot hold every character."""
    from synthda.datasets.imagefolder import classes_by_folder
    from synthda.datasets.records import read_layout

    names = classes_by_folder(read_layout(manifest)[0].classes)
    return replace(domain, classes=tuple(names.get(folder, folder) for folder in domain.classes))


def _open_data_set(found: DataSet, split: str | None, root: Path, size: Size | None, fit: Fit) -> Domain:
    chosen = lookup(f"split of {found.name}", found.splits[0] if split is None else split, {s: s for s in found.splits})
    return found.read(root, chosen, size, fit)


def _open_labels(path: Path, queue: Queue | None, size: Size, fit: Fit) -> Domain:
    if queue is None:
        raise DataError(f"{path} has two queues that never mix; write {path}:teach or {path}:measure.")
    return open_labels(path, queue, size=size, fit=fit)


def _refuse_folder_of_domains(path: Path) -> None:
    """A folder without photographs that holds what is meant: its name is told."""
    inside = sorted(str(found.parent) for found in path.glob("*/domain.json")) if path.is_dir() else []
    if inside and not list_photos(path):
        what = "is a domain; give that" if len(inside) == 1 else "are domains; give one of these"
        raise DataError(f"{path} holds no image, but {' and '.join(inside[:3])} {what}.")


def _nothing_named(spec: str) -> str:
    near = near_path(Path(spec).expanduser()) if spec else None
    if near is not None:
        names = near_names(spec, DATASETS) if "/" not in spec else []
        return f"There is no file, folder or data set {spec!r}. Did you mean {' or '.join([str(near), *names])}?"
    if spec.startswith((".", "/", "~")) or "\\" in spec:
        return f"There is nothing at {spec}; give a folder of photographs, of shards, or the name of a data set."
    return unknown("file, folder or data set", spec, DATASETS).replace("Accepted:", "Data sets:")
