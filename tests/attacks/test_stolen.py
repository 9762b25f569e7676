"""A thief of everything on the machine at once: database, session store, both replicas, settings, shred key.

Shown by trying: whatever 32 bytes stand in a row anywhere in what he has, and what can be derived from them, is used as
a key on everything that is sealed. That this search would find a key is shown by planting one.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator

import pytest

from tests.support.forging import stolen_keystore
from tests.support.offices import DEVICE, ORIGIN, PASSWORD, Office
from tests.support.visits import Visit
from vault.crypto.envelope import expand, key_id, parse_head
from vault.crypto.keystore import Keystore
from vault.crypto.keystore_form import encode, shred_key_of
from vault.crypto.unlock import Bundle, holder_secret, open_slot, read_code, stretch
from vault.errors import KuraError, WrongCredential
from vault.services import sessions
from vault.services.accounts import signing_in
from vault.services.safe import Desk

DERIVATIONS = (b"kura session", b"kura recovery")


def files_of(office: Office) -> Iterator[bytes]:
    """Every file of the instance and of its run folder."""
    for root in (office.folder, office.settings.run):
        for path in sorted(root.rglob("*")):
            if path.is_file():
                yield path.read_bytes()


def loot(office: Office) -> list[bytes]:
    """The files, and the keystore as the shred key opens it."""
    return [*files_of(office), encode(stolen_keystore(office)[0])]


Sealed = dict[bytes, set[str]]


def sealed_things(office: Office) -> Sealed:
    """Key ids of everything that is sealed, with what they open."""
    keystore = stolen_keystore(office)[0]
    things = {
        table: [row[0] for row in office.sql(f"SELECT sealed FROM {table}")]
        for table in ("records", "history", "contents", "ledger")
    }
    things["slot"] = [sealed for slots in keystore.slots.values() for sealed in slots.values()]
    things["ring"] = [ring.sealed for ring in keystore.rings.values()]
    things["sheet"] = [sheet.sealed for sheet in keystore.sheets.values()]
    things["secret"] = list(keystore.secrets.values())
    things["session"] = session_rows(office)
    found: Sealed = {}
    for what, all_sealed in things.items():
        for sealed in all_sealed:
            found.setdefault(parse_head(sealed)[1], set()).add(what)
    return found


def session_rows(office: Office) -> list[bytes]:
    connection = sqlite3.connect(office.settings.run / "sessions.db")
    rows = [row[0] for row in connection.execute("SELECT sealed FROM sessions WHERE sealed IS NOT NULL")]
    connection.close()
    return rows


def opened_by(data: bytes, sealed: Sealed) -> set[str]:
    """What any 32 bytes in a row of `data` open, as they are."""
    none: set[str] = set()
    return none.union(*(sealed.get(key_id(data[at : at + 32]), none) for at in range(len(data) - 31)))


def candidates(data: bytes) -> Iterator[bytes]:
    """Keys that the program derives from something like this."""
    yield shred_key_of(data)
    for at in range(0, max(1, len(data) - 31), 16):
        piece = data[at : at + 32]
        yield hashlib.sha256(piece).digest()
        if len(piece) == 32:
            yield from (expand(piece, info, 32) for info in DERIVATIONS)


def test_what_lies_on_the_disk_opens_nothing(office: Office, visit: Visit) -> None:
    visit.get(visit.client_page())  # somebody is signed in and at work
    sealed = sealed_things(office)
    assert set().union(*sealed.values()) >= {"records", "history", "contents", "slot", "ring", "sheet", "secret", "session"}
    for data in loot(office):
        if len(data) == 64 * 1024 and len(set(data)) > 200:
            data = data[:2048]  # a shred file: random, and only its hash means anything
        assert opened_by(data, sealed) == set()
        for key in candidates(data):
            assert key_id(key) not in sealed


def test_the_search_finds_what_is_there(office: Office) -> None:
    desk = office.desk()
    sealed = sealed_things(office)
    key = desk.folder(office.facts.clients[0]).key
    assert opened_by(b"some noise" + key + b"more noise", sealed) >= {"records"}
    [cookie_secret] = [office.session().secret]
    sealed = sealed_things(office)
    assert any("session" in sealed.get(key_id(key), ()) for key in candidates(cookie_secret))


def true_secrets(desk: Desk, office: Office) -> dict[str, bytes]:
    """What really opens things, as a signed-in administrator holds it."""
    found = {"private key": desk.bundle.private, "device": DEVICE, "password": PASSWORD.encode()}
    found |= {f"slot secret {i.hex()}": s for i, s in desk.bundle.secrets.items()}
    found |= {f"compartment {c.hex()}": desk.compartment_key(c) for c in desk.directory.compartments}
    for compartment in desk.directory.compartments:
        ring = desk.ring(compartment)
        for owner in ring.owners():
            entry = ring.find(owner)
            assert entry is not None
            found[f"folder {owner.hex()}"] = entry[1]
    found |= {name: desk.secret(name) for name in ("signing", "audit")}
    found["code"] = read_code(office.facts.code)
    found["code as printed"] = office.facts.code.encode()
    found["recovery"] = " ".join(office.facts.groups).encode()
    found["initial password"] = office.facts.initial_password.encode()
    return found


def test_no_secret_stands_in_any_file(office: Office, visit: Visit) -> None:
    visit.get(visit.client_page())
    held = loot(office)
    for name, secret in true_secrets(office.desk(), office).items():
        assert not any(secret in data for data in held), name


def test_a_session_row_needs_its_cookie_and_a_cookie_its_row(office: Office) -> None:
    signed_in = office.sign_in()
    assert sessions.find(office.instance, signed_in.cookie, DEVICE) is not None
    forged = signed_in.cookie[:24] + ("B" if signed_in.cookie[24] != "B" else "C") + signed_in.cookie[25:]
    assert sessions.find(office.instance, forged, DEVICE) is None
    office.instance.sessions.lock(signed_in.session.row.id_hash)
    found = sessions.find(office.instance, signed_in.cookie, DEVICE)
    assert found is not None and found.payload is None


def test_the_password_without_the_device_opens_no_slot(office: Office) -> None:
    """Offline, with the keystore open and the right password: the device's secret is missing."""
    keystore = stolen_keystore(office)[0]
    assert list(opened_slots(keystore, office, PASSWORD, b"\x00" * 32)) == []
    assert list(opened_slots(keystore, office, PASSWORD, hashlib.sha256(DEVICE).digest())) == []
    for entry in keystore.devices.values():
        assert list(opened_slots(keystore, office, PASSWORD, entry.secret_hash)) == []


def test_the_device_without_the_password_opens_no_slot(office: Office) -> None:
    keystore = stolen_keystore(office)[0]
    for guess in ("", "password1234", office.facts.initial_password, office.facts.login_id):
        assert list(opened_slots(keystore, office, guess, DEVICE)) == []


def test_both_together_do(office: Office) -> None:
    keystore = stolen_keystore(office)[0]
    assert len(list(opened_slots(keystore, office, PASSWORD, DEVICE))) == 1
    assert len(list(opened_slots(keystore, office, PASSWORD, read_code(office.facts.code)))) == 1


def opened_slots(keystore: Keystore, office: Office, password: str, secret: bytes) -> Iterator[Bundle]:
    for person, slots in keystore.slots.items():
        for holder, sealed in slots.items():
            place = keystore.place(person, holder)
            try:
                stretched = stretch(password, place.salt, place.cost)
                yield open_slot(stretched, holder_secret(secret, person), place, sealed)
            except WrongCredential:
                continue


def test_without_the_shred_key_not_even_the_keystore_opens(office: Office) -> None:
    for replica in office.settings.replicas:
        for path in replica.glob("shred.*"):
            path.write_bytes(bytes(path.stat().st_size))
    office.instance.keyring.let_go()
    with pytest.raises(KuraError):
        office.desk()


def test_the_right_password_on_another_browser_does_not_open(office: Office) -> None:
    for device in (None, b"\x11" * 32):
        with pytest.raises(WrongCredential, match="unknown-device"):
            signing_in.sign_in(office.instance, office.facts.login_id, PASSWORD, device, ORIGIN)


def test_the_files_are_their_owners_alone(office: Office) -> None:
    office.sign_in()
    roots = (office.folder / "keys", office.folder / "data", office.settings.run)
    files = [path for root in roots for path in root.rglob("*") if path.is_file()]
    assert len(files) > 5
    assert [path for path in files if path.stat().st_mode & 0o077] == []
