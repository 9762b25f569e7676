"""What root and the timers know of each office of a host without the operator's passphrase: no name of anybody, no
address of anybody; only what makes an instance run."""

from __future__ import annotations

import json
import os
import shutil
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from vault.errors import NotFound, NotReady
from vault.storage import durable
from vault.storage.host.layout import Host

FILES, ACME, OWN = "files", "acme", "own-ca"
CERTIFICATES = (FILES, ACME, OWN)


@dataclass(frozen=True)
class HostedOffice:
    """One office on a host. `address` is its host name, which never changes; `contract` the number it has in the register;
    `policies` how many policies the contract is for, 0 for no limit; `hours` the サービス提供時間 as
    `domain.operator.service_hours` reads it, empty for the usual one; `began` seconds since 1970, 0 while provisioning
    has not ended."""

    name: str
    address: str
    contract: str = ""
    certificate: str = FILES
    policies: int = 0
    hours: str = ""
    began: int = 0


def read(host: Host, name: str) -> HostedOffice:
    """Raises NotFound("office-unknown") and NotReady."""
    path = host.office_file(name)
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
        return HostedOffice(**{each.name: raw[each.name] for each in fields(HostedOffice) if each.name in raw})
    except FileNotFoundError as error:
        raise NotFound("office-unknown", name=name) from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, TypeError) as error:
        raise NotReady("settings-unreadable", file=path) from error


def write(host: Host, office: HostedOffice) -> None:
    """Whole or not at all; readable by the timers' users, who are not root."""
    path = host.office_file(office.name)
    for folder in (host.settings, path.parent):
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    # A string of JSON is one of TOML, and so is a number.
    lines = [f"{each.name} = {json.dumps(getattr(office, each.name), ensure_ascii=False)}\n" for each in fields(office)]
    durable.write_whole(path, "".join(lines).encode())
    path.chmod(0o644)


def change(host: Host, name: str, **facts: Any) -> HostedOffice:
    """Some facts of an office that is there, and nothing that another command has changed meanwhile. For root; raises as
    `read`, and Unwritable."""
    durable.make_folder(host.operator)
    with durable.locked(host.operator / "office-files.lock"):
        office = replace(read(host, name), **facts)
        write(host, office)
    return office


def every(host: Host) -> Iterator[HostedOffice]:
    """All of a host, by name."""
    for path in sorted((host.settings / "offices").glob("*.toml")):
        yield read(host, path.stem)


def tell(host: Host, name: str, file: str, facts: dict[str, object]) -> None:
    """Put a small file of facts where the office reads what the operator says: there under its name only once it can be
    read, for who is killed in between would leave the office with nothing. Raises Unwritable."""
    path = host.told(name) / file
    waiting = path.with_name(f".{file}.{os.getpid()}")
    durable.write_whole(waiting, json.dumps(facts, sort_keys=True, ensure_ascii=False).encode())
    with durable.writing_to(path.parent):
        share(waiting, host, name)
        os.replace(waiting, path)
        durable.sync_folder(path.parent)


def share(path: Path, host: Host, name: str) -> None:
    """Let the office's group read a file of root."""
    with suppress(LookupError):  # below a scratch root without that user the owner reads it
        shutil.chown(path, group=host.user(name))
    path.chmod(0o640)
