"""The command line: `main` runs it."""

from synthda.cli.app import main

__all__ = ["main"]
