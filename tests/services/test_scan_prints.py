"""Scanned papers on sheets: what the ledger says of them, which pages are shown, and the copy of everything."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from tests.support.kept_scans import A4, keep
from tests.support.offices import Office
from tests.support.people import join
from vault.domain.access import Role
from vault.domain.documents import Document, Page
from vault.domain.prints import FINAL_PURPOSE, POLICY_LIST, SCANS, FinalOrder, PrintOrder
from vault.domain.values import Unreadable
from vault.errors import Conflict, Forbidden, NotFound, Refused
from vault.services import bin, clients, ledger, printing, whole_office, whole_office_progress
from vault.services.accounts import rules
from vault.services.holdings import HeldDocument
from vault.services.scan_sheets import Scan, stretch

ORDER = PrintOrder(sheet=SCANS, purpose="社内利用", addressee="志摩 海斗 様", copies=1, document="00" * 16)
FINAL = FinalOrder(purpose=FINAL_PURPOSE, addressee="みなと保険事務所", copies=1)


def order_of(document: bytes, pages: str = "") -> PrintOrder:
    return replace(ORDER, document=document.hex(), pages=pages)


def printed(office: Office, document: bytes, pages: str = "") -> printing.Sheet:
    return printing.print_client(office.desk(), office.facts.clients[0], order_of(document, pages))


# --- one document


def test_the_ledger_says_which_paper_and_which_pages(office: Office) -> None:
    document = keep(office, *[A4] * 5)
    whole, some = printed(office, document), printed(office, document, "1,3-5")
    assert whole.scan.shown == [0, 1, 2, 3, 4] and some.scan.shown == [0, 2, 3, 4]
    rows = [ledger.one(office.desk(), serial) for serial in (whole.serial, some.serial)]
    assert [row.names.description for row in rows if row.names] == ["保険証券 終身の証券", "保険証券 終身の証券 1,3-5/5"]
    assert [(row.entry.sheet, row.entry.document, row.entry.pages) for row in rows] == \
        [(SCANS, document.hex(), ""), (SCANS, document.hex(), "1,3-5")]


def test_another_sheet_pays_no_heed_to_a_paper(office: Office) -> None:
    order = replace(order_of(keep(office, A4), "1"), sheet=POLICY_LIST)
    serial = printing.print_client(office.desk(), office.facts.clients[0], order).serial
    entry = ledger.one(office.desk(), serial).entry
    assert (entry.document, entry.pages) == ("", "")


def test_pages_that_are_held_or_left_out_are_named_and_not_shown(office: Office) -> None:
    scan = printed(office, keep(office, *[A4] * 4, held=[1], left_out=[3])).scan
    assert (scan.shown, scan.waiting, scan.left_out) == ([0, 2], [1], [3])


def test_what_cannot_be_printed_uses_no_number_up(office: Office) -> None:
    document = keep(office, *[A4] * 3, held=[1])
    of_another = keep(office, A4, client=1)
    for pages, error in (("4", Unreadable), ("2", Refused)):
        with pytest.raises(error):
            printed(office, document, pages)
    for wrong in (of_another, bytes(16)):
        with pytest.raises(NotFound):
            printed(office, wrong)
    assert ledger.newest(office.desk())[1] == 0


def test_an_approved_order_opens_the_pages_that_were_asked_for(office: Office) -> None:
    other = join(office, Role.ADMINISTRATOR, (), "管理 二子")
    desk = office.desk()
    rules.save(desk, replace(rules.read(desk), print_approval=True))
    document = keep(office, *[A4] * 4)
    serial = printing.request(office.desk(), office.facts.clients[0], order_of(document, "2-3"))
    printing.approve(other.desk(office), serial, 1)
    sheet = printing.print_approved(office.desk(), serial)
    assert (sheet.scan.held.id, sheet.scan.shown) == (document, [1, 2])
    with pytest.raises(Conflict):
        printing.print_approved(office.desk(), serial)


def test_an_auditor_gets_none(office: Office) -> None:
    auditor = join(office, Role.AUDITOR, (), "監査 三郎")
    with pytest.raises(Forbidden):
        printing.print_client(auditor.desk(office), office.facts.clients[0], order_of(keep(office, A4)))


# --- everything


def pieces(office: Office) -> list[whole_office.PieceSheet]:
    found = []
    while coming := whole_office.progress(office.desk()).coming:
        found.append(whole_office.print_next(office.desk(), FINAL, *coming[0].key))
    return found


def pages_of(made: list[whole_office.PieceSheet]) -> Counter[tuple[bytes, int]]:
    """How often each page of each document is on paper."""
    return Counter(
        (scan.held.id, number)
        for piece in made for each in piece.clients for scan in each.scans for number in scan.shown
    )  # fmt: skip


def every_page(office: Office) -> set[tuple[bytes, int]]:
    return {
        (held.id, number)
        for client in office.facts.clients for held in clients.get(office.desk(), client).documents
        for number, page in enumerate(held.document.pages) if page.object
    }  # fmt: skip


def test_every_page_of_every_paper_is_on_paper_once(office: Office) -> None:
    keep(office, *[A4] * 65, title="多い", held=[3], left_out=[50])
    keep(office, *[A4] * 30, title="次")
    keep(office, *[A4] * 2, title="全部保留", held=[0, 1])
    keep(office, *[A4] * 7, client=1)
    made = pieces(office)
    counted = pages_of(made)
    assert set(counted) == every_page(office) and set(counted.values()) == {1} and len(counted) == 63 + 30 + 7
    most = [sum(len(scan.shown) for each in piece.clients for scan in each.scans) for piece in made]
    assert max(most) <= whole_office_progress.MOST_SCANS and len(made) == 3
    with_card = [each.page.id for piece in made for each in piece.clients if not each.place]
    assert with_card == office.facts.clients, "card and policies of each client once"
    named = Counter((scan.held.id, n) for piece in made for each in piece.clients for scan in each.scans
                    for n in (*scan.waiting, *scan.left_out))
    assert set(named.values()) == {1} and len(named) == 4
    assert whole_office.progress(office.desk()).printed == 2


def test_a_client_is_done_when_his_last_part_is(office: Office) -> None:
    keep(office, *[A4] * 50)
    first, second, *_ = whole_office.progress(office.desk()).coming[0].head.parts
    whole_office.print_next(office.desk(), FINAL, *first.key)
    far = whole_office.progress(office.desk())
    assert (far.printed, far.coming[0].key, far.changed) == (0, second.key, [])
    with pytest.raises(Conflict, match="whole-office-moved"):
        whole_office.print_next(office.desk(), FINAL, *first.key)
    pieces(office)
    assert whole_office.progress(office.desk()).printed == 2


def test_a_paper_that_came_later_is_printed_too(office: Office) -> None:
    pieces(office)
    late = keep(office, A4, client=1)
    far = whole_office.progress(office.desk())
    assert [head.id for head in far.changed] == [office.facts.clients[1]]
    assert pages_of(pieces(office)) == {(late, 0): 1}


def test_a_piece_that_was_lost_is_printed_again_with_its_pages(office: Office) -> None:
    keep(office, *[A4] * 45)
    made = pieces(office)
    again = whole_office.print_again(office.desk(), FINAL, made[1].sheet.serial)
    assert pages_of([again]) == pages_of(made[1:2]) and again.sheet.serial != made[1].sheet.serial


def test_a_piece_that_was_printed_before_there_were_parts_has_the_first_of_each() -> None:
    noted = whole_office_progress.Noted(serial=1, clients=("ab" * 16, "cd" * 16), states=(3, 4))
    assert noted.told == {(b"\xab" * 16, 0): 3, (b"\xcd" * 16, 0): 4}


def test_papers_in_the_bin_make_no_empty_piece(office: Office) -> None:
    gone, kept = keep(office, *[A4] * 60), keep(office, *[A4] * 5)
    bin.put(office.desk(), office.facts.clients[0], gone, 1)
    made = pieces(office)
    assert {document for document, _ in pages_of(made)} == {kept} and len(made) == 1


@pytest.mark.parametrize("count", range(1, 8))
def test_stretches_of_any_length_leave_nothing_out_and_nothing_twice(count: int) -> None:
    def document(name: int, objects: str) -> Scan:
        pages = tuple(Page(object="" if each in "hx" else "ab", width=1, height=1, held=each == "h") for each in objects)
        return Scan(HeldDocument(bytes([name]), 1, 0, Document(kind="その他", title="", pages=pages)), range(len(pages)))

    every = [document(n, told) for n, told in enumerate(("oo", "h", "ohoo", "xo", "oooooo", "hx", "o"))]
    parts = [stretch(every, start, count) for start in range(0, 15, count)]
    asked = Counter((scan.held.id, number) for part in parts for scan in part for number in scan.asked)
    assert asked == {(scan.held.id, number): 1 for scan in every for number in scan.asked}
    assert all(sum(len(scan.shown) for scan in part) <= count for part in parts)
