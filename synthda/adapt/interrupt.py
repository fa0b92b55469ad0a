"""Ctrl-C that waits for the step to end: a parameter update is never left half done."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def deferred_interrupt(*, second_acts: bool = True) -> Iterator[Callable[[], bool]]:
    """Within: SIGINT and SIGTERM only set what the yielded function returns. A second SIGINT acts at once.

    Args:
        second_acts: not so for a process that torchrun has started, which passes on what the terminal has sent too.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    received: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        if received and number == signal.SIGINT and second_acts:
            raise KeyboardInterrupt
        received.append(number)

    previous = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(received)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
