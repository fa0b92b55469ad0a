"""Adversarial discriminative domain adaptation (Tzeng et al. 2017, CVPR)."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Annotated, Self

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm
from torch.optim import Optimizer

from synthda.adapt.method import Batch, Descend, LossTerms, Method
from synthda.adapt.network import Network
from synthda.adapt.networks.layers import fully_connected, initialise
from synthda.adapt.recipe import Recipe
from synthda.settings import Between

DISCRIMINATOR = (500, 500)
"""Hidden widths, as in the paper."""


class ADDA(Method):
    """A target encoder, at first the source's, learns to pass for it; the label predictor stays as it was."""

    starts_from = "source-only"

    def __init__(
        self,
        network: Network,
        *,
        adversarial_rate: Annotated[float, "learning rate, as a share of the recipe's", Between(0)] = 0.1,
    ) -> None:
        super().__init__(network)
        self.adversarial_rate = adversarial_rate
        network.check_features_learn("ADDA")
        network.label_predictor.requires_grad_(False)
        self.source_encoder: Network = copy.deepcopy(network).requires_grad_(False)
        self.discriminator = fully_connected((network.feature_dim, *DISCRIMINATOR, 1))
        initialise(self.discriminator)

    def begin_from(self, trained: Method) -> None:
        super().begin_from(trained)
        self.source_encoder.load_state_dict(trained.network.state_dict())

    def train(self, mode: bool = True) -> Self:
        """The source's encoder is finished: it stays as deployed. The target's leaves out nothing at random either.

        Dropout in one of the two would tell the discriminator the domain, whatever is learnt.
        """
        super().train(mode)
        self.source_encoder.eval()
        for module in self.network.modules():
            module.training = module.training and isinstance(module, _BatchNorm)
        return self

    def losses(self, batch: Batch, p: Tensor) -> LossTerms:
        """What `step` descends one after the other: the discriminator's loss, then the encoder's."""
        features_t = self.network.features(batch.target[0])
        return self._told_apart(batch, features_t) | {"encoder": self._taken_for_source(features_t)}

    def optimizers(self, recipe: Recipe) -> dict[str, Optimizer]:
        # The encoder has been trained: at the rate of a training from the start, the game ends before it has begun.
        recipe = replace(recipe, learning_rate=self.adversarial_rate * recipe.learning_rate)
        return {
            "discriminator": recipe.build_optimizer(list(self.discriminator.parameters())),
            "encoder": recipe.build_optimizer(list(self.network.feature_extractor.parameters())),
        }

    def step(self, batch: Batch, p: Tensor, descend: Descend) -> LossTerms:
        features_t = self.network.features(batch.target[0])  # the discriminator's update leaves them as they are
        terms = self._told_apart(batch, features_t)
        descend(terms["domain"], "discriminator")
        terms["encoder"] = self._taken_for_source(features_t)
        descend(terms["encoder"], "encoder")
        return {name: term.detach() for name, term in terms.items()}

    def _told_apart(self, batch: Batch, features_t: Tensor) -> LossTerms:
        """The discriminator's loss, source 0 and target 1."""
        with torch.no_grad():
            features_s = self.source_encoder.features(batch.of_sources(batch.source[0]))
        on_source, on_target = self.discriminator(features_s), self.discriminator(features_t.detach())
        right = torch.cat([on_source < 0, on_target > 0]).float().mean()
        # L_adv_D = −E_s[ln D(M_s(x))] − E_t[ln (1 − D(M_t(x)))], here halved; D, the chance of source, is 1 − σ(logit).
        return {"domain": (_cross_entropy(on_source, 0) + _cross_entropy(on_target, 1)) / 2, "domain_accuracy": right}

    def _taken_for_source(self, features_t: Tensor) -> Tensor:
        """The encoder's loss: the cross-entropy with the label turned round, not the reversed gradient."""
        return _cross_entropy(self.discriminator(features_t), 0)  # L_adv_M = −E_t[ln D(M_t(x))]


def _cross_entropy(logits: Tensor, domain: float) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, domain))
