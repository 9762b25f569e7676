"""The monthly inspection: counted from the log, signed once, added to, overdue when nobody has signed."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

import pytest

from tests.services.test_log import desk_of_colleague, opened, wrote
from tests.support import colleagues
from tests.support.offices import NAMES, Office
from vault.crypto.keys import new_id
from vault.domain.access import Permission
from vault.domain.inspections import (
    MEASURES,
    NOTHING,
    Addition,
    Facts,
    Inspection,
    first_of,
    is_over,
    is_overdue,
    months,
    next_first,
)
from vault.domain.prints import OfficeOrder, TakeOut
from vault.domain.unusual import MANY_CLIENTS, MANY_REFUSED
from vault.domain.values import read_date
from vault.errors import Forbidden, NotFound, Refused
from vault.services import inspections, ledger_notes, log
from vault.services.audit import Event, Fact
from vault.services.safe import Desk

JAPAN = timezone(timedelta(hours=9))
BEGUN = "2026-11"
FINE = Inspection(findings="夜間の利用は決算の作業でした。", result=NOTHING)


def go_to(office: Office, year: int, month: int, day: int, hour: int = 12) -> Desk:
    office.clock.now = datetime(year, month, day, hour, tzinfo=JAPAN).timestamp()
    return office.desk()


def overdue(desk: Desk) -> list[str]:
    with desk.act(Event.TODAY_OPENED, Permission.READ_SAFETY) as act:
        return inspections.overdue_months(act)


# --- months


def test_months_run_from_the_first_to_this_one() -> None:
    assert months(date(2026, 11, 20), date(2027, 2, 1)) == ["2027-02", "2027-01", "2026-12", "2026-11"]
    assert months(date(2026, 11, 20), date(2026, 11, 20)) == ["2026-11"]


def test_a_month_is_over_on_the_first_and_overdue_on_the_eleventh() -> None:
    assert (next_first("2026-12"), first_of("2026-12")) == (date(2027, 1, 1), date(2026, 12, 1))
    assert not is_over("2026-12", date(2026, 12, 31)) and is_over("2026-12", date(2027, 1, 1))
    assert not is_overdue("2026-12", date(2027, 1, 10)) and is_overdue("2026-12", date(2027, 1, 11))


@pytest.mark.parametrize("text", ["", "2026", "2026-13", "2026-1", "2026-00", "1999-01", "２０２６-11", "2026-11-01", "../../x"])
def test_what_is_no_month_is_not_found(text: str) -> None:
    with pytest.raises(NotFound):
        first_of(text)


def test_something_to_do_asks_for_what_was_decided() -> None:
    assert [path for path, _ in Inspection(findings="x", result=MEASURES).faults()] == ["decided"]
    assert not list(Inspection(findings="x", result=MEASURES, decided="y").faults())


# --- counting


def test_a_month_is_counted_from_the_log(office: Office) -> None:
    before = inspections.counted(office.desk(), BEGUN)
    desk, stranger = go_to(office, 2026, 12, 10), new_id()
    wrote(office, *(opened(stranger, bytes([3, n]) + bytes(14)) for n in range(MANY_CLIENTS)))
    wrote(office, *(Fact(Event.SIGN_IN_REFUSED, 403) for _ in range(MANY_REFUSED + 1)))
    wrote(office, Fact(Event.REQUEST_REFUSED, 403, stranger))
    # One act about one person may write several entries, about the papers as well.
    made = new_id()
    wrote(office, *(Fact(Event.PERSON_CREATED, 200, desk.person, subject=made) for _ in range(2)))
    wrote(office, Fact(Event.OFFICE_SHEET_PRINTED, 200, desk.person))
    wrote(office, Fact(Event.OFFICE_SHEET_PRINTED, 200, desk.person, subject=b"kura papers 2026"))
    go_to(office, 2026, 12, 11, 23)
    told = inspections.counted(office.desk(), "2026-12")
    assert (told.people, told.many_clients, told.refused_sign_ins, told.refused_often) == (2, 1, MANY_REFUSED + 1, 2)
    assert (told.refused_requests, told.created, told.prints, told.broken) == (1, 1, 1, 0)
    assert told.night == 2  # two sign-ins at eleven
    assert told.unusual == told.night + 1 + 2 + told.new_device
    assert inspections.counted(office.desk(), BEGUN) == before
    assert before.entries + told.entries + 0 == office.sql("SELECT count(*) FROM journal")[0][0] - 1


def test_devices_of_login_sheets_a_recovery_and_sheets_made_anew_are_counted(office: Office) -> None:
    before, person = inspections.counted(office.desk(), BEGUN), new_id()
    wrote(office, Fact(Event.FIRST_PASSWORD_SET, 200, person, new_id()))
    wrote(office, *(Fact(Event.RECOVERED, 200, person, b"r" * 16) for _ in range(2)))
    wrote(office, Fact(Event.PERSON_REENROLLED, 200, office.facts.person, subject=person))
    told = inspections.counted(office.desk(), BEGUN)
    assert (told.devices, told.recovered, told.reenrolled) == (before.devices + 2, 1, 1)


def test_a_month_counts_the_papers_that_were_due_in_it_and_not_those_of_the_next(office: Office) -> None:
    for due in ("2026/11/25", "2026/12/5"):
        thing = TakeOut(thing="書類", description="封筒", people=1, purpose="客先持参", place="渋谷", due=read_date(due))
        ledger_notes.take_out(office.desk(), thing, office.facts.clients[0])
    desk = go_to(office, 2026, 12, 20)
    assert inspections.month_page(desk, BEGUN).facts.overdue == 1
    assert inspections.month_page(desk, "2026-12").facts.overdue == 2


def test_marks_go_on_over_the_end_of_a_month(office: Office) -> None:
    office.clock.now = datetime(2026, 11, 30, 23, 55, tzinfo=JAPAN).timestamp()
    person = new_id()
    wrote(office, *(opened(person, bytes([3, n]) + bytes(14)) for n in range(MANY_CLIENTS - 1)))
    office.clock.tick(300)
    wrote(office, opened(person, bytes(15) + b"z"))
    assert inspections.counted(office.desk(), "2026-12").many_clients == 1


@pytest.mark.parametrize("statement", [
    "UPDATE journal SET clear=(SELECT clear FROM journal WHERE position=12) WHERE position=10",
    "UPDATE journal SET event='signed-out' WHERE position=10",
    "DELETE FROM journal WHERE position=10",
])  # fmt: skip
def test_an_entry_that_does_not_fit_is_named(office: Office, statement: str) -> None:
    assert inspections.counted(office.desk(), BEGUN).broken == 0
    office.sql(statement)
    assert inspections.counted(office.desk(), BEGUN).broken == 10


def test_entries_missing_at_the_end_of_a_month_are_noticed(office: Office) -> None:
    last = office.sql("SELECT max(position) FROM journal")[0][0]
    desk = go_to(office, 2026, 12, 10)
    office.sql("DELETE FROM journal WHERE position=?", last)
    assert inspections.counted(desk, BEGUN).broken == last


# --- signing


def test_a_month_is_signed_once_and_what_was_counted_stays(office: Office) -> None:
    desk = go_to(office, 2026, 12, 10)
    inspections.sign(desk, BEGUN, FINE)
    page = inspections.month_page(desk, BEGUN)
    assert page.inspection == FINE and page.facts == inspections.counted(desk, BEGUN)
    assert (page.month.reviewer, page.month.at) == ("佐々木 恵", office.instance.now())
    with pytest.raises(Refused, match="inspection-signed"):
        inspections.sign(desk, BEGUN, Inspection(findings="二度目", result=NOTHING))
    assert inspections.month_page(office.desk(), BEGUN).inspection == FINE


def test_a_month_that_is_not_over_or_not_the_office_s_is_not_signed(office: Office) -> None:
    desk = go_to(office, 2026, 12, 10)
    with pytest.raises(Refused, match="month-not-over"):
        inspections.sign(desk, "2026-12", FINE)
    for month in ("2026-10", "2027-01", "nonsense"):
        with pytest.raises(NotFound):
            inspections.sign(desk, month, FINE)


def test_a_correction_is_a_note_beside_it(office: Office) -> None:
    desk = go_to(office, 2026, 12, 10)
    with pytest.raises(NotFound):
        inspections.add_note(desk, BEGUN, Addition(text="まだ"))
    inspections.sign(desk, BEGUN, FINE)
    for text in ("一つ目", "二つ目"):
        office.clock.tick(60)
        inspections.add_note(desk, BEGUN, Addition(text=text))
    page = inspections.month_page(desk, BEGUN)
    assert page.inspection == FINE
    assert [(note.text, note.author) for note in page.notes] == [("一つ目", "佐々木 恵"), ("二つ目", "佐々木 恵")]


def test_an_auditor_signs_and_a_handler_does_not(office: Office) -> None:
    colleagues.add_colleague(office, "auditor")
    go_to(office, 2026, 12, 10)
    auditor = desk_of_colleague(office)
    inspections.sign(auditor, BEGUN, FINE)
    assert inspections.overview(office.desk())[-1].reviewer == "同僚 一郎"
    colleagues.sign_role(office, office.desk(), "handler")
    handler = office.desk()
    for refused in (
        lambda: inspections.overview(handler), lambda: inspections.month_page(handler, BEGUN),
        lambda: inspections.sign(handler, BEGUN, FINE), lambda: inspections.add_note(handler, BEGUN, Addition(text="x")),
    ):  # fmt: skip
        with pytest.raises(Forbidden):
            refused()


def test_what_is_signed_is_sealed(office: Office) -> None:
    desk = go_to(office, 2026, 12, 10)
    inspections.sign(desk, BEGUN, FINE)
    inspections.add_note(desk, BEGUN, Addition(text="追記しました"))
    office.sql("PRAGMA wal_checkpoint(TRUNCATE)")
    raw = office.database.read_bytes()
    assert FINE.findings.encode() not in raw and "追記しました".encode() not in raw
    assert b"inspection-signed" in raw


# --- overdue


def test_a_month_is_overdue_from_the_eleventh_until_somebody_signs(office: Office) -> None:
    assert overdue(office.desk()) == []
    assert overdue(go_to(office, 2026, 12, 10)) == []
    assert overdue(go_to(office, 2026, 12, 11)) == [BEGUN]
    desk = go_to(office, 2027, 1, 15)
    assert overdue(desk) == [BEGUN, "2026-12"]
    inspections.sign(desk, BEGUN, FINE)
    assert overdue(desk) == ["2026-12"]
    shown = inspections.overview(desk)
    assert [(m.month, m.overdue, m.over, m.result) for m in shown] == [
        ("2027-01", False, False, ""), ("2026-12", True, True, ""), (BEGUN, False, True, NOTHING),
    ]  # fmt: skip


def test_who_may_not_read_inspections_hears_of_none(office: Office) -> None:
    colleagues.add_colleague(office, "handler")
    go_to(office, 2026, 12, 15)
    assert overdue(desk_of_colleague(office)) == []


def test_months_beyond_the_term_of_the_log_are_not_asked_for(office: Office) -> None:
    inspections.sign(go_to(office, 2026, 12, 10), BEGUN, FINE)
    desk = go_to(office, 2029, 3, 20)
    shown = [month.month for month in inspections.overview(desk)]
    assert shown[-1] == BEGUN and shown[-2] == datetime.fromtimestamp(log.kept_since(desk), JAPAN).strftime("%Y-%m")
    assert BEGUN not in overdue(desk) and len(overdue(desk)) in (13, 14)


# --- on paper


def test_a_signed_month_goes_on_paper_with_a_number(office: Office) -> None:
    desk = go_to(office, 2026, 12, 10)
    order = OfficeOrder(purpose="社内利用", addressee="みなと保険事務所", copies=1)
    with pytest.raises(NotFound):
        inspections.print_month(desk, BEGUN, order)
    inspections.sign(desk, BEGUN, FINE)
    made, page = inspections.print_month(office.desk(), BEGUN, order)
    assert made.serial == 1 and page.inspection == FINE and isinstance(page.facts, Facts)
    assert NAMES[0] not in str(page)
