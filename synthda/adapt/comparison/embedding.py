"""Features of source and target in the plane by t-SNE (van der Maaten & Hinton 2008), before and after adaptation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from synthda.adapt.data import Data
from synthda.adapt.distance import some_rows
from synthda.adapt.infer import features
from synthda.adapt.method import Method
from synthda.datasets.domain import UNKNOWN, UNLABELLED, ArrayImages, Domain, Images, labels_by_name
from synthda.manifest import written_then_named

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST = 750
"""Images of each domain."""
MOST_NAMED = 20
"""Classes whose names are written beside their points."""
SOURCE, TARGET, INK = "#2b5fad", "#d1462f", "#222222"
DPI = 130


@dataclass(frozen=True, eq=False)
class Sample:
    """The images of a picture: the same for every method, so that pictures can be compared.

    Attributes:
        images: source first, then target.
        target: (n,) whether an image is of the target.
        labels: (n,) index of its class; for colours alone.
        classes: their names.
    """

    images: ArrayImages
    target: NDArray[np.bool_]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]

    @classmethod
    def of(cls, data: Data, *, most: int = MOST) -> Sample:
        """At most `most` images of the sources together, and of those that evaluate; without such, of the target."""
        other = data.evaluation if data.evaluation is not None else unlabelled(data.target, data.classes)
        parts = [data.some_of_sources(most), other.rows(some_rows(len(other), most=most))]
        more = set(other.classes) - set(data.classes)
        classes = (*data.classes, UNKNOWN) if more and UNKNOWN not in data.classes else data.classes
        return cls(
            images=ArrayImages(np.concatenate([part.images.read(np.arange(len(part))) for part in parts])),
            target=np.repeat([False, True], [len(part) for part in parts]),
            labels=np.concatenate([labels_by_name(part, classes) for part in parts]),
            classes=classes,
        )


def unlabelled(images: Images, classes: tuple[str, ...]) -> Domain:
    """Images of which no class is known."""
    return Domain(images, np.full(images.shape[0], UNLABELLED, dtype=np.int64), classes)


def embed(method: Method, sample: Sample, *, seed: int = 0) -> NDArray[np.float32]:
    """(n, 2): the features of a trained method, laid out by t-SNE."""
    return laid_out(features(method, sample.images), seed=seed)


def laid_out(found: NDArray[np.float32], *, seed: int = 0) -> NDArray[np.float32]:
    """(n, 2): features (n, d), n ≥ 4, in the plane by t-SNE."""
    from sklearn.manifold import TSNE

    perplexity = min(30.0, (len(found) - 1) / 3)
    # By principal components, unless the features have collapsed and there are none.
    start = "pca" if (np.ptp(found, axis=0) > 0).sum() > 1 else "random"
    placed: NDArray[np.float32] = TSNE(init=start, perplexity=perplexity, random_state=seed).fit_transform(found)
    return placed


def draw(panels: Sequence[tuple[str, NDArray[np.float32]]], sample: Sample, path: Path) -> None:
    """A column for each layout, coloured by domain above and by class below, into a PNG.

    Args:
        panels: title and (n, 2) positions.
        sample: what the positions are of.
        path: the PNG.

    Raises:
        SynthdaError: when the file cannot be written.
    """
    from matplotlib.figure import Figure  # without pyplot: no window, no state, Agg

    figure = Figure(figsize=(4.4 * len(panels), 8.6), layout="constrained")
    grid: Any = figure.subplots(2, len(panels), squeeze=False)
    for column, (title, placed) in enumerate(panels):
        _by_domain(grid[0, column], placed, sample)
        _by_class(grid[1, column], placed, sample)
        grid[0, column].set_title(title, color=INK, fontsize=11)
    handles, names = grid[0, 0].get_legend_handles_labels()
    title = "Above: colour by domain. Below: colour by class, circles of the source, crosses of the target."
    legend = {"ncols": 2, "frameon": False, "markerscale": 3, "title": title, "title_fontsize": 9}
    figure.legend(handles, names, loc="outside lower center", **legend)
    with written_then_named(path) as partial:
        figure.savefig(partial, format="png", dpi=DPI, metadata={"Software": None})


def _by_domain(axes: Axes, placed: NDArray[np.float32], sample: Sample) -> None:
    for colour, name, chosen in ((SOURCE, "source", ~sample.target), (TARGET, "target", sample.target)):
        across, up = placed[chosen].T
        axes.scatter(across, up, s=5, color=colour, alpha=0.65, linewidths=0, label=name)
    _bare(axes)


def _by_class(axes: Axes, placed: NDArray[np.float32], sample: Sample) -> None:
    """Circles are of the source, crosses of the target; images without a label are left out."""
    from matplotlib.patheffects import withStroke

    known = sample.labels >= 0
    for marker, chosen in (("o", ~sample.target & known), ("x", sample.target & known)):
        across, up = placed[chosen].T
        axes.scatter(across, up, s=7, c=_colours(sample.labels[chosen], sample.classes), marker=marker, linewidths=0.8)
    if len(sample.classes) <= MOST_NAMED:
        for label, name in enumerate(sample.classes):
            own = placed[(sample.labels == label) & ~sample.target]
            if len(own):
                middle = np.median(own, axis=0)
                written = axes.annotate(name, middle, fontsize=11, weight="bold", ha="center", va="center")
                written.set_path_effects([withStroke(linewidth=3, foreground="white")])
    _bare(axes)


def _colours(labels: NDArray[np.int64], classes: tuple[str, ...]) -> Any:
    from matplotlib import colormaps

    return colormaps["tab10" if len(classes) <= 10 else "hsv"](labels / max(len(classes), 10))


def _bare(axes: Axes) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_color("#cccccc")
