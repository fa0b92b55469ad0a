"""What a model card is made from: the manifest of a run, those of its baselines, and the comparisons."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synthda.adapt.run import Run
from synthda.adapt.scored import scored_alike

BASELINES = {"source-only": "source only (below)", "train-on-target": "trained on target labels (above)"}
"""What stands beside the model, by the name of its folder in `baselines`."""


@dataclass(frozen=True)
class Facts:
    """What is known of a run.

    Attributes:
        manifest: of the run, finished or under way.
        baselines: results of its finished baselines, by name.
        comparison: with these; empty where there is none.
        parity: of the exported model with the trained network, and of that in 8 bits with the former; likewise.
        finished: whether the run is.
    """

    manifest: Mapping[str, Any]
    baselines: Mapping[str, Mapping[str, Any]]
    comparison: Mapping[str, Any]
    parity: Mapping[str, Any]
    parity_int8: Mapping[str, Any]
    finished: bool

    @classmethod
    def of(cls, run: Run) -> Facts:
        """Raises RunError when the folder holds no run."""
        baselines = {name: Run(run.folder / "baselines" / name) for name in BASELINES}
        return cls(
            manifest=run.read(),
            baselines={name: _beside(run, found) for name, found in baselines.items() if found.finished},
            comparison=_content(run.comparison),
            parity=_content(run.parity),
            parity_int8=_content(run.parity_int8),
            finished=run.finished,
        )

    @property
    def blueprint(self) -> Mapping[str, Any]:
        """Method, network, classes, recipe."""
        found: Mapping[str, Any] = self.manifest["configuration"]["blueprint"]
        return found

    @property
    def data(self) -> Mapping[str, Any]:
        """Names, sizes and hashes of what was learnt from; `target` only where the method reads it."""
        found: Mapping[str, Any] = self.manifest["configuration"]["data"]
        return found

    @property
    def results(self) -> Mapping[str, Any]:
        """Empty until the run is finished."""
        found: Mapping[str, Any] = self.manifest.get("results", {})
        return found


def _content(path: Path) -> Mapping[str, Any]:
    """Of a JSON file that is no manifest; nothing where there is none, or it is damaged."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _beside(run: Run, baseline: Run) -> Mapping[str, Any]:
    """The results of a baseline; without its score where that is of other images than the run's."""
    own, found = (each.read().get("results", {}) for each in (run, baseline))
    alike = "evaluation" not in own or scored_alike(own["evaluation"], found.get("evaluation"))
    return {name: value for name, value in found.items() if alike or name != "evaluation"}
