"""What `label` says and does: where the page is, and, when the session has ended, what to go on with."""

from __future__ import annotations

import math
import re
import webbrowser
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from synthda.adapt.labelling.desk import Desk
from synthda.adapt.labelling.measured import measure, widest
from synthda.adapt.labelling.queues import gather, queue_of
from synthda.adapt.labelling.server import LabelServer
from synthda.adapt.predict import Classifier
from synthda.adapt.run import Run
from synthda.cli.listing import say, warn, warn_skipped
from synthda.cli.progress import progress_bar
from synthda.datasets.folders import list_photos
from synthda.datasets.label_file import QUEUES
from synthda.datasets.label_journal import Journal
from synthda.errors import SynthdaError
from synthda.shell import quoted
from synthda.wording import counted

WORD = r"""(?:'[^']*'|"[^"]*"|[^\s'"])+"""
"""A word of a command, in quotes or not."""


def label(subject: Path, photos: Path, out: Path, *, port: int, seed: int | None, open_page: bool) -> None:
    """Serve the page until Ctrl-C or its button ends the session, and say what has come of it."""
    classifier = Classifier(subject / "model.onnx" if subject.is_dir() else subject)
    with progress_bar("Reading photographs", len(list_photos(photos))) as progress:
        found, skipped = gather(photos, progress)
    warn_skipped(skipped, "photograph")
    with Journal(out, photos, classifier.classes, seed=seed, contents=found.keys()) as journal:
        if journal.repaired:
            warn(f"{out} ended in half a line, left by a session that was cut off: it is removed, all others are kept.")
        with LabelServer(Desk(photos, found, classifier, journal), port) as server:
            say(f"{counted(len(found), 'photograph')}; labels go to {out}, each as it is given.")
            say(_what_can_be_done(found.keys(), journal.seed))
            say(f"Open in a browser on this computer:  {server.url}")
            say("The session ends with Ctrl-C here, or with the button on the page.")
            if open_page:
                webbrowser.open(server.url)
            _serve(server)
        counts = {q: sum(made.label is not None for made in journal.latest(q).values()) for q in QUEUES}
    say(f"{out}: {counted(counts['measure'], 'photograph')} labelled to measure, {counts['teach']:,} to teach.")
    if counts["measure"]:
        _say_accuracy(classifier, out)
        say(f"Measure:  synthda evaluate {quoted(subject)} --labels {quoted(out)}")
    if counts["teach"]:
        say(f"Teach:    {_adapt_command(subject, photos)} --labelled-target {quoted(out)}")
    say(f"Go on:    synthda label {quoted(subject)} {quoted(photos)} --out {quoted(out)}")


def _what_can_be_done(contents: Collection[str], seed: int) -> str:
    """How many photographs each queue has, and what the accuracy is known to once all that measure are labelled."""
    measures = sum(queue_of(seed, content) == "measure" for content in contents)
    within = f" (± {math.ceil(100 * widest(measures))} points at best)" if measures else ""
    return f"{measures:,} can measure{within}, {len(contents) - measures:,} can teach."


def _serve(server: LabelServer) -> None:
    server.desk.suggestions.start()
    try:
        server.serve_forever(poll_interval=0.1)
    except KeyboardInterrupt:
        say()
    finally:
        server.desk.suggestions.stop()
        server.desk.suggestions.join()


def _say_accuracy(classifier: Classifier, out: Path) -> None:
    try:
        found = measure(classifier, out)
    except SynthdaError as error:  # the photographs are gone: the labels are kept all the same
        warn(str(error))
        return
    none = f", {found.unknown.n:,} of them of none of the classes" if found.unknown else ""
    say(f"Accuracy so far: {found.all}{none}")


def _adapt_command(subject: Path, photos: Path) -> str:
    """The command that made the run, for another folder; without a run, what such a command needs."""
    run, made_by = Run(subject), ""
    with suppress(SynthdaError):  # a damaged manifest ends no session
        made_by = str(run.read().get("provenance", {}).get("command", "")) if run.finished else ""
    known = f"synthda adapt --source SOURCE --target {quoted(photos)}"
    if made_by.startswith("synthda adapt "):
        known = re.sub(rf" (--out[= ]{WORD}|--labelled-target[= ]{WORD}|--force)(?=\s|$)", "", made_by)
    named = subject if subject.name else subject.resolve()  # `.`
    stem = named.stem if named.suffix == ".onnx" else named.name
    return f"{known} --out {quoted(named.with_name(f'{stem}-taught'))}"
