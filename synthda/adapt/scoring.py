"""The score of an exported model or of a run on labelled data; torch is imported only for a run without a model."""

from __future__ import annotations

from pathlib import Path

from synthda.adapt.evaluate import Evaluation, evaluate
from synthda.adapt.predict import Classifier
from synthda.adapt.run import Run
from synthda.datasets.domain import Domain, labels_by_name
from synthda.datasets.specs import open_domain


def score_on(subject: Path, spec: str, *, data_root: Path | None = None) -> tuple[Evaluation, Domain, Path]:
    """Score `subject` on the labelled images that `spec` names; labels are matched by class name.

    Args:
        subject: an ONNX file that synthda exported; or a run's folder, whose `model.onnx` is scored when it is there,
            and its last checkpoint otherwise.
        spec: as in `open_domain`; images are brought to the model's size by the model's own rule.
        data_root: where named data sets lie.

    Returns:
        The evaluation, the data that it is of, and the file that was scored.

    Raises:
        RunError: when `subject` is neither.
        DataError: when the data has no labels, or classes that the model does not know.
    """
    run = Run(subject)
    if subject.is_dir() and not run.onnx.exists():
        return _score_checkpoint(run, spec, data_root)
    model = run.onnx if subject.is_dir() else subject
    classifier = Classifier(model)
    domain = open_domain(spec, size=classifier.input_size, fit=classifier.fit, data_root=data_root, labelled=True)
    labels = labels_by_name(domain, classifier.classes)
    return evaluate(classifier.of_domain(domain.images), labels, classifier.classes), domain, model


def _score_checkpoint(run: Run, spec: str, data_root: Path | None) -> tuple[Evaluation, Domain, Path]:
    from synthda.adapt.adaptation import load_run, score

    blueprint, method = load_run(run)
    domain = open_domain(spec, size=blueprint.input_size, fit=blueprint.fit, data_root=data_root, labelled=True)
    return score(method, domain, blueprint.classes), domain, run.checkpoint
