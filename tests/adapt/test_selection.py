"""Each rule of selection against a value worked out apart, and against what it is meant to prefer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.special import softmax
from scipy.stats import entropy as scipy_entropy
from scipy.stats import norm
from toy import blueprint, domain

from synthda.adapt.distance import proxy_a_distance
from synthda.adapt.infer import features, features_and_probabilities, probabilities
from synthda.adapt.network import Network
from synthda.adapt.resident import as_floats, as_tensor
from synthda.adapt.selection import LAST, OF_SOURCE_TOO, OF_TARGET, RULES, Selection, load_rule
from synthda.adapt.selection.iwv import controlled_mean, importance
from synthda.adapt.selection.validation import Probe, Validation
from synthda.datasets.domain import in_memory
from synthda.errors import SettingError
from synthda.settings import load

Rows = NDArray[np.float64]
every_rule = pytest.mark.parametrize("name", RULES)
SURE = np.eye(3)[[0, 1, 2] * 20]
"""60 certain predictions of three classes, all alike often."""


def of_target(probabilities_t: Rows) -> Validation:
    nothing = (np.zeros((0, 2)), np.zeros((0, probabilities_t.shape[1])), np.zeros(0, dtype=np.int64))
    return Validation(np.zeros((len(probabilities_t), 2)), probabilities_t, *nothing)


def made(n_s: int = 300, n_t: int = 300, *, shift: float = 0.0, noise: float = 0.5, seed: int = 0) -> Validation:
    """Two classes apart in the first of four features; the second moves with the domain."""
    rng = np.random.default_rng(seed)
    labels_s, labels_t = rng.integers(2, size=n_s), rng.integers(2, size=n_t)
    features_s, features_t = (noise * rng.normal(size=(len(labels), 4)) for labels in (labels_s, labels_t))
    features_s[:, 0] += 2 * labels_s - 1
    features_t[:, 0] += 2 * labels_t - 1
    features_t[:, 1] += shift
    chances = [
        softmax(np.stack([-4 * found[:, 0], 4 * found[:, 0]], axis=1), axis=1) for found in (features_s, features_t)
    ]
    return Validation(features_t, chances[1], features_s, chances[0], labels_s)


def random_predictions(n: int = 50, classes: int = 4, sharpness: float = 2.0) -> Rows:
    found: Rows = softmax(sharpness * np.random.default_rng(0).normal(size=(n, classes)), axis=1)
    return found


def score(name: str, validation: Validation) -> float:
    return load_rule(name)(validation)


def test_entropy_is_that_of_scipy_and_certainty_has_none() -> None:
    p = random_predictions()
    assert score("entropy", of_target(p)) == pytest.approx(-scipy_entropy(p, axis=1).mean())
    assert score("entropy", of_target(SURE)) == 0.0
    assert score("entropy", of_target(np.full((5, 4), 0.25))) == pytest.approx(-np.log(4))


def test_information_maximisation_is_the_mutual_information_of_image_and_class() -> None:
    p = random_predictions()
    joint = p / len(p)
    mutual = (joint * np.log(joint / (joint.sum(1, keepdims=True) * joint.sum(0)))).sum()
    assert score("information-maximisation", of_target(p)) == pytest.approx(mutual)
    assert score("information-maximisation", of_target(SURE)) == pytest.approx(np.log(3))
    assert score("information-maximisation", of_target(SURE[[0] * 9])) == pytest.approx(0)


def test_class_balance_is_one_for_equal_shares_and_zero_for_one_class() -> None:
    assert score("class-balance", of_target(SURE)) == pytest.approx(1)
    assert score("class-balance", of_target(SURE[[0] * 9])) == 0
    three_to_one = scipy_entropy([0.75, 0.25]) / np.log(3)
    assert score("class-balance", of_target(SURE[[0, 0, 0, 1]])) == pytest.approx(three_to_one)


def test_soft_neighbourhood_density_is_that_of_a_loop_over_images() -> None:
    p = random_predictions(700)  # more than a block
    unit = p / np.linalg.norm(p, axis=1, keepdims=True)
    expected = [scipy_entropy(softmax(np.delete(unit @ one, row) / 0.05)) for row, one in enumerate(unit)]
    assert score("snd", of_target(p)) == pytest.approx(np.mean(expected), rel=1e-10)


def test_soft_neighbourhood_density_by_hand() -> None:
    # Four images, two of each of two certain classes: each has one neighbour at cosine 1 and two at 0.
    chances = np.exp([20, 0, 0]) / np.exp([20, 0, 0]).sum()
    assert score("snd", of_target(np.eye(2)[[0, 0, 1, 1]])) == pytest.approx(scipy_entropy(chances))
    assert score("snd", of_target(np.eye(3)[[1, 1, 1]])) == pytest.approx(np.log(2))


def test_dense_neighbourhoods_score_above_spread_ones() -> None:
    clustered, spread = random_predictions(300, 3, sharpness=50.0), random_predictions(300, 3, sharpness=1.0)
    assert score("snd", of_target(clustered)) > score("snd", of_target(spread))


def test_the_nuclear_norm_is_the_sum_of_singular_values_and_largest_for_sure_and_balanced_predictions() -> None:
    p = random_predictions()
    singular = np.sqrt(np.linalg.eigvalsh(p.T @ p))
    assert score("bnm", of_target(p)) == pytest.approx(singular.sum() / np.sqrt(50 * 4))
    assert score("bnm", of_target(SURE)) == pytest.approx(1)
    assert score("bnm", of_target(SURE[[0] * 9])) == pytest.approx(1 / np.sqrt(3))
    unbalanced = SURE[[0] * 40 + [1] * 10 + [2] * 10]
    for worse in (unbalanced, 0.9 * SURE + 0.1 / 3):
        assert score("bnm", of_target(worse)) < 1


def test_the_mask_rate_counts_predictions_above_the_threshold() -> None:
    confidences = np.array([0.97, 0.968, 0.5, 1.0])
    assert score("mask-rate", of_target(np.stack([confidences, 1 - confidences], axis=1))) == 0.5


def test_source_accuracy_counts_right_answers() -> None:
    validation = made()
    right = (validation.features_s[:, 0] > 0) == validation.labels_s
    assert score("source-accuracy", validation) == right.mean()


def test_reverse_validation_is_high_where_the_way_back_works_and_low_where_predictions_are_swapped() -> None:
    good = made()
    assert score("reverse-validation", good) > 0.95
    swapped = Validation(good.features_t, good.probabilities_t[:, ::-1], *_source(good))
    assert score("reverse-validation", swapped) < 0.05
    random = np.random.default_rng(0).permutation(good.probabilities_t)
    assert 0.2 < score("reverse-validation", Validation(good.features_t, random, *_source(good))) < 0.8


def test_reverse_validation_does_not_depend_on_the_units_of_the_features() -> None:
    plain, units = made(), np.array([0.01, 100, 1, 10])
    scaled = replace(plain, features_t=units * plain.features_t, features_s=units * plain.features_s)
    assert score("reverse-validation", scaled) == score("reverse-validation", plain)


def test_a_target_of_one_predicted_class_gives_the_source_share_of_that_class() -> None:
    validation = made()
    ones = np.tile([0.1, 0.9], (300, 1))
    collapsed = Validation(validation.features_t, ones, *_source(validation))
    assert score("reverse-validation", collapsed) == validation.labels_s.mean()


def _source(validation: Validation) -> tuple[Rows, Rows, NDArray[np.int64]]:
    return validation.features_s, validation.probabilities_s, validation.labels_s  # type: ignore[return-value]


def test_the_domain_error_is_that_of_the_proxy_a_distance_and_of_the_best_border() -> None:
    """A shift by two deviations leaves Φ(−1) on the other side of the border halfway."""
    for shift, error in ((0, 0.5), (1, norm.cdf(-1)), (8, 0)):
        shifted = made(1000, 1000, shift=shift)
        distance = proxy_a_distance(shifted.features_s, shifted.features_t)
        assert score("domain-error", shifted) == pytest.approx(0.5 - distance / 4)
        assert score("domain-error", shifted) == pytest.approx(error, abs=0.04)


def test_a_weighted_mean_with_weights_of_one_is_the_plain_mean() -> None:
    right = np.array([1.0, 0, 1, 1, 0])
    assert controlled_mean(right, np.ones(5)) == right.mean()
    assert controlled_mean(np.ones(5), np.array([0.5, 3, 1, 2, 0.1])) == pytest.approx(1)  # all right: right anywhere


def test_the_control_variate_by_hand() -> None:
    values, weights = np.array([1.0, 0, 1]), np.array([2.0, 1, 3])
    # w·v = 2, 0, 3: mean 5/3; w: mean 2, variance 2/3; covariance (1/3·0 + 5/3·1 + 4/3·1)/3 = 1; η = −3/2
    assert controlled_mean(values, weights) == pytest.approx(5 / 3 - 3 / 2 * (2 - 1))
    eta = -np.cov(weights * values, weights, bias=True)[0, 1] / weights.var()
    assert controlled_mean(values, weights) == pytest.approx((weights * values).mean() + eta * (weights.mean() - 1))


def test_where_domains_are_alike_importance_weighted_validation_is_plain_validation() -> None:
    validation = made(1000, 1000, noise=1.0)
    weights = importance(validation.features_s, validation.features_t)
    assert weights == pytest.approx(1, abs=0.4)
    assert score("iwv", validation) == pytest.approx(validation.right_s.mean(), abs=0.02)


def test_importance_follows_the_ratio_of_two_gaussians_drawn_towards_one() -> None:
    rng = np.random.default_rng(0)
    source, target = rng.normal(size=(2000, 1)), rng.normal(size=(1000, 1)) + 1
    weights = importance(source, target)
    slope, at_zero = np.polyfit(source[:, 0], np.log(weights), 1)
    assert 0.5 < slope < 1  # ln N(x; 1, 1) / N(x; 0, 1) = x − ½; the ridge makes it flatter
    assert at_zero == pytest.approx(-0.5 * slope, abs=0.1)
    assert np.corrcoef(source[:, 0], np.log(weights))[0, 1] > 0.99


def test_every_source_image_is_weighed_once_by_a_classifier_that_has_not_learnt_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def itself(learnt_s: Rows, learnt_t: Rows, at: Rows) -> Rows:
        assert min(len(learnt_s), len(learnt_t)) >= 4
        assert not np.isin(at, learnt_s).any()
        return at[:, 0]

    monkeypatch.setattr("synthda.adapt.selection.iwv._density_ratio", itself)
    source = np.arange(9.0)[:, None]
    np.testing.assert_array_equal(importance(source, source + 100), source[:, 0])


@pytest.mark.parametrize("spread", [0.0, 1e-9, 1e-6])
def test_features_that_have_collapsed_give_plain_validation(spread: float) -> None:
    rng = np.random.default_rng(0)
    features_s, features_t = (spread * rng.normal(size=(n, 8)) for n in (201, 2000))
    right = rng.random(201) < 0.5
    assert controlled_mean(right.astype(float), importance(features_s, features_t)) == pytest.approx(
        right.mean(), abs=0.02
    )


def test_importance_weighted_validation_sees_a_target_of_the_images_that_are_hard() -> None:
    rng = np.random.default_rng(0)
    place = rng.uniform(-1, 1, size=2000)
    labels = (rng.uniform(size=2000) < np.where(place > 0, 0.5, 1)).astype(np.int64)  # the right half is chance
    always = np.tile([0.0, 1.0], (2000, 1))
    target = rng.uniform(0, 1, size=(1000, 1))
    validation = Validation(target, always[:1000], place[:, None], always, labels)
    plain, weighted = score("source-accuracy", validation), score("iwv", validation)
    assert plain == pytest.approx(0.75, abs=0.03)
    assert weighted < 0.65  # towards the .5 of the right half


@every_rule
@pytest.mark.parametrize(("n_s", "n_t"), [(1, 1), (2, 2), (5, 3), (3, 5), (1, 40)])
def test_tiny_sets_have_a_finite_score(name: str, n_s: int, n_t: int) -> None:
    assert np.isfinite(score(name, made(n_s, n_t)))


@every_rule
def test_one_class_and_equal_features_have_a_finite_score(name: str) -> None:
    flat, one = np.ones((30, 3)), np.ones((30, 1))
    assert np.isfinite(score(name, Validation(flat, one, flat, one, np.zeros(30, dtype=np.int64))))


@every_rule
def test_a_score_does_not_depend_on_the_order_of_the_target(name: str) -> None:
    if name in ("domain-error", "iwv"):
        pytest.skip("halves are drawn by row")
    validation = made(200, 150, shift=1)
    order = np.random.default_rng(1).permutation(150)
    turned = Validation(validation.features_t[order], validation.probabilities_t[order], *_source(validation))
    assert score(name, turned) == pytest.approx(score(name, validation), rel=1e-6)


@every_rule
def test_a_rule_says_what_it_is_and_leaves_its_input_alone(name: str) -> None:
    rule = load("rule", name, RULES)
    assert rule.__doc__
    validation = made(40, 30)
    before = [value.copy() for value in vars(validation).values()]
    rule(validation)
    for value, was in zip(vars(validation).values(), before, strict=True):
        np.testing.assert_array_equal(value, was)


@pytest.mark.parametrize("name", OF_TARGET)
def test_a_rule_of_the_target_needs_no_source(name: str) -> None:
    assert np.isfinite(score(name, of_target(random_predictions())))


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"rule": "entrpy"}, "There is no rule 'entrpy'. Did you mean entropy"),
        ({"rule": "iwv", "hold_out": 0.0}, "hold_out=0 leaves none; give a share such as 0.1, or one of the rules"),
        ({"candidates": 1}, "candidates=1 is out of range; give 2…100"),
        ({"hold_out": 0.7}, "hold_out=0.7 is out of range"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(given: dict[str, object], sentence: str) -> None:
    with pytest.raises(SettingError) as caught:
        Selection(**given)  # type: ignore[arg-type]
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_source_images_are_held_out_where_a_rule_needs_them_or_where_it_is_asked_for() -> None:
    assert {name: Selection(name).share for name in (LAST, *RULES)} == {
        name: 0.1 if name in OF_SOURCE_TOO else 0.0 for name in (LAST, *RULES)
    }
    assert Selection(hold_out=0.2).share == Selection("entropy", hold_out=0.2).share == 0.2


@torch.no_grad()
def of_network(network: Network) -> NDArray[np.float32]:
    """Features of the toy images that the tests below ask about."""
    found: NDArray[np.float32] = network.eval().features(as_floats(as_tensor(in_memory(domain(20).images)))).numpy()
    return found


@pytest.mark.parametrize("name", ["dann", "mcd", "self-ensembling"])
def test_features_and_probabilities_of_one_pass_are_those_of_what_is_deployed(name: str) -> None:
    method, images = blueprint(name).build(), domain(20).images
    found, chances = features_and_probabilities(method, images)
    np.testing.assert_array_equal(chances, probabilities(method, images))
    np.testing.assert_allclose(found, of_network(method.network), rtol=1e-4)  # untrained, the teacher is the student
    assert not method.network.label_predictor._forward_pre_hooks


def test_features_are_the_teachers_where_the_teacher_is_deployed() -> None:
    method, images = blueprint("self-ensembling").build(), domain(20).images
    expected = of_network(method.network)
    for parameter in method.network.parameters():
        parameter.data.add_(1)
    np.testing.assert_allclose(features_and_probabilities(method, images)[0], expected, rtol=1e-4)
    np.testing.assert_allclose(features(method, images), expected, rtol=1e-4)  # of distances and pictures, too


def test_a_probe_holds_at_most_two_thousand_images_and_the_same_ones_each_time() -> None:
    images = domain(2100).images
    one, other = Probe.of(images, None), Probe.of(images, domain(2050))
    assert (one.target.shape[0], len(other.held_out or ())) == (2000, 2000)
    assert one.content == other.content
    assert Probe.of(domain(2100, seed=1).images, None).content != one.content
