"""`synthda predict`: classes of photographs from an exported model, without torch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    model: Annotated[Path, typer.Argument(metavar="MODEL.onnx|RUN", help="An exported model, or the run that has it.")],
    photos: Annotated[Path, typer.Argument(metavar="PHOTOS", help="A folder of photographs, or one.")],
    out: Annotated[Path, typer.Option(help="A .csv or .jsonl file, replaced if there; - is stdout.")] = Path(
        "predictions.csv"
    ),
    sheet: Annotated[Path | None, typer.Option(help="Contact sheet (PNG) of photographs with their classes.")] = None,
    boxes: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Classify boxes: COCO .json, or .csv with path,x,y,w,h.")
    ] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Working at the same time. [default: one a core]")] = None,
) -> None:
    """Classify photographs with an exported model.

    Writes path, class and confidence of each; files that cannot be read are skipped and listed. With --boxes, each box
    of a photograph gets a line with its x, y, w, h, in pixels of the upright photograph.

    Examples:

    - `synthda predict runs/first/model.onnx photos`
    - `synthda predict model.onnx photos --out classes.jsonl --sheet classes.png`
    - `synthda predict model.onnx photo.jpg --out -`
    - `synthda predict model.onnx shelves --boxes detections.json`
    """
    from collections import Counter

    from synthda.adapt.predict import Classifier
    from synthda.adapt.prediction_files import STDOUT, draw_predictions, write_predictions
    from synthda.cli.listing import say, warn_skipped
    from synthda.cli.overwriting import check_picture, refuse_to_overwrite
    from synthda.datasets.boxes import read_boxes
    from synthda.wording import counted

    file = model / "model.onnx" if model.is_dir() else model
    read = {"the model": file, "the file of the boxes": boxes, "one of the photographs": photos}
    check_picture("--sheet", sheet)
    refuse_to_overwrite(read, {"--out": out, "--sheet": sheet})
    classifier = Classifier(file, threads=threads)
    asked = classifier.of_photos(photos) if boxes is None else classifier.of_boxes(read_boxes(boxes, photos))
    predictions = write_predictions(asked, out, boxes=boxes is not None)
    failed = [prediction.error for prediction in predictions if prediction.error]
    warn_skipped(failed, *(() if boxes is None else ("box or file", "boxes or files")))
    found = [prediction for prediction in predictions if not prediction.error]
    if sheet is not None:
        draw_predictions(sheet, found, f"{photos.resolve().name}: predicted classes and confidence")
    if out == STDOUT:
        return
    counts = Counter(prediction.label for prediction in found)
    photographs = counted(len({one.path for one in found}), "photograph")
    what = photographs if boxes is None else f"{counted(len(found), 'box', 'boxes')} in {photographs}"
    say(f"{out}: {what}. " + ", ".join(f"{name}: {n:,}" for name, n in counts.most_common()))
    if sheet is not None:
        say(f"Contact sheet: {sheet}")
