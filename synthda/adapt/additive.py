"""Methods whose loss is the source's cross-entropy plus terms that one forward pass shows: such methods combine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import cached_property

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from synthda.adapt.method import Batch, LossTerms, Method
from synthda.adapt.network import Network


class Seen:
    """What a forward pass shows of both halves of a batch; what no term asks for is not computed.

    Attributes:
        batch: the images.
        features_s, features_t: (B, feature_dim) of source and target, of the latter's first view.
        features_t2: of its second view, where a term compares two; otherwise no rows.
        images_s, labels, source_domain: (B, 3, H, W), (B,) and (B,) of the source, as in `Batch`.
        labelled_logits: (B, classes) of all that has a label: of the source, then of the labelled target, whose images
            are in nothing else that is the source's.
    """

    def __init__(self, network: Network, batch: Batch) -> None:
        self.batch, self.labels = batch, batch.of_sources(batch.source_labels)
        self.images_s, self.source_domain = (batch.of_sources(of) for of in (batch.source[0], batch.source_domain))
        self._predictor = network.label_predictor
        views = torch.cat(batch.target) if len(batch.target) > 1 else batch.target[0]
        self._labelled_features, features = network.features_of_both(batch.source[0], views)
        self.features_s = batch.of_sources(self._labelled_features)
        count = len(batch.target[0])
        self.features_t, self.features_t2 = features[:count], features[count:]

    @cached_property
    def _labelled_layers(self) -> list[Tensor]:
        return _layers(self._predictor, self._labelled_features)

    @property
    def labelled_logits(self) -> Tensor:
        return self._labelled_layers[-1]

    @cached_property
    def layers_s(self) -> list[Tensor]:
        """Of the source: the features, each hidden layer of the label predictor after its ReLU, and the logits."""
        return [self.batch.of_sources(layer) for layer in self._labelled_layers]

    @cached_property
    def layers_t(self) -> list[Tensor]:
        return _layers(self._predictor, self.features_t)

    @property
    def logits_s(self) -> Tensor:
        """(B, classes)."""
        return self.layers_s[-1]

    @property
    def logits_t(self) -> Tensor:
        return self.layers_t[-1]

    @cached_property
    def logits_t2(self) -> Tensor:
        """(B, classes) of the target's second view."""
        found: Tensor = self._predictor(self.features_t2)
        return found

    @cached_property
    def chances_t(self) -> Tensor:
        """Softmax of the target's logits, (B, classes)."""
        return self.logits_t.softmax(dim=1)


class AdditiveMethod(Method):
    """Cross-entropy on what has labels plus the method's terms; it takes the default step."""

    def terms(self, seen: Seen, p: Tensor) -> LossTerms:
        """What the method adds to the label loss, already weighted; as `losses`."""
        raise NotImplementedError

    def losses(self, batch: Batch, p: Tensor) -> LossTerms:
        seen = Seen(self.network, batch)
        label = F.cross_entropy(seen.labelled_logits, batch.source_labels)
        return {"label": label, **self.terms(seen, p)}


class Combination(AdditiveMethod):
    """Several methods around one network, by name: one label loss, and the terms of all."""

    def __init__(self, named: Mapping[str, AdditiveMethod]) -> None:
        self.names, parts = tuple(named), list(named.values())
        super().__init__(parts[0].network)
        self.parts = nn.ModuleList(parts)
        self.source_domains = max(part.source_domains for part in parts)
        self.target_views = next((part.target_views for part in parts if part.target_views), ())
        self.starts_from = next((part.starts_from for part in parts if part.starts_from), None)
        self.eager_because = next((part.eager_because for part in parts if part.eager_because), None)
        self.needs_float32 = next((part.needs_float32 for part in parts if part.needs_float32), None)

    def begin_from(self, trained: Method) -> None:
        for part in self.parts:
            assert isinstance(part, AdditiveMethod)
            part.begin_from(trained)

    def terms(self, seen: Seen, p: Tensor) -> LossTerms:
        """Those of all parts; a name that several give is told apart, as in `dann/domain` and `cdan/domain`."""
        found: dict[str, LossTerms] = {}
        for name, part in zip(self.names, self.parts, strict=True):
            assert isinstance(part, AdditiveMethod)
            found[name] = part.terms(seen, p)
        given = Counter(term for terms in found.values() for term in terms)
        return {
            f"{name}/{term}" if given[term] > 1 else term: value
            for name, terms in found.items()
            for term, value in terms.items()
        }


def entropy(chances: Tensor) -> Tensor:
    """(B, classes) → (B,): −Σ p ln p, with 0 ln 0 = 0, and gradient 0 there: a softmax 104 below the largest is 0."""
    uncertain: Tensor = torch.special.entr(torch.where(chances == 0, 1, chances)).sum(dim=1)
    return uncertain


def _layers(predictor: nn.Sequential, features: Tensor) -> list[Tensor]:
    shown, hidden = [features], features
    for position, layer in enumerate(predictor):
        hidden = layer(hidden)
        last = position + 1 == len(predictor)
        if last or isinstance(predictor[position + 1], nn.Linear):
            shown.append(hidden)
    return shown
