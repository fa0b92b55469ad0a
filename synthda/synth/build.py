"""A renderer from its name and its settings as texts."""

from __future__ import annotations

from collections.abc import Mapping

from synthda.errors import SettingError
from synthda.settings import configure, settings_of
from synthda.synth import load_renderer
from synthda.synth.renderer import Renderer


def build_renderer(name: str, given: Mapping[str, str], options: Mapping[str, str | None] | None = None) -> Renderer:
    """The renderer called `name` with its settings.

    Args:
        name: in the registry.
        given: `name=value` texts, as `parse_assignments` returns them.
        options: settings that the command line also offers under their own name, None where they were not given.

    Raises:
        SettingError: for an unknown renderer or setting, a bad value, or an option of another renderer.
    """
    found = load_renderer(name)
    named = {option: value for option, value in (options or {}).items() if value is not None}
    for option in named:
        if option not in settings_of(found):
            raise SettingError(f"--{option} is not for {name}; leave it out, or see its settings: synthda renderers.")
    built: Renderer = found(**configure({"renderer": found}, {**given, **named})["renderer"])
    return built
