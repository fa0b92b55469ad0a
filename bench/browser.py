"""A real browser for tests and screenshots: headless Chromium through ChromeDriver, by the W3C WebDriver protocol."""

from __future__ import annotations

import base64
import io
import json
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image

QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--hide-scrollbars"),
)
SECONDS = 60.0


def is_here() -> bool:
    """Whether there are both: on Debian, `apt-get install chromium chromium-driver`."""
    return shutil.which("chromedriver") is not None and shutil.which("chromium") is not None


class Browser:
    """One window. Elements are named by CSS selectors."""

    def __init__(self, address: str) -> None:
        self._address = address
        options = {"args": [*QUIET, f"--user-data-dir={tempfile.mkdtemp()}"], "binary": shutil.which("chromium")}
        wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        self._session = ""
        found = self._call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self._session = f"/session/{found['sessionId']}"

    def open(self, address: str) -> None:
        self._call("POST", "/url", {"url": address})

    def run(self, script: str) -> Any:
        """What a script returns."""
        return self._call("POST", "/execute/sync", {"script": script, "args": []})

    def click(self, selector: str) -> None:
        """Click every element that is selected, one after the other."""
        for element in self._call("POST", "/elements", {"using": "css selector", "value": selector}):
            self._call("POST", f"/element/{next(iter(element.values()))}/click", {})

    def complaints(self) -> list[str]:
        """What the console has said since the last call."""
        return [str(line["message"]) for line in self._call("POST", "/se/log", {"type": "browser"})]

    def look(self, scheme: str, width: int) -> None:
        """Prefer `light` or `dark`, in a window so many px wide."""
        size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
        self._devtools("Emulation.setDeviceMetricsOverride", size)
        self._devtools("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})

    def screenshot(self, top: float, bottom: float, width: float, scale: float = 1.0) -> bytes:
        """A strip of the page from `top` to `bottom`, px, as PNG."""
        clip = {"x": 0, "y": top, "width": width, "height": bottom - top, "scale": scale}
        found = self._devtools("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip})
        return base64.b64decode(found["data"])

    def close(self) -> None:
        self._call("DELETE", "", None)

    def _devtools(self, command: str, parameters: Mapping[str, Any]) -> Any:
        return self._call("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def _call(self, verb: str, path: str, body: Mapping[str, Any] | None) -> Any:
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self._address}{self._session}{path}", content, method=verb)
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            return json.load(answer)["value"]


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser that is closed at the end, with its driver."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    driver = subprocess.Popen(["chromedriver", f"--port={port}"], stdout=subprocess.DEVNULL)
    try:
        _wait_for(port)
        window = Browser(f"http://127.0.0.1:{port}")
        try:
            yield window
        finally:
            window.close()
    finally:
        driver.terminate()
        driver.wait()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def write_png(path: Path, png: bytes) -> None:
    """With 200 colours: a page of text and charts needs no more, and a repository keeps every byte."""
    Image.open(io.BytesIO(png)).convert("RGB").quantize(200).save(path, optimize=True)
