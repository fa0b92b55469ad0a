"""Pictures on a plain background cut out: flood from the border, GrabCut at the rim, soft alpha, no halo."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

PLAIN = 12
"""Levels by which a border pixel may differ from the border's median colour and count as of that colour."""
PLAIN_SHARE = 0.6
"""Share of the border that must be of one colour; the product itself may touch the rest."""
TOLERANCE = (4.0, 24.0)
"""Levels within which a pixel is of the background's colour, at least and at most; between them the border's noise."""
SHADOW_SLOPE = 10.0
"""Levels per pixel: shadows on the ground fade more slowly than this, the edges of white packs do not."""
SHADOW_GREY = 8
"""Levels by which a shadow's channels may differ after division by the background's."""
LEAK = 0.03
"""Width of a gap in a product's edge, as a share of the picture's shorter side, that the flood does not run through."""
FACE = 0.045
"""Width from which a pale patch is a product's face, not a fringe of compression; share of the shorter side."""
SMALLEST = 0.002
LARGEST = 0.985
"""Shares of the picture that a matte may cover."""
PALE = 24
"""Levels off the background up to which slivers and dots beside an edge are taken for compression noise."""
GRAIN = 4
"""Levels of noise, standard deviation, that GrabCut sees."""
SPECK = 0.03
"""Parts below this share of the largest one are dust, compression noise or print outside of a shadow."""


class MatteError(ValueError):
    """Why a picture cannot be cut out; the message is the reason, ready for a sentence."""


def cut_out(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The product on a plain background as RGBA; the colour of the rim is the product's, without a halo.

    Args:
        picture: (H, W, 3) uint8 RGB, the background of nearly one colour all along its border.

    Returns:
        (H, W, 4) uint8, straight alpha.

    Raises:
        MatteError: when the border is not plain, or when nothing or all of the picture would be left.
    """
    ground, tolerance = _background_of(picture)
    off = np.abs(picture.astype(np.float32) - ground).max(axis=2)
    # Averaged among like pixels: compression's dots beside an edge vanish, a face some levels darker stays.
    calm = np.abs(cv2.bilateralFilter(picture, 9, 20, 3).astype(np.float32) - ground).max(axis=2)
    pale = _is_pale(off, calm, tolerance)
    kept = _outlined(calm, tolerance) if pale else ~_reaching_the_border(off <= PALE)
    kept = _without_shadows(picture, _without_specks(kept, off), ground)
    kept = _without_specks(kept if pale else _refined(picture, kept), off)
    share = float(kept.mean())
    if share < SMALLEST:
        raise MatteError("all of it looks like background, so that nothing would be left of it")
    if share > LARGEST:
        raise MatteError("nothing of it looks like background, so that all of it would be left")
    alpha = _soft(picture, kept, ground)
    return np.dstack([bled(picture, kept, alpha), alpha])


def bled(picture: NDArray[np.uint8], kept: NDArray[np.bool_], alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, W, 3): colours from well inside of the matte continued over its rim and all around.

    What is warped or blurred later then mixes with the product's colour and never with the old background's.
    """
    inside = _core(kept, alpha)
    _, nearest = cv2.distanceTransformWithLabels(
        (~inside).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    colours = np.zeros((int(nearest.max()) + 1, 3), np.uint8)
    colours[nearest[inside]] = picture[inside]
    return np.where(inside[..., None], picture, colours[nearest])


def _core(kept: NDArray[np.bool_], alpha: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Pixels whose colour is the product's alone: opaque ones, not at the rim unless the product is that thin."""
    solid = kept & (alpha == 255)
    deep = cv2.erode(solid.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    # Stalks and leaves that are a pixel or two wide vanish under erosion and keep their own colour.
    near_deep = cv2.dilate(deep.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
    core: NDArray[np.bool_] = deep | (solid & ~near_deep)
    return core if core.any() else kept


def _background_of(picture: NDArray[np.uint8]) -> tuple[NDArray[np.float32], float]:
    """Colour of the border, and the levels within which a pixel is of that colour."""
    border = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]]).astype(np.float32)
    ground = np.median(border, axis=0).astype(np.float32)
    off = np.abs(border - ground).max(axis=1)
    plain = off <= PLAIN
    if plain.mean() < PLAIN_SHARE:
        raise MatteError("its background is not of one colour, so that it cannot be cut out")
    return ground, float(np.clip(3 * np.percentile(off[plain], 75), *TOLERANCE))


def _is_pale(off: NDArray[np.float32], calm: NDArray[np.float32], tolerance: float) -> bool:
    """Whether flooding all that is pale would run over a wide face: then the product is as pale as its background."""
    faces = _reaching_the_border(off <= PALE) & ~_reaching_the_border(calm <= tolerance)
    return bool(_opened(faces, FACE).any())


def _outlined(calm: NDArray[np.float32], tolerance: float) -> NDArray[np.bool_]:
    """The outline of a product as pale as its background: all but what is of just its colour, around it."""
    plain = calm <= tolerance
    ball = _ball(plain.shape, LEAK)
    placed = cv2.erode(plain.astype(np.uint8), ball, borderValue=1).astype(bool)
    # A room is where a ball finds place that does not come in from the border: the face of a pack with a gap in its
    # edge.
    rooms = cv2.dilate((placed & ~_reaching_the_border(placed)).astype(np.uint8), ball).astype(bool)
    kept = ~_reaching_the_border(plain & ~rooms)
    return _opened(kept, LEAK)


def _opened(mask: NDArray[np.bool_], width: float) -> NDArray[np.bool_]:
    opened = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, _ball(mask.shape, width), borderValue=0)
    return opened.astype(bool)


def _ball(shape: tuple[int, ...], width: float) -> NDArray[np.uint8]:
    """A disc `width` of the picture's shorter side across, at least three pixels."""
    reach = max(1, round(min(shape) * width / 2))
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1)), np.uint8)


def _without_shadows(
    picture: NDArray[np.uint8], kept: NDArray[np.bool_], ground: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """Without the grey that fades into the background beside the product.

    The faces of white packs look alike, but taking a shadow away leaves a more convex shape, and a face a less so.
    """
    if ground.max() < 64:
        return kept  # on black there is no shadow to be seen
    relative = cv2.GaussianBlur(picture / np.maximum(ground, 1) * 255, (0, 0), 1).astype(np.float32)
    grey = relative.mean(axis=2)
    slope = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0, scale=0.125), cv2.Sobel(grey, cv2.CV_32F, 0, 1, scale=0.125))
    faded = (slope < SHADOW_SLOPE) & (np.ptp(relative, axis=2) < SHADOW_GREY)
    reached = _reaching_the_border(faded | ~kept) & kept
    count, parts, measures, _ = cv2.connectedComponentsWithStats(reached.astype(np.uint8), connectivity=4)
    for part in range(1, count):
        if measures[part, cv2.CC_STAT_AREA] < SMALLEST * kept.size:
            continue
        without = kept & (parts != part)
        if without.any() and _solidity(without) > _solidity(kept):
            kept = without
    return kept


def _solidity(kept: NDArray[np.bool_]) -> float:
    """Share of its convex hull that a shape fills."""
    points = cv2.findNonZero(kept.astype(np.uint8))
    return float(kept.sum()) / max(1.0, cv2.contourArea(cv2.convexHull(points)))


def _reaching_the_border(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    _, parts = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    rim = np.unique(np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]]))
    found: NDArray[np.bool_] = np.isin(parts, rim[rim > 0])
    return found


def _without_specks(kept: NDArray[np.bool_], off: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Without dust, and without the pale dots that compression leaves beside edges; stalks are thin but not pale."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    broad = cv2.morphologyEx(kept.astype(np.uint8), cv2.MORPH_OPEN, disc, borderValue=0)
    solid = broad.astype(bool) | (kept & (off > PALE))
    count, parts, measures, _ = cv2.connectedComponentsWithStats(solid.astype(np.uint8), connectivity=8)
    if count < 2:
        return np.zeros_like(kept)
    areas = measures[:, cv2.CC_STAT_AREA]
    large = np.flatnonzero(areas >= SPECK * areas[1:].max())
    chosen: NDArray[np.bool_] = np.isin(parts, large[large > 0])
    return chosen


def _refined(picture: NDArray[np.uint8], kept: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """GrabCut decides anew within two pixels or so of the border between the two."""
    if not kept.any() or kept.all():
        return kept
    reach = max(1, round(min(kept.shape) / 100))
    around = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    inner = cv2.erode(kept.astype(np.uint8), around, borderValue=1).astype(bool)
    outer = cv2.dilate(kept.astype(np.uint8), around).astype(bool)
    if not inner.any() or outer.all():
        return kept
    mask = np.where(kept, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    mask[inner], mask[~outer] = cv2.GC_FGD, cv2.GC_BGD
    # Only where the product is: the time goes with the number of pixels, and background far off says nothing new.
    left, top, width, height = cv2.boundingRect(outer.astype(np.uint8))
    part = slice(max(0, top - 4), top + height + 4), slice(max(0, left - 4), left + width + 4)
    # A background painted in one exact colour has no variance: any other pixel would be product, were it not noisy.
    noisy = picture[part] + np.random.default_rng(0).normal(0, GRAIN, picture[part].shape)
    levels = np.ascontiguousarray(np.clip(noisy, 0, 255).astype(np.uint8)[..., ::-1])
    decided = np.ascontiguousarray(mask[part])
    cv2.setRNGSeed(0)  # its clusters start at random
    models = np.zeros((2, 1, 65))
    cv2.grabCut(levels, decided, (0, 0, 0, 0), models[0], models[1], 2, cv2.GC_INIT_WITH_MASK)
    mask[part] = decided
    cut: NDArray[np.bool_] = (mask == cv2.GC_FGD) | (mask == cv2.GC_PR_FGD)
    return cut


def _soft(picture: NDArray[np.uint8], kept: NDArray[np.bool_], ground: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Alpha at the rim: how far a pixel has come from the background's colour to that of the nearest inside pixel."""
    solid = np.where(kept, 255, 0).astype(np.uint8)
    inner = cv2.erode(solid, np.ones((3, 3), np.uint8), borderValue=255) > 0
    outer = cv2.dilate(solid, np.ones((3, 3), np.uint8)) > 0
    rim = outer & ~inner
    own = bled(picture, kept, solid).astype(np.float32) - ground
    across = (own * own).sum(axis=2)
    mixed = ((picture.astype(np.float32) - ground) * own).sum(axis=2) / np.maximum(across, 1)
    smooth = cv2.GaussianBlur(solid.astype(np.float32) / 255, (0, 0), 0.8)
    # Where product and background are of nearly one colour, colours say nothing: the smoothed outline does.
    telling = np.clip(np.sqrt(across) / 60 - 0.5, 0, 1)
    alpha = np.where(rim, telling * np.clip(mixed, 0, 1) + (1 - telling) * smooth, solid / 255)
    return np.asarray(np.rint(255 * alpha), np.uint8)
