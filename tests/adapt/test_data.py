"""The domains of an adaptation: compared by content, matched by class name, known by all that the weights depend on."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from toy import CLASSES, domain, save_images

from synthda.adapt.data import FLOOR, ORACLE, Data, open_data, with_classes
from synthda.adapt.scoring import open_scored
from synthda.datasets.domain import UNKNOWN, ArrayImages, Domain, in_memory
from synthda.datasets.label_file import Decision
from synthda.datasets.label_journal import Journal
from synthda.errors import DataError
from synthda.manifest import sha256_of

SIZE = (16, 16)


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """source/, target/, labelled/ and eval/ of the toy problem; target/ without class folders."""
    for number, name in enumerate(("source", "labelled", "eval")):
        made = domain(12, seed=number, target=number > 0)
        for label, class_name in enumerate(CLASSES):
            save_images(tmp_path / name / class_name, in_memory(made.images)[made.labels == label])
    save_images(tmp_path / "target", in_memory(domain(20, seed=7, target=True).images))
    return tmp_path


def opened(folders: Path, *, labelled: bool = True, evaluation: bool = True) -> Data:
    return open_data(
        [str(folders / "source")],
        str(folders / "target"),
        size=SIZE,
        evaluation=str(folders / "eval") if evaluation else None,
        labelled_target=str(folders / "labelled") if labelled else None,
    )


def test_domains_come_in_one_size_with_the_targets_labels_left_behind(folders: Path) -> None:
    data = opened(folders)
    assert data.classes == CLASSES
    assert data.target.shape == (20, 16, 16, 3)
    assert "labels" not in {field.name for field in fields(Data)}
    assert not hasattr(data.target, "labels")
    assert data.evaluation is not None
    assert data.evaluation.labelled
    assert (data.transductive, data.skipped) == (0, ())


def test_a_target_in_class_folders_gives_its_images_alone(folders: Path) -> None:
    data = open_data([str(folders / "source")], str(folders / "labelled"), size=SIZE)
    assert data.target.shape[0] == 12
    assert isinstance(data.target, ArrayImages)


@pytest.mark.parametrize(("folder", "option"), [("labelled", "--labelled-target"), ("source", "--source")])
def test_labelled_photographs_that_evaluate_are_refused_under_any_name(folder: str, option: str, folders: Path) -> None:
    copied = next((folders / "eval" / "left").iterdir())
    (folders / folder / "upper" / "renamed.png").write_bytes(copied.read_bytes())
    with pytest.raises(DataError, match=f"{option} and --eval share 1 photograph, for example left/"):
        opened(folders)


def test_photographs_of_the_target_that_evaluate_are_counted(folders: Path) -> None:
    for number, path in enumerate(sorted((folders / "eval" / "left").iterdir())[:2]):
        (folders / "target" / f"renamed-{number}.png").write_bytes(path.read_bytes())
    assert opened(folders).transductive == 2


def test_without_evaluation_there_is_nothing_to_compare(folders: Path) -> None:
    data = opened(folders, evaluation=False)
    assert (data.evaluation, data.transductive) == (None, 0)


def test_a_source_without_labels_is_refused(folders: Path) -> None:
    with pytest.raises(DataError):
        open_data([str(folders / "target")], str(folders / "target"), size=SIZE)
    unlabelled = Domain(domain().images, np.full(64, -1), (), name="heap")
    with pytest.raises(DataError, match="heap has images without a label"):
        with_classes(unlabelled, CLASSES)


def test_bad_files_are_listed_with_the_domain_that_they_are_in(folders: Path) -> None:
    (folders / "target" / "broken.png").write_bytes(b"")
    (folders / "source" / "left" / "broken.png").write_bytes(b"")
    skipped = opened(folders).skipped
    assert len(skipped) == 2
    assert skipped[0].startswith("source/left/broken.png: ")
    assert skipped[1].startswith("target/broken.png: ")


def test_the_classes_are_those_of_all_sources_in_order() -> None:
    one, two = replace(domain(), classes=("b", "a")), replace(domain(), classes=("a", "c"))
    data = Data(sources=(one, two), target=domain().images)
    assert data.classes == ("b", "a", "c")
    assert set(with_classes(two, data.classes).labels.tolist()) == {1, 2}


def test_the_oracle_trains_on_labelled_target_photographs_and_on_nothing_else(folders: Path) -> None:
    data = replace(opened(folders), oracle=domain(seed=5, target=True))
    assert data.training_sources(ORACLE) == (data.oracle,)
    few = opened(folders)
    assert few.training_sources(ORACLE) == (few.labelled_target,)
    with pytest.raises(DataError, match="give them with --oracle"):
        opened(folders, labelled=False).training_sources(ORACLE)


@pytest.mark.parametrize("learnt", [False, True])
def test_what_a_person_calls_none_of_the_classes_is_learnt_by_a_method_that_has_such_a_class(
    learnt: bool, folders: Path
) -> None:
    names = {path: path.parent.name for path in sorted((folders / "labelled").rglob("*.png"))}
    foreign = next(iter(names))
    names[foreign] = UNKNOWN
    with Journal(folders / "labels.jsonl", folders / "labelled", (*CLASSES, UNKNOWN)) as journal:
        for path, name in names.items():
            file = path.relative_to(folders / "labelled").as_posix()
            journal.decide(Decision(sha256_of(path), file, "teach", name))
    labels, source = str(folders / "labels.jsonl"), str(folders / "source")
    data = open_data([source], str(folders / "target"), size=SIZE, labelled_target=labels, learns_unknown=learnt)
    assert data.labelled_target is not None
    assert len(data.labelled_target) == (12 if learnt else 11)
    told = () if learnt else (f"labels:teach/left/{foreign.name}: it is labelled as none of the classes",)
    assert data.skipped == told
    with_classes(data.labelled_target, (*CLASSES, UNKNOWN) if learnt else CLASSES)


@pytest.mark.parametrize("answered", [False, True])
@pytest.mark.parametrize("last", [CLASSES, (*CLASSES, UNKNOWN)], ids=["of a model without", "of a model with unknown"])
def test_none_of_the_classes_evaluates_a_model_that_can_say_so_whoever_had_the_file_last(
    answered: bool, last: tuple[str, ...], folders: Path
) -> None:
    photos = sorted((folders / "labelled").rglob("*.png"))
    with Journal(folders / "labels.jsonl", folders / "labelled", last) as journal:
        for path, name in ((photos[0], UNKNOWN), (photos[1], photos[1].parent.name)):
            file = path.relative_to(folders / "labelled").as_posix()
            journal.decide(Decision(sha256_of(path), file, "measure", name))
    spec = str(folders / "labels.jsonl")
    source, target = str(folders / "source"), str(folders / "target")
    data = open_data([source], target, size=SIZE, evaluation=spec, answers_unknown=answered)
    assert data.evaluation is not None
    assert len(data.evaluation) == (2 if answered else 1)
    assert len(data.skipped) == (0 if answered else 1)
    with_classes(data.evaluation, (*CLASSES, UNKNOWN) if answered else CLASSES)
    scored = open_scored(spec, (*CLASSES, UNKNOWN) if answered else CLASSES, size=SIZE, fit="stretch")
    assert len(scored) == len(data.evaluation)
    with pytest.raises(DataError, match="for training alone"):
        open_scored(f"{spec}:teach", CLASSES, size=SIZE, fit="stretch")


def test_labelled_target_photographs_are_one_more_source_of_every_other_method(folders: Path) -> None:
    data = opened(folders)
    assert data.training_sources("dann") == data.training_sources(FLOOR) == (*data.sources, data.labelled_target)
    without = opened(folders, labelled=False)
    assert without.training_sources("dann") == without.sources


def toy_data(**changes: object) -> Data:
    return replace(Data(sources=(domain(),), target=domain(target=True).images), **changes)


def test_a_run_is_known_by_every_image_that_its_method_reads() -> None:
    changed = domain(seed=1)
    data = toy_data()
    assert data.identity("dann") == toy_data().identity("dann")
    assert data.identity("dann") != toy_data(sources=(changed,)).identity("dann")
    assert data.identity("dann") != toy_data(target=changed.images).identity("dann")
    assert data.identity(FLOOR) == toy_data(target=changed.images).identity(FLOOR)


def test_a_run_is_known_by_its_labels_too() -> None:
    source = domain()
    other_labels = replace(source, labels=1 - source.labels)
    other_names = replace(source, classes=("upper", "left"))
    identities = [toy_data(sources=(each,)).identity("dann") for each in (source, other_labels, other_names)]
    assert identities[0] != identities[1]
    assert identities[0] != identities[2]


def test_evaluation_is_no_part_of_what_the_weights_depend_on() -> None:
    assert toy_data().identity("dann") == toy_data(evaluation=domain(seed=5)).identity("dann")


@pytest.mark.parametrize(("target", "source"), [(3, 2), (100, 50), (300, 10), (1000, 1000)])
def test_an_export_is_compared_on_256_images_or_more_target_first_then_source(target: int, source: int) -> None:
    data = Data(sources=(domain(source),), target=domain(target, target=True).images)
    images = in_memory(data.comparison_images())
    assert len(images) == max(256, min(target + source, 512))
    first = min(target, len(images))
    assert np.array_equal(images[:first], in_memory(data.target)[:first])
    others = in_memory(data.sources[0].images)[: len(images) - first]
    assert np.array_equal(images[first : first + len(others)], others)
