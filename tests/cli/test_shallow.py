from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from synthda.adapt.shallow import tca
from synthda.adapt.shallow.aligned import Aligned
from synthda.adapt.shallow.msda import MSDA


@pytest.fixture
def features(tmp_path: Path) -> Path:
    """Blobs of two classes in 8 dimensions; the target is moved, so that the source's nearest rows are wrong."""
    rng = np.random.default_rng(0)
    for name, shift in {"source": 0.0, "target": 5.0, "unseen": 5.0}.items():
        labels = np.tile([0, 1], 30)
        rows = 0.3 * rng.normal(size=(60, 8))
        rows[:, 0] += 3 * labels + shift
        np.savez(tmp_path / f"{name}.npz", features=rows, labels=np.array(["cup", "pen"])[labels])
    np.savez(tmp_path / "narrow.npz", features=np.zeros((5, 3)))
    np.savez(tmp_path / "numbered.npz", features=rows, labels=labels)
    np.savez(tmp_path / "unlabelled.npz", features=rows)
    (tmp_path / "broken.npz").write_bytes(b"PK no archive")
    return tmp_path


def test_the_score_stands_beside_that_of_no_adaptation_and_predictions_are_written(synthda, features):
    done = synthda(
        *("shallow", "source.npz", "unlabelled.npz", "--method", "sa", "--set", "dimensions=2"),
        *("--evaluate", "unseen.npz", "--out", "classes.csv"),
    )
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    accuracies = {line.split("  ")[0].strip(): float(line.split()[-5]) for line in lines[1:3]}
    assert accuracies == {"sa": pytest.approx(1.0), "no adaptation": pytest.approx(0.5)}
    with (features / "classes.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["row"] for row in rows] == [str(row) for row in range(60)]
    assert [row["class"] for row in rows[:2]] == ["cup", "pen"]
    assert "classes.csv: 60 rows" in done.out


def test_json_has_settings_scores_and_predictions(synthda, features):
    done = synthda(
        "shallow", "source.npz", "target.npz", "--normalise", "z-score", "--evaluate", "unseen.npz", "--json"
    )
    found = json.loads(done.out)
    assert (found["method"], found["normalise"], found["msda"]) == ("coral", "z-score", None)
    assert found["scores"]["adapted"]["accuracy"] > 0.85
    assert len(found["predictions"]) == 60


def test_a_grid_is_decided_by_reverse_validation_and_shown(synthda, features):
    done = synthda("shallow", "source.npz", "target.npz", "--method", "sa", "--grid", "dimensions=1,2", "--json")
    found = json.loads(done.out)
    assert [one["settings"] for one in found["risks"]] == [{"dimensions": 1}, {"dimensions": 2}]
    assert found["settings"]["dimensions"] in (1, 2)
    assert found["scores"] == {}
    shown = synthda("shallow", "source.npz", "target.npz", "--method", "sa", "--grid", "dimensions=1,2").out
    assert "reverse risk" in shown
    assert shown.count("chosen") == 1


def test_any_method_follows_msda(synthda, features):
    settings = ("--set", "layers=2", "--set", "lambda_=0.5", "--set", "epochs=5")
    done = synthda("shallow", "source.npz", "target.npz", "--features", "msda", "--method", "dann", *settings, "--json")
    found = json.loads(done.out)
    assert found["msda"] == {"layers": 2}
    assert found["settings"] == {"lambda_": 0.5, "epochs": 5}


def test_labels_of_the_target_change_nothing(synthda, features):
    answers = [
        json.loads(synthda("shallow", "source.npz", target, "--method", "gfk", "--set", "dimensions=2", "--json").out)
        for target in ("unseen.npz", "unlabelled.npz")
    ]
    assert answers[0]["predictions"] == answers[1]["predictions"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["source.npz", "missing.npz"], "There is no file missing.npz"),
        (["source.npz", "broken.npz"], "broken.npz cannot be read"),
        (["source.npz", "narrow.npz"], "8 features a row and narrow.npz 3"),
        (["unlabelled.npz", "target.npz"], "unlabelled.npz has no labels"),
        (["source.npz", "target.npz", "--evaluate", "unlabelled.npz"], "unlabelled.npz has no labels"),
        (["source.npz", "target.npz", "--evaluate", "numbered.npz"], "classes that the source lacks (0, 1)"),
        (["source.npz", "target.npz", "--method", "gfk", "--set", "dimensions=80"], "at most 8 are possible"),
        (["source.npz", "target.npz", "--method", "gfk", "--set", "dimensions=5"], "at most half of them, 4"),
        (["source.npz", "target.npz", "--method", "gkf"], "Did you mean gfk?"),
        (["source.npz", "target.npz", "--set", "dimension=3"], "There is no setting 'dimension'"),
        (["source.npz", "target.npz", "--grid", "lambda_=1,2"], "There is no setting 'lambda_'"),
        (["source.npz", "target.npz", "--grid", "c=1,x"], "c=x is not understood"),
        (["source.npz", "target.npz", "--grid", "c=1,2", "--set", "c=1"], "by --set and by --grid"),
        (["source.npz", "target.npz", "--features", "mdsa"], "--features accepts raw and msda"),
        (["source.npz", "target.npz", "--normalise", "zscore"], "Did you mean z-score?"),
        (["source.npz", "target.npz", "--out", "classes.txt"], "ends in .csv"),
        (["source.npz", "target.npz", "--out", "source.npz/classes.csv"], "could not be written"),
    ],
)
def test_what_cannot_be_used_is_one_sentence_and_nothing_is_written(synthda, features, arguments, sentence):
    before = sorted(features.iterdir())
    failed = synthda("shallow", *arguments, *([] if "--out" in arguments else ["--out", "p.csv"]))
    assert failed.code == 2
    assert sentence in failed.err
    assert failed.err.count("\n") == 1
    assert sorted(features.iterdir()) == before


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--features", "msda", "--method", "gfk", "--set", "dimensions=25"], "at most half of them, 24"),
        (["--features", "msda", "--method", "sa", "--set", "dimensions=49"], "of 48 features; at most 48 are possible"),
        (["--features", "msda", "--method", "tca", "--set", "dimensions=49"], "at most 48 are possible"),
        (
            ["--features", "msda", "--set", "layers=20", "--method", "sa", "--set", "dimensions=60"],
            "of 120 features; at most 59 are possible",
        ),
        (
            ["--features", "msda", "--method", "gfk", "--grid", "dimensions=2,3,30"],
            "Reverse validation of dimensions=30, which learns",
        ),
        (["--method", "gfk", "--grid", "dimensions=2,3,30"], "Reverse validation of dimensions=30, which learns"),
        (["--method", "sa", "--grid", "dimensions=2,3,30"], "Reverse validation of dimensions=30, which learns"),
        (["--method", "tca", "--grid", "dimensions=2,3,30"], "Reverse validation of dimensions=30, which learns"),
        (["--method", "tca", "--grid", "dimensions=2,3"], "120 rows are too many"),
    ],
)
def test_what_the_rows_do_not_allow_is_refused_before_anything_is_learnt(
    synthda, features, monkeypatch, arguments, sentence
):
    def never(*given):
        raise AssertionError("something was learnt")

    monkeypatch.setattr(MSDA, "fit_transform", never)
    monkeypatch.setattr(Aligned, "fit", never)
    monkeypatch.setattr(tca, "MOST_ROWS", 115 if "120 rows" in sentence else 120)  # nine tenths of the source: 114
    failed = synthda("shallow", "source.npz", "target.npz", *arguments)
    assert failed.code == 2
    assert sentence in failed.err
    assert failed.err.count("\n") == 1


def test_a_source_of_one_class_is_refused_before_msda_learns(synthda, features, monkeypatch):
    monkeypatch.setattr(MSDA, "fit_transform", None)
    np.savez(features / "cups.npz", features=np.eye(8), labels=np.repeat("cup", 8))
    failed = synthda("shallow", "cups.npz", "target.npz", "--features", "msda")
    assert failed.code == 2
    assert "All source rows have the same label" in failed.err


def test_the_documented_python_labels_the_target(features, monkeypatch):
    rng = np.random.default_rng(0)
    for name in ("amazon", "webcam"):
        savemat(features / f"{name}.mat", {"fts": rng.random((50, 45)), "labels": np.arange(50)[:, None] % 2 + 1})
    monkeypatch.chdir(features)
    page = (Path(__file__).parents[2] / "docs" / "shallow.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    found: dict[str, object] = {}
    exec(example, found)
    classes = found["classes"]
    assert isinstance(classes, np.ndarray)
    assert classes.shape == (50,)
    assert set(classes) <= {1, 2}


def test_the_methods_are_listed_with_their_settings(synthda):
    listed = json.loads(synthda("methods", "--shallow", "--json").out)
    assert {"sa", "gfk", "coral", "tca", "dann", "nn", "svm", "none"} == {one["name"] for one in listed["methods"]}
    assert all(one["summary"] and one["settings"] for one in listed["methods"])
    assert "corruption" in synthda("methods", "--shallow").out


def test_torch_is_never_imported(features):
    program = (
        "import sys; from synthda.cli.app import app;"
        "app(['shallow', 'source.npz', 'target.npz', '--method', 'dann', '--set', 'epochs=1'], standalone_mode=False);"
        "sys.exit('torch' in sys.modules)"
    )
    inherited = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=features, env=inherited, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
