"""The target's shares of the classes by a classifier's mistakes on the source, by hand and by another solver."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import minimize

from synthda.adapt.label_shift import RIDGE, target_shares

EVEN = np.ones(2)


def test_of_a_classifier_that_never_errs_the_predictions_are_the_shares() -> None:
    found = target_shares(np.diag([20.0, 60, 20]), np.array([10.0, 10, 30]), np.ones(3))
    np.testing.assert_allclose(found, [0.2, 0.2, 0.6], atol=0.003)  # the ridge takes a hundredth of a move


def test_its_mistakes_on_the_source_are_taken_off_its_predictions_on_the_target() -> None:
    # Of class 0 it calls 30 % class 1, of class 1 20 % class 0. Of 90 + 10 images it calls 65 and 35 so.
    by_class = 50 * np.array([[0.7, 0.3], [0.2, 0.8]])
    np.testing.assert_allclose(target_shares(by_class, np.array([65.0, 35]), np.array([0.9, 0.1])), [0.9, 0.1])


def test_shares_are_never_negative_and_sum_to_1() -> None:
    # More of class 0 is predicted than even a target of nothing else could explain.
    by_class = 50 * np.array([[0.7, 0.3], [0.2, 0.8]])
    np.testing.assert_allclose(target_shares(by_class, np.array([90.0, 10]), EVEN), [1, 0])


def test_where_predictions_tell_no_classes_apart_the_shares_stay_as_they_were() -> None:
    former = np.array([0.1, 0.2, 0.3, 0.4])
    np.testing.assert_allclose(target_shares(np.ones((4, 4)), np.ones(4), former), former, rtol=1e-6)


def test_a_class_without_source_images_keeps_its_share() -> None:
    by_class = np.array([[9.0, 0, 1], [0, 0, 0], [1, 0, 9]])
    found = target_shares(by_class, np.array([5.0, 0, 5]), np.array([0.2, 0.6, 0.2]))
    np.testing.assert_allclose(found, [0.2, 0.6, 0.2], rtol=1e-6)
    unsure = np.array([[1.0] * 3, [0.0] * 3, [1.0] * 3])
    found = target_shares(unsure, np.ones(3), np.array([0.3, 0.6, 0.1]))
    np.testing.assert_allclose(found, [0.3, 0.6, 0.1], rtol=1e-6)


def test_it_finds_what_a_general_solver_of_the_papers_program_finds_with_the_ridge() -> None:
    rng = np.random.default_rng(0)
    for classes in (3, 6, 12):
        counts = rng.integers(20, 200, size=classes)
        by_class = counts[:, None] * rng.dirichlet(np.full(classes, 0.5), size=classes)
        predicted = rng.dirichlet(np.full(classes, 0.5)) * 300
        joint, shares = by_class.T / counts.sum(), counts / counts.sum()
        mean = predicted / predicted.sum()

        def loss(w: Any, joint: Any = joint, mean: Any = mean, shares: Any = shares) -> float:
            # ½‖μ̂ − Ĉ w‖², and the ridge on how far w · P_s is from P_s
            return float(0.5 * (((mean - joint @ w) ** 2).sum() + RIDGE**2 * ((w * shares - shares) ** 2).sum()))

        found = minimize(  # with w ≥ 0, wᵀ P_s = 1
            loss,
            np.ones(classes),
            bounds=[(0, None)] * classes,
            constraints={"type": "eq", "fun": lambda w, shares=shares: w @ shares - 1},
            method="SLSQP",
            options={"ftol": 1e-14, "maxiter": 1000},
        )
        ours = target_shares(by_class, predicted, shares)
        np.testing.assert_allclose(ours.sum(), 1)
        np.testing.assert_allclose(ours, found.x * shares, atol=2e-4)
