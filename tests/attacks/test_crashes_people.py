"""Persons, devices, compartments and sheets under kill -9 and power cut: the old state or the new one, nobody locked out.

A few points of each act in every run, all of them with --long. A re-sealing that finds something unreadable stops and
loses nothing; a worker killed inside Argon2id gives its permit back.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.attacks.test_crashes import afterwards, whole
from tests.support import killing
from tests.support.forging import forge, stolen_keystore
from tests.support.offices import ORIGIN, PASSWORD, Office, copied, origin
from tests.support.people import PASSWORD as MEMBERS
from tests.support.people import Member, admit, device_of, join
from vault.crypto import unlock
from vault.crypto.directory import Directory
from vault.crypto.keystore import Keystore
from vault.crypto.unlock import recovery_groups
from vault.domain.access import Role
from vault.domain.office import Colleague
from vault.errors import KuraError, NotFound, SealBroken, Untrusted, WrongCredential
from vault.services import clients, sessions
from vault.services.accounts import (
    compartments,
    devices,
    passwords,
    people,
    recovery,
    registering,
    signing_in,
)
from vault.services.safe import Desk
from vault.services.sessions import LoginSheet

NEW_PC, OTHER_PC, SHARED_PC = device_of("a new PC"), device_of("another PC"), device_of("a shared PC")
CHOSEN = "えんぴつ 灯台 カモシカ 七時"
BEFORE, AFTER = "before", "after"


@dataclass
class Crowd:
    """An office with people at work, and what each of them holds in his hands."""

    office: Office
    chief: Member
    handler: Member
    neighbour: Member
    newcomer: LoginSheet
    code: str
    room: bytes
    branch: bytes
    private: bytes
    chiefs_private: bytes


@pytest.fixture(scope="module")
def crowd(templates: list[Office], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crowd]:
    """Two administrators; a handler who shares a PC with a neighbour and has a code for another; a sheet in the post."""
    office = copied(templates[0], tmp_path_factory.mktemp("crowd"))
    [room] = office.desk().client_compartments()
    branch = compartments.make(office.desk(), "支店")
    chief = join(office, Role.ADMINISTRATOR, name="管理者")
    sheets = [people.create(office.desk(), Colleague(name=n), Role.HANDLER, (room,)) for n in ("担当者", "隣席")]
    handler, neighbour = (admit(office, sheet, SHARED_PC) for sheet in sheets)
    code, _ = devices.make_code(handler.desk(office), MEMBERS)
    newcomer = people.create(office.desk(), Colleague(name="新人"), Role.HANDLER, (branch,))
    privates = [member.desk(office).bundle.private for member in (handler, chief)]
    office.instance.engine.dispose()
    office.instance.keyring.let_go()
    yield Crowd(office, chief, handler, neighbour, newcomer, code, room, branch, *privates)


Prepare = Callable[[Office, Crowd], Callable[[], object]]
Found = Callable[[Office, Crowd], str]


def gets_in(office: Office, member: Member, client: bytes | None = None) -> Desk:
    """Whoever is to be in is in, and reads what he is to read."""
    desk = member.desk(office)
    assert clients.get(desk, office.facts.clients[1] if client is None else client)
    return desk


def is_out(office: Office, member: Member, password: str = MEMBERS) -> None:
    with pytest.raises(WrongCredential):
        replace(member, password=password).sign_in(office)
    office.clock.tick(901)  # or the next guess would have to wait


def holds_nothing(office: Office, person: bytes, private: bytes) -> None:
    """Nothing of the newest keystore opens with a key pair of earlier."""
    keystore, directory = newest(office)
    for room in directory.compartments:
        with pytest.raises(KuraError):
            keystore.compartment_key(directory, room, person, private)


def newest(office: Office) -> tuple[Keystore, Directory]:
    desk = office.desk()
    return desk.stored.keystore, desk.directory


# --- what is cut off, and what may be found afterwards


def re_enrol(office: Office, crowd: Crowd) -> Callable[[], object]:
    desk = office.desk()
    return lambda: people.reenrol(desk, crowd.handler.person)


def re_enrolled(office: Office, crowd: Crowd) -> str:
    gets_in(office, crowd.neighbour)
    if newest(office)[0].initial_code_of(crowd.handler.person) is None:
        gets_in(office, crowd.handler)
        return BEFORE
    is_out(office, crowd.handler)
    holds_nothing(office, crowd.handler.person, crowd.private)
    # The sheet is lost with whatever died: another one lets him in.
    gets_in(office, admit(office, people.reenrol(office.desk(), crowd.handler.person), NEW_PC))
    return AFTER


def leave(office: Office, crowd: Crowd) -> Callable[[], object]:
    desk = office.desk()
    return lambda: people.stop(desk, crowd.handler.person)


def left(office: Office, crowd: Crowd) -> str:
    gets_in(office, crowd.neighbour)
    return is_gone_or_not(office, crowd.handler, crowd.private)


def chief_leaves(office: Office, crowd: Crowd) -> Callable[[], object]:
    desk = office.desk()
    return lambda: people.stop(desk, crowd.chief.person)


def chief_left(office: Office, crowd: Crowd) -> str:
    gets_in(office, crowd.handler)
    return is_gone_or_not(office, crowd.chief, crowd.chiefs_private)


def is_gone_or_not(office: Office, member: Member, private: bytes) -> str:
    keystore, directory = newest(office)
    if directory.persons[member.person].active:
        gets_in(office, member)
        return BEFORE
    is_out(office, member)
    holds_nothing(office, member.person, private)
    assert member.person not in keystore.slots and all(member.person not in g for g in keystore.grants.values())
    return AFTER


def move(office: Office, crowd: Crowd) -> Callable[[], object]:
    desk = office.desk()
    return lambda: compartments.move_client(desk, office.facts.clients[0], crowd.branch)


def moved(office: Office, crowd: Crowd) -> str:
    client, desk = office.facts.clients[0], crowd.handler.desk(office)
    if clients.get(office.desk(), client).compartment_id == crowd.room:
        assert clients.get(desk, client)
        return BEFORE
    assert office.desk().folder(client).compartment == crowd.branch
    with pytest.raises(NotFound):
        clients.get(desk, client)
    return AFTER


def re_issue(office: Office, crowd: Crowd) -> Callable[[], object]:
    session = office.session()
    made = recovery.make_sheet(sessions.desk(office.instance, session, ORIGIN), session)
    assert made.payload is not None
    groups = recovery_groups(made.payload.waiting.secret)
    printed_sheet(office).write_text(" ".join(groups), "ascii")
    first, second = recovery.asked_groups(made.payload.waiting)
    desk = sessions.desk(office.instance, made, ORIGIN)
    return lambda: recovery.confirm_sheet(desk, made, (groups[first - 1], groups[second - 1]), PASSWORD)


def printed_sheet(office: Office) -> Path:
    """What came out of the printer before the power went."""
    return office.folder.parent / "sheet"


def re_issued(office: Office, crowd: Crowd) -> str:
    """Of the old sheet and the new one, just one makes a new administrator who reads everything."""
    sheets = {BEFORE: " ".join(office.facts.groups), AFTER: printed_sheet(office).read_text("ascii")}
    worked = []
    for state, groups in sheets.items():
        ticket, _ = recovery.issue_ticket(office.instance)
        try:
            given = (groups, ticket, CHOSEN, None, NEW_PC, origin("203.0.113.9"))
            done = recovery.recover(office.instance, *given)
        except WrongCredential:
            continue
        desk = sessions.desk(office.instance, done.session, ORIGIN)
        assert {head.id for head in clients.list_clients(desk)} == set(office.facts.clients)
        worked.append(state)
    [state] = worked
    return state


def register(office: Office, crowd: Crowd) -> Callable[[], object]:
    return lambda: with_the_code(office, crowd, NEW_PC)


def with_the_code(office: Office, crowd: Crowd, device: bytes) -> object:
    return registering.register(office.instance, crowd.handler.login_id, MEMBERS, crowd.code, None, device, ORIGIN)


def registered(office: Office, crowd: Crowd) -> str:
    """The answer with the cookie was lost: the code serves once more, whatever happened."""
    state = AFTER if newest(office)[0].device_of(NEW_PC) else BEFORE
    if state == AFTER:
        assert any(newest(office)[0].devices[d].pending for d in newest(office)[0].devices)
    with_the_code(office, crowd, OTHER_PC)
    for device in (OTHER_PC, SHARED_PC):
        gets_in(office, replace(crowd.handler, device=device))
    gets_in(office, crowd.neighbour)
    return state


def come_back(office: Office, crowd: Crowd) -> Callable[[], object]:
    with_the_code(office, crowd, NEW_PC)
    office.instance.keyring.let_go()
    return lambda: replace(crowd.handler, device=NEW_PC).sign_in(office)


def came_back(office: Office, crowd: Crowd) -> str:
    codes = [c for c in newest(office)[0].codes.values() if c.person == crowd.handler.person]
    for device in (NEW_PC, SHARED_PC):
        gets_in(office, replace(crowd.handler, device=device))
    with pytest.raises(WrongCredential):
        with_the_code(office, crowd, OTHER_PC)
    return BEFORE if codes else AFTER


def first_password(office: Office, crowd: Crowd) -> Callable[[], object]:
    sheet = crowd.newcomer

    def act() -> None:
        first = shown(office, sheet, sheet.initial_password)
        assert isinstance(first, registering.First)
        registering.choose_password(office.instance, first.session, CHOSEN, None, NEW_PC, ORIGIN)

    return act


def shown(office: Office, sheet: LoginSheet, password: str) -> object:
    """The login sheet, shown on another PC: the one that was used has lost its cookie."""
    office.clock.tick(901)
    return registering.register(office.instance, sheet.login_id, password, sheet.code, None, OTHER_PC, ORIGIN)


def has_password(office: Office, crowd: Crowd) -> str:
    sheet = crowd.newcomer
    newcomer = Member(sheet.person, sheet.login_id, CHOSEN, OTHER_PC, sheet)
    try:
        shown(office, sheet, CHOSEN)
        state = AFTER
    except WrongCredential:
        first = shown(office, sheet, sheet.initial_password)
        assert isinstance(first, registering.First)
        registering.choose_password(office.instance, first.session, CHOSEN, None, OTHER_PC, ORIGIN)
        state = BEFORE
    assert newcomer.desk(office).client_compartments() == [crowd.branch]
    with pytest.raises(WrongCredential):
        shown(office, sheet, sheet.initial_password)
    return state


def create(office: Office, crowd: Crowd) -> Callable[[], object]:
    desk = office.desk()
    return lambda: people.create(desk, Colleague(name="次の人"), Role.VIEWER, (crowd.room,))


def created(office: Office, crowd: Crowd) -> str:
    """Whoever was made without his sheet having come out gets another one, and is there once."""
    known = {crowd.chief.person, crowd.handler.person, crowd.neighbour.person, crowd.newcomer.person, office.facts.person}
    made = [p.person for p in people.listed(office.desk()) if p.person not in known]
    for person in made:
        gets_in(office, admit(office, people.reenrol(office.desk(), person), NEW_PC))
        assert people.one(office.desk(), person).colleague.name
    join(office, Role.VIEWER, (crowd.room,), "その次")
    assert len(made) <= 1
    return AFTER if made else BEFORE


def remove_device(office: Office, crowd: Crowd) -> Callable[[], object]:
    desk = office.desk()
    device = desk.stored.keystore.device_of(SHARED_PC)
    assert device is not None
    return lambda: devices.remove(desk, device)


def device_removed(office: Office, crowd: Crowd) -> str:
    pair = (crowd.handler, crowd.neighbour)
    if newest(office)[0].device_of(SHARED_PC):
        for member in pair:
            gets_in(office, member)
        return BEFORE
    for member in pair:
        is_out(office, member)
    with_the_code(office, crowd, NEW_PC)  # what stands on paper still lets its person in
    gets_in(office, replace(crowd.handler, device=NEW_PC))
    gets_in(office, admit(office, people.reenrol(office.desk(), crowd.neighbour.person), OTHER_PC))
    return AFTER


def change_password(office: Office, crowd: Crowd) -> Callable[[], object]:
    session = crowd.handler.sign_in(office).session
    desk = sessions.desk(office.instance, session, ORIGIN)
    return lambda: passwords.change(desk, session, MEMBERS, CHOSEN)


def password_changed(office: Office, crowd: Crowd) -> str:
    gets_in(office, crowd.neighbour)
    try:
        gets_in(office, crowd.handler)
    except WrongCredential:
        office.clock.tick(901)
        gets_in(office, replace(crowd.handler, password=CHOSEN))
        return AFTER
    is_out(office, crowd.handler, CHOSEN)
    return BEFORE


def lose_a_compartment(office: Office, crowd: Crowd) -> Callable[[], object]:
    desk = office.desk()
    return lambda: compartments.set_members(desk, crowd.room, [crowd.neighbour.person])


def compartment_lost(office: Office, crowd: Crowd) -> str:
    gets_in(office, crowd.neighbour)
    rooms = crowd.handler.desk(office).client_compartments()
    if rooms:
        gets_in(office, crowd.handler)
        return BEFORE
    keystore, directory = newest(office)
    with pytest.raises(Untrusted):
        keystore.compartment_key(directory, crowd.room, crowd.handler.person, crowd.private)
    return AFTER


def make_compartment(office: Office, crowd: Crowd) -> Callable[[], object]:
    desk = office.desk()
    return lambda: compartments.make(desk, "三課")


def compartment_made(office: Office, crowd: Crowd) -> str:
    """One whose name was lost in between can be named; its clients can be entered."""
    desk = office.desk()
    made = [c for c in compartments.listed(desk) if c.id not in (crowd.room, crowd.branch)]
    for each in made:
        compartments.rename(desk, each.id, "三課", each.version)
        compartments.move_client(office.desk(), office.facts.clients[0], each.id)
    return AFTER if made else BEFORE


ACTS: list[tuple[Prepare, Found]] = [
    (re_enrol, re_enrolled),
    (leave, left),
    (chief_leaves, chief_left),
    (move, moved),
    (re_issue, re_issued),
    (register, registered),
    (come_back, came_back),
    (first_password, has_password),
    (create, created),
    (remove_device, device_removed),
    (change_password, password_changed),
    (lose_a_compartment, compartment_lost),
    (make_compartment, compartment_made),
]


@pytest.mark.parametrize("power_cut", [False, True], ids=["kill", "power cut"])
@pytest.mark.parametrize(("prepare", "found"), ACTS, ids=[prepare.__name__ for prepare, _ in ACTS])
def test_what_is_cut_off_happened_or_did_not_and_nobody_is_locked_out(
    prepare: Prepare, found: Found, power_cut: bool, crowd: Crowd, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    def attempt(at: int) -> int | None:
        office = copied(crowd.office, tmp_path / f"at-{at}")
        ended = killing.run_prepared(lambda: prepare(office, crowd), at or killing.EVERY, power_cut)
        up = afterwards(office)
        whole(up)
        state = found(up, crowd)
        assert at or state == AFTER
        assert_quiet(up, crowd)
        up.instance.engine.dispose()
        shutil.rmtree(office.folder.parent)
        return ended

    killing.at_points(attempt, pytestconfig)


def assert_quiet(office: Office, crowd: Crowd) -> None:
    """Whole after all that followed too; nothing was ever taken for something put back; the others are in."""
    whole(office)
    assert office.sql("SELECT COUNT(*) FROM journal WHERE event = 'rollback-found'") == [(0,)]
    desk = office.desk()
    if desk.directory.persons[crowd.chief.person].active:
        gets_in(office, crowd.chief)
    assert compartments.grants(desk)[0] == compartments.grants(desk)[1]


# --- something that cannot be read


def spoiled(sealed: bytes) -> bytes:
    return sealed[:-1] + bytes([sealed[-1] ^ 1])


def without_a_ring(keystore: Keystore, crowd: Crowd) -> Keystore:
    held = keystore.rings[crowd.room]
    return replace(keystore, rings={**keystore.rings, crowd.room: replace(held, sealed=spoiled(held.sealed))})


def without_a_grant(keystore: Keystore, crowd: Crowd) -> Keystore:
    """The acting administrator's own, of a compartment that the leaver has nothing to do with."""
    held = keystore.grants[crowd.branch]
    bad = {**held, crowd.office.facts.person: spoiled(held[crowd.office.facts.person])}
    return replace(keystore, grants={**keystore.grants, crowd.branch: bad})


def without_the_signing_key(keystore: Keystore, crowd: Crowd) -> Keystore:
    return replace(keystore, secrets={**keystore.secrets, "signing": spoiled(keystore.secrets["signing"])})


def without_the_audit_key(keystore: Keystore, crowd: Crowd) -> Keystore:
    return replace(keystore, secrets={**keystore.secrets, "audit": spoiled(keystore.secrets["audit"])})


Spoil = Callable[[Keystore, Crowd], Keystore]
Act = Callable[[Desk, Crowd], object]

RESEALINGS: dict[str, Act] = {
    "leaver": lambda desk, crowd: people.stop(desk, crowd.handler.person),
    "administrator leaves": lambda desk, crowd: people.stop(desk, crowd.chief.person),
    "re-enrolment": lambda desk, crowd: people.reenrol(desk, crowd.handler.person),
    "compartment lost": lambda desk, crowd: compartments.set_members(desk, crowd.room, []),
}
SPOILED: list[tuple[Spoil, str]] = [
    *[(spoil, act) for act in RESEALINGS for spoil in (without_a_ring, without_a_grant, without_the_signing_key)],
    (without_the_audit_key, "administrator leaves"),
]


@pytest.mark.parametrize(("spoil", "act"), SPOILED, ids=[f"{a} {s.__name__}" for s, a in SPOILED])
def test_a_resealing_with_something_unreadable_stops_says_so_and_loses_nothing(
    spoil: Spoil, act: str, crowd: Crowd, tmp_path: Path
) -> None:
    office = copied(crowd.office, tmp_path)
    good, _ = stolen_keystore(office)
    desk = office.desk()
    forge(office, lambda keystore: spoil(keystore, crowd))
    bad = office.instance.files.read()
    with pytest.raises((SealBroken, Untrusted)):
        RESEALINGS[act](desk, crowd)
    now = office.instance.files.read()
    assert (now.place, now.digest) == (bad.place, bad.digest)
    assert now.keystore.slots == good.slots and now.keystore.directory == good.directory
    if spoil is not without_a_ring:  # or nobody's own compartments are readable
        for member in (crowd.chief, crowd.handler, crowd.neighbour):
            member.sign_in(office)
    # The part is put right: nothing that was begun is in the way.
    forge(office, lambda keystore: replace(keystore, rings=good.rings, grants=good.grants, secrets=good.secrets))
    RESEALINGS[act](office.desk(), crowd)
    office.instance.files.finish()
    whole(office)
    stays = crowd.handler if act == "administrator leaves" else crowd.chief
    gets_in(office, stays)


# --- killed inside Argon2id


def test_a_worker_killed_inside_argon2id_leaves_the_next_sign_in_possible(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both permits are taken by runs of many seconds; the sign-in after their end does not wait for them."""
    slow = unlock.Cost(256 * 1024, 10, 1)
    children = []
    with monkeypatch.context() as patched:
        patched.setattr(signing_in, "stretch", lambda password, salt, cost: unlock.stretch(password, salt, slow))
        for _ in range(2):
            child = os.fork()
            if child == 0:
                office.sign_in(office.worker())
                os._exit(1)
            children.append(child)
        assert both_permits_are_taken(office)
    time.sleep(0.05)  # well inside
    for child in children:
        os.kill(child, signal.SIGKILL)
    assert [os.waitstatus_to_exitcode(os.waitpid(c, 0)[1]) for c in children] == [-signal.SIGKILL] * 2
    began = time.monotonic()
    assert office.sign_in().cookie
    assert time.monotonic() - began < 5


def both_permits_are_taken(office: Office) -> bool:
    """Within some seconds: a lock on each of the two files is refused."""
    from vault.storage.durable import open_lock, take_lock

    until = time.monotonic() + 10
    while time.monotonic() < until:
        handles = [open_lock(office.settings.run / f"argon2.{n}") for n in range(2)]
        free = [take_lock(handle, exclusive=True, seconds=0) for handle in handles]
        for handle in handles:
            os.close(handle)
        if not any(free):
            return True
        time.sleep(0.05)
    return False
