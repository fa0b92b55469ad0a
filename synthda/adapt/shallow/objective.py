"""The saddle-point objective of a shallow domain-adversarial network, and its gradient (Ganin et al. 2016, eq. 9).

E(W, V, b, c, u, z) = mean label loss on the source − λ (mean domain loss on the source + mean one on the target); the
label predictor and the hidden layer descend it, the domain classifier ascends.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Arrays = dict[str, Array]
"""By the paper's names: W (d, h), b (h,), V (h, classes), c (classes,), u (h,), z ()."""

ASCENDING = frozenset({"u", "z"})
"""The domain classifier's."""


def initial(width: int, hidden: int, classes: int, rng: np.random.Generator) -> Arrays:
    """Uniform weights by Glorot & Bengio 2010; the domain classifier and the biases start at 0."""

    def uniform(rows: int, columns: int) -> Array:
        bound = np.sqrt(6 / (rows + columns))
        return rng.uniform(-bound, bound, (rows, columns)).astype(np.float32)

    zeros = {"b": (hidden,), "c": (classes,), "u": (hidden,), "z": ()}
    made = {name: np.zeros(shape, np.float32) for name, shape in zeros.items()}
    return {"W": uniform(width, hidden), "V": uniform(hidden, classes), **made}


def hidden_of(weights: Arrays, rows: Array) -> Array:
    """(n, d) → (n, h), eq. 4."""
    return sigmoid(rows @ weights["W"] + weights["b"])


def label_probabilities(weights: Arrays, hidden: Array) -> Array:
    """(n, h) → (n, classes), eq. 5."""
    logits = hidden @ weights["V"] + weights["c"]
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    chances: Array = powers / powers.sum(axis=1, keepdims=True)
    return chances


def objective(weights: Arrays, source: Array, labels: Array, target: Array, lambda_: float) -> float:
    """E on source rows (n, d) with codes 0…classes−1 as labels (n,), and target rows (m, d)."""
    hidden_s, hidden_t = hidden_of(weights, source), hidden_of(weights, target)
    chances = label_probabilities(weights, hidden_s)[np.arange(len(labels)), labels]
    logits_s, logits_t = (hidden @ weights["u"] + weights["z"] for hidden in (hidden_s, hidden_t))
    # Binomial cross-entropy of the domain, 0 for the source and 1 for the target.
    domain = np.logaddexp(0, logits_s).mean() + np.logaddexp(0, -logits_t).mean()
    return float(-np.log(chances).mean() - lambda_ * domain)


def gradients(weights: Arrays, source: Array, labels: Array, target: Array, lambda_: float) -> Arrays:
    """∂E of each weight; with λ = 0 those of the label predictor and the hidden layer alone, from the source alone."""
    count = len(source)
    # One product for both domains: the first layer's weights, far larger than a batch, are read half as often.
    rows = np.concatenate([source, target]) if lambda_ else source
    hidden = hidden_of(weights, rows)
    delta = label_probabilities(weights, hidden[:count])
    delta[np.arange(count), labels] -= 1
    delta /= count
    found = {"V": hidden[:count].T @ delta, "c": delta.sum(axis=0)}
    back = delta @ weights["V"].T
    if lambda_:
        domains = sigmoid(hidden @ weights["u"] + weights["z"])
        domains[:count] *= -lambda_ / count
        domains[count:] = (1 - domains[count:]) * (lambda_ / len(target))
        found |= {"u": domains @ hidden, "z": domains.sum()}
        by_domain = np.outer(domains, weights["u"])
        by_domain[:count] += back
        back = by_domain
    back *= hidden * (1 - hidden)
    return found | {"W": rows.T @ back, "b": back.sum(axis=0)}


def sigmoid(logits: Array) -> Array:
    """1 / (1 + e^−a) for any a, without overflow."""
    found: Array = 0.5 * (1 + np.tanh(0.5 * logits))
    return found
