"""Options that several verbs share, so that they read the same everywhere; and what the shell completes them to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from synthda.errors import SettingError

DataRoot = Annotated[
    Path | None,
    typer.Option(
        "--data-root",
        metavar="DIR",
        help="Folder of the public data sets. [default: the environment variable SYNTHDA_DATA, else ./data]",
        show_default=False,
    ),
]
Assignments = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="A setting; may be given many times.", show_default=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
Force = Annotated[bool, typer.Option("--force", help="Discard what is there and start anew.")]
Digits = Annotated[str | None, typer.Option(help="mnist-m: folder of MNIST, or labelled digits.", show_default=False)]
Split = Annotated[
    str | None, typer.Option(help="mnist-m: train or test, whose digits and photographs never mix.", show_default=False)
]
Backgrounds = Annotated[
    str | None, typer.Option(help="Folder of photographs to put behind, at most 200 of them.", show_default=False)
]
Templates = Annotated[
    str | None, typer.Option(help="syn-signs, products: folder of pictures, one a class.", show_default=False)
]
Side = Annotated[
    str | None,
    typer.Option(
        "--size", metavar="PIXELS", help="Side of the images, 8 to 1024; of products 32 to 512.", show_default=False
    ),
]

BackboneModel = Annotated[
    str | None,
    typer.Option(metavar="MODEL", help="Train a pretrained model: short for --network backbone.", show_default=False),
]
Weights = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="Its weights: a file, none, or default, which downloads them. [default: default]",
        show_default=False,
    ),
]


def with_backbone(
    network: str | None, backbone: str | None, weights: str | None, given: Mapping[str, str]
) -> tuple[str | None, dict[str, str]]:
    """The network's name, if any, and the settings with those for which `--backbone` and `--weights` are short.

    Raises:
        SettingError: when they stand beside another `--network`, or beside what they are short for.
    """
    options = {"--backbone": backbone, "--weights": weights}
    asked = [option for option, value in options.items() if value is not None]
    if not asked:
        return network, dict(given)
    if network not in (None, "backbone") or (network is None and backbone is None):
        raise SettingError(
            f"{asked[0]} is for --network backbone, not for {network or 'conv-small'}; give --backbone MODEL, for "
            "example resnet50, and no other --network."
        )
    short = {name: value for name, value in (("model", backbone), ("weights", weights)) if value is not None}
    twice = [name for name in short if name in given]
    if twice:
        option = {"model": "--backbone", "weights": "--weights"}[twice[0]]
        raise SettingError(f"{option} is short for --set {twice[0]}=…; leave out one of the two.")
    return "backbone", {**given, **short}


def with_short(given: Mapping[str, str], **options: str | None) -> dict[str, str]:
    """The settings with those that options of the same name are short for; raises SettingError for one given twice."""
    short = {name: value for name, value in options.items() if value is not None}
    for name in short.keys() & given.keys():
        raise SettingError(f"--{name} is short for --set {name}=…; leave out one of the two.")
    return {**given, **short}


def renderer_names(incomplete: str) -> list[str]:
    """What the shell completes RENDERER to."""
    from synthda.synth import RENDERERS

    return [name for name in RENDERERS if name.startswith(incomplete)]


RendererName = Annotated[
    str, typer.Argument(metavar="RENDERER", help="`synthda renderers` lists them.", autocompletion=renderer_names)
]


def data_set_names(incomplete: str) -> list[str]:
    """What the shell completes a data set's NAME to."""
    from synthda.datasets import DATASETS

    return [name for name in DATASETS if name.startswith(incomplete)]


def format_names(incomplete: str) -> list[str]:
    """What the shell completes a format to."""
    from synthda.datasets import FORMATS

    return [name for name in (*FORMATS, "coco", "shards") if name.startswith(incomplete)]
