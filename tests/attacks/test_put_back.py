"""A whole database or a whole keystore put back: announced on every page, waiting for an administrator, then it goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask

from tests.support.forging import forge
from tests.support.offices import DEVICE, NAMES, ORIGIN, PASSWORD, Office, household, policy
from tests.support.visits import Visit, shows_nothing
from vault.errors import RolledBack
from vault.services import audit, clients, policies
from vault.services.accounts import signing_in

Back = Callable[[], None]


def work_on(office: Office) -> None:
    """A day's work after the copy was made: a new client, which changes the keystore as well."""
    desk = office.desk()
    made = clients.create(desk, desk.client_compartments()[0], household("鈴木 三郎", "スズキ サブロウ"))
    policies.create(desk, made, policy(household("鈴木 三郎", "スズキ サブロウ"), "日本生命", "Z-9"))


def work_without_keys(office: Office) -> None:
    """Work that changes the database alone, and signs nobody in."""
    desk = office.desk()
    page = clients.get(desk, office.facts.clients[0])
    clients.save(desk, page.id, replace(page.client, notes="copied before this"), page.version)


def database_back(office: Office) -> Back:
    copy = office.copy_database()
    return lambda: office.put_database_back(copy)


def keystore_back(office: Office) -> Back:
    copy = office.copy_keystore()
    return lambda: office.put_keystore_back(copy)


def keystore_of_an_older_epoch_back(office: Office) -> Back:
    copy = office.copy_keystore()

    def put() -> None:
        office.instance.keyring.let_go()
        office.instance.files.take_away(lambda keystore: keystore)
        office.sign_in()
        office.instance.keyring.let_go()
        office.put_keystore_back(copy)

    return put


CASES = [database_back, keystore_back, keystore_of_an_older_epoch_back]


def announced(visit: Visit) -> bool:
    """Whether every page leads to the announcement and shows nothing itself."""
    answers = [visit.get(path) for path in ("/clients", visit.client_page(), "/ledger", "/office", "/prints")]
    assert all(answer.status_code == 303 for answer in answers), [a.status_code for a in answers]
    assert all(shows_nothing(answer) for answer in answers)
    return all(answer.location.endswith("/attention") for answer in answers)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.__name__)
def test_it_is_announced_on_every_page_and_goes_on_after_a_confirmation(
    case: Callable[[Office], Back], visit: Visit, office: Office
) -> None:
    put_back = case(office)
    work_on(office)
    put_back()
    visit.get("/clients")  # a worker that has just looked may notice while it answers
    assert announced(visit)
    page = visit.get("/attention")
    assert page.status_code == 200 and "確認が必要です" in page.get_data(as_text=True)
    assert visit.post("/attention", {"password": "wrong password"}).status_code == 403
    assert announced(visit)
    assert visit.post("/attention", {"password": PASSWORD}).status_code == 303
    listed = visit.get("/clients")
    assert listed.status_code == 200 and NAMES[0] in listed.get_data(as_text=True)
    assert visit.get(visit.client_page()).status_code == 200
    work_on(office)
    again = office.worker()  # and no other worker is still alarmed
    audit.check_whole(again, again.keyring.stored())
    clients.get(office.desk(again), office.facts.clients[0])


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.__name__)
def test_it_is_announced_to_whoever_signs_in_next(
    case: Callable[[Office], Back], stranger: Visit, office: Office
) -> None:
    put_back = case(office)
    work_on(office)
    put_back()
    office.restart()
    for _ in range(2):  # a sign-in must not wipe the traces
        visit = Visit(stranger.app, office).with_device()
        assert visit.sign_in().status_code == 303
        assert announced(visit)


def everything_back(office: Office) -> Back:
    """Database, keystore, and the journal's head beside it: what a snapshot of the whole server brings back."""
    rows, keys, head = database_back(office), keystore_back(office), office.settings.replicas[0] / "head"
    noted = head.read_bytes()

    def put() -> None:
        rows()
        keys()
        head.write_bytes(noted)

    return put


def test_a_server_put_back_as_a_whole_is_known_to_who_saw_more(app: Flask, visit: Visit, office: Office) -> None:
    """Nothing on it contradicts itself. Browsers carry what they have seen, and once one has said so, all are told."""
    put_back = everything_back(office)
    work_on(office)
    office.clock.tick(60)
    visit.sign_in()
    assert visit.get("/clients").status_code == 200
    put_back()
    office.restart()
    forgetful, knowing = Visit(app, office).with_device(), visit.at(office.instance)
    forgetful.sign_in()
    assert forgetful.get("/clients").status_code == 200
    knowing.sign_in()
    assert announced(knowing) and announced(forgetful)
    assert knowing.get("/attention").status_code == 200
    assert knowing.post("/attention", {"password": PASSWORD}).status_code == 303
    for each in (knowing, forgetful):
        assert each.get("/clients").status_code == 200
        each.sign_in()
        assert each.get("/clients").status_code == 200, "the older memory of a browser is settled too"


def test_work_in_an_older_database_is_refused_at_once(office: Office, visit: Visit) -> None:
    copy = office.copy_database()
    work_without_keys(office)
    office.put_database_back(copy)
    with pytest.raises(RolledBack):
        clients.get(office.desk(), office.facts.clients[0])
    answer = visit.get(visit.client_page())
    assert answer.status_code in (303, 409) and shows_nothing(answer)
    assert announced(visit)


def test_refused_sign_ins_do_not_write_over_the_proof(office: Office, stranger: Visit, visit: Visit) -> None:
    copy = office.copy_database()
    work_without_keys(office)
    office.put_database_back(copy)
    for _ in range(3):
        stranger.sign_in(password="a guess at the door")
    with pytest.raises(RolledBack):
        audit.check_whole(office.instance, office.instance.keyring.stored())
    visit.get("/clients")
    assert announced(visit)


def test_a_new_client_does_not_write_over_the_mark_in_the_keystore(office: Office) -> None:
    """The head noted beside the keystore may be gone too; the mark inside it has to hold then."""
    desk = office.desk()
    copy = office.copy_database()
    work_on(office)
    office.put_database_back(copy)
    (office.settings.replicas[0] / "head").unlink()
    clients.create(desk, desk.client_compartments()[0], household("鈴木 三郎", "スズキ サブロウ"))
    with pytest.raises(RolledBack):
        audit.check_whole(office.instance, office.instance.keyring.stored())


def test_a_viewer_sees_the_announcement_and_cannot_confirm(office: Office, visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    from vault.domain.access import PERMISSIONS, Role
    from vault.services.safe import Desk

    copy = office.copy_database()
    work_on(office)
    office.put_database_back(copy)
    visit.get("/clients")
    monkeypatch.setattr(Desk, "may", lambda self, permission: permission in PERMISSIONS[Role.VIEWER])
    page = visit.get("/attention")
    assert page.status_code == 200 and 'type="password"' not in page.get_data(as_text=True)
    assert visit.post("/attention", {"password": PASSWORD}).status_code == 403


def test_a_keystore_edited_under_its_own_number_is_noticed(office: Office) -> None:
    """Not the next generation but the noted one, with other bytes."""
    from tests.support.forging import stolen_keystore
    from vault.crypto.keystore_form import seal_keystore

    office.sign_in()
    keystore, key = stolen_keystore(office)
    sealed = seal_keystore(key, replace(keystore, statements=(b"x",)))
    for replica in office.settings.replicas:
        (replica / f"keystore.{keystore.epoch}.{keystore.generation}").write_bytes(sealed)
    office.instance.keyring.let_go()
    with pytest.raises(RolledBack):
        audit.check_whole(office.instance, office.instance.keyring.stored())


def test_one_replica_put_back_alone_changes_nothing(office: Office) -> None:
    copy = office.copy_keystore()
    work_on(office)
    before = office.instance.files.newest()
    replica = office.settings.replicas[1]
    for path in replica.glob("keystore.*"):
        path.unlink()
    for path in (copy / replica.name).glob("keystore.*"):
        (replica / path.name).write_bytes(path.read_bytes())
    office.restart()
    assert office.instance.files.newest() == before
    assert office.instance.files.owed() == [replica]
    office.instance.files.finish()
    assert office.instance.files.owed() == []
    assert len(clients.list_clients(office.desk())) == 3


def test_a_database_from_before_the_beginning_does_not_let_the_keys_be_made_anew(unbegun: Office) -> None:
    from tests.support.offices import begin, confirm
    from vault.services.accounts import activation, beginning

    copy = unbegun.copy_database()
    confirm(unbegun, begin(unbegun).session)
    keys = unbegun.instance.files.newest()
    unbegun.put_database_back(copy)
    with pytest.raises(RolledBack):
        activation.sign_in(unbegun.instance, unbegun.facts.login_id, unbegun.facts.initial_password, ORIGIN)
    with pytest.raises(RolledBack):
        beginning.begin(unbegun.instance, PASSWORD + " anew", None, bytes(32), ORIGIN)
    assert unbegun.instance.files.newest() == keys


def test_a_forged_next_keystore_does_not_pass_for_a_confirmation(office: Office, visit: Visit) -> None:
    """Mark and number can be made to fit by whoever has the disk; the noted directory cannot be un-noted that way."""
    copy = office.copy_database()
    work_on(office)
    office.put_database_back(copy)
    forge(office, lambda keystore: keystore)
    visit.get("/clients")
    assert announced(visit)


def test_a_sign_in_while_something_waits_does_not_note_it_as_right(office: Office) -> None:
    put_back = keystore_back(office)
    work_on(office)
    put_back()
    office.restart()
    signing_in.sign_in(office.instance, office.facts.login_id, PASSWORD, DEVICE, ORIGIN)
    with pytest.raises(RolledBack):
        audit.check_whole(office.instance, office.instance.keyring.stored())
