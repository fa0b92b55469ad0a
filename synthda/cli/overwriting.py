"""What a command reads is never what it writes, now or the next time.

What takes long, or is the only copy, is replaced by `--force` alone: domains, runs, models. What the same command makes
anew in a moment is replaced without a word: predictions, pictures, reports.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from synthda.datasets.photos import READ_EXTENSIONS
from synthda.errors import SettingError


def refuse_to_overwrite(read: Mapping[str, Path | None], written: Mapping[str, Path | None]) -> None:
    """Raise SettingError where an option names a file that the command reads, or a picture among those that it reads.

    Args:
        read: files and folders of pictures, by what they are called; what does not exist, or is None, is not read.
        written: files, by option.
    """
    for option, out in written.items():
        for what, given in read.items():
            if out is None or given is None:
                continue
            if out.exists() and _reads(given, out):
                raise SettingError(f"{option} {out} is {what}, which would be lost; give {option} another name.")
            if given.is_dir() and _is_picture_in(given, out):
                raise SettingError(
                    f"{option} {out} would lie in {given} and be read as {what} the next time; give {option} a place "
                    "outside of it."
                )


def check_picture(option: str, out: Path | None) -> None:
    """Raise SettingError where an option names a picture otherwise than by .png, which is what is written."""
    if out is not None and out.suffix.lower() != ".png":
        raise SettingError(f"{option} {out} is no name of a picture; give one that ends in .png.")


def _reads(given: Path, file: Path) -> bool:
    """Whether `file`, which exists, is what is given, or a picture in the folder that is."""
    if given.is_dir():
        return _is_picture_in(given, file)
    return given.exists() and file.samefile(given)


def _is_picture_in(folder: Path, file: Path) -> bool:
    return file.suffix.lower() in READ_EXTENSIONS and file.resolve().is_relative_to(folder.resolve())
