"""Adaptation methods, one a file; `a+b` combines those that add terms to the label loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from synthda.adapt.method import Method
    from synthda.adapt.network import Network

METHODS: dict[str, str] = {
    "source-only": "synthda.adapt.methods.source_only:SourceOnly",
    "train-on-target": "synthda.adapt.methods.train_on_target:TrainOnTarget",
    "adabn": "synthda.adapt.methods.adabn:AdaBN",
    "sa": "synthda.adapt.methods.sa:SA",
    "ddc": "synthda.adapt.methods.ddc:DDC",
    "dan": "synthda.adapt.methods.dan:DAN",
    "jan": "synthda.adapt.methods.jan:JAN",
    "rtn": "synthda.adapt.methods.rtn:RTN",
    "two-stream": "synthda.adapt.methods.two_stream:TwoStream",
    "dtml": "synthda.adapt.methods.dtml:DTML",
    "deep-coral": "synthda.adapt.methods.deep_coral:DeepCORAL",
    "cmd": "synthda.adapt.methods.cmd:CMD",
    "dann": "synthda.adapt.methods.dann:DANN",
    "pada": "synthda.adapt.methods.pada:PADA",
    "iwdan": "synthda.adapt.methods.iwdan:IWDAN",
    "osbp": "synthda.adapt.methods.osbp:OSBP",
    "iw-dann": "synthda.adapt.methods.iw_dann:IWDANN",
    "adda": "synthda.adapt.methods.adda:ADDA",
    "triplet": "synthda.adapt.methods.triplet:Triplet",
    "m-adda": "synthda.adapt.methods.m_adda:MADDA",
    "vada": "synthda.adapt.methods.vada:VADA",
    "dirt-t": "synthda.adapt.methods.dirt_t:DIRTT",
    "cdan": "synthda.adapt.methods.cdan:CDAN",
    "cdan-e": "synthda.adapt.methods.cdan:CDANE",
    "bsp": "synthda.adapt.methods.bsp:BSP",
    "mdd": "synthda.adapt.methods.mdd:MDD",
    "mcc": "synthda.adapt.methods.mcc:MCC",
    "im": "synthda.adapt.methods.im:IM",
    "bnm": "synthda.adapt.methods.bnm:BNM",
    "afn": "synthda.adapt.methods.afn:AFN",
    "wmmd": "synthda.adapt.methods.wmmd:WMMD",
    "mcd": "synthda.adapt.methods.mcd:MCD",
    "pseudo-label": "synthda.adapt.methods.pseudo_label:PseudoLabel",
    "fixmatch": "synthda.adapt.methods.fixmatch:FixMatch",
    "adamatch": "synthda.adapt.methods.adamatch:AdaMatch",
    "self-ensembling": "synthda.adapt.methods.self_ensembling:SelfEnsembling",
    "shot": "synthda.adapt.methods.shot:SHOT",
}
"""Import paths by name."""


def check_method(name: str) -> None:
    """Raise SettingError where a method, or a part of a combination, has no such name; nothing is imported."""
    from synthda.settings import lookup

    for part in name.split("+"):
        lookup("method", part, METHODS)


def method_classes(name: str) -> dict[str, type[Method]]:
    """The class of a method, or of each part of a combination such as `dann+mcc`, by name.

    Raises:
        SettingError: for an unknown name, a part that occurs twice, or one that does not combine.
    """
    from synthda.adapt.additive import AdditiveMethod
    from synthda.errors import SettingError
    from synthda.settings import load

    parts = name.split("+")
    found: dict[str, type[Method]] = {part: load("method", part, METHODS) for part in parts}
    if len(parts) == 1:
        return found
    if len(found) < len(parts):
        raise SettingError(f"{name} names a method twice; name each once.")
    for part, found_class in found.items():
        if not issubclass(found_class, AdditiveMethod):
            combining = [each for each in METHODS if issubclass(load("method", each, METHODS), AdditiveMethod)]
            raise SettingError(
                f"{part} adds no term to another method's loss, so {name} has no meaning; combine any of "
                f"{', '.join(combining)}."
            )
    return found


def build_method(name: str, network: Network, settings: dict[str, Any]) -> Method:
    """The method or combination called `name` around a network; each part takes those settings that it knows."""
    from synthda.adapt.additive import AdditiveMethod, Combination
    from synthda.settings import settings_of

    parts: dict[str, Any] = {
        part: found(network, **{key: value for key, value in settings.items() if key in settings_of(found)})
        for part, found in method_classes(name).items()
    }
    if len(parts) == 1:
        built: Method = parts[name]
        return built
    assert all(isinstance(part, AdditiveMethod) for part in parts.values())
    return Combination(parts)
