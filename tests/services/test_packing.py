"""Moving: what was packed opens on another server with the same devices, whole or not at all, and only one serves."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from flask import Flask

from tests.support import killing
from tests.support.endings import SCAN, add_scan, destroy, furnished, let_go, moved, opener, target_of
from tests.support.offices import Office
from tests.support.visits import Visit
from vault.config import load
from vault.crypto.keys import signing_public
from vault.domain.access import Permission
from vault.errors import Damaged, KuraError, NotReady, Refused, Unwritable, WrongCredential
from vault.services import (
    audit,
    backups,
    certificates,
    clients,
    closing,
    objects,
    packing,
    packing_notes,
    unpacking,
)
from vault.services.audit import Event
from vault.services.destroying import Order
from vault.services.packing import Packed
from vault.services.unpacking import Places, Unpacked
from vault.storage import packs, wiping
from vault.storage.database import reading

POINTS = 4


def pack(office: Office, with_backups: bool = False) -> Packed:
    worker = office.worker()
    try:
        return packing.pack(worker, pack_of(office), with_backups)
    finally:
        worker.engine.dispose()
        worker.keyring.let_go()


def pack_of(office: Office) -> Path:
    return office.folder.parent / "office.pack"


def new_folder(office: Office) -> Path:
    return office.folder.parent / "new server" / "instance"


def unpack(office: Office, code: str, places: Places | None = None) -> Unpacked:
    folder = new_folder(office)
    folder.parent.mkdir(exist_ok=True)
    return unpacking.unpack(pack_of(office), code, folder, places, opener(office))


def unpacked(office: Office) -> Office:
    return moved(office, new_folder(office))


@pytest.mark.parametrize("with_backups", [False, True], ids=["without backups", "with backups"])
def test_a_moved_office_signs_in_with_the_same_devices_and_opens_everything(office: Office, app: Flask, with_backups: bool) -> None:
    furnished(office)
    scan = add_scan(office)
    let_go(office)
    done = pack(office, with_backups)
    found = unpack(office, done.code)
    new = unpacked(office)
    assert (done.missing, found.missing) == (0, 0)
    desk = new.desk()
    client = office.facts.clients[0]
    page = clients.get(desk, client)
    assert page.client.notes == "二度目" and len(page.policies) == 2
    with desk.act(Event.CLIENT_OPENED, Permission.READ_DOCUMENTS, client) as act:
        assert objects.read(act, client, scan) == SCAN
    visit = Visit(app, new).with_device()
    assert visit.sign_in().status_code == 303 and visit.get(visit.client_page()).status_code == 200
    with reading(new.instance.engine) as connection:
        assert audit.verify_chain(connection) is None
    assert len(backups.folder_of(new.instance).names()) == int(with_backups)
    backups.make(new.instance)  # its folder of backups is its own
    let_go(new)


def test_the_old_one_stays_closed_and_the_new_one_is_open(office: Office, app: Flask) -> None:
    furnished(office)
    unpack(office, pack(office).code)
    old = Visit(app, office).with_device()
    assert old.get("/session/new").status_code == 503
    new = unpacked(office)
    assert Visit(app, new).with_device().get("/session/new").status_code == 200
    let_go(new)


def test_nothing_in_the_pack_can_be_read_without_its_code(office: Office) -> None:
    furnished(office)
    done = pack(office)
    raw = pack_of(office).read_bytes()
    shred = next(office.settings.replicas[0].glob("shred.*")).read_bytes()
    for secret in (office.settings.secret_key, shred[:64], b"SQLite format 3", b"settings"):
        assert secret not in raw
    assert done.code.replace("-", "").encode() not in b"".join(p.read_bytes() for p in office.folder.rglob("*") if p.is_file())
    other = packing.key_of(packing.new_code())
    with pytest.raises(WrongCredential):
        packs.unpack(pack_of(office), other, office.folder.parent / "x")
    with pytest.raises(WrongCredential):
        unpack(office, "ABCDE-ABCDE")


def test_any_changed_byte_cut_or_swap_is_found_and_leaves_no_instance(office: Office) -> None:
    furnished(office)
    code = pack(office).code
    raw = pack_of(office).read_bytes()
    head, length = len(packs.MAGIC) + 32, len(raw)
    first = 4 + int.from_bytes(raw[head : head + 4], "big")
    second = 4 + int.from_bytes(raw[head + first : head + first + 4], "big")
    swapped = raw[:head] + raw[head + first : head + first + second] + raw[head : head + first] + raw[head + first + second :]
    spoiled = [raw[:-1], raw[: length // 2], raw[:head], raw + raw[head : head + first], swapped, b"", b"x" * 400]
    for at in [3, 20, 40, head + 2, head + 40, *range(head + first, length, length // 11), length - 1]:
        spoiled.append(raw[:at] + bytes([raw[at] ^ 4]) + raw[at + 1 :])
    for number, each in enumerate(spoiled):
        pack_of(office).write_bytes(each)
        with pytest.raises((Damaged, WrongCredential)):
            unpack(office, code)
        assert not new_folder(office).exists() and list(new_folder(office).parent.iterdir()) == [], number


def test_a_row_or_object_that_is_not_what_the_journal_knows_is_refused(office: Office) -> None:
    """Whoever has the code can pack what he likes; the chain and the rows tell."""
    furnished(office)
    office.sql("UPDATE journal SET hash = zeroblob(32) WHERE position = 3")
    with pytest.raises(Damaged):
        unpack(office, pack(office).code)
    assert not new_folder(office).exists()


def test_a_lost_object_does_not_hold_up_the_move_and_is_told(office: Office) -> None:
    furnished(office)
    [path] = [p for p in office.settings.objects.rglob("*") if p.is_file()]
    path.unlink()
    done = pack(office)
    assert done.missing == 1 and unpack(office, done.code).missing == 1


def test_the_receipt_lets_the_old_one_go_and_nothing_else_does(office: Office) -> None:
    private = furnished(office)
    done = pack(office)
    order = Order(private, target_of(office), receipt="0000-0000")
    for wrong in (order, Order(private, target_of(office))):
        with pytest.raises(Refused):
            destroy(office, wrong)
    receipt = unpack(office, done.code).receipt
    pack_of(office).unlink()
    raw = destroy(office, Order(private, target_of(office), receipt=receipt.upper().replace("-", " ")))
    told = dict(certificates.check(raw, signing_public(private)))
    assert told["why"] == "moved" and not office.folder.exists()
    new = unpacked(office)
    assert clients.get(new.desk(), office.facts.clients[0]).client
    let_go(new)


def test_a_forgotten_pack_is_named_by_the_certificate(office: Office) -> None:
    private = furnished(office)
    receipt = unpack(office, pack(office).code).receipt
    told = certificates.check(destroy(office, Order(private, target_of(office), receipt=receipt)), signing_public(private))
    assert ("found and not touched", str(pack_of(office))) in told


def test_a_move_given_up_opens_the_old_one_and_voids_the_receipt(office: Office) -> None:
    private = furnished(office)
    receipt = unpack(office, pack(office).code).receipt
    with pytest.raises(Refused):
        packing.reopen(office.worker())
    assert closing.closed_for(office.worker()) == closing.PACKED
    assert packing.reopen(office.worker(), sure=True) and closing.closed_for(office.worker()) == ""
    assert not packing.reopen(office.worker())
    with pytest.raises(Refused):
        destroy(office, Order(private, target_of(office), receipt=receipt))


def test_packed_again_only_the_newest_receipt_counts(office: Office) -> None:
    furnished(office)
    first = unpack(office, pack(office).code).receipt
    shutil.rmtree(new_folder(office))
    second = unpack(office, pack(office).code).receipt
    with pytest.raises(Refused):
        packing_notes.check_receipt(office.worker(), first)
    packing_notes.check_receipt(office.worker(), second)


def test_a_lost_receipt_is_printed_again(office: Office) -> None:
    furnished(office)
    code = pack(office).code
    assert unpack(office, code) == unpack(office, code)
    pack(office)
    with pytest.raises(Refused):  # another pack
        unpack(office, code)


@pytest.mark.parametrize("spoil", ["there", "inside", "running", "ending"])
def test_what_is_refused_leaves_the_door_open(office: Office, spoil: str, monkeypatch: pytest.MonkeyPatch) -> None:
    target = office.folder / "x.pack" if spoil == "inside" else pack_of(office)
    if spoil == "there":
        target.write_text("a letter")
    if spoil == "running":
        monkeypatch.setattr(wiping, "holders", lambda folders: [4711])
    if spoil == "ending":
        closing.close(office.instance, closing.RESTORE)
    with pytest.raises(Refused):
        packing.pack(office.instance, target)
    assert closing.closed_for(office.instance) == (closing.RESTORE if spoil == "ending" else "")


def test_an_instance_that_never_began_is_not_packed(unbegun: Office) -> None:
    with pytest.raises(Refused):
        packing.pack(unbegun.instance, pack_of(unbegun))
    assert closing.closed_for(unbegun.instance) == ""


def test_an_occupied_folder_is_left_alone(office: Office) -> None:
    furnished(office)
    code = pack(office).code
    new_folder(office).mkdir(parents=True)
    (new_folder(office) / "letter.txt").write_text("dear")
    with pytest.raises(Refused):
        unpack(office, code)
    assert [p.name for p in new_folder(office).iterdir()] == ["letter.txt"]
    (new_folder(office) / "letter.txt").unlink()
    assert unpack(office, code).receipt  # an empty one is taken


def test_another_host_name_needs_a_code_on_paper_for_every_administrator(office: Office) -> None:
    path = office.folder / "settings.toml"
    path.write_text(path.read_text() + 'host = "kura.example"\n')
    furnished(office)
    code = pack(office).code
    assert unpack(office, code, Places(host="other.example")).receipt  # the first day's spare code is unused
    assert 'host = "other.example"' in (new_folder(office) / "settings.toml").read_text()
    shutil.rmtree(new_folder(office))
    packing.reopen(office.worker(), sure=True)
    desk = office.desk()
    office.instance.keyring.let_go()  # or it would wait for itself
    office.instance.files.take_away(lambda keystore: desk.marked(without_codes(keystore)))
    let_go(office)
    code = pack(office).code
    with pytest.raises(Refused) as refused:
        unpack(office, code, Places(host="other.example"))
    assert refused.value.code == "unpack-host" and not new_folder(office).exists()
    assert unpack(office, code, Places(host="kura.example")).receipt


def without_codes(keystore):  # type: ignore[no-untyped-def]
    from dataclasses import replace

    return replace(keystore, codes={})


def test_replicas_and_backups_elsewhere_are_asked_for_and_used(office: Office, tmp_path: Path) -> None:
    disk, other = tmp_path / "disk", tmp_path / "other"
    shutil.copytree(office.folder / "keys" / "b", disk / "keys")
    path = office.folder / "settings.toml"
    path.write_text(path.read_text().replace('"keys/b"', f'"{disk / "keys"}"') + f'backups = "{disk / "backups"}"\n')
    furnished(office)
    code = pack(office, with_backups=True).code
    with pytest.raises(Refused) as refused:
        unpack(office, code)
    assert refused.value.code == "unpack-places"
    unpack(office, code, Places(replicas=(Path("keys/a"), other / "keys"), backups=other / "backups"))
    new = unpacked(office)
    assert list((other / "keys").glob("shred.*")) and new.instance.files.owed() == []
    assert len(backups.folder_of(new.instance).names()) == 1 and not (new.folder / "backups").exists()
    let_go(new)


def test_one_replica_away_does_not_hold_up_the_move(office: Office, tmp_path: Path) -> None:
    furnished(office)
    office.settings.replicas[0].rename(tmp_path / "away")
    office.settings.replicas[0].mkdir()
    unpack(office, pack(office).code)
    new = unpacked(office)
    assert new.instance.files.owed() == [] and new.desk()
    let_go(new)


# --- cut off


def test_packing_cut_off_anywhere_is_done_by_the_next_run(office: Office, request: pytest.FixtureRequest) -> None:
    furnished(office)

    def act() -> object:
        wiping.holders = lambda folders: []
        return pack(office)

    for fatal in points(killing.run(act), request):
        assert killing.run(act, fatal, power=bool(fatal % 2)) is None
        assert closing.closed_for(office.worker()) in ("", closing.PACKED)
        let_go(office)
        unpack(office, pack(office).code)
        new = unpacked(office)
        assert clients.get(new.desk(), office.facts.clients[0]).client, fatal
        let_go(new)
        shutil.rmtree(new_folder(office))


def test_unpacking_cut_off_anywhere_leaves_nothing_or_all(office: Office, request: pytest.FixtureRequest) -> None:
    furnished(office)
    code = pack(office).code
    receipt = unpack(office, code).receipt
    shutil.rmtree(new_folder(office))
    steps = killing.run(lambda: unpack(office, code))
    for fatal in points(steps, request):
        shutil.rmtree(new_folder(office), ignore_errors=True)
        assert killing.run(lambda: unpack(office, code), fatal, power=bool(fatal % 2)) is None
        whole = new_folder(office).exists()
        if whole:
            load(new_folder(office))
        else:
            with pytest.raises(NotReady):
                load(new_folder(office).with_name("instance"))
        assert unpack(office, code).receipt == receipt, fatal
        new = unpacked(office)
        assert clients.get(new.desk(), office.facts.clients[0]).client, fatal
        let_go(new)
        assert [p.name for p in new_folder(office).parent.iterdir() if p.name.startswith(".")] == []


def points(steps: int | None, request: pytest.FixtureRequest) -> list[int]:
    assert steps is not None and steps > 10
    return killing.points(steps, request.config, POINTS)


@pytest.mark.parametrize("fault", [28, 30], ids=["disk full", "read-only"])
def test_a_disk_that_takes_nothing_is_told_and_leaves_nothing_half_done(office: Office, fault: int, monkeypatch: pytest.MonkeyPatch) -> None:
    furnished(office)
    code = pack(office).code
    receipt = unpack(office, code).receipt
    shutil.rmtree(new_folder(office))
    real = {name: getattr(os, name) for name in ("write", "fsync", "replace")}
    count = [0]

    def failing(name: str, at: int):  # type: ignore[no-untyped-def]
        def call(*given: object, **more: object) -> object:
            count[0] += 1
            if count[0] == at:
                raise OSError(fault, "refused")
            return real[name](*given, **more)

        return call

    for act in (lambda: unpack(office, code), lambda: pack(office)):
        for at in (1, 2, 4, 9, 15):
            count[0] = 0
            with monkeypatch.context() as patched:
                for name in real:
                    patched.setattr(os, name, failing(name, at))
                with pytest.raises(KuraError) as refused:
                    act()
            assert isinstance(refused.value, (Unwritable, NotReady))
            assert not new_folder(office).exists() and not list(office.folder.parent.glob(".*.part"))
    assert closing.closed_for(office.worker()) == closing.PACKED
    assert receipt and unpack(office, pack(office).code).receipt != receipt
