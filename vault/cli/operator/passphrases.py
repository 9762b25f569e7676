"""The register's passphrase: typed unseen, or out of a file that nobody but root can read. Never an argument."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import click

from vault import catalogue
from vault.errors import Refused
from vault.services.operator.registering import check_passphrase

_ = catalogue.load("ja").gettext
LONGEST = 8192  # bytes of such a file


def asked(file: Path | None, question: str = "") -> str:
    """The passphrase. Raises Refused("passphrase-file-open") for a file that others could read or have written."""
    if file is not None:
        return _from_file(file)
    try:
        return str(click.prompt(question or _("台帳の合言葉"), hide_input=True, err=True))
    except click.Abort as error:
        raise Refused("passphrase-none") from error


def asked_anew(file: Path | None, question: str = "") -> str:
    """A passphrase to come, typed twice. Raises Refused as `asked`, as `check_passphrase`, and where the two differ."""
    new = check_passphrase(asked(file, question or _("新しい合言葉")))
    if file is None and asked(None, _("もう一度同じ合言葉")) != new:
        raise Refused("passphrase-differs")
    return new


def _from_file(file: Path) -> str:
    try:
        handle = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError as error:
        raise Refused("passphrase-file-unreadable", file=file) from error
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
            raise Refused("passphrase-file-open", file=file)
        return os.read(handle, LONGEST).decode().rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise Refused("passphrase-file-unreadable", file=file) from error
    finally:
        os.close(handle)
