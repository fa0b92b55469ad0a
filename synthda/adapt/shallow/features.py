"""What a classifier of feature vectors is given: the normalised rows themselves, or what mSDA makes of them."""

from __future__ import annotations

from synthda.adapt.shallow.estimator import Rows, check_products
from synthda.adapt.shallow.msda import MSDA
from synthda.adapt.shallow.normalise import normalised
from synthda.adapt.shallow.span import Span


def prepared(
    source: Rows, target: Rows, *more_target: Rows, normalise: str = "none", msda: MSDA | None = None
) -> list[Rows]:
    """Features of source rows (n_s, d), target rows (n_t, d) and more rows of the target, in that order.

    With `msda`, which is fitted here on source and target together, they are wide; where they are wider than source
    and target rows are many, they come as coordinates of the space that these span.

    Args:
        normalise: steps, as in `normalised`.
        msda: untrained.

    Raises:
        SettingError: for a step or a setting that the rows do not suit.
    """
    rows = normalised(normalise, source, target, *more_target)
    if msda is None:
        return rows
    count = source.shape[0]
    width = prepared_width(count + target.shape[0], source.shape[1], msda)
    features = msda.fit_transform(_stacked(rows[0], rows[1]))
    others = (msda.transform(part) for part in rows[2:])
    if features.shape[1] == width:
        return [features[:count], features[count:], *others]
    span = Span(features)
    own = span.own
    return [own[:count], own[count:], *(span.of(part) for part in others)]


def prepared_width(count: int, width: int, msda: MSDA | None) -> int:
    """How wide `prepared` makes source and target rows, `count` together, of `width` features.

    Raises:
        SettingError: where they are too many for the space that mSDA's features span.
    """
    if msda is None:
        return width
    wide = width * (msda.layers + 1)
    if wide > count:
        check_products(count, wide, of="mSDA")
    return min(wide, count)


def _stacked(source: Rows, target: Rows) -> Rows:
    from scipy.sparse import csr_matrix, vstack

    return vstack([csr_matrix(source), csr_matrix(target)]).tocsr()
