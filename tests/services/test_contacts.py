"""応対, 意向, 第三者提供, 事故・請求 as records of a client: versions, tasks, roles, the bin, the search, erasing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.dealings import DAY, claim, contact, intention, made, provision
from tests.support.offices import Office
from tests.support.people import join
from vault.domain.access import Role
from vault.domain.claims import Claim
from vault.domain.contacts import Contact
from vault.domain.dealings import CLAIM, CONTACT, INTENTION, KINDS, PROVISION
from vault.domain.erasures import ErasureOrder
from vault.domain.search import Query
from vault.domain.values import TypedDate
from vault.domain.values.moments import DAY as SECONDS
from vault.domain.values.moments import day_of
from vault.errors import Conflict, Forbidden, NotFound
from vault.services import bin, clients, data_ledger, dealings, erasing
from vault.services.accounts import compartments
from vault.services.safe import Desk
from vault.services.search.finding import search
from vault.services.worklist import tasks

ERASE = ErasureOrder(reason="誤った登録")


def noted(office: Office, kind: str, client: int = 0, **more: str) -> bytes:
    return dealings.create(office.desk(), office.facts.clients[client], made(kind, **more))


def open_tasks(office: Office) -> list[tuple[str, str, str, str]]:
    found = [held.task for held in clients.get(office.desk(), office.facts.clients[0]).tasks if held.task.open]
    return [(task.what, task.due.value.isoformat(), task.assignee, task.policy) for task in found]


def words(desk: Desk, text: str, what: str = "") -> list[str]:
    found = search(desk, Query(words=text, what=what), day_of(desk.instance.now()))
    return [type(hit.paper).__name__ for hit in found.hits if hit.paper is not None]


# --- one of them


@pytest.mark.parametrize("kind", KINDS)
def test_each_is_entered_corrected_and_keeps_every_version(kind: str, office: Office) -> None:
    client, record = office.facts.clients[0], noted(office, kind)
    before = dealings.get(office.desk(), client, kind, record).held
    now = replace(before.dealing, handler="鳥羽 渚")
    assert dealings.save(office.desk(), client, record, now, 1) == 2
    page = dealings.get(office.desk(), client, kind, record)
    assert (page.held.dealing, page.held.version, [number for number, _, _ in page.written]) == (now, 2, [2, 1])
    told = dealings.versions(office.desk(), client, kind, record)
    assert [(version.number, version.record) for version in told] == [(2, now), (1, before.dealing)]
    assert dealings.version_of(office.desk(), client, kind, record, 1) == before.dealing
    with pytest.raises(Conflict):
        dealings.save(office.desk(), client, record, before.dealing, 1)
    with pytest.raises(NotFound):
        dealings.version_of(office.desk(), client, kind, record, 3)


def test_the_newest_stands_first_by_day_and_time(office: Office) -> None:
    for day, time in (("2026/11/17", "18:00"), (DAY, "9:00"), (DAY, "14:00")):
        noted(office, CONTACT, day=day, time=time, next="", next_day="")
    page = clients.get(office.desk(), office.facts.clients[0])
    assert [held.dealing.time for held in page.dealt(CONTACT) if isinstance(held.dealing, Contact)] == ["14:00", "09:00", "18:00"]
    assert page.dealt(CLAIM) == []


def test_what_is_no_dealing_of_that_client_and_kind_is_not_there(office: Office) -> None:
    record, client = noted(office, CONTACT), office.facts.clients[0]
    for absent in (
        lambda: dealings.get(office.desk(), office.facts.clients[1], CONTACT, record),
        lambda: dealings.get(office.desk(), client, CLAIM, record),
        lambda: dealings.get(office.desk(), client, CONTACT, office.facts.policies[0][0]),
        lambda: dealings.versions(office.desk(), client, CLAIM, record),
        lambda: dealings.save(office.desk(), client, record, claim(), 1),
        lambda: dealings.create(office.desk(), b"\0" * 16, contact()),
    ):
        with pytest.raises(NotFound):
            absent()


def test_a_viewer_reads_all_but_what_is_said_of_health_and_writes_nothing(office: Office) -> None:
    client, rooms = office.facts.clients[0], tuple(office.desk().client_compartments())
    record, spoken = noted(office, CLAIM), noted(office, CONTACT)
    dealings.save(office.desk(), client, record, claim(health="左足首の骨折"), 1)
    viewer, auditor, handler = (join(office, role, rooms if role is not Role.AUDITOR else ()) for role in (Role.VIEWER, Role.AUDITOR, Role.HANDLER))
    desk = viewer.desk(office)
    shown = [dealings.get(desk, client, CLAIM, record).held.dealing, *(v.record for v in dealings.versions(desk, client, CLAIM, record))]
    shown += [held.dealing for held in clients.get(desk, client).dealings]
    assert "骨折" not in repr(shown) and sum("階段で転んだ" in repr(each) for each in shown) == 4
    assert "左足首の骨折" in repr(dealings.get(handler.desk(office), client, CLAIM, record).held.dealing)
    for refused in (
        lambda: dealings.create(viewer.desk(office), client, contact()),
        lambda: dealings.save(viewer.desk(office), client, spoken, contact(), 1),
        lambda: bin.put(viewer.desk(office), client, spoken, 1),
        lambda: dealings.get(auditor.desk(office), client, CONTACT, spoken),
    ):
        with pytest.raises(Forbidden):
            refused()


def test_nobody_outside_the_compartment_reads_or_writes(office: Office) -> None:
    client, record = office.facts.clients[0], noted(office, INTENTION)
    outside = join(office, Role.HANDLER, (compartments.make(office.desk(), "支店"),))
    for absent in (
        lambda: dealings.get(outside.desk(office), client, INTENTION, record),
        lambda: dealings.create(outside.desk(office), client, intention()),
    ):
        with pytest.raises(NotFound):
            absent()


# --- tasks


def test_the_next_step_of_a_contact_becomes_a_task_and_follows_a_correction(office: Office) -> None:
    client, policy = office.facts.clients[0], office.facts.policies[0][0].hex()
    record = noted(office, CONTACT, about=policy)
    assert open_tasks(office) == [("住所変更の書類を送る", "2026-11-25", "佐々木 恵", policy)]
    found = dealings.get(office.desk(), client, CONTACT, record)
    assert found.task is not None and isinstance(found.held.dealing, Contact)
    later = replace(found.held.dealing, next_day=contact(next_day="2026/11/30").next_day, task="")
    dealings.save(office.desk(), client, record, later, 1)
    assert open_tasks(office) == [("住所変更の書類を送る", "2026-11-30", "佐々木 恵", policy)]
    now = dealings.get(office.desk(), client, CONTACT, record)
    assert now.task is not None and now.task.id == found.task.id and now.task.version == 2


def test_a_contact_without_a_next_day_makes_no_task_until_it_has_one(office: Office) -> None:
    client, record = office.facts.clients[0], noted(office, CONTACT, next="様子を見る", next_day="")
    assert open_tasks(office) == []
    dealings.save(office.desk(), client, record, contact(), 1)
    assert [what for what, *_ in open_tasks(office)] == ["住所変更の書類を送る"]


def test_a_task_that_was_done_stays_done_whatever_is_corrected(office: Office) -> None:
    client, record = office.facts.clients[0], noted(office, CONTACT)
    task = dealings.get(office.desk(), client, CONTACT, record).task
    assert task is not None
    done = TypedDate.of(day_of(office.instance.now()))
    tasks.save(office.desk(), client, task.id, replace(task.task, done=done), task.version)
    dealings.save(office.desk(), client, record, contact(next_day="2026/12/24"), 1)
    now = dealings.get(office.desk(), client, CONTACT, record).task
    assert open_tasks(office) == [] and now is not None and now.task.done == done


# --- found, binned, erased, counted


def test_all_of_them_are_found_by_what_was_typed_but_never_by_health(office: Office) -> None:
    for kind in KINDS:
        noted(office, kind)
    desk = office.desk()
    for text, found in {
        "転居": ["Contact"], "転居 骨折": [], "みらい": ["Intention"], "1万2千円": ["Intention"], "港ファイナンス": ["Provision"],
        "階段 転んだ": ["Claim"], "uk88": ["Claim"], "骨折": [], "書類待ち": ["Claim"],
    }.items():  # fmt: skip
        assert words(desk, text) == found, text
    assert sorted(words(desk, "志摩")) == ["Claim", "Contact", "Intention", "Provision", "Task"]
    for kind, cls in KINDS.items():
        assert words(desk, "志摩", kind) == [cls.__name__]


@pytest.mark.parametrize("kind", KINDS)
def test_into_the_bin_and_back_it_is_as_it_was(kind: str, office: Office) -> None:
    client, record = office.facts.clients[0], noted(office, kind)
    with pytest.raises(Conflict):
        bin.put(office.desk(), client, record, 7)
    bin.put(office.desk(), client, record, 1)
    with pytest.raises(NotFound):
        dealings.get(office.desk(), client, kind, record)
    assert clients.get(office.desk(), client).dealt(kind) == [] and KINDS[kind].__name__ not in words(office.desk(), "佐々木")
    [item] = bin.listed(office.desk())
    assert item.dealing is not None and (item.record, item.whole, item.policy, item.document) == (record, False, None, None)
    bin.bring_back(office.desk(), client, record)
    assert dealings.get(office.desk(), client, kind, record).held.version == 1 and bin.listed(office.desk()) == []


def test_after_all_its_days_in_the_bin_it_is_erased(office: Office) -> None:
    client, record, other = office.facts.clients[0], noted(office, CLAIM), noted(office, PROVISION)
    bin.put(office.desk(), client, record, 1)
    office.clock.tick(31 * SECONDS)
    assert bin.sweep(office.desk()) == 1
    assert bin.listed(office.desk()) == []
    assert office.sql("SELECT count(*) FROM records WHERE id = ?", record) == [(0,)]
    assert dealings.get(office.desk(), client, PROVISION, other).held.dealing == provision()


def test_they_go_with_their_client_and_are_counted_while_they_are_there(office: Office) -> None:
    client = office.facts.clients[0]
    for kind in KINDS:
        noted(office, kind)
    assert data_ledger.data_ledger(office.desk()).dealings == 4
    erasing.erase_clients(office.desk(), [client], ERASE)
    assert data_ledger.data_ledger(office.desk()).dealings == 0
    assert office.sql("SELECT count(*) FROM records WHERE owner = ?", client) == [(0,)]
    assert words(office.desk(), "転居") == []


def test_a_policy_that_is_gone_leaves_the_contact_that_was_about_it(office: Office) -> None:
    client, policy = office.facts.clients[0], office.facts.policies[0][0]
    record = noted(office, CLAIM, policy=policy.hex())
    bin.put(office.desk(), client, policy, 2)
    found = dealings.get(office.desk(), client, CLAIM, record)
    assert isinstance(found.held.dealing, Claim) and found.held.dealing.policy == policy.hex()
    assert policy not in {held.id for held in found.page.policies}
