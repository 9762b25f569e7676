"""People, devices, codes, compartments and sheets come and go on four workers; who may open what is kept beside in
plain dicts and sets, and after every step the real files have to say the same.

Nobody ever opens what he should not, with anything he ever held; everybody always opens what he should.
"""

from __future__ import annotations

import hashlib
import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.support.offices import DEVICE, NAMES, ORIGIN, PASSWORD, Office, copied, household
from vault.crypto import directory as d
from vault.crypto.directory import RECOVERY, Directory
from vault.crypto.envelope import key_id
from vault.crypto.keys import PRIVATE_BYTES, public_key, signing_public
from vault.crypto.keystore import SECRETS, Keystore
from vault.crypto.unlock import (
    Cost,
    fold_letters,
    holder_secret,
    open_recovery,
    read_code,
    read_recovery,
    recovery_groups,
    secret_hash,
    stretch,
)
from vault.domain.access import Role
from vault.domain.office import Colleague
from vault.errors import Forbidden, KuraError, NotFound, Refused, WrongCredential
from vault.services import audit, clients, sessions
from vault.services.accounts import (
    compartments,
    devices,
    passwords,
    people,
    recovery,
    registering,
    signing_in,
)
from vault.services.instance import Instance
from vault.services.safe import Desk
from vault.services.sessions import LoginSheet

WORKERS, MOST_PEOPLE, MOST_ROOMS, MOST_CLIENTS = 4, 7, 4, 8
HOUR, DAY = 3600, 24 * 3600
SIGNING_BYTES = 32
# What stands in a cookie of each PC; the first is the founder's.
BROWSERS = (DEVICE, *(hashlib.sha256(b"pc %d" % n).digest() for n in range(4)))
READERS = (Role.HANDLER, Role.VIEWER)

workers = st.integers(0, WORKERS - 1)
browsers = st.integers(0, len(BROWSERS) - 1)
roles = st.sampled_from(list(Role))


@lru_cache(maxsize=1000)
def stretched(password: str, salt: bytes, cost: Cost) -> bytes:
    return stretch(password, salt, cost)


@dataclass(repr=False)
class Human:
    """The naive model of one person: what he holds in his hands and what he ought to be let do with it."""

    person: bytes
    login_id: str
    password: str
    role: Role = Role.ADMINISTRATOR
    rooms: set[bytes] = field(default_factory=set)
    active: bool = True
    sheet: LoginSheet | None = None
    browsers: set[int] = field(default_factory=set)
    codes: dict[str, int] = field(default_factory=dict)  # what stands on paper, and until when; 0: no date
    pending: dict[int, str] = field(default_factory=dict)  # browser: the code that registered it
    private: bytes = b""
    lost: set[bytes] = field(default_factory=set)  # private keys he had once
    seen: set[bytes] = field(default_factory=set)  # keys of compartments he opened once
    read: set[bytes] = field(default_factory=set)  # the office's own private keys that he could read once

    def __repr__(self) -> str:
        return f"{self.login_id} ({self.role.value})"

    @property
    def administers(self) -> bool:
        return self.active and self.role is Role.ADMINISTRATOR

    def holds(self, kind: str, room: bytes) -> bool:
        if not self.active or kind == d.OFFICE or self.role is Role.ADMINISTRATOR:
            return self.active
        if kind == d.AUDIT:
            return self.role is Role.AUDITOR
        return kind == d.CLIENTS and self.role in READERS and room in self.rooms

    def given(self, role: Role, rooms: set[bytes]) -> None:
        self.role, self.rooms = role, set(rooms) if role in READERS else set()

    def loses_everything(self) -> None:
        """Ways in and key pair; what he saw he has seen."""
        self.browsers, self.codes, self.pending, self.sheet = set(), {}, {}, None
        self.lost.add(self.private)

    def loses_codes(self, gone: set[str]) -> None:
        self.codes = {c: until for c, until in self.codes.items() if c not in gone}
        self.pending = {b: c for b, c in self.pending.items() if c not in gone}

    def loses_browser(self, browser: int) -> None:
        self.browsers.discard(browser)
        code = self.pending.pop(browser, None)
        if code is not None:
            self.loses_codes({code})


@dataclass
class Ended:
    """A session that must never be found again."""

    cookie: str
    browser: int


class Machine(RuleBasedStateMachine):
    """Rules are what people do; the model is told what ought to come of it, and nothing else tells it."""

    def __init__(self, template: Office, root: Path) -> None:
        super().__init__()
        self.root = root / f"run-{len(list(root.iterdir()))}"
        self.root.mkdir()
        self.office = copied(template, self.root)
        self.workers = [self.office.instance, *(self.worker() for _ in range(WORKERS - 1))]
        self.wait_for_each_other()
        self.random, self.made = random.Random(7), 0
        facts = self.office.facts
        founder = Human(facts.person, facts.login_id, PASSWORD, browsers={0}, codes={facts.code: 0})
        desk = self.office.desk()
        self.pinned, founder.private = desk.bundle.pinned, desk.bundle.private
        [room] = desk.client_compartments()
        self.people, self.rooms, self.clients = [founder], [room], dict.fromkeys(facts.clients, room)
        self.sheets, self.dead_sheets = {" ".join(facts.groups)}, set[str]()
        self.old_recovery: set[bytes] = set()
        self.ended: list[Ended] = []
        self.open: list[tuple[Human, Ended]] = []

    # --- the workers

    def worker(self) -> Instance:
        return self.office.worker()

    def wait_for_each_other(self) -> None:
        """Each worker lets go of ended epochs as its keeper would a second later; what else it keeps may be stale."""
        for worker in self.workers:
            files, real = worker.files, type(worker.files)._end_epochs_before

            def ending(epoch: int, files: object = files, real: object = real) -> None:
                for other in self.workers:
                    other.keyring.let_go_if_due()
                real(files, epoch)  # type: ignore[operator]

            files._end_epochs_before = ending  # type: ignore[method-assign]

    def now(self) -> int:
        return int(self.office.clock.now)

    # --- the model

    def purge(self, human: Human, browser: int) -> None:
        """What a sign-in ends: this browser's registration, and every code whose day has passed."""
        if browser in human.pending:
            human.loses_codes({human.pending[browser]})
        for each in self.people:
            each.loses_codes({c for c, until in each.codes.items() if until and until <= self.now()})

    def able(self, human: Human) -> bool:
        return human.active and human.sheet is None and bool(human.browsers)

    def administrators(self, but: Human | None = None) -> list[Human]:
        return [h for h in self.people if h is not but and h.administers and self.able(h)]

    def readable(self, human: Human) -> set[bytes]:
        return {c for c, room in self.clients.items() if human.holds(d.CLIENTS, room)}

    def end_sessions(self, human: Human, browser: int | None = None) -> None:
        over = [e for h, e in self.open if h is human and browser in (None, e.browser)]
        self.open = [(h, e) for h, e in self.open if e not in over]
        self.ended += over

    # --- signing in

    def sign_in(self, human: Human, browser: int, number: int) -> Desk:
        worker = self.workers[number]
        done = signing_in.sign_in(worker, human.login_id, human.password, BROWSERS[browser], ORIGIN)
        self.purge(human, browser)
        self.open.append((human, Ended(done.cookie, browser)))
        return sessions.desk(worker, done.session, ORIGIN)

    def desk_of(self, human: Human, number: int) -> Desk:
        return self.sign_in(human, min(human.browsers), number)

    def acting(self, data: st.DataObject, number: int, but: Human | None = None) -> Desk:
        """The desk of one of the administrators."""
        return self.desk_of(data.draw(st.sampled_from(self.administrators(but)), "who acts"), number)

    def refused(self, human: Human, password: str, browser: int, number: int) -> None:
        with pytest.raises(WrongCredential):
            signing_in.sign_in(self.workers[number], human.login_id, password, BROWSERS[browser], ORIGIN)
        self.office.clock.tick(901)  # or wrong guesses would have to wait

    def anybody(self, data: st.DataObject) -> Human:
        return data.draw(st.sampled_from(self.people), "whom")

    def some_rooms(self, data: st.DataObject) -> set[bytes]:
        return data.draw(st.sets(st.sampled_from(self.rooms)), "rooms")

    def new_password(self) -> str:
        self.made += 1
        return f"その {self.made} 番目の 新しい 合言葉"

    # --- persons

    @initialize()
    def an_office_at_work(self) -> None:
        """A second administrator on a PC of his own, a handler who shares it, a second compartment."""
        self.rooms.append(compartments.make(self.desk_of(self.people[0], 0), "支店"))
        for role in (Role.ADMINISTRATOR, Role.HANDLER):
            desk = self.desk_of(self.people[0], 1)
            sheet = people.create(desk, Colleague(name="来た人"), role, (self.rooms[0],))
            human = Human(sheet.person, sheet.login_id, "")
            human.given(role, {self.rooms[0]})
            self.people.append(human)
            self.handed(human, sheet)
            self.comes_in(human, 1, 2)
            self.sign_in(human, 1, 3)

    @precondition(lambda self: len(self.people) < MOST_PEOPLE)
    @rule(data=st.data(), number=workers, role=roles)
    def create(self, data: st.DataObject, number: int, role: Role) -> None:
        rooms = self.some_rooms(data)
        sheet = people.create(self.acting(data, number), Colleague(name="来た人"), role, tuple(rooms))
        human = Human(sheet.person, sheet.login_id, "")
        human.given(role, rooms)
        self.people.append(human)
        self.handed(human, sheet)

    def handed(self, human: Human, sheet: LoginSheet) -> None:
        human.sheet, human.password = sheet, fold_letters(sheet.initial_password)
        human.codes = {sheet.code: sheet.expires}
        human.private = b""

    @precondition(lambda self: any(h.sheet for h in self.people))
    @rule(data=st.data(), number=workers, browser=browsers, comes_back=st.booleans())
    def first_password(self, data: st.DataObject, number: int, browser: int, comes_back: bool) -> None:
        human = data.draw(st.sampled_from([h for h in self.people if h.sheet]), "whose sheet")
        assert human.sheet is not None
        if human.sheet.expires > self.now():
            self.comes_in(human, browser, number)
            if comes_back:
                self.sign_in(human, browser, number)
            return
        with pytest.raises(WrongCredential):
            self.shows_his_sheet(human.sheet, browser, number)
        self.office.clock.tick(901)

    def shows_his_sheet(self, sheet: LoginSheet, browser: int, number: int) -> registering.First:
        given = (sheet.login_id, sheet.initial_password, sheet.code, None, BROWSERS[browser], ORIGIN)
        first = registering.register(self.workers[number], *given)
        assert isinstance(first, registering.First)
        return first

    def comes_in(self, human: Human, browser: int, number: int) -> None:
        assert human.sheet is not None
        first, human.password = self.shows_his_sheet(human.sheet, browser, number), self.new_password()
        given = (human.password, None, BROWSERS[browser], ORIGIN)
        registering.choose_password(self.workers[number], first.session, *given)
        human.browsers, human.pending, human.sheet = {browser}, {browser: human.sheet.code}, None

    @rule(data=st.data(), number=workers, role=roles)
    def grant(self, data: st.DataObject, number: int, role: Role) -> None:
        human, rooms = self.anybody(data), self.some_rooms(data)
        if human.administers and role is not Role.ADMINISTRATOR and not self.administrators(but=human):
            with pytest.raises(Refused, match="last-administrator"):
                people.change(self.acting(data, number), human.person, role, tuple(rooms))
            return
        desk = self.acting(data, number)
        before = (human.role, human.rooms)
        people.change(desk, human.person, role, tuple(rooms))
        human.given(role, rooms)
        if before != (human.role, human.rooms):
            self.end_sessions(human)

    @rule(data=st.data(), number=workers)
    def revoke(self, data: st.DataObject, number: int) -> None:
        human = self.anybody(data)
        if not self.administrators(but=human):
            with pytest.raises(Refused, match="last-administrator"):
                people.stop(self.acting(data, number), human.person)
            return
        people.stop(self.acting(data, number, but=human), human.person)
        human.loses_everything()
        human.active, human.rooms, human.private = False, set(), b""
        self.end_sessions(human)

    @rule(data=st.data(), number=workers)
    def re_enrol(self, data: st.DataObject, number: int) -> None:
        human = self.anybody(data)
        if not self.administrators(but=human):
            return
        sheet = people.reenrol(self.acting(data, number, but=human), human.person)
        human.loses_everything()
        human.active = True
        self.handed(human, sheet)
        self.end_sessions(human)

    @precondition(lambda self: any(self.able(h) for h in self.people))
    @rule(data=st.data(), number=workers)
    def change_password(self, data: st.DataObject, number: int) -> None:
        human, browser = self.somebody_in(data)
        worker, old, new = self.workers[number], human.password, self.new_password()
        done = signing_in.sign_in(worker, human.login_id, old, BROWSERS[browser], ORIGIN)
        self.purge(human, browser)
        passwords.change(sessions.desk(worker, done.session, ORIGIN), done.session, old, new)
        human.password = new
        self.end_sessions(human)
        self.refused(human, old, min(human.browsers), self.random.randrange(WORKERS))

    def somebody_in(self, data: st.DataObject) -> tuple[Human, int]:
        human = data.draw(st.sampled_from([h for h in self.people if self.able(h)]), "who")
        return human, data.draw(st.sampled_from(sorted(human.browsers)), "on which PC")

    # --- devices and codes

    @precondition(lambda self: any(self.able(h) for h in self.people))
    @rule(data=st.data(), number=workers, spare=st.booleans())
    def make_code(self, data: st.DataObject, number: int, spare: bool) -> None:
        human, browser = self.somebody_in(data)
        desk = self.sign_in(human, browser, number)
        if spare:
            human.codes[devices.make_spare(desk, human.password)] = 0
            return
        code, expires = devices.make_code(desk, human.password)
        human.loses_codes({c for c, until in human.codes.items() if until and c not in human.pending.values()})
        human.codes[code] = expires

    @precondition(lambda self: any(h.codes and not h.sheet for h in self.people))
    @rule(data=st.data(), number=workers, browser=browsers)
    def register(self, data: st.DataObject, number: int, browser: int) -> None:
        """Also of a second person on one PC, and of somebody whose browser is registered already."""
        human = data.draw(st.sampled_from([h for h in self.people if h.codes and not h.sheet]), "who")
        code = data.draw(st.sampled_from(list(human.codes)), "code")
        given = (self.workers[number], human.login_id, human.password, code, None, BROWSERS[browser], ORIGIN)
        if human.codes[code] and human.codes[code] <= self.now():
            with pytest.raises(WrongCredential):
                registering.register(*given)
            self.office.clock.tick(901)
            return
        registering.register(*given)
        human.browsers.add(browser)
        human.pending[browser] = code

    @precondition(lambda self: any(self.able(h) for h in self.people))
    @rule(data=st.data(), number=workers)
    def remove_device(self, data: st.DataObject, number: int) -> None:
        human, browser = self.somebody_in(data)
        desk = self.sign_in(human, browser, number)
        reach = [h for h in self.people if h is human or human.administers]
        gone = data.draw(st.sampled_from(sorted(set().union(*(h.browsers for h in reach)))), "which PC")
        touched = [h for h in reach if gone in h.browsers]
        device = desk.stored.keystore.device_of(BROWSERS[gone])
        assert device is not None
        spare = {code for code, until in human.codes.items() if not until and code != human.pending.get(gone)}
        if not (human.browsers - {gone} or spare):
            with pytest.raises(Refused, match="last-way-in"):
                devices.remove(desk, device)
            return
        if not any(h.browsers - {gone} or h not in touched for h in self.administrators()):
            return
        devices.remove(desk, device)
        for each in touched:
            each.loses_browser(gone)
            self.end_sessions(each, gone)

    @rule(data=st.data(), number=workers, browser=browsers)
    def look(self, data: st.DataObject, number: int, browser: int) -> None:
        """Somebody tries a PC: in, and everything that is his is there, or not in."""
        human = self.anybody(data)
        if browser in human.browsers and human.active:
            self.sees_just_what_is_his(human, self.sign_in(human, browser, number))
        else:
            self.refused(human, human.password, browser, number)

    # --- compartments and clients

    @precondition(lambda self: len(self.rooms) < MOST_ROOMS)
    @rule(data=st.data(), number=workers)
    def make_compartment(self, data: st.DataObject, number: int) -> None:
        self.rooms.append(compartments.make(self.acting(data, number), f"支店{len(self.rooms)}"))

    @rule(data=st.data(), number=workers)
    def set_members(self, data: st.DataObject, number: int) -> None:
        room = data.draw(st.sampled_from(self.rooms), "room")
        members = data.draw(st.sets(st.sampled_from([h.person for h in self.people])), "members")
        compartments.set_members(self.acting(data, number), room, members)
        for human in self.people:
            if human.active and human.role in READERS and (room in human.rooms) != (human.person in members):
                human.rooms ^= {room}
                self.end_sessions(human)

    @precondition(lambda self: len(self.clients) < MOST_CLIENTS)
    @rule(data=st.data(), number=workers)
    def enter_client(self, data: st.DataObject, number: int) -> None:
        room = data.draw(st.sampled_from(self.rooms), "room")
        self.clients[clients.create(self.acting(data, number), room, household(NAMES[1], "ハグロ ソウタ"))] = room

    @rule(data=st.data(), number=workers)
    def move(self, data: st.DataObject, number: int) -> None:
        client = data.draw(st.sampled_from(list(self.clients)), "client")
        room = data.draw(st.sampled_from(self.rooms), "to")
        compartments.move_client(self.acting(data, number), client, room)
        self.clients[client] = room

    # --- the recovery sheet

    @rule(data=st.data(), number=workers)
    def re_issue(self, data: st.DataObject, number: int) -> None:
        human = data.draw(st.sampled_from(self.administrators()), "who acts")
        worker = self.workers[number]
        done = signing_in.sign_in(worker, human.login_id, human.password, BROWSERS[min(human.browsers)], ORIGIN)
        self.purge(human, min(human.browsers))
        made = recovery.make_sheet(sessions.desk(worker, done.session, ORIGIN), done.session)
        assert made.payload is not None
        waiting = made.payload.waiting
        groups = recovery_groups(waiting.secret)
        first, second = recovery.asked_groups(waiting)
        desk = sessions.desk(worker, made, ORIGIN)
        recovery.confirm_sheet(desk, made, (groups[first - 1], groups[second - 1]), human.password)
        human.loses_codes({c for c, until in human.codes.items() if not until and c not in human.pending.values()})
        human.codes[waiting.code] = 0
        self.dead_sheets |= self.sheets
        self.sheets = {" ".join(groups)}

    @precondition(lambda self: len(self.people) < MOST_PEOPLE)
    @rule(number=workers, browser=browsers)
    def recover(self, number: int, browser: int) -> None:
        worker = self.workers[number]
        for dead in sorted(self.dead_sheets)[:1]:
            ticket, _ = recovery.issue_ticket(worker)
            with pytest.raises(WrongCredential):
                recovery.recover(worker, dead, ticket, self.new_password(), None, BROWSERS[browser], ORIGIN)
        ticket, _ = recovery.issue_ticket(worker)
        password = self.new_password()
        [groups] = self.sheets
        done = recovery.recover(worker, groups, ticket, password, None, BROWSERS[browser], ORIGIN)
        self.people.append(Human(done.session.row.person, done.login_id, password, browsers={browser}))

    # --- the machine room

    @rule(seconds=st.sampled_from([HOUR, DAY + 1, 15 * DAY]))
    def time_passes(self, seconds: int) -> None:
        self.office.clock.tick(seconds)

    @rule(number=workers)
    def restart(self, number: int) -> None:
        self.workers[number].engine.dispose()
        self.workers[number].keyring.let_go()
        self.workers[number] = self.worker()
        self.wait_for_each_other()

    # --- what has to hold after every step

    @invariant()
    def the_files_say_what_the_model_says(self) -> None:
        keystore = self.random.choice(self.workers).keyring.stored().keystore
        directory = keystore.trusted(self.pinned)
        assert keystore.missing_grants(directory) == []
        assert set(keystore.grants) == set(keystore.rings) == set(directory.compartments)
        assert set(directory.of_clients()) == set(self.rooms)
        assert set(directory.persons) == {h.person for h in self.people}
        assert len(keystore.codes) == sum(len(h.codes) for h in self.people)
        assert len(keystore.devices) == len(set().union(*(h.browsers for h in self.people)))
        for human in self.people:
            self.has_just_his_ways_in(keystore, directory, human)
        for compartment, entry in directory.compartments.items():
            held = {h.person for h in self.people if h.holds(entry.kind, compartment)}
            assert set(keystore.grants[compartment]) == held | {RECOVERY}
            for human in self.people:
                self.opens_it_or_does_not(keystore, directory, human, compartment)

    def has_just_his_ways_in(self, keystore: Keystore, directory: Directory, human: Human) -> None:
        """Each slot that he ought to have opens with his password and leads to his key; there are no others."""
        secrets = {keystore.device_of(BROWSERS[b]): BROWSERS[b] for b in human.browsers}
        hashes = {code.secret_hash: name for name, code in keystore.codes.items()}
        secrets |= {hashes.get(secret_hash(read_code(c))): read_code(c) for c in human.codes}
        assert keystore.slots.get(human.person, {}).keys() == secrets.keys()
        for holder, secret in secrets.items():
            assert holder is not None
            place = keystore.place(human.person, holder)
            opened = keystore.open_slot(
                human.person, holder, stretched(human.password, place.salt, place.cost),
                holder_secret(secret, human.person),
            )  # fmt: skip
            human.private = human.private or opened.private
            assert opened.private == human.private
            assert keystore.heir(opened.pinned) == directory.signing_public
            assert opened.secrets == {h: holder_secret(s, human.person) for h, s in secrets.items()}

    def opens_it_or_does_not(self, keystore: Keystore, directory: Directory, human: Human, room: bytes) -> None:
        """With the key pair he has now, with those he had, and with every key of a compartment he ever opened."""
        valid = directory.compartments[room]
        may = human.holds(valid.kind, room)
        for private in {human.private, *human.lost} - {b""}:
            try:
                key = keystore.compartment_key(directory, room, human.person, private)
            except KuraError:
                assert not (may and private == human.private)
                continue
            assert may and private == human.private
            human.seen.add(key)
            if valid.kind == d.CLIENTS:
                found = keystore.ring(directory, room, key).owners()
                assert set(found) == {c for c, where in self.clients.items() if where == room}
            human.read |= {keystore.secret(directory, n, key) for n, (kind, _) in SECRETS.items() if kind == valid.kind}
        assert may or valid.key_id not in {key_id(key) for key in human.seen}
        if not may and valid.kind == d.ADMIN:
            assert directory.signing_public not in {signing_public(s) for s in human.read if len(s) == SIGNING_BYTES}
        if not may and valid.kind == d.AUDIT:
            known = {s[:PRIVATE_BYTES] for s in human.read if len(s) > SIGNING_BYTES}
            assert directory.audit_public not in {public_key(each) for each in known}

    @invariant()
    def just_the_sheets_that_stand_open_everything(self) -> None:
        keystore = self.random.choice(self.workers).keyring.stored().keystore
        directory = keystore.trusted(self.pinned)
        now = {self.opened_sheet(keystore, groups) for groups in self.sheets}
        assert None not in now and len(keystore.sheets) == len(self.sheets)
        assert not any(self.opened_sheet(keystore, groups) for groups in self.dead_sheets)
        for room in directory.compartments:
            for private in now - {None}:
                assert private is not None
                assert keystore.compartment_key(directory, room, RECOVERY, private)
            for private in self.old_recovery - now:
                with pytest.raises(KuraError):
                    keystore.compartment_key(directory, room, RECOVERY, private)
        self.old_recovery |= {private for private in now if private}

    def opened_sheet(self, keystore: Keystore, groups: str) -> bytes | None:
        for name, sheet in keystore.sheets.items():
            try:
                return open_recovery(read_recovery(groups), keystore.office, name, sheet.sealed)[0]
            except WrongCredential:
                continue
        return None

    @invariant()
    def a_session_that_was_ended_is_never_found_again(self) -> None:
        worker = self.random.choice(self.workers)
        for session in self.ended:
            assert sessions.find(worker, session.cookie, BROWSERS[session.browser]) is None

    def sees_just_what_is_his(self, human: Human, desk: Desk) -> None:
        mine = self.readable(human)
        assert desk.bundle.pinned == desk.directory.signing_public
        if human.role is Role.AUDITOR:
            with pytest.raises(Forbidden):
                clients.list_clients(desk)
        else:
            assert {head.id for head in clients.list_clients(desk)} == mine
        for client, room in self.clients.items():
            if client in mine:
                assert clients.get(desk, client).compartment_id == room
            else:
                with pytest.raises((NotFound, Forbidden)):
                    clients.get(desk, client)

    def teardown(self) -> None:
        for human in self.people:
            for browser in sorted(human.browsers):
                for number in range(WORKERS):
                    self.sees_just_what_is_his(human, self.sign_in(human, browser, number))
        worker = self.workers[0]
        audit.check_whole(worker, worker.keyring.stored())
        with worker.engine.begin() as connection:
            assert audit.verify_chain(connection) is None
        for each in self.workers:
            each.engine.dispose()
            each.keyring.let_go()
        shutil.rmtree(self.root)


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "runs"
    place.mkdir()
    yield place
    shutil.rmtree(place, ignore_errors=True)


def run(template: Office, root: Path, examples: int, steps: int) -> None:
    """As many lives of an office, each of so many steps at most."""
    asked = settings(max_examples=examples, stateful_step_count=steps, deadline=None, print_blob=True)
    run_state_machine_as_test(lambda: Machine(template, root), settings=asked)  # type: ignore[arg-type]


def test_everybody_opens_just_what_he_should_whatever_happens(templates: list[Office], runs: Path) -> None:
    run(templates[0], runs, 12, 30)


@pytest.mark.long
def test_everybody_opens_just_what_he_should_in_many_lives(templates: list[Office], runs: Path) -> None:
    run(templates[0], runs, 80, 50)
