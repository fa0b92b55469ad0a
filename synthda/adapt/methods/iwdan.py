"""Domain-adversarial training under label shift: classes count as in the target (Tachet des Combes et al. 2020)."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor
from torch.nn import functional as F

from synthda.adapt.additive import Seen
from synthda.adapt.domain_classifier import SourceDomains, domain_classifier, reversed_terms
from synthda.adapt.label_shift import target_shares
from synthda.adapt.method import Batch, Descend, LossTerms, Method
from synthda.adapt.network import Network
from synthda.adapt.schedules import adaptation_factor
from synthda.settings import Between


class IWDAN(Method):
    """DANN in which a source image counts by how much more frequent its class is in the target.

    How much that is, w, is estimated now and then, from what was predicted in the steps since.
    """

    revision = 1
    gathered_statistics = "the shares of the classes"
    eager_because = "classes are weighed anew between steps"
    ratios: Tensor
    drawn: Tensor
    predictions: Tensor

    def __init__(
        self,
        network: Network,
        *,
        gamma: Annotated[float, "steepness of λ_p = 2 / (1 + exp(−γp)) − 1", Between(0)] = 10.0,
        lambda_max: Annotated[float, "what λ_p is multiplied by", Between(0)] = 1.0,
        estimate_every: Annotated[int, "steps between two estimates of the weights of the classes", Between(1)] = 500,
        memory: Annotated[float, "share of the former weights that an estimate keeps", Between(0, 1)] = 0.5,
        source_domains: SourceDomains = 1,
    ) -> None:
        super().__init__(network)
        self.source_domains = source_domains
        self.gamma = gamma
        self.lambda_max = lambda_max
        self.estimate_every = estimate_every
        self.memory = memory
        self.steps_seen = 0
        self.domain_classifier = domain_classifier(network, network.feature_dim, source_domains)
        classes = network.classes
        self.register_buffer("ratios", torch.ones(classes))  # w
        self.register_buffer("drawn", torch.zeros(classes))  # images of the source, by class
        # Sums of the predictions since the last estimate: row y on the source's images of class y, then the target's.
        self.register_buffer("predictions", torch.zeros(classes + 1, classes))

    def losses(self, batch: Batch, p: Tensor) -> LossTerms:
        seen = Seen(self.network, batch)
        weights, labels = self.ratios[batch.source_labels], batch.source_labels
        # 1/s Σ_i w_{y_i} / (k P_s(y_i)) · L_y(x_i, y_i): every class alike but for w; w weighs the source's L_d below.
        balanced = weights / (self.network.classes * self.shares_s[labels])
        label = (balanced * F.cross_entropy(seen.labelled_logits, labels, reduction="none")).mean()
        lambda_ = self.lambda_max * adaptation_factor(p, self.gamma)
        terms = reversed_terms(self.domain_classifier, seen, lambda_, batch.of_sources(weights))
        if self.training:
            self._remember(seen)
        return {"label": label, **terms, "class_weight": weights.mean()}

    @property
    def shares_s(self) -> Tensor:
        """(classes,) P_s(y), as drawn, with one image more of each: none is 0."""
        return (self.drawn + 1) / (self.drawn + 1).sum()

    def step(self, batch: Batch, p: Tensor, descend: Descend) -> LossTerms:
        terms = super().step(batch, p, descend)
        self.steps_seen += 1
        if self.steps_seen % self.estimate_every == 0:
            self._estimate()
        return terms

    @torch.no_grad()
    def _remember(self, seen: Seen) -> None:
        own = F.one_hot(seen.labels, self.network.classes).to(seen.logits_s.dtype)
        by_class = own.T @ seen.logits_s.softmax(dim=1)
        sums = self.ranks.sum_of(torch.cat([by_class, seen.chances_t.sum(dim=0, keepdim=True)]))
        self.predictions += sums
        self.drawn += sums[:-1].sum(dim=1)

    @torch.no_grad()
    def _estimate(self) -> None:
        """w_{t+1} = (1 − memory) · QP(Ĉ, μ̂) + memory · w_t, in q = w · P_s; the loop tells of what is not finite."""
        told = self.predictions.to("cpu", copy=True).double()
        self.predictions.zero_()
        if not told.isfinite().all():
            return
        former = self.ratios * self.shares_s
        former /= former.sum()
        found = target_shares(told[:-1].numpy(), told[-1].numpy(), former.cpu().double().numpy())
        shares_t = former.lerp(torch.from_numpy(found).to(former.dtype).to(former.device), 1 - self.memory)
        self.ratios.copy_(shares_t / self.shares_s)
        self.ranks.follow([self.ratios])  # all have solved the same, perhaps on unlike machines

    def get_extra_state(self) -> Tensor:
        """How many steps it has taken, () int64."""
        return torch.tensor(self.steps_seen, device=self.ratios.device)

    def set_extra_state(self, state: Tensor) -> None:
        self.steps_seen = int(state)
