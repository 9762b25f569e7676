"""What offices are told of their contracts: `contract.json` in the folder that root writes and the office reads.

Several rooms of the operator's side say something there, so each changes its own keys and keeps the others'.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from vault.domain.capacity import LIMITS
from vault.domain.operator.contracts import Contract
from vault.domain.values.moments import day_of
from vault.errors import NotFound, Refused
from vault.services.contract import FILE
from vault.services.operator import telling
from vault.storage import durable
from vault.storage.host import certificates, offices
from vault.storage.host.layout import Host
from vault.storage.host.offices import HostedOffice

STATED = "stated.json"  # of the operator himself, for offices to come as well
LONGEST = 400
Facts = dict[str, object]


def change(host: Host, name: str, facts: Facts) -> None:
    """Say `facts` to an office and leave what else it is told as it is; a key with None is taken away."""
    durable.make_folder(host.operator)
    with durable.locked(host.operator / "telling.lock"):
        known = {**_read(host.told(name) / FILE), **facts}
        telling.tell(host, name, FILE, {key: value for key, value in known.items() if value is not None})


def _read(path: Path) -> Facts:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def tell(host: Host, office: HostedOffice) -> None:
    """Everything of this room: the contract's number and limit, the operator, the place, until when the certificate is
    good, and what the operator has stated of himself."""
    profile = host.profile
    change(host, office.name, {
        "contract": office.contract or None, "policies": office.policies, "place": profile.place or None,
        "data_centre": profile.data_centre or None, "operator": profile.operator or None,
        "telephone": profile.telephone or None, "diagnosis": None, "subcontracting": None, **_read(host.operator / STATED),
        "certificate_until": _certificate_until(host, office.name),
    })  # fmt: skip


def _certificate_until(host: Host, name: str) -> str | None:
    expires = certificates.expires(host, name)
    return day_of(expires).isoformat() if expires is not None else None


def tell_again(host: Host, name: str | None = None) -> list[str]:
    """The same to one office by its name, or to all of the host; returns their names. Raises NotFound("office-unknown")."""
    told = [offices.read(host, name)] if name else list(offices.every(host))
    for office in told:
        tell(host, office)
    return [office.name for office in told]


def set_limit(host: Host, name: str, policies: int) -> HostedOffice:
    """Another limit of policies for an office, at once. Raises Refused("limit-unknown") for one that no contract has,
    NotFound("office-unknown")."""
    if policies not in LIMITS:
        raise Refused("limit-unknown", limits="、".join(map(str, LIMITS)))
    office = offices.change(host, name, policies=policies)
    tell(host, office)
    return office


def agree(host: Host, contract: Contract) -> bool:
    """Bring the office of a contract, if it is on this host, to the contract's number and limit; says whether it is."""
    try:
        office = offices.read(host, contract.office) if contract.office else None
    except NotFound:
        return False
    if office is None:
        return False
    office = offices.change(host, office.name, contract=contract.number, policies=contract.limit)
    tell(host, office)
    return True


def diagnosed(host: Host, day: date, by: str, result: str) -> list[str]:
    """The last diagnosis from outside, told to all offices; returns their names."""
    return _state(host, {"diagnosis": {"day": day.isoformat(), "by": _short(by), "result": _short(result)}})


def subcontracted(host: Host, text: str) -> list[str]:
    """To whom parts of the work are given, or that nobody has any; told to all offices, returns their names."""
    return _state(host, {"subcontracting": _short(text)})


def _short(text: str) -> str:
    return " ".join(text.split())[:LONGEST]


def _state(host: Host, facts: Facts) -> list[str]:
    durable.make_folder(host.operator)
    known = {**_read(host.operator / STATED), **facts}
    durable.write_whole(host.operator / STATED, json.dumps(known, sort_keys=True, ensure_ascii=False).encode())
    return tell_again(host)
