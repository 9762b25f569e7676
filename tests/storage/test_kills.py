"""kill -9 and a power cut between every two durable steps of whatever makes something last: before or after, whole.

A sample of the points in every run, all of them with --long.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import killing, offices
from tests.support.offices import DEVICE, NAMES, ORIGIN, PASSWORD, Office
from vault.crypto.unlock import recovery_groups
from vault.domain.access import Permission
from vault.domain.prints import POLICY_LIST, PrintOrder
from vault.errors import KuraError
from vault.services import audit, clients, policies, printing, sessions
from vault.services.accounts import recovery, signing_in
from vault.services.audit import Event
from vault.storage.database import transaction

OTHER = bytes(reversed(range(32)))
SAMPLE = 20


@dataclass
class Scenario:
    """Something a person does, in a process that may die in it."""

    name: str
    act: Callable[[Office], object]
    begun: bool = True


def save(office: Office) -> None:
    desk = office.desk()
    changed = offices.policy(offices.household(NAMES[0], "ヤマダ タロウ"), "日本生命", "N-01", "33,333")
    policies.save(desk, office.facts.clients[0], office.facts.policies[0][0], changed, 2)


def enter(office: Office) -> None:
    desk = office.desk()
    clients.create(desk, desk.client_compartments()[0], offices.household("鈴木 三郎", "スズキ サブロウ"))


def new_epoch(office: Office) -> None:
    office.sign_in()
    office.instance.keyring.let_go()
    office.instance.files.take_away(lambda keystore: keystore)


def register(office: Office) -> None:
    facts = office.facts
    signing_in.register(office.instance, facts.login_id, PASSWORD, facts.code, None, OTHER, ORIGIN)
    signing_in.sign_in(office.instance, facts.login_id, PASSWORD, OTHER, ORIGIN)


def renew_sheet(office: Office) -> None:
    session = office.session()
    held = recovery.make_sheet(sessions.desk(office.instance, session, ORIGIN), session)
    offices.confirm(office, held)


def recover(office: Office) -> None:
    ticket, _ = recovery.issue_ticket(office.instance)
    words = " ".join(office.facts.groups)
    recovery.recover(office.instance, words, ticket, "べつの とても ながい ことば", None, OTHER, ORIGIN)


def print_sheet(office: Office) -> None:
    order = PrintOrder(sheet=POLICY_LIST, purpose="社内利用", addressee="山田 太郎 様", copies=1)
    printing.print_client(office.desk(), office.facts.clients[0], order)


SCENARIOS = [
    Scenario("the first sign-in", offices.begin, begun=False),
    Scenario("a save", save),
    Scenario("a new client", enter),
    Scenario("a new keystore epoch", new_epoch),
    Scenario("another device and the code used up", register),
    Scenario("a new recovery sheet", renew_sheet),
    Scenario("recovery", recover),
    Scenario("a print", print_sheet),
]


def fresh(scenario: Scenario, template: Office, root: Path) -> Office:
    root.mkdir()
    office = offices.copied(template, root) if scenario.begun else offices.unbegun_office(root)
    office.instance.engine.dispose()  # SQLite's connections do not survive a fork
    return office


def steps_of(scenario: Scenario, template: Office, root: Path) -> int:
    office = fresh(scenario, template, root)
    steps = killing.run(lambda: scenario.act(office))
    assert steps is not None and steps >= 2
    comes_up_whole(office)
    return steps


def comes_up_whole(office: Office) -> None:
    """Another process finds the state before or the state after, can finish what is owed, and works on."""
    office.restart()
    if not office.instance.has_begun():
        offices.begin(office)
        office.restart()
    signed_in = office.sign_in()
    desk = sessions.desk(office.instance, signed_in.session, ORIGIN)
    audit.check_whole(office.instance, office.instance.keyring.stored())
    office.instance.keyring.let_go()
    office.instance.files.finish()
    assert office.instance.files.owed() == []
    epoch = office.instance.files.read().keystore.epoch
    for replica in office.settings.replicas:
        assert [p.name for p in replica.glob("shred.*")] == [f"shred.{epoch}"]
    keystore = office.instance.files.read().keystore
    assert keystore.missing_grants(keystore.trusted(desk.bundle.pinned)) == []
    everything_opens(office)
    with transaction(office.instance.engine) as connection:
        assert audit.verify_chain(connection) is None


def everything_opens(office: Office) -> None:
    desk = office.desk()
    heads = clients.list_clients(desk)
    assert {head.client.name for head in heads} >= set(NAMES if office.facts.clients else ())
    for head in heads:
        page = clients.get(desk, head.id)
        for held in page.policies:
            clients.versions(desk, head.id, held.id)
    if office.facts.clients:
        page = clients.get(desk, office.facts.clients[0])
        held = next(h for h in page.policies if h.id == office.facts.policies[0][0])
        assert (held.version, held.policy.premium) in {(2, 12_000), (3, 33_333)}
        policies.save(desk, page.id, held.id, held.policy, held.version)
        with desk.act(Event.LEDGER_OPENED, Permission.READ_PRINT_LEDGER):
            pass
        printing.ledger(desk)


def survives(scenario: Scenario, template: Office, root: Path, step: int, power: bool) -> None:
    office = fresh(scenario, template, root)
    try:
        killing.run(lambda: scenario.act(office), step, power)
        comes_up_whole(office)
    except KuraError as error:
        raise AssertionError(f"{scenario.name}, killed before step {step}, power cut: {power}: {error}") from error
    finally:
        office.instance.engine.dispose()


def test_a_sample_of_kill_points_leaves_the_office_whole(templates: list[Office], tmp_path: Path) -> None:
    points = []
    for i, scenario in enumerate(SCENARIOS):
        steps = steps_of(scenario, templates[0], tmp_path / f"whole-{i}")
        points += [(scenario, step, power) for step in range(1, steps + 1) for power in (False, True)]
    stride = len(points) / SAMPLE
    for n in range(SAMPLE):
        scenario, step, power = points[int(n * stride + stride / 2)]
        survives(scenario, templates[0], tmp_path / f"killed-{n}", step, power)


@pytest.mark.long
@pytest.mark.parametrize("power", [False, True], ids=["kill -9", "power cut"])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_every_kill_point_leaves_the_office_whole(
    scenario: Scenario, power: bool, templates: list[Office], tmp_path: Path
) -> None:
    for step in range(1, steps_of(scenario, templates[0], tmp_path / "whole") + 1):
        survives(scenario, templates[0], tmp_path / f"step-{step}", step, power)


def test_what_was_typed_on_the_other_device_is_never_needed_twice(templates: list[Office], tmp_path: Path) -> None:
    """Killed in the middle of a registration, either the code still stands or the new browser is registered."""
    scenario = next(s for s in SCENARIOS if s.act is register)
    steps = steps_of(scenario, templates[0], tmp_path / "whole")
    for step in (1, steps // 3, steps // 2, steps - 1):
        office = fresh(scenario, templates[0], tmp_path / f"step-{step}")
        killing.run(lambda office=office: register(office), step)
        office.restart()
        if signing_in.known_device(office.instance, OTHER) is None:
            register(office)
        assert signing_in.sign_in(office.instance, office.facts.login_id, PASSWORD, OTHER, ORIGIN)
        office.instance.engine.dispose()


def test_the_sheet_printed_at_the_beginning_opens_after_every_kill(templates: list[Office], tmp_path: Path) -> None:
    scenario = next(s for s in SCENARIOS if s.act is new_epoch)
    steps = steps_of(scenario, templates[0], tmp_path / "whole")
    for step in range(1, steps + 1, max(1, steps // 4)):
        office = fresh(scenario, templates[0], tmp_path / f"step-{step}")
        killing.run(lambda office=office: new_epoch(office), step, power=True)
        office.restart()
        recover(office)
        office.instance.engine.dispose()
    assert len(recovery_groups(bytes(32))) == 13 and DEVICE != OTHER
