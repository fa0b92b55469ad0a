"""`synthda adapt` from end to end on a toy source, and its refusals."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch

from synthda.adapt.networks.pretrained import url_of, without_head
from synthda.cli.selecting import rejection_line
from synthda.manifest import sha256_of

QUICK = ["--set", "source_batch=8", "--set", "target_batch=8", "--set", "width=8", "--steps", "6", "--size", "16"]


@pytest.fixture
def source(synthda: Any, tmp_path: Path) -> str:
    assert synthda("generate", "stripes", "--count", 64, "--out", "stripes", "--workers", 1).code == 0
    return "stripes"


def test_the_whole_path_ends_with_a_model_that_predicts(
    synthda: Any, source: str, photos: Path, tmp_path: Path
) -> None:
    command = [
        "adapt",
        "--source",
        source,
        "--target",
        "photos",
        "--eval",
        "photos",
        "--out",
        "run",
        "--baselines",
        *QUICK,
    ]
    first = synthda(*command)
    assert first.code == 0, first.err
    assert "broken.jpg" in first.err
    assert "6 of them also in the target: transductive" in first.out
    assert [line.split() for line in first.out.splitlines() if "not run" in line] == [["train-on-target", "not", "run"]]
    for name in ("run.json", "model.onnx", "parity.json", "evaluation.json", "metrics.jsonl", "comparison.json"):
        assert (tmp_path / "run" / name).is_file(), name
    assert json.loads((tmp_path / "run" / "comparison.json").read_text())["oracle"] is None

    weights = (tmp_path / "run" / "checkpoints" / "last.pt").read_bytes()
    assert synthda(*command).code == 0
    assert (tmp_path / "run" / "checkpoints" / "last.pt").read_bytes() == weights

    predicted = synthda("predict", "run/model.onnx", "photos", "--out", "p.csv")
    assert predicted.code == 0
    assert len((tmp_path / "p.csv").read_text().splitlines()) == 1 + 6


def test_a_dry_run_writes_nothing(synthda: Any, source: str, photos: Path, tmp_path: Path) -> None:
    shown = synthda("adapt", "--source", source, "--target", "photos", "--out", "run", "--dry-run", *QUICK)
    assert shown.code == 0
    assert "Time     " in shown.out
    assert not (tmp_path / "run").exists()
    refused = synthda("adapt", "--source", source, "--target", "photos", "--out", "photos", "--dry-run", *QUICK)
    assert refused.code == 2
    assert "photos is not empty and holds no run" in refused.err


def test_one_photograph_is_counted_as_one(synthda: Any, source: str, photos: Path, tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (photos / "level" / "0.png").rename(tmp_path / "one" / "0.png")
    shown = synthda("adapt", "--source", source, "--target", "one", "--dry-run", *QUICK)
    assert "Target   one (1 image, labels unused)" in shown.out


def test_the_plan_names_every_folder_that_is_read(synthda: Any, source: str, photos: Path, tmp_path: Path) -> None:
    (photos / "level" / "broken.jpg").unlink()
    command = ("adapt", "--source", source, "--target", "photos", "--labelled-target", "photos", "--oracle", "photos")
    shown = synthda(*command, "--baselines", "--hold-out", "0.125", "--dry-run", *QUICK).out
    assert "Hold out 12.5% of each class" in shown
    assert "Labelled photos (6 images of the target, learnt too)" in shown
    assert "Oracle   photos (6 labelled images, for train-on-target alone)" in shown


def test_a_finished_run_is_adapted_without_any_source(synthda: Any, source: str, photos: Path, tmp_path: Path) -> None:
    first = ["--source", source, "--target", "photos", "--method", "source-only", "--out", "first", "--no-export"]
    assert synthda("adapt", *first, *QUICK).code == 0
    second = ["adapt", "--method", "shot", "--start", "first", "--target", "photos", "--out", "run", "--steps", "3"]
    done = synthda(*second, "--no-export")
    assert done.code == 0, done.err
    assert "Source   none; 2 classes" in done.out
    assert "Start    first, a run of source-only" in done.out
    blueprint = json.loads((tmp_path / "run" / "run.json").read_text())["configuration"]["blueprint"]
    assert blueprint["network_settings"] == {"width": 8}
    assert blueprint["input_size"] == [16, 16]
    for options, sentence in (
        (["--size", "32", "--network", "ganin-mnist"], "that run decides --network and --size"),
        (["--set", "width=4"], "that run decides --set width"),
        (["--baselines"], "--baselines trains on the source"),
    ):
        refused = synthda(*second, "--no-export", *options)
        assert refused.code == 2
        assert sentence in " ".join(refused.err.split())


def test_a_run_begins_with_another_s_weights_and_says_so(
    synthda: Any, source: str, photos: Path, tmp_path: Path
) -> None:
    first = ["--source", source, "--target", "photos", "--out", "first", "--no-export"]
    assert synthda("adapt", *first, *QUICK).code == 0
    second = ["adapt", "--method", "mcc", "--from", "first", "--source", source, "--target", "photos", "--out", "run"]
    done = synthda(*second, "--no-export", "--steps", "2")
    assert done.code == 0, done.err
    assert "From     first, a run of dann:" in done.out
    found = json.loads((tmp_path / "run" / "run.json").read_text())["configuration"]
    assert found["blueprint"]["network_settings"] == {"width": 8}
    assert found["blueprint"]["input_size"] == [16, 16]
    assert found["from"] == json.loads((tmp_path / "first" / "run.json").read_text())["fingerprint"]
    for options, sentence in (
        (["--network", "ganin-mnist"], "another network (conv-small, not ganin-mnist)"),
        (["--set", "width=4"], "another network settings (width=8, not width=4)"),
        (["--start", "first"], "give one of the two"),
    ):
        refused = synthda(*second, "--no-export", *options)
        assert refused.code == 2
        assert sentence in " ".join(refused.err.split())


@pytest.mark.parametrize(("option", "method"), [("--from", "mcc"), ("--start", "shot")])
def test_force_does_not_discard_the_run_that_is_gone_on_from(
    synthda: Any, source: str, photos: Path, tmp_path: Path, option: str, method: str
) -> None:
    domains = ["--source", source, "--target", "photos", "--no-export", "--no-report"]
    assert synthda("adapt", *domains, "--method", "source-only", "--out", "first", *QUICK).code == 0
    kept = (tmp_path / "first" / "run.json").read_bytes()
    command = ["adapt", *domains, "--method", method, option, "first", "--steps", "2"]
    refused = synthda(*command, "--out", "./first", "--force")
    assert refused.code == 2
    assert f"would discard first, the run that {option} names; choose another --out" in " ".join(refused.err.split())
    assert (tmp_path / "first" / "run.json").read_bytes() == kept
    assert synthda(*command, "--out", "second", "--force").code == 0


def test_other_settings_do_not_touch_a_finished_run_without_force(synthda: Any, source: str, photos: Path) -> None:
    command = ["adapt", "--source", source, "--target", "photos", "--out", "run", "--no-export", *QUICK]
    assert synthda(*command).code == 0
    for dry in ([], ["--dry-run"]):
        refused = synthda(*command, "--seed", "1", *dry)
        assert refused.code == 2
        assert "run holds a run with seed 0 instead of 1; choose another --out" in " ".join(refused.err.split())
        assert synthda(*command, "--seed", "1", "--force", "--dry-run").code == 0
    assert "Run      run, which is finished" in synthda(*command, "--dry-run").out
    assert synthda(*command, "--seed", "1", "--force").code == 0


def test_what_is_left_of_a_stopped_run_is_told_and_its_score_is_one_so_far(
    synthda: Any, source: str, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["adapt", "--source", source, "--target", "photos", "--out", "run", "--no-export", *QUICK]
    with monkeypatch.context() as patched:
        answers = iter([False, True])

        @contextmanager
        def interrupted_after_two(**_: bool) -> Iterator[Callable[[], bool]]:
            yield lambda: next(answers)

        patched.setattr("synthda.adapt.train.deferred_interrupt", interrupted_after_two)
        assert synthda(*command).code == 130
    shown = synthda(*command, "--dry-run").out
    assert "Run      run, which goes on after step 2" in shown
    assert "for the 4 steps that are left" in shown
    assert "for this training" in synthda(*command, "--dry-run", "--force").out
    scored = synthda("evaluate", "run", "--data", "photos")
    assert scored.code == 0
    assert "The run in run is not finished; this is the score of its checkpoint so far" in " ".join(scored.err.split())


def test_the_baselines_that_are_left_to_train_and_their_time_are_told(
    synthda: Any, source: str, photos: Path, tmp_path: Path
) -> None:
    (tmp_path / "labelled").mkdir()
    for folder in ("level", "upright"):
        (photos / folder / "2.png").rename(tmp_path / "labelled" / f"{folder}.png")
        (tmp_path / "labelled" / folder).mkdir()
        (tmp_path / "labelled" / f"{folder}.png").rename(tmp_path / "labelled" / folder / "2.png")
    command = ["adapt", "--source", source, "--target", "photos", "--out", "run", "--no-report", *QUICK]
    assert synthda(*command).code == 0
    assert "Time " not in synthda(*command, "--dry-run").out
    command += ["--oracle", "labelled", "--eval", "photos", "--baselines"]
    shown = synthda(*command, "--dry-run").out
    assert "Run      run, which is finished" in shown
    assert "Beside   source-only, which is trained too, for 6 steps\n" in shown
    assert re.search(r"Time     .* on cpu for source-only and train-on-target\n", shown)
    assert "for this training, source-only and train-on-target" in synthda(*command, "--dry-run", "--force").out
    assert synthda(*command).code == 0
    shown = synthda(*command, "--dry-run").out
    assert "Beside   source-only, which is trained already\n" in shown
    assert "Time " not in shown


def test_a_backbone_starts_from_the_file_of_weights_and_says_which(
    synthda: Any, source: str, photos: Path, tmp_path: Path
) -> None:
    layers, _ = without_head("squeezenet1_1", (32, 32))
    torch.save(layers.state_dict(), tmp_path / "w.pth")
    small = ["--set", "source_batch=2", "--set", "target_batch=2", "--steps", "1", "--size", "32", "--no-export"]
    command = ["adapt", "--source", source, "--target", "photos", "--out", "run", "--backbone", "squeezenet1_1"]
    command += ["--weights", "w.pth", *small]
    first = synthda(*command)
    assert first.code == 0, first.err
    assert f"Weights  {sha256_of(tmp_path / 'w.pth')}" in first.out
    torch.save({"other": torch.zeros(1)}, tmp_path / "w.pth")
    assert "w.pth does not fit squeezenet1_1" in synthda(*command, "--out", "other", "--dry-run").err
    (tmp_path / "w.pth").unlink()
    assert "w.pth does not exist" in synthda(*command).err
    assert synthda("evaluate", "run", "--data", "photos").code == 0


def test_the_time_of_what_a_method_starts_from_is_told_with_its_own(synthda: Any, source: str, photos: Path) -> None:
    command = ["adapt", "--source", source, "--target", "photos", "--method", "shot", "--out", "run", *QUICK]
    shown = synthda(*command, "--dry-run").out
    assert "First    source-only by the same recipe, which shot starts from, is trained before\n" in shown
    assert re.search(r"Time     .* on cpu for source-only to start from and this training\n", shown)
    assert synthda(*command, "--no-report").code == 0
    shown = synthda(*command, "--dry-run", "--force").out
    assert "for source-only to start from and this training" in shown


def test_weights_that_will_be_downloaded_are_told_before_and_not_once_they_are_there(
    synthda: Any, source: str, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.hub.get_dir", lambda: str(tmp_path / "hub"))
    url = url_of("squeezenet1_1")
    command = ["adapt", "--source", source, "--target", "photos", "--backbone", "squeezenet1_1", "--dry-run"]
    command += ["--set", "source_batch=2", "--set", "target_batch=2", "--steps", "1", "--size", "32"]
    assert f"Download {url}, when the training starts" in synthda(*command).out
    assert "Download" not in synthda(*command, "--weights", "none").out
    (tmp_path / "hub" / "checkpoints").mkdir(parents=True)
    kept = tmp_path / "hub" / "checkpoints" / url.rpartition("/")[2]
    kept.write_bytes(b"half of it")
    assert f"{kept.name} could not be downloaded" in synthda(*command).err
    torch.save(without_head("squeezenet1_1", (32, 32))[0].state_dict(), kept)
    again = synthda(*command)
    assert (again.code, "Download" in again.out) == (0, False)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--method", "dnan"], "There is no method 'dnan'. Did you mean dan"),
        (["--network", "conv-smal"], "Did you mean conv-small?"),
        (["--backbone", "resnet18", "--network", "ganin-mnist"], "--backbone is for --network backbone, not for ganin"),
        (["--weights", "w.pth"], "--weights is for --network backbone, not for conv-small; give --backbone MODEL"),
        (["--backbone", "resnet18", "--set", "model=resnet50"], "--backbone is short for --set model=…"),
        (["--set", "steps=9"], "by --steps and by --set"),
        (["--seed", "9223372036854775808"], "is out of range; give a whole number from 0 to 2⁶³ − 1"),
        (["--precision", "tf32", "--device", "cpu"], "precision=tf32 needs a GPU of compute capability 8.0"),
        (["--precision", "bf16", "--method", "vada", "--dry-run"], "precision=bf16 is too coarse"),
        (["--precision", "bf16", "--set", "precision=tf32"], "--precision is short for --set precision=…"),
        (["--graph", "on", "--device", "cpu"], "--graph on is not possible: there are no CUDA graphs on cpu"),
        (["--set", "lamda_max=1"], "Did you mean lambda_max"),
        (
            ["--method", "dan", "--set", "lambda_max=2"],
            "dan on conv-small has no setting 'lambda_max'; that is one of dann, ",
        ),
        (["--set", "learning_rate=fast"], "learning_rate accepts a number"),
        (["--size", "4"], "--size accepts 8…1024"),
        (["--device", "abacus"], "There is no device 'abacus'; give cpu, cuda, mps or auto"),
        (["--device", "meta"], "There is no device 'meta'"),
        (["--set", "schedule=fast"], "There is no schedule 'fast'"),
        (["--method", "train-on-target"], "--oracle"),
        (["--labelled-target", "photos", "--eval", "photos"], "--labelled-target and --eval share "),
        (["--oracle", "photos", "--eval", "photos"], "--oracle and --eval share "),
        (["--oracle", "photos"], "--oracle photos trains nothing by itself: add --baselines"),
        (["--target", "nowhere"], "There is no file, folder or data set 'nowhere'"),
        (["--target", "empty"], "empty"),
        (["--source", "unlabelled"], "outside of any class folder"),
        (["--source", "others"], "The sources have one class (cat); a classifier needs two or more"),
        (["--eval", "others"], "classes that the model does not know (cat)"),
        (["--eval", "others", "--dry-run"], "classes that the model does not know (cat)"),
        (["--method", "train-on-target", "--dry-run"], "--oracle"),
        (["--set", "source_domains=2"], "source_domains=2 does not fit 1 source; give 1"),
        (["--labelled-target", "photos", "--set", "source_batch=1"], "source_batch=1 is too small; give at least 2"),
    ],
)
def test_bad_input_is_one_sentence(
    options: list[str], sentence: str, synthda: Any, source: str, photos: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    for folder in ("unlabelled", "others/cat"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "1.png").write_bytes((photos / "level" / "0.png").read_bytes())
    given = {"--source": source, "--target": "photos", "--out": "run"}
    command = [part for name, value in given.items() if name not in options for part in (name, value)]
    failed = synthda("adapt", *command, *QUICK, *options)
    assert failed.code == 2
    assert sentence in failed.err
    assert "Traceback" not in failed.err
    assert not (tmp_path / "run").exists()


def test_where_images_lie_is_said_where_it_is_not_the_device_and_changes_no_weight(
    synthda: Any, source: str, photos: Path, tmp_path: Path
) -> None:
    command = ["adapt", "--source", source, "--target", "photos", "--no-export", *QUICK]
    found = {}
    for place in ("auto", "stream"):
        done = synthda(*command, "--images", place, "--out", place)
        assert done.code == 0, done.err
        found[place] = [line for line in done.out.splitlines() if line.startswith("Images ")]
    assert found["auto"] == []
    (line,) = found["stream"]
    assert "stripes, 64 images, 0.00 GB, is streamed from its shards" in line
    weights = [torch.load(tmp_path / place / "checkpoints" / "last.pt", weights_only=True) for place in found]
    assert weights[0]["configuration"] == weights[1]["configuration"]  # no part of what the run is
    assert all(torch.equal(value, weights[1]["method"][name]) for name, value in weights[0]["method"].items())
    again = synthda(*command, "--images", "stream", "--out", "auto")
    assert again.code == 0, again.err


def test_another_place_for_images_is_refused(synthda: Any, source: str, photos: Path) -> None:
    done = synthda("adapt", "--source", source, "--target", "photos", "--images", "tape", *QUICK)
    assert done.code == 2


def test_the_calibration_is_told_in_a_line() -> None:
    line = rejection_line({"temperature": 1.5, "unknown_logit": 6.25, "kept": 0.95, "images": 1200})
    assert "no class's logit reaches 6.25 (temperature 1.50); 95% of 1,200 held-out source images pass." in line


def test_unknown_is_an_answer_and_no_class_of_the_source(synthda: Any, source: str, photos: Path) -> None:
    command = ["adapt", "--source", source, "--target", "photos", "--out", "run", *QUICK]
    done = synthda(*command, "--unknown-below", "0.01")
    assert done.code == 0, done.err
    assert re.search(r"; (\d+) classes: .*, or unknown$", done.out, re.MULTILINE)
    assert not re.search(r"Hardly predicted.*unknown", done.out)
    assert ", or unknown" not in synthda(*command[: -1 - len(QUICK)], "plain", *QUICK, "--dry-run").out


def test_baselines_that_nothing_scores_are_called_so(synthda: Any, source: str, photos: Path) -> None:
    command = ["adapt", "--source", source, "--target", "photos", "--no-export", "--no-report", "--baselines", *QUICK]
    done = synthda(*command, "--out", "unscored")
    assert done.code == 0
    assert "Without --eval no accuracy is known" in " ".join(done.err.split())


@pytest.mark.parametrize(
    ("given", "known"),
    [
        ((), False),
        (("--eval", "photos"), False),
        (("--baselines",), False),
        (("--eval", "photos", "--baselines"), True),
        (("--hold-out", "0.3"), False),
        (("--baselines", "--hold-out", "0.3"), True),
        (("--method", "source-only"), True),
    ],
)
def test_where_nothing_tells_what_was_gained_over_the_source_alone_it_says_so(
    synthda: Any, source: str, photos: Path, given: tuple[str, ...], known: bool
) -> None:
    command = ["adapt", "--source", source, "--target", "photos", "--no-export", "--no-report", *QUICK]
    done = synthda(*command, "--out", "gain", *given)
    assert done.code == 0, done.err
    assert ("the source alone is not known" in " ".join(done.out.split())) is not known


def test_what_was_gained_is_known_by_what_the_folder_holds(synthda: Any, source: str, photos: Path) -> None:
    command = ["adapt", "--source", source, "--target", "photos", "--no-export", "--no-report", *QUICK]
    told = "the source alone is not known"
    assert synthda(*command, "--out", "scored", "--eval", "photos", "--baselines").code == 0
    assert told not in " ".join(synthda(*command, "--out", "scored").out.split())
    assert synthda(*command, "--out", "floorless", "--baselines").code == 0
    assert told in " ".join(synthda(*command, "--out", "floorless", "--eval", "photos").out.split())
