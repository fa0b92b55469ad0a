"""The labelling page in a real browser, by keyboard: needs the extra `browser`, and Chromium on the path."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from labelling_session import CLASSES, Session

from bench.browser import CHROMIUM, QUIET
from synthda.datasets.label_file import Queue, read_labels

sync_api = pytest.importorskip("playwright.sync_api", reason="needs the extra `browser`")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium on the path")]
SEEN = "() => document.querySelector('#photo:not(.loading, [hidden])')?.naturalWidth > 0"


class Visitor:
    """A person at the page, who presses a key only once the photograph is there, and waits for the answer."""

    def __init__(self, page: Any) -> None:
        self.page = page

    def press(self, *keys: str) -> str:
        """Press keys, of which the last one decides; returns what the page says then."""
        self.page.wait_for_function(SEEN)
        before = self.page.evaluate("document.getElementById('photo').src")
        for key in keys:
            self.page.keyboard.press(key)
        self.page.wait_for_function("(src) => document.getElementById('photo').src !== src", arg=before)
        return str(self.page.text_content("#status"))

    def turn_to(self, queue: str) -> None:
        self.page.click(f"button.queue[data-queue={queue}]")
        self.page.wait_for_function("(queue) => document.body.dataset.queue === queue", arg=queue)
        self.page.wait_for_function(SEEN)


@pytest.fixture
def visit(tmp_path: Path) -> Iterator[Callable[[Session], Visitor]]:
    """Opens a session's page; at the end, nothing was complained of, and nothing asked of anybody else."""
    complaints: list[str] = []
    elsewhere: list[str] = []
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch_persistent_context(
            tmp_path / "profile", executable_path=CHROMIUM, args=QUIET, env=dict(os.environ)
        )

        def opened(session: Session) -> Visitor:
            page = browser.pages[0]
            page.on("console", lambda message: complaints.append(message.text))
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("request", lambda asked: asked.url.startswith(session.server.url) or elsewhere.append(asked.url))
            page.goto(session.server.url)
            return Visitor(page)

        yield opened
        browser.close()
    assert (complaints, elsewhere) == ([], [])


def labels(session: Session, queue: Queue) -> list[str | None]:
    return [made.label for made in read_labels(session.file).history if made.queue == queue]


def test_few_classes_have_a_key_each(session: Session, visit: Callable[[Session], Visitor]) -> None:
    person = visit(session)
    assert person.page.text_content("#keys") == f"1{CLASSES[0]}2{CLASSES[1]}", "names are text, not markup"
    assert not person.page.is_visible("#suggestions"), "the model's answer would sway who measures"
    assert not person.page.text_content("#file")
    assert [person.press(key) for key in ("1", "2", "x", "s")] == [
        *(f"Saved: {said}" for said in (*CLASSES, "none of these")),
        "Skipped",
    ]
    assert person.press("u") == "Undone: skip"
    assert person.press("Backspace") == "Undone: none of these"
    assert labels(session, "measure") == list(CLASSES)
    person.turn_to("teach")
    guess = person.page.text_content(".suggestion .name")
    assert person.press("Enter") == f"Saved: {guess}"
    assert labels(session, "teach") == [guess]


def test_many_classes_are_found_by_a_few_letters(
    session_of_many_classes: Session, visit: Callable[[Session], Visitor]
) -> None:
    session, person = session_of_many_classes, visit(session_of_many_classes)
    assert person.press(*"cy", "Enter") == "Saved: Shade-cy"
    assert person.press(*"SHADE b", "ArrowDown", "ArrowDown", "Enter") == "Saved: Shade-bx"
    person.page.keyboard.press("Enter")
    assert "Type a few letters" in person.page.text_content("#status")
    assert person.press("-") == "Saved: none of these"
    assert person.press("ArrowRight") == "Skipped"
    assert labels(session, "measure") == ["Shade-cy", "Shade-bx", "unknown", None]
    person.turn_to("teach")
    guesses = person.page.locator(".suggestion .name").all_text_contents()
    assert person.press("2") == f"Saved: {guesses[1]}"
    assert person.press("Backspace") == f"Undone: {guesses[1]}"


def test_a_key_that_is_held_down_labels_one_photograph(session: Session, visit: Callable[[Session], Visitor]) -> None:
    person = visit(session)
    person.page.wait_for_function(SEEN)
    for _ in range(10):
        person.page.keyboard.down("1")
        person.page.wait_for_timeout(30)
    person.page.keyboard.up("1")
    person.press("2")
    assert labels(session, "measure") == list(CLASSES)


def test_the_page_fits_a_narrow_screen_and_ends_the_session(
    session: Session, visit: Callable[[Session], Visitor]
) -> None:
    person = visit(session)
    person.page.wait_for_function(SEEN)
    person.page.set_viewport_size({"width": 360, "height": 740})
    assert person.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    person.page.keyboard.press("?")
    assert person.page.is_visible("#help")
    person.page.keyboard.press("Escape")
    person.page.click("#end")
    person.page.wait_for_selector("text=All labels are saved")
