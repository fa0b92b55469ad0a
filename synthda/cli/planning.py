"""What is to be trained, and on which device, from the options of the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from synthda.adapt.blueprint import Blueprint
from synthda.adapt.network import Size
from synthda.adapt.ranks import own_device, started_together
from synthda.adapt.run import Run
from synthda.adapt.selection import HELD_OUT, LAST, Selection
from synthda.adapt.trained import load_run
from synthda.datasets.resize import Fit
from synthda.errors import SettingError

DEVICES = ("cpu", "cuda", "mps")
"""Kinds of devices that synthda knows; torch knows more."""


def plan_of(
    method: str,
    given: Mapping[str, str],
    *,
    start: Path | None,
    begin: Path | None = None,
    network: str | None,
    side: int | None,
    fit: Fit | None,
    seed: int,
    steps: int | None,
    unknown_below: float | None,
    calibrates_unknown: bool = False,
) -> Blueprint:
    """The blueprint that the options name; with `start`, on the network of that run, and for its classes.

    With `begin`, what the options do not say of network, size and fit is as in that run.

    Raises:
        SettingError: for a name or value that is not accepted, one that is given twice, or an option that the run to
            start from decides.
        RunError: when `start` holds no run.
    """
    if steps is not None and "steps" in given:
        raise SettingError("The steps are given by --steps and by --set; leave out one of the two.")
    chosen: dict[str, Any] = {"seed": seed, "steps": steps, "unknown_below": unknown_below}
    chosen["calibrates_unknown"] = calibrates_unknown
    if begin is not None:
        if start is not None:
            raise SettingError(
                "--start is the run that the method goes on from, --from the one whose weights any training begins "
                "with; give one of the two."
            )
        earlier, _ = load_run(Run(begin))
        chosen |= {"input_size": square(side) or earlier.input_size, "fit": fit or earlier.fit}
        plan = Blueprint.of(method, network or earlier.network, (), given=given, **chosen)
        same = plan.network == earlier.network
        return replace(plan, network_settings={**earlier.network_settings, **plan.network_settings}) if same else plan
    if start is None:
        chosen |= {"input_size": square(side), "fit": fit or "stretch"}
        return Blueprint.of(method, network or "conv-small", (), given=given, **chosen)
    first, _ = load_run(Run(start))
    plan = Blueprint.of(method, first.network, first.known_classes, given=given, **chosen)
    decided = [name for name, value in (("--network", network), ("--size", side), ("--fit", fit)) if value is not None]
    decided += [f"--set {name}" for name in plan.network_settings]
    if decided:
        raise SettingError(f"With --start, that run decides {' and '.join(decided)}; leave it out.")
    kept = {name: getattr(first, name) for name in ("network_settings", "input_size", "fit")}
    return replace(plan, **kept)


def selection_of(rule: str, candidates: int | None, hold_out: float | None, *, calibrates: bool = False) -> Selection:
    """How the checkpoint is chosen, and what is held out, for that or because `unknown` is calibrated on it.

    Raises:
        SettingError: for a number out of range, or candidates of no rule.
    """
    if candidates is not None and rule == LAST:
        raise SettingError("--candidates is how many checkpoints --select chooses among; give --select a rule, too.")
    hold_out = HELD_OUT if calibrates and hold_out is None else hold_out
    return Selection(rule, Selection.candidates if candidates is None else candidates, hold_out)


def square(side: int | None) -> Size | None:
    """The image size that `--size` names."""
    if side is not None and not 8 <= side <= 1024:
        raise SettingError(f"--size {side} is out of range; --size accepts 8…1024.")
    return None if side is None else (side, side)


def pick_device(name: str) -> str:
    """`auto` resolved to what this machine has; of several processes, each gets a GPU of its own.

    Raises:
        SettingError: for a device that torch does not know or find, or that several processes cannot have.
    """
    if started_together():
        name = own_device(name, torch.cuda.device_count())
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if name.partition(":")[0] not in DEVICES:
        raise SettingError(f"There is no device {name!r}; give cpu, cuda, mps or auto.")
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0].partition(". ")[0]
        raise SettingError(f"--device {name} cannot be used ({reason}); give cpu, cuda, mps or auto.") from error
    return name
