"""The bin: hidden everywhere, back as it was, gone for good after its days."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.offices import Office, household
from tests.support.people import join
from vault.domain.access import Permission, Role
from vault.domain.clients import Hold, RelatedClient
from vault.domain.erasures import BIN, BIN_REASON, CLIENT
from vault.domain.prints import PrintOrder
from vault.errors import Conflict, Forbidden, NotFound, Refused
from vault.services import (
    bin,
    clients,
    erasing,
    ledger,
    objects,
    operations,
    policies,
    printing,
    whole_office_progress,
)
from vault.services import today as today_service
from vault.services.audit import Event
from vault.storage import records
from vault.storage.database import transaction

DAY = 24 * 60 * 60
ORDER = PrintOrder(sheet="保険証券一覧表", purpose="社内利用", addressee="佐々木 恵", copies=1)


def binned(office: Office, client: int = 0, policy: int | None = None) -> tuple[bytes, bytes]:
    """Something in the bin: a client, or one of his policies."""
    owner = office.facts.clients[client]
    record = owner if policy is None else office.facts.policies[client][policy]
    page = clients.get(office.desk(), owner)
    version = page.version if policy is None else next(h.version for h in page.policies if h.id == record)
    bin.put(office.desk(), owner, record, version)
    return owner, record


def test_a_binned_policy_is_found_by_nobody(office: Office) -> None:
    before = operations.state(office.desk()).records["policy"]
    owner, policy = binned(office, 0, 0)
    desk = office.desk()
    assert policy not in {held.id for held in clients.get(desk, owner).policies}
    assert {head.id: head.policies for head in clients.list_clients(desk)}[owner] == len(office.facts.policies[0]) - 1
    with pytest.raises(NotFound):
        policies.get(desk, owner, policy)
    with pytest.raises(NotFound):
        clients.versions(desk, owner, policy)
    sheet = printing.print_client(desk, owner, ORDER)
    assert policy not in {held.id for held in sheet.page.policies}
    state = operations.state(office.desk())
    assert (state.records["policy"], state.binned) == (before - 1, 1)
    [item] = bin.listed(office.desk())
    assert (item.client, item.record, item.whole, item.by) == (owner, policy, False, "佐々木 恵")
    assert item.policy is not None and item.until == item.since + 30 * DAY


def test_a_binned_client_is_found_by_nobody_and_keeps_his_ledger_rows(office: Office) -> None:
    owner, other = office.facts.clients[:2]
    page = clients.get(office.desk(), other)
    linked = replace(page.client, related=(RelatedClient(client=owner.hex(), link="親族の世帯"),))
    clients.save(office.desk(), other, linked, page.version)
    printing.print_client(office.desk(), owner, ORDER)
    binned(office)
    desk = office.desk()
    assert owner not in {head.id for head in clients.list_clients(desk)}
    for look in (lambda: clients.get(desk, owner), lambda: policies.get(desk, owner, office.facts.policies[0][0]),
                 lambda: clients.versions(desk, owner, owner), lambda: printing.print_client(desk, owner, ORDER)):  # fmt: skip
        with pytest.raises(NotFound):
            look()
    assert clients.get(desk, other).related == []
    assert today_service.today(desk).clients == len(office.facts.clients) - 1
    state = operations.state(desk)
    assert (state.records["policy"], state.binned) == (len(office.facts.policies[1]), 1)
    with desk.act(Event.LEDGER_OPENED, Permission.PRINT) as act:
        progress = whole_office_progress.progress_of(act)
    assert progress.elsewhere == 0 and progress.clients == len(office.facts.clients) - 1
    [row] = ledger.newest(desk)[0]
    assert row.names is not None and row.names.client.startswith("志摩 海斗")
    [item] = bin.listed(office.desk())
    assert item.whole and item.policies == len(office.facts.policies[0])


def whole(office: Office) -> list[tuple[Any, ...]]:
    """Everything that readers see of every client, with every version."""
    desk = office.desk()
    found: list[tuple[Any, ...]] = []
    for client in office.facts.clients:
        page = clients.get(desk, client)
        kept = [clients.versions(desk, client, each) for each in (client, *(held.id for held in page.policies))]
        found.append((page, kept))
    return [*found, *((head.id, head.payload, head.policies) for head in clients.list_clients(desk))]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from([(0, None), (0, 0), (0, 1), (1, None), (1, 0)]), max_size=5, unique=True),
       st.permutations(range(5)))  # fmt: skip
def test_into_the_bin_and_back_in_any_order_changes_nothing(
    office: Office, things: list[tuple[int, int | None]], order: list[int]
) -> None:
    before = whole(office)
    put = []
    # A policy of a client who lies there already is not to be reached, so clients go last; they come back at any time.
    for client, policy in sorted(things, key=lambda each: each[1] is None):
        put.append(binned(office, client, policy))
    for owner, record in (put[place] for place in order if place < len(put)):
        bin.bring_back(office.desk(), owner, record)
    assert whole(office) == before
    assert bin.listed(office.desk()) == []


def test_twice_into_the_bin_and_twice_back_is_once(office: Office) -> None:
    owner, policy = binned(office, 0, 0)
    bin.put(office.desk(), owner, policy, 2)
    assert len(bin.listed(office.desk())) == 1
    for _ in range(2):
        bin.bring_back(office.desk(), owner, policy)
    assert policies.get(office.desk(), owner, policy).held.version == 2


def test_what_somebody_saved_meanwhile_is_not_binned_unseen(office: Office) -> None:
    owner, policy = office.facts.clients[0], office.facts.policies[0][1]
    held = policies.get(office.desk(), owner, policy).held
    policies.save(office.desk(), owner, policy, replace(held.policy, notes="電話あり"), held.version)
    with pytest.raises(Conflict):
        bin.put(office.desk(), owner, policy, held.version)
    assert policies.get(office.desk(), owner, policy).held.policy.notes == "電話あり"


def test_nothing_is_written_to_what_lies_in_the_bin(office: Office) -> None:
    owner = office.facts.clients[0]
    page = clients.get(office.desk(), owner)
    binned(office)
    for write in (
        lambda: clients.save(office.desk(), owner, page.client, page.version),
        lambda: policies.save(office.desk(), owner, page.policies[0].id, page.policies[0].policy, page.policies[0].version),
        lambda: policies.create(office.desk(), owner, page.policies[0].policy),
    ):
        with pytest.raises(NotFound):
            write()
    with pytest.raises(NotFound), office.desk().act(Event.CLIENT_SAVED, Permission.WRITE_DOCUMENTS, owner) as act:
        objects.put(act, owner, [b"scan"], 4)
    assert bin.lies_there(office.desk(), owner, owner) and bin.lies_there(office.desk(), owner, page.policies[0].id)
    bin.bring_back(office.desk(), owner, owner)
    assert clients.get(office.desk(), owner) == page
    assert not bin.lies_there(office.desk(), owner, owner)


def test_a_handler_may_bin_and_bring_back_but_not_erase(office: Office) -> None:
    [room] = office.desk().client_compartments()
    member = join(office, Role.HANDLER, (room,))
    owner, policy = office.facts.clients[0], office.facts.policies[0][0]
    bin.put(member.desk(office), owner, policy, 2)
    assert [item.by for item in bin.listed(member.desk(office))] == ["鳥羽 渚"]
    office.clock.tick(31 * DAY)
    assert bin.sweep(member.desk(office)) == 0
    bin.bring_back(member.desk(office), owner, policy)
    assert policies.get(office.desk(), owner, policy).held.version == 2
    viewer = join(office, Role.VIEWER, (room,), "相馬 奏")
    with pytest.raises(Forbidden):
        bin.put(viewer.desk(office), owner, policy, 2)
    with pytest.raises(Forbidden):
        bin.listed(viewer.desk(office))


def test_the_bin_of_another_compartment_is_not_seen(office: Office) -> None:
    from vault.services.accounts import compartments

    binned(office)
    elsewhere = compartments.make(office.desk(), "大阪支店")
    member = join(office, Role.HANDLER, (elsewhere,))
    assert bin.listed(member.desk(office)) == []
    assert not bin.lies_there(member.desk(office), office.facts.clients[0], office.facts.clients[0])
    with pytest.raises(NotFound):
        bin.bring_back(member.desk(office), office.facts.clients[0], office.facts.clients[0])


def raw_files(office: Office) -> list[tuple[Path, bytes]]:
    places = [office.folder, office.settings.backups]
    return [(path, path.read_bytes()) for place in places for path in place.rglob("*") if path.is_file()]


def test_after_its_days_a_policy_is_gone_with_the_key_that_opens_older_backups(office: Office) -> None:
    owner, policy = binned(office, 0, 0)
    old = office.desk().folder(owner)
    office.clock.tick(30 * DAY - 1)
    assert bin.sweep(office.desk()) == 0
    office.clock.tick(DAY)
    assert bin.sweep(office.desk()) == 1
    desk = office.desk()
    assert bin.listed(desk) == [] and desk.folder(owner).id != old.id
    assert [held.id for held in clients.get(desk, owner).policies] == office.facts.policies[0][1:]
    assert office.sql("SELECT count(*) FROM records WHERE id=?", policy) == [(0,)]
    assert office.sql("SELECT count(*) FROM history WHERE id=?", policy) == [(0,)]
    assert office.sql("SELECT count(*) FROM records WHERE kind LIKE 'bin%'") == [(0,)]
    for path, raw in raw_files(office):
        assert old.key not in raw, path
    [(erasure, _)] = erasing.listed(desk)
    assert (erasure.what, erasure.reason, erasure.records, erasure.versions) == (BIN, BIN_REASON, 1, 1)
    with pytest.raises(NotFound):
        bin.bring_back(office.desk(), owner, policy)


def test_after_his_days_a_client_is_gone(office: Office) -> None:
    owner, _ = binned(office)
    office.clock.tick(30 * DAY)
    assert bin.sweep(office.desk()) == 1
    with pytest.raises(NotFound):
        office.desk().folder(owner)
    [(erasure, _)] = erasing.listed(office.desk())
    assert (erasure.what, erasure.reason) == (CLIENT, BIN_REASON)
    with transaction(office.instance.engine) as connection:
        assert records.client_count(connection, "bin-client") == len(office.facts.clients) - 1


def test_the_bin_is_swept_once_a_day(office: Office) -> None:
    assert bin.sweep(office.desk()) == 0
    binned(office, 0, 0)
    office.clock.tick(31 * DAY)
    assert bin.sweep(office.desk()) == 1
    binned(office, 0, 1)
    assert bin.sweep(office.desk()) == 0


def test_more_than_one_go_can_take_goes_in_the_next(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bin, "MOST", 1)
    binned(office, 0, 0)
    binned(office, 1)
    office.clock.tick(31 * DAY)
    assert [bin.sweep(office.desk()) for _ in range(3)] == [1, 1, 0]


def held(office: Office, client: int = 0) -> None:
    owner = office.facts.clients[client]
    page = clients.get(office.desk(), owner)
    clients.save(office.desk(), owner, replace(page.client, holds=(Hold(reason="訴訟中"),)), page.version)


def test_what_is_held_is_not_binned(office: Office) -> None:
    held(office)
    owner, policy = office.facts.clients[0], office.facts.policies[0][0]
    version = clients.get(office.desk(), owner).version
    for record, base in ((owner, version), (policy, 2)):
        with pytest.raises(Refused) as refused:
            bin.put(office.desk(), owner, record, base)
        assert refused.value.code == "held" and refused.value.facts["reason"] == "訴訟中"


def test_what_is_held_since_it_was_binned_stays(office: Office) -> None:
    owner, policy = binned(office, 0, 0)
    held(office)
    office.clock.tick(40 * DAY)
    assert bin.sweep(office.desk()) == 0
    [item] = bin.listed(office.desk())
    assert item.held
    bin.bring_back(office.desk(), owner, policy)
    assert policies.get(office.desk(), owner, policy).held.version == 2


def test_a_client_erased_by_an_administrator_is_in_no_bin(office: Office) -> None:
    from vault.domain.erasures import ErasureOrder

    owner, _ = binned(office)
    erasing.erase_clients(office.desk(), [owner], ErasureOrder(reason="誤った登録"))
    assert bin.listed(office.desk()) == []
    with pytest.raises(NotFound):
        bin.bring_back(office.desk(), owner, owner)


def test_the_log_names_what_lies_in_the_bin(office: Office) -> None:
    from vault.services import log
    from vault.services.log_walk import Query

    binned(office)
    lines = log.page(office.desk(), Query()).lines
    [line] = [line for line in lines if line.event == Event.BINNED.value]
    assert line.subject is not None and (line.subject.kind, line.subject.text) == ("client", "志摩 海斗")


def test_a_new_client_is_as_before_beside_a_bin(office: Office) -> None:
    binned(office)
    desk = office.desk()
    made = clients.create(desk, desk.client_compartments()[0], household("久我 澪", "クガ ミオ"))
    assert made in {head.id for head in clients.list_clients(office.desk())}
