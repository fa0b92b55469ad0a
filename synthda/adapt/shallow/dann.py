"""Shallow domain-adversarial networks (Ajakan et al. 2014; Ganin et al. 2016, JMLR 17): one hidden layer."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

import numpy as np

from synthda.adapt.shallow.classifiers import check_classes
from synthda.adapt.shallow.estimator import Labels, Rows, Shallow, dense
from synthda.adapt.shallow.objective import ASCENDING, Arrays, gradients, hidden_of, initial, label_probabilities
from synthda.errors import SettingError
from synthda.settings import Between


class ShallowNetwork(Shallow):
    """A sigmoid hidden layer and softmax outputs, trained on the source alone."""

    def __init__(
        self,
        *,
        hidden: Annotated[int, "sigmoid units", Between(1)] = 50,
        learning_rate: Annotated[float, "of plain SGD", Between(1e-9)] = 0.05,
        epochs: Annotated[int, "passes over the source, at most", Between(1)] = 50,
        patience: Annotated[int, "passes without a better held-out loss, then it stops", Between(1)] = 5,
        held_out: Annotated[float, "share of the source that only tells when to stop", Between(0, 0.9)] = 0.1,
        batch: Annotated[int, "rows of each domain in a step", Between(1)] = 10,
        seed: Annotated[int, "of weights, held-out rows and order", Between(0)] = 0,
    ) -> None:
        self.hidden, self.learning_rate, self.epochs, self.patience = hidden, learning_rate, epochs, patience
        self.held_out, self.batch, self.seed = held_out, batch, seed
        self.lambda_ = 0.0
        self.weights: Arrays = {}
        self._start: Arrays | None = None

    def begin_from(self, trained: Shallow) -> None:
        assert isinstance(trained, ShallowNetwork)
        self._start = trained.weights

    def fit(self, source: Rows, labels: Labels, target: Rows) -> Self:
        check_classes(labels)
        self.classes, codes = np.unique(labels, return_inverse=True)
        rows_s, rows_t = (dense(rows).astype(np.float32, copy=False) for rows in (source, target))
        kept, stopping = self._split(codes)
        self.weights = self._started(rows_s.shape[1])
        best, best_loss, best_epoch = self.weights, np.inf, -1
        for epoch in range(self.epochs):
            with np.errstate(over="ignore", invalid="ignore"):
                self._pass(epoch, rows_s, codes, rows_t, kept)
            self._check_finite()
            loss = self._loss(rows_s[stopping], codes[stopping]) if len(stopping) else 0.0
            if loss < best_loss or not len(stopping):
                best, best_loss, best_epoch = {name: value.copy() for name, value in self.weights.items()}, loss, epoch
            elif epoch - best_epoch >= self.patience:
                break
        self.weights = best
        return self

    def _check_finite(self) -> None:
        if not all(np.isfinite(value).all() for value in self.weights.values()):
            raise SettingError(
                f"Training broke down with learning_rate={self.learning_rate:g}; give a smaller one, or normalise the "
                "features."
            )

    def predict(self, rows: Rows) -> Labels:
        found: Labels = self.classes[self.probabilities(rows).argmax(axis=1)]
        return found

    def probabilities(self, rows: Rows) -> Labels:
        """(n, classes) of rows (n, d)."""
        hidden = hidden_of(self.weights, dense(rows).astype(np.float32, copy=False))
        return label_probabilities(self.weights, hidden)

    def _split(self, codes: Labels) -> tuple[Labels, Labels]:
        order = np.random.default_rng([self.seed, 1]).permutation(len(codes))
        count = int(self.held_out * len(codes))
        return order[count:], order[:count]

    def _started(self, width: int) -> Arrays:
        rng = np.random.default_rng([self.seed, 0])
        made = initial(width, self.hidden, len(self.classes), rng)
        # A reverse classifier may see fewer classes than the one that it goes on from: then it starts anew.
        if self._start and all(self._start[name].shape == value.shape for name, value in made.items()):
            return {name: value.copy() for name, value in self._start.items()}
        return made

    def _pass(self, epoch: int, rows_s: Labels, codes: Labels, rows_t: Labels, kept: Labels) -> None:
        """One pass over the source, beside as many rows of the target, drawn without replacement while there are."""
        rng = np.random.default_rng([self.seed, 2, epoch])
        order_s = rng.permutation(kept)
        order_t = np.concatenate([rng.permutation(len(rows_t)) for _ in range(1 + len(order_s) // len(rows_t))])
        for first in range(0, len(order_s), self.batch):
            here = order_s[first : first + self.batch]
            there = order_t[first : first + self.batch]
            step = gradients(self.weights, rows_s[here], codes[here], rows_t[there], self.lambda_)
            for name, gradient in step.items():
                # The domain classifier learns at full strength; the paper's algorithm 1 slows it down by λ.
                up = name in ASCENDING
                gradient *= self.learning_rate / self.lambda_ if up else -self.learning_rate
                self.weights[name] += gradient

    def _loss(self, rows: Labels, codes: Labels) -> float:
        chances = label_probabilities(self.weights, hidden_of(self.weights, rows))[np.arange(len(codes)), codes]
        return float(-np.log(np.clip(chances, 1e-12, None)).mean())


class ShallowDANN(ShallowNetwork):
    """As `nn`, with a hidden layer that tells a domain classifier as little as possible."""

    baseline: ClassVar[str | None] = "nn"

    def __init__(
        self,
        *,
        lambda_: Annotated[float, "λ, weight of the domain loss", Between(0)] = 0.1,
        hidden: Annotated[int, "sigmoid units", Between(1)] = 50,
        learning_rate: Annotated[float, "of plain SGD", Between(1e-9)] = 0.05,
        epochs: Annotated[int, "passes over the source, at most", Between(1)] = 50,
        patience: Annotated[int, "passes without a better held-out loss, then it stops", Between(1)] = 5,
        held_out: Annotated[float, "share of the source that only tells when to stop", Between(0, 0.9)] = 0.1,
        batch: Annotated[int, "rows of each domain in a step", Between(1)] = 10,
        seed: Annotated[int, "of weights, held-out rows and order", Between(0)] = 0,
    ) -> None:
        super().__init__(
            hidden=hidden,
            learning_rate=learning_rate,
            epochs=epochs,
            patience=patience,
            held_out=held_out,
            batch=batch,
            seed=seed,
        )
        self.lambda_ = lambda_
