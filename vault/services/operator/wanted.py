"""What the operator wants for a new office, and whether this host can have it."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vault.errors import NotFound, NotReady, Refused
from vault.storage import durable
from vault.storage.host import certificates, offices, releases, sites, users
from vault.storage.host.layout import USER_PREFIX, Host, check_name
from vault.storage.host.offices import FILES, HostedOffice


@dataclass(frozen=True)
class Wanted:
    """An office that is to be, and the certificate's files where they are given."""

    office: HostedOffice
    chain: Path | None = None
    key: Path | None = None

    @property
    def name(self) -> str:
        return self.office.name


def check(host: Host, wanted: Wanted) -> None:
    """Raises Refused (office-name-unfit, office-address-unfit, address-taken, office-exists, certificate-files-wanted, place-foreign,
    user-foreign) or NotReady("release-none") for what cannot be made here; nothing was changed then."""
    office = wanted.office
    if check_name(office.name).startswith(USER_PREFIX):  # folders in memory of instances without a host are called that
        raise Refused("office-name-unfit", name=office.name)
    sites.check_address(office.address)
    for other in offices.every(host):
        if other.name != office.name and other.address == office.address:
            raise Refused("address-taken", address=office.address, name=other.name)
    if not releases.current(host):
        raise NotReady("release-none")
    if office.certificate == FILES and not certificates.is_there(host, office.name) and not (wanted.chain and wanted.key):
        raise Refused("certificate-files-wanted", address=office.address)
    known = standing(host, office.name)
    if known is None:
        _check_free(host, office.name)
    elif known.address != office.address:
        raise Refused("office-exists", name=office.name, address=known.address)


def _check_free(host: Host, name: str) -> None:
    """Nothing of an office of that name may lie here: it would be somebody's."""
    if users.numbers(host.user(name)) is not None:
        raise Refused("user-foreign", user=host.user(name))
    for place in (host.folder(name), host.keys(name), host.backups(name), host.site(name), host.release_of(name)):
        if os.path.lexists(place):
            raise Refused("place-foreign", place=place)


def standing(host: Host, name: str) -> HostedOffice | None:
    """An office that is here, or was begun; None where there is none of the name."""
    with suppress(NotFound):
        return offices.read(host, name)
    return begun(host, name)


# --- what is under way


def _note(host: Host, name: str) -> Path:
    return host.operator / "under-way" / f"{name}.json"


def begun(host: Host, name: str) -> HostedOffice | None:
    """The office whose provisioning was begun and has not ended; None where there is none. Raises NotReady."""
    path = _note(host, name)
    try:
        raw: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return HostedOffice(**raw)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise NotReady("settings-unreadable", file=path) from error


def note(host: Host, office: HostedOffice) -> None:
    """Write down that an office is being made, durable on return."""
    path = _note(host, office.name)
    durable.make_folder(path.parent)
    durable.write_whole(path, json.dumps(asdict(office), sort_keys=True, ensure_ascii=False).encode())


def drop_note(host: Host, name: str) -> None:
    """It is made, or gone."""
    if _note(host, name).parent.is_dir():
        durable.remove(_note(host, name))


def all_begun(host: Host) -> list[str]:
    """The names of all that are under way."""
    return sorted(path.stem for path in (host.operator / "under-way").glob("[!.]*.json"))
