"""`synthda label` from its first to its last word, with a person who is a thread."""

from __future__ import annotations

import json
import math
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest
from PIL import Image

from synthda.adapt.labelling.measured import widest
from synthda.adapt.labelling.queues import queue_of
from synthda.manifest import sha256_of, write_json


def asked(url, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


@pytest.fixture
def shades(tmp_path):
    """40 even greys, for `brightness_model`."""
    folder = tmp_path / "shades"
    folder.mkdir()
    for number in range(40):
        Image.new("RGB", (20, 10), (6 * number + 1,) * 3).save(folder / f"{number:02d}.png")
    return folder


@pytest.fixture
def person(monkeypatch):
    """Opens the page, calls all photographs of a queue bright until there are as many labels as asked for, and ends."""
    wanted = {"measure": 0, "teach": 0}
    threads = []

    def visit(url):
        def label():
            for queue, count in wanted.items():
                for _ in range(count):
                    while not (photo := asked(f"{url}state?queue={queue}")["photo"]):
                        time.sleep(0.05)
                    asked(f"{url}label", {"queue": queue, "content": photo["content"], "label": "bright"})
            asked(f"{url}end", {})

        threads.append(threading.Thread(target=label))
        threads[-1].start()

    monkeypatch.setattr("webbrowser.open", visit)
    yield wanted
    for thread in threads:
        thread.join(10)


def test_a_session_says_where_the_page_is_and_what_to_go_on_with(synthda, brightness_model, shades, person):
    person |= {"measure": 12, "teach": 3}
    done = synthda("label", "model.onnx", "shades", "--open")
    assert done.code == 0
    assert "http://127.0.0.1:" in done.out
    contents = [sha256_of(path) for path in shades.iterdir()]
    measure, teach = (sum(queue_of(0, content) == queue for content in contents) for queue in ("measure", "teach"))
    within = math.ceil(100 * widest(measure))
    told = f"{measure} can measure (± {within} points at best), {teach} can teach.\n"
    assert told in done.out.partition("http://")[0]
    assert "shades-labels.jsonl: 12 photographs labelled to measure, 3 to teach." in done.out
    assert "95 % Wilson interval" in done.out
    assert "synthda evaluate model.onnx --labels shades-labels.jsonl" in done.out
    assert "--labelled-target shades-labels.jsonl" in done.out
    person |= {"measure": 1, "teach": 0}
    assert "13 photographs labelled to measure, 3 to teach" in synthda("label", "model.onnx", "shades", "--open").out


@pytest.mark.skipif(os.name == "nt", reason="quotes of a POSIX shell")
def test_the_command_to_teach_with_is_the_run_s_whatever_its_names(synthda, brightness_model, shades, person, tmp_path):
    run = tmp_path / "my run"
    run.mkdir()
    (tmp_path / "model.onnx").rename(run / "model.onnx")
    command = "synthda adapt --source s --out 'my run' --target 'my photos' --labelled-target 'a b.jsonl' --steps 3"
    write_json(run / "run.json", {"format": 1, "kind": "run", "provenance": {"command": command}})
    person |= {"teach": 1}
    said = synthda("label", "my run", "shades", "--open").out
    taught = "synthda adapt --source s --target 'my photos' --steps 3 --out 'my run-taught'"
    assert f"{taught} --labelled-target shades-labels.jsonl" in said


def test_in_the_folder_of_the_run_a_name_for_the_next_one_is_found(
    synthda, brightness_model, shades, person, tmp_path, monkeypatch
):
    run = tmp_path / "runs" / "v1.2"
    run.mkdir(parents=True)
    brightness_model.rename(run / "model.onnx")
    monkeypatch.chdir(run)
    (run / "run.json").write_text("damaged")
    person |= {"teach": 1}
    done = synthda("label", ".", shades, "--out", "labels.jsonl", "--open")
    assert done.code == 0
    assert f"--out {run.parent}/v1.2-taught" in done.out


def test_labels_of_another_folder_of_the_same_name_are_left_alone(synthda, brightness_model, shades, person, tmp_path):
    person |= {"measure": 2}
    assert synthda("label", "model.onnx", "shades", "--open").code == 0
    before = (tmp_path / "shades-labels.jsonl").read_bytes()
    moved = shades.rename(tmp_path / "moved")
    (tmp_path / "shades").mkdir()
    Image.new("RGB", (9, 9), "red").save(tmp_path / "shades" / "red.png")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "shades").rename(tmp_path / "elsewhere" / "shades")
    refused = synthda("label", "model.onnx", "elsewhere/shades")
    assert refused.code == 2
    assert "none of which is in elsewhere/shades; give another --out" in refused.err
    assert (tmp_path / "shades-labels.jsonl").read_bytes() == before
    person |= {"measure": 1}
    done = synthda("label", "model.onnx", moved, "--out", "shades-labels.jsonl", "--open")
    assert "3 photographs labelled to measure" in done.out, "the same photographs, moved, go on"


def test_evaluate_reads_what_was_labelled_to_measure(synthda, brightness_model, shades, person):
    person |= {"measure": 15, "teach": 4}
    synthda("label", "model.onnx", "shades", "--open", "--out", "l.jsonl")
    found = json.loads(synthda("evaluate", "model.onnx", "--labels", "l.jsonl", "--json").out)
    lines = [json.loads(line) for line in Path("l.jsonl").read_text().splitlines()[1:]]
    measured = [line for line in lines if line["queue"] == "measure"]
    bright = sum(6 * int(line["file"][:2]) + 1 > 127 for line in measured)
    assert (found["n"], found["right"]) == (15, bright)
    assert {line["content"] for line in measured}.isdisjoint(line["content"] for line in lines if line not in measured)
    shown = synthda("evaluate", "model.onnx", "--labels", "l.jsonl").out
    assert f"n = 15, 95 % Wilson interval {found['interval'][0]:.4f}" in shown
    assert "bright" in shown
    assert json.loads(synthda("evaluate", "model.onnx", "--data", "l.jsonl", "--json").out)["n"] == 15


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["evaluate", "model.onnx"], "--data, or labels with --labels"),
        (
            ["evaluate", "model.onnx", "--labels", "l.jsonl", "--data", "shades"],
            "--labels and --data do not go together",
        ),
        (["evaluate", "model.onnx", "--labels", "l.jsonl"], "l.jsonl cannot be read"),
        (["evaluate", "model.onnx", "--labels", "l.jsonl:measure"], "Error: l.jsonl cannot be read"),
        (
            ["evaluate", "model.onnx", "--labels", "l.jsonl:teach"],
            "for training alone; evaluation takes l.jsonl:measure",
        ),
        (["label", "model.onnx", "shades", "--out", "l.csv"], "ends in .jsonl"),
        (["label", "model.onnx", "none"], "no file or folder none"),
        (["label", "none.onnx", "shades"], "synthda export RUN"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(synthda, brightness_model, shades, arguments, sentence):
    failed = synthda(*arguments)
    assert failed.code == 2
    assert sentence in failed.err
    assert failed.err.count("\n") == 1


def test_a_port_that_is_taken_is_one_sentence(synthda, brightness_model, shades):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        failed = synthda("label", "model.onnx", "shades", "--port", port)
    assert failed.code == 2
    assert f"Port {port} is taken" in failed.err


def test_ctrl_c_ends_a_session_and_a_second_one_waits_its_turn(synthda, brightness_model, shades, tmp_path):
    inherited = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "synthda", "label", "model.onnx", "shades"]
    options = {"cwd": tmp_path, "env": inherited, "text": True, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **options) as first:
        url = next(word for line in first.stdout for word in line.split() if word.startswith("http://"))
        photo = asked(f"{url}state?queue=measure")["photo"]["content"]
        asked(f"{url}label", {"queue": "measure", "content": photo, "label": "dark"})
        second = synthda("label", "model.onnx", "shades")
        assert second.code == 2
        assert "open in another labelling session" in second.err
        first.send_signal(signal.SIGINT)
        try:
            said, complained = first.communicate(timeout=30)
        finally:
            first.kill()  # or a session that does not end keeps the test
    assert (first.returncode, complained) == (0, "")
    assert "1 photograph labelled to measure" in said
