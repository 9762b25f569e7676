"""One look at one office, and at the host: what was looked at, and what of it is not as it must be.

An office whose process rests is not woken by every round: as long as systemd holds its socket open and nginx answers with
a good certificate, its first visitor is served. Now and then it is woken all the same, for a socket proves no process.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from vault.domain.values.moments import DAY
from vault.storage.host import probes
from vault.storage.host.layout import Host
from vault.storage.host.offices import HostedOffice
from vault.storage.host.probes import Answer

FULL_SECONDS, FRONT_SECONDS = 20.0, 8.0  # one that has to be woken first takes a second or two
CERTIFICATE_DAYS = 21
# Codes, with the words `problem.<code>`.
HTTP, FRONT, CLOSED = "http", "front", "closed"
CERTIFICATE_WRONG, CERTIFICATE_ENDS = "certificate-wrong", "certificate-ends"
UNIT_FAILED, SOCKET_INACTIVE, NO_STATE = "unit-failed", "socket-inactive", "no-state"
LOG_HEAD = "log-head"
# What an office says of itself, by the names of its /readyz; the words of each are `problem.<name>`.
OF_ITSELF = ("database", "keystore", "replicas", "space", "backup", "drill", "clock", LOG_HEAD)
_OUTSIDE = frozenset({HTTP, FRONT, CLOSED, CERTIFICATE_WRONG, CERTIFICATE_ENDS})
# Of the host.
LOW_SPACE, CLOCK_ALONE, CLOCK_BACK, UNITS_FAILED, LATE_REPORT, SPOILED = (
    "low-space", "clock-alone", "clock-back", "units-failed", "report-late", "settings-spoiled")  # fmt: skip
OF_THE_HOST = frozenset({LOW_SPACE, CLOCK_ALONE, CLOCK_BACK, UNITS_FAILED, LATE_REPORT, SPOILED})
_LEAST_FREE, _LEAST_SHARE = 2 * 1024**3, 10  # bytes, per cent
Head = tuple[int, str]  # position, hash in hex
_HEAD = re.compile(r"(\d{1,18}) ([0-9a-f]{64})", re.ASCII)
_PLAIN = re.compile(r"[^A-Za-z0-9 .,:_-]")


@dataclass(frozen=True)
class Look:
    """What one look at an office has found (`office` is empty for the host).

    `looked`: the codes that were looked for: of others nothing is known that was not known before. `bad`: of these, the
    ones that are not right, with facts for a sentence. `up`: whether it could be reached; None for the host.
    """

    office: str
    up: bool | None = None
    full: bool = False
    looked: frozenset[str] = frozenset()
    bad: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    head: Head | None = None
    told: Mapping[str, str] = field(default_factory=dict)
    certificate: int = 0

    @property
    def code(self) -> str:
        """Why it could not be reached."""
        return next((code for code in (CERTIFICATE_WRONG, HTTP, FRONT, CLOSED) if code in self.bad), "")


@dataclass(frozen=True)
class Ways:
    """How offices of a host are reached."""

    listen: str
    https: int
    http: int
    context: ssl.SSLContext

    @classmethod
    def of(cls, host: Host, authority: Path | None) -> Ways:
        return cls(probes.where(host), host.profile.https_port, host.profile.http_port, probes.trust(authority))


def web_units(name: str) -> tuple[str, str]:
    """The socket and the service of an office."""
    return f"kura-web@{name}.socket", f"kura-web@{name}.service"


def rests(states: Mapping[str, str], name: str) -> bool:
    """Whether its process rests behind an open socket."""
    socket, service = web_units(name)
    return states.get(socket) == "active" and states.get(service) == "inactive"


def look(
    host: Host, office: HostedOffice, ways: Ways, states: Mapping[str, str], wake: bool, now: int, head: Head | None
) -> Look:
    """Look at one office; `wake` an office that rests, `head`: the journal's head as it was seen last."""
    full = wake or not rests(states, office.name)
    bad: dict[str, Mapping[str, Any]] = {}
    looked = set(_OUTSIDE)
    ends = _outside(office, ways, full, now, bad, looked)
    _units(office.name, states, bad, looked)
    up = not bad.keys() & {HTTP, FRONT, CLOSED, CERTIFICATE_WRONG}
    inside = Inside()
    if full and CLOSED not in bad:  # while it is put back or ended, nothing of it is to be asked
        inside = ask(host, office, head)
        looked |= {NO_STATE} | (set(OF_ITSELF) if inside.items else set())
        bad.update(_of_itself(inside))
        if went_back(head, inside.head):
            bad[LOG_HEAD] = {"said": ""}
    found = {code: facts for code, facts in bad.items() if code in looked}
    told = {name: said for name, (_good, said) in inside.items.items()}
    return Look(office.name, up, full, frozenset(looked), found, inside.head, told, ends)


def _outside(
    office: HostedOffice, ways: Ways, full: bool, now: int, bad: dict[str, Mapping[str, Any]], looked: set[str]
) -> int:
    """What a browser meets; returns when the certificate ends."""
    seconds = FULL_SECONDS if full else FRONT_SECONDS
    place = (ways.listen, ways.https)
    answer = probes.over_https(place, office.address, "/healthz", ways.context, seconds, handshake=not full)
    if answer.failed == probes.CERTIFICATE:
        bad[CERTIFICATE_WRONG] = {"why": answer.why}
        looked -= {HTTP, CLOSED, CERTIFICATE_ENDS}
    elif answer.failed:
        bad[HTTP] = {"why": answer.failed}
        looked -= {CLOSED, CERTIFICATE_WRONG, CERTIFICATE_ENDS}
    elif full and b">closed<" in answer.body:
        bad[CLOSED] = {}
    elif full and (answer.status != 200 or b">ok<" not in answer.body):
        bad[HTTP] = {"why": str(answer.status)}
        looked.discard(CLOSED)
    if not full:
        looked.discard(CLOSED)
    if answer.ends and answer.ends - now <= CERTIFICATE_DAYS * DAY:
        bad[CERTIFICATE_ENDS] = {"days": max(0, (answer.ends - now) // DAY)}
    redirect = probes.over_http((ways.listen, ways.http), office.address, FRONT_SECONDS)
    if not _is_redirect(redirect, office.address):
        bad[FRONT] = {"why": redirect.failed or str(redirect.status)}
    return answer.ends


def _is_redirect(answer: Answer, address: str) -> bool:
    return answer.status in (301, 308) and answer.location.startswith(f"https://{address}")


def _units(name: str, states: Mapping[str, str], bad: dict[str, Mapping[str, Any]], looked: set[str]) -> None:
    socket, service = web_units(name)
    if service not in states:
        return
    looked |= {UNIT_FAILED, SOCKET_INACTIVE}
    if "failed" in (states[socket], states[service]):
        bad[UNIT_FAILED] = {}
    elif states[socket] != "active":
        bad[SOCKET_INACTIVE] = {}


def failed(office: HostedOffice) -> Look:
    """A look that broke off in a way that nobody has thought of: told, and no reason to look at no other office."""
    return Look(office.name, None, False, frozenset({NO_STATE}), {NO_STATE: {"why": probes.BROKEN}})


# --- what it says of itself


@dataclass(frozen=True)
class Inside:
    """What an office says of itself: by name whether it is right, and what is said; and the head of its journal."""

    items: Mapping[str, tuple[bool, str]] = field(default_factory=dict)
    head: Head | None = None
    why: str = ""


class _Items(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, tuple[bool, str]] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        name = told.get("data-item") or ""
        # An office says what it likes: only names that are known, and a line of each.
        if tag == "dd" and name in OF_ITSELF:
            self.found[name] = (told.get("data-good") == "1", _plain(told.get("data-value") or ""))


def _plain(said: str) -> str:
    """What an office says stands in mails and on the operator's terminal: codes and figures, and nothing that could write
    a line of its own there."""
    return _PLAIN.sub("?", said[:100])


def ask(host: Host, office: HostedOffice, head: Head | None) -> Inside:
    """What an office's process says of itself over its socket, past nginx."""
    question = "/readyz" if head is None else f"/readyz?position={head[0]}&hash={head[1]}"
    answer = probes.over_socket(host.socket(office.name), office.address, question, FULL_SECONDS)
    if answer.failed or answer.status not in (200, 503):
        return Inside(why=answer.failed or str(answer.status))
    items = _Items()
    try:
        items.feed(answer.body.decode("utf-8", "replace"))
    except Exception:  # noqa: BLE001 - of what is no HTML the library's parser says so by assertions
        return Inside(why=probes.BROKEN)
    found = _HEAD.fullmatch(items.found.get(LOG_HEAD, (False, ""))[1])
    # Not well, and nothing of which: so answers one whose door is closed, where nginx cannot be asked for it.
    why = "" if items.found else CLOSED if answer.status == 503 else probes.BROKEN
    return Inside(items.found, (int(found[1]), found[2]) if found else None, why)


def _of_itself(inside: Inside) -> dict[str, Mapping[str, Any]]:
    if not inside.items:
        return {} if inside.why == CLOSED else {NO_STATE: {"why": inside.why}}
    return {
        name: {"said": "" if name == LOG_HEAD else inside.items[name][1] if name in inside.items else "?"}
        for name in OF_ITSELF if not inside.items.get(name, (False, ""))[0]
    }  # fmt: skip


def went_back(before: Head | None, head: Head | None) -> bool:
    """Whether a journal's head is not one that can have followed the one before."""
    if before is None or head is None:
        return False
    return head[0] < before[0] or (head[0] == before[0] and head[1] != before[1])


# --- the host


def look_at_host(host: Host, now: int, last_round: int, late_reports: int, spoiled: Iterable[str]) -> Look:
    """Disks, clock, units, and what was not done in time."""
    bad: dict[str, Mapping[str, Any]] = {}
    looked = set(OF_THE_HOST)
    profile = host.profile
    places = sorted({str(place) for place in (profile.data, profile.keys, profile.backups)})
    if low := [place for place in places if _is_low(host, place)]:
        bad[LOW_SPACE] = {"places": ", ".join(low)}
    if (synchronised := probes.clock_synchronised()) is None:
        looked.discard(CLOCK_ALONE)
    elif not synchronised:
        bad[CLOCK_ALONE] = {}
    if now < last_round - 60:
        bad[CLOCK_BACK] = {"seconds": last_round - now}
    if failed := probes.failed_units():
        bad[UNITS_FAILED] = {"units": ", ".join(failed)[:300]}
    if late_reports:
        bad[LATE_REPORT] = {"n": late_reports}
    if names := ", ".join(spoiled):
        bad[SPOILED] = {"names": names}
    return Look("", None, True, frozenset(looked), bad)


def _is_low(host: Host, place: str) -> bool:
    free, whole = probes.free_of(host.under(place))
    return free < _LEAST_FREE or free * 100 < whole * _LEAST_SHARE
