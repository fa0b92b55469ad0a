"""A renderer from its name and its settings as texts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from synthda.errors import DataError, SettingError
from synthda.settings import configure, settings_of
from synthda.synth import load_renderer
from synthda.synth.renderer import Renderer

FOLDERS = ("templates", "backgrounds", "digits")
"""Settings that name what a renderer reads."""


def build_renderer(name: str, given: Mapping[str, str], options: Mapping[str, str | None] | None = None) -> Renderer:
    """The renderer called `name` with its settings.

    Args:
        name: in the registry.
        given: `name=value` texts, as `parse_assignments` returns them.
        options: settings that the command line also offers under their own name, None where they were not given.

    Raises:
        SettingError: for an unknown renderer or setting, a bad value, an option of another renderer or one that is
            a setting again.
    """
    found = load_renderer(name)
    named = {option: value for option, value in (options or {}).items() if value is not None}
    for option in named:
        if option in given:
            raise SettingError(f"--{option} is short for --set {option}=…; leave out one of the two.")
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
    try:
        now, then = dict(renderer.inputs), dict(manifest["inputs"])
    except DataError as error:
        read = [str(manifest["settings"].get(folder) or "") for folder in FOLDERS]
        relative = [path for path in read if path and not Path(path).is_absolute() and not Path(path).exists()]
        where = f" Run the command where {relative[0]} is, as when it was generated." if relative else ""
        raise DataError(f"The domain cannot be drawn again: {error}{where}") from error
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
