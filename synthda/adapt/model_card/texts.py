"""The sentences of a model card that no manifest holds: limits, the use from Python, and what a person fills in."""

from __future__ import annotations

from collections.abc import Sequence

from synthda.adapt.model_card.markdown import fenced

ASKED = "**To be filled in by a person:**"

FIELDS = {
    "use": f"{ASKED} what the model is for, who uses it, and what it must not be used for.",
    "licence": f"{ASKED} the licence of the weights, here and as `license` at the top of this file.",
    "data": (
        f"{ASKED} where the source and the target images come from, whether their licences and the persons in them "
        "allow this use, and the licence of any weights that the network started from."
    ),
    "contact": f"{ASKED} who answers questions, and where mistakes are reported.",
}
"""By name, what is asked for until somebody answers."""

LIMITS = {
    "unknown": "It always answers one of its classes, whatever is in the photograph: it knows no `unknown`.",
    "domain": (
        "It was adapted to the target photographs above. On photographs from another place, camera, season or choice "
        "of things it may do much worse, and it does not say so."
    ),
    "no target": (
        "It saw no photograph of the place where it is to be used. On photographs that differ from the source images "
        "it may do much worse, and it does not say so."
    ),
    "confidence": (
        "Its probabilities are no promises: they differ from the share of right answers by the calibration error "
        "above, on average."
    ),
    "confidence unmeasured": "Its probabilities are no promises: how far off they are on the target was not measured.",
    "seed": (
        "The figures are of one training. Another seed gives others; intervals tell the uncertainty from the number "
        "of images alone."
    ),
}

RESIZED = {
    "stretch": "image.resize(({width}, {height}), Image.Resampling.BICUBIC)",
    "crop": "ImageOps.fit(image, ({width}, {height}), Image.Resampling.BICUBIC)",
    "pad": "ImageOps.pad(image, ({width}, {height}), Image.Resampling.BICUBIC)",
}
"""How Pillow brings a photograph to a size, by fit."""

PROGRAM = """import json

import numpy as np
import onnxruntime
from PIL import Image, ImageOps

session = onnxruntime.InferenceSession("model.onnx")
classes = json.loads(session.get_modelmeta().custom_metadata_map["classes"])
image = ImageOps.exif_transpose(Image.open("photo.jpg")).convert("RGB")
pixels = np.asarray({resized})
(chances,) = session.run(["probabilities"], {{"images": pixels[np.newaxis]}})
print(classes[chances[0].argmax()], chances[0].max())"""


def what_it_is(adapted: bool) -> str:
    """The first sentence, by whether photographs of the target were learnt from."""
    learnt = (
        " and on photographs of the target without their labels (unsupervised domain adaptation)" if adapted else ""
    )
    return f"An image classifier that synthda trained on labelled images{learnt} and exported to ONNX."


def program_of(size: Sequence[int], fit: str) -> str:
    """A program that runs the ONNX file of a height and width without synthda, and brings photographs to size as it."""
    height, width = size
    return PROGRAM.format(resized=RESIZED[fit].format(height=height, width=width))


def use_in_python(size: Sequence[int], fit: str) -> str:
    """How the ONNX file of a height and width is used without synthda, and with it."""
    program = program_of(size, fit)
    return (
        f"{fenced(program, 'python')}\n\nor, for a folder of photographs, read exactly as those were that it was "
        f"measured on:\n\n{fenced('synthda predict model.onnx PHOTOS --out predictions.csv', 'sh')}"
    )
