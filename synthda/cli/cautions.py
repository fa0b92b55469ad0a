"""What `adapt`, `compare` and `evaluate` caution against: nothing is wrong yet, and little would come of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path, PurePath

from synthda.cli.class_folders import about_class_folders
from synthda.cli.listing import shortened
from synthda.datasets.domain import Domain, Images, classes_missing, content_of, meant
from synthda.datasets.photos import read_rgba
from synthda.datasets.records import EXPORT
from synthda.datasets.shards import manifest_of
from synthda.errors import DataError
from synthda.near import a_slip_apart
from synthda.shell import quoted
from synthda.wording import counted

FEW = 32
"""Fewer images than this are warned of: half a batch of most networks."""
FEW_A_CLASS = 5
"""So are fewer source images of a class than this, on average."""
LOOKED_AT = 8
CUT_OUT = 0.05
"""Share of an image without any colour from which it is a cut-out, and no photograph."""
ENLARGED = 1.5
"""Side of the network's images by that of the source's, beyond which the latter are too small."""
OURS = (
    *("run.json", "run.json.partial", "comparison.json", "domain.json", "domain.json.partial"),
    *(EXPORT, "synthda-coco.json"),
)
"""What is in the folders that synthda writes."""
SHEETS = ("-sheet.png", "-preview.png", "-cutouts.png")
"""How contact sheets are called that nobody has named."""


def about_few(source_images: int, classes: int, target_images: int) -> Iterator[str]:
    """Of source and target: what nothing can be learnt from."""
    if source_images < max(FEW, FEW_A_CLASS * classes):
        seen = f"{counted(source_images, 'source image')} of {counted(classes, 'class', 'classes')}"
        yield f"{seen}: too little to learn how they look; hundreds of each class are the rule."
    if target_images < FEW:
        seen = counted(target_images, "target image")
        yield f"{seen}: too little to learn how the target looks, and what is measured on it says little."


def about_files(sources: Mapping[str, Domain], target: str, paths: Sequence[str]) -> Iterator[str]:
    """Of sources and target by what names them: what their files seem to be."""
    for spec, source in sources.items():
        yield from about_class_folders(spec, source)
        yield from about_cut_outs(spec, source)
        yield from about_enlarged(spec, source)
    yield from about_own_files(target, paths)


def about_cut_outs(spec: str, source: Domain) -> Iterator[str]:
    """Of a source that `spec` names: whether it has a few pictures without background, which are to be rendered."""
    folder, paths = Path(spec).expanduser(), (source.paths or ())[:LOOKED_AT]
    few = len(source) < max(FEW, FEW_A_CLASS * len(source.classes))
    if few and folder.is_dir() and paths and all(_is_cut_out(folder / path) for path in paths):
        yield (
            f"{spec} has {counted(len(source), 'picture')} without background, where a source looks as photographs do. "
            f"Did you mean to render them first? synthda generate products --templates {quoted(folder)}"
        )


def about_enlarged(spec: str, source: Domain) -> Iterator[str]:
    """Of shards that `spec` names: whether the network is to learn from much larger images than they hold."""
    height, width = manifest_of(spec).get("image_shape", (0, 0))[:2]
    asked = source.images.shape[1:3]
    if height and max(asked[0] / height, asked[1] / width) > ENLARGED:
        yield (
            f"{spec} holds images of {width}×{height} px, which are enlarged to {asked[1]}×{asked[0]}: detail that is "
            "not there is not learnt. Render them larger (generate --size), or give a smaller --size."
        )


def about_own_files(spec: str, paths: Sequence[str]) -> Iterator[str]:
    """Of a target that `spec` names: how many of its images synthda itself seems to have written, and where."""
    folder = Path(spec).expanduser()
    if not folder.is_dir():
        return
    above = {parent: parent.parents for parent in {PurePath(path).parent for path in paths}}
    inside = sorted({place for parent, rest in above.items() for place in (parent, *rest) if place != PurePath()})
    ours = [place for place in inside if any((folder / place / name).exists() for name in OURS)]
    ours = [place for place in ours if not any(place != other and place.is_relative_to(other) for other in ours)]
    written = sum(any(PurePath(path).is_relative_to(place) for place in ours) for path in paths)
    if written:
        yield (
            f"{counted(written, 'target image')} of {spec} lie where synthda writes "
            f"({shortened([str(place) for place in ours])}): give --target the folder of the photographs alone."
        )
    sheets = [path for path in paths if path.endswith(SHEETS)]
    if sheets:
        yield (
            f"{counted(len(sheets), 'target image')} of {spec} named as synthda names contact sheets "
            f"({shortened(sheets)}): move what is no photograph elsewhere."
        )


def in_folders(paths: Sequence[str]) -> str:
    """` in 7 folders`, of images in more than one."""
    folders = {PurePath(path).parent for path in paths}
    return f" in {len(folders):,} folders" if len(folders) > 1 else ""


def about_same(sources: Sequence[Domain], target: Images) -> Iterator[str]:
    """Of sources and target: whether they are the same images."""
    for source in sources:
        if len(source) == target.shape[0] and content_of(source.images) == content_of(target):
            yield f"{source.name} is both source and target, the same images: there is nothing to adapt to."


def about_unknown(domain: Domain, classes: Sequence[str]) -> Iterator[str]:
    """Of labelled data for a model that may answer `unknown`: which classes count as that, and near names."""
    missing = classes_missing(domain, classes)
    if missing:
        what = counted(len(missing), "class is none", "classes are none")
        yield (
            f"Of {domain.name}, {what} of the model's and counted as unknown: {shortened(missing)}."
            f"{meant(missing, classes)}"
        )


def about_near_classes(sources: Sequence[Domain]) -> Iterator[str]:
    """Of several sources: classes that not all of them have, and that resemble one another like a name misspelt."""
    holders: dict[str, list[str]] = {}
    for source in sources:
        for name in source.classes:
            holders.setdefault(name, []).append(source.name)
    for one, other in combinations(holders, 2):
        if len(holders[one]) == len(holders[other]) == len(sources) or not a_slip_apart(one, other):
            continue
        one_of, other_of = (", ".join(dict.fromkeys(holders[name])) for name in (one, other))
        yield f"{one} (of {one_of}) and {other} (of {other_of}) are two classes; if one is meant, rename a folder."


def _is_cut_out(path: Path) -> bool:
    try:
        return float((read_rgba(path)[..., 3] == 0).mean()) > CUT_OUT
    except DataError:
        return False
