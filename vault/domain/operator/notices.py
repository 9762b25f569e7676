"""お知らせ of the operator: what stands on the sign-in page and inside, from when until when, and in which language.

A planned one is a stop that was known beforehand: what of an office's time it takes is counted apart from failures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from vault.domain.operator.typed import read_words
from vault.domain.values.moments import DAY
from vault.errors import Malformed, Refused

MOST_LETTERS = 400
LONGEST_STOP = 7 * DAY
FARTHEST = 366 * DAY  # beforehand or, of one that began without being said, afterwards
# Figures of a year are made from past stops; older ones are of no use to anybody.
KEPT = 400 * DAY
MOST = 200  # of them that an office is told at once

State = Literal["later", "coming", "now", "over"]


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One notice. Times are seconds since 1970; `ends` is None while nobody knows.

    `announce`: from when it is shown. `en` is empty where English readers are shown the Japanese. `offices`: short names,
    empty for every office of the host, those to come included.
    """

    id: str
    planned: bool
    begins: int
    ends: int | None
    announce: int
    ja: str
    en: str = ""
    offices: tuple[str, ...] = ()

    def state(self, now: int) -> State:
        """`later`: not shown yet; `coming`: shown beforehand. Words: catalogue key `notice.<value>`."""
        if self.ends is not None and now >= self.ends:
            return "over"
        if now >= self.begins:
            return "now"
        return "coming" if now >= self.announce else "later"

    def concerns(self, office: str, began: int = 0) -> bool:
        """What was said to one of this name before this one began (seconds since 1970) was said to that one."""
        return not self.offices or (office in self.offices and self.announce >= began)

    def is_useless(self, now: int) -> bool:
        """Whether no figure asks for it any more."""
        return self.ends is not None and now - self.ends > KEPT


def check(notice: Notice, now: int) -> Notice:
    """The notice as it may be shown; raises Refused with what is to be mended."""
    ja, en = read_words(notice.ja, MOST_LETTERS), read_words(notice.en, MOST_LETTERS)
    if not ja:
        raise Refused("notice-words-missing")
    if notice.planned and notice.ends is None:
        raise Refused("notice-end-missing")
    if notice.ends is not None:
        _check_end(notice, notice.ends, now)
    if notice.planned and notice.begins <= now:
        raise Refused("notice-not-beforehand")
    if abs(notice.begins - now) > FARTHEST or notice.announce > notice.begins:
        raise Refused("notice-far")
    return replace(notice, ja=ja, en=en)


def _check_end(notice: Notice, ends: int, now: int) -> None:
    if ends <= notice.begins:
        raise Refused("notice-backwards")
    if ends <= now:
        raise Refused("notice-over")
    if ends - notice.begins > LONGEST_STOP:
        raise Refused("notice-long", days=LONGEST_STOP // DAY)


def ended(notice: Notice, now: int) -> Notice | None:
    """The notice as it is when it is taken down now; None where it never came to be. Raises Refused("notice-over")."""
    if notice.state(now) == "over":
        raise Refused("notice-over")
    return replace(notice, ends=now) if notice.begins < now else None


# --- as facts in a file

_FACTS = frozenset({"id", "planned", "from", "to", "announce", "ja", "en"})


def facts(notice: Notice) -> dict[str, object]:
    """What an office is told of a notice."""
    return {
        "id": notice.id, "planned": notice.planned, "from": notice.begins, "to": notice.ends, "announce": notice.announce,
        "ja": notice.ja, "en": notice.en,
    }  # fmt: skip


def of_facts(raw: object) -> Notice:
    """A notice out of a file, exactly as `facts` writes it, with or without `offices`. Raises Malformed."""
    if not isinstance(raw, Mapping) or set(raw) - {"offices"} != _FACTS:
        raise Malformed("malformed")
    words = (raw["id"], raw["ja"], raw["en"])
    times = (raw["from"], raw["announce"], 0 if raw["to"] is None else raw["to"])
    offices = raw.get("offices", [])
    if not all(isinstance(word, str) and len(word) <= MOST_LETTERS for word in words):
        raise Malformed("malformed")
    if not all(type(time) is int and 0 <= time < 2**40 for time in times) or type(raw["planned"]) is not bool:
        raise Malformed("malformed")
    if not isinstance(offices, list) or not all(isinstance(name, str) for name in offices):
        raise Malformed("malformed")
    return Notice(
        id=raw["id"], planned=raw["planned"], begins=raw["from"], ends=raw["to"], announce=raw["announce"], ja=raw["ja"],
        en=raw["en"], offices=tuple(offices),
    )  # fmt: skip
