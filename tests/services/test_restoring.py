"""Restoring: clients as a backup has them, under today's keys; everything else stays, and an administrator confirms."""

from __future__ import annotations

import os
import shutil
import threading
import time
from contextlib import suppress
from dataclasses import replace
from itertools import cycle
from pathlib import Path

import pytest

from tests.support import killing
from tests.support.offices import DEVICE, NAMES, ORIGIN, PASSWORD, Clock, Office, household
from tests.support.people import Member, join
from tests.support.visits import Visit, shows_nothing
from vault.domain.access import Permission
from vault.domain.erasures import ErasureOrder
from vault.domain.prints import POLICY_LIST, PrintOrder
from vault.errors import Conflict, KuraError, NotReady, Refused, RolledBack
from vault.services import (
    audit,
    backups,
    bin,
    clients,
    closing,
    erasing,
    ledger,
    objects,
    printing,
    rebuilding,
    rekeying,
    restore_confirming,
    restore_notes,
    restoring,
    sessions,
)
from vault.services.accounts import announcements, passwords, signing_in
from vault.services.audit import Event
from vault.services.instance import Instance
from vault.services.restore_notes import Waiting
from vault.services.safe import Desk
from vault.storage.database import reading

DAY = 24 * 60 * 60
NEW_NAME, NEW_KANA = "鈴木 三郎", "スズキ サブロウ"
ORDER = ErasureOrder(reason="その他")


def note_of(office: Office, client: int = 0) -> str:
    return clients.get(office.desk(), office.facts.clients[client]).client.notes


def write_note(office: Office, text: str, client: int = 0) -> None:
    desk = office.desk()
    page = clients.get(desk, office.facts.clients[client])
    clients.save(desk, page.id, replace(page.client, notes=text), page.version)


def new_client(office: Office) -> bytes:
    desk = office.desk()
    return clients.create(desk, desk.client_compartments()[0], household(NEW_NAME, NEW_KANA))


def put_object(office: Office, client: int = 0) -> bytes:
    owner = office.facts.clients[client]
    with office.desk().act(Event.CLIENT_SAVED, Permission.WRITE_DOCUMENTS, owner) as act:
        return objects.put(act, owner, [b"a scan" * 9000], 54_000)


def read_object(office: Office, name: bytes, client: int = 0) -> bytes:
    owner = office.facts.clients[client]
    with office.desk().act(Event.CLIENT_OPENED, Permission.READ_DOCUMENTS, owner) as act:
        return objects.read(act, owner, name)


def restore(office: Office, name: str = "", undo: bool = False) -> Waiting:
    """Restore a backup by its name: by its moment where the clock has moved between two."""
    at = f"{name[:4]}-{name[4:6]}-{name[6:8]}T{name[9:11]}:{name[11:13]}"
    with restoring.prepared(office.instance, at, undo) as job:
        assert undo or job.held.name == name
        return restoring.carry_out(job)


def confirm(office: Office) -> None:
    restore_confirming.confirm(office.desk())


def listed(office: Office) -> list[str]:
    return sorted(head.client.name for head in clients.list_clients(office.desk()))


def whole(office: Office) -> None:
    """Everything opens: every client, every version of it; the journal is one chain; nothing waits."""
    desk = office.desk()
    assert restore_notes.waiting(office.instance) is None
    audit.check_whole(office.instance, desk.stored)
    for head in clients.list_clients(desk):
        page = clients.get(desk, head.id)
        assert [v.number for v in clients.versions(desk, head.id, head.id)] == list(range(page.version, 0, -1))
    with reading(office.instance.engine) as connection:
        assert audit.verify_chain(connection) is None


# --- what goes back and what does not


def test_records_and_documents_go_back_and_what_came_later_is_named_before(office: Office) -> None:
    kept = put_object(office)
    name = backups.make(office.instance).name
    office.clock.tick(DAY)
    write_note(office, "三度目")
    later = put_object(office)
    added = new_client(office)
    with restoring.prepared(office.instance, "2026-11-18") as job:
        assert job.held.name == name and not job.plan.empty
        assert (job.plan.gone, job.plan.changed, job.plan.added, job.plan.saved) == ((added,), 1, 1, 1)
        assert job.plan.documents == 1
    assert note_of(office) == "三度目", "naming changes nothing"
    restore(office, name)
    confirm(office)
    assert note_of(office) == "二度目" and listed(office) == sorted(NAMES)
    assert read_object(office, kept) == b"a scan" * 9000
    with pytest.raises(KuraError):
        read_object(office, later)
    whole(office)
    write_note(office, "四度目")
    assert note_of(office) == "四度目"
    assert backups.make(office.instance).lost == 0 and backups.drill(office.instance).faults == ()


def test_day_d_then_d_plus_5_then_another_password_then_d_again(office: Office) -> None:
    first = backups.make(office.instance).name
    office.clock.tick(5 * DAY)
    write_note(office, "五日後")
    new_client(office)
    second = backups.make(office.instance).name
    office.clock.tick(DAY)
    write_note(office, "六日後")

    restore(office, first)
    confirm(office)
    assert note_of(office) == "二度目" and listed(office) == sorted(NAMES)
    office.clock.tick(DAY)
    restore(office, second)
    confirm(office)
    assert note_of(office) == "五日後" and NEW_NAME in listed(office)
    other = "ことり 飛行機 くるみ 朝焼け"
    desk = office.desk()
    office.instance.keyring.let_go()
    passwords.change(desk, office.session(), PASSWORD, other)
    office.clock.tick(DAY)
    restore(office, first)
    restore_confirming.confirm(_desk_with(office, other))
    desk = _desk_with(office, other)
    assert clients.get(desk, office.facts.clients[0]).client.notes == "二度目"
    assert sorted(head.client.name for head in clients.list_clients(desk)) == sorted(NAMES)


def _desk_with(office: Office, password: str) -> Desk:
    return sessions.desk(office.instance, office.sign_in(password=password).session, ORIGIN)


def test_serial_numbers_and_the_ledger_never_go_back(office: Office) -> None:
    def print_one() -> int:
        order = PrintOrder(sheet=POLICY_LIST, purpose="社内利用", addressee="志摩 海斗 様", copies=1)
        return printing.print_client(office.desk(), office.facts.clients[0], order).serial

    for number in range(1, 12):
        assert print_one() == number
    name = backups.make(office.instance).name
    office.clock.tick(DAY)
    assert print_one() == 12
    restore(office, name)
    confirm(office)
    assert print_one() == 13
    rows, count = ledger.newest(office.desk())
    assert count == 13 and {row.entry.serial for row in rows} >= {12, 13}


def test_what_was_erased_since_stays_erased_and_others_come_back(office: Office) -> None:
    erased = office.facts.clients[0]
    name = backups.make(office.instance).name
    office.clock.tick(DAY)
    write_note(office, "あとで", 1)
    erasing.erase_clients(office.desk(), [erased], ORDER)
    with restoring.prepared(office.instance, "2026-11-18") as job:
        assert job.plan.erased == 1 and job.plan.returning == () and job.plan.changed == 1
    restore(office, name)
    confirm(office)
    assert listed(office) == [NAMES[1]] and note_of(office, 1) == ""
    assert office.sql("SELECT count(*) FROM records WHERE owner = ?", erased) == [(0,)]
    whole(office)


def test_a_client_sealed_anew_since_stays_as_it_is(office: Office) -> None:
    client = office.facts.clients[0]
    name = backups.make(office.instance).name
    office.clock.tick(DAY)
    rekeying.erase_part(office.desk(), client, [office.facts.policies[0][1]], ORDER)
    write_note(office, "そのまま")
    write_note(office, "戻る", 1)
    with restoring.prepared(office.instance, "2026-11-18") as job:
        assert job.plan.rekeyed == 1
    restore(office, name)
    confirm(office)
    assert note_of(office) == "そのまま" and note_of(office, 1) == ""
    assert len(clients.get(office.desk(), client).policies) == 1
    whole(office)


def test_what_lay_in_the_bin_lies_there_again(office: Office) -> None:
    client, policy = office.facts.clients[0], office.facts.policies[0][0]
    bin.put(office.desk(), client, policy, 2)
    name = backups.make(office.instance).name
    office.clock.tick(DAY)
    bin.bring_back(office.desk(), client, policy)
    restore(office, name)
    confirm(office)
    assert [item.client for item in bin.listed(office.desk())] == [client]
    bin.bring_back(office.desk(), client, policy)
    whole(office)
    assert len(clients.get(office.desk(), client).policies) == 2


def test_a_document_that_is_gone_today_is_brought_back_with_its_file(office: Office) -> None:
    name = put_object(office)
    made = backups.make(office.instance).name
    [(file,)] = office.sql("SELECT file FROM objects WHERE id = ?", name)
    office.clock.tick(DAY)
    office.instance.objects.remove(file)
    restore(office, made)
    confirm(office)
    assert read_object(office, name) == b"a scan" * 9000


def test_persons_devices_keys_and_settings_are_todays(office: Office) -> None:
    name = backups.make(office.instance).name
    office.clock.tick(DAY)
    office.instance.keyring.let_go()
    office.instance.files.take_away(lambda keystore: keystore)
    place, session = office.instance.files.newest(), office.session()
    untouched = "SELECT count(*) FROM visits", "SELECT max(position) FROM journal"
    before = [office.sql(query)[0][0] for query in untouched]
    restore(office, name)
    assert office.instance.files.newest() == place
    after = [office.sql(query)[0][0] for query in untouched]
    assert after[0] == before[0] and after[1] > before[1]
    assert office.instance.sessions.get(session.row.id_hash) is not None, "nobody is signed out"


# --- until an administrator has confirmed


def test_every_page_leads_to_what_has_happened_until_it_is_confirmed(visit: Visit, office: Office) -> None:
    name = backups.make(office.instance).name
    office.clock.tick(60)
    write_note(office, "三度目")
    visit.get("/clients")
    restore(office, name)
    for path in ("/", "/clients", visit.client_page(), "/ledger", "/office", "/log"):
        answer = visit.get(path)
        assert (answer.status_code, path == "/" or answer.location.endswith("/attention")) == (303, True), path
        assert shows_nothing(answer)
    page = visit.get("/attention").get_data(as_text=True)
    assert "2026-11-18 20:07" in page and "残してあります" in page
    assert visit.post("/attention", {"password": "wrong"}).status_code == 403
    assert visit.get("/clients").status_code == 303
    assert visit.post("/attention", {"password": PASSWORD}).status_code == 303
    assert visit.get("/clients").status_code == 200
    assert "二度目" in visit.get(visit.client_page()).get_data(as_text=True)
    assert office.sql("SELECT count(*) FROM journal WHERE event = 'restore-confirmed'") != [(0,)]
    whole(office)


def test_before_the_confirmation_nothing_restored_is_believed(office: Office) -> None:
    name = backups.make(office.instance).name
    office.clock.tick(60)
    write_note(office, "三度目")
    restore(office, name)
    with pytest.raises(RolledBack):
        note_of(office)
    office.sql("DELETE FROM meta WHERE name = 'restored'")  # taken away by hand
    with pytest.raises(RolledBack):
        note_of(office)


def test_a_list_that_is_not_the_one_restored_stays_refused(office: Office) -> None:
    name = backups.make(office.instance).name
    [(old,)] = office.sql("SELECT sealed FROM contents WHERE owner = ?", office.facts.clients[0])
    office.clock.tick(60)
    write_note(office, "三度目")
    write_note(office, "あとで", 1)
    restore(office, name)
    office.sql("UPDATE contents SET sealed = ? WHERE owner = ?", old[:-1] + b"?", office.facts.clients[0])
    confirm(office)
    with pytest.raises(RolledBack):
        note_of(office)
    assert note_of(office, 1) == ""


def test_versions_go_on_above_all_that_were_ever_noted(office: Office) -> None:
    client = office.facts.clients[0]
    name = backups.make(office.instance).name
    office.clock.tick(60)
    for number in range(4):
        write_note(office, f"{number}")
    [(highest,)] = office.sql("SELECT version FROM contents WHERE owner = ?", client)
    restore(office, name)
    [(back,)] = office.sql("SELECT version FROM contents WHERE owner = ?", client)
    assert back == highest - 4
    confirm(office)
    assert office.sql("SELECT version FROM contents WHERE owner = ?", client) == [(highest + 1,)]


def test_it_can_be_undone_before_the_confirmation(office: Office) -> None:
    put_object(office)
    name = backups.make(office.instance).name
    office.clock.tick(60)
    write_note(office, "三度目")
    document = put_object(office, 1)
    new_client(office)
    waiting = restore(office, name)
    assert waiting.kept in backups.folder_of(office.instance).kept()
    office.clock.tick(60)
    undone = restore(office, undo=True)
    assert undone.undone and undone.gone == b"" and undone.first == waiting.first
    with pytest.raises(RolledBack, match="restore-undone"):
        restore_notes.check(office.instance)
    confirm(office)
    assert note_of(office) == "三度目" and NEW_NAME in listed(office)
    assert read_object(office, document, 1) == b"a scan" * 9000
    assert backups.folder_of(office.instance).kept() == set()
    whole(office)
    with pytest.raises(Refused, match="restore-nothing"):
        restore(office, undo=True)


def away_while_confirmed(office: Office) -> Member:
    """Somebody who has not signed in since the office went back to a state without two clients' later notes."""
    member = join(office)
    name = backups.make(office.instance).name
    office.clock.tick(60)
    for client in range(2):
        write_note(office, "あとから", client)
    restore(office, name)
    confirm(office)
    return member


def test_who_was_not_there_when_it_was_confirmed_is_told_at_the_next_sign_in(office: Office) -> None:
    member = away_while_confirmed(office)
    session = member.sign_in(office).session
    assert session.payload is not None
    [told] = session.payload.announced
    assert (told.event, told.name) == (Event.RESTORE_CONFIRMED, "佐々木 恵")
    assert told.at == office.clock()
    desk = sessions.desk(office.instance, session, ORIGIN)
    announcements.read(desk, told.position)
    again = member.sign_in(office).session.payload
    assert again is not None and again.announced == ()
    mine = office.session().payload
    assert mine is not None and mine.announced == ()


def test_more_clients_than_are_read_in_one_go_hide_no_announcement(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(announcements, "AT_ONCE", 1)
    member = away_while_confirmed(office)
    payload = member.sign_in(office).session.payload
    assert payload is not None and [told.event for told in payload.announced] == [Event.RESTORE_CONFIRMED]


def test_two_restores_before_one_confirmation(office: Office) -> None:
    first = backups.make(office.instance).name
    office.clock.tick(60)
    write_note(office, "三度目")
    second = backups.make(office.instance).name
    office.clock.tick(60)
    write_note(office, "四度目")
    new_client(office)
    one = restore(office, first)
    two = restore(office, second)
    assert two.kept == one.kept and two.first == one.first and len(two.gone) == 16
    confirm(office)
    assert note_of(office) == "三度目" and listed(office) == sorted(NAMES)
    whole(office)


def test_restoring_the_same_moment_again_is_nothing_new(office: Office) -> None:
    name = backups.make(office.instance).name
    with restoring.prepared(office.instance, "2026-11-18") as job:
        assert job.plan.empty
    restore(office, name)
    confirm(office)
    whole(office)


# --- what is refused


def test_a_damaged_backup_is_refused_and_the_door_stays_open(office: Office) -> None:
    put_object(office)
    made = backups.make(office.instance).name
    store = backups.folder_of(office.instance).store
    [path] = [store.path_of(name) for name in store.names()]
    path.unlink()
    with pytest.raises(Refused, match="backup-damaged"), restoring.prepared(office.instance, "2026-11-18"):
        pass
    assert closing.closed_for(office.instance) == "" and made in backups.folder_of(office.instance).names()


@pytest.mark.parametrize(("at", "code"), [
    ("", "restore-at-unreadable"), ("yesterday", "restore-at-unreadable"), ("2026-02-30", "restore-at-unreadable"),
    ("2026-11-17", "backup-none"), ("2026-11-18T20:06", "backup-none"),
])  # fmt: skip
def test_a_day_without_a_backup_is_refused(at: str, code: str, office: Office) -> None:
    backups.make(office.instance)
    with pytest.raises(Refused, match=code), restoring.prepared(office.instance, at):
        pass


def test_of_a_day_the_newest_is_taken_and_of_a_moment_the_last_before(office: Office) -> None:
    made = []
    for _ in range(3):
        made.append(backups.make(office.instance).name)
        office.clock.tick(3600)
    folder = backups.folder_of(office.instance)
    assert restoring.chosen(folder, "2026-11-18") == made[2]
    assert restoring.chosen(folder, "2026-11-18T21:30") == made[1]
    assert restoring.chosen(folder, "2026-12-24") == made[2]


# --- the door


def test_while_the_door_is_closed_nobody_is_served_and_nobody_is_signed_out(visit: Visit, office: Office) -> None:
    closing.close(office.instance, closing.RESTORE)
    for path in ("/", "/session/new", "/clients", "/attention", visit.client_page()):
        answer = visit.get(path)
        assert answer.status_code == 503 and shows_nothing(answer), path
    assert "ログインはそのまま" in visit.get("/").get_data(as_text=True)
    assert visit.post("/session/new", {"login_id": office.facts.login_id, "password": PASSWORD}).status_code == 503
    assert visit.get("/static/css/app.css").status_code == 200
    with pytest.raises(Refused):
        closing.close(office.instance, closing.PACKED)
    closing.reopen(office.instance, closing.PACKED)
    with pytest.raises(NotReady):
        closing.check_open(office.instance)
    closing.reopen(office.instance, closing.RESTORE)
    assert visit.get("/clients").status_code == 200


def test_a_restore_that_stopped_before_it_changed_anything_can_be_given_up(office: Office) -> None:
    closing.close(office.instance, closing.RESTORE)
    backups.make(office.instance, keep=True)
    assert restoring.give_up(office.instance) and not restoring.give_up(office.instance)
    assert closing.closed_for(office.instance) == "" and backups.folder_of(office.instance).kept() == set()


# --- killed


@pytest.mark.parametrize("power_cut", [False, True], ids=["kill", "power cut"])
@pytest.mark.parametrize("again", ["the same", "undo"])
def test_killed_anywhere_the_same_command_or_its_undoing_brings_it_to_an_end(
    again: str, power_cut: bool, office: Office, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    name = backups.make(office.instance).name
    office.clock.tick(60)
    write_note(office, "三度目")
    new_client(office)
    put_object(office, 1)
    office.instance.engine.dispose()
    office.instance.keyring.let_go()

    def attempt(at: int) -> int | None:
        place = tmp_path / f"at-{at}"
        shutil.copytree(office.folder, place / "instance")
        copy = Office(place / "instance", Clock(office.clock.now + 60), office.facts)
        ended = killing.run(lambda: restore(copy, name), at or killing.EVERY, power_cut)
        up = Office(copy.folder, Clock(copy.clock.now + 60), office.facts)
        if again == "undo" and restoring.give_up(up.instance):
            assert restore_notes.waiting(up.instance) is None
        elif again == "undo" and restore_notes.waiting(up.instance) is not None:
            restore(up, undo=True)
        elif again == "the same":
            restore(up, name)
        assert closing.closed_for(up.instance) == ""
        confirm(up)
        undone = again == "undo"
        assert note_of(up) == ("三度目" if undone else "二度目")
        assert (NEW_NAME in listed(up)) == undone
        whole(up)
        assert backups.folder_of(up.instance).kept() == set()
        assert all(backups.drill(up.instance, each).faults == () for each in backups.folder_of(up.instance).names())
        up.instance.engine.dispose()
        copy.instance.engine.dispose()
        shutil.rmtree(place)
        return ended

    killing.at_points(attempt, pytestconfig, 8)


# --- while people work


@pytest.mark.parametrize("times", [5, pytest.param(100, marks=pytest.mark.long)])
def test_a_backup_during_constant_writing_restores_to_one_moment(times: int, office: Office) -> None:
    ended, failed, saved = threading.Event(), list[BaseException](), [0]

    def write(client: bytes, person: Office) -> None:
        try:
            desk = person.desk()
            while not ended.is_set():
                with suppress(Conflict):
                    page = clients.get(desk, client)
                    clients.save(desk, client, replace(page.client, notes=os.urandom(20).hex()), page.version)
                    saved[0] += 1
                time.sleep(0.002)
        except BaseException as error:  # noqa: BLE001 - told below
            failed.append(error)

    workers = [Office(office.folder, office.clock, office.facts) for _ in range(4)]
    threads = [
        threading.Thread(target=write, args=(client, worker))
        for client, worker in zip(cycle(office.facts.clients), workers, strict=False)
    ]
    for thread in threads:
        thread.start()
    made = []
    try:
        for _ in range(times):
            before = saved[0]
            made.append(backups.make(office.instance).name)
            office.clock.tick(60)
            while saved[0] < before + 4 and not failed:
                time.sleep(0.01)
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    assert failed == []
    for name in made:
        restore(office, name)
        confirm(office)
        whole(office)
        office.clock.tick(60)


# --- the main folder is gone


@pytest.fixture
def two_disks(office: Office, tmp_path: Path) -> Office:
    """The second replica of the keys and the backups lie outside the main folder."""
    second = tmp_path / "second"
    second.mkdir(mode=0o700)
    shutil.move(office.folder / "keys" / "b", second / "keys")
    path = office.folder / "settings.toml"
    text = path.read_text().replace('"keys/b"', f'"{second / "keys"}"') + f'backups = "{second / "backups"}"\n'
    path.write_text(text)
    office.restart()
    return office


def test_from_the_second_disks_backup_and_replica_the_office_signs_in(two_disks: Office, tmp_path: Path) -> None:
    office = two_disks
    name = put_object(office)
    made = backups.make(office.instance).name
    office.clock.tick(60)
    write_note(office, "失われる")
    office.instance.engine.dispose()
    office.instance.keyring.let_go()
    shutil.rmtree(office.folder)
    settings = rebuilding.rebuild(office.folder, tmp_path / "second" / "backups", "2026-11-18")
    rebuilding.finish(Instance(settings, office.clock))
    up = Office(office.folder, Clock(office.clock.now + 60), office.facts)
    up.instance.check()
    assert up.instance.files.owed() == [] and made in backups.folder_of(up.instance).names()
    signed_in = signing_in.sign_in(up.instance, up.facts.login_id, PASSWORD, DEVICE, ORIGIN)
    assert signed_in.session
    assert note_of(up) == "二度目" and read_object(up, name) == b"a scan" * 9000
    whole(up)
    backups.make(up.instance)
    assert backups.drill(up.instance).faults == ()


def test_a_rebuilding_that_was_killed_goes_on_and_a_used_folder_is_refused(
    two_disks: Office, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    office, source = two_disks, tmp_path / "second" / "backups"
    put_object(office)
    backups.make(office.instance)
    with pytest.raises(Refused, match="rebuild-not-empty"):
        rebuilding.rebuild(office.folder, source, "2026-11-18")
    office.instance.engine.dispose()
    office.instance.keyring.let_go()

    def attempt(at: int) -> int | None:
        shutil.rmtree(office.folder, ignore_errors=True)
        ended = killing.run(lambda: rebuilding.rebuild(office.folder, source, "2026-11-18"), at or killing.EVERY)
        if at:
            rebuilding.rebuild(office.folder, source, "2026-11-18")
        up = Office(office.folder, Clock(office.clock.now + 60), office.facts)
        rebuilding.finish(up.instance)
        whole(up)
        with pytest.raises(Refused, match="rebuild-not-empty"):
            rebuilding.rebuild(office.folder, source, "2026-11-18")
        up.instance.engine.dispose()
        up.instance.keyring.let_go()
        return ended

    killing.at_points(attempt, pytestconfig, 7)


def test_without_any_key_it_says_so_and_with_a_named_replica_it_goes_on(two_disks: Office, tmp_path: Path) -> None:
    office, source = two_disks, tmp_path / "second" / "backups"
    backups.make(office.instance)
    office.instance.engine.dispose()
    office.instance.keyring.let_go()
    shutil.rmtree(office.folder)
    shutil.move(tmp_path / "second" / "keys", tmp_path / "found again")
    settings = rebuilding.rebuild(office.folder, source, "2026-11-18")
    with pytest.raises(Refused, match="rebuild-no-keys"):
        rebuilding.finish(Instance(settings, office.clock))
    settings = rebuilding.rebuild(office.folder, source, "2026-11-18", tmp_path / "found again")
    rebuilding.finish(Instance(settings, office.clock))
    up = Office(office.folder, Clock(office.clock.now + 60), office.facts)
    assert up.instance.files.owed() == []
    whole(up)


def test_with_one_replica_of_the_shred_key_away_all_of_it_works(two_disks: Office, tmp_path: Path) -> None:
    office = two_disks
    shutil.move(tmp_path / "second" / "keys", tmp_path / "away")
    name = backups.make(office.instance).name
    office.clock.tick(60)
    write_note(office, "三度目")
    assert backups.drill(office.instance).faults == ()
    restore(office, name)
    confirm(office)
    assert note_of(office) == "二度目"
