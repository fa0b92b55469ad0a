"""A real browser for tests and for pictures in the docs: Chromium, driven by Playwright (the extra `browser`)."""

from __future__ import annotations

import functools
import http.server
import importlib.util
import io
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
"""Arguments with which it asks nothing of anybody."""


def lacking() -> str | None:
    """What is missing for a browser here; None where there is one."""
    if importlib.util.find_spec("playwright") is None:
        return "needs the extra `browser`"
    return None if CHROMIUM else "needs Chromium on the path"


@contextmanager
def chromium() -> Iterator[Any]:
    """Playwright's browser, closed at the end."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *said: object) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a folder, to this machine alone."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def save_jpeg(page: Any, path: Path) -> None:
    """The window as a picture, once what moves has come to rest."""
    page.wait_for_timeout(300)
    with Image.open(io.BytesIO(page.screenshot())) as found:
        found.convert("RGB").save(path, quality=88, subsampling=0, optimize=True, progressive=True)
    print(path)


def save_png(picture: bytes, path: Path) -> None:
    """With 200 colours: a page of text and charts needs no more, and a repository keeps every byte."""
    Image.open(io.BytesIO(picture)).convert("RGB").quantize(200).save(path, optimize=True)
    print(path)
