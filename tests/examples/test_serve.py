"""`examples/serve.py`: the endpoint answers as the model does, and refuses in a sentence what it cannot answer."""

from __future__ import annotations

import asyncio
import importlib
import io
import os
import re
import signal
import struct
import subprocess
import sys
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from synthda.adapt.predict import Classifier

for needed in ("fastapi", "uvicorn", "httpx2"):
    pytest.importorskip(needed, reason=f"{needed} is not installed: pip install synthda[examples]")
PROGRAM = Path(__file__).parent.parent.parent / "examples" / "serve.py"


@pytest.fixture
def model(make_model: Callable[[str], Path]) -> Path:
    return make_model("crop")


@pytest.fixture
def client(model: Path) -> Iterator[Any]:
    testing = importlib.import_module("fastapi.testclient")
    with testing.TestClient(importlib.import_module("serve").service(str(model))) as opened:
        yield opened


def post(client: Any, content: bytes, kind: str = "image/jpeg") -> Any:
    return client.post("/classify", content=content, headers={"content-type": kind})


def png_that_claims(width: int, height: int) -> bytes:
    """A PNG of a few bytes with a header of any size."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def test_a_photograph_gets_its_class_and_the_three_most_probable(client: Any, model: Path, photos: Path) -> None:
    for expected in Classifier(model).of_photos(photos):
        found = post(client, expected.path.read_bytes(), "image/whatever; q=1").json()
        assert found["class"] == expected.label
        assert found["confidence"] == pytest.approx(expected.confidence, abs=2e-6)
        assert found["top"][0] == {"class": found["class"], "confidence": found["confidence"]}
        confidences = [one["confidence"] for one in found["top"]]
        assert len(confidences) == 3
        assert confidences == sorted(confidences, reverse=True)


def test_many_at_once_get_the_answers_of_one_after_the_other(client: Any, photos: Path) -> None:
    contents = [path.read_bytes() for path in sorted(photos.iterdir())] * 3
    alone = [post(client, content).json() for content in contents]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda content: post(client, content).json(), contents)) == alone


def test_what_is_no_photograph_is_refused_in_a_sentence(client: Any, photos: Path) -> None:
    whole = (photos / "large.jpg").read_bytes()
    gif = io.BytesIO()
    Image.new("RGB", (4, 4)).save(gif, "GIF")
    for content, kind, code, sentence in (
        (whole, "text/plain", 415, "Content-Type is text/plain; send a photograph"),
        (whole, "", 415, "Content-Type is missing"),
        (b"", "image/png", 400, "no photograph that can be read"),
        (b"no photograph", "image/png", 400, "send a whole JPEG, PNG, WEBP"),
        (whole[: len(whole) // 2], "image/jpeg", 400, "no photograph that can be read"),
        (gif.getvalue(), "image/gif", 400, "no photograph that can be read"),
        (bytes(10 * 2**20 + 1), "image/jpeg", 413, "larger than 10 MiB"),
        (png_that_claims(10_000, 6_000), "image/png", 413, "more than 50 megapixels"),
        (png_that_claims(60_000, 60_000), "image/png", 413, "more than 50 megapixels"),
    ):
        refused = post(client, content, kind)
        assert (refused.status_code, list(refused.json())) == (code, ["detail"]), sentence
        assert sentence in refused.json()["detail"]
    assert client.get("/classify").status_code == 405
    assert post(client, whole).status_code == 200, "and it goes on"


def test_a_body_without_end_is_read_no_further_than_is_accepted() -> None:
    serve, sent = importlib.import_module("serve"), 0

    class Endless:
        async def stream(self) -> AsyncIterator[bytes]:
            nonlocal sent
            while True:
                sent += 2**20
                yield bytes(2**20)

    with pytest.raises(serve.HTTPException) as refused:
        asyncio.run(serve.body_of(Endless()))
    assert refused.value.status_code == 413
    assert sent == 11 * 2**20


def test_health_names_the_model_and_no_page_loads_anything_from_elsewhere(client: Any) -> None:
    found = client.get("/health").json()
    assert found == {"status": "ok", "classes": 4, "method": "dann", "network": None, "manifest": None}
    assert client.get("/docs").status_code == 404
    body = client.get("/openapi.json").json()["paths"]["/classify"]["post"]["requestBody"]
    assert body["content"]["image/*"]["schema"]["format"] == "binary"


@pytest.mark.slow
def test_the_program_serves_a_photograph_over_http(model: Path, photos: Path) -> None:
    httpx = importlib.import_module("httpx2")
    command = [sys.executable, str(PROGRAM), str(model), "--port", "0"]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"}
    ) as served:
        assert served.stderr is not None
        said = iter(served.stderr)
        try:
            url = next(found[0] for line in said if (found := re.search(r"http://127\.0\.0\.1:\d+", line)))
            content = (photos / "large.jpg").read_bytes()
            sent = httpx.post(f"{url}/classify", content=content, headers={"content-type": "image/jpeg"}, timeout=30)
            assert sent.json()["class"] == next(Classifier(model).of_photos(photos / "large.jpg")).label
        finally:
            served.send_signal(signal.SIGINT)
            served.wait(20)
