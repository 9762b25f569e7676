"""An office moving to another host: packed and closed here, unpacked and served there, and only then destroyed here.

What travels is one sealed file; its code goes another way. The old host keeps everything until it is given the receipt that
the new one shows at the very end.
"""

from __future__ import annotations

import os
import shutil
import stat
import time
from collections.abc import Callable
from pathlib import Path

from vault.errors import Refused
from vault.services.operator import serving
from vault.services.operator.provisioning import ARRIVING, MOVING, HandOver, Provisioning, beside
from vault.services.operator.wanted import Wanted
from vault.storage.host import files, instances, offices, users
from vault.storage.host.layout import Host


def pack(host: Host, name: str, with_backups: bool) -> tuple[Path, str]:
    """Close an office and pack it; returns (the file, what `kura pack` says, with the code). Raises Refused, NotFound.

    Where it is refused before it was closed for moving, people go on working.
    """
    offices.read(host, name)
    place = beside(host, name, MOVING)
    files.folder(place, 0o700, host.user(name))
    serving.disable(name)
    try:
        more = ["--with-backups"] if with_backups else []
        return place / f"{name}.pack", instances.kura(host, name, "pack", "--to", place / f"{name}.pack", *more)
    except Refused:
        if not (host.folder(name) / "closed").exists():
            serving.enable(name)
        raise


def reopen(host: Host, name: str) -> str:
    """The move is given up: opened and served again, as far as nothing has used the pack; returns what `kura pack` says."""
    offices.read(host, name)
    said = instances.kura(host, name, "pack", "--reopen", "--yes")
    serving.enable(name)
    files.drop(beside(host, name, MOVING))
    return said


class Receiving(Provisioning):
    """An office that arrives in a pack, and is served here. It is in use from the start: what breaks off after it was
    unpacked is gone on with, not undone."""

    def __init__(
        self, host: Host, wished: Wanted, pack: Path, code: str, clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__(host, wished, clock)
        self._pack = pack
        self._code = code
        self.told = ""

    def _fill(self) -> None:
        """Unpacked beside its place by its own user, who makes nothing in the folder of all offices; root puts it there."""
        host, name = self.host, self.name
        place = beside(host, name, ARRIVING)
        files.drop(place)
        files.folder(place, 0o700, self.user)
        self.told = self._unpacked(place / name)
        files.drop(host.folder(name))
        os.rename(place / name, host.folder(name))
        files.drop(place)

    def _unpacked(self, folder: Path) -> str:
        host, name = self.host, self.name
        readable = folder.with_name("pack")
        _lend(self._pack, readable, self.user)
        try:
            return instances.kura_at(
                host, name, folder, "unpack", readable, "--host", self.wanted.office.address, "--replica", folder / "keys" / "a",
                "--replica", host.keys(name), "--backups", host.backups(name), "--run", host.run(name), "--told", host.told(name),
                given=self._code.encode() + b"\n",
            )  # fmt: skip
        finally:
            readable.unlink(missing_ok=True)

    def _show(self, show: Callable[[HandOver], None]) -> None:
        """The receipt, again where it was unpacked by a run that was killed."""
        if not self.told:
            place = beside(self.host, self.name, ARRIVING)
            files.folder(place, 0o700, self.user)
            _lend(self._pack, place / "pack", self.user)
            given = self._code.encode() + b"\n"
            self.told = instances.kura_at(self.host, self.name, self.host.folder(self.name), "unpack", place / "pack", given=given)
            files.drop(place)


def _lend(source: Path, target: Path, user: str) -> None:
    """A copy for the office's user, who cannot pass where the operator has put his file."""
    if not stat.S_ISREG(source.stat().st_mode):
        raise Refused("pack-damaged")
    owner = users.numbers(user)
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with source.open("rb") as file, os.fdopen(handle, "wb") as copy:
        shutil.copyfileobj(file, copy)
        if owner is not None:
            os.fchown(copy.fileno(), *owner)
