"""A progress bar with rate and time left, on stderr, where there is a terminal to draw it on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from synthda.cli.listing import console


class RateColumn(ProgressColumn):
    """Units a second, over the last half minute."""

    def __init__(self, unit: str) -> None:
        super().__init__()
        self.unit = unit

    def render(self, task: Task) -> Text:
        rate = task.finished_speed or task.speed
        return Text(f"{rate:,.0f} {self.unit}/s" if rate else f"… {self.unit}/s", style="progress.data.speed")


@contextmanager
def progress_bar(what: str, total: int, unit: str = "images") -> Iterator[Callable[[int], None]]:
    """Give the function that is called with the number of units just finished."""
    printer = console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), RateColumn(unit))
    with Progress(*columns, TimeRemainingColumn(), console=printer, disable=not printer.is_terminal) as bar:
        task = bar.add_task(what, total=total)
        yield lambda finished: bar.advance(task, finished)
