"""`synthda doctor`: what synthda runs on, and what is wrong with it."""

from __future__ import annotations

import typer

from synthda.cli.options import AsJson, DataRoot


def command(as_json: AsJson = False, data_root: DataRoot = None) -> None:
    """Show versions, devices, fonts and known traps.

    Each trap comes with its remedy; the exit code is 1 when something is broken.

    Examples:

    - `synthda doctor`
    - `synthda doctor --json`
    """
    from dataclasses import asdict

    from synthda.cli.environment import devices, fonts, traps, versions
    from synthda.cli.listing import console, pairs, print_json

    found = traps(data_root)
    broken = any(trap.level == "broken" for trap in found)
    facts = {"versions": versions(), "devices": devices(), "fonts": fonts()}
    if as_json:
        print_json(facts | {"traps": [asdict(trap) for trap in found], "usable": not broken})
        raise typer.Exit(1 if broken else 0)
    printer = console()
    for heading, content in facts.items():
        printer.print(heading.capitalize(), style="bold cyan")
        printer.print(pairs({name: _shown(value) for name, value in content.items()}))
        printer.print()
    styles = {"broken": "bold red", "warning": "yellow", "note": "dim"}
    for trap in found:
        printer.print(f"{trap.level}: {trap.what}.", style=styles[trap.level], soft_wrap=True)
        printer.print(f"  → {trap.fix}.", soft_wrap=True)
    verdict = "Something is broken: see above." if broken else "synthda is usable here."
    printer.print(verdict, style="bold red" if broken else "bold green")
    raise typer.Exit(1 if broken else 0)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(value) if value else "none"
    return str(value)
