"""An act that is cut off by kill -9 or a power cut happened or did not: which states may be found is written down here.

A few points of each act in every run, all of them with --long.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.support import killing
from tests.support.offices import (
    DEVICE,
    NAMES,
    ORIGIN,
    PASSWORD,
    Clock,
    Office,
    begin,
    confirm,
    copied,
    household,
    origin,
    unbegun_office,
)
from vault.crypto import codec
from vault.domain.prints import POLICY_LIST, PrintOrder
from vault.services import audit, clients, ledger, policies, printing, sessions
from vault.services.accounts import activation, beginning, recovery, registering
from vault.services.safe import Desk
from vault.storage.keystore import KeystoreFiles

NEW_BROWSER = b"\x55" * 32
TAKEN = codec.encode([b"a key", b"another", b"a signature"])  # a statement that concerns nobody's pinned key
Prepare = Callable[[Office], Callable[[], object]]


@dataclass(frozen=True)
class Act:
    """`prepare` runs in the child and returns what is interrupted; `states` are what may be found afterwards."""

    name: str
    prepare: Prepare
    found: Callable[[Office, Desk], object]
    states: tuple[object, ...]


def save(office: Office) -> Callable[[], object]:
    desk = office.desk()
    record = replace(household(NAMES[0], "シマ カイト"), notes="三度目")
    return lambda: clients.save(desk, office.facts.clients[0], record, 2)


def saved(office: Office, desk: Desk) -> object:
    page = clients.get(desk, office.facts.clients[0])
    return page.version, page.client.notes


def create(office: Office) -> Callable[[], object]:
    desk = office.desk()
    record = household("鈴木 三郎", "スズキ サブロウ")
    return lambda: clients.create(desk, desk.client_compartments()[0], record)


def created(office: Office, desk: Desk) -> object:
    return sorted(head.client.name for head in clients.list_clients(desk))


def take_away(office: Office) -> Callable[[], object]:
    return lambda: office.instance.files.take_away(lambda keystore: replace(keystore, statements=(TAKEN,)))


def taken_away(office: Office, desk: Desk) -> object:
    return desk.stored.keystore.epoch, desk.stored.keystore.statements


def register(office: Office) -> Callable[[], object]:
    facts = office.facts
    return lambda: registering.register(
        office.instance, facts.login_id, PASSWORD, facts.code, None, NEW_BROWSER, origin("203.0.113.1")
    )


def registered(office: Office, desk: Desk) -> object:
    keystore = desk.stored.keystore
    return len(keystore.devices), len(keystore.codes), len(keystore.slots[desk.person])


def come_back(office: Office) -> Callable[[], object]:
    register(office)()
    office.instance.keyring.let_go()
    return lambda: office.sign_in(device=NEW_BROWSER)


def confirm_first_sheet(office: Office) -> Callable[[], object]:
    signed_in = office.sign_in()
    office.instance.keyring.let_go()
    made = recovery.make_sheet(sessions.desk(office.instance, signed_in.session, ORIGIN), signed_in.session)
    office.instance.keyring.let_go()
    return lambda: confirm(office, made)


def sheets(office: Office, desk: Desk) -> object:
    keystore = desk.stored.keystore
    return len(keystore.sheets), recovery.is_confirmed(keystore), keystore.epoch


def recover(office: Office) -> Callable[[], object]:
    ticket, _ = recovery.issue_ticket(office.instance)
    groups = " ".join(office.facts.groups)
    return lambda: recovery.recover(office.instance, groups, ticket, PASSWORD, None, NEW_BROWSER, origin("203.0.113.2"))


def recovered(office: Office, desk: Desk) -> object:
    return len(desk.directory.persons), len(desk.stored.keystore.sheets)


def print_sheet(office: Office) -> Callable[[], object]:
    desk = office.desk()
    order = PrintOrder(sheet=POLICY_LIST, purpose="社内利用", addressee="志摩 海斗 様", copies=1)
    return lambda: printing.print_client(desk, office.facts.clients[0], order)


def printed(office: Office, desk: Desk) -> object:
    return ledger.newest(desk)[1]


ACTS = [
    Act("a save", save, saved, ((2, "二度目"), (3, "三度目"))),
    Act("a new client", create, created, (sorted(NAMES), sorted([*NAMES, "鈴木 三郎"]))),
    Act("a new epoch", take_away, taken_away, ((1, ()), (2, (TAKEN,)))),
    Act("a registration", register, registered, ((1, 1, 2), (2, 1, 3))),
    Act("its end", come_back, registered, ((2, 1, 3), (2, 0, 2))),
    Act("a sheet made anew", confirm_first_sheet, sheets, ((1, True, 1), (1, True, 2))),
    Act("a recovery", recover, recovered, ((1, 1), (2, 1))),
    Act("a print", print_sheet, printed, (0, 1)),
]


def afterwards(office: Office) -> Office:
    """The next start of the server, as the program does it."""
    up = Office(office.folder, Clock(office.clock.now + 60), office.facts)
    up.instance.check()
    if up.instance.has_begun():
        up.instance.files.finish()
    return up


def whole(office: Office) -> Desk:
    """Everything is there and opens: keystore on both replicas, journal, every record and every earlier version."""
    instance = office.instance
    assert instance.files.owed() == []
    assert_tidy(instance.files)
    with instance.engine.begin() as connection:
        assert audit.verify_chain(connection) is None
    desk = office.desk()
    audit.check_whole(instance, instance.keyring.stored())
    assert desk.stored.keystore.missing_grants(desk.directory) == []
    for head in clients.list_clients(desk):
        page = clients.get(desk, head.id)
        assert [v.number for v in clients.versions(desk, head.id, head.id)] == list(range(page.version, 0, -1))
        for held in page.policies:
            assert policies.get(desk, head.id, held.id).held.policy == held.policy
            assert clients.versions(desk, head.id, held.id)
    assert len(ledger.newest(desk)[0]) == ledger.newest(desk)[1]
    return desk


def assert_tidy(files: KeystoreFiles) -> None:
    newest = files.newest()
    assert newest is not None
    for replica in files.replicas:
        assert list(replica.glob(".*.part")) == []
        epochs = {int(path.name.split(".")[1]) for path in replica.glob("keystore.*")}
        assert epochs == {newest[0]}
        assert not [p for p in replica.glob("shred.*") if int(p.name.split(".")[1]) < newest[0]]


@pytest.mark.parametrize("power_cut", [False, True], ids=["kill", "power cut"])
@pytest.mark.parametrize("act", ACTS, ids=lambda a: a.name)
def test_an_act_that_is_cut_off_happened_or_did_not(
    act: Act, power_cut: bool, templates: list[Office], tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    def attempt(at: int) -> int | None:
        office = copied(templates[0], tmp_path / f"at-{at}")
        ended = killing.run_prepared(lambda: act.prepare(office), at or killing.EVERY, power_cut)
        up = afterwards(office)
        found = act.found(up, whole(up))
        assert found in act.states, f"before step {at}: {found!r}"
        if not at:
            assert found == act.states[1]
        up.instance.engine.dispose()
        shutil.rmtree(office.folder)
        return ended

    killing.at_points(attempt, pytestconfig)


@pytest.mark.parametrize("power_cut", [False, True], ids=["kill", "power cut"])
def test_a_beginning_that_is_cut_off_can_be_made_again(power_cut: bool, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    template = unbegun_office(tmp_path / "template")
    template.instance.engine.dispose()

    def attempt(at: int) -> int | None:
        office = copied(template, tmp_path / f"at-{at}")

        def prepare() -> Callable[[], object]:
            activation.sign_in(office.instance, office.facts.login_id, office.facts.initial_password, ORIGIN)
            return lambda: beginning.begin(office.instance, PASSWORD, None, DEVICE, ORIGIN)

        ended = killing.run_prepared(prepare, at or killing.EVERY, power_cut)
        up = afterwards(office)
        if not up.instance.has_begun():
            assert at
            begin(up)
        assert_tidy(up.instance.files)
        signed_in = up.sign_in()
        made = recovery.make_sheet(sessions.desk(up.instance, signed_in.session, ORIGIN), signed_in.session)
        up.instance.keyring.let_go()
        confirm(up, made)
        whole(up)
        up.instance.engine.dispose()
        shutil.rmtree(office.folder)
        return ended

    killing.at_points(attempt, pytestconfig, 6)


def test_what_a_killed_writer_left_of_a_shred_key_is_destroyed(office: Office) -> None:
    """A copy of the key in a temporary file would outlive the erasure."""
    files = office.instance.files
    left = office.settings.replicas[0] / ".shred.1.12345.part"
    shutil.copy(office.settings.replicas[0] / "shred.1", left)
    files.take_away(lambda keystore: keystore)
    assert not left.exists()
    assert_tidy(files)


def test_the_first_sheet_confirmed_is_cut_off(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    """On the first day the sheet waits in the session alone; the session store is lost with the machine."""
    def attempt(at: int) -> int | None:
        office = unbegun_office(tmp_path / f"at-{at}")
        office.instance.engine.dispose()

        def prepare() -> Callable[[], object]:
            session = begin(office).session
            return lambda: confirm(office, session)

        ended = killing.run_prepared(prepare, at or killing.EVERY)
        up = afterwards(office)
        whole(up)
        assert at or recovery.is_confirmed(up.instance.keyring.stored().keystore)
        up.instance.engine.dispose()
        return ended

    killing.at_points(attempt, pytestconfig)
