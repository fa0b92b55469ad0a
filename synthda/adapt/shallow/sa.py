"""Subspace alignment (Fernando et al. 2013, ICCV)."""

from __future__ import annotations

from typing import Annotated

from synthda.adapt.shallow.aligned import Aligned, Features, Mapped
from synthda.adapt.shallow.classifiers import Classifier
from synthda.adapt.shallow.estimator import Shape, check_dimensions
from synthda.adapt.shallow.principal import principal_directions
from synthda.settings import Between


class SubspaceAlignment(Aligned):
    """The source's principal directions are turned into the target's by the matrix that does it best."""

    def __init__(
        self,
        *,
        dimensions: Annotated[int, "of both subspaces, by PCA", Between(1)] = 80,
        classifier: Annotated[Classifier, "what follows"] = "1-nn",
        c: Annotated[float, "C of the svm", Between(1e-9)] = 1.0,
    ) -> None:
        super().__init__(classifier=classifier, c=c)
        self.dimensions = dimensions

    def check(self, source: Shape, target: Shape) -> None:
        check_dimensions(self.dimensions, source, target, of="subspace alignment")

    def align(self, source: Features, target: Features) -> Mapped:
        basis_s, basis_t = (principal_directions(rows, self.dimensions) for rows in (source, target))
        # M = P_sᵀ P_t minimises ‖P_s M − P_t‖. Each domain is centred, as the paper's z-scored features are.
        aligned = basis_s @ (basis_s.T @ basis_t)
        mean = target.mean(axis=0)
        return (source - source.mean(axis=0)) @ aligned, lambda rows: (rows - mean) @ basis_t
