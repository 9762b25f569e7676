"""The access log as administrators and auditors read it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest

from tests.support import colleagues
from tests.support.offices import DEVICE, NAMES, ORIGIN, Office, origin
from vault.crypto.keys import new_id
from vault.domain.unusual import MANY_CLIENTS, MANY_REFUSED, Mark
from vault.errors import Forbidden, WrongCredential
from vault.services import audit, clients, log, log_walk, policies, sessions
from vault.services.accounts import signing_in
from vault.services.audit import Event, Fact
from vault.services.log import GROUPS
from vault.services.log_names import number_of
from vault.services.log_walk import Query, find, marks_of
from vault.services.safe import Desk
from vault.storage import journal
from vault.storage.database import transaction

DAY = 24 * 60 * 60
JAPAN = timezone(timedelta(hours=9))


def desk_of_colleague(office: Office) -> Desk:
    """The colleague's desk, signed in on his own device."""
    found = signing_in.sign_in(office.instance, colleagues.LOGIN_ID, colleagues.PASSWORD, colleagues.DEVICE, ORIGIN)
    return sessions.desk(office.instance, found.session, ORIGIN)


def at(office: Office, hour: int, days: int = 1) -> None:
    """Move the clock to an hour of a later day in Japan."""
    now = datetime.fromtimestamp(office.clock.now, JAPAN) + timedelta(days=days)
    office.clock.now = now.replace(hour=hour, minute=0, second=0).timestamp()


def wrote(office: Office, *facts: Fact, seconds: float = 1) -> None:
    """Entries that nobody has to sign in for, so many seconds apart."""
    for fact in facts:
        audit.record(office.instance, origin("192.0.2.7"), fact)
        office.clock.tick(seconds)


def opened(person: bytes, client: bytes) -> Fact:
    return Fact(Event.CLIENT_OPENED, 200, person, b"d" * 16, client)


def lines(desk: Desk, **asked: object) -> list[log.Line]:
    return log.page(desk, Query(**asked)).lines  # type: ignore[arg-type]


# --- what is told


def test_an_administrator_reads_names(office: Office) -> None:
    desk, client = office.desk(), office.facts.clients[0]
    clients.get(desk, client)
    newest = lines(desk)[0]
    assert (newest.event, newest.person, newest.address, newest.status) == ("client-opened", "佐々木 恵", "192.0.2.7", 200)
    assert newest.subject is not None and (newest.subject.kind, newest.subject.text) == ("client", NAMES[0])
    assert newest.at == office.instance.now() and newest.genuine
    assert (newest.device, len(newest.device_number)) == ("", 4), "a device without a name has a number"


def test_an_auditor_reads_numbers(office: Office) -> None:
    client = office.facts.clients[0]
    clients.get(office.desk(), client)
    colleagues.add_colleague(office, "auditor")
    told = [line for line in lines(desk_of_colleague(office)) if line.event == "client-opened"]
    assert told and told[0].subject is not None
    assert (told[0].subject.kind, told[0].subject.text) == ("number", client.hex()[:8].upper())
    assert told[0].person == "佐々木 恵"
    every = str(log.page(desk_of_colleague(office), Query()))
    assert not any(name in every for name in NAMES)


@pytest.mark.parametrize("role", ["handler", "viewer"])
def test_nobody_else_reads_it(office: Office, role: str) -> None:
    colleagues.add_colleague(office, role)
    with pytest.raises(Forbidden):
        log.page(desk_of_colleague(office), Query())


def test_a_client_whose_key_is_gone_reads_erased(office: Office) -> None:
    gone = new_id()
    wrote(office, opened(office.facts.person, gone))
    subject = lines(office.desk(), subject=gone)[0].subject
    assert subject is not None and (subject.kind, subject.text) == ("erased", number_of(gone))


def test_the_sealed_part_is_told_in_its_own_words(office: Office) -> None:
    desk = office.desk()
    policies.get(desk, office.facts.clients[0], office.facts.policies[0][0])
    clients.list_clients(desk)
    listed, seen = lines(desk)[:2]
    assert listed.told == {"count": 2}
    assert seen.subject is not None and seen.subject.record == "日本生命 N-01"


def test_a_policy_is_a_record_of_its_client_to_no_auditor(office: Office) -> None:
    policies.get(office.desk(), office.facts.clients[0], office.facts.policies[0][0])
    colleagues.add_colleague(office, "auditor")
    assert "N-01" not in str(log.page(desk_of_colleague(office), Query()))


def test_an_unknown_sign_in_is_told_without_what_was_typed(office: Office) -> None:
    with pytest.raises(WrongCredential):
        signing_in.sign_in(office.instance, "NOBODY12", "whatever it is", DEVICE, origin("198.51.100.9"))
    desk = office.desk()
    (refused,) = lines(desk, events=(Event.SIGN_IN_REFUSED.value,))
    assert (refused.person, refused.address, refused.status) == ("", "198.51.100.9", 403)
    assert "NOBODY12" not in str(log.page(desk, Query()))


def test_an_entry_changed_by_hand_says_so(office: Office) -> None:
    desk = office.desk()
    clients.get(desk, office.facts.clients[0])
    (position,) = office.sql("SELECT max(position) FROM journal")[0]
    office.sql("UPDATE journal SET subject=? WHERE position=?", office.facts.clients[1], position)
    assert [line.genuine for line in lines(desk) if line.position == position] == [False]


def test_each_client_is_opened_once_for_a_page(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    wrote(office, *(opened(office.facts.person, office.facts.clients[0]) for _ in range(50)))
    asked: list[bytes] = []
    right = log.Names._client
    monkeypatch.setattr(log.Names, "_client", lambda self, client: asked.append(client) or right(self, client))
    assert len(lines(office.desk(), subject=office.facts.clients[0])) >= 50
    assert asked == [office.facts.clients[0]]


# --- what is asked for


def test_each_event_is_in_one_group() -> None:
    assert sorted(event for group in GROUPS.values() for event in group) == sorted(Event)


def test_filters_hold_together(office: Office) -> None:
    person, (one, other) = office.facts.person, office.facts.clients
    colleague = new_id()
    wrote(office, opened(person, one), opened(person, other), opened(colleague, one), Fact(Event.SIGNED_OUT, 200, person))
    desk = office.desk()
    position = journal_head(office)

    def found(**asked: object) -> list[tuple[str, bytes]]:
        with_bound = Query(before=position + 1, **asked)  # type: ignore[arg-type]
        return [(e.columns.event or "", e.columns.subject or b"") for e, _ in find(office.instance, with_bound, 100).entries]

    seen = Event.CLIENT_OPENED.value
    assert found(person=colleague) == [(seen, one)]
    assert found(person=person, subject=other, events=(seen,)) == [(seen, other)]
    assert found(subject=one, events=(seen,)).count((seen, one)) == 2
    assert found(person=colleague, events=(Event.SIGNED_OUT.value,)) == []
    both = found(events=(Event.SIGNED_OUT.value, Event.SIGN_IN_REFUSED.value))
    assert both == [(Event.SIGNED_OUT.value, b"")]
    assert desk.role.value == "administrator"


def journal_head(office: Office) -> int:
    with transaction(office.instance.engine) as connection:
        return journal.head(connection)[0]


def test_a_time_is_found_by_halving(office: Office) -> None:
    person, client = office.facts.person, office.facts.clients[0]
    office.clock.tick(DAY)
    start = office.instance.now() * 1000
    wrote(office, *(opened(person, client) for _ in range(7)), seconds=60)
    office.clock.tick(DAY)
    wrote(office, opened(person, client))

    def count(since: int, until: int) -> int:
        return len(find(office.instance, Query(since=start + since * 60_000, until=start + until * 60_000), 100).entries)

    assert [count(0, 7), count(0, 1), count(2, 4), count(7, 8), count(0, 9999)] == [7, 1, 2, 0, 8]
    with transaction(office.instance.engine) as connection:
        assert log_walk.position_at(connection, 0) == 1
        assert log_walk.position_at(connection, start + DAY * 10_000) == journal.head(connection)[0] + 1


def is_further(office: Office, position: int) -> bool:
    [(clear,)] = office.sql("SELECT clear FROM journal WHERE position=?", position)
    return audit.is_further(clear)


def test_pages_follow_one_another_without_gap(office: Office) -> None:
    wrote(office, *(opened(office.facts.person, office.facts.clients[n % 2]) for n in range(25)))
    whole = [e.position for e, _ in find(office.instance, Query(), 1000).entries]
    for events in ((), (Event.CLIENT_OPENED.value, Event.SIGNED_IN.value)):
        asked, got, before = Query(events=events), [], None
        while True:
            page = find(office.instance, Query(**{**vars(asked), "before": before}), 10)
            got += [e.position for e, _ in page.entries]
            if page.older is None:
                break
            before = page.older
        every = [e.position for e, _ in find(office.instance, asked, 1000).entries]
        assert got == every
        assert events or got == whole
        left_out = set(range(1, whole[0] + 1)) - set(whole)
        assert all(is_further(office, position) for position in left_out)


def test_a_search_without_an_end_stops_and_offers_to_go_on(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_walk, "SCAN_MOST", 20)
    monkeypatch.setattr(log_walk, "AT_ONCE", 10)
    rare = new_id()
    at(office, 12)
    wrote(office, opened(rare, rare), *(opened(office.facts.person, office.facts.clients[0]) for _ in range(50)))
    query = Query(person=office.facts.person, events=(Event.CLIENT_MOVED.value,))
    found = find(office.instance, query, 5)
    assert found.bounded and found.entries == [] and found.older == journal_head(office) - 25
    assert not find(office.instance, Query(person=rare), 5).bounded


# --- what is out of the ordinary


def test_what_was_done_at_night_is_marked(office: Office) -> None:
    desk, client = office.desk(), office.facts.clients[0]
    at(office, 23)
    clients.get(desk, client)
    at(office, 12)
    clients.get(desk, client)
    day, night = [line for line in lines(desk, subject=client) if line.event == "client-opened"][:2]
    assert (day.marks, night.marks) == ((), (Mark.NIGHT,))
    assert [line.position for line in lines(desk, unusual=True) if line.event == "client-opened"] == [night.position]


def many(office: Office, person: bytes) -> Iterator[Fact]:
    return (opened(person, bytes([1, n]) + bytes(14)) for n in range(MANY_CLIENTS + 2))


def test_many_clients_are_marked_though_only_the_last_are_on_the_page(office: Office) -> None:
    person = new_id()
    at(office, 12)
    wrote(office, *many(office, person), seconds=10)
    told = find(office.instance, Query(person=person), 5).entries
    assert [marks for _, marks in told] == [(Mark.MANY_CLIENTS,)] * 3 + [()] * 2
    of_one_client = find(office.instance, Query(subject=bytes([1, MANY_CLIENTS]) + bytes(14)), 5).entries
    assert [marks for _, marks in of_one_client] == [(Mark.MANY_CLIENTS,)]
    unusual = find(office.instance, Query(person=person, unusual=True), 50).entries
    assert len(unusual) == 3


def test_marks_of_a_page_are_those_of_the_whole_log(office: Office) -> None:
    """Whatever is asked for, an entry is marked as if everything before it had been read."""
    people = [new_id(), new_id()]
    at(office, 21)
    for n in range(150):
        wrote(office, opened(people[n % 2], bytes([2, n // 3]) + bytes(14)), seconds=30)
        if n % 3 == 0:
            wrote(office, Fact(Event.SIGN_IN_REFUSED, 403, b"", bytes([n % 3]) * 16), seconds=20)
    with transaction(office.instance.engine) as connection:
        every = journal.found(connection, journal.Wanted(), 10_000)
        whole = marks_of(connection, every, log_walk.firsts_of(connection))
    assert {mark for marks in whole.values() for mark in marks} >= {Mark.NIGHT, Mark.MANY_CLIENTS, Mark.REFUSED_OFTEN}
    for query in (Query(), Query(person=people[1]), Query(events=(Event.SIGN_IN_REFUSED.value,))):
        for most in (3, 17):
            found = find(office.instance, query, most)
            while found.entries:
                assert all(marks == whole[entry.position] for entry, marks in found.entries)
                if found.older is None:
                    break
                found = find(office.instance, Query(**{**vars(query), "before": found.older}), most)


def test_refused_sign_ins_in_a_row_are_marked(office: Office) -> None:
    at(office, 12)
    for _ in range(MANY_REFUSED):
        audit.record(office.instance, origin("198.51.100.9"), Fact(Event.SIGN_IN_REFUSED, 403))
        office.clock.tick(30)
    told = lines(office.desk(), events=(Event.SIGN_IN_REFUSED.value,))
    assert [line.marks for line in told] == [(Mark.REFUSED_OFTEN,)] + [()] * (MANY_REFUSED - 1)


def test_the_first_sign_in_on_a_device_is_marked_and_no_later_one(office: Office) -> None:
    at(office, 12)
    colleagues.add_colleague(office, "viewer")
    for _ in range(2):
        person = desk_of_colleague(office).person
        office.clock.tick(3600)
    told = lines(office.desk(), person=person, events=(Event.SIGNED_IN.value,))
    assert [line.marks for line in told] == [(), (Mark.NEW_DEVICE,)]


# --- how long it is kept


def test_after_thirteen_months_nothing_is_shown_and_the_sealed_parts_open_no_longer(office: Office) -> None:
    desk = office.desk()
    clients.list_clients(desk)
    assert office.sql("SELECT day FROM journal_keys")
    assert log.page(desk, Query()).lines[-1].position == 1
    office.clock.tick((log.LOG_DAYS + 1) * DAY)
    desk = office.desk()
    told = log.page(desk, Query()).lines
    assert told and all(line.at > office.instance.now() - DAY for line in told)
    assert 20261118 in {day for (day,) in office.sql("SELECT day FROM journal_keys")}  # the clock may be wrong today
    office.clock.tick(DAY)
    log.page(office.desk(), Query())
    assert all(day > 20271201 for (day,) in office.sql("SELECT day FROM journal_keys"))
    with transaction(office.instance.engine) as connection:
        assert audit.verify_chain(connection) is None
        assert journal.at(connection, 1) is not None


def test_an_office_may_keep_more_but_not_less(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = office.desk()
    for days, kept in ((30, log.LOG_DAYS), (800, 800)):
        monkeypatch.setitem(desk.directory.rules, "log_days", days)
        assert log.kept_since(desk) == office.instance.now() - kept * DAY


def test_keys_are_dropped_once_a_day_and_never_by_an_auditor(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    days: list[int] = []
    monkeypatch.setattr(journal, "drop_keys_before", lambda connection, day: days.append(day))
    colleagues.add_colleague(office, "auditor")
    log.page(desk_of_colleague(office), Query())
    assert days == []
    for dropped in (0, 1, 2):  # on the first day there is nothing to compare the clock with
        for _ in range(3):
            log.page(office.desk(), Query())
        assert len(days) == dropped
        office.clock.tick(DAY)


def test_a_clock_that_was_years_ahead_for_a_day_drops_nothing(office: Office) -> None:
    log.page(office.desk(), Query())
    there = office.sql("SELECT id FROM journal_keys")
    office.clock.tick(3 * 366 * DAY)
    log.page(office.desk(), Query())
    office.clock.tick(-3 * 366 * DAY)
    log.page(office.desk(), Query())
    assert set(there) <= set(office.sql("SELECT id FROM journal_keys"))


# --- finding a client by name


def test_a_client_is_found_by_name_kana_and_number(office: Office) -> None:
    desk, (one, other) = office.desk(), office.facts.clients
    assert log.clients_called(desk, "志摩") == [(one, NAMES[0])]
    assert log.clients_called(desk, "はぐろ") == [(other, NAMES[1])]
    assert log.clients_called(desk, number_of(other).lower()) == [(other, NAMES[1])]
    assert log.clients_called(desk, "山田") == []


def test_an_auditor_finds_no_client_by_name(office: Office) -> None:
    colleagues.add_colleague(office, "auditor")
    with pytest.raises(Forbidden):
        log.clients_called(desk_of_colleague(office), "志摩")
