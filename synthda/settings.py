"""A class's keyword-only arguments as user-facing settings: `name=value` in, typed keyword arguments out.

The signature is the only list of settings there is: the command line, the manifest and the docs all read it from
here. A setting documents itself with `Annotated[float, "largest rotation, degrees", Between(0, 180)]`.
"""

from __future__ import annotations

import importlib
import inspect
import math
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from synthda.errors import SettingError
from synthda.near import differs_in_spelling_only, near_names

T = TypeVar("T")


@dataclass(frozen=True)
class Between:
    """The closed range that a numeric setting accepts."""

    low: float
    high: float = math.inf

    def __str__(self) -> str:
        return f"≥ {self.low:g}" if math.isinf(self.high) else f"{self.low:g}…{self.high:g}"


@dataclass(frozen=True)
class Setting:
    """One keyword-only argument: its type without the annotations, its default, its line of help."""

    name: str
    type: Any
    default: Any
    help: str
    range: Between | None

    def parse(self, text: str) -> Any:
        """The typed value that `text` stands for.

        Raises:
            SettingError: when it is not of the setting's type or out of its range.
        """
        value = _parse(text, self.type, self.name)
        if self.range is not None and isinstance(value, int | float) and not self.range.low <= value <= self.range.high:
            raise SettingError(f"{self.name}={text} is out of range; {self.name} accepts {self.range}.")
        return value

    @property
    def accepts(self) -> str:
        """What may be given, in a few characters: a range, a list of choices, or a type's name."""
        if get_origin(self.type) is Literal:
            return " | ".join(str(choice) for choice in get_args(self.type))
        kind = {bool: "true | false", int: "whole number", float: "number", str: "text", Path: "path"}
        accepted = kind.get(_without_none(self.type), str(self.type))
        return f"{accepted}, {self.range}" if self.range else accepted


def settings_of(configurable: Callable[..., object]) -> dict[str, Setting]:
    """The settings of a class or function: its keyword-only arguments that have a default, in order."""
    function = configurable.__init__ if isinstance(configurable, type) else configurable  # type: ignore[misc]
    hints = get_type_hints(function, include_extras=True)
    found = {}
    for name, parameter in inspect.signature(configurable).parameters.items():
        if parameter.kind is not inspect.Parameter.KEYWORD_ONLY or parameter.default is inspect.Parameter.empty:
            continue
        hint = hints[name]
        notes = getattr(hint, "__metadata__", ())
        found[name] = Setting(
            name=name,
            type=get_args(hint)[0] if notes else hint,
            default=parameter.default,
            help=next((note for note in notes if isinstance(note, str)), ""),
            range=next((note for note in notes if isinstance(note, Between)), None),
        )
    return found


def parse_assignments(assignments: Iterable[str]) -> dict[str, str]:
    """`["angle=15", "blur=2"]` as a mapping; the later of two assignments to one name wins."""
    pairs = {}
    for assignment in assignments:
        name, separator, value = assignment.partition("=")
        if not separator or not name.strip():
            raise SettingError(f"{assignment!r} is not a setting; write it as name=value, for example angle=15.")
        pairs[name.strip()] = value.strip()
    return pairs


def configure(
    configurables: Mapping[str, Callable[..., object]], given: Mapping[str, str]
) -> dict[str, dict[str, Any]]:
    """Sort `name=value` pairs onto the classes that know the name, each value parsed to its setting's type.

    Args:
        configurables: what may be configured, by role, e.g. `{"method": DANN, "network": GaninMnist}`.
        given: texts by setting name, as `parse_assignments` returns them.

    Returns:
        Keyword arguments by role; an empty mapping for a role to which nothing was given.

    Raises:
        SettingError: for a name that no role knows (near matches and the whole list are offered) or a bad value.
    """
    known = {role: settings_of(configurable) for role, configurable in configurables.items()}
    parsed: dict[str, dict[str, Any]] = {role: {} for role in known}
    for name, text in given.items():
        roles = [role for role in known if name in known[role]]
        if not roles:
            raise SettingError(unknown("setting", name, [n for settings in known.values() for n in settings]))
        for role in roles:
            parsed[role][name] = known[role][name].parse(text)
    return parsed


def unknown(kind: str, name: str, accepted: Iterable[str]) -> str:
    """The sentence for a name that is not in a list: near matches first, then the list; `DANN` is `dann`, no more."""
    accepted = list(accepted)
    near = near_names(name, accepted)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    if near and differs_in_spelling_only(name, near[0]):
        return f"There is no {kind} {name!r}.{hint}"
    return f"There is no {kind} {name!r}.{hint} Accepted: {', '.join(accepted) or 'none'}."


def lookup(kind: str, name: str, registry: Mapping[str, T]) -> T:
    """`registry[name]`, or a SettingError that offers near matches."""
    if name not in registry:
        raise SettingError(unknown(kind, name, registry))
    return registry[name]


def load(kind: str, name: str, registry: Mapping[str, str]) -> Any:
    """What `registry` names by an import path such as `package.module:Class`; registries so import nothing early.

    Raises:
        SettingError: when there is no such name; near matches are offered.
    """
    module, _, attribute = lookup(kind, name, registry).partition(":")
    return getattr(importlib.import_module(module), attribute)


def _without_none(hint: Any) -> Any:
    if get_origin(hint) in (Union, types.UnionType):
        return next(part for part in get_args(hint) if part is not type(None))
    return hint


def _parse(text: str, hint: Any, name: str) -> Any:
    if get_origin(hint) in (Union, types.UnionType) and text.lower() in ("", "none"):
        return None
    hint = _without_none(hint)
    if get_origin(hint) is Literal:
        choices = {str(choice): choice for choice in get_args(hint)}
        if text not in choices:
            raise SettingError(unknown(name, text, choices))
        return choices[text]
    if hint is bool:
        truth = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
        if text.lower() not in truth:
            raise SettingError(f"{name}={text} is not understood; {name} accepts true or false.")
        return truth[text.lower()]
    try:
        value = hint(text)
    except ValueError:
        kind = {int: "a whole number", float: "a number"}.get(hint, hint.__name__)
        raise SettingError(f"{name}={text} is not understood; {name} accepts {kind}.") from None
    if isinstance(value, float) and not math.isfinite(value):
        raise SettingError(f"{name}={text} is not understood; {name} accepts a finite number.")
    return value
