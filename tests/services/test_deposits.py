"""Receipts for originals: numbers, versions, what is still here over all clients, and what goes with a client."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.support.deposits import back, papers
from tests.support.offices import NAMES, Office
from tests.support.people import join
from vault.domain.access import Role
from vault.domain.deposits import SHOWN_DAYS
from vault.domain.erasures import ErasureOrder
from vault.domain.prints import CLIENT_CARD, DEPOSIT_RECEIPT, POLICY_LIST, Decline, PrintOrder
from vault.domain.values.moments import DAY
from vault.errors import Conflict, Forbidden, KuraError, NotFound, Refused
from vault.services import bin, clients, deposits, erasing, ledger, printing, rekeying, what_goes
from vault.services.accounts import compartments, rules
from vault.services.safe import Desk
from vault.services.today import today

ORDER = PrintOrder(sheet=DEPOSIT_RECEIPT, purpose="お客様へ交付", addressee="志摩 海斗 様", copies=1)
ERASE = ErasureOrder(reason="誤った登録")


def taken_in(office: Office, client: int = 0, *numbers: str, **more: str) -> bytes:
    made = papers(NAMES[client], *(numbers or ("N-01", "M-02")), **more)
    return deposits.create(office.desk(), office.facts.clients[client], made)


def items(office: Office, record: bytes, client: int = 0) -> list[str]:
    page = deposits.get(office.desk(), office.facts.clients[client], record)
    return [item.id for item in page.held.deposit.items]


def give_back(office: Office, record: bytes, some: list[str] | None = None, base: int = 1, day: str = "2026/11/20") -> int:
    chosen = items(office, record) if some is None else some
    return deposits.give_back(office.desk(), office.facts.clients[0], record, chosen, back(day), base)


def numbers(office: Office) -> tuple[list[int], list[int]]:
    here, late = deposits.listed(office.desk())
    return [each.held.deposit.number for each in here], [each.held.deposit.number for each in late]


def counted(office: Office) -> tuple[int, int]:
    found = today(office.desk()).deposits
    assert found is not None
    return found.here, found.overdue


def records_of(office: Office, client: bytes, kind: str) -> int:
    return int(office.sql("SELECT count(*) FROM records WHERE owner = ? AND kind = ?", client, kind)[0][0])


def colleague(office: Office, role: Role, *rooms: bytes) -> Callable[[], Desk]:
    member = join(office, role, rooms or tuple(office.desk().client_compartments()))
    return lambda: member.desk(office)


# --- one receipt


def test_a_receipt_has_the_next_number_and_who_took_the_papers_in(office: Office) -> None:
    first, second = taken_in(office), taken_in(office, 1)
    page = deposits.get(office.desk(), office.facts.clients[0], first)
    assert (page.held.deposit.number, page.held.version, page.person) == (1, 1, "佐々木 恵")
    assert (page.client.name, [number for number, _, _ in page.written]) == (NAMES[0], [1])
    assert deposits.get(office.desk(), office.facts.clients[1], second).held.deposit.number == 2


def test_a_number_is_never_given_twice(office: Office) -> None:
    taken_in(office)
    erasing.erase_clients(office.desk(), [office.facts.clients[0]], ERASE)
    record = taken_in(office, 1)
    assert deposits.get(office.desk(), office.facts.clients[1], record).held.deposit.number == 2
    assert office.sql("SELECT count(*) FROM records WHERE kind = 'deposit-count'") == [(1,)]


def test_a_receipt_is_corrected_while_papers_are_here(office: Office) -> None:
    client, record = office.facts.clients[0], taken_in(office)
    before = deposits.get(office.desk(), client, record).held.deposit
    assert deposits.save(office.desk(), client, record, replace(before, place="鍵のかかる机"), 1) == 2
    now = deposits.get(office.desk(), client, record)
    assert (now.held.deposit.place, now.held.deposit.number, now.held.version) == ("鍵のかかる机", 1, 2)
    told = deposits.versions(office.desk(), client, record)
    assert [version.number for version in told] == [2, 1] and told[1].record == before
    assert deposits.version_of(office.desk(), client, record, 1) == before


def test_the_slower_of_two_is_told(office: Office) -> None:
    client, record = office.facts.clients[0], taken_in(office)
    give_back(office, record, items(office, record)[:1])
    for late in (
        lambda: deposits.save(office.desk(), client, record, papers("x", "N-01"), 1),
        lambda: give_back(office, record, base=1),
        lambda: deposits.keep_again(office.desk(), client, record, items(office, record)[0], 1),
    ):
        with pytest.raises(Conflict):
            late()


def test_what_is_closed_is_not_changed_any_more(office: Office) -> None:
    client, record = office.facts.clients[0], taken_in(office)
    assert give_back(office, record) == 2
    for late in (
        lambda: deposits.save(office.desk(), client, record, papers("x", "N-01"), 2),
        lambda: give_back(office, record, base=2),
    ):
        with pytest.raises(Refused, match="deposit-closed"):
            late()


def test_somebody_has_to_say_what_goes_back(office: Office) -> None:
    record = taken_in(office)
    one = items(office, record)[0]
    for nothing in ([], ["ab" * 16]):
        with pytest.raises(Refused, match="deposit-nothing-chosen"):
            give_back(office, record, nothing)
    give_back(office, record, [one])
    with pytest.raises(Refused, match="deposit-nothing-chosen"):
        give_back(office, record, [one], 2)


def test_a_slip_of_the_hand_opens_it_again(office: Office) -> None:
    client, record = office.facts.clients[0], taken_in(office)
    give_back(office, record)
    assert counted(office) == (0, 0)
    one = items(office, record)[0]
    assert deposits.keep_again(office.desk(), client, record, one, 2) == 3
    assert [item.id for item in deposits.get(office.desk(), client, record).held.deposit.here] == [one]
    assert counted(office) == (1, 0) and numbers(office) == ([1], [])
    with pytest.raises(NotFound):
        deposits.keep_again(office.desk(), client, record, one, 3)


def test_a_receipt_of_another_client_is_not_there(office: Office) -> None:
    record = taken_in(office)
    for absent in (
        lambda: deposits.get(office.desk(), office.facts.clients[1], record),
        lambda: deposits.get(office.desk(), office.facts.clients[0], office.facts.policies[0][0]),
        lambda: deposits.create(office.desk(), b"\0" * 16, papers("x", "N-01")),
    ):
        with pytest.raises(NotFound):
            absent()


def test_a_viewer_reads_and_does_not_write_and_an_auditor_neither(office: Office) -> None:
    client, record = office.facts.clients[0], taken_in(office)
    viewer, auditor = colleague(office, Role.VIEWER), colleague(office, Role.AUDITOR)
    assert deposits.get(viewer(), client, record).held.deposit.number == 1
    assert len(deposits.listed(viewer())[0]) == 1
    one = items(office, record)[0]
    for refused in (
        lambda: deposits.create(viewer(), client, papers("x", "N-01")),
        lambda: deposits.save(viewer(), client, record, papers("x", "N-01"), 1),
        lambda: deposits.give_back(viewer(), client, record, [one], back(), 1),
        lambda: deposits.keep_again(viewer(), client, record, one, 1),
        lambda: deposits.listed(auditor()),
    ):
        with pytest.raises(Forbidden):
            refused()
    assert today(auditor()).deposits is None


def test_a_handler_numbers_and_closes_too(office: Office) -> None:
    handler, client = colleague(office, Role.HANDLER), office.facts.clients[0]
    taken_in(office)
    record = deposits.create(handler(), client, papers("x", "N-01"))
    page = deposits.get(handler(), client, record)
    assert (page.held.deposit.number, page.person) == (2, "鳥羽 渚")
    deposits.give_back(handler(), client, record, [page.held.deposit.items[0].id], back(), 1)
    assert deposits.get(handler(), client, record).held.deposit.closed


# --- over all clients


def test_what_is_here_stands_first_by_the_day_it_is_due(office: Office) -> None:
    taken_in(office)
    taken_in(office, 1, due="2026/11/19")
    taken_in(office, 0, due="2026/11/25")
    assert numbers(office) == ([2, 3, 1], []) and counted(office) == (3, 0)
    office.clock.tick(2 * DAY)
    assert counted(office) == (3, 1)


def test_what_went_back_stays_in_the_list_for_ninety_days(office: Office) -> None:
    early, late = taken_in(office), taken_in(office)
    office.clock.tick(3 * DAY)
    give_back(office, early, day="2026/11/19")
    give_back(office, late, day="2026/11/20")
    assert numbers(office) == ([], [2, 1])
    office.clock.tick((SHOWN_DAYS - 1) * DAY)
    assert numbers(office) == ([], [2])
    office.clock.tick(DAY)
    assert numbers(office) == ([], [])
    page = clients.get(office.desk(), office.facts.clients[0])
    assert [held.deposit.number for held in page.deposits] == [2, 1]


def test_a_correction_moves_the_day_that_the_first_page_goes_by(office: Office) -> None:
    client, record = office.facts.clients[0], taken_in(office, 0, due="2026/11/19")
    office.clock.tick(2 * DAY)
    assert counted(office) == (1, 1)
    deposits.save(office.desk(), client, record, papers(NAMES[0], "N-01", due="2026/11/30"), 1)
    assert counted(office) == (1, 0) and records_of(office, client, deposits.HERE) == 1


def test_the_first_page_opens_no_receipt_and_no_client_without_papers_here(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    taken_in(office)
    closed = taken_in(office)
    give_back(office, closed)
    counted(office)  # what falls due is read off the records once, and off the search segments from then on
    read: list[tuple[bytes, tuple[str, ...]]] = []
    real = deposits.Act.read
    monkeypatch.setattr(
        deposits.Act, "read", lambda act, owner, kinds=None: (read.append((owner, tuple(kinds or ()))), real(act, owner, kinds))[1]
    )
    assert counted(office) == (1, 0)
    of_clients = [each for each in read if each[0] in office.facts.clients]
    assert of_clients == [(office.facts.clients[0], (deposits.HERE,))]


def test_nobody_sees_what_another_compartment_has_taken_in(office: Office) -> None:
    taken_in(office)
    branch = compartments.make(office.desk(), "支店")
    outside = colleague(office, Role.HANDLER, branch)
    assert deposits.listed(outside()) == ([], [])
    found = today(outside()).deposits
    assert found is not None and found.here == 0
    with pytest.raises(NotFound):
        deposits.create(outside(), office.facts.clients[0], papers("x", "N-01"))


def test_a_row_taken_out_by_hand_shows_and_keeps_nobody_from_the_first_page(office: Office) -> None:
    client, record = office.facts.clients[0], taken_in(office)
    taken_in(office, 1)
    office.sql("DELETE FROM records WHERE id = ?", record)
    with pytest.raises(KuraError, match="damaged"):
        deposits.listed(office.desk())
    office.sql("UPDATE records SET sealed = zeroblob(80) WHERE owner = ? AND kind = ?", client, deposits.HERE)
    assert counted(office) == (1, 0)


# --- the bin, erasing, another key


def test_a_receipt_lies_in_the_bin_with_its_client(office: Office) -> None:
    client = office.facts.clients[0]
    taken_in(office)
    bin.put(office.desk(), client, client, 2)
    assert numbers(office) == ([], []) and counted(office) == (0, 0)
    bin.bring_back(office.desk(), client, client)
    assert numbers(office) == ([1], []) and counted(office) == (1, 0)


def test_who_is_to_be_erased_is_said_to_have_papers_here(office: Office) -> None:
    client, record = office.facts.clients[0], taken_in(office)
    closed = taken_in(office)
    give_back(office, closed)
    assert [held.id for held in what_goes.preview(office.desk(), client).deposits] == [record]
    erasing.erase_clients(office.desk(), [client], ERASE)
    assert numbers(office) == ([], []) and counted(office) == (0, 0)
    assert records_of(office, client, "deposit") == records_of(office, client, deposits.HERE) == 0
    # The client, two policies, two receipts: a note beside a receipt is no record of its own.
    assert erasing.certificate(office.desk(), 1).records == 5


def test_receipts_stay_when_a_policy_is_erased(office: Office) -> None:
    client, record = office.facts.clients[0], taken_in(office)
    give_back(office, record, items(office, record)[:1])
    rekeying.erase_part(office.desk(), client, {office.facts.policies[0][0]}, ERASE)
    assert len(deposits.versions(office.desk(), client, record)) == 2 and counted(office) == (1, 0)
    give_back(office, record, base=2)
    assert numbers(office) == ([], [1])


# --- on paper


def test_the_sheet_is_about_one_receipt_and_stands_in_the_ledger(office: Office) -> None:
    client, record = office.facts.clients[0], taken_in(office)
    sheet = printing.print_client(office.desk(), client, replace(ORDER, deposit=record.hex()))
    assert (sheet.receipt.id, sheet.receipt.deposit.number, sheet.taken_by) == (record, 1, "佐々木 恵")
    row = ledger.one(office.desk(), sheet.serial)
    assert (row.entry.sheet, row.entry.deposit, row.entry.policy) == (DEPOSIT_RECEIPT, record.hex(), "")
    assert row.names is not None and row.names.description == "D-000001"


@pytest.mark.parametrize("sheet", [POLICY_LIST, CLIENT_CARD])
def test_other_sheets_pay_no_heed_to_a_receipt(sheet: str, office: Office) -> None:
    printing.print_client(office.desk(), office.facts.clients[0], replace(ORDER, sheet=sheet, deposit="ab" * 16))
    assert ledger.one(office.desk(), 1).entry.deposit == ""


def test_without_such_a_receipt_no_number_is_used_up(office: Office) -> None:
    record = taken_in(office, 1)
    with pytest.raises(NotFound):
        printing.print_client(office.desk(), office.facts.clients[0], replace(ORDER, deposit=record.hex()))
    assert ledger.newest(office.desk())[1] == 0


def test_another_person_approves_the_very_receipt_that_was_ordered(office: Office) -> None:
    client, record = office.facts.clients[0], taken_in(office)
    taken_in(office)
    rules.save(office.desk(), replace(rules.read(office.desk()), print_approval=True))
    handler = colleague(office, Role.HANDLER)
    order = replace(ORDER, deposit=record.hex())
    for approved in (True, False):
        serial = printing.request(handler(), client, order)
        if approved:
            printing.approve(office.desk(), serial, 1)
            assert printing.print_approved(handler(), serial).receipt.id == record
        else:
            printing.decline(office.desk(), serial, Decline(reason="まだです"), 1)
            with pytest.raises(Conflict):
                printing.print_approved(handler(), serial)
