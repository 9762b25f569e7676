"""`kura`, as root has it done for an office: by the office's own user, from the office's own release."""

from __future__ import annotations

import tomllib
from pathlib import Path

from vault.config import SETTINGS_FILE
from vault.errors import NotReady, Refused
from vault.storage.host import files, users
from vault.storage.host.layout import Host
from vault.storage.host.programs import run_as

SECONDS = 6 * 3600.0  # a backup of the largest office on slow disks


def kura(host: Host, name: str, command: str, *arguments: str | Path, given: bytes | None = None) -> str:
    """What a command says of the office's folder; raises Refused("office-said") with what it said, and NotReady."""
    return kura_at(host, name, host.folder(name), command, *arguments, given=given)


def kura_at(host: Host, name: str, folder: Path, command: str, *arguments: str | Path, given: bytes | None = None) -> str:
    """The same of another folder that the office's user has."""
    release = host.release_of(name)
    # Gone with the machine's power, and the user may not make it.
    files.folder(host.run(name), 0o700, host.user(name))
    python = (f"PYTHONPATH={release}", "PYTHONDONTWRITEBYTECODE=1", release / "environment" / "bin" / "python", "-P")
    words = ("-m", "vault.cli.kura", command, "--folder", folder, *arguments)
    try:
        return run_as(host.user(name), *python, *words, given=given, seconds=SECONDS)
    except Refused as error:
        if error.code != "program-failed":
            raise
        raise Refused("office-said", name=name, command=command, said=error.facts["said"]) from error


def is_made(host: Host, name: str) -> bool:
    """Whether there is an instance, whose program and user are there too."""
    there = (host.folder(name) / SETTINGS_FILE).is_file() and host.release_of(name).exists()
    return there and users.numbers(host.user(name)) is not None


def id_of(host: Host, name: str) -> str:
    """The id of the office, in hex, as its settings say; raises NotReady."""
    path = host.folder(name) / SETTINGS_FILE
    try:
        return bytes.fromhex(str(tomllib.loads(run_as(host.user(name), "cat", path))["office"])).hex()
    except (Refused, KeyError, ValueError) as error:
        raise NotReady("settings-unreadable", file=path) from error
