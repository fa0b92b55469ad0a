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


@pytest.fixture
def renderings(tmp_path):
    """Shards of even greys whose scenes tell the grey and a paper. Below 60 they are dark; below 128 they look it."""
    import numpy as np

    from synthda.datasets.shards import MANIFEST, shard_name, write_shard
    from synthda.manifest import FORMAT, sha256_of, write_json

    grey = np.linspace(10, 250, 200).round().astype("u1")
    scenes = np.zeros(200, [("label", "i8"), ("grey", "f4"), ("paper", "i4"), ("noise_seed", "i8")])
    scenes["label"], scenes["grey"], scenes["paper"] = np.where(grey < 60, 1, 0), grey, grey >= 128
    folder = tmp_path / "rendered"
    images = np.broadcast_to(grey[:, None, None, None], (200, 8, 8, 3)).copy()
    write_shard(folder / shard_name(0), images, scenes["label"], scenes)
    entry = {"file": shard_name(0), "rows": 200, "sha256": sha256_of(folder / shard_name(0))}
    about = {"format": FORMAT, "name": "greys", "image_shape": [8, 8, 3], "classes": ["bright", "dark"]}
    write_json(folder / MANIFEST, about | {"tables": {"paper": ["dull", "glossy"]}, "shards": [entry]})
    return folder


def test_accuracy_goes_by_a_factor_of_the_scenes(synthda, brightness_model, renderings, tmp_path):
    done = synthda("evaluate", brightness_model, "--data", renderings, "--by", "grey", "--json", "--plot", "p.png")
    assert done.code == 0
    by = json.loads(done.out)["by"]
    assert (by["factor"], by["n"]) == ("grey", 200)
    assert len(by["parts"]) == 10
    accuracies = [part["accuracy"] for part in by["parts"]]
    assert accuracies[0] == accuracies[-1] == 1  # below 60 called dark, above 128 called bright: both right
    assert min(accuracies) == 0  # between, bright ones look dark
    assert all(part["interval"][0] <= part["accuracy"] <= part["interval"][1] for part in by["parts"])
    with Image.open(tmp_path / "p.png") as plot:
        assert plot.format == "PNG"


def test_the_table_by_a_choice_names_its_entries(synthda, brightness_model, renderings):
    shown = synthda("evaluate", brightness_model, "--data", renderings, "--by", "paper")
    lines = {line.split()[0]: line.split() for line in shown.out.splitlines() if line.strip()}
    assert lines["glossy"][1:3] == ["102", "1.0000"]
    assert int(lines["dull"][1]) == 98


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--by", "gray"], "Did you mean grey"),
        (["--by", "noise_seed"], "There is no factor 'noise_seed'"),
        (["--plot", "p.png"], "name the factor with --by"),
    ],
)
def test_a_factor_that_is_none_is_one_sentence(synthda, brightness_model, renderings, tmp_path, arguments, sentence):
    failed = synthda("evaluate", brightness_model, "--data", renderings, *arguments)
    assert failed.code == 2
    assert sentence in failed.err
    assert failed.err.count("\n") == 1
    assert not (tmp_path / "p.png").exists()


def test_photographs_have_no_factors(synthda, brightness_model, grey_photos):
    failed = synthda("evaluate", brightness_model, "--data", grey_photos, "--by", "blur")
    assert failed.code == 2
    assert "greys has no scenes" in failed.err
