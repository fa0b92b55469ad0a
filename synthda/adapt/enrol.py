"""Classes that an exported model learns from a few pictures, without training: `synthda enrol`; no torch."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from synthda.adapt.enrolled_graph import FACTS, attach, detach
from synthda.adapt.evaluate import ROUNDING, logit_of_unknown
from synthda.adapt.predict import Classifier
from synthda.adapt.prototypes import Prototypes, fitted
from synthda.adapt.run import Run, parity_beside
from synthda.datasets.class_files import class_files, numbered
from synthda.datasets.domain import UNKNOWN, UNLABELLED, Domain, distinct, in_memory, labels_by_name
from synthda.datasets.folders import list_photos
from synthda.datasets.photos import PhotoError, read_photo
from synthda.datasets.resize import Box
from synthda.datasets.specs import open_domain
from synthda.errors import DataError, RunError, SettingError
from synthda.manifest import sha256_of, write_json, written_then_named

if TYPE_CHECKING:
    from onnx import ModelProto

VARIANTS: tuple[Box | None, ...] = (None, *((x, y, x + 0.9, y + 0.9) for x in (0.0, 0.1) for y in (0.0, 0.1)))
"""What is seen of a picture: all of it, and nine tenths at each corner; never mirrored: a mirrored sign is another."""
TOLERANCE = 1e-4
ENROLLED = ".enrolled"


@dataclass
class Enrolment:
    """What `enrol` has done.

    Attributes:
        path: the new model.
        added: names of the classes.
        taken: share of the images of known classes that get an enrolled class now; None where none were looked at.
        images: how many those are.
        origin: where those are from, in words: the run's sample, or what was given as `known`.
        numbered: classes that are each a file of its own, named as a camera names what it takes.
        hardly_seen: known classes that those images hardly show.
        skipped: one line for each picture that could not be read.
    """

    path: Path
    added: list[str] = field(default_factory=list)
    taken: float | None = None
    images: int = 0
    origin: str = ""
    numbered: list[str] = field(default_factory=list)
    hardly_seen: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


def enrol(
    model: Path, folder: Path, out: Path, *, known: str | None = None, data_root: Path | None = None
) -> Enrolment:
    """Write `out`: `model` that also knows the classes of which `folder` has pictures.

    Args:
        model: exported by synthda, with features; it may have enrolled classes already.
        folder: one file or one sub-folder a class; what it shows of a class that the model was trained on is that
            class's prototype.
        out: the file to write; `model` itself, to replace it.
        known: images of the classes that the model was trained on, with or without labels, as `open_domain` names
            them; None for `sample.npy` beside the model, which every run has.
        data_root: where named data sets lie.

    Raises:
        RunError: when the model has no features, or there are no images of its own classes to compare with.
        DataError: when a class has no readable picture, is enrolled already, or two entries have one class name.
    """
    paths = list_photos(folder)
    pictures = class_files(folder, paths)
    if not pictures:
        raise DataError(f"There is no picture in {folder}; give one file, or one sub-folder, for each class.")
    with _taken_apart(model) as (graph, classifier, earlier):
        names = [name for name in classifier.classes if name != UNKNOWN]
        facts = {"classes": []} if earlier is None else earlier[1]
        new = _new_names(pictures, names, facts, model)
        sample = Run(classifier.path.parent).sample
        done = Enrolment(out, new, origin=known or f"{sample} (the run's target, filled up from its source)")
        done.numbered = [name for name in numbered(folder, paths) if name in new]
        features = {name: _features(classifier, paths, name, done) for name, paths in pictures.items()}
        if earlier is None:
            shown = {name: rows for name, rows in features.items() if name in names}
            prototypes, done.hardly_seen, images = _known(classifier, shown, known, data_root)
            facts["of"] = sha256_of(model)
        else:
            _refuse_known([name for name in pictures if name in names] or ([known] if known else []), model)
            prototypes, images = earlier[0], np.empty((0, *classifier.input_size, 3), np.uint8)
        for name in new:
            prototypes = prototypes.adding(features[name])
            hashes = [sha256_of(path) for path in pictures[name]]
            facts["classes"].append({"name": name, "pictures": hashes})
        _write(graph, classifier, prototypes, facts, out, images, done)
    return done


def remove(model: Path, names: Sequence[str], out: Path) -> Enrolment:
    """Write `out`: `model` without these enrolled classes; raises SettingError for a name that is not enrolled."""
    with _taken_apart(model) as (graph, classifier, earlier):
        prototypes, facts = earlier or (None, {"classes": []})
        for name in names:
            listed = [one["name"] for one in facts["classes"]]
            if name not in listed or prototypes is None:
                raise SettingError(f"{name} is not enrolled in {model}; enrolled are: {', '.join(listed) or 'none'}.")
            prototypes = prototypes.without(listed.index(name))
            del facts["classes"][listed.index(name)]
        assert prototypes is not None
        done = Enrolment(out)
        _write(graph, classifier, prototypes, facts, out, np.empty((0, *classifier.input_size, 3), np.uint8), done)
    return done


def enrolled_in(model: Path) -> list[dict[str, Any]]:
    """Name and pictures' hashes of each enrolled class; none in a model as it was exported."""
    facts = json.loads(Classifier(model).metadata.get(FACTS, '{"classes": []}'))
    found: list[dict[str, Any]] = facts["classes"]
    return found


def enrolled_beside(model: Path) -> Path:
    """Where the model with enrolled classes goes: `model.enrolled.onnx`; such a file itself."""
    return model if model.stem.endswith(ENROLLED) else model.with_name(f"{model.stem}{ENROLLED}{model.suffix}")


@contextmanager
def _taken_apart(model: Path) -> Iterator[tuple[ModelProto, Classifier, tuple[Prototypes, dict[str, Any]] | None]]:
    """The graph without prototypes, a classifier that runs it, and what was enrolled; raises RunError as `enrol`."""
    import onnx

    classifier = Classifier(model, exact=True)
    if classifier.feature_dim is None:
        raise RunError(
            f"{model} gives no features, by which classes are enrolled; export it again: synthda export RUN --force."
        )
    graph = onnx.load(model)
    try:
        earlier = detach(graph)
    except KeyError:  # quantised since
        raise RunError(
            f"What was enrolled in {model} cannot be taken apart any more, as in 8 bits; enrol in the model that it "
            "was made of, and export that with --int8 again."
        ) from None
    if earlier is None:
        yield graph, classifier, None
        return
    with tempfile.TemporaryDirectory() as scratch:
        onnx.save(graph, Path(scratch) / "trained.onnx")
        yield graph, Classifier(Path(scratch) / "trained.onnx", exact=True), earlier


def _new_names(pictures: Collection[str], known: Sequence[str], facts: Mapping[str, Any], model: Path) -> list[str]:
    """The classes that are not known yet."""
    there = {one["name"] for one in facts["classes"]}
    twice = [name for name in pictures if name in there]
    if twice:
        raise DataError(f"{', '.join(twice)} is enrolled in {model} already; take it out first, with --remove.")
    new = [name for name in pictures if name not in known]
    if UNKNOWN in new:
        raise DataError(f"{UNKNOWN} is the answer for what is of no class; give its pictures another name.")
    if not new:
        raise DataError(
            f"{model} was trained on every class in these pictures ({', '.join(pictures)}); give pictures of a new one."
        )
    return new


def _refuse_known(given: Sequence[str], model: Path) -> None:
    if given:
        raise SettingError(
            f"Images of known classes ({', '.join(given)}) count when the first class is enrolled; give them with the "
            f"model as it was exported, or leave them out: {model} has enrolled classes already."
        )


def _features(classifier: Classifier, paths: Sequence[Path], name: str, done: Enrolment) -> NDArray[np.float32]:
    """Of all variants of a class's pictures, (n, D)."""
    images = []
    for path in paths:
        try:
            images += [read_photo(path, classifier.input_size, classifier.fit, box=box) for box in VARIANTS]
        except PhotoError as error:
            done.skipped.append(str(error))
    if not images:
        raise DataError(f"No picture of {name} can be read. {done.skipped[-1]}")
    return classifier.features(np.stack(images))


def _known(
    classifier: Classifier, shown: Mapping[str, NDArray[np.float32]], spec: str | None, data_root: Path | None
) -> tuple[Prototypes, list[str], NDArray[np.uint8]]:
    """Prototypes of the trained classes: of their pictures, or, where there are none, of other images."""
    names = [name for name in classifier.classes if name != UNKNOWN]
    features: list[NDArray[Any]] = [np.empty((0, classifier.feature_dim or 0))]
    weights: list[NDArray[Any]] = [np.empty((0, len(names)))]
    images, threshold = np.empty((0, *classifier.input_size, 3), np.uint8), False
    if spec is not None or len(shown) < len(names):
        domain = _domain(classifier, spec, data_root)
        images = in_memory(domain.images)
        chances, rows = classifier.probabilities_and_features(images)
        unknown = chances[:, len(names) :]
        noise = classifier.probabilities(_noise(classifier))
        threshold = unknown.size > 0 and _is_constant(np.concatenate([chances, noise]))
        counts = (
            np.eye(len(names))[labels_by_name(domain, tuple(names))] if domain.labelled else chances[:, : len(names)]
        )
        counts = counts / (1 - unknown) if threshold and not domain.labelled else counts
        features, weights = [rows], [counts * [name not in shown for name in names]]
    elif UNKNOWN in classifier.classes:
        raise SettingError(f"With a class {UNKNOWN}, give --known images, beside pictures of all known classes.")
    for name, rows in shown.items():
        features.append(rows)
        weights.append(np.tile(np.eye(len(names))[names.index(name)], (len(rows), 1)))
    found, rare = fitted(np.concatenate(features), np.concatenate(weights), threshold=threshold)
    return found, [names[place] for place in rare], images


def _noise(classifier: Classifier) -> NDArray[np.uint8]:
    """Images that show nothing, each another."""
    return np.random.default_rng(0).integers(0, 256, (16, *classifier.input_size, 3), dtype=np.uint8)


def _is_constant(chances: NDArray[np.float32]) -> bool:
    """Whether the probability of `unknown`, the last of (n, K + 1), is a threshold: the same for any image.

    Of a threshold t it is t / (1 + t), at most a half; a calibrated one may be 0 or 1 for all of a few images, rounded.
    """
    return bool(np.ptp(logit_of_unknown(chances)) < ROUNDING and 0 < chances[:, -1].max() < 0.5 + ROUNDING)


def _domain(classifier: Classifier, spec: str | None, data_root: Path | None) -> Domain:
    if spec is not None:
        return open_domain(spec, size=classifier.input_size, fit=classifier.fit, data_root=data_root, unknown=False)
    run = Run(classifier.path.parent)
    if not run.sample.exists():
        raise RunError(
            f"There is no {run.sample.name} beside {classifier.path}, which shows the classes that it was trained on; "
            "give such photographs with --known; they need no labels."
        )
    images = distinct(run.sample_images(classifier.input_size))
    return Domain(images, np.full(images.shape[0], UNLABELLED, np.int64), ())


def _write(
    graph: ModelProto,
    classifier: Classifier,
    prototypes: Prototypes,
    facts: dict[str, Any],
    out: Path,
    images: NDArray[np.uint8],
    done: Enrolment,
) -> None:
    """The model with its prototypes, once onnxruntime has agreed with `Prototypes.answers`."""
    import onnx

    known = len(prototypes.known)
    added = [one["name"] for one in facts["classes"]]
    if added:
        classes = [*classifier.classes[:known], *added, *classifier.classes[known:]]
        attach(graph, prototypes, classes, facts)
    compared = np.concatenate([images, _noise(classifier)])  # features as no photograph has them, too
    chances, features = classifier.probabilities_and_features(compared)
    expected = prototypes.answers(features, chances) if added else chances
    with written_then_named(out) as partial:
        onnx.save(graph, partial)
        found = Classifier(partial, exact=True).probabilities(compared)
        difference, differing = float(np.abs(found - expected).max()), found.argmax(axis=1) != expected.argmax(axis=1)
        if not difference < TOLERANCE:
            raise RunError(
                f"The model with its prototypes differs from what they say by {difference:.1e}; nothing was written. "
                "Try another version of onnxruntime."
            )
    agreement = {"different_classes": int(differing.sum()), "largest_difference": difference, "tolerance": TOLERANCE}
    write_json(parity_beside(out), {"images": len(compared), **agreement})
    if len(images):
        best = expected[: len(images)].argmax(axis=1)
        done.images = len(images)
        done.taken = float(((best >= known) & (best < known + len(added))).mean())
