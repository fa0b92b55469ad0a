"""The domains of one adaptation, brought to one size, and checked against one another."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from synthda.adapt.distance import some_rows
from synthda.adapt.network import Size
from synthda.datasets.domain import (
    UNKNOWN,
    ArrayImages,
    Domain,
    Images,
    content_hashes,
    content_of,
    each_content,
    joined,
    labels_by_name,
)
from synthda.datasets.label_file import Queue, for_queue, label_spec
from synthda.datasets.resize import Fit
from synthda.datasets.shards import manifest_of, tables_of
from synthda.datasets.specs import open_domain
from synthda.errors import DataError
from synthda.wording import counted

ORACLE = "train-on-target"
FLOOR = "source-only"
COMPARED = 256
Shared = dict[tuple[str, bool, bool], Domain]
"""Open domains of one size, by spec, and by whether their labels and what is of no class are read."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Data:
    """The domains of one adaptation, all at the network's input size.

    Attributes:
        sources: labelled; their class names together are the classifier's.
        target: unlabelled images: there is no field for their labels.
        evaluation: labelled, read after training only.
        labelled_target: a few labelled target photographs: every method learns their labels, too (semi-supervised).
        oracle: labelled target photographs that train the oracle; none of them nor of the above is in `evaluation`.
        target_name: what to call the target in a report.
        target_paths: where each target image came from, for a folder of photographs.
        factor_tables: of rendered images that evaluate, by choice column of their scenes, what each code means.
        skipped: one line per file that could not be used.
        transductive: how many images of `evaluation` are also among the unlabelled target images.
    """

    sources: tuple[Domain, ...]
    target: Images
    evaluation: Domain | None = None
    labelled_target: Domain | None = None
    oracle: Domain | None = None
    target_name: str = "target"
    target_paths: tuple[str, ...] | None = None
    factor_tables: Mapping[str, Sequence[str]] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()
    transductive: int = 0

    @property
    def classes(self) -> tuple[str, ...]:
        """The sources' class names, in the order in which they first appear."""
        return tuple(dict.fromkeys(name for source in self.sources for name in source.classes))

    def identity(self, method: str) -> dict[str, Any]:
        """What the weights depend on: name, size and content hash of each domain that `method` reads, and labels."""
        sources, few = self.labelled_for(method)
        read: dict[str, Any] = {"sources": [_labelled_identity(source) for source in sources]}
        read |= {} if few is None else {"labelled_target": _labelled_identity(few)}
        return read if method in (FLOOR, ORACLE) else read | {"target": _identity(self.target, self.target_name)}

    @property
    def measured_identity(self) -> dict[str, Any]:
        """What a comparison's score depends on beside the weights: those of source-only depend on no target."""
        return {
            "eval": None if self.evaluation is None else _labelled_identity(self.evaluation),
            "sources": [_labelled_identity(source) for source in self.sources],
            "target": _identity(self.target, self.target_name),
        }

    @property
    def evaluation_content(self) -> str | None:
        """The hash of the images that evaluate, as `identity` has those of what is learnt."""
        return None if self.evaluation is None else content_of(self.evaluation.images)

    def labelled_for(self, method: str) -> tuple[tuple[Domain, ...], Domain | None]:
        """What `method` trains on as sources, and the labelled target beside them; the oracle has one source, its own.

        Raises:
            DataError: when the oracle is asked for without labelled target photographs.
        """
        if method != ORACLE:
            return self.sources, self.labelled_target
        found = self.oracle or self.labelled_target
        if found is None:
            raise DataError("train-on-target needs labelled target photographs; give them with --oracle.")
        return (found,), None

    def training_sources(self, method: str) -> tuple[Domain, ...]:
        """All labelled domains that `method` trains on; raises as `labelled_for`."""
        sources, few = self.labelled_for(method)
        return sources if few is None else (*sources, few)

    def some_of_sources(self, most: int) -> Domain:
        """At most `most` images of the sources, of all of them alike many; labels count `classes`."""
        each = max(1, most // len(self.sources))
        parts = [source.rows(some_rows(len(source), most=each)) for source in self.sources]
        return joined(parts, self.classes, name="the sources")

    def comparison_images(self) -> Images:
        """At least 256 images, target first, then source, to compare an export on; repeated where there are fewer."""
        taken: list[np.ndarray[Any, np.dtype[np.uint8]]] = []
        for images in (self.target, *(source.images for source in self.sources)):
            wanted = 2 * COMPARED - sum(len(part) for part in taken)
            taken.append(images.read(np.arange(min(images.shape[0], wanted), dtype=np.int64)))
        pool = np.concatenate(taken)
        return ArrayImages(np.resize(pool, (max(COMPARED, len(pool)), *pool.shape[1:])))


def open_data(
    sources: Sequence[str],
    target: str,
    *,
    size: Size,
    fit: Fit = "stretch",
    evaluation: str | None = None,
    labelled_target: str | None = None,
    oracle: str | None = None,
    data_root: Path | None = None,
    shared: Shared | None = None,
    learns_unknown: bool = False,
    answers_unknown: bool = False,
) -> Data:
    """Open the domains that the specs name (see `open_domain`), and compare their photographs by content.

    Args:
        sources, target, evaluation, labelled_target, oracle: specs; of a label file, `evaluation` reads the measure
            queue, and all others the teach queue.
        size, fit, data_root: as `open_domain`.
        shared: domains that are open already, to which those of this call are added.
        learns_unknown, answers_unknown: whether `unknown` is a class that the method learns, or an answer of the model:
            photographs that a label file calls so are then learnt, or evaluate; otherwise they are left out and told
            in `skipped`, unless a source that is no label file has such a class.

    Raises:
        DataError: when one is missing or damaged; when a source has no labels; when an image whose label is learnt, of
            a source, of the labelled target or of the oracle's, is also among those that evaluate.
    """
    known = {} if shared is None else shared

    def opened(spec: str, *, labelled: bool = True, unknown: bool = False, queue: Queue = "teach") -> Domain:
        spec, unknown = for_queue(spec, queue), unknown or label_spec(spec) is None  # once, where it is no label file
        key = spec, labelled, unknown
        if key not in known:
            known[key] = open_domain(spec, size=size, fit=fit, data_root=data_root, labelled=labelled, unknown=unknown)
        return known[key]

    learnt_too = learns_unknown or any(UNKNOWN in opened(spec).classes for spec in sources)
    source_domains = tuple(opened(spec, unknown=learns_unknown) for spec in sources)
    target_domain = opened(target, labelled=False, unknown=True)
    labelled_domain, oracle_domain = (
        opened(spec, unknown=learnt_too) if spec else None for spec in (labelled_target, oracle)
    )
    eval_domain = opened(evaluation, unknown=learnt_too or answers_unknown, queue="measure") if evaluation else None
    domains = [*source_domains, target_domain, eval_domain, labelled_domain, oracle_domain]
    learnt = [("--source", source) for source in source_domains]
    learnt += [("--labelled-target", labelled_domain)] if labelled_domain is not None else []
    learnt += [("--oracle", oracle_domain)] if oracle_domain is not None else []
    return Data(
        sources=source_domains,
        target=target_domain.images,
        evaluation=eval_domain,
        labelled_target=labelled_domain,
        oracle=oracle_domain,
        target_name=target_domain.name,
        target_paths=target_domain.paths,
        factor_tables=tables_of(manifest_of(evaluation)) if evaluation else {},
        skipped=tuple(dict.fromkeys(f"{found.name}/{line}" for found in domains if found for line in found.skipped)),
        transductive=_overlaps(target_domain, eval_domain, learnt),
    )


def with_classes(domain: Domain, classes: tuple[str, ...]) -> Domain:
    """The domain with its labels counted by `classes`; raises DataError where it has others, or no labels."""
    if not domain.labelled:
        raise DataError(
            f"{domain.name or 'The source'} has images without a label; a source is a folder with one sub-folder per "
            "class, shards, or a named data set."
        )
    return replace(domain, labels=labels_by_name(domain, classes), classes=classes)


def _overlaps(target: Domain, evaluation: Domain | None, learnt: Sequence[tuple[str, Domain]]) -> int:
    """How many images of `evaluation` are in the target; refuses those whose labels are learnt, by option."""
    if evaluation is None:
        return 0
    hashes = content_hashes(evaluation.images)
    known = set(hashes)
    for option, labelled in learnt:
        seen = known.intersection(each_content(labelled.images))
        shared = [row for row, content in enumerate(hashes) if content in seen]
        if shared:
            example = f", for example {evaluation.paths[shared[0]]}" if evaluation.paths else ""
            raise DataError(
                f"{option} and --eval share {counted(len(shared), 'photograph')}{example}; a score on photographs "
                "whose labels were learnt says nothing. Remove them from one of the two."
            )
    unlabelled = known.intersection(each_content(target.images))
    return sum(content in unlabelled for content in hashes)


def _labelled_identity(source: Domain) -> dict[str, Any]:
    named = json.dumps(source.classes).encode() + source.labels.tobytes()
    return _identity(source.images, source.name) | {"labels": hashlib.blake2b(named, digest_size=16).hexdigest()}


def _identity(images: Images, name: str) -> dict[str, Any]:
    return {"name": name, "images": images.shape[0], "content": content_of(images)}
