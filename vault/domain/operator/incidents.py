"""障害・事故: what happened to which offices, what they were told when, and what is late.

Every state follows from the journal's entries alone. The clocks start when the operator became aware; the dates of the
authority (個人情報保護法 第26条, 施行規則 第8条) are those of the office, which reports itself: the day of awareness is the first
day, and no date is moved behind a holiday, so that who keeps these is never late.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from vault.domain.operator.typed import read_words
from vault.domain.values.moments import DAY, day_of
from vault.errors import Malformed, Refused

HOUR = 60 * 60
# Words: catalogue key `incident.<value>`.
OUTAGE, FAULT, SUSPECTED, LEAK, LOSS, DAMAGE = "outage", "fault", "leak-suspected", "leak", "loss", "damage"
KINDS = (OUTAGE, FAULT, SUSPECTED, LEAK, LOSS, DAMAGE)
PERSONAL = frozenset({SUSPECTED, LEAK, LOSS, DAMAGE})
# Words: catalogue key `incident-report.<value>`.
FIRST, INTERIM, RECOVERY, FINAL = "first", "interim", "recovery", "final"
REPORTS = (FIRST, INTERIM, RECOVERY, FINAL)
# What a report says, and what it may not leave out. Words: catalogue key `incident-fact.<value>`.
FACTS = ("situation", "scope", "cause", "measures", "prevention")
NEEDED: Mapping[str, tuple[str, ...]] = {
    FIRST: (), INTERIM: ("situation",), RECOVERY: ("measures",), FINAL: ("cause", "measures", "prevention"),
}  # fmt: skip
MOST_LETTERS, MOST_WHAT = 2000, 200

FIRST_WITHIN, RECOVERY_WITHIN = HOUR, HOUR
INTERIM_FIRST, INTERIM_NEXT = DAY, 3 * DAY  # seconds after the first notice, and after the interim report before
FINAL_AFTER_RECOVERY, FINAL_AFTER_AWARE = 14 * DAY, 25 * DAY  # well before the office's own last date
PROMPT_DAYS, FINAL_DAYS, WRONGFUL_DAYS = (3, 5), 30, 60
LONGEST_AGO = 366 * DAY

# What a journal's entries tell. Words: catalogue key `incident-event.<value>`.
OPENED, NOTED, CHANGED, REPORTED, CLOSED = "opened", "noted", "changed", "reported", "closed"
MAIL_BEGUN, MAIL_SENT, MAIL_FAILED, TOLD = "mail-begun", "mail-sent", "mail-failed", "told"
MAILS = frozenset({MAIL_BEGUN, MAIL_SENT, MAIL_FAILED, TOLD})


@dataclass(frozen=True)
class Entry:
    """One line of an incident's journal: when (seconds since 1970), who, what."""

    at: int
    by: str
    event: str
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Report:
    """One report to the offices; `facts` are those of FACTS that it says, earlier ones carried along."""

    n: int
    kind: str
    at: int
    facts: Mapping[str, str]


@dataclass(frozen=True)
class Deadline:
    """A report, by when it has to be there, and when it was: 0 while it is not (seconds since 1970)."""

    report: str
    by: int
    done: int = 0

    def late(self, now: int) -> bool:
        return (self.done or now) > self.by


@dataclass(frozen=True)
class Authority:
    """The days by which an office reports to the authority: a prompt report from `prompt[0]` to `prompt[1]`, the full one
    by `full`, which is later where somebody meant harm."""

    prompt: tuple[date, date]
    full: date
    days: int


@dataclass(frozen=True, kw_only=True)
class Incident:
    """As it stands. Times are seconds since 1970, 0 for what is not known or not so; `began`: when it happened; `named`:
    since when each of its offices is one of them."""

    number: int
    kind: str
    what: str
    aware: int
    offices: tuple[str, ...] = ()
    opened: int = 0
    began: int = 0
    wrongful: bool = False
    recovered: int = 0
    closed: int = 0
    reports: tuple[Report, ...] = ()
    mails: Mapping[tuple[int, str], str] = field(default_factory=dict)  # (report, office) to the last that is known
    named: Mapping[str, int] = field(default_factory=dict, compare=False)

    @property
    def personal(self) -> bool:
        """Whether personal data may be concerned."""
        return self.kind in PERSONAL

    @property
    def authority(self) -> Authority | None:
        if not self.personal:
            return None
        day, days = day_of(self.aware), WRONGFUL_DAYS if self.wrongful else FINAL_DAYS
        first, last = (day + timedelta(days=n - 1) for n in PROMPT_DAYS)
        return Authority((first, last), day + timedelta(days=days - 1), days)

    def known(self) -> dict[str, str]:
        """What was said last of each fact."""
        return dict(self.reports[-1].facts) if self.reports else {}

    def at(self, kind: str) -> int:
        """When the last report of a kind was made."""
        return max((report.at for report in self.reports if report.kind == kind), default=0)

    def deadlines(self) -> list[Deadline]:
        """Every report that has to be there, as far as can be said by now."""
        found = [Deadline(FIRST, self.aware + FIRST_WITHIN, self.at(FIRST)), *self._interims()]
        if self.recovered:
            found.append(Deadline(RECOVERY, self.recovered + RECOVERY_WITHIN, self.at(RECOVERY)))
        by = self.aware + FINAL_AFTER_AWARE
        if self.recovered:
            by = min(by, self.recovered + FINAL_AFTER_RECOVERY)
        return [*found, Deadline(FINAL, by, self.at(FINAL))]

    def _interims(self) -> Iterable[Deadline]:
        if not self.at(FIRST):
            return
        by = self.at(FIRST) + INTERIM_FIRST
        for report in self.reports:
            if report.kind == INTERIM:
                yield Deadline(INTERIM, by, report.at)
                by = report.at + INTERIM_NEXT
        if not (self.recovered or self.at(FINAL)):
            yield Deadline(INTERIM, by)

    def due(self) -> list[Deadline]:
        """What is still to be reported, the earliest first."""
        open_ = [] if self.closed else [each for each in self.deadlines() if not each.done]
        return sorted(open_, key=lambda each: each.by)


def of_entries(number: int, entries: Iterable[Entry]) -> Incident:
    """The incident that a journal tells of. Raises Malformed for a journal that begins with anything but its opening."""
    found: Incident | None = None
    for entry in entries:
        found = _begun(number, entry) if found is None else _after(found, entry)
    if found is None:
        raise Malformed("malformed")
    return found


def _begun(number: int, entry: Entry) -> Incident:
    if entry.event != OPENED:
        raise Malformed("malformed")
    told = entry.facts
    return Incident(
        number=number, kind=told["kind"], what=told["what"], aware=told["aware"], offices=tuple(told["offices"]),
        opened=entry.at, began=told["began"], wrongful=told["wrongful"], named=dict.fromkeys(told["offices"], entry.at),
    )  # fmt: skip


def _after(found: Incident, entry: Entry) -> Incident:
    told = entry.facts
    if entry.event == REPORTED:
        made = Report(len(found.reports) + 1, told["kind"], entry.at, told["facts"])
        return replace(found, reports=(*found.reports, made), recovered=told.get("recovered", found.recovered))
    if entry.event == CHANGED:
        offices = tuple(told.get("offices", found.offices))
        return replace(found, **{**told, "offices": offices, "named": {**dict.fromkeys(offices, entry.at), **found.named}})
    if entry.event == CLOSED:
        return replace(found, closed=entry.at)
    if entry.event in MAILS:
        return replace(found, mails={**found.mails, (told["report"], told["office"]): entry.event})
    return found


# --- what may be done


def check_opening(kind: str, what: str, aware: int, began: int, now: int) -> str:
    """`what` as it may be shown. Raises Refused."""
    text = read_words(what, MOST_WHAT)
    if not text:
        raise Refused("incident-what-missing")
    if kind not in KINDS:
        raise Refused("incident-kind-unknown", kind=kind)
    for moment in (aware, began or aware):
        if moment > now:
            raise Refused("incident-future")
        if now - moment > LONGEST_AGO:
            raise Refused("incident-long-ago")
    return text


def check_report(incident: Incident, kind: str, said: Mapping[str, str]) -> dict[str, str]:
    """What a report says, with what earlier ones have said; raises Refused where it is out of turn or says too little."""
    check_open(incident)
    if kind not in REPORTS:
        raise Refused("incident-kind-unknown", kind=kind)
    if (kind == FIRST) == bool(incident.at(FIRST)):
        raise Refused("incident-first-there" if kind == FIRST else "incident-first-missing")
    if incident.at(FINAL) or (kind == RECOVERY and incident.at(RECOVERY)):
        raise Refused("incident-report-there")
    new = {name: read_words(text, MOST_LETTERS, lines=True) for name, text in said.items()}
    whole = {**incident.known(), **{name: text for name, text in new.items() if text}}
    missing = [name for name in NEEDED[kind] if not whole.get(name)]
    if missing:
        raise Refused("incident-facts-missing", names=" ".join(f"--{name}" for name in missing))
    if incident.reports and (incident.reports[-1].kind, dict(incident.reports[-1].facts)) == (kind, whole):
        raise Refused("incident-report-same", number=incident.number)
    return whole


def check_open(incident: Incident) -> None:
    """Raises Refused("incident-closed")."""
    if incident.closed:
        raise Refused("incident-closed", number=incident.number)


def check_closing(incident: Incident) -> None:
    """Raises Refused: what was begun ends with its final report."""
    check_open(incident)
    if not incident.at(FINAL):
        raise Refused("incident-final-missing")
