"""A training that begins with the weights of a finished run of any method: `adapt --from`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from synthda.adapt.blueprint import Blueprint
from synthda.adapt.configuration import labelled_in, learnt_by
from synthda.adapt.method import Method
from synthda.adapt.network import Network
from synthda.adapt.run import Run
from synthda.errors import SettingError


@dataclass(frozen=True, eq=False)
class Beginning:
    """A finished run whose weights another training begins with.

    Attributes:
        run: its folder.
        blueprint, method: as `load_run` gives them.
    """

    run: Run
    blueprint: Blueprint
    method: Method

    def check(self, blueprint: Blueprint, start: Run | None = None) -> None:
        """Raise SettingError unless the run is finished, of the network of `blueprint`, and there is no `start`."""
        if start is not None:
            raise SettingError(
                "--start is the run that the method goes on from, --from the one whose weights any training begins "
                "with; give one of the two."
            )
        if not self.run.finished:
            raise SettingError(
                f"The run in {self.run.folder} is not finished; let its command end, or give another --from."
            )
        for what in ("network", "network_settings"):
            theirs, ours = getattr(self.blueprint, what), getattr(blueprint, what)
            if theirs != ours:
                raise SettingError(
                    f"{self.run.folder} has another {what.replace('_', ' ')} ({_shown(theirs)}, not {_shown(ours)}); "
                    "--from begins with the weights of the same network: leave these options out, or --from."
                )

    def check_not_learnt(self, configuration: Mapping[str, Any]) -> None:
        """Raise SettingError when the run may have learnt from source images that are held out in `configuration`."""
        learnt, ours = learnt_by(self.run), labelled_in(configuration["data"])
        kept, names = {source["content"] for source in ours}, {source["name"] for source in ours}
        doubtful = [source["name"] for source in learnt if source["content"] not in kept and source["name"] in names]
        if doubtful:
            raise SettingError(
                f"{self.run.folder} may have learnt from images of {doubtful[0]} that are held out here, so that they "
                "do not tell how well it does on new ones; hold nothing out, or train that run with the same "
                "--hold-out and --seed."
            )

    def give_to(self, method: Method, classes: Sequence[str]) -> str:
        """Copy all that fits into every network of `method`; returns in words what was taken.

        What the method adds to the network, such as a domain classifier, starts afresh.

        Args:
            method: freshly built.
            classes: that its network learns, in the order of its outputs.
        """
        trained = deployed_network(self.method)
        for part in method.modules():
            if isinstance(part, Network):
                taken = take_over(part, trained, classes, self.blueprint.known_classes)
                part.normalised = True  # by the images that these weights have learnt from
        new = [name for name in classes if name not in self.blueprint.known_classes]
        afresh = f"; classes that start afresh: {', '.join(new[:12])}{' …' if len(new) > 12 else ''}" if new else ""
        return f"{taken} of {len(method.network.state_dict())} tensors{afresh}"


@torch.no_grad()
def take_over(network: Network, trained: Network, classes: Sequence[str], known: Sequence[str]) -> int:
    """Copy the tensors of `trained` that fit by name and shape, and of the last layer the rows of shared classes.

    Returns:
        How many tensors were copied, whole or in part.
    """
    theirs, taken = trained.state_dict(), 0
    last = f"label_predictor.{len(network.label_predictor) - 1}."
    for name, own in network.state_dict().items():
        if name not in theirs:
            continue
        if not name.startswith(last):
            fits = own.shape == theirs[name].shape
            if fits:
                own.copy_(theirs[name])
        else:
            fits = type(network.label_predictor[-1]) is type(trained.label_predictor[-1])
            fits = fits and _copy_rows(own, theirs[name], classes, known)
        taken += fits
    return taken


@torch.no_grad()
def deployed_network(method: Method) -> Network:
    """The network through which a prediction passes first: of a method with a teacher, the teacher."""
    passed: list[Network] = []
    networks = [part for part in method.modules() if isinstance(part, Network)]

    def noting(network: Network) -> Any:
        def note(module: nn.Module, given: Any) -> None:
            passed.append(network)

        return note

    hooks = [network.feature_extractor.register_forward_pre_hook(noting(network)) for network in networks]
    try:
        method.eval().predict(torch.zeros(1, 3, *method.network.input_size, device=method.network.mean.device))
    finally:
        for hook in hooks:
            hook.remove()
    return passed[0] if passed else method.network


def _copy_rows(own: Tensor, theirs: Tensor, classes: Sequence[str], known: Sequence[str]) -> bool:
    """The rows of the classes that both know, where that is what the rows are; whether it is."""
    if (own.shape[:1], theirs.shape[:1]) != ((len(classes),), (len(known),)) or own.shape[1:] != theirs.shape[1:]:
        return False
    shared = [name for name in classes if name in known]
    own[[classes.index(name) for name in shared]] = theirs[[known.index(name) for name in shared]].to(own)
    return True


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={value[name]}" for name in value) or "none given"
    return str(value)
