"""How each structure of a vector file is opened, in terms of the program's own functions.

A case holds `inputs` (what the opener must know), `sealed`, `opens` (what comes out), `refuses` (the same sealed bytes
with some inputs changed, and the code of the refusal), `tampered` (the codes allowed when sealed bytes are changed or
cut) and `boundaries` (lengths at which cutting must be refused).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from vault.crypto import unlock
from vault.crypto.directory import Signed
from vault.crypto.envelope import Context, open_sealed
from vault.crypto.keys import open_from, open_grant, open_ring
from vault.crypto.keystore_form import open_keystore

FOLDER = Path(__file__).parent / "vectors"
Inputs = dict[str, Any]


def load(name: str) -> dict[str, Any]:
    """One vector file."""
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return found


def raw(text: str) -> bytes:
    """Bytes of hex text."""
    return bytes.fromhex(text)


def context_of(inputs: Inputs) -> Context:
    """The context that `office`, `kind` and `fields` (hex text for bytes, numbers as they are) stand for."""
    fields = tuple(raw(f) if isinstance(f, str) else f for f in inputs["fields"])
    return Context(raw(inputs["office"]), inputs["kind"], fields)


@lru_cache
def stretched(password: str, salt: bytes, cost: tuple[int, int, int]) -> bytes:
    """Argon2id once for each password, though a thousand changed slots are tried with it."""
    return unlock.stretch(password, salt, unlock.Cost(*cost))


def place_of(inputs: Inputs) -> unlock.SlotPlace:
    """Where a slot's vector stands."""
    cost = unlock.Cost(*inputs["cost"])
    return unlock.SlotPlace(
        raw(inputs["office"]), raw(inputs["person"]), raw(inputs["holder"]), raw(inputs["salt"]), cost
    )


def slot_inputs(inputs: Inputs) -> tuple[bytes, bytes, unlock.SlotPlace]:
    """(stretched password, slot secret, place) of a slot's vector."""
    place = place_of(inputs)
    secret = unlock.read_code(inputs["code"]) if "code" in inputs else raw(inputs["device_secret"])
    own = unlock.holder_secret(secret, place.person)
    return stretched(inputs["password"], place.salt, tuple(inputs["cost"])), own, place


def _envelope(inputs: Inputs, sealed: bytes) -> Any:
    return open_sealed(raw(inputs["key"]), sealed, context_of(inputs)).hex()


def _slot(inputs: Inputs, sealed: bytes) -> Any:
    bundle = unlock.open_slot(*slot_inputs(inputs), sealed)
    secrets = {i.hex(): s.hex() for i, s in bundle.secrets.items()}
    return {"private": bundle.private.hex(), "pinned": bundle.pinned.hex(), "secrets": secrets}


def _ring(inputs: Inputs, sealed: bytes) -> Any:
    where = (raw(inputs["office"]), raw(inputs["compartment"]), inputs["epoch"], inputs["counter"])
    return open_ring(raw(inputs["key"]), *where, sealed).entries.hex()


def _grant(inputs: Inputs, sealed: bytes) -> Any:
    where = (raw(inputs["office"]), raw(inputs["compartment"]), inputs["epoch"], raw(inputs["receiver"]))
    return open_grant(*where, raw(inputs["private"]), sealed, raw(inputs["expected"])).hex()


def _journal_key(inputs: Inputs, sealed: bytes) -> Any:
    return open_from(raw(inputs["private"]), sealed, context_of(inputs)).hex()


def _recovery(inputs: Inputs, sealed: bytes) -> Any:
    secret = unlock.read_recovery(inputs["typed"])
    private, pinned = unlock.open_recovery(secret, raw(inputs["office"]), raw(inputs["sheet"]), sealed)
    return {"private": private.hex(), "pinned": pinned.hex()}


def _directory(inputs: Inputs, sealed: bytes) -> Any:
    signed = Signed(sealed[64:], sealed[:64])
    directory = signed.trusted(raw(inputs["pinned"]), raw(inputs["office"]))
    persons = {i.hex(): [p.login_id, p.role, p.status] for i, p in directory.persons.items()}
    return {"version": directory.version, "persons": persons, "rules": directory.rules}


def _keystore(inputs: Inputs, sealed: bytes) -> Any:
    office, key, epoch, generation = raw(inputs["office"]), raw(inputs["key"]), inputs["epoch"], inputs["generation"]
    open_keystore(key, sealed, office, epoch, generation)
    return open_sealed(key, sealed, Context(office, "keystore", (epoch, generation))).hex()


OPEN: dict[str, Callable[[Inputs, bytes], Any]] = {
    "envelope": _envelope,
    "register": _envelope,
    "slot": _slot,
    "ring": _ring,
    "grant": _grant,
    "journal-key": _journal_key,
    "recovery": _recovery,
    "directory": _directory,
    "keystore": _keystore,
}
