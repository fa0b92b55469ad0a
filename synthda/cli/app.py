"""The command line: one file a verb, heavy imports inside the commands, so that `synthda --help` comes at once."""

from __future__ import annotations

import sys

import typer

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

INTERRUPTED = 130
GOES_ON = ("generate", "convert", "adapt", "compare", "demo")
"""Verbs that, stopped and given again, begin where they were."""

app = typer.Typer(
    name="synthda",
    help="Render a labelled synthetic domain, adapt a classifier from it to unlabelled photographs, export ONNX.",
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


def main() -> None:
    """Run the command line; a mistake that a person can correct is one sentence and exit code 2."""
    goes_on = sys.argv[1:2] in [[verb] for verb in GOES_ON]
    try:
        if started_together() and sys.argv[1:2] != ["adapt"]:
            raise SettingError("Several processes were started, and only synthda adapt divides its work among them.")
        app()
    except SynthdaError as error:
        print(f"Error{whose_words()}: {error}", file=sys.stderr)
        sys.exit(2)
    except SystemExit as stop:
        if stop.code == INTERRUPTED and not is_silent():  # Typer turns Ctrl-C into this
            kept = "; what is finished is kept, and the same command goes on from there" if goes_on else ""
            print(f"Stopped{kept}.", file=sys.stderr)
        raise
