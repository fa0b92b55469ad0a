"""The domain classifier of the adversarial methods: its layers, its labels, its loss (Ganin et al. 2016, JMLR 17)."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from synthda.adapt.additive import Seen
from synthda.adapt.gradient_reversal import reverse_gradient
from synthda.adapt.method import LossTerms
from synthda.adapt.network import Network
from synthda.adapt.networks.layers import fully_connected, initialise
from synthda.settings import Between

SourceDomains = Annotated[int, "sources that the domain classifier tells apart; 1 pools them", Between(1, 100)]
"""Pooled, they are domain 0 and the target is 1; told apart, each has its number, and the target's is the last."""


def domain_classifier(network: Network, width: int, source_domains: int = 1) -> nn.Sequential:
    """(B, width) → (B, 1) logits of the target, or (B, source_domains + 1) of all domains.

    Its hidden layers are those that the network's paper puts on the features.
    """
    logits = 1 if source_domains == 1 else source_domains + 1
    made = fully_connected((width, *network.domain_hidden, logits))
    initialise(made)
    return made


def reversed_terms(classifier: nn.Module, seen: Seen, lambda_: Tensor, weights_s: Tensor | None = None) -> LossTerms:
    """`domain_terms` of the features, which learn against them, λ times as much.

    Args:
        classifier: the domain classifier; it learns at full strength.
        seen: the images.
        lambda_: () of the reversal.
        weights_s: (B,) of the source's images, where those of the target weigh 1.
    """
    features = reverse_gradient(torch.cat([seen.features_s, seen.features_t]), lambda_)
    weights = None if weights_s is None else torch.cat([weights_s, weights_s.new_ones(len(seen.features_t))])
    return domain_terms(classifier(features), seen, weights)


def domain_terms(logits: Tensor, seen: Seen, weights: Tensor | None = None) -> LossTerms:
    """Cross-entropy of a domain classifier's logits, and its accuracy: means of each domain's mean.

    So the domains count alike, whatever their shares of the batch are.

    Args:
        logits: (B, 1) or (B, domains), of the source's images, then the target's.
        seen: the images.
        weights: (B,) of each image's loss; all alike by default.
    """
    pooled, count = logits.shape[1] == 1, max(2, logits.shape[1])
    source = torch.zeros_like(seen.source_domain) if pooled else seen.source_domain
    domains = torch.cat([source, source.new_full((len(logits) - len(source),), count - 1)])
    if pooled:
        # −[d ln σ(a) + (1 − d) ln (1 − σ(a))]
        each = F.binary_cross_entropy_with_logits(logits.squeeze(1), domains.to(logits.dtype), reduction="none")
        right = (logits.detach().squeeze(1) > 0) == (domains > 0)
    else:
        # −ln softmax(a)_d
        each = F.cross_entropy(logits, domains, reduction="none")
        right = logits.detach().argmax(dim=1) == domains
    weighed = each if weights is None else weights * each
    return {
        "domain": _mean_of_domains(weighed, domains, count),
        "domain_accuracy": _mean_of_domains(right.float(), domains, count),
    }


def _mean_of_domains(values: Tensor, domains: Tensor, count: int) -> Tensor:
    """1/count Σ_d 1/n_d Σ_{i in d} of values (B,)."""
    own = (domains[:, None] == torch.arange(count, device=domains.device)).to(values.dtype)
    # No product of matrices, which autocast would take to bfloat16.
    return ((values[:, None] * own).sum(dim=0) / own.sum(dim=0).clamp_min(1)).mean()
