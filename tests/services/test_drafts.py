"""Drafts: sealed, of one person, bounded in number and days, in no backup, gone with the client."""

from __future__ import annotations

import os
import time
from dataclasses import replace

import pytest

from tests.support.offices import Office
from tests.support.people import join
from vault.domain.access import Role
from vault.domain.erasures import ErasureOrder
from vault.errors import Forbidden, NotFound
from vault.services import backups, drafts, drafts_kept, erasing
from vault.services.accounts import compartments
from vault.services.drafts_kept import CLIENT, POLICY, Draft
from vault.storage.uploads import TYPED_DAYS


def draft(office: Office, client: int = 0, record: str = "ab" * 16, **more: object) -> Draft:
    made = Draft(POLICY, record, office.facts.clients[client].hex(), "Policy", "志摩 海斗 日本生命", 0, int(office.clock()), {"insurer": "とても珍しい生命"})
    return replace(made, **more)  # type: ignore[arg-type]


def test_a_draft_is_kept_read_listed_and_dropped(office: Office) -> None:
    desk, first = office.desk(), draft(office)
    drafts_kept.keep(desk, first)
    assert drafts_kept.get(desk, first.client, first.record) == first
    new = Draft(CLIENT, "cd" * 16, owner="Household", title="若狭 凪", at=first.at + 5)
    drafts_kept.keep(desk, new)
    changed = replace(first, values={"insurer": "別の生命"}, at=first.at + 9)
    drafts_kept.keep(desk, changed)
    assert drafts_kept.listed(desk) == [changed, new]
    assert drafts_kept.of_new(desk, first.client) == [changed] and drafts_kept.of_new(desk, "", CLIENT) == [new]
    drafts_kept.drop(desk, first.client, first.record)
    drafts_kept.drop(desk, first.client, first.record)
    assert drafts_kept.listed(desk) == [new]
    with pytest.raises(NotFound):
        drafts_kept.get(desk, first.client, first.record)


def test_nothing_of_it_is_readable_on_the_disk_or_in_a_backup(office: Office) -> None:
    drafts_kept.keep(office.desk(), draft(office))
    files = [path for path in office.folder.rglob("typed-*") if path.is_file()]
    assert len(files) == 1
    assert not any("珍しい".encode() in path.read_bytes() for path in office.folder.rglob("*") if path.is_file())
    backups.make(office.instance)
    assert list(office.folder.rglob("typed-*")) == files


def test_a_colleague_has_drafts_of_his_own(office: Office) -> None:
    first = draft(office)
    drafts_kept.keep(office.desk(), first)
    [room] = office.desk().client_compartments()
    theirs = join(office, Role.HANDLER, (room,), "担当 三子").desk(office)
    assert drafts_kept.listed(theirs) == []
    with pytest.raises(NotFound):
        drafts_kept.get(theirs, first.client, first.record)
    drafts_kept.keep(theirs, replace(first, title="三子の下書き"))
    assert [each.title for each in drafts_kept.listed(theirs)] == ["三子の下書き"]
    assert drafts_kept.listed(office.desk()) == [first]
    viewer = join(office, Role.VIEWER, (room,), "閲覧 四子").desk(office)
    with pytest.raises(Forbidden):
        drafts_kept.keep(viewer, first)


def test_no_colleague_opens_what_somebody_types_of_a_new_client(office: Office) -> None:
    """His own folder would open to all of the office, of every compartment."""
    desk, new = office.desk(), Draft(CLIENT, "cd" * 16, owner="Household", title="若狭 凪", at=1)
    drafts_kept.keep(desk, new)
    outside = join(office, Role.HANDLER, (compartments.make(office.desk(), "支店"),), "担当 外男").desk(office)
    assert outside.folder(desk.person)  # opens
    number, name = drafts_kept._number(desk.person), drafts_kept._name(desk.person)
    with pytest.raises(NotFound):
        drafts.read(outside, outside.folder(desk.person), bytes.fromhex(new.record), name, number)
    with pytest.raises(NotFound):
        drafts.read(outside, drafts.own_place(outside, b"kura draft", bytes.fromhex(new.record)), bytes.fromhex(new.record), name, number)
    assert drafts_kept.listed(office.desk()) == [new]


def test_a_file_moved_to_another_place_opens_nothing(office: Office) -> None:
    first, other = draft(office), draft(office, record="ef" * 16)
    for each in (first, other):
        drafts_kept.keep(office.desk(), each)
    one, two = sorted(office.folder.rglob("typed-*"))
    two.write_bytes(one.read_bytes())
    assert len(drafts_kept.listed(office.desk())) == 1


def test_it_ends_with_its_client(office: Office) -> None:
    drafts_kept.keep(office.desk(), draft(office))
    drafts_kept.keep(office.desk(), draft(office, 1))
    erasing.erase_clients(office.desk(), [office.facts.clients[0]], ErasureOrder(reason="本人の請求"))
    assert [each.client for each in drafts_kept.listed(office.desk())] == [office.facts.clients[1].hex()]
    assert len(list(office.folder.rglob("typed-*"))) == 1


def test_the_oldest_make_room_and_all_end_after_their_days(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafts_kept, "MOST", 3)
    desk = office.desk()
    for n in range(5):
        drafts_kept.keep(desk, draft(office, record=f"{n:032x}", at=n))
        path = next(office.folder.rglob(f"{n:032x}/typed-*"))
        os.utime(path, (time.time() - 100 + n,) * 2)
    assert [int(each.record, 16) for each in drafts_kept.listed(desk)] == [4, 3, 2]
    office.instance.uploads.sweep(time.time() + (TYPED_DAYS - 1) * 86400)
    assert len(drafts_kept.listed(desk)) == 3
    office.instance.uploads.sweep(time.time() + TYPED_DAYS * 86400)
    assert drafts_kept.listed(desk) == []


def test_the_policy_entered_last_is_remembered_and_no_draft(office: Office) -> None:
    desk = office.desk()
    assert drafts_kept.entered_last(desk) is None
    drafts_kept.remember_entered(desk, office.facts.clients[0], office.facts.policies[0][1])
    assert drafts_kept.entered_last(office.desk()) == (office.facts.clients[0], office.facts.policies[0][1])
    assert drafts_kept.listed(desk) == []


def test_another_worker_reads_what_one_has_kept(office: Office) -> None:
    drafts_kept.keep(office.desk(), draft(office))
    worker = office.worker()
    assert drafts_kept.listed(office.desk(worker)) == [draft(office)]
