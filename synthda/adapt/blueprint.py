"""What is to be trained, by name and setting: enough to build it, to know it again, and to say it in a manifest."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import torch

from synthda.adapt.method import Method
from synthda.adapt.methods import METHODS, build_method, method_classes
from synthda.adapt.network import Network, Size
from synthda.adapt.networks import NETWORKS, check_network
from synthda.adapt.recipe import Recipe
from synthda.datasets.domain import UNKNOWN
from synthda.datasets.resize import Fit
from synthda.errors import SettingError
from synthda.settings import configure, load, settings_of


def names_of_settings(method: str, network: str) -> set[str]:
    """What `Blueprint.of` accepts in `given` for a method on a network; raises SettingError where there is no such."""
    return {name for part in _configurables(method, network).values() for name in settings_of(part)}


def _configurables(method: str, network: str) -> dict[str, Callable[..., object]]:
    """By role, in the order in which their settings are listed."""
    parts = {f"method {part}": found for part, found in method_classes(method).items()}
    return {**parts, "network": load("network", network, NETWORKS), "recipe": Recipe}


@dataclass(frozen=True)
class Blueprint:
    """A method around a network, with the recipe to train it.

    Attributes:
        method, network: names in the registries; methods that combine are joined by a plus.
        classes: class names, in the order of the outputs.
        input_size: H, W in pixels.
        fit: how photographs are brought to that size.
        method_settings, network_settings: keyword arguments.
        unknown_below: where every class is less probable, the answer is the last class, `unknown`; None for no such.
        calibrates_unknown: a logit for `unknown`, and a temperature, are found on held-out source images after the
            training.
        recipe: steps, batches, optimizer.
        seed: of the initial weights and of every later draw.
    """

    method: str
    network: str
    classes: tuple[str, ...]
    input_size: Size
    recipe: Recipe
    fit: Fit = "stretch"
    seed: int = 0
    method_settings: Mapping[str, Any] = field(default_factory=dict)
    network_settings: Mapping[str, Any] = field(default_factory=dict)
    unknown_below: float | None = None
    calibrates_unknown: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.seed < 2**63:
            raise SettingError(f"seed={self.seed} is out of range; give a whole number from 0 to 2⁶³ − 1.")
        if self.calibrates_unknown and self.unknown_below is not None:
            raise SettingError(
                "--unknown calibrates the threshold that --unknown-below gives; leave out one of the two."
            )
        if self.unknown_below is not None and not 0 < self.unknown_below < 1:
            raise SettingError(f"unknown_below={self.unknown_below:g} is out of range; give a probability in 0…1.")

    @property
    def known_classes(self) -> tuple[str, ...]:
        """The classes that the network learns: without `unknown`, where that is added to them."""
        return self.classes[:-1] if self.adds_unknown else self.classes

    @property
    def adds_unknown(self) -> bool:
        """Whether `unknown`, the last class, is no class that the network learns."""
        return self.calibrates_unknown or self.unknown_below is not None

    def for_classes(self, classes: tuple[str, ...]) -> Blueprint:
        """The same for the sources' classes, and `unknown` after them where it is asked for.

        Raises:
            SettingError: when `unknown` is asked for and a source has a class of that name.
        """
        if not self.learns_unknown and not self.adds_unknown:
            return replace(self, classes=classes)
        if self.learns_unknown and self.adds_unknown:
            option = "--unknown" if self.calibrates_unknown else "--unknown-below"
            raise SettingError(f"{self.method} learns the class {UNKNOWN} itself; leave out {option}.")
        if UNKNOWN in classes:
            raise SettingError(f"A source has a class {UNKNOWN!r}, which is learnt like any other; rename it.")
        return replace(self, classes=(*classes, UNKNOWN))

    @classmethod
    def of(
        cls,
        method: str,
        network: str,
        classes: tuple[str, ...],
        *,
        given: Mapping[str, str] | None = None,
        input_size: Size | None = None,
        fit: Fit = "stretch",
        seed: int = 0,
        steps: int | None = None,
        unknown_below: float | None = None,
        calibrates_unknown: bool = False,
    ) -> Blueprint:
        """From names and `name=value` texts, which may belong to the method, the network or the recipe.

        `classes` are the sources'; with none yet, they are given later, `for_classes`.

        Raises:
            SettingError: for an unknown name or a value out of range.
        """
        check_network(network)
        network_class: type[Network] = load("network", network, NETWORKS)
        _refuse_views_beside_own(method, given or {})
        _refuse_settings_of_others(method, network, given or {})
        asked = {} if steps is None else {"steps": str(steps)}
        parsed = configure(_configurables(method, network), {**(given or {}), **asked})
        plan = cls(
            method=method,
            network=network,
            classes=(),
            input_size=input_size or network_class.default_size,
            recipe=replace(network_class.recipe, **parsed["recipe"]),
            fit=fit,
            seed=seed,
            method_settings={
                name: value
                for part, found in parsed.items()
                if part.startswith("method ")
                for name, value in found.items()
            },
            network_settings=parsed["network"],
            unknown_below=unknown_below,
            calibrates_unknown=calibrates_unknown,
        )
        return plan.for_classes(classes) if classes else plan

    @property
    def learns_unknown(self) -> bool:
        """Whether the method teaches the class `unknown`."""
        return any(part.learns_unknown for part in method_classes(self.method).values())

    def build(self, *, pretrained: bool = True) -> Method:
        """The untrained method: equal blueprints give equal weights.

        Args:
            pretrained: whether a network that starts from a file of weights reads it; not where a checkpoint holds
                all weights, nor where the weights do not matter.

        Raises:
            SettingError: when the settings do not fit one another.
            RunError: when that file is missing, damaged, or of another model.
        """
        torch.manual_seed(self.seed)
        network = self._network()
        if pretrained:
            network.load_pretrained()  # before the method, which may copy the network
        method = build_method(self.method, network, dict(self.method_settings))
        method.unknown_below = self.unknown_below
        method.unknown_logit = -math.inf if self.calibrates_unknown else None  # until it is calibrated
        return method

    @property
    def inputs(self) -> dict[str, str]:
        """What the first weights depend on beside this: the hash of a file of weights, by name."""
        return dict(self._network().inputs)

    def _network(self) -> Network:
        outputs = len(self.known_classes)
        network: Network = load("network", self.network, NETWORKS)(outputs, self.input_size, **self.network_settings)
        return network

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values, from which `from_dict` makes an equal blueprint."""
        content = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}
        if self.unknown_below is None:
            del content["unknown_below"]  # as in runs from before there was such a thing
        if not self.calibrates_unknown:
            del content["calibrates_unknown"]
        return content | {"recipe": self.recipe.as_dict()}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Blueprint:
        return cls(
            **{
                **content,
                "classes": tuple(content["classes"]),
                "input_size": tuple(content["input_size"]),
                "recipe": Recipe(**content["recipe"]),
            }
        )


def own_views(method: str) -> dict[str, str]:
    """By setting, what has views of its own in place of that one: the method, or the part of a combination."""
    found: dict[str, str] = {}
    for part, kind in method_classes(method).items():
        found |= {name: part for name in ("source_view", "target_view") if getattr(kind, f"{name}s")}
    return found


def _refuse_settings_of_others(method: str, network: str, given: Mapping[str, str]) -> None:
    known = names_of_settings(method, network)
    for name in given.keys() - known:
        theirs = [
            f"{kind} {', '.join(found)}"
            for kind, registry in (("of", METHODS), ("of the network", NETWORKS))
            if (found := [each for each in registry if name in settings_of(load(kind, each, registry))])
        ]
        if theirs:
            raise SettingError(
                f"{method} on {network} has no setting {name!r}; that is one {', and '.join(theirs)}. Accepted: "
                f"{', '.join(sorted(known))}."
            )


def _refuse_views_beside_own(method: str, given: Mapping[str, str]) -> None:
    for name, part in own_views(method).items():
        if given.get(name, "none") != "none":
            raise SettingError(f"{part} compares views of its own of each image; leave out {name}, or give none.")
