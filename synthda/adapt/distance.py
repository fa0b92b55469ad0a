"""How far apart two domains look: the proxy A-distance (Ben-David et al. 2007; Ganin et al. 2016, §5.1.5)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthda.datasets.domain import Images

FAR_APART = 1.9
MOST = 2000


def proxy_a_distance(features_s: NDArray[Any], features_t: NDArray[Any], *, seed: int = 0) -> float:
    """2(1 − 2ε), where ε is the held-out error of a linear classifier of the domain: 0 alike, 2 told apart always.

    Args:
        features_s, features_t: (n, d) features; at most 2,000 of each are used, half of them held out.
        seed: of the choice and the halves.

    0 where a domain has fewer than two images, of which none could be held out: nothing tells them apart.
    """
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(seed)
    n = min(len(features_s), len(features_t), MOST) // 2 * 2
    if n == 0:
        return 0.0
    chosen = np.concatenate([rng.permutation(len(f))[:n] for f in (features_s, features_t)]).reshape(2, n)
    features = np.stack([features_s[chosen[0]], features_t[chosen[1]]]).astype(np.float64)
    deviation = features.std(axis=(0, 1))
    features = (features - features.mean(axis=(0, 1))) / np.where(deviation > 1e-8, deviation, 1.0)
    fitted, held_out = features[:, : n // 2], features[:, n // 2 :]
    domains = np.repeat([0, 1], n // 2)
    classifier = LogisticRegression(C=0.01, max_iter=500)
    classifier.fit(fitted.reshape(n, -1), domains)
    error = 1.0 - classifier.score(held_out.reshape(n, -1), domains)
    # An error above one half is chance that fell the other way: the domains are not closer than identical.
    return float(max(0.0, 2.0 * (1.0 - 2.0 * error)))


def some_of(images: Images, *, most: int = MOST, seed: int = 0) -> NDArray[np.uint8]:
    """At most `most` of the images, chosen at random."""
    return images.read(some_rows(images.shape[0], most=most, seed=seed))


def some_rows(n: int, *, most: int = MOST, seed: int = 0) -> NDArray[np.int64]:
    """At most `most` of the rows 0…n−1, chosen at random, in their order."""
    return np.sort(np.random.default_rng(seed).permutation(n)[:most])


def thumbnails(images: Images, *, side: int = 8, most: int = MOST, seed: int = 0) -> NDArray[np.float64]:
    """(n, side²) grey thumbnails, each with mean 0 and deviation 1: what remains when light and contrast are gone."""
    grey = some_of(images, most=most, seed=seed).astype(np.float64).mean(axis=3)
    height, width = grey.shape[1] // side * side, grey.shape[2] // side * side
    small = grey[:, :height, :width].reshape(len(grey), side, height // side, side, width // side).mean(axis=(2, 4))
    flat = small.reshape(len(grey), -1)
    flat -= flat.mean(axis=1, keepdims=True)
    standardised: NDArray[np.float64] = flat / (flat.std(axis=1, keepdims=True) + 1e-6)
    return standardised
