"""`synthda convert`: a domain in a format for other tools, and shards from any of these or from photographs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from synthda.cli.options import DataRoot, Force, format_names


def command(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="A domain; with --to shards, also a folder or a tar file.")
    ],
    to: Annotated[str, typer.Option(help="imagefolder, hf, webdataset, coco, or shards.", autocompletion=format_names)],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to write to.")],
    size: Annotated[str | None, typer.Option(help="Pixels: 64, or 48x64 (height × width). [default: as it is]")] = None,
    fit: Annotated[str, typer.Option(help="How other shapes fill the size: stretch, pad or crop.")] = "stretch",
    quality: Annotated[int | None, typer.Option(min=1, max=100, help="JPEG of this quality. [default: PNG]")] = None,
    force: Force = False,
    data_root: DataRoot = None,
) -> None:
    """Write a domain for other tools, or make shards of what they wrote.

    imagefolder: a folder a class. hf: Hugging Face's ImageFolder, every factor in metadata.jsonl. webdataset: tar
    shards with labels and factors. PNG loses nothing: converted to hf or webdataset and back to shards, images,
    labels, classes and scenes are the same. coco: images with a box and a mask for every product in them, of a domain
    rendered by products whose templates are still there. An interrupted command goes on when it is given again, and
    of a finished folder it writes anew what was lost or damaged.

    Examples:

    - `synthda convert data/syn-numbers --to hf --out export/numbers`
    - `synthda convert mnist:test --to webdataset --out export/mnist --data-root data`
    - `synthda convert data/products --to coco --out export/products`
    - `synthda convert export/numbers --to shards --out data/again`
    - `synthda convert photos --to shards --size 48x64 --fit crop --out data/photos`
    """
    from synthda.cli.converting import from_domain, to_coco, to_shards
    from synthda.datasets.resize import parse_size
    from synthda.errors import SettingError

    pixels = None if size is None else parse_size(size)
    if to == "shards":
        to_shards(source, out, size=pixels, fit=fit, quality=quality, force=force)
    elif to == "coco":
        if fit != "stretch" or data_root is not None:
            raise SettingError("COCO is of a rendered domain, as it is; leave out --fit and --data-root.")
        to_coco(source, out, size=pixels, quality=quality, force=force)
    else:
        from_domain(source, out, to, size=pixels, fit=fit, quality=quality, force=force, data_root=data_root)
