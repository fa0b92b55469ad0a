"""The command line: one file a verb, heavy imports inside the commands, so that `synthda --help` comes at once."""

from __future__ import annotations

import errno
import sys
from typing import Annotated

import typer

from synthda import __version__
from synthda.adapt.ranks import is_silent, started_together, whose_words
from synthda.cli import (
    adapt,
    compare,
    convert,
    datasets,
    demo,
    doctor,
    enrol,
    evaluate,
    export,
    fonts,
    generate,
    inspect,
    label,
    methods,
    networks,
    predict,
    preview,
    renderers,
    report,
    shallow,
)
from synthda.errors import SettingError, SynthdaError
from synthda.wording import without_control

INTERRUPTED = 130
REFUSED_PATH = (errno.EACCES, errno.EPERM, errno.ENAMETOOLONG)
"""What the system says of a path that nobody looked at before: no permission, or a name that is too long."""
GOES_ON = ("generate", "convert", "adapt", "compare", "demo")
"""Verbs that, stopped and given again, begin where they were."""

app = typer.Typer(
    name="synthda",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
VERBS = (
    *(
        preview,
        generate,
        inspect,
        convert,
        adapt,
        compare,
        evaluate,
        report,
        export,
        predict,
        enrol,
        label,
        shallow,
        demo,
    ),
    *(methods, renderers, networks, fonts, doctor),
)
for verb in VERBS:
    app.command(verb.__name__.rpartition(".")[2])(verb.command)
app.add_typer(datasets.app, name="datasets")


def _tell_version(asked: bool) -> None:
    if asked:
        print(f"synthda {__version__}")
        raise typer.Exit


@app.callback()
def command(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Render a labelled synthetic domain, adapt a classifier from it to unlabelled photographs, export ONNX."""


def main() -> None:
    """Run the command line; a mistake that a person can correct is one sentence and exit code 2."""
    goes_on = sys.argv[1:2] in [[verb] for verb in GOES_ON]
    try:
        if started_together() and sys.argv[1:2] != ["adapt"]:
            raise SettingError("Several processes were started, and only synthda adapt divides its work among them.")
        if "" in sys.argv[1:]:  # as a path it would be the folder that the command runs in
            raise SettingError("An argument is empty: a variable of the shell that is not set? Give it a value.")
        app()
    except SynthdaError as error:
        print(without_control(f"Error{whose_words()}: {error}"), file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        if error.errno not in REFUSED_PATH or error.filename is None:
            raise
        told = f"Error{whose_words()}: {error.filename} cannot be used ({error.strerror})."
        print(without_control(told), file=sys.stderr)
        sys.exit(2)
    except SystemExit as stop:
        if stop.code == INTERRUPTED and not is_silent():  # Typer turns Ctrl-C into this
            kept = "; what is finished is kept, and the same command goes on from there" if goes_on else ""
            print(f"Stopped{kept}.", file=sys.stderr)
        raise
