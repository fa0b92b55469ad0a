"""A plan is read from TOML as it stands there, and every mistake in it is one sentence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from synthda.adapt.comparison.plan import Entry, Pair, Plan
from synthda.adapt.comparison.plan_file import read_plan
from synthda.adapt.selection import HELD_OUT
from synthda.errors import SettingError

PAIR = '[pairs.digits]\nsource = "mnist:train"\ntarget = "photos"\neval = "labelled"\n'


def read(tmp_path: Path, text: str) -> Plan:
    (tmp_path / "plan.toml").write_text(text, encoding="utf-8")
    return read_plan(tmp_path / "plan.toml")


def test_everything_in_the_file_is_in_the_plan(tmp_path: Path) -> None:
    told = """
        seeds = [3, 5]
        network = "ganin-mnist"
        steps = 200
        size = 28
        fit = "pad"
        rules = ["bnm"]
        candidates = 4
        calibrates_unknown = true
        methods = ["dann", "gentle"]
        set = { learning_rate = 0.003 }
        [pairs.two-sources]
        source = ["a", "b"]
        target = "photos"
        eval = "labelled"
        labelled_target = "few"
        oracle = "many"
        [variants.gentle]
        method = "dann"
        network = "conv-small"
        steps = 100
        set = { lambda_max = 0.5, padding = "same" }
    """
    assert read(tmp_path, told) == Plan(
        pairs=(Pair("two-sources", ("a", "b"), "photos", "labelled", "few", "many"),),
        entries=(
            Entry("dann", "dann"),
            Entry("gentle", "dann", "conv-small", 100, {"lambda_max": "0.5", "padding": "same"}),
        ),
        seeds=(3, 5),
        network="ganin-mnist",
        steps=200,
        size=28,
        fit="pad",
        rules=("bnm",),
        candidates=4,
        calibrates_unknown=True,
        given={"learning_rate": "0.003"},
    )


def test_source_only_and_the_oracle_come_by_themselves(tmp_path: Path) -> None:
    plan = read(tmp_path, 'methods = ["mcc"]\n' + PAIR)
    assert [entry.name for entry in plan.rows_of(plan.pairs[0])] == ["source-only", "mcc"]
    plan = read(tmp_path, 'methods = ["mcc"]\n' + PAIR + 'oracle = "many"\n')
    assert [entry.name for entry in plan.rows_of(plan.pairs[0])] == ["source-only", "mcc", "train-on-target"]


def test_a_few_labelled_photographs_make_no_oracle(tmp_path: Path) -> None:
    plan = read(tmp_path, 'methods = ["mcc"]\n' + PAIR + 'labelled_target = "few"\n')
    assert [entry.name for entry in plan.rows_of(plan.pairs[0])] == ["source-only", "mcc"]
    with pytest.raises(SettingError, match="give them with oracle"):
        read(tmp_path, 'methods = ["mcc", "train-on-target"]\n' + PAIR + 'labelled_target = "few"\n')


def test_a_source_only_variant_does_not_replace_the_plain_one(tmp_path: Path) -> None:
    plan = read(tmp_path, PAIR + '[variants.smooth]\nmethod = "source-only"\nset = { label_smoothing = 0.1 }\n')
    assert [entry.name for entry in plan.rows_of(plan.pairs[0])] == ["source-only", "smooth"]


def test_variants_alone_are_the_methods(tmp_path: Path) -> None:
    plan = read(tmp_path, PAIR + '[variants.strong]\nmethod = "dann"\n')
    assert plan.entries == (Entry("strong", "dann"),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "at least one pair"),
        (PAIR, "at least one method"),
        ('method = ["dann"]\n' + PAIR, "Did you mean methods"),
        ('methods = "dann"\n' + PAIR, "list of texts"),
        ('methods = ["dann", "dann"]\n' + PAIR, "named twice"),
        ('methods = ["dann"]\nseeds = 3\n' + PAIR, "list of whole numbers"),
        ('methods = ["dann"]\nseeds = [1, 1]\n' + PAIR, "different whole numbers"),
        ('methods = ["dann"]\nseeds = []\n' + PAIR, "different whole numbers"),
        ('methods = ["dann"]\nsteps = "many"\n' + PAIR, "steps is a whole number"),
        ('methods = ["dann"]\nsize = 4\n' + PAIR, "accepts 8…1024"),
        ('methods = ["dann"]\nfit = "fill"\n' + PAIR, "There is no fit 'fill'"),
        ('methods = ["dann"]\nfit = 3\n' + PAIR, "fit is a text"),
        ('methods = ["dann"]\nseeds = [9223372036854775808]\n' + PAIR, "from 0 to 2⁶³ − 1"),
        ('methods = ["dann"]\ncalibrates_unknown = 1\n' + PAIR, "true or false"),
        ('methods = ["dann"]\npairs = 3\n', "is a table"),
        ('methods = ["dann"]\n[pairs.x]\nsource = "a"\n', r"\[pairs.x\] has no target"),
        ('methods = ["dann"]\nrules = ["bnm"]\n[pairs.x]\nsource = "a"\ntarget = "b"\n', "x has no eval; give it one"),
        ('methods = ["dann"]\n[pairs.x]\nsource = []\ntarget = "b"\neval = "c"\n', "empty list as its source"),
        ('methods = ["dann"]\n' + PAIR + "weight = 1\n", "no entry of pairs.digits 'weight'"),
        ('methods = ["dann"]\n' + PAIR + '[variants.y]\nmethod = "dann"\n', "name it in methods"),
        (PAIR + '[variants.source-only]\nmethod = "dann"\n', "'source-only' is the name of a baseline"),
        ("methods = [", "is not TOML"),
    ],
)
def test_a_mistake_is_told_in_one_sentence_with_the_file(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=said) as caught:
        read(tmp_path, text)
    assert "plan.toml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"none\.toml cannot be read"):
        read_plan(tmp_path / "none.toml")


def test_networks_of_different_sizes_need_one_size() -> None:
    pair = Pair("p", ("a",), "b", "c")
    entries = (Entry("dann", "dann"), Entry("other", "dann", "ganin-gtsrb"))
    with pytest.raises(SettingError, match="give one size for all"):
        _ = Plan((pair,), entries).input_size
    assert Plan((pair,), entries, size=40).input_size == (40, 40)


def test_source_is_held_out_where_a_rule_a_calibration_or_any_pair_without_labels_needs_it() -> None:
    scored, blind = Pair("p", ("a",), "b", "c"), Pair("q", ("a",), "b")
    plan = Plan((scored,), (Entry("dann", "dann"),))
    assert plan.selection.share == 0
    for changes in ({"rules": ("source-accuracy",)}, {"calibrates_unknown": True}, {"pairs": (scored, blind)}):
        assert replace(plan, **changes).selection.share == HELD_OUT  # type: ignore[arg-type]
