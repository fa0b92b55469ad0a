"""What one forward pass shows, and methods that combine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from shown import accuracy_on_shifted_colours, colour_network
from torch import nn
from toy import blueprint

from synthda.adapt.additive import AdditiveMethod, Combination, Seen, entropy
from synthda.adapt.method import Batch, Method
from synthda.adapt.methods import METHODS, build_method
from synthda.adapt.methods.dann import DANN
from synthda.adapt.networks.ganin import GaninMnist
from synthda.errors import SettingError
from synthda.settings import load

UNASKED = ("step", "steps", "optimizers", "refresh", "predict", "chances", "normalise_by", "can_begin_from")
UNASKED += ("uses_source", "uses_target", "least_target", "source_views", "refresh_every")
"""What a combination does not ask its parts for."""
MORE_THAN_TERMS = [
    name
    for name in METHODS
    if any(getattr(load("method", name, METHODS), each) is not getattr(Method, each) for each in UNASKED)
]
P = torch.tensor(0.5)


def batch(n_source: int = 5, n_target: int = 7, side: int = 4) -> Batch:
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(n_source + n_target, 3, side, side, generator=generator)
    zeros = torch.zeros(n_source, dtype=torch.int64)
    return Batch((images[:n_source],), zeros, zeros, zeros, (images[n_source:],), torch.zeros(n_target).long())


def test_the_layers_are_the_features_what_each_hidden_layer_gives_and_the_logits() -> None:
    network, given = GaninMnist(10), batch(side=28)
    seen = Seen(network, given)
    assert [layer.shape[1] for layer in seen.layers_s] == [768, 100, 100, 10]
    assert (seen.layers_t[1] >= 0).all(), "after the ReLU"
    torch.testing.assert_close(seen.logits_t, network(given.target[0]))


def test_the_entropy_of_a_sure_prediction_is_0_and_of_equal_chances_the_logarithm_of_their_number() -> None:
    found = entropy(torch.tensor([[1.0, 0.0, 0.0, 0.0], [0.25] * 4]))
    torch.testing.assert_close(found, torch.tensor([0.0, 4.0]).log().clamp_min(0))


@pytest.mark.parametrize("gap", [10.0, 95.0, 104.0, 500.0])
def test_the_entropy_of_a_prediction_sends_no_nan_however_sure_it_is(gap: float) -> None:
    """From a gap of 104 on, the softmax of float32 is 0, and the slope of −p ln p there is infinite."""
    logits = torch.tensor([[0.0, -gap, -gap], [1.0, 0.0, -1.0]], requires_grad=True)
    entropy(logits.softmax(dim=1)).mean().backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    assert logits.grad.isfinite().all()
    assert (logits.grad[1] != 0).all()


def test_the_entropy_of_nan_is_nan() -> None:
    assert entropy(torch.tensor([[torch.nan, 0.0]])).isnan().all()


def test_a_combination_has_one_label_loss_and_the_terms_of_all_around_one_network() -> None:
    network = colour_network()
    combined = build_method("dann+mcc+afn", network, {"temperature": 2.0, "lambda_max": 0.5})
    assert isinstance(combined, Combination)
    assert all(part.network is network for part in combined.parts)
    assert combined.parts[1].softmax_temperature == 2.0
    terms = combined.losses(batch(), P)
    assert set(terms) == {"label", "domain", "domain_accuracy", "confusion", "feature_norm"}
    for name in ("mcc", "afn"):
        alone = build_method(name, network, {"temperature": 2.0}).losses(batch(), P)
        assert all(torch.equal(terms[term], value) for term, value in alone.items())


@pytest.mark.parametrize("order", ["mcc+bnm+vada+dann", "dann+vada+bnm+mcc"])
def test_a_combination_needs_what_any_of_its_parts_does(order: str) -> None:
    combined = build_method(order, colour_network(), {"source_domains": 3})
    bnm, vada = (build_method(name, colour_network(), {}) for name in ("bnm", "vada"))
    assert combined.source_domains == 3
    assert combined.eager_because == bnm.eager_because is not None
    assert combined.needs_float32 == vada.needs_float32 is not None


def test_a_combination_starts_from_what_one_of_its_parts_starts_from() -> None:
    combined, trained = (build_method(name, colour_network(), {}) for name in ("mcc+iw-dann", "source-only"))
    assert combined.starts_from == "source-only"
    with torch.no_grad():
        for parameter in trained.parameters():
            parameter.add_(1)
    combined.begin_from(trained)
    kept = combined.parts[1].pre_classifier.state_dict()  # type: ignore[attr-defined]
    assert all(torch.equal(value, kept[name]) for name, value in trained.network.state_dict().items())


def test_terms_that_several_parts_have_are_told_apart_by_the_parts_names() -> None:
    combined = build_method("dann+cdan+mcc", colour_network(), {})
    assert isinstance(combined, Combination)
    found = combined.losses(batch(), P)
    shared = [f"{part}/{term}" for part in ("dann", "cdan") for term in ("domain", "domain_accuracy")]
    assert set(found) == {"label", "confusion", *shared}
    for name, part in zip(("dann", "cdan"), combined.parts, strict=False):
        assert isinstance(part, AdditiveMethod)
        for term, value in Combination({name: part}).losses(batch(), P).items():
            assert torch.equal(found.get(term, found.get(f"{name}/{term}")), value)  # type: ignore[arg-type]


def test_a_combination_trains_the_parameters_of_its_parts_once_each() -> None:
    combined = build_method("dann+mdd", colour_network(), {})
    names = [name for name, _ in combined.named_parameters()]
    dann = combined.parts[0]  # type: ignore[attr-defined]
    assert isinstance(dann, DANN)
    held = sum(1 for parameter in combined.parameters() for own in dann.parameters() if own is parameter)
    assert held == len(list(dann.parameters()))
    assert len(names) == len(set(names)) == len(list(combined.parameters()))


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("dann+source-only", "source-only adds no term.*combine any of ddc"),
        ("dann+dann", "names a method twice"),
        ("dann+mmc", "Did you mean .*mcc"),
        ("dann+", "There is no method ''"),
    ],
)
def test_what_cannot_be_combined_is_refused_with_a_sentence(name: str, sentence: str) -> None:
    with pytest.raises(SettingError, match=sentence):
        blueprint(name)


@pytest.mark.parametrize("order", ["dann+fixmatch", "fixmatch+dann"])
def test_beside_a_method_that_compares_views_the_others_see_the_weak_one(order: str) -> None:
    combined = blueprint(order).build()
    assert combined.target_views == ("weak", "strong")
    strong = batch(side=16)
    given = replace(strong, target=(strong.target[0], strong.target[0].flip(3)))
    terms = combined.losses(given, torch.tensor(0.5))
    for part in combined.parts:  # type: ignore[union-attr]
        alone = part.losses(given if part.target_views else strong, torch.tensor(0.5))
        for name, value in alone.items():
            torch.testing.assert_close(terms[name], value)
    assert {"label", "domain", "consistency"} <= set(terms)


@pytest.mark.parametrize("name", MORE_THAN_TERMS)
@pytest.mark.parametrize("order", ["dann+{}", "{}+dann"])
def test_a_method_that_does_more_than_add_terms_does_not_combine(name: str, order: str) -> None:
    with pytest.raises(SettingError, match=f"^{name} adds no term to another method's loss, .* combine any of ddc, "):
        blueprint(order.format(name))


def test_methods_that_alternate_do_more_than_add_terms() -> None:
    assert {"mcd", "adda", "m-adda"} < set(MORE_THAN_TERMS)


def test_a_setting_of_any_part_may_be_given_and_one_of_none_is_refused() -> None:
    plan = blueprint("dann+mcc", temperature=3, gamma=5)
    assert dict(plan.method_settings) == {"temperature": 3.0, "gamma": 5.0}
    with pytest.raises(SettingError, match="no setting 'afn_step'"):
        blueprint("dann+mcc", afn_step=1)


def test_with_batch_norm_the_label_loss_does_not_depend_on_the_target() -> None:
    network = colour_network()
    network.feature_extractor.append(nn.BatchNorm1d(16))
    one, other = batch(), batch()
    other.target[0].zero_()
    labels = [build_method("mcc", network, {}).train().losses(given, P)["label"] for given in (one, other)]
    assert torch.equal(labels[0], labels[1])


def test_on_shifted_colours_two_methods_together_find_the_gap_between_the_classes(tmp_path: Path) -> None:
    plain = accuracy_on_shifted_colours("source-only", tmp_path / "plain")
    assert accuracy_on_shifted_colours("dann+mcc", tmp_path / "adapted") > plain + 0.15
