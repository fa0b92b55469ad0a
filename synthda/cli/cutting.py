"""What `synthda preview products --cutouts` does and says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from synthda.cli.listing import say
from synthda.errors import SettingError
from synthda.shell import quoted


def show_cutouts(
    renderer: str, templates: str | None, out: Path, folder: Path | None, others: Mapping[str, object]
) -> None:
    """Draw a sheet of the templates cut out; into `folder`, if any, write each as PNG with transparency.

    `others` are options that say nothing of cutting out, None where they were not given.
    """
    from synthda.cli.templates import warn_empty
    from synthda.datasets.claim import check_outside
    from synthda.datasets.contact_sheet import write_sheet
    from synthda.synth.assortment import load_products
    from synthda.synth.cutout_sheet import COLUMNS, SIDE, tiles, write_pngs

    if renderer != "products":
        raise SettingError(f"--cutouts is not for {renderer}, whose templates need none; give it with products.")
    if not templates:
        raise SettingError("--cutouts shows how templates were cut out; give their folder with --templates.")
    idle = [option for option, value in others.items() if value]
    if idle:
        raise SettingError(f"{idle[0]} changes nothing of how templates are cut out; leave it out.")
    check_outside(out, Path(templates))  # it would be one more template
    if folder is not None:
        check_outside(folder, Path(templates), "--cutouts-to")
    products = load_products(Path(templates))
    warn_empty(Path(templates))
    given = sum(product.given for product in products)
    counted = f"{len(products)} templates, {given} with transparency of their own"
    if folder is not None:
        write_pngs(products, folder)
    write_sheet(out, tiles(products), columns=COLUMNS, title=f"products: {counted}", side=SIDE)
    say(f"Cut-outs: {out} ({counted}).")
    if folder is None:
        say("Is one wrong? Write them all as PNG with --cutouts-to DIR, correct it there, and give DIR as --templates.")
    else:
        say(
            f"Correct those that are wrong in any editor, then:  synthda generate products --templates {quoted(folder)}"
        )
