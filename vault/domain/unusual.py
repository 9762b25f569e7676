"""What is out of the ordinary in the access log: at night, many clients, a new device, many refused sign-ins.

A mark is a reason to look, never a verdict, so the rules are few and can be said in one sentence each.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from enum import Enum

MANY_CLIENTS, CLIENTS_SPAN = 30, 60 * 60 * 1000
MANY_REFUSED, REFUSED_SPAN = 5, 10 * 60 * 1000
NIGHT_FROM, NIGHT_TO = 22, 6
_HOUR, _JAPAN = 60 * 60 * 1000, 9
# A sign-in and its entry are noted one after the other.
_FIRST_SPAN = 5_000
# The rules in the words of the sentence that explains them.
RULES = {
    "since": NIGHT_FROM, "until": NIGHT_TO, "clients": MANY_CLIENTS, "hours": CLIENTS_SPAN // 3_600_000,
    "refused": MANY_REFUSED, "minutes": REFUSED_SPAN // 60_000,
}  # fmt: skip


class Mark(Enum):
    """Why an entry is worth a look. Words: catalogue key `mark.<value>`."""

    NIGHT = "night"
    MANY_CLIENTS = "many-clients"
    NEW_DEVICE = "new-device"
    REFUSED_OFTEN = "refused-often"


@dataclass(frozen=True, slots=True)
class Seen:
    """Of an entry what the rules ask for. `at` in milliseconds since 1970; `client` where one was seen or changed.

    `registered`: this browser became a device of the person just now; `signed_in`: also on one known before.
    """

    at: int
    person: bytes = b""
    client: bytes = b""
    device: bytes = b""
    address: str = ""
    refused: bool = False
    signed_in: bool = False
    registered: bool = False


@dataclass
class _Window:
    """What happened lately, the oldest first, and how often each thing is in it."""

    span: int
    lately: deque[tuple[int, Hashable]] = field(default_factory=deque)
    kinds: Counter[Hashable] = field(default_factory=Counter)

    def add(self, at: int, what: Hashable) -> None:
        self.lately.append((at, what))
        self.kinds[what] += 1
        while self.lately and self.lately[0][0] <= at - self.span:
            _, gone = self.lately.popleft()
            self.kinds[gone] -= 1
            if not self.kinds[gone]:
                del self.kinds[gone]


class Watch:
    """Looks at entries in the order in which they were written; each is looked at once and let go after its span.

    `firsts`: when a person was first seen on a device, in seconds since 1970.
    """

    def __init__(
        self, firsts: Mapping[tuple[bytes, bytes], int], many_clients: int = MANY_CLIENTS,
        many_refused: int = MANY_REFUSED,
    ) -> None:  # fmt: skip
        self._firsts = firsts
        self._many_clients, self._many_refused = many_clients, many_refused
        self._clients: dict[bytes, _Window] = {}
        self._refused: dict[Hashable, _Window] = {}

    def look(self, seen: Seen) -> tuple[Mark, ...]:
        """The marks of the next entry."""
        rules = {
            Mark.NIGHT: bool(seen.person) and at_night(seen.at),
            Mark.MANY_CLIENTS: self._too_many_clients(seen),
            Mark.NEW_DEVICE: self._new_device(seen),
            Mark.REFUSED_OFTEN: self._refused_often(seen),
        }
        return tuple(mark for mark, holds in rules.items() if holds)

    def _too_many_clients(self, seen: Seen) -> bool:
        if not seen.client or not seen.person:
            return False
        window = self._clients.setdefault(seen.person, _Window(CLIENTS_SPAN))
        window.add(seen.at, seen.client)
        return len(window.kinds) >= self._many_clients

    def _new_device(self, seen: Seen) -> bool:
        if seen.registered:
            return True
        first = self._firsts.get((seen.person, seen.device)) if seen.signed_in else None
        return first is not None and seen.at <= first * 1000 + _FIRST_SPAN

    def _refused_often(self, seen: Seen) -> bool:
        """On one device or from one address: what is typed wrong five times is no slip of the finger."""
        if not seen.refused:
            return False
        full = []
        for place in filter(None, (seen.device, seen.address)):
            window = self._refused.setdefault(place, _Window(REFUSED_SPAN))
            window.add(seen.at, place)
            full.append(len(window.lately) >= self._many_refused)
        return any(full)


def at_night(at: int, since: int = NIGHT_FROM, until: int = NIGHT_TO) -> bool:
    """Whether a moment (milliseconds since 1970) is at night in Japan: from `since` o'clock, before `until`."""
    hour = (at // _HOUR + _JAPAN) % 24
    return hour >= since or hour < until
