"""What `synthda convert` does, in either direction, and says of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from synthda.cli.listing import say, warn_skipped
from synthda.cli.progress import progress_bar
from synthda.datasets import DATASETS, FORMATS
from synthda.errors import SettingError
from synthda.settings import unknown
from synthda.shell import quoted


def from_domain(source: str, out: Path, to: str, *, size: Any, fit: Any, data_root: Path | None, **how: Any) -> None:
    """Write the domain that `source` names in the format `to`."""
    from synthda.datasets.export import export
    from synthda.datasets.shards import manifest_of
    from synthda.datasets.specs import is_unfinished, names_data_set, open_domain

    if to not in FORMATS:
        raise SettingError(unknown("format", to, [*FORMATS, "coco", "shards"]))
    path, origin = Path(source).expanduser(), {} if names_data_set(source) else manifest_of(source)
    photographs = path.is_dir() and not names_data_set(source) and not origin and not is_unfinished(path)
    if size is None and photographs:
        raise SettingError("Photographs come in sizes of their own; give the images' with --size, for example 64.")
    _refuse_within(out, source)
    domain = open_domain(source, size=size, fit=fit, data_root=data_root)
    warn_skipped(domain.skipped)
    with progress_bar(f"Writing {to}", len(domain)) as progress:
        export(domain, out, to, origin=origin, progress=progress, **how)
    factors = len((domain.scenes.dtype.names or ()) if domain.scenes is not None and to != "imagefolder" else ())
    with_factors = f", with {factors} factors each" if factors else ""
    say(f"{out} is finished: {len(domain):,} images, {len(domain.classes)} classes{with_factors}.")
    say(f"And back:  synthda convert {quoted(out)} --to shards --out DIR")


def to_shards(source: str, out: Path, *, size: Any, fit: Any, quality: int | None, force: bool) -> None:
    """Make shards of the folder or tar file `source`."""
    from synthda.datasets.ingest import ingest, survey

    if quality is not None:
        raise SettingError("Shards hold images as they are, without --quality; leave it out.")
    path = Path(source).expanduser()
    if source.partition(":")[0] in DATASETS and not path.exists():
        raise SettingError(f"{source} is read as it is wherever a domain is; there is no need of shards.")
    found = survey(path)
    with progress_bar("Writing shards", found.count) as progress:
        manifest = ingest(found, out, size=size, fit=fit, force=force, progress=progress)
    warn_skipped(manifest["skipped"])
    height, width, _ = manifest["image_shape"]
    classes = f"{len(found.classes)} classes" if found.classes else "no labels"
    say(f"{out} is finished: {manifest['count']:,} images of {height}×{width}, {classes}.")
    say(f"Look at it:  synthda inspect {quoted(out)}")


def to_coco(source: str, out: Path, *, size: Any, quality: int | None, force: bool) -> None:
    """Write the rendered domain `source` with a box and a mask for each product in its images."""
    from synthda.datasets.shards import manifest_of
    from synthda.datasets.specs import is_unfinished, open_domain
    from synthda.synth.coco import ANNOTATIONS, write_coco

    if size is not None:
        raise SettingError("Boxes and masks are those of the images as they were rendered; leave out --size.")
    origin = manifest_of(source)
    if "settings" not in origin and not is_unfinished(Path(source).expanduser()):
        raise SettingError(f"{source} is no rendered domain, which alone knows boxes and masks; give one of products.")
    _refuse_within(out, source)
    domain = open_domain(source)
    with progress_bar("Writing coco", len(domain)) as progress:
        manifest = write_coco(domain, out, origin=origin, quality=quality, force=force, progress=progress)
    seen = manifest["annotations"]
    say(f"{out} is finished: {len(domain):,} images, {seen:,} boxes and masks in {ANNOTATIONS}.")


def _refuse_within(out: Path, source: str) -> None:
    """Refuse to write within the folder that `source` names; a data set or a label file names none."""
    from synthda.datasets.claim import check_outside
    from synthda.datasets.shards import MANIFEST
    from synthda.datasets.specs import names_data_set

    path = Path(source).expanduser()
    if not names_data_set(source) and path.exists():
        check_outside(out, path.parent if path.name == MANIFEST else path)
