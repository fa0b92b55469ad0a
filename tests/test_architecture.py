"""Dependencies point one way, and what must start fast does not import torch."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import synthda

ROOT = Path(synthda.__file__).parent
ALLOWED = {
    "datasets": {"datasets"},
    "synth": {"synth", "datasets"},
    "adapt": {"adapt", "datasets"},
    "cli": {"cli", "adapt", "synth", "datasets"},
}
WITHOUT_TORCH = ("datasets", "synth")


def imports(node: ast.AST) -> Iterator[str]:
    """Full names of every module that is imported anywhere below `node`; relative imports are not in use."""
    for found in ast.walk(node):
        if isinstance(found, ast.Import):
            yield from (alias.name for alias in found.names)
        elif isinstance(found, ast.ImportFrom):
            assert found.level == 0, "imports are absolute"
            assert found.module is not None
            yield from (f"{found.module}.{alias.name}" for alias in found.names)
        elif isinstance(found, ast.Constant) and isinstance(found.value, str) and found.value.startswith("synthda."):
            yield found.value.replace(":", ".")  # the import paths in registries


def trees(package: str) -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted((ROOT / package).rglob("*.py")):
        yield path, ast.parse(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("package", ALLOWED)
def test_dependencies_point_one_way(package: str) -> None:
    known = {path.name for path in ROOT.iterdir() if (path / "__init__.py").exists()}
    assert known == set(ALLOWED), "a new package needs its line in ALLOWED"
    for path, tree in trees(package):
        used = {name.split(".")[1] for name in imports(tree) if name.startswith("synthda.")} & known
        assert used <= ALLOWED[package], f"{path} imports {used - ALLOWED[package]}"


def test_the_modules_above_the_packages_know_none_of_them() -> None:
    for path in ROOT.glob("*.py"):
        if path.name in ("__init__.py", "__main__.py"):
            continue
        used = {name.split(".")[1] for name in imports(ast.parse(path.read_text(encoding="utf-8"))) if "." in name}
        assert not used & set(ALLOWED), path


@pytest.mark.parametrize("package", WITHOUT_TORCH)
def test_data_and_rendering_never_import_torch(package: str) -> None:
    for path, tree in trees(package):
        if path.name == "download.py":
            tree = ast.Module([node for node in tree.body if not isinstance(node, ast.FunctionDef)], [])
        torches = [name for name in imports(tree) if name.partition(".")[0] in ("torch", "torchvision")]
        assert not torches, f"{path} imports {torches}"


def test_prediction_data_and_rendering_start_without_torch() -> None:
    program = (
        "import sys, pkgutil, importlib, synthda.datasets, synthda.synth, synthda.adapt.predict\n"
        "import synthda.cli.labelling, synthda.cli.measuring\n"
        "for package in (synthda.datasets, synthda.synth):\n"
        "    for module in pkgutil.iter_modules(package.__path__, package.__name__ + '.'):\n"
        "        importlib.import_module(module.name)\n"
        "sys.exit('torch' in sys.modules or 'sklearn' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT.parent, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr or "torch or sklearn was imported"


def test_no_module_unpickles() -> None:
    for package in ALLOWED:
        for path, tree in trees(package):
            calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
            for call in calls:
                name = ast.unparse(call.func)
                given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
                assert not name.startswith("pickle."), f"{path}:{call.lineno}"
                if name == "torch.load":
                    assert given.get("weights_only") == "True", f"{path}:{call.lineno}"
                if name == "np.load":
                    assert given.get("allow_pickle") == "False", f"{path}:{call.lineno}"
