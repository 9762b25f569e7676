"""証券詳細, 顧客カルテ and everything before the contract ends: what they hand out, to whom, and how far the job is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.support.offices import NAMES, Office, household, policy
from tests.support.people import Member, join
from vault.crypto import codec
from vault.domain.access import Role
from vault.domain.prints import (
    CLIENT_CARD,
    FINAL_PURPOSE,
    NOT_PRINTED,
    POLICY_DETAIL,
    POLICY_LIST,
    SHREDDED,
    WHOLE_OFFICE,
    WITH_SENSITIVE,
    WITHDRAWN,
    Decline,
    FinalOrder,
    Outcome,
    PrintOrder,
)
from vault.errors import Conflict, Forbidden, KuraError, NotFound, Refused
from vault.services import (
    audit,
    clients,
    ledger,
    ledger_notes,
    policies,
    printing,
    whole_office,
    whole_office_progress,
)
from vault.services.accounts import people, rules
from vault.services.safe import Desk
from vault.services.sheets import TOLD_VERSIONS

DAY = 24 * 60 * 60
CARD = PrintOrder(sheet=CLIENT_CARD, purpose="社内利用", addressee="志摩 海斗 様", copies=1)
DETAIL = replace(CARD, sheet=POLICY_DETAIL)
FINAL = FinalOrder(purpose=FINAL_PURPOSE, addressee="みなと保険事務所", place="書庫B", copies=1)
HEALTH = "高血圧のため服薬中"


def want_approval(office: Office) -> None:
    desk = office.desk()
    rules.save(desk, replace(rules.read(desk), print_approval=True))


def colleague(office: Office, role: Role) -> Callable[[], Desk]:
    member: Member = join(office, role, tuple(office.desk().client_compartments()))
    return lambda: member.desk(office)


def total(desk: Desk) -> int:
    return ledger.newest(desk)[1]


def ill(office: Office) -> bytes:
    """The first client's head has something that the screen hides until asked for."""
    client = office.facts.clients[0]
    page = clients.get(office.desk(), client)
    head = replace(page.client.members[0], health=HEALTH)
    clients.save(office.desk(), client, replace(page.client, members=(head,)), page.version)
    return client


# --- one client, one policy


def test_a_client_card_has_the_clients_versions_and_a_row_in_the_ledger(office: Office) -> None:
    client = office.facts.clients[0]
    sheet = printing.print_client(office.desk(), client, CARD)
    assert [v.number for v in sheet.written[client]] == [2, 1] and set(sheet.written) == {client}
    entry = ledger.one(office.desk(), sheet.serial).entry
    assert (entry.serial, entry.sheet, entry.policy, entry.people) == (1, CLIENT_CARD, "", 1)


def test_a_policy_detail_is_about_one_policy_or_about_all(office: Office) -> None:
    client, own = office.facts.clients[0], office.facts.policies[0]
    one = printing.print_client(office.desk(), client, replace(DETAIL, policy=own[0].hex()))
    every = printing.print_client(office.desk(), client, DETAIL)
    assert [held.id for held in one.chosen] == own[:1] and {held.id for held in every.chosen} == set(own)
    assert [v.number for v in one.written[own[0]]] == [2, 1] and set(every.written) == set(own)
    rows = [ledger.one(office.desk(), serial) for serial in (1, 2)]
    assert [row.names.description for row in rows if row.names] == ["日本生命 終身 N-01", ""]
    assert [row.entry.policy for row in rows] == [own[0].hex(), ""]


@pytest.mark.parametrize("sheet", [POLICY_LIST, CLIENT_CARD])
def test_other_sheets_pay_no_heed_to_a_policy(sheet: str, office: Office) -> None:
    order = replace(DETAIL, sheet=sheet, policy="ab" * 16)
    printing.print_client(office.desk(), office.facts.clients[0], order)
    assert ledger.one(office.desk(), 1).entry.policy == ""


def test_without_such_a_policy_no_number_is_used_up(office: Office) -> None:
    desk = office.desk()
    with pytest.raises(NotFound):
        printing.print_client(desk, office.facts.clients[0], replace(DETAIL, policy=office.facts.policies[1][0].hex()))
    empty = household("空家 一", "アキヤ ハジメ")
    made = clients.create(desk, desk.client_compartments()[0], empty)
    with pytest.raises(Refused, match="print-no-policy"):
        printing.print_client(office.desk(), made, DETAIL)
    assert total(desk) == 0


def test_a_sheet_tells_the_newest_of_many_versions(office: Office) -> None:
    client = office.facts.clients[1]
    for n in range(TOLD_VERSIONS + 5):
        page = clients.get(office.desk(), client)
        clients.save(office.desk(), client, replace(page.client, notes=f"{n}度目"), page.version)
    told = printing.print_client(office.desk(), client, CARD).written[client]
    assert [v.number for v in told] == list(range(TOLD_VERSIONS + 6, 5, -1))


# --- what only some may read


def test_sensitive_data_is_ordered_by_name_and_only_by_who_may_read_it(office: Office) -> None:
    client, order = ill(office), replace(CARD, sensitive=True)
    assert printing.print_client(office.desk(), client, order).order.tells_sensitive
    assert ledger.one(office.desk(), 1).entry.sheet == CLIENT_CARD + WITH_SENSITIVE
    viewer = colleague(office, Role.VIEWER)
    for act in (printing.print_client, printing.request):
        with pytest.raises(Forbidden):
            act(viewer(), client, order)
    assert total(office.desk()) == 1
    assert not printing.print_client(viewer(), client, CARD).order.tells_sensitive


def test_a_sheet_without_sensitive_boxes_does_not_claim_any(office: Office) -> None:
    viewer = colleague(office, Role.VIEWER)
    printing.print_client(viewer(), office.facts.clients[0], replace(DETAIL, sensitive=True))
    assert ledger.one(office.desk(), 1).entry.sheet == POLICY_DETAIL


def test_an_approved_order_opens_what_was_approved(office: Office) -> None:
    client, own = ill(office), office.facts.policies[0]
    want_approval(office)
    handler = colleague(office, Role.HANDLER)
    printing.request(office.desk(), client, replace(CARD, sensitive=True))
    printing.request(office.desk(), client, replace(DETAIL, policy=own[1].hex()))
    for serial in (1, 2):
        printing.approve(handler(), serial, 1)
    card, detail = (printing.print_approved(office.desk(), serial) for serial in (1, 2))
    assert card.order.tells_sensitive and card.order.sheet == CLIENT_CARD and client in card.written
    assert [held.id for held in detail.chosen] == [own[1]] and not detail.order.sensitive


def test_an_approval_does_not_outlive_the_right_to_read(office: Office) -> None:
    client = ill(office)
    want_approval(office)
    handler = colleague(office, Role.HANDLER)
    printing.request(handler(), client, replace(CARD, sensitive=True))
    printing.approve(office.desk(), 1, 1)
    rooms = tuple(office.desk().client_compartments())
    people.change(office.desk(), handler().person, Role.VIEWER, rooms)
    with pytest.raises(Forbidden):
        printing.print_approved(handler(), 1)
    assert ledger.one(office.desk(), 1).entry.opened == 0


# --- everything


def piece(office: Office, order: FinalOrder | None = FINAL) -> whole_office.PieceSheet:
    desk = office.desk()
    return whole_office.print_next(desk, order, whole_office.progress(desk).coming[0].id)


def names_on(made: whole_office.PieceSheet) -> list[str]:
    return [each.page.client.name for each in made.clients]


@pytest.fixture
def one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole_office_progress, "MOST_CLIENTS", 1)


def test_a_piece_has_every_client_with_every_policy_and_a_row_of_its_own(office: Office) -> None:
    before = whole_office.progress(office.desk())
    assert (before.clients, before.printed, before.policies, before.left, before.elsewhere) == (2, 0, 4, 1, 0)
    made = piece(office)
    assert names_on(made) == list(NAMES)
    assert [len(each.page.policies) for each in made.clients] == [2, 2]
    assert all(held.id in each.written for each in made.clients for held in each.page.policies)
    row = ledger.one(office.desk(), made.sheet.serial)
    entry = row.entry
    assert (entry.sheet, entry.purpose, entry.client, entry.people, entry.due) == (WHOLE_OFFICE, FINAL_PURPOSE, "", 2, None)
    assert row.names is not None and (row.names.addressee, row.names.place) == ("みなと保険事務所", "書庫B")
    after = whole_office.progress(office.desk())
    assert (after.printed, after.coming, after.left) == (2, [], 0) and [p.serial for p in after.pieces] == [entry.serial]


def test_every_client_on_a_piece_is_told_of_in_the_journal(office: Office) -> None:
    before = office.sql("SELECT max(position) FROM journal")[0][0]
    piece(office)
    rows = office.sql("SELECT clear FROM journal WHERE position > ?", before)
    printed = [c["subject"] for (clear,) in rows if (c := codec.decode(clear))["event"] == "sheet-printed"]
    assert sorted(printed) == sorted(office.facts.clients)


def test_how_far_it_is_survives_everything_but_a_change(one_at_a_time: None, office: Office) -> None:
    assert names_on(piece(office)) == [NAMES[0]]
    office.restart()
    office.clock.tick(400 * DAY)
    far = whole_office.progress(office.desk())
    assert (far.printed, far.left, [head.name for head in far.coming]) == (1, 1, [NAMES[1]])
    assert names_on(piece(office)) == [NAMES[1]]
    assert whole_office.progress(office.desk()).left == 0


def test_who_is_changed_or_new_comes_again(office: Office) -> None:
    piece(office)
    desk, client = office.desk(), office.facts.clients[1]
    record = clients.get(desk, client).client
    policies.create(desk, client, policy(record, "アフラック", "A-99"))
    far = whole_office.progress(desk)
    assert [head.name for head in far.changed] == [head.name for head in far.coming] == [NAMES[1]]
    clients.create(desk, desk.client_compartments()[0], household("青木 空", "アオキ ソラ"))
    assert [head.name for head in whole_office.progress(desk).coming] == ["青木 空", NAMES[1]]
    assert names_on(piece(office)) == ["青木 空", NAMES[1]] and whole_office.progress(office.desk()).left == 0


@pytest.mark.parametrize(("outcome", "left"), [(NOT_PRINTED, 1), (SHREDDED, 1), ("保管", 0)])
def test_what_the_ledger_says_of_a_piece_counts(outcome: str, left: int, office: Office) -> None:
    piece(office)
    ledger_notes.note_outcome(office.desk(), 1, Outcome(outcome=outcome), 1)
    far = whole_office.progress(office.desk())
    assert (far.left, far.printed) == (left, 0 if left else 2)


def test_a_piece_that_was_opened_elsewhere_is_not_opened_twice(one_at_a_time: None, office: Office) -> None:
    desk = office.desk()
    first = whole_office.progress(desk).coming[0].id
    whole_office.print_next(desk, FINAL, first)
    with pytest.raises(Conflict, match="whole-office-moved"):
        whole_office.print_next(desk, FINAL, first)
    assert total(desk) == 1


def test_a_piece_is_printed_again_with_a_new_number(one_at_a_time: None, office: Office) -> None:
    first = piece(office)
    again = whole_office.print_again(office.desk(), FINAL, first.sheet.serial)
    assert names_on(again) == names_on(first) and again.sheet.serial == 2
    with pytest.raises(NotFound):
        whole_office.print_again(office.desk(), FINAL, 99)
    assert total(office.desk()) == 2 and whole_office.progress(office.desk()).printed == 1


def test_a_piece_ends_before_it_gets_too_long(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole_office_progress, "MOST_POLICIES", 3)
    assert whole_office.progress(office.desk()).left == 2 and len(piece(office).clients) == 1
    monkeypatch.setattr(whole_office_progress, "MOST_POLICIES", 1)
    assert len(piece(office).clients) == 1


def test_nothing_leaves_and_nothing_counts_when_it_could_not_be_written(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = office.desk()
    first = whole_office.progress(desk).coming[0].id

    def fail(*_: object, **__: object) -> None:
        raise KuraError("error")

    with monkeypatch.context() as patch:
        patch.setattr(audit, "write", fail)
        with pytest.raises(KuraError):
            whole_office.print_next(desk, FINAL, first)
    assert total(office.desk()) == 0 and whole_office.progress(office.desk()).printed == 0


@pytest.mark.parametrize("role", [Role.HANDLER, Role.VIEWER, Role.AUDITOR])
def test_only_who_may_end_the_contract_prints_everything(role: Role, office: Office) -> None:
    desk = colleague(office, role)() if role is not Role.AUDITOR else join(office, role).desk(office)
    for act in (
        lambda: whole_office.progress(desk),
        lambda: whole_office.print_next(desk, FINAL, office.facts.clients[0]),
        lambda: whole_office.print_again(desk, FINAL, 1),
        lambda: whole_office.request(desk, FINAL),
    ):
        with pytest.raises(Forbidden):
            act()


# --- everything, with another person's word


def test_one_approval_is_enough_for_all_pieces(one_at_a_time: None, office: Office) -> None:
    want_approval(office)
    handler = colleague(office, Role.HANDLER)
    assert whole_office.progress(office.desk()).approval == "needed"
    with pytest.raises(Refused, match="approval-needed"):
        piece(office)
    serial = whole_office.request(office.desk(), FINAL)
    assert whole_office.progress(office.desk()).approval == "waiting"
    with pytest.raises(Refused, match="whole-office-asked"):
        whole_office.request(office.desk(), FINAL)
    with pytest.raises(Refused, match="approval-needed"):
        piece(office)
    with pytest.raises(Refused, match="order-own"):
        printing.approve(office.desk(), serial, 1)
    assert ledger.approvable(handler(), ledger.one(handler(), serial))
    printing.approve(handler(), serial, 1)
    with pytest.raises(Refused, match="whole-office-elsewhere"):
        printing.print_approved(office.desk(), serial)
    other = replace(FINAL, addressee="だれか", place="どこか")
    made = [piece(office, other), piece(office, None)]
    assert [each.sheet.serial for each in made] == [serial, serial + 1]
    for each in made:
        row = ledger.one(office.desk(), each.sheet.serial)
        assert row.names is not None and (row.names.addressee, row.names.place) == ("みなと保険事務所", "書庫B")
        assert row.approved_by == "鳥羽 渚" and row.entry.left
    assert whole_office.progress(office.desk()).left == 0


def test_an_order_that_was_declined_withdrawn_or_is_old_gives_nothing(office: Office) -> None:
    want_approval(office)
    handler = colleague(office, Role.HANDLER)
    first = whole_office.request(office.desk(), FINAL)
    printing.decline(handler(), first, Decline(reason="まだ早い"), 1)
    assert whole_office.progress(office.desk()).approval == "needed"
    second = whole_office.request(office.desk(), FINAL)
    ledger_notes.note_outcome(office.desk(), second, Outcome(outcome=WITHDRAWN), 1)
    assert whole_office.progress(office.desk()).approval == "needed"
    third = whole_office.request(office.desk(), FINAL)
    printing.approve(handler(), third, 1)
    assert whole_office.progress(office.desk()).approval == "granted"
    office.clock.tick(whole_office_progress.APPROVAL_SECONDS)
    assert whole_office.progress(office.desk()).approval == "needed"


def test_an_approval_is_of_who_asked(office: Office) -> None:
    want_approval(office)
    other = join(office, Role.ADMINISTRATOR, (), "管理 二子")
    serial = whole_office.request(office.desk(), FINAL)
    printing.approve(other.desk(office), serial, 1)
    assert whole_office.progress(other.desk(office)).approval == "needed"
    assert whole_office.progress(office.desk()).approval == "granted"
