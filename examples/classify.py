"""Classify photographs with a model that `synthda export` wrote: python classify.py model.onnx PHOTO …

Needs numpy, pillow and onnxruntime, nothing of synthda or torch; gives the answers of `synthda predict`.
"""

import contextlib
import json
import sys

import numpy as np
import onnxruntime
from PIL import Image, ImageOps

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM", "JPEG2000")
"""What `synthda predict` reads; Pillow knows more."""
MOST_PIXELS = 100_000_000


def pixels_of(image, height, width, fit):
    """An opened photograph as a model takes it: upright, RGB, (height, width, 3) uint8."""
    if image.mode == "F" or (image.mode == "I" and not 0 <= min(image.getextrema()) <= max(image.getextrema()) < 2**16):
        raise ValueError("its pixels are no whole numbers of 8 or 16 bits")
    inverted = image.mode.startswith("I;16") and getattr(image, "tag_v2", {}).get(262) == 0  # a TIFF where 0 is white
    image.draft(None, (3 * max(height, width),) * 2)  # large JPEGs are decoded at a half, a quarter or an eighth
    with contextlib.suppress(Exception):  # metadata beyond reading does not spoil the picture
        image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):  # 16 bits
        image = Image.fromarray(((np.asarray(image).astype(np.uint32) + 128) // 257).astype(np.uint8))
        image = ImageOps.invert(image) if inverted else image
    if image.has_transparency_data:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
    inner, box = (width, height), (0, 0, *image.size)
    if fit == "pad":
        scale = min(width / image.width, height / image.height)
        inner = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    elif fit == "crop":
        scale = min(image.width / width, image.height / height)
        left, upper = max(0, (image.width - scale * width) / 2), max(0, (image.height - scale * height) / 2)
        box = left, upper, image.width - left, image.height - upper
    canvas = Image.new("RGB", (width, height))
    small = image.convert("RGB").resize(inner, Image.Resampling.BICUBIC, box, reducing_gap=3)
    canvas.paste(small, ((width - inner[0]) // 2, (height - inner[1]) // 2))
    return np.asarray(canvas)


class Model:
    """The ONNX file, which says itself what its classes are, and which images it takes."""

    def __init__(self, path):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # for one image, more threads wait for one another
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.metadata = self.session.get_modelmeta().custom_metadata_map
        self.classes = json.loads(self.metadata["classes"])
        self.height, self.width = json.loads(self.metadata["input_size"])

    def pixels(self, image):
        return pixels_of(image, self.height, self.width, self.metadata["fit"])

    def rank(self, pixels):
        """Class names with their probabilities, the most probable first."""
        (chances,) = self.session.run(["probabilities"], {"images": pixels[np.newaxis]})
        return sorted(zip(self.classes, chances[0].tolist(), strict=True), key=lambda found: -found[1])


if __name__ == "__main__":
    model = Model(sys.argv[1])
    for path in sys.argv[2:]:
        try:
            with Image.open(path, formats=FORMATS) as photograph:
                if photograph.width * photograph.height > MOST_PIXELS:
                    raise ValueError("it has more than 100 megapixels")
                name, confidence = model.rank(model.pixels(photograph))[0]
        except Exception as error:  # Pillow's decoders raise nearly anything on damaged files
            print(f"{path} is skipped: {error}", file=sys.stderr)
            continue
        print(f"{path}\t{name}\t{confidence:.6f}")
