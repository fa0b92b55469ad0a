"""Which parameters each loss term of each method claims to teach; a new method adds its line."""

from __future__ import annotations

FEATURES, PREDICTOR = "network.feature_extractor", "network.label_predictor"
NETWORK = (FEATURES, PREDICTOR)
STREAMS = (FEATURES, "source_stream.feature_extractor")
LABEL = {"label": NETWORK}
ADVERSARY = {"domain": (FEATURES, "domain_classifier")}
# The encoder's loss passes through the discriminator; the optimizer that descends it holds the encoder alone.
APART = {"domain": ("discriminator",), "encoder": (FEATURES, "discriminator")}
CLAIMS: dict[str, dict[str, tuple[str, ...]]] = {
    "source-only": LABEL,
    "train-on-target": LABEL,
    "ddc": LABEL | {"mean_discrepancy": (FEATURES,)},
    "dan": LABEL | {"mmd": NETWORK},
    "jan": LABEL | {"joint_mmd": NETWORK},
    "rtn": {"label": (*NETWORK, "residual"), "tensor_mmd": NETWORK, "entropy": NETWORK},
    "two-stream": {
        "label": ("source_stream.feature_extractor", PREDICTOR),
        "relation": (*STREAMS, "scales", "shifts"),
        "mmd": STREAMS,
    },
    "dtml": LABEL | dict.fromkeys(("within_classes", "between_classes", "mean_discrepancy"), (FEATURES,)),
    "deep-coral": LABEL | {"coral": NETWORK},
    "cmd": LABEL | {"cmd": (FEATURES,)},
    "dann": LABEL | ADVERSARY,
    "pada": LABEL | ADVERSARY,
    "iwdan": LABEL | ADVERSARY,
    "osbp": LABEL | {"boundary": NETWORK},
    "iw-dann": LABEL | ADVERSARY,
    "adda": APART,
    "triplet": {"triplet": (FEATURES,)},
    "m-adda": APART | {"magnet": (FEATURES,)},
    "vada": LABEL | ADVERSARY | dict.fromkeys(("smooth_source", "smooth_target", "entropy"), NETWORK),
    "dirt-t": dict.fromkeys(("teacher", "smooth", "entropy"), NETWORK),
    "cdan": LABEL | ADVERSARY,
    "cdan-e": LABEL | ADVERSARY,
    "bsp": LABEL | {"spectral": (FEATURES,)},
    "mdd": LABEL | {"disparity": (FEATURES, "adversary")},
    "mcc": LABEL | {"confusion": NETWORK},
    "im": LABEL | {"information": NETWORK},
    "bnm": LABEL | {"nuclear_norm": NETWORK},
    "afn": LABEL | {"feature_norm": (FEATURES,)},
    "wmmd": LABEL | {"weighted_mmd": NETWORK, "target_label": NETWORK},
    "mcd": dict.fromkeys(("label", "discrepancy"), (*NETWORK, "second")),
    "pseudo-label": LABEL | {"pseudo_label": NETWORK},
    "fixmatch": LABEL | {"consistency": NETWORK},
    "adamatch": LABEL | {"consistency": NETWORK},
    "self-ensembling": LABEL | {"consistency": NETWORK},
    "shot": dict.fromkeys(("entropy", "diversity", "pseudo_label"), (FEATURES,)),
}
"""Of each method, by term, the modules and parameters to which that sends a gradient, and to no others."""
