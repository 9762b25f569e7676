"""Rows moved, put back, removed or added by hand: refused loudly, nothing shown, and an administrator can go on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.support.offices import NAMES, PASSWORD, Office, household
from tests.support.visits import Visit, shows_nothing
from vault.domain.prints import POLICY_LIST, PrintOrder
from vault.errors import Damaged, RolledBack
from vault.services import audit, clients, policies
from vault.services.ledger import newest
from vault.services.printing import print_client

Attack = Callable[[Office], None]


def swap_between_clients(office: Office) -> None:
    one, other = office.facts.policies[0][0], office.facts.policies[1][0]
    swap(office, one, other)


def swap_between_records(office: Office) -> None:
    swap(office, *office.facts.policies[0])


def swap(office: Office, one: bytes, other: bytes) -> None:
    [(a,)], [(b,)] = (office.sql("SELECT sealed FROM records WHERE id=?", each) for each in (one, other))
    office.sql("UPDATE records SET sealed=? WHERE id=?", b, one)
    office.sql("UPDATE records SET sealed=? WHERE id=?", a, other)


def change_owner(office: Office) -> None:
    office.sql("UPDATE records SET owner=? WHERE id=?", office.facts.clients[1], office.facts.policies[0][0])


def older_row_put_back(office: Office) -> None:
    office.sql(
        "UPDATE records SET (version, changed, sealed) = (SELECT version, changed, sealed FROM history"
        " WHERE history.id=records.id AND history.version=1) WHERE id=?", office.facts.policies[0][0],
    )  # fmt: skip


def older_bytes_under_the_new_version(office: Office) -> None:
    office.sql(
        "UPDATE records SET sealed=(SELECT sealed FROM history WHERE history.id=records.id) WHERE id=?",
        office.facts.policies[0][0],
    )


def row_deleted(office: Office) -> None:
    office.sql("DELETE FROM records WHERE id=?", office.facts.policies[0][0])


def client_row_deleted(office: Office) -> None:
    office.sql("DELETE FROM records WHERE id=?", office.facts.clients[0])


def row_added(office: Office) -> None:
    office.sql(
        "INSERT INTO records SELECT randomblob(16), owner, folder, kind, version, changed, sealed FROM records WHERE id=?",
        office.facts.policies[0][0],
    )


def version_written_over(office: Office) -> None:
    office.sql("UPDATE records SET version=7 WHERE id=?", office.facts.policies[0][0])


def kind_written_over(office: Office) -> None:
    office.sql("UPDATE records SET kind='corporation' WHERE id=?", office.facts.clients[0])


def one_byte_flipped(office: Office) -> None:
    [(sealed,)] = office.sql("SELECT sealed FROM records WHERE id=?", office.facts.policies[0][0])
    office.sql("UPDATE records SET sealed=? WHERE id=?", sealed[:-1] + bytes([sealed[-1] ^ 1]), office.facts.policies[0][0])


def earlier_version_deleted(office: Office) -> None:
    office.sql("DELETE FROM history WHERE id=?", office.facts.clients[0])


def earlier_versions_swapped(office: Office) -> None:
    [(sealed,)] = office.sql("SELECT sealed FROM history WHERE id=?", office.facts.policies[0][0])
    office.sql("UPDATE history SET sealed=? WHERE id=?", sealed, office.facts.clients[0])


def contents_deleted(office: Office) -> None:
    office.sql("DELETE FROM contents WHERE owner=?", office.facts.clients[0])


def contents_swapped(office: Office) -> None:
    [(other,)] = office.sql("SELECT sealed FROM contents WHERE owner=?", office.facts.clients[1])
    office.sql("UPDATE contents SET sealed=? WHERE owner=?", other, office.facts.clients[0])


def everything_deleted(office: Office) -> None:
    for table in ("records", "history", "contents"):
        office.sql(f"DELETE FROM {table} WHERE owner=?", office.facts.clients[0])


ATTACKS = [
    swap_between_clients, swap_between_records, change_owner, older_row_put_back, older_bytes_under_the_new_version,
    row_deleted, client_row_deleted, row_added, version_written_over, kind_written_over, one_byte_flipped,
    earlier_version_deleted, earlier_versions_swapped, contents_deleted, contents_swapped, everything_deleted,
]  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda a: a.__name__)
def test_the_client_is_not_shown(attack: Attack, visit: Visit, office: Office) -> None:
    attack(office)
    elsewhere = attack in (earlier_version_deleted, earlier_versions_swapped)  # the policy itself is as it was
    for path in (visit.client_page(), visit.client_page() + "/edit", *([] if elsewhere else [visit.policy_page()])):
        answer = visit.get(path)
        assert answer.status_code in (404, 409), (path, answer.status_code)
        assert shows_nothing(answer)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda a: a.__name__)
def test_the_service_refuses_it_as_damage(attack: Attack, office: Office) -> None:
    attack(office)
    with pytest.raises(Damaged):
        clients.get(office.desk(), office.facts.clients[0])


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda a: a.__name__)
def test_an_administrator_goes_on_with_what_is_there(attack: Attack, visit: Visit, office: Office) -> None:
    attack(office)
    refused = visit.get(visit.client_page())
    for owner in office.facts.clients:  # a swap hurts both
        link = f"/attention?owner={owner.hex()}"
        if owner == office.facts.clients[0]:
            assert link in refused.get_data(as_text=True)
        assert visit.get(link).status_code == 200
        assert visit.post("/attention", {"owner": owner.hex(), "password": PASSWORD}).status_code == 303
    listed = visit.get("/clients")
    assert listed.status_code == 200 and NAMES[1] in listed.get_data(as_text=True)
    if attack not in (everything_deleted,):
        shown = visit.get(visit.client_page())
        assert shown.status_code == 200 and NAMES[0] in shown.get_data(as_text=True)
        _still_writable(office)
    assert audit_events(office)[:1] != ["rollback-found"] and "rollback-confirmed" in audit_events(office)


def _still_writable(office: Office) -> None:
    desk = office.desk()
    page = clients.get(desk, office.facts.clients[0])
    for _ in range(2):
        version = clients.save(desk, page.id, replace(household(NAMES[0], "シマ カイト"), notes="三度目"), page.version)
        page = clients.get(desk, office.facts.clients[0])
        assert page.version == version
    for held in page.policies:
        policies.save(desk, page.id, held.id, held.policy, held.version)
    assert [v.number for v in clients.versions(desk, page.id, page.id)] == list(range(page.version, 0, -1))


def audit_events(office: Office) -> list[str]:
    desk = office.desk()
    with desk.instance.engine.begin() as connection:
        return [str(told.clear["event"]) for told in audit.newest(desk, connection, 50)]


def test_without_the_password_nothing_is_confirmed(visit: Visit, office: Office) -> None:
    row_deleted(office)
    owner = office.facts.clients[0].hex()
    assert visit.post("/attention", {"owner": owner, "password": "not the password"}).status_code == 403
    assert visit.get(visit.client_page()).status_code == 409


def test_a_confirmation_for_no_client_is_refused(visit: Visit) -> None:
    assert visit.post("/attention", {"owner": "zz", "password": PASSWORD}).status_code == 404
    assert visit.post("/attention", {"owner": "00" * 16, "password": PASSWORD}).status_code == 404


def test_a_row_of_another_office_does_not_open(visit: Visit, office: Office, other_office: Office) -> None:
    [foreign] = other_office.sql(
        "SELECT folder, kind, version, changed, sealed FROM records WHERE id=?", other_office.facts.policies[0][0]
    )
    office.sql(
        "UPDATE records SET folder=?, kind=?, version=?, changed=?, sealed=? WHERE id=?",
        *foreign, office.facts.policies[0][0],
    )  # fmt: skip
    answer = visit.get(visit.client_page())
    assert answer.status_code == 409 and shows_nothing(answer)


def test_the_database_of_another_office_shows_nothing(office: Office, other_office: Office, visit: Visit) -> None:
    office.put_database_back(other_office.copy_database())
    office.clock.tick(120)
    for path in ("/clients", visit.client_page()):
        answer = visit.get(path)
        assert answer.status_code in (303, 404, 409) and shows_nothing(answer)


def _client_rows(office: Office) -> dict[str, list[tuple[object, ...]]]:
    owner = office.facts.clients[0]
    return {table: office.sql(f"SELECT * FROM {table} WHERE owner=?", owner) for table in ("records", "history", "contents")}


def _put_back(office: Office, rows: dict[str, list[tuple[object, ...]]]) -> None:
    for table, kept in rows.items():
        office.sql(f"DELETE FROM {table} WHERE owner=?", office.facts.clients[0])
        for row in kept:
            office.sql(f"INSERT INTO {table} VALUES ({','.join('?' * len(row))})", *row)


def _save_again(office: Office) -> None:
    desk = office.desk()
    page = clients.get(desk, office.facts.clients[0])
    clients.save(desk, page.id, replace(household(NAMES[0], "シマ カイト"), notes="新しい"), page.version)


@pytest.mark.parametrize("tables", [("contents",), ("records", "history", "contents")], ids=["contents", "everything"])
def test_a_client_put_back_as_it_was_is_noticed_and_can_be_confirmed(
    tables: tuple[str, ...], visit: Visit, office: Office
) -> None:
    before = _client_rows(office)
    _save_again(office)
    _put_back(office, {table: rows for table, rows in before.items() if table in tables})
    with pytest.raises(RolledBack):
        clients.get(office.desk(), office.facts.clients[0])
    answer = visit.get(visit.client_page())
    assert answer.status_code == 409 and shows_nothing(answer)
    assert "rollback-found" in audit_events(office)
    owner = office.facts.clients[0].hex()
    assert visit.post("/attention", {"owner": owner, "password": PASSWORD}).status_code == 303
    assert visit.get(visit.client_page()).status_code == 200
    _still_writable(office)


def test_a_client_list_does_not_hide_a_damaged_client(visit: Visit, office: Office) -> None:
    swap_between_clients(office)
    client_row_deleted(office)
    answer = visit.get("/clients")
    assert answer.status_code == 409 and shows_nothing(answer)


ORDER = PrintOrder(sheet=POLICY_LIST, purpose="お客様へ交付", addressee="志摩 海斗 様", copies=1)


@pytest.mark.parametrize("serial", [1, 2], ids=["the first", "the newest"])
def test_a_row_taken_out_of_the_print_ledger_is_noticed(serial: int, office: Office) -> None:
    desk = office.desk()
    for _ in range(2):
        print_client(desk, office.facts.clients[0], ORDER)
    assert newest(desk)[1] == 2
    office.sql("DELETE FROM ledger WHERE serial=?", serial)
    with pytest.raises(Damaged):
        newest(desk)
    with pytest.raises(Damaged):  # its number is not given out again
        print_client(desk, office.facts.clients[0], ORDER)


def test_a_row_written_over_in_the_print_ledger_is_noticed(office: Office) -> None:
    desk = office.desk()
    for _ in range(2):
        print_client(desk, office.facts.clients[0], ORDER)
    office.sql("UPDATE ledger SET sealed=(SELECT sealed FROM ledger WHERE serial=1) WHERE serial=2")
    with pytest.raises(Damaged):
        newest(desk)
