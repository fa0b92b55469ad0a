"""`synthda enrol`: classes that an exported model learns from a few pictures, without training or torch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from synthda.cli.options import AsJson, DataRoot


def command(
    model: Annotated[Path, typer.Argument(metavar="MODEL.onnx|RUN", help="An exported model, or the run that has it.")],
    pictures: Annotated[
        Path | None, typer.Argument(metavar="PICTURES", help="A file or a sub-folder for each new class.")
    ] = None,
    known: Annotated[
        str | None,
        typer.Option(metavar="SPEC", help="Images of the model's own classes. [default: sample.npy beside it]"),
    ] = None,
    remove: Annotated[
        list[str] | None, typer.Option(metavar="CLASS", help="Take an enrolled class out; may be given many times.")
    ] = None,
    show: Annotated[bool, typer.Option("--list", help="Show what is enrolled.")] = False,
    out: Annotated[Path | None, typer.Option(help="ONNX file. [default: model.enrolled.onnx beside MODEL]")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    as_json: AsJson = False,
    data_root: DataRoot = None,
) -> None:
    """Add classes to an exported model from a few pictures of each, without training.

    An image gets a new class where its features are nearer to those of that class's pictures than to those of every
    class that the model was trained on; among the latter it answers as before. Training with the new class does
    better: this is for today.

    Examples:

    - `synthda enrol runs/first ./new-icons`
    - `synthda enrol model.onnx ./new-icons --known ./store-photos --out shop.onnx`
    - `synthda enrol model.enrolled.onnx --list`
    - `synthda enrol model.enrolled.onnx --remove apple`
    """
    from synthda.adapt.enrol import enrol, enrolled_beside, enrolled_in
    from synthda.adapt.enrol import remove as take_out
    from synthda.cli.enrolling import say_enrolled, say_enrolment
    from synthda.cli.listing import say
    from synthda.errors import RunError, SettingError
    from synthda.shell import quoted

    asked = [pictures is not None, bool(remove), show]
    if not any(asked):
        raise SettingError("Give PICTURES of new classes, --remove CLASS or --list.")
    if sum(asked) > 1:
        raise SettingError("Give only one of PICTURES, --remove CLASS and --list.")
    file = model / ("model.enrolled.onnx" if remove or show else "model.onnx") if model.is_dir() else model
    if model.is_dir() and not file.exists() and (model / "model.onnx").exists():
        raise RunError(f"Nothing is enrolled in {model}; add classes with: synthda enrol {quoted(model)} PICTURES")
    if show:
        say_enrolled(file, enrolled_in(file), as_json=as_json)
        return
    target = out or enrolled_beside(file)
    if target.exists() and target.resolve() != file.resolve() and not force:
        raise RunError(
            f"{target} exists; add to it with: synthda enrol {quoted(target)} PICTURES, or give --force or another "
            "--out."
        )
    if pictures is not None:
        say_enrolment(enrol(file, pictures, target, known=known, data_root=data_root))
    elif remove:
        take_out(file, remove, target)
        say(f"{target} no longer knows {', '.join(remove)}.")
