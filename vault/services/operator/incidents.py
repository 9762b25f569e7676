"""障害・事故 of the operator's side: opened, noted, reported, closed, each an entry of the journal before anything follows.

What the offices read and what the monitor watches is made from the journals by every command again. A mail is noted before
it leaves and marked after it: one that was noted and never marked may have arrived, and a person is asked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from vault.domain.operator import incidents as domain
from vault.domain.operator import incidents_told
from vault.domain.operator.incidents import Deadline, Entry, Incident, Report
from vault.domain.operator.typed import read_words
from vault.errors import KuraError, Refused
from vault.services.operator.telling import MONITOR, tell
from vault.storage.host import incidents as journals
from vault.storage.host import offices
from vault.storage.host.layout import Host

FILE = "incidents.json"
GIVES_UP = 3
# (office, incident, report): makes the mail and hands it to the mail server; raises KuraError where that did not take it.
Mail = Callable[[str, Incident, Report], None]


@dataclass(frozen=True)
class Late:
    """A report that should have been there: `report` is one of domain REPORTS, `due` seconds since 1970."""

    number: int
    report: str
    due: int


@dataclass(frozen=True)
class Who:
    """Who does it, and when (seconds since 1970)."""

    by: str
    now: int

    def entry(self, event: str, **facts: Any) -> Entry:
        return Entry(self.now, self.by, event, facts)


@dataclass(frozen=True, kw_only=True)
class Opening:
    """What the operator says when he becomes aware. `offices` empty: all of the host. Times in seconds, `began` 0 if unknown."""

    kind: str
    what: str
    aware: int
    began: int = 0
    wrongful: bool = False
    offices: tuple[str, ...] = ()


# --- looking


def get(host: Host, number: int) -> Incident:
    """Raises NotFound("incident-unknown") and Damaged."""
    return domain.of_entries(number, journals.read(host, number))


def journal(host: Host, number: int) -> list[Entry]:
    """Everything that was done, verified; raises the same."""
    return journals.read(host, number)


def every(host: Host) -> list[Incident]:
    """All of the host, the oldest first."""
    return [get(host, number) for number in journals.numbers(host)]


def late(host: Host, now: int) -> list[Late]:
    """Reports that are late, the longest overdue first: for the monitor, which may not read the journals.

    Read off what every `incident` command leaves in the monitor's told folder; nothing where there is none.
    """
    try:
        raw = json.loads((host.told(MONITOR) / FILE).read_text("utf-8"))
        due = [Late(int(each["number"]), str(each["report"]), int(each["due"])) for each in raw["due"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return sorted((each for each in due if each.due < now), key=lambda each: each.due)


# --- doing


def begin(host: Host, opening: Opening, who: Who) -> Incident:
    """Open an incident: its clocks run from `aware`. Raises Refused, and NotFound for an unknown office."""
    what = domain.check_opening(opening.kind, opening.what, opening.aware, opening.began, who.now)
    names = _names(host, opening.offices)
    entry = who.entry(
        domain.OPENED, kind=opening.kind, what=what, aware=opening.aware, began=opening.began,
        wrongful=opening.wrongful, offices=names,
    )  # fmt: skip
    with journals.locked(host):
        number = journals.begin(host, entry)
        _publish(host)
    return get(host, number)


def note(host: Host, number: int, text: str, who: Who, **changes: Any) -> Incident:
    """Write into the journal what was done or found; `changes`: kind, wrongful, recovered, further offices.

    Raises Refused, and NotFound for an unknown office.
    """
    tidy = read_words(text, domain.MOST_LETTERS, lines=True)
    with _working(host, number) as found:
        told = _checked(host, found, changes, who.now)
        if not tidy and not told:
            raise Refused("incident-note-empty")
        if told:
            journals.append(host, number, who.entry(domain.CHANGED, **told))
        if tidy:
            journals.append(host, number, who.entry(domain.NOTED, text=tidy))
    return get(host, number)


def _checked(host: Host, found: Incident, changes: Mapping[str, Any], now: int) -> dict[str, Any]:
    told = {name: value for name, value in changes.items() if value}
    if told.get("kind", found.kind) not in domain.KINDS:
        raise Refused("incident-kind-unknown", kind=told["kind"])
    if not (found.began or found.aware) <= told.get("recovered", now) <= now:
        raise Refused("incident-future")
    if "offices" in told:
        told["offices"] = sorted({*found.offices, *_names(host, told["offices"])})
    return told


def report(host: Host, number: int, kind: str, said: Mapping[str, str], who: Who, recovered: int = 0) -> Incident:
    """Make a report and show it to the administrators of the offices concerned; mails are `send`'s.

    A report of recovery without a moment means this one. Raises Refused: out of turn, too little said, said already.
    """
    with _working(host, number) as found:
        told: dict[str, Any] = {"kind": kind, "facts": domain.check_report(found, kind, said)}
        when = recovered or found.recovered or (who.now if kind == domain.RECOVERY else 0)
        if when != found.recovered:
            told["recovered"] = _checked(host, found, {"recovered": when}, who.now)["recovered"]
        journals.append(host, number, who.entry(domain.REPORTED, **told))
    return get(host, number)


def close(host: Host, number: int, who: Who) -> Incident:
    """The end: nothing is added afterwards. Raises Refused before the final report."""
    with _working(host, number) as found:
        domain.check_closing(found)
        journals.append(host, number, who.entry(domain.CLOSED))
    return get(host, number)


@contextmanager
def _working(host: Host, number: int) -> Iterator[Incident]:
    """The one command that works on an open incident; what offices read follows when it has ended well."""
    with journals.locked(host):
        found = get(host, number)
        domain.check_open(found)
        yield found
        _publish(host)


def _names(host: Host, given: Iterable[str]) -> list[str]:
    names = sorted(set(given))
    for name in names:
        offices.read(host, name)
    return names or [each.name for each in offices.every(host)]


# --- telling


def publish(host: Host, names: Iterable[str] | None = None, since: int = 0) -> None:
    """Tell offices (all of the host without `names`), and the monitor, what stands; mends what a killed command left.

    `since`: when an office begins that is only being made (seconds since 1970).
    """
    with journals.locked(host):
        _publish(host, names, since)


def _publish(host: Host, names: Iterable[str] | None = None, since: int = 0) -> None:
    held = every(host)
    due = [{"number": i.number, "report": each.report, "due": each.by} for i in held for each in i.due()]
    tell(host, MONITOR, FILE, {"due": due})
    for office in offices.every(host) if names is None else [offices.read(host, name) for name in names]:
        mine = incidents_told.chosen(held, office.name, office.began or since)
        tell(host, office.name, FILE, {"incidents": [incidents_told.facts(each) for each in mine]})


# --- mails


def unsent(incident: Incident) -> list[tuple[Report, str, str]]:
    """(report, office, what is known of its mail) of all that nobody can say to have arrived; "" where none was tried."""
    wanted = [(report, name) for report in incident.reports for name in incident.offices]
    states = [(report, name, incident.mails.get((report.n, name), "")) for report, name in wanted]
    return [each for each in states if each[2] not in (domain.MAIL_SENT, domain.TOLD)]


def send(
    host: Host, number: int, mail: Mail, who: Who, reachable: Collection[str], again: Collection[str] = ()
) -> list[tuple[str, Report, KuraError]]:
    """Mail every report that has not arrived to those of its offices that are `reachable`; returns what failed, and why.

    A mail whose sending was broken off is left alone, but for offices in `again`, of which a person has said so. What is
    left after GIVES_UP failures waits for the next time: a server that is away lets each mail wait.
    """
    failed: list[tuple[str, Report, KuraError]] = []
    with journals.locked(host):
        found = get(host, number)
        for made, name, state in unsent(found):
            if len(failed) >= GIVES_UP:
                break
            if name not in reachable or (state == domain.MAIL_BEGUN and name not in again):
                continue
            error = _mailed(host, found, made, name, mail, who)
            failed += [(name, made, error)] if error is not None else []
    return failed


def _mailed(host: Host, found: Incident, made: Report, name: str, mail: Mail, who: Who) -> KuraError | None:
    journals.append(host, found.number, who.entry(domain.MAIL_BEGUN, report=made.n, office=name))
    try:
        mail(name, found, made)
    except KuraError as error:
        told = who.entry(domain.MAIL_FAILED, report=made.n, office=name, why=str(error)[:500])
        journals.append(host, found.number, told)
        return error
    journals.append(host, found.number, who.entry(domain.MAIL_SENT, report=made.n, office=name))
    return None


def told_otherwise(host: Host, number: int, name: str, who: Who) -> None:
    """An office has been told on another way, or its mail is known to have arrived: every report of now is settled."""
    with journals.locked(host):
        for made, office, _ in unsent(get(host, number)):
            if office == name:
                journals.append(host, number, who.entry(domain.TOLD, report=made.n, office=name))


def next_due(incident: Incident, now: int) -> list[tuple[Deadline, bool]]:
    """What is still to be reported, with whether it is late."""
    return [(each, each.late(now)) for each in incident.due()]
