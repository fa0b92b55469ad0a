"""A run's method with its trained weights, and whether another method may start from it."""

from __future__ import annotations

from synthda.adapt.blueprint import Blueprint
from synthda.adapt.checkpoint import load_checkpoint
from synthda.adapt.method import Method
from synthda.adapt.rejection import Rejection
from synthda.adapt.run import Run
from synthda.errors import RunError, SettingError


def load_run(run: Run, *, calibrated: bool = True) -> tuple[Blueprint, Method]:
    """A run's blueprint and its method with the weights of the chosen or the last checkpoint, ready to predict.

    Args:
        run: its folder.
        calibrated: whether `unknown` is answered as it was calibrated; not where it is about to be, once more.

    Raises:
        RunError: when the folder holds no run, or its checkpoint is missing or damaged.
    """
    manifest = run.read()
    if manifest.get("kind") != "run":
        raise RunError(f"{run.folder} holds no run of synthda adapt; give the folder that --out named.")
    try:
        blueprint = Blueprint.from_dict(manifest["configuration"]["blueprint"])
        claimed = str(manifest["fingerprint"])
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(f"The manifest in {run.folder} is incomplete or damaged ({error}); train again.") from error
    method = blueprint.build(pretrained=False)
    load_checkpoint(run.deployed, method, {}, claimed)
    if calibrated and blueprint.calibrates_unknown and run.rejection.exists():
        Rejection.read(run.rejection).apply_to(method)
    method.eval()
    return blueprint, method


def check_start(start: Run, blueprint: Blueprint, method: Method) -> None:
    """Raise SettingError unless `start` is a finished run that `method`, built by `blueprint`, can start from."""
    if method.starts_from is None:
        raise SettingError(f"{blueprint.method} does not start from a finished run; leave out --start.")
    found, trained = load_run(start)
    if not start.finished:
        raise SettingError(f"The run in {start.folder} is not finished; let its command end, or give another --start.")
    if found.method != method.starts_from:
        raise SettingError(
            f"{start.folder} is a run of {found.method}, and {blueprint.method} starts from {method.starts_from}; give "
            "--start a run of that."
        )
    for what in ("network", "network_settings", "known_classes", "input_size"):
        theirs, ours = getattr(found, what), getattr(blueprint, what)
        if theirs != ours:
            raise SettingError(f"{start.folder} has another {what.replace('_', ' ')} ({theirs}, not {ours}).")
    if not method.can_begin_from(trained):
        given = ", ".join(f"{name}={value}" for name, value in found.method_settings.items())
        raise SettingError(
            f"{start.folder} was trained by {found.method} with {given}, which shapes its weights, and "
            f"{blueprint.method} follows {found.method} with its default settings; give --start a run of those."
        )
