"""The model card: every figure of the manifest, nothing that a name can break, and what a person wrote is kept."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from synthda.adapt.model_card.card import write_model_card
from synthda.adapt.model_card.facts import Facts
from synthda.adapt.model_card.figures import figure, limits
from synthda.adapt.model_card.texts import LIMITS
from synthda.adapt.run import Run
from synthda.errors import RunError
from synthda.manifest import write_json

CLASSES = ["<script>alert(1)</script>", "a | b\n# c", "`tick`", "unknown thing"]
EVALUATION = {
    "data": "shop --> <b>",
    "n": 1234,
    "accuracy": 0.71234,
    "interval": [0.68765, 0.73456],
    "recall": {"<script>alert(1)</script>": 0.8111, "a | b\n# c": None, "`tick`": 0.3222, "unknown thing": 0.9333},
    "mean_recall": 0.6888,
    "confusion": [[331, 2, 3, 1], [0, 0, 0, 0], [4, 5, 436, 7], [8, 9, 11, 417]],
    "calibration_error": 0.1357,
    "unknown_auroc": 0.8246,
}
MANIFEST: dict[str, Any] = {
    "format": 1,
    "kind": "run",
    "fingerprint": "f00d" * 16,
    "configuration": {
        "blueprint": {
            "method": "dann",
            "network": "conv-small",
            "classes": CLASSES,
            "input_size": [28, 36],
            "recipe": {"steps": 1500, "optimizer": "adam", "learning_rate": 0.00125},
            "fit": "crop",
            "seed": 17,
            "method_settings": {"lambda_max": 0.55},
            "network_settings": {"width": 19},
        },
        "data": {
            "sources": [{"name": "drawn|<i>", "images": 4321, "content": "a1" * 16, "labels": "b2" * 16}],
            "target": {"name": "photos", "images": 987, "content": "c3" * 16},
        },
        "inputs": {"weights": "d4" * 32},
    },
    "results": {
        "checkpoint": "selected",
        "steps": 1500,
        "selection": {"rule": "snd", "step": 1234, "candidates": [{"step": 1234, "score": 0.5}], "target": "c3"},
        "evaluation": EVALUATION,
        "evaluation_of_last": EVALUATION | {"accuracy": 0.7001},
        "rejection": {"temperature": 1.5151, "unknown_logit": 0.4242, "kept": 0.9512, "images": 777},
        "predicted_shares": dict(zip(CLASSES, [0.5, 0.01, 0.25, 0.24], strict=True)),
        "estimated_accuracy": {
            **{"value": 0.6543, "by": "average thresholded confidence", "source_accuracy": 0.9321},
            **{"source_images": 432, "target_images": 654, "error": -0.0581},
        },
        "parity": {"images": 512, "different_classes": 0, "largest_difference": 5.4e-07, "tolerance": 1e-4},
    },
    "provenance": {
        "command": "synthda adapt --source `x` --out\n```\nruns",
        **{"synthda": "0.1.0", "commit": None, "python": "3.11.7", "system": "Linux"},
        "versions": {"torch": "2.15.0"},
    },
}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A finished run with both baselines and their comparison."""
    found = Run(tmp_path / "run")
    write_json(found.manifest, MANIFEST)
    for name, accuracy in {"source-only": 0.4321, "train-on-target": 0.9876}.items():
        results = {"evaluation": EVALUATION | {"accuracy": accuracy}}
        write_json(found.folder / "baselines" / name / "run.json", MANIFEST | {"results": results})
    write_json(found.comparison, {"gap_closed": 0.5045, "proxy_a_distance": {"before": 1.2345, "after": 0.3456}})
    return found


def numbers(content: object) -> Iterator[int | float]:
    if isinstance(content, dict | list):
        for value in content.values() if isinstance(content, dict) else content:
            yield from numbers(value)
    elif isinstance(content, int | float):
        yield content


def test_every_figure_of_the_manifest_stands_in_it(run: Run) -> None:
    text = write_model_card(run).read_text(encoding="utf-8")
    results = copy.deepcopy(MANIFEST["results"])
    for name in ("evaluation", "evaluation_of_last"):
        results[name]["confusion"] = [sum(row) for row in results[name]["confusion"]]
    results["selection"]["candidates"] = []
    exact = results.pop("parity")
    signed, rough = (results["estimated_accuracy"].pop(name) for name in ("error", "value"))
    known = [figure(number) for number in numbers(results)] + ["0.4321", "0.9876", "50.4%", "1.2345", "0.3456"]
    known += [f"{exact['images']}", f"{exact['largest_difference']:.1e}", f"{signed:+.2f}", f"{rough:.2f}"]
    known += ["4,321", "987", "a1" * 16, "b2" * 16, "c3" * 16, "d4" * 32, "f00d" * 16, "0.00125", "0.55", "19", "17"]
    assert [one for one in known if one not in text] == []


def test_every_figure_stands_where_it_belongs(run: Run) -> None:
    text = write_model_card(run).read_text(encoding="utf-8")
    interval = f"{figure(0.68765)} … {figure(0.73456)}"
    rest = f"{interval} | 0.6888 | 0.1357 | 1,234 |"
    expected = [
        "|  | accuracy | 95 % interval | mean recall | calibration error | n |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        f"| source only (below) | 0.4321 | {rest}",
        f"| **this model** | 0.7123 | {rest}",
        f"| its last checkpoint | 0.7001 | {rest}",
        f"| trained on target labels (above) | 0.9876 | {rest}",
    ]
    assert "\n".join(expected) in text
    assert "| unknown thing | 0.9333 | 445 | 0.2400 |" in text, "images of the class, not predictions of it"
    assert f"| 4,321 | `{'a1' * 16}` | `{'b2' * 16}` |" in text
    assert "1.2345 before, 0.3456 after adaptation" in text
    assert "from 432 held-out source images (accuracy 0.9321) and 654 of the target" in text
    assert "uint8 RGB, (N, 28, 36, 3); fit: crop" in text
    assert "ImageOps.fit(image, (36, 28)" in text


@pytest.mark.parametrize(
    ("data", "scored", "told"),
    [("target", "evaluation", ("domain", "confidence")), ("other", "other", ("no target", "confidence unmeasured"))],
)
def test_the_limits_follow_from_what_was_learnt_and_measured(
    data: str, scored: str, told: tuple[str, ...], run: Run
) -> None:
    manifest = copy.deepcopy(MANIFEST)
    manifest["configuration"]["data"][data] = manifest["configuration"]["data"].pop("target")
    manifest["results"][scored] = manifest["results"].pop("evaluation")
    manifest["results"]["predicted_shares"] = dict(zip(CLASSES, [0.45, 0.024, 0.026, 0.5], strict=True))
    write_json(run.manifest, manifest)
    found = list(limits(Facts.of(run)))
    rare = "Hardly predicted on the target, missing there or not recognised: a \\| b \\# c."
    assert found[1:] == [rare, *(LIMITS[name] for name in (*told, "seed"))]


def test_the_comparison_of_the_last_export_is_told_and_what_8_bits_keep(run: Run) -> None:
    write_json(run.parity, MANIFEST["results"]["parity"] | {"images": 300, "different_classes": 0})
    write_json(run.parity_int8, {"same_class": 0.9875, "images": 256})
    text = write_model_card(run).read_text(encoding="utf-8")
    assert "compared with the trained network on 300 images: another class on 0" in text
    assert "| In 8 bits | the same class on 0.9875 of 256 images |" in text


def test_nothing_that_a_name_holds_acts(run: Run) -> None:
    text = write_model_card(run).read_text(encoding="utf-8")
    page = MarkdownIt("commonmark", {"html": True}).enable("table").render(text.split("\n---\n", 1)[1])
    assert "<script" not in page
    assert page.count("<b>") == page.count("<i>") == 0
    assert page.count("<!--") == page.count("-->") == 8, "the comments around what a person fills in"
    assert page.count("<h1>") == 1
    for table in page.split("<table>")[1:]:
        head, *rows = table.split("</table>")[0].split("</tr>")[:-1]
        assert {row.count("<td") for row in rows} == {head.count("<th") - head.count("<thead")}
    headings = [line[3:] for line in text.splitlines() if line.startswith("## ")]
    assert headings[:4] == ["Intended use", "Data", "How well it does", "Limits"]
    assert headings[4:] == ["Use", "Settings", "Licence and rights", "Contact", "Where it comes from"]


def test_the_top_is_yaml_as_hugging_face_reads_it(run: Run) -> None:
    yaml = pytest.importorskip("yaml")
    _, top, _ = write_model_card(run).read_text(encoding="utf-8").split("---\n", 2)
    found = yaml.safe_load(top)
    assert (found["license"], found["pipeline_tag"], found["library_name"]) == (
        *("unknown", "image-classification"),
        "onnx",
    )
    (result,) = found["model-index"][0]["results"]
    assert result["metrics"] == [{"type": "accuracy", "value": 0.71234}]
    assert result["dataset"]["name"] == "shop --> <b>"


def test_a_card_that_is_written_again_is_the_same_card(run: Run) -> None:
    once = write_model_card(run).read_bytes()
    assert write_model_card(run).read_bytes() == once
    run.model_card.unlink()
    assert write_model_card(run).read_bytes() == once


def test_what_a_person_filled_in_is_kept_while_figures_change(run: Run) -> None:
    text = write_model_card(run).read_text(encoding="utf-8")
    asked = "**To be filled in by a person:** what the model is for, who uses it, and what it must not be used for."
    assert asked in text
    said = "Fruit in our shops.\n\n- not for prices\n- \\1 of <b>them</b>"
    filled = text.replace(asked, said).replace("license: unknown  # a person fills this in", "license: cc-by-4.0")
    run.model_card.write_text(filled, encoding="utf-8")
    manifest = copy.deepcopy(MANIFEST)
    manifest["results"]["evaluation"]["accuracy"] = 0.8765
    write_json(run.manifest, manifest)
    again = write_model_card(run).read_text(encoding="utf-8")
    assert said in again
    assert again.split("\n")[1] == "license: cc-by-4.0"
    assert "| **this model** | 0.8765 |" in again
    assert again.count("**To be filled in by a person:**") == 3


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ("license:\n- mit\n- other", {"license": ["mit", "other"]}),
        ("license: other\nlicense_name: ours\nlicense_link: LICENSE", {"license": "other", "license_name": "ours"}),
        ("datasets: [a, b]\n'language':\n  - de", {"language": ["de"], "license": "unknown"}),
        ("license: mit\nnote: |\n  one\n\n  tags: no key\n# a remark", {"note": "one\n\ntags: no key\n"}),
        ("license: mit\ntags:\n- mine\n# a remark\n- other\nlanguage: de", {"language": "de"}),
    ],
    ids=["a list", "three keys", "no licence", "a text", "among those of synthda"],
)
def test_every_key_that_a_person_added_at_the_top_is_kept(run: Run, entries: str, said: dict[str, object]) -> None:
    yaml = pytest.importorskip("yaml")
    text = write_model_card(run).read_text(encoding="utf-8")
    run.model_card.write_text(text.replace("license: unknown  # a person fills this in", entries), encoding="utf-8")
    again = write_model_card(run).read_text(encoding="utf-8")
    found = yaml.safe_load(again.split("---\n", 2)[1])
    assert {name: found[name] for name in said} == said
    assert "synthda" in found["tags"]
    assert again.count("tags: [") == again.count("pipeline_tag:") == 1
    assert ("# a remark" in entries) == ("\n# a remark\n" in again)
    assert write_model_card(run).read_text(encoding="utf-8") == again


@pytest.mark.parametrize(
    "block",
    ["{} ask us {}", "{}  \nask us\n{}", "{}\nask us\n  {}", "{}\nask us {}", "{}\r\nask us\r\n{}"],
    ids=["on one line", "blank behind", "indented", "at the end", "Windows"],
)
def test_however_a_person_writes_between_the_comments_it_is_kept(run: Run, block: str) -> None:
    text = write_model_card(run).read_text(encoding="utf-8")
    comments = "<!-- a person fills in: contact -->", "<!-- end of contact -->"
    before, after = text.index(comments[0]), text.index(comments[1]) + len(comments[1])
    filled = text[:before] + block.format(*comments) + text[after:]
    run.model_card.write_bytes(b"\xef\xbb\xbf" + filled.replace("license: unknown", "license: mit").encode())
    again = write_model_card(run).read_text(encoding="utf-8")
    assert f"{comments[0]}\nask us\n{comments[1]}" in again
    assert "\nlicense: mit" in again


def test_a_card_whose_words_cannot_be_told_is_not_written_over(run: Run) -> None:
    text = write_model_card(run).read_text(encoding="utf-8")
    for damaged in (
        text.replace("<!-- end of contact -->", "").encode(),
        text.replace("**To be", "Müller").encode("cp1252", "replace"),
    ):
        run.model_card.write_bytes(damaged)
        with pytest.raises(RunError, match=r"MODEL_CARD\.md (is not UTF-8|has one of the comments around 'contact')"):
            write_model_card(run)
        assert run.model_card.read_bytes() == damaged


def test_without_labels_the_card_says_that_nothing_was_measured(run: Run) -> None:
    manifest = copy.deepcopy(MANIFEST)
    for name in ("evaluation", "evaluation_of_last", "rejection", "estimated_accuracy"):
        del manifest["results"][name]
    del manifest["configuration"]["data"]["target"]
    write_json(run.manifest, manifest)
    run.comparison.write_text("{damaged", encoding="utf-8")
    text = write_model_card(run).read_text(encoding="utf-8")
    assert "its accuracy there was not measured" in text
    assert "model-index" not in text
    assert "unsupervised domain adaptation" not in text
    assert "It always answers one of its classes" in text
    assert "Hardly predicted on the target, missing there or not recognised: a \\| b \\# c." in text


def test_an_unfinished_run_gets_a_card_that_says_so(run: Run) -> None:
    run.manifest.unlink()
    begun = {name: MANIFEST[name] for name in ("format", "kind", "fingerprint", "configuration")}
    write_json(run.partial_manifest, begun)
    text = write_model_card(run).read_text(encoding="utf-8")
    assert "**This run is not finished: nothing has been measured yet.**" in text
    assert "4,321" in text


def test_a_folder_without_a_run_or_with_half_a_manifest_is_refused(run: Run, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="There is no run"):
        write_model_card(Run(tmp_path / "nothing"))
    before = write_model_card(run).read_bytes()
    for part in ("configuration", "fingerprint"):
        write_json(run.manifest, {name: value for name, value in MANIFEST.items() if name != part})
        with pytest.raises(RunError, match="incomplete or damaged"):
            write_model_card(run)
    assert run.model_card.read_bytes() == before


@pytest.mark.parametrize("fit", ["stretch", "crop", "pad"])
def test_the_program_in_the_card_runs(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], fit: str
) -> None:
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper
    from PIL import Image

    nodes = [
        helper.make_node("Cast", ["images"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Flatten", ["floats"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "linear",
        [helper.make_tensor_value_info("images", TensorProto.UINT8, ["n", 28, 36, 3])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", 2])],
        [numpy_helper.from_array(np.eye(28 * 36 * 3, 2, dtype=np.float32), "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    model.metadata_props.add(key="classes", value='["reddish", "greenish"]')
    onnx.save(model, tmp_path / "model.onnx")
    Image.new("RGB", (40, 60), (9, 200, 10)).save(tmp_path / "photo.jpg", quality=95)
    manifest = json.loads(json.dumps(MANIFEST))
    manifest["configuration"]["blueprint"]["fit"] = fit
    write_json(run.manifest, manifest)
    text = write_model_card(run).read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    exec(text.split("```python\n")[1].split("\n```")[0], {})
    assert capsys.readouterr().out.split()[0] == ("reddish" if fit == "pad" else "greenish"), (
        "padded: the corner is black"
    )
