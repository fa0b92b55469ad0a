"""`metrics.jsonl` and TensorBoard: averages of the losses between two log lines, kept on the device until then."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any

from synthda.adapt.ranks import ALONE, Ranks
from synthda.adapt.run import Run
from synthda.manifest import disk_errors_told, written_then_named

if TYPE_CHECKING:
    from torch import Tensor  # whoever reads the log, as a report does, needs no torch

Entry = dict[str, float]
TIMES = ("seconds", "images_per_second")
"""What of an entry differs between equal runs."""


class MetricsLog:
    """Collects a step's terms, writes their means; on resume, lines beyond the checkpoint are cut away."""

    def __init__(
        self, run: Run, first_step: int, images_a_step: int, *, ranks: Ranks = ALONE, share: float = 1.0
    ) -> None:
        self._ranks, self._share = ranks, share
        self._path = run.metrics
        self._images_a_step = images_a_step
        self._sums: dict[str, Tensor] = {}
        self._step, self._since = first_step, time.monotonic()
        self._board: Any = None
        if not ranks.leads:
            return
        kept = [line for line in read_metrics(run) if line["step"] <= first_step]
        with written_then_named(self._path) as partial:
            partial.write_text("".join(json.dumps(line) + "\n" for line in kept), encoding="utf-8")
        self._board = _summary_writer(run, first_step)

    def add(self, terms: dict[str, Tensor]) -> None:
        """Add one step's terms to the running sums, without waiting for the device."""
        for name, term in terms.items():
            if name not in self._sums:
                self._sums[name] = term.new_zeros(term.shape)
            self._sums[name].add_(term)  # in place: a graph adds to the same tensor at each replay

    def state(self) -> Iterable[Tensor]:
        """The running sums."""
        return self._sums.values()

    def flush(self, step: int) -> Entry:
        """The means since the last line, over all processes, written and returned; waits for the device."""
        steps = max(step - self._step, 1)
        if self._ranks.size > 1:
            self._sums = {name: total.clone() for name, total in self._sums.items()}
            self._ranks.combine(self._sums.values(), self._share)
        entry: Entry = {"step": step} | {name: total.item() / steps for name, total in self._sums.items()}
        now = time.monotonic()
        entry["seconds"] = now - self._since
        entry["images_per_second"] = steps * self._images_a_step / max(now - self._since, 1e-9)
        if self._ranks.leads:
            with disk_errors_told(self._path), self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({name: round(value, 6) for name, value in entry.items()}) + "\n")
        if self._board is not None:
            for name, value in entry.items():
                self._board.add_scalar(name, value, step)
        self._step, self._since = step, now
        for total in self._sums.values():
            total.zero_()
        return entry

    def __enter__(self) -> MetricsLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._board is not None:
            self._board.close()


def read_metrics(run: Run) -> list[Entry]:
    """The lines of `metrics.jsonl`; a last line that was cut off is left out."""
    entries: list[Entry] = []
    if run.metrics.exists():
        for line in run.metrics.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                break
            if not isinstance(entry, dict) or "step" not in entry:
                break
            entries.append(entry)
    return entries


def training_seconds(run: Run) -> float:
    """Time that a run has spent in training, but for what lies between a stop and the line of the log before it."""
    return sum(entry.get("seconds", 0.0) for entry in read_metrics(run))


def _summary_writer(run: Run, first_step: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(run.folder / "tensorboard"), purge_step=first_step + 1)
