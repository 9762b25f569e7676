"""What an upgrade does to the data of an office, run as the office's user by the operator's own release: the release that
is being tried may be broken, and the one before it may be too old to know how.

    python -P -m vault.cli.aside look|lay|back|drop --folder FOLDER
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

import click

from vault import catalogue
from vault.config import load
from vault.errors import KuraError, Refused
from vault.services import closing, presence
from vault.storage import aside

ACTS = ("look", "lay", "back", "drop")


@click.command()
@click.argument("act", type=click.Choice(ACTS))
@click.option("--folder", type=click.Path(path_type=Path), required=True)
def main(act: str, folder: Path) -> None:
    """Say what stands in the database as JSON; before that lay it aside, put it back or destroy the copy."""
    os.umask(0o077)
    try:
        click.echo(json.dumps(done(act, folder)))
    except KuraError as error:
        click.echo(catalogue.sentence(catalogue.load("ja"), error), err=True)
        sys.exit(1)


def done(act: str, folder: Path) -> dict[str, object]:
    """Do one of the acts; raises NotReady where there is no instance, Refused("upgrade-closed", "ending-running")."""
    settings = load(folder)
    if act == "look" and (settings.folder / closing.CLOSED_FILE).exists():
        raise Refused("upgrade-closed")
    if act in ("lay", "back"):
        with presence.alone(settings.folder):
            (aside.lay if act == "lay" else aside.back)(settings.database)
    elif act == "drop":
        aside.drop(settings.database)
    return asdict(aside.look(settings.database))


if __name__ == "__main__":
    main(prog_name="aside")
