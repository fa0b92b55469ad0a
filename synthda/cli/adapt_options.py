"""Options of `synthda adapt` that need more than a line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from synthda.adapt.selection import RULES

Method = Annotated[str, typer.Option(help="How to adapt, as `synthda methods` lists them; some combine: dann+mcc.")]
Network = Annotated[
    str | None,
    typer.Option(help="What to train; `synthda networks` lists them. [default: conv-small]", show_default=False),
]
Start = Annotated[
    Path | None,
    typer.Option(
        metavar="RUN",
        help="For methods that go on from another's finished run, as shot does: that run. Its network, classes, size "
        "and fit; shot, adabn and dirt-t need no source.",
        show_default=False,
    ),
]
From = Annotated[
    Path | None,
    typer.Option(
        "--from",
        metavar="RUN",
        help="For any method: begin with the weights of a finished run of the same network; classes may differ.",
        show_default=False,
    ),
]
Fit = Annotated[
    Literal["stretch", "pad", "crop"] | None,
    typer.Option(
        metavar="HOW", help="Photographs get square by stretch, pad or crop. [default: stretch]", show_default=False
    ),
]
Precision = Annotated[
    Literal["float32", "tf32", "bf16"] | None,
    typer.Option(
        metavar="FORMAT", help="Of the arithmetic: float32, tf32 or bf16. [default: float32]", show_default=False
    ),
]
Graph = Annotated[
    Literal["auto", "on", "off"] | None,
    typer.Option(
        metavar="WHEN",
        help="Replay steps as a CUDA graph: on, off, or auto, where the method allows it. [default: auto]",
        show_default=False,
    ),
]
Images = Annotated[
    Literal["auto", "device", "memory", "stream"],
    typer.Option(
        metavar="WHERE",
        help="Where the images lie while training: device, memory, or stream, which reads shards from disk; auto takes "
        "what fits.",
    ),
]

Select = Annotated[
    str,
    typer.Option(metavar="RULE", help=f"Choose the checkpoint without target labels: last, {', '.join(RULES)}."),
]
Candidates = Annotated[
    int | None, typer.Option(help="Checkpoints that --select chooses among. [default: 10]", show_default=False)
]
HoldOut = Annotated[
    float | None,
    typer.Option(
        metavar="SHARE",
        help="Source images kept from training, for --select and to estimate accuracy. [default: 0.1 if needed]",
        show_default=False,
    ),
]
Unknown = Annotated[
    bool,
    typer.Option("--unknown", help="Answer `unknown` to what is no class, calibrated on held-out source images."),
]
UnknownBelow = Annotated[
    float | None,
    typer.Option(help="Answer `unknown` where each class is less probable.", metavar="PROBABILITY", show_default=False),
]
