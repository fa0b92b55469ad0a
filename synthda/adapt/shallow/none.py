"""No adaptation: the classifier of the source, used on the target as it is."""

from __future__ import annotations

from typing import Annotated, ClassVar

from synthda.adapt.shallow.aligned import Aligned, Features, Mapped
from synthda.adapt.shallow.classifiers import Classifier
from synthda.settings import Between


class NoAdaptation(Aligned):
    """The nearest source row gives its label, or a linear classifier does; the target is not looked at."""

    baseline: ClassVar[str | None] = None

    def __init__(
        self,
        *,
        classifier: Annotated[Classifier, "what follows"] = "1-nn",
        c: Annotated[float, "C of the svm", Between(1e-9)] = 1.0,
    ) -> None:
        super().__init__(classifier=classifier, c=c)

    def align(self, source: Features, target: Features) -> Mapped:
        return source, lambda rows: rows
