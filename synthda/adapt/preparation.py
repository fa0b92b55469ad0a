"""What an adaptation works with, checked: before its folder is claimed, and where nothing is to be trained."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch

from synthda.adapt.beginning import Beginning
from synthda.adapt.blueprint import Blueprint
from synthda.adapt.breakdown import breakdowns_told
from synthda.adapt.configuration import (
    check_not_learnt,
    check_not_scored,
    configuration_of,
    first_blueprint,
    refuse_to_discard,
)
from synthda.adapt.data import Data, with_classes
from synthda.adapt.feed import check_enough, check_sources
from synthda.adapt.hold_out import hold_out
from synthda.adapt.method import Method
from synthda.adapt.ranks import ALONE, Ranks
from synthda.adapt.run import Run
from synthda.adapt.selection import Selection
from synthda.adapt.selection.validation import Probe
from synthda.adapt.step import check_arithmetic
from synthda.adapt.trained import check_start, load_run
from synthda.datasets.domain import labels_by_name
from synthda.errors import DataError, SettingError


@dataclass(frozen=True, eq=False)
class Prepared:
    """An adaptation that nothing keeps from beginning.

    Attributes:
        data: what it trains on, without what is held out.
        probe: the images that its checkpoints are asked about.
        method: freshly built.
        beginning: the run whose weights the training begins with; None where there is none.
        first: the run that the method starts from, or where that is to be.
        configuration: what the run's folder is claimed for.
    """

    data: Data
    probe: Probe
    method: Method
    beginning: Beginning | None
    first: Run
    configuration: dict[str, Any]


def prepare(
    blueprint: Blueprint,
    data: Data,
    run: Run,
    *,
    start: Run | None = None,
    begin: Run | None = None,
    first: Run | None = None,
    device: str = "cpu",
    force: bool = False,
    pretrained: bool = True,
    select: Selection | None = None,
    ranks: Ranks = ALONE,
) -> Prepared:
    """Build and check all that `adapt`, with the same arguments, needs; nothing is written.

    Args:
        pretrained: whether a network that begins with pretrained weights is given them, which may be to download.

    Raises:
        DataError, SettingError: as `adapt`.
    """
    if force:
        earlier = {"--start": start, "--from": begin}
        refuse_to_discard({name: found.folder for name, found in earlier.items() if found is not None}, run.folder)
    share = (select or Selection()).share
    data, held_out = hold_out(data, blueprint.method, blueprint.classes, share, seed=blueprint.seed)
    resumed = not force and run.checkpoint.exists()
    with breakdowns_told(torch.device(device)):
        method = blueprint.build(pretrained=pretrained and start is None and begin is None and not resumed)
    beginning = None if begin is None else Beginning(begin, *load_run(begin))
    goes_on_from = start or first or run.first
    stays = not force or not goes_on_from.folder.resolve().is_relative_to(run.folder.resolve())
    resumed = resumed or (stays and goes_on_from.finished)
    given = {"start": start, "begin": begin}
    check_before(blueprint, data, method, **given, resumed=resumed, processes=ranks.size, device=device)
    if beginning is not None:
        beginning.check(blueprint, start)
    if blueprint.calibrates_unknown and held_out is None:
        raise SettingError("--unknown is calibrated on held-out source images; give --hold-out a share, such as 0.1.")
    configuration = configuration_of(blueprint, data, start, ranks.size, begin=begin)
    if start is not None and held_out is not None:
        check_not_learnt(start, configuration)
    if beginning is not None and held_out is not None:
        beginning.check_not_learnt(configuration)
    return Prepared(data, Probe.of(data.target, held_out), method, beginning, goes_on_from, configuration)


def check_before(
    blueprint: Blueprint,
    data: Data,
    method: Method,
    *,
    start: Run | None = None,
    begin: Run | None = None,
    resumed: bool = False,
    processes: int = 1,
    device: str | None = None,
) -> None:
    """Whether all fits together, and what `method` starts from, too: before the folder is claimed, and in a dry run.

    A run that is `resumed` from its own checkpoint, or goes on from one that is there, needs nothing that it started
    from. Without a `device`, whether that computes as the recipe asks is left to the training.

    Raises:
        DataError: as `check_data`; when there is neither a run that the method starts from nor a source to train it on.
        SettingError: as `check_data`; when the device does not compute as the recipe asks, the method cannot start from
            `start`, or `start` or `begin` has learnt from what evaluates.
    """
    check_data(blueprint, data, method, processes, start=start)
    if device is not None:
        check_arithmetic(blueprint.recipe, method, device)
    if start is not None:
        check_start(start, blueprint, method)
    for earlier in (start, begin):
        if earlier is not None and earlier.finished:
            check_not_scored(data, earlier)
    first = first_blueprint(blueprint, method) if start is None and not resumed else None
    if first is not None:
        if not (method.uses_source or data.sources):
            raise DataError(
                f"{blueprint.method} starts from a run of {first.method}; give a finished one with --start, or "
                "labelled source images with --source, to train one."
            )
        unscored = replace(data, evaluation=None)
        check_before(first, unscored, first.build(pretrained=False), processes=processes, device=device)


def check_data(
    blueprint: Blueprint, data: Data, method: Method, processes: int = 1, *, start: Run | None = None
) -> None:
    """Whether `method`, built by `blueprint`, can learn from the data and be scored on it: before any training.

    Raises:
        DataError: when a domain that it needs is missing or has classes that do not fit, or there is only one class.
        SettingError: when its settings do not fit the number of sources, or of processes; when nothing would learn from
            the labelled target.
    """
    if len(blueprint.known_classes) < 2:
        raise DataError(
            f"The sources have one class ({', '.join(blueprint.known_classes)}); a classifier needs two or more. Give "
            "--source a folder with one sub-folder per class, not a folder above it."
        )
    sources = data.training_sources(blueprint.method)
    for source in (*sources, *([data.oracle] if data.oracle is not None else [])):
        with_classes(source, blueprint.known_classes)
    if data.evaluation is not None:
        labels_by_name(data.evaluation, blueprint.classes)
    if method.uses_source and not data.sources:
        raise DataError(f"{blueprint.method} learns from labelled source images too; give them with --source.")
    if start is not None and data.labelled_target is not None and not method.uses_source:
        raise SettingError(
            f"{blueprint.method} learns from no labels; leave out --labelled-target, or give it to the run in --start."
        )
    own, few = data.labelled_for(blueprint.method)
    check_sources(method, blueprint.recipe, len(own), processes, labelled_target=few is not None)
    check_enough(method, [len(source) for source in sources], data.target.shape[0], processes)
