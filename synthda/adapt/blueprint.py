"""What is to be trained, by name and setting: enough to build it, to know it again, and to say it in a manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import torch

from synthda.adapt.method import Method
from synthda.adapt.methods import build_method, method_classes
from synthda.adapt.network import Network, Size
from synthda.adapt.networks import NETWORKS
from synthda.adapt.recipe import Recipe
from synthda.datasets.resize import Fit
from synthda.settings import configure, load


@dataclass(frozen=True)
class Blueprint:
    """A method around a network, with the recipe to train it.

    Attributes:
        method, network: names in the registries; methods that combine are joined by a plus.
        classes: class names, in the order of the outputs.
        input_size: H, W in pixels.
        fit: how photographs are brought to that size.
        method_settings, network_settings: keyword arguments.
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
    ) -> Blueprint:
        """From names and `name=value` texts, which may belong to the method, the network or the recipe.

        Raises:
            SettingError: for an unknown name or a value out of range.
        """
        network_class: type[Network] = load("network", network, NETWORKS)
        parts = {f"method {part}": found for part, found in method_classes(method).items()}
        parsed = configure({**parts, "network": network_class, "recipe": Recipe}, given or {})
        recipe = replace(network_class.recipe, **parsed["recipe"])
        return cls(
            method=method,
            network=network,
            classes=classes,
            input_size=input_size or network_class.default_size,
            recipe=recipe if steps is None else replace(recipe, steps=steps),
            fit=fit,
            seed=seed,
            method_settings={name: value for part in parts for name, value in parsed[part].items()},
            network_settings=parsed["network"],
        )

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
        network = load("network", self.network, NETWORKS)(len(self.classes), self.input_size, **self.network_settings)
        if pretrained:
            network.load_pretrained()  # before the method, which may copy the network
        return build_method(self.method, network, dict(self.method_settings))

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values, from which `from_dict` makes an equal blueprint."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

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
