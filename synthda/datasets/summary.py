"""What a domain is, in numbers: counts per class, sizes, factors, and what its manifest says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthda.datasets.domain import UNLABELLED, Domain, Scenes, factor_names
from synthda.datasets.duplicates import twins_in
from synthda.datasets.photos import upright_shape
from synthda.datasets.shards import MANIFEST, open_shards
from synthda.datasets.specs import names_data_set, open_domain
from synthda.manifest import read_manifest

MANIFEST_KEYS = ("seed", "settings", "fingerprint", "provenance")
STEPS = 10
MOST_WHOLE_NUMBERS = 16


def look_at(spec: str, *, data_root: Path | None = None, verify: bool = True) -> tuple[Domain, dict[str, Any]]:
    """Open what `spec` names, and describe it in values that JSON can hold.

    Args:
        spec: as in `open_domain`.
        data_root: where named data sets lie.
        verify: compare the checksums of shards.

    Raises:
        DataError: when there is nothing, or it is damaged.
    """
    path, named = Path(spec).expanduser(), names_data_set(spec)
    folder = path.parent if path.name == MANIFEST else path
    if named or not (folder / MANIFEST).is_file():
        domain = open_domain(spec, data_root=data_root)
        facts = _described(domain) | {"skipped": list(domain.skipped), "twins": _twins(domain)}
        if not named and domain.paths and path.exists():
            facts["photographs"] = _photo_sizes(path.parent if path.is_file() else path, domain.paths)
        return domain, facts
    domain = open_shards(folder, verify=verify)
    manifest = read_manifest(folder / MANIFEST)
    facts = _described(domain)
    facts["shards"] = len(manifest["shards"])
    facts["checksums"] = "match" if verify else "not verified"
    facts["manifest"] = {key: manifest[key] for key in MANIFEST_KEYS if key in manifest}
    facts["twins"] = _twins(domain)
    if domain.scenes is not None:
        facts["factors"] = factors(domain.scenes, manifest.get("tables", {}))
    return domain, facts


def factors(scenes: Scenes, tables: Mapping[str, Sequence[str]]) -> dict[str, dict[str, Any]]:
    """Each scene column but label and seeds: least, mean, greatest, histogram; of a choice, counts of its entries.

    A histogram is the counts in ten equal steps from the least value to the greatest; of up to 16 whole numbers, the
    counts of each.
    """
    found: dict[str, dict[str, Any]] = {}
    for name in factor_names(scenes):
        column = scenes[name]
        if name in tables:
            codes, counts = np.unique(column, return_counts=True)
            order = np.argsort(-counts, kind="stable")
            entries = {_entry(tables[name], int(codes[place])): int(counts[place]) for place in order}
            found[name] = {"choices": len(tables[name]), "taken": entries}
        else:
            least, mean, greatest = column.min(), column.mean(dtype=np.float64), column.max()
            found[name] = {"min": least.item(), "mean": float(mean), "max": greatest.item()}
            found[name]["histogram"] = _histogram(column)
    return found


def _histogram(column: NDArray[Any]) -> list[int]:
    least, greatest = float(column.min()), float(column.max())
    if not least < greatest:
        return [len(column)]
    whole_numbers = column.dtype.kind != "f" and greatest - least < MOST_WHOLE_NUMBERS
    steps = int(greatest - least) + 1 if whole_numbers else STEPS
    counts, _ = np.histogram(column.astype(np.float64), steps, (least, greatest))
    listed: list[int] = counts.tolist()
    return listed


def _twins(domain: Domain) -> dict[str, Any]:
    """Counts of twins; pairs are named by their paths where the images have some."""
    found = twins_in(domain.images).as_dict()
    paths = domain.paths
    if paths is not None:
        found["examples"] = [[paths[one], paths[other]] for one, other in found["examples"]]
    return found


def _entry(table: Sequence[str], code: int) -> str:
    return str(table[code]) if 0 <= code < len(table) else "none"


def _described(domain: Domain) -> dict[str, Any]:
    counts = np.bincount(domain.labels[domain.labels != UNLABELLED], minlength=len(domain.classes))
    return {
        "name": domain.name,
        "images": len(domain),
        "height": domain.images.shape[1],
        "width": domain.images.shape[2],
        "classes": dict(zip(domain.classes, counts.tolist(), strict=True)),
        "unlabelled": int((domain.labels == UNLABELLED).sum()),
    }


def _photo_sizes(folder: Path, names: Sequence[str]) -> dict[str, list[int]]:
    """Least, median and greatest height and width of photographs as they lie there."""
    shapes = np.array([upright_shape(folder / name) for name in names])
    return {
        what: [int(shapes[:, axis].min()), int(np.median(shapes[:, axis])), int(shapes[:, axis].max())]
        for axis, what in enumerate(("height", "width"))
    }
