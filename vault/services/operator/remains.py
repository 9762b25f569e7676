"""Looking whether anything of an office is left on its host."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from vault.storage.host import files, units
from vault.storage.host.layout import ROOT, Host

# Wherever a user may have left something; root's own tree of programs is nobody's but root's.
_WIDE = ("/etc", "/var", "/run", "/srv")
_OF_THE_MACHINE = (Path("/dev/shm"), Path("/var/tmp"))


def find(host: Host, name: str, address: str, owner: tuple[int, int]) -> list[Path]:
    """Files and folders that belong to the office's user or group, bear its name, or name its address; what the operator
    keeps of it (certificate, incidents) is left out. `owner`: (uid, gid), also after they are nobody's any more."""
    own = [host.under(host.profile.data), host.under(host.profile.keys), host.under(host.profile.backups)]
    links = host.release_of(name).parent
    wide = _outermost([*own, links, *(host.under(place) for place in _WIDE), *_temporary(host)])
    # Where each office has one of its own; what lies within that of another one is called as that one likes.
    ours = [
        *own, links, host.office_file(name).parent, host.told(name).parent, host.certificate(name).parent,
        host.run(name).parent, host.socket(name).parent, host.under("/var/log/nginx"),
    ]  # fmt: skip
    found = {*files.owned(wide, owner), *files.named(ours, [name, host.user(name)], deep=False)}
    found.update(path for path in (host.figures(name),) if os.path.lexists(path))
    found.update(files.named([host.units, host.nginx, host.under("/etc/letsencrypt")], [*_units_of(name), host.user(name)]))
    found.update(files.telling([host.office_file(name).parent, host.nginx], address))
    return sorted(path for path in found if not path.is_relative_to(host.operator))


def _units_of(name: str) -> list[str]:
    """What units of the office are called: a unit's file, the folder of its changes, a link that begins it with the machine."""
    return [unit.rpartition(".")[0] for unit in (*units.of_office(name), *units.services_of(name))]


def _temporary(host: Host) -> list[Path]:
    """The machine's own folders for everybody, where the host is the machine."""
    return [*_OF_THE_MACHINE, Path("/", "tmp")] if host.root == ROOT else []


def _outermost(folders: Iterable[Path]) -> list[Path]:
    """Each once: those that lie within another are seen with that."""
    every = sorted(set(folders))
    return [path for path in every if not any(other != path and path.is_relative_to(other) for other in every)]
