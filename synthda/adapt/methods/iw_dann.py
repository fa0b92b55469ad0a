"""Gradient reversal with instance weighting: what has drifted from its label counts most (Osumi et al.)."""

from __future__ import annotations

import copy
from typing import Annotated, Self

import torch
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from synthda.adapt.additive import AdditiveMethod, Seen
from synthda.adapt.domain_classifier import SourceDomains, domain_classifier, reversed_terms
from synthda.adapt.method import LossTerms, Method
from synthda.adapt.network import Network
from synthda.settings import Between


class IWDANN(AdditiveMethod):
    """DANN in which a source image counts the more, the less sure of its label the network has become.

    A classifier trained on the source is where training starts, and what the network is compared with.
    """

    revision = 1
    starts_from = "source-only"

    def __init__(
        self,
        network: Network,
        *,
        iw_lambda: Annotated[
            float, "λ of the reversal, constant; the paper does not state its value", Between(0)
        ] = 0.1,
        source_domains: SourceDomains = 1,
    ) -> None:
        super().__init__(network)
        self.source_domains = source_domains
        self.iw_lambda = iw_lambda
        self.domain_classifier = domain_classifier(network, network.feature_dim, source_domains)
        self.pre_classifier: Network = copy.deepcopy(network).requires_grad_(False)

    def begin_from(self, trained: Method) -> None:
        super().begin_from(trained)
        self.pre_classifier.load_state_dict(trained.network.state_dict())

    def train(self, mode: bool = True) -> Self:
        """The classifier that was trained before leaves out nothing at random; its batch norm is as the network's."""
        super().train(mode)
        for module in self.pre_classifier.modules():
            module.training = module.training and isinstance(module, _BatchNorm)
        return self

    def terms(self, seen: Seen, p: Tensor) -> LossTerms:
        weights = self.instance_weights(seen)
        # 1/M Σ_i w_i · L_d(i) over a batch of M, half of each domain: the weights are not brought to a mean of 1.
        lambda_ = p.new_full((), self.iw_lambda)
        terms = reversed_terms(self.domain_classifier, seen, lambda_, weights)
        return terms | {"instance_weight": weights.mean()}

    def instance_weights(self, seen: Seen) -> Tensor:
        """(B,) of the source's images: exp P_a(y_i|x_i) / exp P_t(y_i|x_i), before training and now, in [1/e, e]."""
        with torch.no_grad():
            before = self._logits_before(seen).softmax(dim=1)
            now = self._logits_now(seen).softmax(dim=1)
            own = seen.labels[:, None]
            return torch.exp(before.gather(1, own) - now.gather(1, own)).squeeze(1)

    def _logits_before(self, seen: Seen) -> Tensor:
        """Of the pre-classifier; batch norm is by the batch, as now, or its noise would pass for drift."""
        with self.pre_classifier.running_statistics_kept():
            logits: Tensor = self.pre_classifier(seen.batch.source[0])
        return seen.batch.of_sources(logits)

    def _logits_now(self, seen: Seen) -> Tensor:
        """Of the source, without dropout, by a pass of its own: what it makes less sure has not drifted."""
        if not (self.training and self.network.drops_out):
            return seen.logits_s.detach()
        with self.network.without_dropout(), self.network.running_statistics_kept():
            logits: Tensor = self.network(seen.batch.source[0])
        return seen.batch.of_sources(logits)
