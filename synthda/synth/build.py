"""A renderer from its name and its settings as texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from synthda.errors import DataError, SettingError
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


def rebuilt(manifest: Mapping[str, Any]) -> Renderer:
    """The renderer that made a domain, from the manifest of its shards.

    Raises:
        DataError: when a file that it read is missing or has changed, or its settings are of another version.
        SettingError: when there is no such renderer any more.
    """
    name = str(manifest["name"])
    try:
        renderer: Renderer = load_renderer(name)(**manifest["settings"])
    except TypeError as error:
        raise DataError(f"The settings of this domain are of another version of {name} ({error}).") from error
    now, then = dict(renderer.inputs), dict(manifest["inputs"])
    changed = sorted(file for file in then if file in now and now[file] != then[file])
    missing = sorted(then.keys() - now.keys())
    added = sorted(now.keys() - then.keys())
    for what, files in (("missing", missing), ("not as it was", changed), ("new", added)):
        if files:
            raise DataError(
                f"The domain cannot be drawn again: {files[0]} is {what}"
                f"{f', as are {len(files) - 1} more files' if len(files) > 1 else ''}; bring the templates and "
                "backgrounds back to what they were, or generate the domain again."
            )
    return renderer
