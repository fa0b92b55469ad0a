"""The shallow domain-adversarial network: its gradient, its limits, what it is for."""

from __future__ import annotations

import numpy as np
import pytest
from shallow_problems import one_cue_moved, turned

from synthda.adapt.shallow.dann import ShallowDANN, ShallowNetwork
from synthda.adapt.shallow.estimator import Labels
from synthda.adapt.shallow.objective import gradients, initial, objective, sigmoid
from synthda.errors import SettingError


@pytest.mark.parametrize("lambda_", [0.0, 0.7])
def test_the_gradient_is_that_of_the_saddle_point_objective(lambda_: float) -> None:
    rng = np.random.default_rng(0)
    weights = {name: rng.normal(size=value.shape) for name, value in initial(4, 3, 3, rng).items()}
    source, labels, target = rng.normal(size=(5, 4)), np.array([0, 1, 2, 1, 0]), rng.normal(size=(7, 4))
    found = gradients(weights, source, labels, target, lambda_)
    assert set(found) == (set(weights) if lambda_ else {"W", "b", "V", "c"})
    for name, gradient in found.items():
        for place in np.ndindex(weights[name].shape):
            sides = []
            for step in (1e-5, -1e-5):
                moved = {key: np.array(value) for key, value in weights.items()}
                moved[name][place] += step
                sides.append(objective(moved, source, labels, target, lambda_))
            assert gradient[place] == pytest.approx((sides[0] - sides[1]) / 2e-5, abs=1e-8), (name, place)


def test_the_objective_of_a_network_that_knows_nothing_is_known() -> None:
    weights = {name: np.zeros(value.shape) for name, value in initial(2, 3, 4, np.random.default_rng(0)).items()}
    found = objective(weights, np.ones((5, 2)), np.zeros(5, int), np.ones((2, 2)), 0.5)
    assert found == pytest.approx(np.log(4) - 0.5 * 2 * np.log(2))


def test_the_sigmoid_does_not_overflow() -> None:
    np.testing.assert_allclose(sigmoid(np.array([-1e4, 0.0, 1e4])), [0, 0.5, 1])


def test_with_lambda_0_it_is_the_plain_network() -> None:
    domains = turned()
    plain = ShallowNetwork(epochs=3).fit(domains.source, domains.labels, domains.target)
    adapted = ShallowDANN(lambda_=0, epochs=3).fit(domains.source, domains.labels, domains.target)
    assert all(np.array_equal(plain.weights[name], adapted.weights[name]) for name in plain.weights)


def test_the_domain_classifier_learns_at_full_strength_whatever_lambda_is() -> None:
    domains, learnt = turned(), []
    for lambda_ in (0.01, 1.0):
        method = ShallowDANN(lambda_=lambda_, epochs=1, batch=1000, held_out=0)
        learnt.append(method.fit(domains.source, domains.labels, domains.target).weights["u"])
    assert np.abs(learnt[0]).max() > 0
    np.testing.assert_allclose(learnt[0], learnt[1], rtol=1e-4, atol=1e-7)


def test_where_one_cue_has_moved_it_relies_on_the_other() -> None:
    domains = one_cue_moved()
    plain = domains.accuracy(ShallowNetwork(hidden=20))
    assert domains.accuracy(ShallowDANN(lambda_=1.0, hidden=20)) > plain + 0.15


def test_the_same_seed_gives_the_same_weights_and_another_seed_others() -> None:
    domains = turned()
    first, second, other = (
        ShallowDANN(seed=seed, epochs=2).fit(domains.source, domains.labels, domains.target).weights["W"]
        for seed in (0, 0, 1)
    )
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


def test_it_goes_on_from_a_trained_one_of_equal_shape_and_starts_anew_otherwise() -> None:
    domains = turned()
    trained = ShallowNetwork(epochs=20).fit(domains.source, domains.labels, domains.target)
    still = ShallowNetwork(epochs=1, learning_rate=1e-9)
    still.begin_from(trained)
    np.testing.assert_allclose(
        still.fit(domains.source, domains.labels, domains.target).weights["W"], trained.weights["W"], atol=1e-6
    )
    three = ShallowNetwork(epochs=1)
    three.begin_from(trained)
    three.fit(domains.source, np.arange(200) % 3, domains.target)
    assert three.weights["V"].shape == (50, 3)


def test_training_that_breaks_down_is_told_in_a_sentence() -> None:
    domains = turned()
    with pytest.raises(SettingError, match=r"learning_rate=3e\+38; give a smaller one"):
        ShallowDANN(learning_rate=3e38).fit(domains.source, domains.labels, domains.target)


def test_training_stops_when_the_held_out_loss_rises_and_keeps_the_weights_of_the_least() -> None:
    domains, seen = turned(), []

    class Watched(ShallowNetwork):
        def _loss(self, rows: Labels, codes: Labels) -> float:
            seen.append((super()._loss(rows, codes), rows, codes))
            return seen[-1][0]

    method = Watched(epochs=200, learning_rate=0.5, patience=2).fit(domains.source, domains.labels, domains.target)
    losses, (_, *held_out) = [loss for loss, *_ in seen], seen[0]
    assert len(losses) < 200
    assert method._loss(*held_out) == min(losses) < losses[-1]


def test_chances_sum_to_1_and_fewer_rows_than_a_batch_do() -> None:
    domains = turned()
    method = ShallowNetwork(epochs=2).fit(domains.source, domains.labels, domains.target)
    np.testing.assert_allclose(method.probabilities(domains.source).sum(axis=1), 1, rtol=1e-5)
    few = ShallowDANN(batch=50).fit(domains.source[:6], np.array([0, 1] * 3), domains.target[:3])
    assert len(few.predict(domains.target)) == 200
