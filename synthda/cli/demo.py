"""`synthda demo`: the whole path without a download, from rendered numbers to real handwriting."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synthda.cli.options import Force
from synthda.errors import SettingError

if TYPE_CHECKING:
    from synthda.datasets.domain import Images

COUNT, STEPS, SIDE = 8_000, 3_000, 16
METHOD, VIEWS = "bnm+fixmatch", {"source_view": "none"}
"""Chosen on labels of what adapts, seeds 100 and 101: .94 of bnm+fixmatch, .85 of shot, .74 of source-only."""
LEFT = ("syn-numbers", "run", "photographs", "predictions.csv", "predictions.png")
SETTINGS = (
    "size=8 one=1 two=0 three=0 lines=0 hand=0 smallest=0.8 largest=1 tight=0 angle=15 shear=0.25 stretch=1.3 "
    "weight=0.05 wobble=0.12 streaks=0 stencil=0 hollow=0 contrast=100 saturation=0 fill_gradient=0 bevel=0 "
    "texture=0 clutter=0 gradient=0 shadow=0 outline=0 light=0 dark=0 over=0 temperature=0 haze=0 "
    "motion=0 defocus=0 sharpen=0 reduce=1 noise=6 jpeg=100"
)
"""Chosen by eye beside scans of the adaptation part: single grey digits of 8×8 pixels, nothing behind them."""


def command(
    out: Annotated[Path, typer.Option(help="Folder to leave everything in.")] = Path("demo"),
    seed: Annotated[int, typer.Option(min=0, help="Of the renderings, the weights and every draw.")] = 0,
    force: Force = False,
) -> None:
    """Render digits, adapt to handwriting scans that ship with scikit-learn, export, predict: a few minutes.

    Examples:

    - `synthda demo`
    - `synthda demo --out my-demo --seed 1`
    """
    from synthda.adapt.blueprint import Blueprint
    from synthda.adapt.data import open_data
    from synthda.adapt.predict import Classifier
    from synthda.adapt.prediction_files import draw_predictions, write_predictions
    from synthda.cli.adapting import Session
    from synthda.cli.default_source import render_once
    from synthda.cli.listing import say
    from synthda.cli.planning import pick_device
    from synthda.settings import configure, parse_assignments
    from synthda.synth.syn_numbers import SynNumbers

    _refuse_foreign(out)
    settings = configure({"renderer": SynNumbers}, parse_assignments(SETTINGS.split()))["renderer"]
    say(f"1. Render {COUNT:,} labelled digits from fonts")
    source = render_once(SynNumbers(**settings), "syn-numbers", out / "syn-numbers", COUNT, seed=seed, force=force)
    say("2. Adapt to 1,000 unlabelled scans of handwriting, beside source-only training and the oracle")
    plan = Blueprint.of(METHOD, "conv-small", (), given=VIEWS, input_size=(SIDE, SIDE), seed=seed, steps=STEPS)
    scans, held_out = "sklearn-digits:adapt", "sklearn-digits:eval"
    data = open_data([str(source)], scans, size=plan.input_size, evaluation=held_out, oracle=scans)
    assert data.evaluation is not None
    session = Session(plan, data, out / "run", pick_device("auto"), force=force)
    session.announce(baselines=True)
    found = session.run(baselines=True, export=True)
    say()
    say("3. Predict photographs with the exported model")
    photographs = _write_photographs(data.evaluation.images, out / "photographs")
    classifier = Classifier(out / "run" / "model.onnx")
    predictions = write_predictions(classifier.of_photos(photographs), out / "predictions.csv")
    draw_predictions(out / "predictions.png", predictions, "Scans of handwriting: predicted classes and confidence")
    say(f"{out / 'predictions.csv'} and {out / 'predictions.png'} are written.")
    say(verdict(found["adapted"] - found["source-only"]))


def _refuse_foreign(out: Path) -> None:
    """Raise SettingError when `out` is a file, or a folder with anything but what a demo leaves there."""
    if out.exists() and not out.is_dir():
        raise SettingError(f"{out} is a file; give --out a new or an empty folder.")
    strange = sorted(path.name for path in out.iterdir() if path.name not in LEFT) if out.exists() else []
    if strange:
        raise SettingError(f"{out} holds {strange[0]}, which is no demo's; give --out a new or an empty folder.")


def verdict(gain: float) -> str:
    """What a difference of two accuracies says of adaptation, in percentage points."""
    points = f"{100 * gain:+.1f} points of accuracy"
    return f"Adaptation helped: {points}." if gain > 0 else f"Adaptation did not help here ({points})."


def _write_photographs(images: Images, folder: Path) -> Path:
    """The scans as PNG files without labels: what a user's folder of photographs is."""
    from PIL import Image

    from synthda.datasets.domain import in_memory

    folder.mkdir(parents=True, exist_ok=True)
    for row, image in enumerate(in_memory(images)):
        Image.fromarray(image).save(folder / f"{row:03d}.png")
    return folder
