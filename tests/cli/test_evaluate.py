from __future__ import annotations

import json

import pytest
from PIL import Image


def test_accuracy_recall_and_confusions_of_a_model(synthda, brightness_model, grey_photos):
    done = synthda("evaluate", brightness_model, "--data", grey_photos, "--json")
    assert done.code == 0
    scored = json.loads(done.out)
    assert (scored["n"], scored["accuracy"], scored["mean_recall"]) == (4, 0.75, 0.75)
    assert scored["recall"] == {"bright": 1.0, "dark": 0.5}
    assert scored["confusion"] == [[2, 0], [1, 1]]
    # confidences .8 1 1 .8, right 1 1 1 0: bin of .8 holds half the images, |.5 − .8| · ½
    assert scored["calibration_error"] == pytest.approx(0.15, abs=1e-3)
    assert scored["skipped"] == 1


def test_the_table_names_n_the_interval_and_every_class(synthda, brightness_model, grey_photos):
    shown = synthda("evaluate", brightness_model, "--data", grey_photos)
    for words in ("0.7500", "n = 4", "95 % interval", "mean recall", "calibration error", "true \\ predicted", "0.500"):
        assert words in shown.out
    assert "broken.png" in shown.err


def test_a_run_is_scored_by_its_exported_model(synthda, brightness_model, grey_photos, tmp_path):
    (tmp_path / "run").mkdir()
    brightness_model.rename(tmp_path / "run" / "model.onnx")
    scored = json.loads(synthda("evaluate", "run", "--data", grey_photos, "--json").out)
    assert scored["accuracy"] == 0.75
    assert scored["model"].endswith("model.onnx")


def test_data_without_labels_is_refused(synthda, brightness_model, grey_photos):
    failed = synthda("evaluate", brightness_model, "--data", grey_photos / "bright")
    assert failed.code == 2
    assert "folder named for its class" in failed.err


def test_a_class_that_the_model_lacks_is_named(synthda, brightness_model, grey_photos):
    (grey_photos / "green").mkdir()
    Image.new("RGB", (9, 9)).save(grey_photos / "green" / "1.png")
    failed = synthda("evaluate", brightness_model, "--data", grey_photos)
    assert failed.code == 2
    assert "green" in failed.err


def test_a_folder_that_is_no_run_is_refused(synthda, grey_photos):
    failed = synthda("evaluate", grey_photos, "--data", grey_photos)
    assert failed.code == 2
    assert "holds no run" in failed.err


def test_with_many_classes_the_largest_confusions_are_listed(synthda, capsys):
    import numpy as np

    from synthda.adapt.evaluate import evaluate
    from synthda.cli.score_tables import print_evaluation

    classes = tuple(f"class {number}" for number in range(20))
    labels = np.repeat(np.arange(20), 10)
    guesses = labels.copy()
    guesses[:7] = 3
    print_evaluation(evaluate(np.eye(20, dtype=np.float32)[guesses], labels, classes))
    shown = capsys.readouterr().out
    line = next(line for line in shown.splitlines() if "70.0 %" in line)
    assert line.split() == ["class", "0", "class", "3", "7", "70.0", "%"]
