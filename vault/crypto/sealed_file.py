"""A file of the operator's own under a passphrase: nothing but what he remembers opens it.

    file = codec ["kura register", 1, id (16 B), salt (16 B), m, t, p, generation, envelope]
    key  = expand(Argon2id(passphrase, salt, m, t, p), "kura register" ‖ id, 32)

Who holds the file guesses at it undisturbed, with no device's secret in between: the cost is four times a sign-in's.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from vault.crypto import codec
from vault.crypto.envelope import ID_BYTES, Context, expand, key_id, open_sealed, parse_head, seal
from vault.crypto.unlock import SALT_BYTES, Cost, new_salt, stretch
from vault.errors import Damaged, Malformed, SealBroken, WrongCredential

NAME, FORM = "kura register", 1
COST = Cost(m=256 * 1024, t=3, p=4)
_SHAPE = (str, int, bytes, bytes, int, int, int, int, bytes)


@dataclass(frozen=True)
class Lock:
    """A passphrase, stretched for one file: its id, its salt and cost, and the key that follows."""

    id: bytes
    salt: bytes
    cost: Cost
    key: bytes = field(repr=False)

    def context(self, generation: int) -> Context:
        return Context(self.id, "register", (self.salt, self.cost.m, self.cost.t, self.cost.p, generation))


def _lock(passphrase: str, own: bytes, salt: bytes, cost: Cost) -> Lock:
    return Lock(own, salt, cost, expand(stretch(passphrase, salt, cost), NAME.encode() + own, 32))


def new_lock(passphrase: str, cost: Cost = COST, own: bytes = b"") -> Lock:
    """A passphrase for a file that is to be sealed, under a fresh salt; `own`: the id that the file had before."""
    return _lock(passphrase, own or os.urandom(ID_BYTES), new_salt(), cost)


def lock_of(raw: bytes, passphrase: str) -> Lock:
    """The lock that a file was sealed under. Raises WrongCredential("register-passphrase"), and
    Damaged("register-damaged") for what is no such file."""
    own, salt, cost, _, sealed = _parsed(raw)
    try:
        lock = _lock(passphrase, own, salt, cost)
    except WrongCredential as error:
        raise WrongCredential("register-passphrase") from error
    if parse_head(sealed)[1] != key_id(lock.key):
        raise WrongCredential("register-passphrase")
    return lock


def seal_file(lock: Lock, generation: int, data: bytes) -> bytes:
    """The whole file."""
    sealed, cost = seal(lock.key, data, lock.context(generation)), lock.cost
    return codec.encode([NAME, FORM, lock.id, lock.salt, cost.m, cost.t, cost.p, generation, sealed])


def open_file(lock: Lock, raw: bytes) -> tuple[int, bytes]:
    """(generation, data); raises Damaged("register-damaged") unless every byte is as it was sealed under this lock."""
    own, salt, cost, generation, sealed = _parsed(raw)
    if (own, salt, cost) != (lock.id, lock.salt, lock.cost):
        raise Damaged("register-damaged")
    try:
        return generation, open_sealed(lock.key, sealed, lock.context(generation))
    except (SealBroken, Malformed) as error:
        raise Damaged("register-damaged") from error


def _parsed(raw: bytes) -> tuple[bytes, bytes, Cost, int, bytes]:
    try:
        name, form, own, salt, m, t, p, generation, sealed = codec.shaped(codec.decode(raw), _SHAPE)
        cost = Cost(m, t, p)
        parse_head(sealed)
    except (Malformed, SealBroken) as error:
        raise Damaged("register-damaged") from error
    if (name, form, len(own), len(salt)) != (NAME, FORM, ID_BYTES, SALT_BYTES):
        raise Damaged("register-damaged")
    return own, salt, cost, generation, sealed
