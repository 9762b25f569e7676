"""Compartments: who is inside decrypts, who is outside cannot, whatever a permission check says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.offices import NAMES, ORIGIN, PASSWORD, Office, copied, household
from tests.support.people import Member, join
from vault.crypto.directory import CLIENTS, Directory
from vault.crypto.unlock import recovery_groups
from vault.domain.access import Permission, Role
from vault.errors import Conflict, Forbidden, KuraError, NotFound, Refused, SealBroken, Untrusted
from vault.services import clients, sessions
from vault.services.accounts import compartments, people, recovery, rules
from vault.services.audit import Event
from vault.services.safe import Desk


def first_room(office: Office) -> bytes:
    return next(c.id for c in compartments.listed(office.desk()) if c.name == "本社")


def branch(office: Office, name: str = "支店") -> bytes:
    return compartments.make(office.desk(), name)


def inside(office: Office, *rooms: bytes, name: str = "鳥羽 渚", role: Role = Role.HANDLER) -> Member:
    return join(office, role, rooms, name)


def seen_by(office: Office, member: Member) -> set[bytes]:
    return {head.id for head in clients.list_clients(member.desk(office))}


# --- made, named, listed


def test_a_new_compartment_is_empty_and_administrators_hold_it(office: Office) -> None:
    room = branch(office)
    [made] = [c for c in compartments.listed(office.desk()) if c.id == room]
    assert (made.name, made.members, made.clients) == ("支店", (), 0)
    assert room in office.desk().client_compartments()
    client = clients.create(office.desk(), room, household(NAMES[0], "シマ カイト"))
    assert clients.get(office.desk(), client).compartment == "支店"


def test_two_compartments_are_not_called_the_same(office: Office) -> None:
    room = branch(office)
    for name in ("本社", "支店"):
        with pytest.raises(Refused, match="compartment-name-taken"):
            compartments.make(office.desk(), name)
    with pytest.raises(Refused, match="compartment-name-taken"):
        compartments.rename(office.desk(), room, "本社", 1)
    compartments.rename(office.desk(), room, "支店", 1)  # what it is called already
    assert sorted(c.name for c in compartments.listed(office.desk())) == ["支店", "本社"]


def test_the_list_tells_members_and_clients_and_is_sorted(office: Office) -> None:
    here, there = first_room(office), branch(office, "い支店")
    member = inside(office, here, there)
    found = compartments.listed(office.desk())
    assert [c.name for c in found] == sorted(c.name for c in found)
    assert {c.id: (c.members, c.clients) for c in found} == {
        here: ((member.person,), len(office.facts.clients)), there: ((member.person,), 0),
    }  # fmt: skip


def test_only_administrators_have_to_do_with_them(office: Office) -> None:
    here, there = first_room(office), branch(office)
    member = inside(office, here, there)
    client = office.facts.clients[0]
    for act in (
        compartments.listed,
        lambda desk: compartments.make(desk, "x"),
        lambda desk: compartments.rename(desk, here, "x", 1),
        lambda desk: compartments.set_members(desk, here, []),
        lambda desk: compartments.move_client(desk, client, there),
    ):
        with pytest.raises(Forbidden):
            act(member.desk(office))
    assert compartments.names(member.desk(office))[here] == "本社"


def test_a_name_is_changed_by_whoever_saw_the_newest(office: Office) -> None:
    room = branch(office)
    compartments.rename(office.desk(), room, "西支店", 1)
    with pytest.raises(Conflict):
        compartments.rename(office.desk(), room, "東支店", 1)
    assert compartments.names(office.desk())[room] == "西支店"


@pytest.mark.parametrize("kind", ["admin", "audit", "office"])
def test_the_offices_own_compartments_are_none_of_them(kind: str, office: Office) -> None:
    own = office.desk().directory.system(kind)
    assert own not in {c.id for c in compartments.listed(office.desk())}
    with pytest.raises(NotFound):
        compartments.set_members(office.desk(), own, [])
    with pytest.raises(NotFound):
        compartments.rename(office.desk(), own, "x", 1)
    with pytest.raises(NotFound):
        compartments.move_client(office.desk(), office.facts.clients[0], own)


# --- members


def test_who_becomes_a_member_reads_and_who_is_none_any_more_does_not(office: Office) -> None:
    room = first_room(office)
    stays, comes = inside(office, room, name="a"), inside(office, name="b")
    assert seen_by(office, comes) == set()
    compartments.set_members(office.desk(), room, [stays.person, comes.person])
    assert seen_by(office, comes) == seen_by(office, stays) == set(office.facts.clients)
    compartments.set_members(office.desk(), room, [comes.person])
    assert seen_by(office, stays) == set() and seen_by(office, comes) == set(office.facts.clients)


def test_a_member_lost_means_a_new_key_and_one_won_does_not(office: Office) -> None:
    room = first_room(office)
    stays, leaves = inside(office, room, name="a"), inside(office, room, name="b")
    old = leaves.desk(office)
    before = old.stored.keystore
    compartments.set_members(office.desk(), room, [stays.person])
    desk = office.desk()
    entry = desk.directory.compartments[room]
    assert entry.epoch == old.directory.compartments[room].epoch + 1
    assert desk.stored.keystore.epoch == before.epoch + 1
    # With the key pair, and with the very key that he had opened the day before.
    with pytest.raises(Untrusted):
        desk.stored.keystore.compartment_key(desk.directory, room, leaves.person, old.bundle.private)
    with pytest.raises(SealBroken):
        desk.stored.keystore.ring(desk.directory, room, old.compartment_key(room))
    compartments.set_members(office.desk(), room, [stays.person, leaves.person])
    now = office.desk()
    assert now.directory.compartments[room] == entry and now.stored.keystore.epoch == desk.stored.keystore.epoch


def test_whose_rooms_change_begins_a_new_session_and_nobody_else(office: Office) -> None:
    room = first_room(office)
    stays, leaves = inside(office, room, name="a"), inside(office, room, name="b")
    held = {member.person: member.sign_in(office) for member in (stays, leaves)}
    compartments.set_members(office.desk(), room, [stays.person])
    assert sessions.find(office.instance, held[leaves.person].cookie, leaves.device) is None
    assert sessions.find(office.instance, held[stays.person].cookie, stays.device) is not None


def test_nothing_is_written_when_nothing_changes(office: Office) -> None:
    room = first_room(office)
    member = inside(office, room)
    held = member.sign_in(office)
    before = office.instance.files.newest()
    compartments.set_members(office.desk(), room, [member.person])
    assert office.instance.files.newest() == before
    assert sessions.find(office.instance, held.cookie, member.device) is not None


def test_administrators_and_auditors_are_no_members(office: Office) -> None:
    room = first_room(office)
    auditor = inside(office, name="a", role=Role.AUDITOR)
    compartments.set_members(office.desk(), room, [auditor.person, office.facts.person])
    found = next(c for c in compartments.listed(office.desk()) if c.id == room)
    assert found.members == ()
    with pytest.raises(KuraError):
        auditor.desk(office).compartment_key(room)


def test_every_grant_is_there_after_every_change_and_is_counted(office: Office) -> None:
    here, there = first_room(office), branch(office)
    member = inside(office, here, name="a")
    inside(office, name="b", role=Role.ADMINISTRATOR)
    desk = office.desk()
    # admin, audit, two of clients: two administrators and the recovery key; the office's: the member too.
    assert compartments.grants(desk) == (5 * 3 + 1 + 1, 5 * 3 + 1 + 1)
    compartments.set_members(desk, there, [member.person])
    assert compartments.grants(office.desk()) == (18, 18)
    people.stop(office.desk(), member.person)
    assert compartments.grants(office.desk()) == (15, 15)


# --- the key decides


def permission_says_yes(monkeypatch: pytest.MonkeyPatch, room: bytes) -> None:
    """Every check of rights, roles and memberships is patched away, the directory's own included."""
    monkeypatch.setattr(Desk, "may", lambda self, permission: True)
    monkeypatch.setattr(Desk, "require", lambda self, permission: None)
    monkeypatch.setattr(Directory, "holds", lambda self, person, compartment: True)
    monkeypatch.setattr(
        Desk, "client_compartments", lambda self: [c for c, e in self.directory.compartments.items() if e.kind == CLIENTS]
    )


@pytest.mark.parametrize("role", [Role.HANDLER, Role.VIEWER, Role.AUDITOR])
def test_who_is_outside_cannot_decrypt_though_every_check_says_yes(
    role: Role, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, other = first_room(office), branch(office)
    outside = inside(office, other, role=role)
    desk = outside.desk(office)
    office.desk()  # this worker has the ring opened for somebody who may
    with monkeypatch.context() as patched:
        permission_says_yes(patched, room)
        for act in (
            lambda: clients.get(desk, office.facts.clients[0]),
            lambda: clients.list_clients(desk),
            lambda: desk.compartment_key(room),
            lambda: compartments.move_client(desk, office.facts.clients[0], other),
        ):
            with pytest.raises(KuraError):
                act()


def test_the_patched_checks_let_an_insider_in(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or the test above would show nothing."""
    room = first_room(office)
    desk = inside(office, room).desk(office)
    with monkeypatch.context() as patched:
        permission_says_yes(patched, room)
        assert clients.get(desk, office.facts.clients[0])


# --- moving a client


def test_a_client_moves_with_everything_of_his(office: Office) -> None:
    there = branch(office)
    client = office.facts.clients[0]
    before = clients.get(office.desk(), client)
    old = office.desk().folder(client)
    epoch = office.desk().stored.keystore.epoch
    compartments.move_client(office.desk(), client, there)
    desk = office.desk()
    page = clients.get(desk, client)
    assert page.compartment == "支店" and page.policies == before.policies and page.written == before.written
    assert clients.versions(desk, client, client)
    assert (desk.folder(client).id, desk.folder(client).key) == (old.id, old.key)  # earlier backups still open
    assert desk.stored.keystore.epoch == epoch + 1
    assert old.owner not in desk.ring(old.compartment).owners()


def test_a_move_where_he_is_already_changes_nothing(office: Office) -> None:
    before = office.instance.files.newest()
    compartments.move_client(office.desk(), office.facts.clients[0], first_room(office))
    assert office.instance.files.newest() == before


def test_two_moves_at_once_leave_him_in_one_compartment(office: Office) -> None:
    one, other = branch(office, "一課"), branch(office, "二課")
    first, second = office.desk(), office.desk()
    client = office.facts.clients[0]
    compartments.move_client(first, client, one)
    with pytest.raises(NotFound):  # it was asked of a page that still showed him elsewhere
        compartments.move_client(second, client, other)
    desk = office.desk()
    assert [room for room in desk.client_compartments() if desk.ring(room).find(client)] == [one]


def test_a_backup_of_before_the_move_still_opens(office: Office, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Rows of the day before under the folder key of today."""
    client = office.facts.clients[0]
    there = branch(office)
    earlier = copied(office, tmp_path_factory.mktemp("backup"))
    compartments.move_client(office.desk(), client, there)
    now = office.desk().folder(client)
    with earlier.desk().act(Event.CLIENT_OPENED, Permission.READ_CLIENTS, client) as act:
        [row] = [f.row for f in act.read(client, ["household"])]
        found = act.open_row(now, row)
    assert found is not None and found.row.owner == client
    earlier.instance.engine.dispose()


def test_a_stale_page_of_another_worker_finds_him_in_his_new_compartment(office: Office) -> None:
    """A worker that keeps the keystore opened for a minute reads the newest all the same."""
    member = inside(office, first_room(office))
    worker = office.worker()
    held = member.sign_in(office, worker)
    client = office.facts.clients[0]
    assert clients.get(sessions.desk(worker, held.session, ORIGIN), client)
    there = branch(office)
    worker.keyring.let_go()
    compartments.move_client(office.desk(), client, there)
    with pytest.raises(NotFound):
        clients.get(sessions.desk(worker, held.session, ORIGIN), client)


# --- at the same moment


def test_what_another_administrator_did_meanwhile_is_the_new_recovery_sheets_too(office: Office) -> None:
    """A compartment made, and a key renewed, between the page of the new sheet and its two groups."""
    other = inside(office, name="a", role=Role.ADMINISTRATOR)
    leaver = inside(office, first_room(office), name="b")
    session = office.session()
    made = recovery.make_sheet(sessions.desk(office.instance, session, ORIGIN), session)
    assert made.payload is not None
    groups = recovery_groups(made.payload.waiting.secret)
    first, second = recovery.asked_groups(made.payload.waiting)
    desk = sessions.desk(office.instance, made, ORIGIN)
    room = compartments.make(other.desk(office), "支店")
    clients.create(other.desk(office), room, household(NAMES[0], "シマ カイト"))
    people.stop(other.desk(office), leaver.person)
    recovery.confirm_sheet(desk, made, (groups[first - 1], groups[second - 1]), PASSWORD)
    ticket, _ = recovery.issue_ticket(office.instance)
    given = (" ".join(groups), ticket, "the new administrator's words", None, b"n" * 32, ORIGIN)
    done = recovery.recover(office.instance, *given)
    assert len(clients.list_clients(sessions.desk(office.instance, done.session, ORIGIN))) == 3


def test_an_administrators_page_of_before_another_one_left_still_acts(office: Office) -> None:
    """His leaving has made the signing key another while the page stood open."""
    leaver = inside(office, name="a", role=Role.ADMINISTRATOR)
    pages = [office.desk(), office.desk()]
    people.stop(office.desk(), leaver.person)
    room = compartments.make(pages[0], "支店")
    rules.save(pages[1], replace(rules.read(pages[1]), idle_minutes=20))
    desk = office.desk()
    assert room in desk.client_compartments() and desk.directory.rules["idle_minutes"] == 20
