"""Result files that grow cell by cell, and keep what an earlier call measured by the same protocol."""

from __future__ import annotations

from typing import Any

from bench.machine import machine
from bench.markdown import load
from bench.paths import RESULTS
from synthda.manifest import write_json


class Kept:
    """Scores by method and seed in `bench/results/NAME.json`."""

    def __init__(self, name: str, fingerprint: str) -> None:
        """Take what the file has, where its protocol has this fingerprint."""
        self._name, self._fingerprint = name, fingerprint
        found = load(name)
        same = found is not None and found["fingerprint"] == fingerprint
        self._methods: dict[str, dict[str, Any]] = found["methods"] if found is not None and same else {}

    def has(self, method: str, seed: int) -> bool:
        return str(seed) in self._methods.get(method, {})

    def add(self, method: str, seed: int, scores: dict[str, Any]) -> None:
        """Write the file again, with one cell more."""
        self._methods.setdefault(method, {})[str(seed)] = scores
        told = {"table": self._name, "fingerprint": self._fingerprint, "methods": self._methods}
        write_json(RESULTS / f"{self._name}.json", told | {"machine": machine()})
