"""The score of an exported model or of a run on labelled data; torch is imported only for a run without a model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synthda.adapt.by_factor import BINS, ByFactor, by_factor, column_of
from synthda.adapt.evaluate import Evaluation, evaluate
from synthda.adapt.factor_plot import draw
from synthda.adapt.predict import Classifier
from synthda.adapt.run import Run
from synthda.datasets.domain import UNKNOWN, Domain, labels_by_name
from synthda.datasets.label_file import for_queue
from synthda.datasets.resize import Fit, Size
from synthda.datasets.shards import manifest_of, tables_of
from synthda.datasets.specs import open_domain


@dataclass(frozen=True, eq=False)
class Answers:
    """What a classifier says of labelled images.

    Attributes:
        scored: the file that holds the classifier.
        domain: the images, at the classifier's size.
        probabilities: (N, K).
        classes: K names, in the classifier's order.
    """

    scored: Path
    domain: Domain
    probabilities: NDArray[np.float32]
    classes: tuple[str, ...]

    @property
    def right(self) -> NDArray[np.bool_]:
        """(N,) whether each image is recognised."""
        found: NDArray[np.bool_] = self.probabilities.argmax(axis=1) == labels_by_name(self.domain, self.classes)
        return found

    def evaluation(self) -> Evaluation:
        return evaluate(self.probabilities, labels_by_name(self.domain, self.classes), self.classes)

    def by(self, factor: str, spec: str, *, bins: int = BINS, plot: Path | None = None) -> ByFactor:
        """Accuracy by a factor of the scenes, drawn into `plot` where that is given.

        Args:
            factor: as in `by_factor`.
            spec: what the images were opened by; the manifest of its shards has the names of choices.
            bins: as in `by_factor`.
            plot: a PNG to write.

        Raises:
            DataError: when the images have no scenes.
            SettingError: for an unknown factor.
        """
        tables = {} if self.domain.scenes is None else tables_of(manifest_of(spec))
        found = by_factor(self.domain, self.right, factor, tables, bins=bins)
        if plot is not None:
            draw(found, plot, title=f"{self.scored} on {self.domain.name}")
        return found


def answers_on(subject: Path, spec: str, *, data_root: Path | None = None, factor: str | None = None) -> Answers:
    """Ask `subject` for the classes of the labelled images that `spec` names; labels are matched by class name.

    Args:
        subject: an ONNX file that synthda exported; or a run's folder, whose `model.onnx` is asked when it is there,
            and its chosen or last checkpoint otherwise.
        spec: as in `open_domain`; images are brought to the model's size by the model's own rule.
        data_root: where named data sets lie.
        factor: a scene column that the data must have, told before the work.

    Raises:
        RunError: when `subject` is neither.
        DataError: when the data has no labels, no scenes although there is a `factor`, or classes that the model does
            not know.
        SettingError: for an unknown factor.
    """
    run = Run(subject)
    if subject.is_dir() and not run.onnx.exists():
        return _answers_of_checkpoint(run, spec, data_root, factor)
    model = run.onnx if subject.is_dir() else subject
    classifier = Classifier(model)
    domain = open_scored(spec, classifier.classes, size=classifier.input_size, fit=classifier.fit, data_root=data_root)
    _check(domain, classifier.classes, factor)
    return Answers(model, domain, classifier.of_domain(domain.images), classifier.classes)


def open_scored(spec: str, classes: tuple[str, ...], *, size: Size, fit: Fit, data_root: Path | None = None) -> Domain:
    """The labelled images that `spec` names, for a model with these classes; of a label file, the measure queue.

    Where the model has no answer `unknown`, photographs that a label file calls so are left out, and told in `skipped`.

    Raises:
        DataError: as `open_domain`; when the teach queue is asked for.
    """
    spec, answers = for_queue(spec, "measure"), UNKNOWN in classes
    return open_domain(spec, size=size, fit=fit, data_root=data_root, labelled=True, unknown=answers)


def _check(domain: Domain, classes: tuple[str, ...], factor: str | None) -> None:
    """A class that the model lacks, or a factor that the scenes lack, is told before the work."""
    labels_by_name(domain, classes)
    if factor is not None:
        column_of(domain, factor)


def _answers_of_checkpoint(run: Run, spec: str, data_root: Path | None, factor: str | None) -> Answers:
    from synthda.adapt.infer import probabilities
    from synthda.adapt.trained import load_run

    blueprint, method = load_run(run)
    domain = open_scored(spec, blueprint.classes, size=blueprint.input_size, fit=blueprint.fit, data_root=data_root)
    _check(domain, blueprint.classes, factor)
    return Answers(run.deployed, domain, probabilities(method, domain.images), blueprint.classes)
