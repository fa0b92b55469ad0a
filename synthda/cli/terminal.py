"""What the verbs print on: a console that shows every name as text."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.text import Text

from synthda.wording import without_control


class PlainConsole(Console):
    """Nothing in a name acts on the terminal."""

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(without_control(text), **options)
