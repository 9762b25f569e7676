"""What was erased is gone: its key from every file, and it opens from no backup with anything that anybody has kept."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.offices import DEVICE, ORIGIN, PASSWORD, SECRETS, Office
from vault.crypto.directory import RECOVERY
from vault.crypto.envelope import ID_BYTES, KEY_BYTES, Context, open_sealed, open_stream
from vault.crypto.keystore import Keystore
from vault.crypto.keystore_form import open_keystore, shred_key_of
from vault.crypto.unlock import holder_secret, open_recovery, read_recovery, stretch
from vault.domain.access import Permission
from vault.domain.erasures import ErasureOrder
from vault.errors import KuraError, NotFound
from vault.services import backups, clients, erasing, objects, rekeying, sessions
from vault.services.accounts import passwords
from vault.services.audit import Event
from vault.services.safe import Desk

ORDER = ErasureOrder(reason="誤った登録")
NEW_PASSWORD = "ことり 飛行機 くるみ 朝焼け"
SCAN = b"the scan of a policy, plainly to be read " * 200
PIECE, STEP = 24, 24
DAY = 24 * 60 * 60


@dataclass
class Kept:
    """What somebody has put aside: keystore files as they lay there, shred keys, backups; and what opened then."""

    office: Office
    keystores: dict[tuple[int, int], bytes] = field(default_factory=dict)
    stolen: dict[int, bytes] = field(default_factory=dict)
    folder_key: bytes = b""
    ring: bytes = b""
    sealed: list[bytes] = field(default_factory=list)

    def keep(self) -> None:
        for replica in self.office.settings.replicas:
            for path in replica.glob("keystore.*"):
                _, epoch, generation = path.name.split(".")
                self.keystores[int(epoch), int(generation)] = path.read_bytes()
            for path in replica.glob("shred.*"):
                self.stolen[int(path.suffix[1:])] = path.read_bytes()


def put(office: Office, client: bytes) -> bytes:
    with office.desk().act(Event.CLIENT_SAVED, Permission.WRITE_DOCUMENTS, client) as act:
        return objects.put(act, client, [SCAN], len(SCAN))


@pytest.fixture
def kept(office: Office) -> Kept:
    """Two days with a backup each, another password in between, and a copy of every keystore on the way."""
    found = Kept(office)
    for client in office.facts.clients:
        put(office, client)
    found.keep()
    backups.make(office.instance)
    office.clock.tick(DAY)
    session = office.session()
    passwords.change(sessions.desk(office.instance, session, ORIGIN), session, PASSWORD, NEW_PASSWORD)
    found.keep()
    backups.make(office.instance)
    office.clock.tick(DAY)
    desk = in_office(office)
    erasing.ensure_folder(desk)
    found.keep()
    first = office.facts.clients[0]
    folder = desk.folder(first)
    found.folder_key = folder.key
    found.ring = desk.stored.keystore.rings[folder.compartment].sealed
    rows = "SELECT sealed FROM {} WHERE owner=?"
    found.sealed = [bytes(row[0]) for table in ("records", "history", "contents") for row in office.sql(rows.format(table), first)]
    found.sealed += [office.instance.objects.path_of(file).read_bytes() for file in files_of(office, first)]
    return found


def in_office(office: Office) -> Desk:
    return sessions.desk(office.instance, office.sign_in(password=NEW_PASSWORD).session, ORIGIN)


def files_of(office: Office, client: bytes) -> list[bytes]:
    return [bytes(row[0]) for row in office.sql("SELECT file FROM objects WHERE owner=?", client)]


# --- raw bytes


def pieces(raw: bytes) -> Iterator[bytes]:
    """Whatever is left of it somewhere has one of these whole."""
    for at in range(0, max(1, len(raw) - PIECE), STEP):
        yield raw[at : at + PIECE]


def files_with(folder: Path, needles: Iterable[bytes], but: Path | None = None) -> set[Path]:
    wanted = set(needles)
    there = [path for path in folder.rglob("*") if path.is_file() and not (but and path.is_relative_to(but))]
    return {path for path in there for raw in [path.read_bytes()] if any(needle in raw for needle in wanted)}


def key_needles(kept: Kept) -> list[bytes]:
    """The folder key, what wrapped it, and the shred keys under which that lay, whole or in pieces, raw and as text."""
    raw = [kept.folder_key, *(shred_key_of(each) for each in kept.stolen.values())]
    parts = [each[at : at + 64] for each in kept.stolen.values() for at in range(0, len(each), 4096)]
    return [*raw, *(each.hex().encode() for each in raw), *pieces(kept.ring), *parts]


def plain_needles() -> list[bytes]:
    return [text.encode() for text in SECRETS if len(text) > 3] + [SCAN[:40]]


def test_the_needles_are_found_where_they_are(kept: Kept) -> None:
    """Before the erasure: or the search below would prove nothing."""
    office = kept.office
    newest = {office.settings.replicas[0] / f"shred.{max(kept.stolen)}"}
    assert newest <= files_with(office.folder, key_needles(kept))
    rows = {path.name for path in files_with(office.folder, [p for each in kept.sealed for p in pieces(each)])}
    assert rows & {"kura.db", "kura.db-wal"} and any(len(name) == 32 for name in rows)
    assert files_with(office.folder, plain_needles()) == set()


@pytest.mark.parametrize("part", [False, True], ids=["a client", "a part"])
def test_no_byte_of_the_key_or_its_wrapping_is_left_in_any_file(part: bool, kept: Kept) -> None:
    office, first = kept.office, kept.office.facts.clients[0]
    other = office.worker()
    assert clients.list_clients(sessions.desk(other, office.sign_in(other, password=NEW_PASSWORD).session, ORIGIN))
    other.keyring.let_go()  # as its keeper does; its connections stay open
    if part:
        rekeying.erase_part(in_office(office), first, {office.facts.policies[0][0]}, ORDER)
    else:
        erasing.erase_clients(in_office(office), [first], ORDER)
    everywhere = office.folder.parent
    assert files_with(everywhere, key_needles(kept)) == set()
    assert files_with(everywhere, plain_needles()) == set()
    live = [p for each in (*kept.sealed, *kept.keystores.values()) for p in pieces(each)]
    assert files_with(everywhere, live, but=office.settings.backups) == set()
    assert files_with(office.settings.backups, live), "ciphertext may lie in the backups: no key opens it"
    other.engine.dispose()


# --- every way in


def ways_in(office: Office, keystore: Keystore) -> Iterator[tuple[bytes, bytes, bytes]]:
    """(receiver, private key, pinned key) by the old password, the new one and the recovery sheet."""
    person, device = office.facts.person, keystore.device_of(DEVICE)
    assert device is not None
    for password in (PASSWORD, NEW_PASSWORD):
        with suppress(KuraError):
            place = keystore.place(person, device)
            stretched = stretch(password, place.salt, place.cost)
            bundle = keystore.open_slot(person, device, stretched, holder_secret(DEVICE, person))
            yield person, bundle.private, bundle.pinned
    secret = read_recovery(" ".join(office.facts.groups))
    for name, sheet in keystore.sheets.items():
        with suppress(KuraError):
            yield RECOVERY, *open_recovery(secret, office.settings.office, name, sheet.sealed)


def folder_keys(kept: Kept, shred_keys: Iterable[bytes]) -> dict[bytes, bytes]:
    """Folder id → key out of every keystore that anybody has, by every way in, under these shred keys."""
    found: dict[bytes, bytes] = {}
    office = kept.office
    for (epoch, generation), sealed in all_keystores(kept).items():
        for raw in shred_keys:
            with suppress(KuraError):
                keystore = open_keystore(shred_key_of(raw), sealed, office.settings.office, epoch, generation)
                for way in ways_in(office, keystore):
                    found |= keys_in(keystore, *way)
    return found


def all_keystores(kept: Kept) -> dict[tuple[int, int], bytes]:
    """Those put aside, today's, and those that lie in the folder of backups."""
    found = dict(kept.keystores)
    for path in kept.office.folder.rglob("keystore.*"):
        _, epoch, generation = path.name.split(".")
        found[int(epoch), int(generation)] = path.read_bytes()
    return found


def keys_in(keystore: Keystore, receiver: bytes, private: bytes, pinned: bytes) -> dict[bytes, bytes]:
    directory, found = keystore.trusted(pinned), {}
    for compartment in directory.compartments:
        with suppress(KuraError):
            key = keystore.compartment_key(directory, compartment, receiver, private)
            entries = keystore.ring(directory, compartment, key).entries
            size = 2 * ID_BYTES + KEY_BYTES
            for at in range(0, len(entries), size):
                entry = entries[at : at + size]
                found[entry[ID_BYTES : 2 * ID_BYTES]] = entry[2 * ID_BYTES :]
    return found


def opened(kept: Kept, keys: dict[bytes, bytes]) -> dict[tuple[str, bytes], int]:
    """(backup, client) → how many of his rows and objects there open with any of these keys."""
    office, found = kept.office, {}
    folder = backups.folder_of(office.instance)
    for name in folder.names():
        with closing(sqlite3.connect(f"file:{folder.path_of(name) / 'kura.db'}?immutable=1", uri=True)) as database:
            for client in office.facts.clients:
                found[name, client] = opened_rows(office, database, client, keys) + opened_objects(
                    office, database, client, keys, folder.folder
                )
    return found


def opened_rows(office: Office, database: sqlite3.Connection, client: bytes, keys: dict[bytes, bytes]) -> int:
    count = 0
    for table in ("records", "history"):
        for id_, folder, version, sealed in database.execute(
            f"SELECT id, folder, version, sealed FROM {table} WHERE owner=?", (client,)
        ):
            context = Context(office.settings.office, "record", (folder, id_, version))
            count += any(opens(key, sealed, context) for key in keys.values())
    return count


def opens(key: bytes, sealed: bytes, context: Context) -> bool:
    with suppress(KuraError):
        return bool(open_sealed(key, sealed, context))
    return False


def opened_objects(office: Office, database: sqlite3.Connection, client: bytes, keys: dict[bytes, bytes], store: Path) -> int:
    count = 0
    for id_, folder, file in database.execute("SELECT id, folder, file FROM objects WHERE owner=?", (client,)):
        sealed = next((store / "objects").rglob(file.hex())).read_bytes()
        context = Context(office.settings.office, "document", (folder, id_, 1))
        for key in keys.values():
            with suppress(KuraError):
                count += open_stream(key, [sealed], context) == SCAN
    return count


@pytest.mark.parametrize("part", [False, True], ids=["a client", "a part"])
def test_no_backup_opens_with_any_keystore_any_password_or_the_sheet_and_other_clients_do(part: bool, kept: Kept) -> None:
    office, (first, second) = kept.office, kept.office.facts.clients
    before = opened(kept, folder_keys(kept, kept.stolen.values()))
    assert len(before) == 4 and all(before.values()), "who has the shred key opens everything: this search can find"
    if part:
        rekeying.erase_part(in_office(office), first, {office.facts.policies[0][0]}, ORDER)
    else:
        erasing.erase_clients(in_office(office), [first], ORDER)
    left = [path.read_bytes() for path in office.folder.parent.rglob("*shred*") if path.is_file()]
    assert left
    after = opened(kept, folder_keys(kept, left))
    names = backups.folder_of(office.instance).names()
    assert len(names) == 2
    for name in names:
        assert after[name, first] == 0
        assert after[name, second] == before[name, second] > 0
    # A part's client is in the next backup under his new key; an erased one is in none.
    office.clock.tick(DAY)
    made = backups.make(office.instance).name
    again = opened(kept, folder_keys(kept, left))
    assert again[made, second] and bool(again[made, first]) == part


# --- a replica that was away


def test_a_replica_that_was_away_is_owed_and_its_old_key_goes_when_it_is_back(kept: Kept, tmp_path: Path) -> None:
    office, first = kept.office, kept.office.facts.clients[0]
    away = office.settings.replicas[1]
    shutil.move(away, tmp_path / "away")
    erasing.erase_clients(in_office(office), [first], ORDER)
    desk = in_office(office)
    with pytest.raises(NotFound):
        clients.get(desk, first)
    assert not erasing.is_pending(desk)
    old = {path.name for path in (tmp_path / "away").glob("shred.*")}
    shutil.rmtree(away, ignore_errors=True)  # what was written where its disk belongs is hidden once that is back
    shutil.move(tmp_path / "away", away)
    assert office.instance.files.owed() == [away]
    office.instance.files.finish()  # as the next start of the server does
    assert office.instance.files.owed() == []
    epoch = desk.stored.keystore.epoch
    assert old and {path.name for path in away.glob("shred.*")} == {f"shred.{epoch}"} and f"shred.{epoch}" not in old
    assert {path.name for path in away.glob("keystore.*")} == {f"keystore.{epoch}.{desk.stored.keystore.generation}"}
    assert files_with(office.folder.parent, key_needles(kept)) == set()
    # The other one may go now: whoever is left opens.
    for path in office.settings.replicas[0].iterdir():
        path.unlink()
    up = in_office(office)
    assert {head.id for head in clients.list_clients(up)} == {office.facts.clients[1]}


@pytest.mark.parametrize("by", ["backup", "sign-in"])
def test_a_replica_that_is_back_gets_what_it_is_owed_without_a_start(by: str, kept: Kept, tmp_path: Path) -> None:
    office, first = kept.office, kept.office.facts.clients[0]
    away = office.settings.replicas[1]
    shutil.move(away, tmp_path / "away")
    erasing.erase_clients(in_office(office), [first], ORDER)
    shutil.rmtree(away, ignore_errors=True)
    backups.make(office.instance)  # nothing is made where its disk belongs while it is away
    assert office.instance.files.owed() == [away] and not away.exists()
    shutil.move(tmp_path / "away", away)
    assert files_with(away, key_needles(kept)) or list(away.glob("shred.*"))
    if by == "backup":
        backups.make(office.instance)
    else:
        in_office(office)
    assert office.instance.files.owed() == []
    epoch = office.instance.files.read().keystore.epoch
    assert {path.name for path in away.glob("shred.*")} == {f"shred.{epoch}"}


def test_a_replica_that_cannot_be_written_holds_no_erasure_up(kept: Kept, tmp_path: Path) -> None:
    office, first = kept.office, kept.office.facts.clients[0]
    away = office.settings.replicas[1]
    shutil.move(away, tmp_path / "away")
    away.write_text("where the disk belongs nothing can be written")
    erasing.erase_clients(in_office(office), [first], ORDER)
    assert office.instance.files.owed() == [away]
    assert {head.id for head in clients.list_clients(in_office(office))} == {office.facts.clients[1]}
    away.unlink()
    shutil.move(tmp_path / "away", away)
    assert office.instance.files.owed() == [away] and files_with(away, key_needles(kept))
    office.instance.files.finish()
    assert office.instance.files.owed() == []
    assert files_with(office.folder.parent, key_needles(kept)) == set()
