"""The source of those who name none: rendered once, and anew where a font, a library or synthda is another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from synthda.cli import default_source as module
from synthda.cli.default_source import default_source
from synthda.datasets.shards import MANIFEST
from synthda.manifest import read_manifest
from synthda.synth import generate


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("SYNTHDA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(module, "CACHED_COUNT", 3)
    return tmp_path / "cache"


def test_it_is_rendered_once_into_a_folder_called_by_what_decides_its_bytes(cache: Path) -> None:
    folder = Path(default_source())
    rendered = (folder / "shard-00000.h5").stat().st_mtime_ns
    assert folder.parent == cache
    assert folder.name == f"syn-numbers-{read_manifest(folder / MANIFEST)['fingerprint'][:12]}"
    assert default_source() == str(folder)
    assert (folder / "shard-00000.h5").stat().st_mtime_ns == rendered


def test_after_an_upgrade_of_a_library_it_is_rendered_anew(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, versions = default_source(), generate.provenance

    def upgraded(*libraries: str) -> dict[str, Any]:
        made = versions(*libraries)
        return made | {"versions": made["versions"] | {"numpy": "99.0"}}

    monkeypatch.setattr(generate, "provenance", upgraded)
    after = default_source()
    assert after != before
    assert read_manifest(Path(after) / MANIFEST)["libraries"]["numpy"] == "99.0"
    assert len(list(cache.iterdir())) == 2
