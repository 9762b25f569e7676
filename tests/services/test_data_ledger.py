"""個人データ管理台帳: what it says agrees with what the office holds, whoever looks."""

from __future__ import annotations

from tests.support.colleagues import add_colleague, add_compartment, sign_role
from tests.support.offices import NAMES, Office, household
from vault.domain.access import Permission, Role
from vault.domain.inspections import NOTHING, Inspection
from vault.domain.prints import Outcome, TakeOut
from vault.services import clients, inspections, ledger_notes
from vault.services.audit import Event
from vault.services.data_ledger import COUNT, DataLedger, data_ledger
from vault.services.safe import OFFICE_PAGE


def counted(office: Office) -> DataLedger:
    return data_ledger(office.desk())


def test_the_numbers_are_those_of_the_office(office: Office) -> None:
    found = counted(office)
    assert found.counted is not None
    assert (found.clients, found.policies, found.prints, found.out) == (2, 4, 0, 0)
    assert (found.counted.clients, found.counted.people, found.counted.policies) == (2, 2, 4)
    assert found.counted.categories["contact"] == 2 and "health" not in found.counted.categories
    assert [room.clients for room in found.rooms] == [2]


def test_who_can_open_what_is_told_by_compartment(office: Office) -> None:
    branch = add_compartment(office, "横浜支店")
    add_colleague(office, "handler", (branch,))
    rooms = {room.name: [(h.name, h.role) for h in room.holders] for room in counted(office).rooms}
    assert rooms["横浜支店"] == [("佐々木 恵", Role.ADMINISTRATOR), ("同僚 一郎", Role.HANDLER)]
    assert [("佐々木 恵", Role.ADMINISTRATOR)] in rooms.values()
    assert counted(office).responsible == ["佐々木 恵"]


def test_a_compartment_without_clients_has_none(office: Office) -> None:
    add_compartment(office, "横浜支店")
    assert {room.name: room.clients for room in counted(office).rooms}["横浜支店"] == 0


def test_an_auditor_reads_the_numbers_an_administrator_left_and_can_open_no_client(office: Office) -> None:
    before = counted(office)
    sign_role(office, office.desk(), "auditor")
    office.clock.tick(3600)
    desk = office.desk()
    assert desk.client_compartments() == []
    found = data_ledger(desk)
    assert found.counted == before.counted
    assert found.counted_at == before.at < found.at


def test_before_anybody_has_counted_an_auditor_is_told_so(office: Office) -> None:
    sign_role(office, office.desk(), "auditor")
    found = counted(office)
    assert found.counted is None and found.counted_at == 0
    assert (found.clients, found.policies) == (2, 4)


def test_the_numbers_are_left_anew_when_they_change_or_are_a_day_old(office: Office) -> None:
    def versions() -> int:
        return int(office.sql("SELECT max(version) FROM records WHERE kind = 'count'")[0][0])

    counted(office)
    counted(office)
    assert versions() == 1
    desk = office.desk()
    clients.create(desk, desk.client_compartments()[0], household("新田 花", "ニッタ ハナ"))
    found = counted(office)
    assert versions() == 2 and found.counted is not None and found.counted.clients == 3
    office.clock.tick(24 * 3600)
    counted(office)
    assert versions() == 3


def test_what_is_left_for_others_names_nobody(office: Office) -> None:
    counted(office)
    with office.desk().act(Event.DATA_LEDGER_OPENED, Permission.READ_SAFETY) as act:
        (left,) = act.read(OFFICE_PAGE, [COUNT])
    assert not any(name.split()[0].encode() in left.payload for name in NAMES)


def test_what_was_taken_out_counts_as_out_until_it_is_back(office: Office) -> None:
    thing = TakeOut(thing="書類", description="封筒", people=1, purpose="お客様へ交付", place="渋谷")
    for _ in range(2):
        serial = ledger_notes.take_out(office.desk(), thing)
    ledger_notes.note_outcome(office.desk(), serial, Outcome(outcome="返却"), 1)
    found = counted(office)
    assert (found.prints, found.out) == (2, 1)


def test_the_last_inspection_is_named(office: Office) -> None:
    assert counted(office).inspection is None
    office.clock.tick(40 * 24 * 3600)
    month = inspections.overview(office.desk())[-1].month
    inspections.sign(office.desk(), month, Inspection(findings="特になし", result=NOTHING))
    found = counted(office).inspection
    assert found is not None
    assert (found.month, found.reviewer, found.result) == (month, "佐々木 恵", NOTHING)
    assert found.at == office.instance.now()


def test_a_copy_of_the_keys_that_is_away_is_missing_and_not_on_the_same_disk(office: Office) -> None:
    assert (counted(office).owed, counted(office).one_disk) == (0, True)
    away = office.settings.replicas[1]
    away.rename(away.with_name("away"))
    found = counted(office)
    assert (found.owed, found.one_disk) == (1, False)
    away.with_name("away").rename(away)
