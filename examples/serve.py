"""An HTTP endpoint for a model that `synthda export` wrote: python serve.py model.onnx --port 8000

POST a photograph as the body and get JSON: class, confidence, the three most probable classes. Needs fastapi and
uvicorn beside what classify.py needs.
"""

import argparse
import io
import os

import uvicorn
from anyio import CapacityLimiter, to_thread
from classify import Model
from fastapi import FastAPI, HTTPException, Request
from PIL import Image

MOST_BYTES = 10 * 2**20
MOST_PIXELS = 50_000_000  # told from the header: a file of a few bytes can claim more than any memory holds
FORMATS = ("JPEG", "PNG", "WEBP")  # the rest of what Pillow opens has no business at an open door
BODY = {"required": True, "content": {"image/*": {"schema": {"type": "string", "format": "binary"}}}}


def service(path):
    """The application; the model is loaded once, here, and its session is run by as many threads as there are cores."""
    model, threads = Model(path), CapacityLimiter(os.cpu_count() or 1)
    app = FastAPI(title="synthda", docs_url=None, redoc_url=None)  # those pages load scripts from elsewhere

    @app.get("/health")
    def health():
        known = {name: model.metadata.get(name) for name in ("method", "network", "manifest")}
        return {"status": "ok", "classes": len(model.classes), **known}

    @app.post("/classify", openapi_extra={"requestBody": BODY})
    async def classify(request: Request):
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if not kind.startswith("image/"):
            raise HTTPException(415, f"Content-Type is {kind or 'missing'}; send a photograph, such as image/jpeg.")
        return await to_thread.run_sync(answer, model, await body_of(request), limiter=threads)

    return app


async def body_of(request):
    """The body, read no further than is accepted, whatever length is announced."""
    content = bytearray()
    async for piece in request.stream():
        content += piece
        if len(content) > MOST_BYTES:
            raise HTTPException(413, f"The photograph is larger than {MOST_BYTES / 2**20:g} MiB; send a smaller one.")
    return bytes(content)


def answer(model, content):
    pixels = decoded(model, content)
    top = [{"class": name, "confidence": confidence} for name, confidence in model.rank(pixels)[:3]]
    return {**top[0], "top": top}


def decoded(model, content):
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            if image.width * image.height <= MOST_PIXELS:
                return model.pixels(image)
    except Image.DecompressionBombError:
        pass  # Pillow's own limit is higher
    except Exception as error:  # Pillow's decoders raise nearly anything on damaged files
        known = ", ".join(FORMATS)
        raise HTTPException(400, f"The body is no photograph that can be read; send a whole {known}.") from error
    raise HTTPException(413, f"The photograph has more than {MOST_PIXELS // 10**6} megapixels; send a smaller one.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", help="what `synthda export` wrote")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    given = parser.parse_args()
    uvicorn.run(service(given.model), host=given.host, port=given.port)
