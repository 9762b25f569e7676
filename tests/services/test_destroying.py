"""The end of an instance: everything goes, whenever it is cut off, and the certificate tells the truth."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.support import killing
from tests.support.endings import destroy, furnished, let_go, target_of
from tests.support.offices import Office
from vault.crypto.keys import fingerprint, new_signing_key, signing_public
from vault.errors import Damaged, KuraError, Refused, Unwritable
from vault.services import certificates, closing, destroying, ending_notes
from vault.services.destroying import Order
from vault.storage import durable, wiping

POINTS = 8


def left(office: Office) -> list[Path]:
    """Every file around the folder that still bears the office's id, and everything in the folder."""
    name = IDS[office.folder]
    around = wiping.search(office.folder.parent, (name, name.hex().encode()), [])
    return [path for path in around if path != target_of(office)] + list(office.folder.rglob("*"))


IDS: dict[Path, bytes] = {}


def prepared(office: Office) -> Order:
    private = furnished(office)
    IDS[office.folder] = office.settings.office
    return Order(private, target_of(office))


def certificate(office: Office, order: Order) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in certificates.check(target_of(office).read_bytes(), signing_public(order.private)):
        found.setdefault(name, []).append(value)
    return found


def test_everything_goes_and_the_certificate_tells_what_there_was(office: Office) -> None:
    order = prepared(office)
    settings = office.settings
    sizes = wiping.size_of(settings.objects)
    shred = [path.read_bytes() for path in settings.replicas[0].glob("shred.*")]
    destroy(office, order)
    assert not office.folder.exists() and not settings.run.exists()
    assert left(office) == []
    told = certificate(office, order)
    assert told["office"] == [settings.office.hex()] and told["why"] == ["contract-ended"]
    assert told["objects"] == [str(sizes[0])] and told["object bytes"] == [str(sizes[1])] and told["backups"] == ["1"]
    assert sorted(told["replica"]) == sorted(f"gone {replica}" for replica in settings.replicas)
    assert told["backups in"] == [f"gone {settings.backups}"] and len(told["shred key"][0]) == 32
    from vault.crypto.keystore_form import shred_key_of

    raw = target_of(office).read_bytes()
    assert all(shred_key_of(each).hex().encode() not in raw for each in shred)


def test_any_changed_byte_is_found(office: Office) -> None:
    order = prepared(office)
    raw, public = destroy(office, order), signing_public(order.private)
    assert certificates.check(raw, public)
    for at in range(len(raw)):
        for other in (raw[at] ^ 1, raw[at] ^ 0x20):
            with pytest.raises(Refused):
                certificates.check(raw[:at] + bytes([other]) + raw[at + 1 :], public)
        with pytest.raises(Refused):
            certificates.check(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :], fingerprint(public)[:16])
    for short in (0, 8, 15):
        with pytest.raises(Refused):
            certificates.check(raw, fingerprint(public)[:short])
    for wrong in (raw[:-1], raw + b"\n", raw.replace(b"\n", b"\r\n"), b"x" + raw, b""):
        with pytest.raises(Refused):
            certificates.check(wrong, public)
    with pytest.raises(Refused):
        certificates.check(raw, signing_public(new_signing_key()))


def test_a_value_cannot_fake_another_line() -> None:
    private = new_signing_key()
    raw = certificates.signed([("office", "aa\nwhy: moved"), ("why", "cancelled")], "words", private)
    assert dict(certificates.check(raw, signing_public(private))) == {"office": "aa why: moved", "why": "cancelled"}


def interrupted(office: Office, order: Order, fatal: int, power: bool) -> int | None:
    def act() -> object:
        wiping.holders = lambda folders: []  # in the child only: what the tests' own process has open is no server
        return destroy(office, order)

    return killing.run(act, fatal, power)


def fresh(office: Office, copy: Path) -> None:
    shutil.rmtree(office.folder, ignore_errors=True)
    for path in (target_of(office), target_of(office).with_name("certificate.txt.draft")):
        path.unlink(missing_ok=True)
    shutil.copytree(copy, office.folder)


@pytest.mark.parametrize("power", [False, True], ids=["kill", "power cut"])
def test_cut_off_anywhere_it_is_finished_by_the_next_run(office: Office, request: pytest.FixtureRequest, power: bool, tmp_path_factory: pytest.TempPathFactory) -> None:
    order = prepared(office)
    sizes = wiping.size_of(office.settings.objects)
    copy = tmp_path_factory.mktemp("copy") / "instance"
    shutil.copytree(office.folder, copy)
    steps = interrupted(office, order, killing.EVERY, power)
    assert steps is not None and steps > 30
    for fatal in killing.points(steps, request.config, POINTS):
        fresh(office, copy)
        lived = interrupted(office, order, fatal, power)
        assert lived is None or fatal > steps - 5  # sessions are gone since the first time: a step or two fewer
        again(office, order)
        assert left(office) == [] and not office.folder.exists(), fatal
        told = certificate(office, order)
        assert told["objects"] == [str(sizes[0])] and told["backups"] == ["1"], fatal
        assert all(each.startswith("gone") for each in told["replica"] + told["backups in"]), fatal


def again(office: Office, order: Order) -> None:
    """The command run again, as its line does it."""
    if not office.folder.exists() or destroying.finish_empty(office.folder, order.certificate) is not None:
        assert order.certificate.exists()
        return
    destroy(office, order)


def test_after_the_first_step_nothing_opens(office: Office) -> None:
    """Cut off right behind the keys: rows and objects are all there, and no keystore opens."""
    order = prepared(office)
    keystores = [path.read_bytes() for path in office.settings.replicas[0].glob("keystore.*")]

    def stop(paths: object) -> None:
        raise Unwritable("unwritable", place="x")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(wiping, "wipe", stop)
        with pytest.raises(Unwritable):
            destroy(office, order)
    assert keystores and office.database.exists()
    assert not any(list(replica.glob("shred.*")) for replica in office.settings.replicas)
    with pytest.raises(Damaged):
        office.worker().files.read()
    assert closing.closed_for(office.worker()) == closing.ENDED


def test_a_replica_away_is_owed_and_finished_when_it_is_back(office: Office, tmp_path: Path) -> None:
    order = prepared(office)
    away, second = tmp_path / "away", office.settings.replicas[1]
    second.rename(away)
    with pytest.raises(Refused) as refused:
        destroy(office, order)
    assert refused.value.code == "ending-owed" and str(second) in str(refused.value.facts["places"])
    assert not target_of(office).exists() and not (office.folder / "data").exists()
    draft = target_of(office).with_name("certificate.txt.draft").read_text()
    assert f"replica: expected {second}" in draft and "signature" not in draft and draft.startswith("DRAFT")
    with pytest.raises(Refused):  # still away
        destroy(office, order)
    second.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(away, second)
    shutil.rmtree(away)
    destroy(office, order)
    assert left(office) == [] and not target_of(office).with_name("certificate.txt.draft").exists()
    assert f"gone {second}" in certificate(office, order)["replica"]


def test_an_empty_mount_point_is_not_taken_for_an_emptied_replica(office: Office, tmp_path: Path) -> None:
    order = prepared(office)
    away, second = tmp_path / "away", office.settings.replicas[1]
    second.rename(away)
    second.mkdir()
    with pytest.raises(Refused) as refused:
        destroy(office, order)
    assert refused.value.code == "ending-owed" and list(away.glob("shred.*"))


def test_a_replica_that_will_not_come_back_is_named_as_such(office: Office, tmp_path: Path) -> None:
    order = prepared(office)
    second = office.settings.replicas[1]
    second.rename(tmp_path / "burnt")
    shutil.rmtree(tmp_path / "burnt")
    destroy(office, Order(order.private, order.certificate, lost=(second,)))
    assert f"lost {second}" in certificate(office, order)["replica"]


def test_copies_that_somebody_made_are_named_and_left_alone(office: Office) -> None:
    order = prepared(office)
    copy = office.folder.parent / "kura-old" / "kura.db"
    copy.parent.mkdir()
    copy.write_bytes(bytes(5000) + office.settings.office + bytes(10))
    destroy(office, order)
    assert certificate(office, order)["found and not touched"] == [str(copy)] and copy.exists()


def test_backups_and_replicas_elsewhere_lose_what_is_kuras_and_nothing_else(office: Office, tmp_path: Path) -> None:
    second, backups = tmp_path / "disk2", tmp_path / "disk3"
    second.mkdir()
    backups.mkdir()
    shutil.copytree(office.folder / "keys" / "b", second / "keys")
    shutil.rmtree(office.folder / "keys" / "b")
    path = office.folder / "settings.toml"
    path.write_text(path.read_text().replace('"keys/b"', f'"{second / "keys"}"') + f'backups = "{backups}"\n')
    order = prepared(office)
    (backups / "letter.txt").write_text("not ours")
    (second / "keys" / "letter.txt").write_text("not ours")
    destroy(office, order)
    assert [p.name for p in backups.rglob("*")] == ["letter.txt"] and [p.name for p in second.rglob("*")] == ["keys", "letter.txt"]
    assert left(office) == []


@pytest.mark.parametrize("spoil", ["key", "inside", "there", "day", "restore", "packed", "running"])
def test_what_is_refused_leaves_everything_as_it_was(office: Office, spoil: str, monkeypatch: pytest.MonkeyPatch) -> None:
    order = prepared(office)
    if spoil == "key":
        order = Order(new_signing_key(), order.certificate)
    elif spoil == "inside":
        order = Order(order.private, office.folder / "certificate.txt")
    elif spoil == "there":
        order.certificate.write_text("mine")
    elif spoil == "day":
        asked(office)
    elif spoil in ("restore", "packed"):
        closing.close(office.worker(), {"restore": closing.RESTORE, "packed": closing.PACKED}[spoil])
    else:
        monkeypatch.setattr(wiping, "holders", lambda folders: [4711])
    let_go(office)
    before = {path: path.read_bytes() for path in office.folder.rglob("*") if path.is_file()}
    with pytest.raises(Refused) as refused:
        destroy(office, order)
    codes = {"key": "operator-key-other", "inside": "certificate-inside", "there": "certificate-there", "running": "ending-running",
             "day": "ending-before-day", "restore": "closed-for-restore", "packed": "ending-packed"}  # fmt: skip
    assert refused.value.code == codes[spoil]
    after = {path: path.read_bytes() for path in office.folder.rglob("*") if path.is_file() and not path.name.endswith(("-wal", "-shm"))}
    assert after == {path: raw for path, raw in before.items() if not path.name.endswith(("-wal", "-shm"))}


def asked(office: Office) -> None:
    """The office asked for the end in twenty days."""
    from datetime import timedelta

    from vault.domain.cancellation import CancellationOrder
    from vault.domain.values import TypedDate
    from vault.services import cancellation

    day = cancellation.today_of(office.instance) + timedelta(days=20)
    cancellation.ask(office.desk(), CancellationOrder(day=TypedDate.of(day), office="みなと保険事務所"))
    let_go(office)


def test_on_its_day_it_goes_and_before_only_when_the_contract_has_ended(office: Office) -> None:
    order = prepared(office)
    asked(office)
    with pytest.raises(Refused):
        destroy(office, order)
    office.clock.tick(20 * 24 * 3600)
    destroy(office, order)
    told = certificate(office, order)
    assert told["why"] == ["cancelled"] and told["day asked for"][0]


def test_the_operators_word_goes_before_the_day(office: Office) -> None:
    order = prepared(office)
    asked(office)
    destroy(office, Order(order.private, order.certificate, contract_ended=True))
    assert certificate(office, order)["why"] == ["contract-ended"]


def test_a_worker_that_holds_keys_is_waited_for(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    order = prepared(office)
    monkeypatch.setattr(destroying, "LEASE_SECONDS", 0.1)
    office.desk()  # this worker has opened the keystore and has not let go
    with pytest.raises(Refused) as refused:
        destroy(office, order)
    assert refused.value.code == "ending-running" and closing.closed_for(office.instance) == ""
    let_go(office)
    destroy(office, order)


def test_another_process_with_a_file_open_is_seen(office: Office) -> None:
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        handle = os.open(office.database, os.O_RDONLY)
        os.write(write, b"x")
        import time

        time.sleep(30)
        os.close(handle)
        os._exit(0)
    os.read(read, 1)
    try:
        assert child in wiping.holders([office.folder])
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
    assert child not in wiping.holders([office.folder])


def test_sessions_of_the_servers_own_user_go_too(tmp_path: Path) -> None:
    """An operator who ends it as another user has another folder of that kind."""
    mine, theirs, other = (tmp_path / f"kura-{name}" for name in ("0-aa11", "998-aa11", "998-bb22"))
    for folder in (theirs, other):
        folder.mkdir()
    assert wiping.runs_of(mine) == [mine, theirs] and wiping.runs_of(tmp_path / "run") == [tmp_path / "run"]


@pytest.mark.parametrize("fault", [28, 30], ids=["disk full", "read-only"])
def test_a_disk_that_takes_nothing_stops_it_with_a_word_and_it_goes_on_later(office: Office, fault: int, monkeypatch: pytest.MonkeyPatch) -> None:
    order = prepared(office)
    real = {name: getattr(os, name) for name in ("fsync", "replace", "unlink")}
    count = [0]

    def failing(name: str, at: int):
        def call(*given: object, **more: object) -> object:
            count[0] += 1
            if count[0] >= at:
                raise OSError(fault, "refused")
            return real[name](*given, **more)

        return call

    for at in (1, 2, 5, 9, 14, 22, 40):
        count[0] = 0
        with monkeypatch.context() as patched:
            for name in real:
                patched.setattr(os, name, failing(name, at))
            with pytest.raises(KuraError):
                destroy(office, order)
        if not (office.folder / "settings.toml").exists():
            break
    destroy(office, order)
    assert left(office) == [] and certificate(office, order)["backups"] == ["1"]


def test_a_state_that_cannot_be_read_stops_it(office: Office) -> None:
    prepared(office)
    durable.write_whole(office.folder / ending_notes.STATE_FILE, json.dumps({"office": 1}).encode())
    with pytest.raises(KuraError):
        ending_notes.read(office.folder)


def test_an_office_that_never_began_goes_too(unbegun: Office) -> None:
    from tests.support.endings import set_operator

    private = set_operator(unbegun)
    IDS[unbegun.folder] = unbegun.settings.office
    let_go(unbegun)
    destroy(unbegun, Order(private, target_of(unbegun)))
    assert left(unbegun) == []


def test_the_typed_values_of_a_clients_certificate_verify(office: Office) -> None:
    from vault.crypto.directory import decode
    from vault.domain.erasures import ErasureOrder
    from vault.services import erasing

    [number] = erasing.erase_clients(office.desk(), [office.facts.clients[0]], ErasureOrder(reason="取引の終了"))
    done = erasing.certificate(office.desk(), number)
    public = decode(office.instance.files.read().keystore.directory.document).signing_public
    typed = (
        f"office: {office.settings.office.hex()}\nnumber: E-{done.number:06d}\nwhat: {done.what}\nclient: {done.client}\n"
        f"reason: {done.reason}\nrecords: {done.records}\nversions: {done.versions}\nobjects: {done.objects}\n"
        f"begun: {certificates.moment(done.begun)}\ndone: {done.done}\nepoch: {done.epoch}\n"
        f"signature: {done.signature[:64]} {done.signature[64:]}\n"
    )
    assert certificates.check(typed.encode(), public)
    assert certificates.check(f"{typed}public key: {public.hex()}\n".encode(), fingerprint(public)[:16])
    forger = new_signing_key()
    with pytest.raises(Refused):
        certificates.check(f"{typed}public key: {signing_public(forger).hex()}\n".encode(), fingerprint(public)[:16])
    for before, after in (("records: ", "records: 1"), ("client: ", "client: 0"), ("取引", "取り引"), ("epoch: ", "epoch: 9")):
        with pytest.raises(Refused):
            certificates.check(typed.replace(before, after, 1).encode(), public)
