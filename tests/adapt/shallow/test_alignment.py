"""SA, GFK, CORAL and TCA against independent references, and on problems that each must solve."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import linalg
from scipy.sparse import csr_matrix
from shallow_problems import Domains, one_cue_moved, rescaled, turned
from sklearn.decomposition import PCA

from synthda.adapt.shallow import SHALLOW
from synthda.adapt.shallow.coral import CORAL
from synthda.adapt.shallow.estimator import Shallow
from synthda.adapt.shallow.gfk import GeodesicFlowKernel, flow_root
from synthda.adapt.shallow.msda import MSDA
from synthda.adapt.shallow.none import NoAdaptation
from synthda.adapt.shallow.principal import principal_directions
from synthda.adapt.shallow.sa import SubspaceAlignment
from synthda.adapt.shallow.svm import SVM
from synthda.adapt.shallow.tca import TCA, transfer_components
from synthda.errors import SettingError
from synthda.settings import load


def bases(seed: int, d: int, k: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return tuple(np.linalg.qr(rng.normal(size=(d, k)))[0] for _ in range(2))  # type: ignore[return-value]


def kernel_by_integration(basis_s: np.ndarray, basis_t: np.ndarray) -> np.ndarray:
    """∫₀¹ Φ(t) Φ(t)ᵀ dt over the geodesic as the exponential map writes it, by Gauss–Legendre quadrature."""
    outside = basis_t - basis_s @ (basis_s.T @ basis_t)
    u, tangents, v = np.linalg.svd(outside @ np.linalg.inv(basis_s.T @ basis_t), full_matrices=False)
    angles = np.arctan(tangents)
    nodes, weights = np.polynomial.legendre.leggauss(30)
    total = 0
    for t, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
        phi = basis_s @ v.T @ np.diag(np.cos(t * angles)) + u @ np.diag(np.sin(t * angles))
        total = total + weight * phi @ phi.T
    return np.asarray(total)


@pytest.mark.parametrize(("d", "k"), [(9, 1), (9, 3), (8, 4)])
def test_the_geodesic_flow_kernel_is_the_integral_over_the_geodesic(d: int, k: int) -> None:
    basis_s, basis_t = bases(0, d, k)
    root = flow_root(basis_s, basis_t)
    np.testing.assert_allclose(root @ root.T, kernel_by_integration(basis_s, basis_t), atol=1e-10)


def test_between_equal_subspaces_the_kernel_is_the_projection() -> None:
    basis, _ = bases(1, 7, 2)
    turned_basis = basis @ np.linalg.qr(np.random.default_rng(0).normal(size=(2, 2)))[0]
    root = flow_root(basis, turned_basis)
    np.testing.assert_allclose(root @ root.T, basis @ basis.T, atol=1e-9)


def test_between_orthogonal_lines_the_kernel_has_the_values_of_a_quarter_turn() -> None:
    root = flow_root(np.eye(3)[:, :1], np.eye(3)[:, 1:2])
    # ∫ cos² = ∫ sin² = 1/2 and ∫ cos·sin = 1/π over a quarter turn in unit time.
    np.testing.assert_allclose((root @ root.T)[:2, :2], [[0.5, 1 / np.pi], [1 / np.pi, 0.5]], atol=1e-12)


@pytest.mark.parametrize("shape", [(40, 6), (6, 40)])
def test_principal_directions_are_those_of_scikit_learn(shape: tuple[int, int]) -> None:
    rows = np.random.default_rng(0).normal(size=shape) * np.linspace(1, 3, shape[1])
    ours, theirs = principal_directions(rows, 4), PCA(4, svd_solver="full").fit(rows).components_.T
    np.testing.assert_allclose(np.abs(ours.T @ theirs), np.eye(4), atol=1e-8)


def test_subspace_alignment_is_the_least_squares_turn_of_one_basis_into_the_other() -> None:
    rng = np.random.default_rng(0)
    source, target = rng.normal(size=(30, 8)), rng.normal(size=(25, 8)) + 1
    aligned, to_target = SubspaceAlignment(dimensions=3).align(source, target)
    pca_s, pca_t = (PCA(3, svd_solver="full").fit(rows) for rows in (source, target))
    turn = linalg.lstsq(pca_s.components_.T, pca_t.components_.T)[0]
    expected_s, expected_t = pca_s.transform(source) @ turn, pca_t.transform(target)
    # Signs of principal directions are arbitrary; similarities between the domains are not.
    np.testing.assert_allclose(aligned @ to_target(target).T, expected_s @ expected_t.T, atol=1e-8)


def test_after_coral_the_source_has_the_covariance_of_the_target() -> None:
    rng = np.random.default_rng(0)
    source, target = (rng.normal(size=(n, 5)) @ rng.normal(size=(5, 5)) for n in (60, 80))
    aligned, to_target = CORAL(regularisation=1e-9).align(source, target)
    np.testing.assert_allclose(np.cov(aligned.T), np.cov(target.T), rtol=1e-5, atol=1e-6)
    assert to_target(target) is target


def test_coral_adds_its_regularisation_to_the_variances() -> None:
    source, target = np.array([[-1.0], [1.0]]), np.array([[-2.0], [2.0]])  # variances 2 and 8
    aligned, _ = CORAL(regularisation=1.0).align(source, target)
    np.testing.assert_allclose(aligned, source * np.sqrt(9 / 3))


def test_transfer_components_solve_the_paper_s_eigenproblem() -> None:
    rng = np.random.default_rng(0)
    rows, n_s, n_t, mu = rng.normal(size=(17, 6)), 10, 7, 0.3
    kernel = np.exp(-np.square(rows[:, None] - rows[None]).sum(axis=2) / 5)
    gap = np.r_[np.full(n_s, 1 / n_s), np.full(n_t, -1 / n_t)]
    laplacian, centring = np.outer(gap, gap), np.eye(17) - 1 / 17
    left = kernel @ laplacian @ kernel + mu * np.eye(17)
    weights = transfer_components(kernel, n_s, 4, mu)
    np.testing.assert_allclose(weights.T @ left @ weights, np.eye(4), atol=1e-8)
    values = np.sort(linalg.eigvals(linalg.inv(left) @ kernel @ centring @ kernel).real)[::-1]
    np.testing.assert_allclose(weights.T @ kernel @ centring @ kernel @ weights, np.diag(values[:4]), atol=1e-8)


def test_tca_takes_features_of_any_scale() -> None:
    """Where means are far apart beside μ, K L K + μI has no factors in floating point."""
    domains = turned()
    found = [TCA(dimensions=2, mu=mu).align(scale * domains.source, scale * domains.target)[0]
             for scale, mu in ((1.0, 1e-6), (1e6, 1.0), (1e3, 1e-9))]  # fmt: skip
    for each in found[1:]:
        unit = [rows / np.abs(rows).max(axis=0) for rows in (found[0], each)]
        np.testing.assert_allclose(np.abs(unit[0]), np.abs(unit[1]), atol=1e-3)


def test_the_width_of_tca_s_rbf_kernel_follows_the_scale_of_the_features() -> None:
    domains, method = turned(), TCA(dimensions=2, kernel="rbf")
    one, ten = (method.align(scale * domains.source, scale * domains.target)[0] for scale in (1, 10))
    np.testing.assert_allclose(np.abs(ten), np.abs(one), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("kernel", ["linear", "rbf"])
def test_tca_brings_the_domains_together_in_units_of_their_spread(kernel: str) -> None:
    domains = turned()
    method = TCA(dimensions=2, kernel=kernel, mu=0.1)  # type: ignore[arg-type]
    aligned, to_target = method.align(domains.source, domains.target)

    def gap(source: np.ndarray, target: np.ndarray) -> float:
        spread = np.vstack([source, target]).std(axis=0)
        return float(np.square((source.mean(axis=0) - target.mean(axis=0)) / spread).sum())

    assert gap(aligned, to_target(domains.target)) < 0.05 * gap(domains.source, domains.target)


@pytest.mark.parametrize(
    ("method", "domains"),
    [
        (SubspaceAlignment(dimensions=2), turned()),
        (GeodesicFlowKernel(dimensions=2), turned()),
        (TCA(dimensions=1), one_cue_moved()),
        (CORAL(regularisation=0.01), rescaled()),
        (CORAL(regularisation=0.01, classifier="svm"), rescaled()),
    ],
)
def test_each_beats_no_adaptation_clearly(method: Shallow, domains: Domains) -> None:
    assert domains.accuracy(method) > max(0.9, domains.accuracy(NoAdaptation()) + 0.2)


@pytest.mark.parametrize(
    ("method", "sentence"),
    [
        (SubspaceAlignment(dimensions=12), "at most 11 are possible"),
        (GeodesicFlowKernel(dimensions=30), "at most 11 are possible"),
        (GeodesicFlowKernel(dimensions=9), "at most half of them, 8"),
        (TCA(dimensions=17), "at most 16 are possible"),
    ],
)
def test_more_dimensions_than_the_rows_have_are_refused_with_the_number_that_is_possible(
    method: Shallow, sentence: str
) -> None:
    rows = np.random.default_rng(0).normal(size=(12, 16))
    with pytest.raises(SettingError, match=sentence):
        method.fit(rows, np.arange(12) % 2, rows)
    with pytest.raises(SettingError, match=sentence):
        method.check(rows.shape, rows.shape)


def test_more_features_than_fit_into_memory_are_refused_and_sparse_rows_stay_sparse_where_they_may() -> None:
    wide = csr_matrix((np.ones(4), ([0, 1, 2, 3], [0, 30_000, 0, 30_000])), shape=(4, 400_000_000))
    labels = np.array([0, 1, 0, 1])
    with pytest.raises(SettingError, match="leave out rare features, or use svm"):
        SubspaceAlignment(dimensions=2).fit(wide, labels, wide)
    with pytest.raises(SettingError, match="400,000,000 features are too many for mSDA"):
        MSDA().fit_transform(wide)
    narrower = wide[:, :40_000]
    with pytest.raises(SettingError, match="40,000 features are too many for CORAL"):
        CORAL().fit(narrower, labels, narrower)
    assert SVM().fit(narrower, labels, narrower).predict(narrower).tolist() == [0, 1, 0, 1]


@pytest.mark.parametrize("name", SHALLOW)
def test_every_method_takes_any_labels_and_gives_them_back(name: str) -> None:
    domains = turned()
    words = np.where(domains.labels > 0, "yes", "no")
    few = {"dimensions": 2} if name in ("sa", "gfk", "tca") else {}
    method = load("method", name, SHALLOW)(**few).fit(domains.source, words, domains.target)
    assert set(method.predict(domains.target)) <= {"yes", "no"}
    with pytest.raises(SettingError, match="at least two classes"):
        load("method", name, SHALLOW)(**few).fit(domains.source, np.ones(200, int), domains.target)
