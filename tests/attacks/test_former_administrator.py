"""A former administrator has kept the office's signing key and has the disk now: what he is not given with them.

What he can do stands in SECURITY.md: who has not signed in since is shown a directory of his making.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import unescape

import pytest
from flask import Flask

from tests.support.forging import forge, stolen_keystore
from tests.support.offices import NAMES, ORIGIN, PASSWORD, Office, household
from tests.support.people import Member, join
from tests.support.visits import Visit
from vault import catalogue
from vault.crypto.directory import ACTIVE, decode, signed
from vault.crypto.keys import signing_public
from vault.crypto.keystore import Keystore
from vault.crypto.unlock import recovery_groups
from vault.domain.access import Role
from vault.errors import Damaged, KuraError, RolledBack, Untrusted
from vault.services import audit, clients, confirming, sessions
from vault.services.accounts import compartments, people, recovery, seen

NEW = "うさぎ 灯台 れもん 風車"


@dataclass
class Leaver:
    """An administrator who was stopped, and what he has copied while he was none."""

    person: bytes
    private: bytes
    public: bytes
    signing: bytes

    def forged(self, keystore: Keystore) -> Keystore:
        """A directory in which he works here again, signed with the key he knew; the true announcement is gone."""
        now = decode(keystore.directory.document)
        back = replace(now.persons[self.person], status=ACTIVE, public=self.public)
        made = replace(
            now, version=now.version + 1, persons={**now.persons, self.person: back},
            signing_public=signing_public(self.signing),
        )  # fmt: skip
        return replace(keystore, directory=signed(made, self.signing), statements=())

    def opens(self, office: Office) -> list[bytes]:
        """The compartments whose key the newest keystore gives him."""
        keystore = stolen_keystore(office)[0]
        directory = decode(keystore.directory.document)
        return [room for room in directory.compartments if self._opens(keystore, room)]

    def _opens(self, keystore: Keystore, room: bytes) -> bool:
        try:
            keystore.compartment_key(decode(keystore.directory.document), room, self.person, self.private)
        except KuraError:
            return False
        return True


def leave(office: Office) -> Leaver:
    member = join(office, Role.ADMINISTRATOR, (), name="去る 人")
    desk = member.desk(office)
    public = desk.directory.persons[member.person].public
    leaver = Leaver(member.person, desk.bundle.private, public, desk.secret("signing"))
    assert set(leaver.opens(office)) == set(desk.directory.compartments), "so far he is one of them"
    people.stop(office.desk(), member.person)
    return leaver


def put_in(office: Office, leaver: Leaver) -> None:
    forge(office, leaver.forged)
    office.restart()


def handler(office: Office) -> Member:
    return join(office, Role.HANDLER, (office.desk().client_compartments()[0],), name="手代木 蓮")


# --- by those who still rely on the key he knew


def test_a_handler_saves_nothing_under_a_directory_that_asks_for_grants_nobody_gave(office: Office) -> None:
    member = handler(office)
    leaver = leave(office)
    put_in(office, leaver)
    desk, before = member.desk(office), office.instance.files.newest()
    room = desk.client_compartments()[0]
    with pytest.raises(Damaged, match="grants-missing"):
        clients.create(desk, room, household("新規 太郎", "シンキ タロウ"))
    assert office.instance.files.newest() == before
    assert len(clients.list_clients(desk)) == len(NAMES)
    assert leaver.opens(office) == []


def test_a_missing_grant_is_mended_by_an_administrator_and_then_the_handler_goes_on(office: Office) -> None:
    """One that was lost and not made up: who is to have it is signed with the key everybody relies on."""
    member, room = handler(office), office.desk().client_compartments()[0]
    other = join(office, Role.VIEWER, (room,), name="鳥羽 渚")

    def lost(keystore: Keystore) -> Keystore:
        given = {receiver: each for receiver, each in keystore.grants[room].items() if receiver != other.person}
        return replace(keystore, grants={**keystore.grants, room: given})

    forge(office, lost)
    office.restart()
    with pytest.raises(Damaged, match="grants-missing"):
        clients.create(member.desk(office), room, household("新規 太郎", "シンキ タロウ"))
    there, wanted = compartments.grants(office.desk())
    assert there == wanted - 1
    clients.create(office.desk(), room, household("新規 太郎", "シンキ タロウ"))
    clients.create(member.desk(office), room, household("新規 花子", "シンキ ハナコ"))
    assert len(clients.list_clients(other.desk(office))) == len(NAMES) + 2


def test_who_has_signed_in_since_does_not_believe_him(office: Office) -> None:
    member = handler(office)
    leaver = leave(office)
    member.sign_in(office)
    office.sign_in()
    put_in(office, leaver)
    with pytest.raises(Untrusted):
        member.desk(office)
    with pytest.raises(Untrusted):
        office.desk()
    assert leaver.opens(office) == []


# --- by the recovery sheet


def sheet_anew(office: Office) -> list[str]:
    """A new recovery sheet, typed back; returns its groups."""
    held = office.session()
    held = recovery.make_sheet(sessions.desk(office.instance, held, ORIGIN), held)
    assert held.payload is not None
    groups = recovery_groups(held.payload.waiting.secret)
    first, second = recovery.asked_groups(held.payload.waiting)
    desk = sessions.desk(office.instance, held, ORIGIN)
    recovery.confirm_sheet(desk, held, (groups[first - 1], groups[second - 1]), PASSWORD)
    return groups


def test_a_recovery_sheet_made_since_gives_him_nothing(office: Office) -> None:
    leaver = leave(office)
    office.clock.tick(60)
    groups = sheet_anew(office)
    put_in(office, leaver)
    ticket, _ = recovery.issue_ticket(office.instance)
    with pytest.raises(Untrusted):
        recovery.recover(office.instance, " ".join(groups), ticket, NEW, None, b"n" * 32, ORIGIN)
    assert leaver.opens(office) == []


def test_the_first_page_asks_for_a_new_recovery_sheet_until_there_is_one(app: Flask, office: Office) -> None:
    office.clock.tick(60)
    visit = Visit(app, office).with_device()
    assert not asked_for_a_sheet(visit)
    leave(office)
    office.clock.tick(60)
    assert asked_for_a_sheet(visit)
    sheet_anew(office)
    assert not asked_for_a_sheet(visit)


def asked_for_a_sheet(visit: Visit) -> bool:
    """Whether the first page of somebody who signs in says that the sheet is pinned to an older key."""
    assert visit.sign_in().status_code == 303
    page = visit.get("/today")
    assert page.status_code == 200
    return catalogue.load("ja").gettext("remark.sheet-outdated") in unescape(page.get_data(as_text=True))


# --- what was confirmed under the key he knew


def test_an_alarm_that_comes_again_after_he_left_is_settled_under_the_new_key(office: Office) -> None:
    """A confirmation signed with the older key counts no more, or he could write one."""
    copy = office.copy_database()
    memory = seen.Seen(*office.sign_in().head, office.instance.now())
    clients.get(office.desk(), office.facts.clients[0])
    office.put_database_back(copy)
    office.clock.tick(10)
    confirming.confirm_whole(office.desk())
    leave(office)
    office.clock.tick(10)
    desk = office.desk()
    seen.compare(desk, memory)
    with pytest.raises(RolledBack):
        audit.check_whole(office.instance, desk.stored)
    confirming.confirm_whole(desk)
    office.clock.tick(10)
    desk = office.desk()
    seen.compare(desk, memory)
    audit.check_whole(office.instance, desk.stored)
