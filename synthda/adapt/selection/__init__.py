"""Rules that choose among a run's checkpoints without a label of the target, one a file; a higher score is better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from synthda.errors import SettingError
from synthda.settings import load, unknown

if TYPE_CHECKING:
    from collections.abc import Callable

    from synthda.adapt.selection.validation import Validation

LAST = "last"
"""No choice: the checkpoint at the end of the training."""

OF_TARGET: dict[str, str] = {
    "entropy": "synthda.adapt.selection.entropy:entropy",
    "information-maximisation": "synthda.adapt.selection.information_maximisation:information_maximisation",
    "snd": "synthda.adapt.selection.snd:snd",
    "bnm": "synthda.adapt.selection.bnm:bnm",
    "mask-rate": "synthda.adapt.selection.mask_rate:mask_rate",
    "class-balance": "synthda.adapt.selection.class_balance:class_balance",
}
"""Import paths by name, of rules that look at the unlabelled target alone."""

OF_SOURCE_TOO: dict[str, str] = {
    "source-accuracy": "synthda.adapt.selection.source_accuracy:source_accuracy",
    "reverse-validation": "synthda.adapt.selection.reverse_validation:reverse_validation",
    "domain-error": "synthda.adapt.selection.domain_error:domain_error",
    "iwv": "synthda.adapt.selection.iwv:iwv",
}
"""Of rules that also need source images which the training has not seen."""

RULES: dict[str, str] = OF_TARGET | OF_SOURCE_TOO
HELD_OUT = 0.1
MOST_CANDIDATES = 100


@dataclass(frozen=True)
class Selection:
    """How the checkpoint of a run is chosen.

    Attributes:
        rule: `last`, or a name in `RULES`.
        candidates: how many checkpoints the rule chooses among, the last one included.
        hold_out: share of each class's source images that is kept from the training, in [0, 0.5]; None for a tenth
            where the rule needs them and none where it does not. Above 0 it also gives an estimate of the accuracy.
        keeps: leave the candidates of `last` on disk, where several rules are to be compared on them.

    Raises:
        SettingError: for an unknown rule, a number out of range, or a rule without the held-out images it needs.
    """

    rule: str = LAST
    candidates: int = 10
    hold_out: float | None = None
    keeps: bool = False

    def __post_init__(self) -> None:
        if self.rule not in (LAST, *RULES):
            raise SettingError(unknown("rule", self.rule, (LAST, *RULES)))
        if not 2 <= self.candidates <= MOST_CANDIDATES:
            raise SettingError(f"candidates={self.candidates} is out of range; give 2…{MOST_CANDIDATES}.")
        if self.hold_out is not None and not 0 <= self.hold_out <= 0.5:
            raise SettingError(f"hold_out={self.hold_out:g} is out of range; give a share in 0…0.5.")
        if self.rule in OF_SOURCE_TOO and self.hold_out == 0:
            raise SettingError(
                f"{self.rule} looks at source images that the training has not seen, and hold_out=0 leaves none; give "
                f"a share such as {HELD_OUT}, or one of the rules that need none: {', '.join(OF_TARGET)}."
            )

    @property
    def chooses(self) -> bool:
        """Whether there is more than the last checkpoint to choose from."""
        return self.rule != LAST

    @property
    def share(self) -> float:
        """The share of the source images that is held out."""
        if self.hold_out is None:
            return HELD_OUT if self.rule in OF_SOURCE_TOO else 0.0
        return self.hold_out


def load_rule(name: str) -> Callable[[Validation], float]:
    """The function of a rule other than `last`.

    Raises:
        SettingError: when there is no such rule; near matches are offered.
    """
    rule: Callable[[Validation], float] = load("rule", name, RULES)
    return rule
