"""Coarser arithmetic is where it was asked for, in the networks, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from toy import blueprint, build, domain, logged, same, stopping_after, train_toy, weights

from synthda.adapt.blueprint import Blueprint
from synthda.adapt.infer import probabilities
from synthda.adapt.method import Batch, LossTerms
from synthda.adapt.methods import METHODS
from synthda.adapt.methods.source_only import SourceOnly
from synthda.adapt.network import Network
from synthda.adapt.precision import check_precision, computing_in, tf32
from synthda.adapt.resident import Resident
from synthda.adapt.run import Run
from synthda.errors import SettingError
from synthda.manifest import fingerprint

FLOAT32_ONLY = {"vada", "dirt-t", "m-adda"}
WITHOUT_STEPS = {"adabn", "sa"}


class Spy(SourceOnly):
    """Writes down what its modules compute in, what it sees of them, and where."""

    uses_target = True
    refresh_every = 1

    def __init__(self, network: Network) -> None:
        super().__init__(network)
        self.inside: list[torch.dtype] = []
        self.outside: list[torch.dtype] = []
        self.refreshed: list[torch.dtype] = []
        network.feature_extractor[0].register_forward_hook(lambda *given: self.inside.append(given[2].dtype))

    def losses(self, batch: Batch, p: Tensor) -> LossTerms:
        features = self.network.features(batch.source[0])
        logits = self.network.label_predictor(features)
        products = features @ features.T
        self.outside += [features.dtype, logits.dtype, products.dtype]
        return super().losses(batch, p)

    def refresh(self, sources: Sequence[Resident], target: Iterable[Tensor]) -> None:
        seen = len(self.inside)
        self.network(next(iter(target)))
        self.refreshed += self.inside[seen:]
        del self.inside[seen:]


def spied(run: Run, precision: str) -> Spy:
    plan = blueprint("source-only", steps=2, precision=precision)
    spy = Spy(plan.build().network)
    train_toy(plan, run, method=spy)
    return spy


def test_bf16_is_inside_the_modules_and_float32_between_them(tmp_path: Path) -> None:
    spy = spied(Run(tmp_path), "bf16")
    assert set(spy.inside) == {torch.bfloat16}
    assert set(spy.outside) == {torch.float32}
    assert set(spy.refreshed) == {torch.float32}
    assert {value.dtype for value in spy.state_dict().values()} == {torch.float32}


def test_without_it_nothing_is_coarse(tmp_path: Path) -> None:
    spy = spied(Run(tmp_path), "float32")
    assert set(spy.inside) | set(spy.outside) | set(spy.refreshed) == {torch.float32}


def test_what_has_learnt_in_bf16_is_scored_in_float32(tmp_path: Path) -> None:
    spy = spied(Run(tmp_path), "bf16")
    spy.inside.clear()
    probabilities(spy, domain().images)
    assert set(spy.inside) == {torch.float32}


def test_a_layer_that_is_called_alone_is_coarse_as_within_its_network() -> None:
    torch.manual_seed(0)
    network = nn.ModuleList([nn.Linear(64, 64)]).train()
    given = torch.rand(8, 64)
    rounded = (given.bfloat16() @ network[0].weight.bfloat16().T).float() + network[0].bias
    with computing_in("bf16", network, "cpu"):
        found = network[0](given)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, rounded, rtol=2**-7, atol=2**-7)
    assert not torch.equal(found, network[0](given))


def test_an_error_inside_a_module_leaves_no_autocast_open() -> None:
    network = nn.ModuleList([nn.Sequential(nn.Linear(3, 3), nn.Linear(4, 4))]).train()
    with computing_in("bf16", network, "cpu"):
        with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
            network[0](torch.rand(2, 3))
        assert not torch.is_autocast_enabled("cpu")
        assert network[0][0](torch.rand(2, 3)).dtype == torch.float32
    assert not network[0]._forward_hooks
    assert not network[0]._forward_pre_hooks


@pytest.mark.parametrize("name", [name for name in METHODS if name not in FLOAT32_ONLY | WITHOUT_STEPS])
def test_every_other_method_learns_in_bf16(name: str, tmp_path: Path) -> None:
    trained = {}
    for precision in ("bf16", "float32"):
        plan = blueprint(name, steps=2, optimizer="sgd", precision=precision)
        method = build(blueprint(name))  # what it starts from has learnt in float32
        trained[precision] = weights(train_toy(plan, Run(tmp_path / precision), method=method))
    assert all(value.isfinite().all() for value in trained["bf16"].values())
    assert not same(trained["bf16"], trained["float32"])
    first, expected = (logged(Run(tmp_path / precision))[0] for precision in ("bf16", "float32"))
    assert first == pytest.approx(expected, rel=0.05, abs=0.05)


def test_a_run_in_bf16_stopped_and_resumed_is_the_same_run(tmp_path: Path) -> None:
    plan = blueprint(steps=4, precision="bf16")
    whole = weights(train_toy(plan, Run(tmp_path / "whole")))
    with pytest.raises(KeyboardInterrupt):
        train_toy(plan, Run(tmp_path / "stopped"), pace=stopping_after(2))
    assert same(weights(train_toy(plan, Run(tmp_path / "stopped"))), whole)
    assert logged(Run(tmp_path / "stopped")) == logged(Run(tmp_path / "whole"))


def test_tf32_is_what_is_asked_for_and_put_back() -> None:
    matmul, convolution = torch.backends.cuda.matmul, torch.backends.cudnn.conv  # type: ignore[attr-defined]
    before = matmul.fp32_precision, convolution.fp32_precision
    for on, expected in ((True, "tf32"), (False, "ieee")):
        with tf32(on):
            assert (matmul.fp32_precision, convolution.fp32_precision) == (expected, expected)
        assert (matmul.fp32_precision, convolution.fp32_precision) == before


def of_gpu(monkeypatch: pytest.MonkeyPatch, name: str, capability: tuple[int, int]) -> None:
    monkeypatch.setattr("torch.cuda.get_device_capability", lambda device: capability)
    monkeypatch.setattr("torch.cuda.get_device_name", lambda device: name)


def test_a_device_that_does_not_compute_in_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    method = blueprint().build()
    check_precision("bf16", method, "cpu")
    with pytest.raises(SettingError, match=r"precision=tf32 needs a GPU of compute capability 8\.0, and this is cpu"):
        check_precision("tf32", method, "cpu")
    with pytest.raises(SettingError, match="this is mps; give --precision float32"):
        check_precision("bf16", method, "mps")
    of_gpu(monkeypatch, "Tesla T4", (7, 5))
    check_precision("float32", method, "cuda")
    with pytest.raises(SettingError, match=r"precision=bf16 needs .*Tesla T4, compute capability 7\.5; give"):
        check_precision("bf16", method, "cuda")
    of_gpu(monkeypatch, "H100", (9, 0))
    check_precision("bf16", method, "cuda")
    check_precision("tf32", method, "cuda")


@pytest.mark.parametrize("name", [*sorted(FLOAT32_ONLY), "vada+mcc"])
def test_methods_of_small_differences_refuse_coarse_numbers(name: str) -> None:
    with pytest.raises(SettingError, match=r"precision=bf16 is too coarse: .*; give --precision float32"):
        check_precision("bf16", blueprint(name).build(), "cpu")


def test_adabn_refuses_what_the_method_before_it_refuses() -> None:
    with pytest.raises(SettingError, match="too coarse"):
        check_precision("bf16", blueprint("adabn", after="vada").build(), "cpu")


def test_the_usual_settings_leave_no_trace_in_a_manifest_and_others_do() -> None:
    usual, coarse, eager = blueprint(), blueprint(precision="bf16"), blueprint(graph="off")
    assert not usual.as_dict()["recipe"].keys() & {"precision", "graph"}
    assert coarse.as_dict()["recipe"]["precision"] == "bf16"
    assert eager.as_dict()["recipe"]["graph"] == "off"
    assert len({fingerprint(plan.as_dict()) for plan in (usual, coarse, eager)}) == 3
    for plan in (usual, coarse, eager):
        assert Blueprint.from_dict(plan.as_dict()) == plan


def test_a_run_from_before_there_were_precisions_is_recognised() -> None:
    recipe = blueprint().as_dict()["recipe"]
    assert set(recipe) == {
        *("steps", "source_batch", "target_batch", "optimizer", "learning_rate", "momentum"),
        *("weight_decay", "schedule", "source_view", "target_view"),
    }
    found = Blueprint.from_dict(blueprint().as_dict())
    assert (found.recipe.precision, found.recipe.graph) == ("float32", "auto")
