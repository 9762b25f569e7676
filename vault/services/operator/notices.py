"""お知らせ of the operator's side: kept in one file of the host, and told to each office that a notice concerns.

The operator's own file is the truth; what offices read is made from it again by every command, so that one killed in
between leaves nothing behind that the next does not mend.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from vault.domain.operator import notices as domain
from vault.domain.operator.notices import MOST, Notice
from vault.errors import Malformed, NotFound, NotReady, Refused
from vault.services.operator.telling import MONITOR, tell
from vault.storage import durable
from vault.storage.host import offices
from vault.storage.host.layout import Host

FILE = "notices.json"


def every(host: Host) -> list[Notice]:
    """Every notice of the host that is still of use, the oldest first. Raises NotReady where the file is spoiled."""
    return _read(host)[1]


def add(host: Host, notice: Notice, now: int) -> Notice:
    """Take up a notice, whose `id` is given here, and tell it. Raises Refused, and NotFound for an unknown office."""
    checked = domain.check(notice, now)
    for name in checked.offices:
        offices.read(host, name)
    with _locked(host):
        last, held = _read(host)
        if len(held) >= MOST:
            raise Refused("notices-full", most=MOST)
        made = replace(checked, id=str(last + 1))
        _write(host, last + 1, [*held, made], now)
    publish(host)
    return made


def end(host: Host, number: str, now: int) -> Notice:
    """Take a notice down, or back where it has not begun. Raises NotFound("notice-unknown") and Refused("notice-over")."""
    with _locked(host):
        last, held = _read(host)
        found = next((each for each in held if each.id == number), None)
        if found is None:
            raise NotFound("notice-unknown", number=number)
        left = domain.ended(found, now)
        others = [each for each in held if each.id != number]
        _write(host, last, sorted([*others, *([left] if left else [])], key=lambda each: int(each.id)), now)
    publish(host)
    return left or found


def publish(host: Host, names: Iterable[str] | None = None, since: int = 0) -> None:
    """Tell offices (all of the host without `names`) what concerns them now: of a new one this has to be called once.

    The monitor, which may not read what offices are told, is told of the stops of all of them. `since`: when an office
    begins that is only being made (seconds since 1970).
    """
    there = {each.name: each.began or since for each in offices.every(host)}
    held = every(host)
    mine = {name: [each for each in held if each.concerns(name, began)] for name, began in there.items()}
    tell(host, MONITOR, FILE, {"offices": {name: [_stop(each) for each in told if each.planned] for name, told in mine.items()}})
    for name in there if names is None else names:
        tell(host, name, FILE, {"notices": [domain.facts(each) for each in mine[name]]})


def _stop(notice: Notice) -> dict[str, object]:
    return {"id": notice.id, "planned": True, "from": notice.begins, "to": notice.ends}


# --- the operator's own file


def _path(host: Host) -> Path:
    return host.operator / FILE


@contextmanager
def _locked(host: Host) -> Iterator[None]:
    durable.make_folder(host.operator)
    with durable.locked(host.operator / "notices.lock"):
        yield


def _read(host: Host) -> tuple[int, list[Notice]]:
    """(the last number given, the notices)."""
    try:
        raw = json.loads(_path(host).read_text("utf-8"))
        return int(raw["last"]), [domain.of_facts(each) for each in raw["notices"]]
    except FileNotFoundError:
        return 0, []
    except (OSError, ValueError, KeyError, TypeError, Malformed) as error:
        raise NotReady("settings-unreadable", file=_path(host)) from error


def _write(host: Host, last: int, held: list[Notice], now: int) -> None:
    told = [{**domain.facts(each), "offices": list(each.offices)} for each in held if not each.is_useless(now)]
    durable.write_whole(_path(host), json.dumps({"last": last, "notices": told}, ensure_ascii=False).encode())
