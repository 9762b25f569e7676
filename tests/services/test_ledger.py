"""印刷・持ち出し台帳: prints, things taken out, another person's word, who reads which names."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from tests.support import colleagues
from tests.support.colleagues import add_colleague, add_compartment
from tests.support.offices import NAMES, ORIGIN, Office, household
from vault.crypto import codec
from vault.crypto.envelope import Context, seal
from vault.crypto.keys import new_id
from vault.domain.access import Permission
from vault.domain.prints import (
    INSPECTION_SHEET,
    LEDGER_SHEET,
    POLICY_LIST,
    WITHDRAWN,
    Decline,
    LedgerEntry,
    LedgerNames,
    LedgerOrder,
    OfficeOrder,
    Outcome,
    PrintOrder,
    TakeOut,
)
from vault.domain.values import read_date
from vault.errors import Conflict, Damaged, Forbidden, KuraError, NotFound, Refused
from vault.services import clients, ledger, ledger_notes, ledger_rows, payloads, printing, sessions
from vault.services.accounts import rules, signing_in
from vault.services.acts import row_mark
from vault.services.audit import Event
from vault.services.instance import Instance
from vault.services.ledger import Asking, State, Wanted
from vault.services.safe import Desk
from vault.storage import records

DAY = 24 * 60 * 60
ORDER = PrintOrder(sheet=POLICY_LIST, purpose="客先持参", addressee="志摩 海斗 様", place="ご自宅", copies=2)
OFFICE_ORDER = OfficeOrder(purpose="社内利用", addressee="みなと保険事務所", copies=1)
LEDGER_ORDER = LedgerOrder(
    purpose="調書に保管", addressee="みなと保険事務所", copies=1, since=read_date("2026/11/1"), until=read_date("2026/12/31")
)
LAPTOP = TakeOut(thing="パソコン", description="ノートPC 3号機", people=40, purpose="社外での作業", place="佐々木の自宅")
RETURNED = Outcome(outcome="返却", place="書庫B", note="2部とも")


def colleague(office: Office, role: str = "handler", rooms: tuple[bytes, ...] | None = None) -> Callable[[], Desk]:
    """A second person of the office; what is returned gives his desk."""
    if rooms is None:
        rooms = tuple(office.desk().directory.of_clients()) if role in ("handler", "viewer") else ()
    add_colleague(office, role, rooms)
    return lambda: desk_of(office, office.instance)


def desk_of(office: Office, worker: Instance) -> Desk:
    done = signing_in.sign_in(worker, colleagues.LOGIN_ID, colleagues.PASSWORD, colleagues.DEVICE, ORIGIN)
    return sessions.desk(worker, done.session, ORIGIN)


def want_approval(office: Office) -> None:
    desk = office.desk()
    rules.save(desk, replace(rules.read(desk), print_approval=True))


def asking(desk: Desk) -> Asking:
    with desk.act(Event.TODAY_OPENED, Permission.READ_SAFETY) as act:
        return ledger.asking(act)


def standing(desk: Desk, serial: int) -> str:
    return ledger.one(desk, serial).entry.standing(ledger_rows.today(desk))


def version(desk: Desk, serial: int) -> int:
    return ledger.one(desk, serial).version


def events(office: Office) -> list[str]:
    return [codec.decode(clear)["event"] for (clear,) in office.sql("SELECT clear FROM journal ORDER BY position")]


# --- prints and what became of them


def test_a_print_has_every_column(office: Office) -> None:
    desk = office.desk()
    sheet = printing.print_client(desk, office.facts.clients[0], ORDER)
    row = ledger.one(desk, sheet.serial)
    assert row.names == LedgerNames(client=NAMES[0], addressee="志摩 海斗 様", place="ご自宅")
    entry = row.entry
    assert (entry.serial, entry.sheet, entry.people, entry.purpose, entry.copies) == (1, POLICY_LIST, 1, "客先持参", 2)
    assert (row.printed_by, entry.at) == ("佐々木 恵", desk.instance.now())
    assert entry.due == ledger_rows.today(desk) + timedelta(days=7)


def test_a_day_back_typed_in_the_order_counts(office: Office) -> None:
    desk = office.desk()
    sheet = printing.print_client(desk, office.facts.clients[0], replace(ORDER, due=read_date("2026/12/24")))
    assert ledger.one(desk, sheet.serial).entry.due == date(2026, 12, 24)


def test_an_outcome_has_place_date_and_who_confirmed_it(office: Office) -> None:
    desk = office.desk()
    sheet = printing.print_client(desk, office.facts.clients[0], ORDER)
    office.clock.tick(DAY)
    ledger_notes.note_outcome(desk, sheet.serial, RETURNED, 1)
    row = ledger.one(desk, sheet.serial)
    assert (row.entry.outcome, row.confirmed_by, row.entry.outcome_at) == ("返却", "佐々木 恵", desk.instance.now())
    assert row.names is not None and row.names.note == "書庫B 2部とも" and row.names.client == NAMES[0]
    with pytest.raises(Conflict):
        ledger_notes.note_outcome(desk, sheet.serial, RETURNED, 1)


def test_an_outcome_that_does_not_fit_is_refused(office: Office) -> None:
    desk = office.desk()
    printing.print_client(desk, office.facts.clients[0], ORDER)
    ledger_notes.take_out(desk, LAPTOP)
    for serial, word in ((1, "持ち出さなかった"), (1, WITHDRAWN), (2, "印刷しなかった")):
        with pytest.raises(Refused, match="outcome-unfit"):
            ledger_notes.note_outcome(desk, serial, Outcome(outcome=word), 1)


# --- things taken out


def test_a_thing_taken_out_gets_a_number_and_an_outcome_like_a_print(office: Office) -> None:
    desk = office.desk()
    printing.print_client(desk, office.facts.clients[0], ORDER)
    assert ledger_notes.take_out(desk, LAPTOP) == 2
    row = ledger.one(desk, 2)
    assert row.entry.taken and row.entry.client == "" and row.entry.people == 40 and row.entry.sheet == "パソコン"
    assert row.names is not None and (row.names.description, row.names.place) == ("ノートPC 3号機", "佐々木の自宅")
    assert row.entry.due == ledger_rows.today(desk) + timedelta(days=7)
    ledger_notes.note_outcome(desk, 2, Outcome(outcome="返却"), 1)
    assert standing(desk, 2) == "closed" and events(office).count("take-out-noted") == 1


def test_papers_of_a_client_are_named_under_the_clients_key(office: Office) -> None:
    office_client = office.facts.clients[0]
    thing = replace(LAPTOP, thing="書類", description="志摩様の申込書")
    ledger_notes.take_out(office.desk(), thing, office_client)
    row = ledger.one(office.desk(), 1)
    assert row.names is not None and (row.names.client, row.names.description) == (NAMES[0], "志摩様の申込書")
    outside = colleague(office, rooms=())()
    with pytest.raises(NotFound):
        ledger_notes.take_out(outside, thing, office_client)
    assert ledger.one(outside, 1).names is None


# --- who reads which names


def test_names_of_a_client_are_read_by_who_holds_it_and_by_nobody_else(office: Office) -> None:
    desk = office.desk()
    branch = add_compartment(office)
    theirs = clients.create(office.desk(), branch, household("高橋 支店", "タカハシ シテン"))
    printing.print_client(office.desk(), theirs, replace(ORDER, addressee="高橋 支店 様"))
    ledger_notes.note_outcome(office.desk(), 1, Outcome(outcome="保管", place="高橋様宅"), 1)
    other = colleague(office, "handler", (desk.directory.of_clients()[0],))()
    row = ledger.one(other, 1)
    assert (row.names, row.unnamed) == (None, "elsewhere")
    assert "高橋" not in repr(row)
    with pytest.raises(Refused, match="ledger-elsewhere"):
        ledger_notes.note_outcome(other, 1, RETURNED, 2)
    assert ledger.one(office.desk(), 1).names is not None


def test_an_auditor_reads_a_number_for_a_client_and_what_is_taken_out_without_one(office: Office) -> None:
    printing.print_client(office.desk(), office.facts.clients[0], ORDER)
    ledger_notes.take_out(office.desk(), LAPTOP)
    auditor = colleague(office, "auditor")()
    row = ledger.one(auditor, 1)
    assert (row.names, row.unnamed, row.number) == (None, "number", office.facts.clients[0].hex()[:8].upper())
    named = ledger.one(auditor, 2)
    assert named.names is not None and named.names.description == "ノートPC 3号機"


def test_an_auditor_who_holds_a_compartment_reads_numbers_all_the_same(office: Office) -> None:
    printing.print_client(office.desk(), office.facts.clients[0], ORDER)
    auditor = colleague(office, "auditor", tuple(office.desk().directory.of_clients()))()
    assert auditor.folder(office.facts.clients[0]) and ledger.one(auditor, 1).unnamed == "number"


def test_a_client_that_is_gone_is_erased_to_everybody_who_might_have_read_it(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    printing.print_client(office.desk(), office.facts.clients[0], ORDER)
    office.sql("UPDATE clients SET erasing=1 WHERE id=?", office.facts.clients[0])
    desk, folder = office.desk(), Desk.folder

    def gone(self: Desk, owner: bytes) -> Any:
        if owner == office.facts.clients[0]:
            raise NotFound("not-found")
        return folder(self, owner)

    monkeypatch.setattr(Desk, "folder", gone)
    assert ledger.one(desk, 1).unnamed == "erased"
    ledger_notes.note_outcome(desk, 1, RETURNED, 1)  # the paper is still to be accounted for
    row = ledger.one(desk, 1)
    assert (row.entry.outcome, row.entry.outcome_note, row.names) == ("返却", "書庫B 2部とも", None)


# --- what asks for something


def test_what_is_overdue_is_found_without_opening_other_rows(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = office.desk()
    for purpose in ("客先持参", "社内利用", "お客様へ交付", "客先持参"):
        printing.print_client(desk, office.facts.clients[0], replace(ORDER, purpose=purpose))
    ledger_notes.note_outcome(desk, 4, RETURNED, 1)
    office.clock.tick(8 * DAY)
    looked_at: list[int] = []
    read = ledger_rows.opened
    monkeypatch.setattr(ledger, "opened", lambda act, row: (looked_at.append(row.serial), read(act, row))[1])
    found = asking(office.desk())
    assert [row.entry.serial for row in found.overdue] == [1] and found.overdue_count == 1
    assert looked_at == [1]
    office.clock.tick(30 * DAY)
    assert [row.entry.serial for row in asking(office.desk()).overdue] == [1, 2]


def test_what_is_due_today_is_not_overdue_yet(office: Office) -> None:
    printing.print_client(office.desk(), office.facts.clients[0], ORDER)
    office.clock.tick(7 * DAY)
    assert asking(office.desk()).overdue == []
    office.clock.tick(DAY)
    assert len(asking(office.desk()).overdue) == 1


def test_last_years_rows_are_asked_after_in_the_new_year(office: Office) -> None:
    printing.print_client(office.desk(), office.facts.clients[0], ORDER)
    office.clock.tick(60 * DAY)
    assert [row.entry.serial for row in asking(office.desk()).overdue] == [1]
    assert printing.print_client(office.desk(), office.facts.clients[0], ORDER).serial == 2
    assert ledger.newest(office.desk())[1] == 2 and len(ledger_rows.papers(office.desk())) == 2


# --- another person's word


def test_while_an_order_waits_nothing_of_the_sheet_leaves(office: Office) -> None:
    want_approval(office)
    desk = office.desk()
    with pytest.raises(Refused, match="approval-needed"):
        printing.print_client(desk, office.facts.clients[0], ORDER)
    serial = printing.request(desk, office.facts.clients[0], ORDER)
    assert standing(desk, serial) == "waiting"
    with pytest.raises(Conflict, match="order-settled"):
        printing.print_approved(desk, serial)
    assert events(office).count("print-requested") == 1 and "sheet-printed" not in events(office)


def test_another_person_approves_and_the_sheet_opens_once(office: Office) -> None:
    want_approval(office)
    theirs = colleague(office)
    serial = printing.request(theirs(), office.facts.clients[0], ORDER)
    assert [row.entry.serial for row in asking(office.desk()).waiting] == [serial]
    printing.approve(office.desk(), serial, 1)
    assert [row.entry.serial for row in asking(theirs()).ready] == [serial] and not asking(office.desk()).waiting
    row = ledger.one(office.desk(), serial)
    assert (row.approved_by, row.printed_by) == ("佐々木 恵", "同僚 一郎")
    with pytest.raises(Refused, match="order-anothers"):
        printing.print_approved(office.desk(), serial)
    sheet = printing.print_approved(theirs(), serial)
    assert (sheet.serial, sheet.order.addressee, sheet.order.copies) == (serial, "志摩 海斗 様", 2)
    assert sheet.page.client.name == NAMES[0] and sheet.printed_by == "同僚 一郎"
    with pytest.raises(Conflict, match="order-opened"):
        printing.print_approved(theirs(), serial)
    assert standing(office.desk(), serial) == "out"
    assert [events(office).count(e) for e in ("print-approved", "sheet-printed")] == [1, 1]


def test_nobody_decides_on_his_own_order(office: Office) -> None:
    want_approval(office)
    desk = office.desk()
    serial = printing.request(desk, office.facts.clients[0], ORDER)
    assert asking(desk).waiting == [] and not ledger.approvable(desk, ledger.one(desk, serial))
    for decide in (lambda: printing.approve(desk, serial, 1), lambda: printing.decline(desk, serial, Decline(reason="x"), 1)):
        with pytest.raises(Refused, match="order-own"):
            decide()
    assert standing(desk, serial) == "waiting"


@pytest.mark.parametrize(("role", "mine"), [("viewer", True), ("auditor", False), ("handler", False)])
def test_who_has_no_say_or_cannot_open_the_client_decides_nothing(role: str, mine: bool, office: Office) -> None:
    want_approval(office)
    serial = printing.request(office.desk(), office.facts.clients[0], ORDER)
    desk = colleague(office, role, tuple(office.desk().directory.of_clients()) if mine else ())()
    assert asking(desk).waiting == []
    with pytest.raises(Forbidden if role != "handler" else NotFound):
        printing.approve(desk, serial, 1)
    assert standing(office.desk(), serial) == "waiting"


def test_an_order_is_declined_with_a_reason_that_only_holders_of_the_client_read(office: Office) -> None:
    want_approval(office)
    theirs = colleague(office)
    serial = printing.request(theirs(), office.facts.clients[0], ORDER)
    printing.decline(office.desk(), serial, Decline(reason="志摩様は来月まで不在です"), 1)
    row = ledger.one(theirs(), serial)
    assert row.entry.standing(ledger_rows.today(theirs())) == "declined"
    assert row.names is not None and row.names.reason == "志摩様は来月まで不在です"
    for act in (lambda: printing.print_approved(theirs(), serial), lambda: printing.approve(office.desk(), serial, 2)):
        with pytest.raises(Conflict, match="order-settled"):
            act()
    with pytest.raises(Refused, match="outcome-unfit"):
        ledger_notes.note_outcome(office.desk(), serial, RETURNED, 2)


def asked(desk: Desk) -> Asking:
    with desk.act(Event.TODAY_OPENED, Permission.READ_SAFETY) as act:
        return ledger.asking(act)


def test_who_asked_is_told_for_two_weeks_that_it_was_declined(office: Office) -> None:
    want_approval(office)
    theirs = colleague(office)
    serial = printing.request(theirs(), office.facts.clients[0], ORDER)
    assert asked(theirs()).declined == []
    printing.decline(office.desk(), serial, Decline(reason="宛先が違います"), 1)
    assert [row.entry.serial for row in asked(theirs()).declined] == [serial]
    assert asked(office.desk()).declined == [], "who declined it knows"
    assert ledger.find(theirs(), Wanted("open")).rows == []
    office.clock.tick(15 * DAY)
    assert asked(theirs()).declined == []


def test_an_order_is_withdrawn_by_who_placed_it_only(office: Office) -> None:
    want_approval(office)
    theirs = colleague(office)
    serial = printing.request(theirs(), office.facts.clients[0], ORDER)
    with pytest.raises(Refused, match="order-anothers"):
        ledger_notes.note_outcome(office.desk(), serial, Outcome(outcome=WITHDRAWN), 1)
    ledger_notes.note_outcome(theirs(), serial, Outcome(outcome=WITHDRAWN), 1)
    with pytest.raises(Conflict, match="order-settled"):
        printing.approve(office.desk(), serial, 2)


def at_once(*acts: Callable[[], object]) -> list[str]:
    """What becomes of acts begun at the same time: "" for done, else the code of the refusal."""

    def tried(act: Callable[[], object]) -> str:
        try:
            act()
        except KuraError as error:
            return error.code
        return ""

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(tried, acts))


@pytest.mark.parametrize("decisions", [("approve",) * 3, ("approve", "decline", "decline")], ids=["alike", "against each other"])
def test_of_decisions_at_once_one_counts_and_the_others_are_told(decisions: tuple[str, ...], office: Office) -> None:
    want_approval(office)
    serial = printing.request(colleague(office)(), office.facts.clients[0], ORDER)
    desks = [office.desk(worker) for worker in (office.instance, office.worker(), office.worker())]

    def decide(desk: Desk, decision: str) -> Callable[[], object]:
        if decision == "approve":
            return lambda: printing.approve(desk, serial, 1)
        return lambda: printing.decline(desk, serial, Decline(reason="宛先が違います"), 1)

    done = at_once(*map(decide, desks, decisions))
    assert sorted(done) == ["", "order-settled", "order-settled"]
    assert version(office.desk(), serial) == 2 and standing(office.desk(), serial) in ("approved", "declined")


def test_of_two_openings_at_once_one_gets_the_sheet(office: Office) -> None:
    want_approval(office)
    theirs = colleague(office)
    serial = printing.request(theirs(), office.facts.clients[0], ORDER)
    printing.approve(office.desk(), serial, 1)
    desks = [desk_of(office, worker) for worker in (office.instance, office.worker(), office.worker())]
    done = at_once(*[lambda d=d: printing.print_approved(d, serial) for d in desks])
    assert sorted(done) == ["", "order-opened", "order-opened"]
    assert events(office).count("sheet-printed") == 1


# --- sheets about the office


def test_an_auditor_prints_a_sheet_about_the_office_and_no_client(office: Office) -> None:
    auditor = colleague(office, "auditor")()
    with pytest.raises(Forbidden):
        printing.print_client(auditor, office.facts.clients[0], ORDER)
    made = printing.print_office(auditor, INSPECTION_SHEET, OFFICE_ORDER, Permission.SIGN_INSPECTION, 2)
    assert (made.serial, made.printed_by, made.office.name) == (1, "同僚 一郎", "みなと保険事務所")
    row = ledger.one(office.desk(), 1)
    assert (row.entry.sheet, row.entry.client, row.entry.people) == (INSPECTION_SHEET, "", 2)
    assert row.names is not None and row.names.addressee == "みなと保険事務所"
    viewer_act = Permission.MANAGE_OFFICE
    with pytest.raises(Forbidden):
        printing.print_office(auditor, INSPECTION_SHEET, OFFICE_ORDER, viewer_act)
    assert ledger.newest(office.desk())[1] == 1


def test_the_ledger_is_printed_for_some_days_and_notes_itself(office: Office) -> None:
    desk = office.desk()
    printing.print_client(desk, office.facts.clients[0], ORDER)
    office.clock.tick(3 * DAY)
    printing.print_client(desk, office.facts.clients[1], ORDER)
    made = printing.print_ledger(desk, LEDGER_ORDER)
    assert [row.entry.serial for row in made.rows] == [1, 2] and made.sheet.serial == 3 and not made.numbered
    first = ledger_rows.day_of(made.rows[0].entry.at)
    typed = read_date(first.isoformat())
    assert [r.entry.serial for r in printing.print_ledger(desk, replace(LEDGER_ORDER, since=typed, until=typed)).rows] == [1]
    entry = ledger.one(desk, 3).entry
    assert (entry.sheet, entry.people) == (LEDGER_SHEET, 2)


def test_where_printing_wants_approval_a_printed_ledger_names_no_client(office: Office) -> None:
    printing.print_client(office.desk(), office.facts.clients[0], ORDER)
    ledger_notes.take_out(office.desk(), LAPTOP)
    want_approval(office)
    made = printing.print_ledger(office.desk(), LEDGER_ORDER)
    assert made.numbered and NAMES[0] not in repr(made) and "ノートPC" in repr(made)


def test_a_printed_ledger_of_too_many_rows_is_refused(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "MOST_PRINTED", 1)
    for _ in range(2):
        printing.print_client(office.desk(), office.facts.clients[0], ORDER)
    with pytest.raises(Refused, match="ledger-too-long"):
        printing.print_ledger(office.desk(), LEDGER_ORDER)
    assert ledger.newest(office.desk())[1] == 2


# --- looking for rows


def serials(desk: Desk, **wanted: Any) -> list[int]:
    return [row.entry.serial for row in ledger.find(desk, Wanted(**wanted)).rows]


def filled(office: Office) -> Desk:
    """Five rows: two prints, one of them returned, an overdue one, a laptop, and one of a colleague."""
    desk, (one, two) = office.desk(), office.facts.clients
    printing.print_client(desk, one, ORDER)
    office.clock.tick(9 * DAY)
    printing.print_client(desk, one, ORDER)
    ledger_notes.note_outcome(desk, 2, RETURNED, 1)
    printing.print_client(desk, two, replace(ORDER, addressee="羽黒 颯太 様", purpose="お客様へ交付", place=""))
    ledger_notes.take_out(desk, LAPTOP)
    printing.print_client(colleague(office)(), one, ORDER)
    return office.desk()


@pytest.mark.parametrize(
    ("state", "expected"), [("all", [5, 4, 3, 2, 1]), ("open", [5, 4, 3, 1]), ("overdue", [1]), ("waiting", [])]
)
def test_rows_are_found_by_where_they_stand(state: State, expected: list[int], office: Office) -> None:
    desk = filled(office)
    assert serials(desk, state=state) == expected
    assert serials(desk, state=state, before=4) == [serial for serial in expected if serial < 4]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("志摩", [5, 2, 1]), ("羽黒　颯太", [3]), ("ﾉｰﾄpc", [4]), ("p-000003", [3]), ("返却", [2]), ("書庫", [2]), ("ご自宅 志摩", [5, 2, 1]),
     ("同僚", [5]), ("志摩 羽黒", []), ("  ", [5, 4, 3, 2, 1])],
)  # fmt: skip
def test_rows_are_found_by_any_words_that_stand_in_them(text: str, expected: list[int], office: Office) -> None:
    assert serials(filled(office), text=text) == expected


def test_rows_are_found_by_person(office: Office) -> None:
    desk = filled(office)
    people = dict(ledger.find(desk, Wanted()).people)
    assert sorted(people.values()) == ["佐々木 恵", "同僚 一郎"]
    other = next(person for person, name in people.items() if name == "同僚 一郎")
    assert serials(desk, person=other) == [5] and serials(desk, person=desk.person) == [4, 3, 2, 1]


def test_a_word_in_a_name_one_may_not_read_finds_nothing(office: Office) -> None:
    printing.print_client(office.desk(), office.facts.clients[0], ORDER)
    outside = colleague(office, rooms=())()
    assert serials(outside, text="志摩") == [] and serials(outside, text="客先持参") == [1]


def test_a_search_looks_at_so_many_rows_and_offers_to_go_on(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = filled(office)
    monkeypatch.setattr(ledger, "SEARCHED", 2)
    found = ledger.find(desk, Wanted(text="志摩"))
    assert [row.entry.serial for row in found.rows] == [5] and found.further == 4
    found = ledger.find(desk, Wanted(text="志摩", before=found.further))
    assert [row.entry.serial for row in found.rows] == [2] and found.further == 2
    found = ledger.find(desk, Wanted(text="志摩", before=found.further))
    assert [row.entry.serial for row in found.rows] == [1] and found.further is None


def test_a_long_ledger_comes_in_pages(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = filled(office)
    monkeypatch.setattr(ledger, "AT_ONCE", 2)
    seen, before = [], None
    while True:
        found = ledger.find(desk, Wanted(before=before))
        seen += [row.entry.serial for row in found.rows]
        before = found.further
        if before is None:
            break
        assert len(found.rows) == 2
    assert seen == [5, 4, 3, 2, 1] and found.total == 5


# --- what is on the disk


def written_by_the_first_version(office: Office, client: bytes) -> None:
    """A row as Kura wrote it before approvals, things taken out, and kinds that say where a row stands."""
    desk = office.desk()
    papers = ledger_rows.ensure_papers(desk)
    with desk.act(Event.SHEET_PRINTED, Permission.PRINT, client) as act:
        held, row, theirs = act.contents(papers), new_id(), desk.folder(client)
        names = b'{"schema":1,"record":{"client":"\xe5\xbf\x97\xe6\x91\xa9","addressee":"A"}}'
        inner = seal(theirs.key, names, Context(desk.instance.office, "record", (theirs.id, row, 1)))
        old = {
            "serial": 1, "sheet": POLICY_LIST, "client": client.hex(), "people": 1, "purpose": "客先持参", "copies": 1,
            "person": desk.person.hex(), "at": desk.instance.now(), "due": ledger_rows.today(desk) + timedelta(days=7),
        }  # fmt: skip
        raw = payloads.encode(LedgerEntry(**old))
        assert not any(word in raw for word in (b"taken", b"approval", b"opened"))
        sealed = seal(held.folder.key, codec.encode([raw, inner]), Context(desk.instance.office, "record", (held.folder.id, row, 1)))
        held.entries[row] = ("ledger", 1, row_mark(sealed))
        held.changed = True
        records.add_ledger_row(act.connection, records.LedgerRow(1, row, papers, held.folder.id, 1, old["at"], sealed))


def test_rows_of_the_first_version_are_read_asked_after_and_closed(office: Office) -> None:
    written_by_the_first_version(office, office.facts.clients[0])
    desk = office.desk()
    [row], total = ledger.newest(desk)
    assert total == 1 and row.names is not None and row.names.client == "志摩"
    assert asking(desk).overdue == [] and serials(desk, state="open") == [1]
    office.clock.tick(8 * DAY)
    assert [r.entry.serial for r in asking(office.desk()).overdue] == [1] and serials(office.desk(), state="overdue") == [1]
    assert printing.print_client(office.desk(), office.facts.clients[0], ORDER).serial == 2
    ledger_notes.note_outcome(office.desk(), 1, RETURNED, 1)
    assert asking(office.desk()).overdue == [] and serials(office.desk(), state="open") == [2]


@pytest.mark.parametrize("state", ["all", "open", "overdue"])
def test_a_row_taken_out_is_noticed_whatever_is_looked_for(state: State, office: Office) -> None:
    desk = filled(office)
    office.sql("DELETE FROM ledger WHERE serial=3")
    with pytest.raises(Damaged, match="ledger-damaged"):
        ledger.find(desk, Wanted(state=state))
    with pytest.raises(Damaged):
        ledger_notes.take_out(desk, LAPTOP)
    with pytest.raises(Damaged):
        printing.print_office(desk, INSPECTION_SHEET, OFFICE_ORDER, Permission.SIGN_INSPECTION)


def test_two_people_who_print_first_in_a_year_share_its_papers(office: Office) -> None:
    desks = [office.desk(office.worker()) for _ in range(2)]
    assert at_once(*[lambda d=d: ledger_notes.take_out(d, LAPTOP) for d in desks]) == ["", ""]
    assert serials(office.desk()) == [2, 1] and len(ledger_rows.papers(office.desk())) == 1
