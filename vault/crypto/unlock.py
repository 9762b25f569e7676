"""From what a person holds to a key: password and device, codes on paper, the recovery sheet, the activation.

There is one password check in Kura: the slot opens or it does not. Nothing weaker stands beside it.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import unicodedata
from dataclasses import dataclass, field

from argon2.low_level import Type, hash_secret_raw

from vault.crypto import codec
from vault.crypto.envelope import Context, expand, open_sealed, seal
from vault.errors import Malformed, SealBroken, WrongCredential

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: no I, L, O, U
_MISREAD = str.maketrans("OIL", "011")
SALT_BYTES = 16
PASSWORD_BYTES = 1024
# NFKC takes time with the square of a run of combining marks, and shortens text to a third at most.
PASSWORD_CHARACTERS = 4 * PASSWORD_BYTES
PAPER_CHARACTERS = 256
CODE_LETTERS = 26
INITIAL_LETTERS = 16
GROUPS, GROUP_LETTERS = 13, 5
RECOVERY_BYTES = 32
PRF_BYTES = 32


@dataclass(frozen=True)
class Cost:
    """Argon2id's cost: `m` KiB of memory, `t` passes, `p` lanes. The floor is RFC 9106's second recommendation."""

    m: int = 64 * 1024
    t: int = 3
    p: int = 4

    def __post_init__(self) -> None:
        # Checked before any memory is taken: the numbers come from a file that somebody may have edited.
        if not (8 * self.p <= self.m <= 1024 * 1024 and 1 <= self.t <= 10 and 1 <= self.p <= 8):
            raise Malformed("malformed", what="cost")


DEFAULT_COST = Cost()


def stretch(password: str, salt: bytes, cost: Cost) -> bytes:
    """Argon2id of a password (NFKC, at most 1,024 bytes): 32 bytes."""
    if len(password) > PASSWORD_CHARACTERS:
        raise WrongCredential("wrong-credential")
    raw = unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
    if len(raw) > PASSWORD_BYTES or len(salt) != SALT_BYTES:
        raise WrongCredential("wrong-credential")
    return hash_secret_raw(raw, salt, cost.t, cost.m, cost.p, 32, Type.ID)


def new_salt() -> bytes:
    """A fresh 16-byte salt."""
    return os.urandom(SALT_BYTES)


def holder_secret(secret: bytes, person: bytes) -> bytes:
    """The slot secret that a device's secret, or a code's bytes, gives for one person.

    A device is shared by all who use that PC, so its secret is never used for two of them as it is.
    """
    return hmac.digest(secret, b"kura slot" + person, "sha256")


def secret_hash(secret: bytes) -> bytes:
    """What the server keeps of a device's secret or a code: enough to know it, useless to guess from."""
    return hmac.digest(b"kura holder", secret, "sha256")


@dataclass(frozen=True)
class Bundle:
    """What a slot holds: the person's private key, the pinned office key, and the slot secrets of all his holders.

    With the secrets a new password can write every slot of his from one Argon2id run.
    """

    private: bytes = field(repr=False)
    pinned: bytes
    secrets: dict[bytes, bytes] = field(repr=False)

    def encode(self) -> bytes:
        return codec.encode([self.private, self.pinned, {i.hex(): s for i, s in self.secrets.items()}])

    @staticmethod
    def decode(data: bytes) -> Bundle:
        private, pinned, secrets = codec.shaped(codec.decode(data), (bytes, bytes, {bytes: bytes}))
        return Bundle(private, pinned, {bytes.fromhex(i): s for i, s in secrets.items()})

    def with_secret(self, holder: bytes, secret: bytes) -> Bundle:
        return Bundle(self.private, self.pinned, {**self.secrets, holder: secret})

    def without_secret(self, holder: bytes) -> Bundle:
        return Bundle(self.private, self.pinned, {i: s for i, s in self.secrets.items() if i != holder})


@dataclass(frozen=True)
class SlotPlace:
    """Where a slot stands: whose it is, for which device or code, and how its password is stretched."""

    office: bytes
    person: bytes
    holder: bytes
    salt: bytes
    cost: Cost

    def context(self) -> Context:
        fields = (self.person, self.holder, self.salt, self.cost.m, self.cost.t, self.cost.p)
        return Context(self.office, "slot", fields)


def passkey_place(office: bytes, person: bytes, credential: bytes) -> SlotPlace:
    """Where a passkey's slot stands. Its PRF output is uniform: the numbers of a stretching stand for none."""
    told = hashlib.sha256(b"kura passkey" + credential).digest()
    return SlotPlace(office, person, told[:16], told[16:], Cost(8, 1, 1))


def passkey_salt(office: bytes, person: bytes) -> bytes:
    """What a person's passkeys are asked to evaluate (PRF): no secret, and the same after a new password."""
    return hashlib.sha256(b"kura passkey salt" + office + person).digest()


def passkey_stretched(output: bytes, place: SlotPlace) -> bytes:
    """What stands for the stretched password in a passkey's slot: its PRF output (32 bytes), bound to the slot."""
    if len(output) != PRF_BYTES:
        raise WrongCredential("passkey-refused")
    return expand(output, b"kura passkey prf" + place.office + place.person + place.holder, 32)


def _slot_key(stretched: bytes, secret: bytes, place: SlotPlace) -> bytes:
    uniform = hmac.digest(b"kura slot key", stretched + secret, hashlib.sha512)
    return expand(uniform, place.person + place.holder, 32)


def seal_slot(stretched: bytes, secret: bytes, place: SlotPlace, bundle: Bundle) -> bytes:
    """A slot: the bundle under password and holder's secret together."""
    return seal(_slot_key(stretched, secret, place), bundle.encode(), place.context())


def open_slot(stretched: bytes, secret: bytes, place: SlotPlace, sealed: bytes) -> Bundle:
    """The bundle of a slot; raises WrongCredential for a wrong password, device, code or an edited slot."""
    try:
        return Bundle.decode(open_sealed(_slot_key(stretched, secret, place), sealed, place.context()))
    except (SealBroken, Malformed) as error:
        raise WrongCredential("wrong-credential") from error


# --- codes on paper


def _letters(number: int, count: int) -> str:
    return "".join(ALPHABET[(number >> 5 * i) & 31] for i in reversed(range(count)))


def _number(letters: str) -> int:
    value = 0
    for letter in letters:
        value = value << 5 | ALPHABET.index(letter)
    return value


def _check_letter(letters: str, offset: int = 0) -> str:
    """Weighted sum modulo 31: every single slip (but 0 for Z) and every two neighbours swapped show."""
    return ALPHABET[(offset + sum((i + 2) * ALPHABET.index(c) for i, c in enumerate(letters))) % 31]


def fold_letters(typed: str) -> str:
    """What a person typed from paper, as Crockford letters: any width or case, O for 0, spaces and hyphens gone.

    What is too long to stand on paper folds to nothing. With a Japanese keyboard a hyphen easily becomes ー.
    """
    if len(typed) > PAPER_CHARACTERS:
        return ""
    plain = unicodedata.normalize("NFKC", typed).upper().translate(_MISREAD)
    return "".join(c for c in plain if c.isalnum() and c != "ー")


def _well_formed(letters: str) -> bool:
    return all(c in ALPHABET for c in letters)


def new_code() -> str:
    """A device code: 25 random Crockford letters (125 bits) and a check letter, in groups of five."""
    letters = _letters(int.from_bytes(os.urandom(16), "big") >> 3, CODE_LETTERS - 1)
    whole = letters + _check_letter(letters)
    return "-".join([whole[0:5], whole[5:10], whole[10:15], whole[15:20], whole[20:]])


def read_code(typed: str) -> bytes:
    """The secret bytes of a device code; raises WrongCredential when letters or check letter are wrong."""
    letters = fold_letters(typed)
    if len(letters) != CODE_LETTERS or not _well_formed(letters) or _check_letter(letters[:-1]) != letters[-1]:
        raise WrongCredential("code-shape")
    return b"kura code" + letters.encode("ascii")


def new_recovery_secret() -> bytes:
    """256 uniform bits."""
    return os.urandom(RECOVERY_BYTES)


def recovery_groups(secret: bytes) -> list[str]:
    """A recovery secret as 13 groups of four letters and a check letter that knows its place."""
    if len(secret) != RECOVERY_BYTES:
        raise Malformed("malformed", what="recovery secret")
    letters = _letters(int.from_bytes(secret, "big") << 4, 4 * GROUPS)
    parts = [letters[4 * i : 4 * i + 4] for i in range(GROUPS)]
    return [part + _check_letter(part, i) for i, part in enumerate(parts)]


def _without_numbers(letters: str) -> str:
    """The groups alone, where somebody typed before each the number that is printed there."""
    groups: list[str] = []
    rest = letters
    for number in map(str, range(1, GROUPS + 1)):
        if not rest.startswith(number):
            return letters
        groups.append(rest[len(number) : len(number) + GROUP_LETTERS])
        rest = rest[len(number) + GROUP_LETTERS :]
    return letters if rest or len(letters) == GROUPS * GROUP_LETTERS else "".join(groups)


def read_recovery(typed: str) -> bytes:
    """The recovery secret of what was typed; raises WrongCredential naming the first group that cannot be right."""
    letters = _without_numbers(fold_letters(typed))
    if len(letters) != GROUPS * GROUP_LETTERS or not _well_formed(letters):
        raise WrongCredential("recovery-shape")
    groups = [letters[GROUP_LETTERS * i : GROUP_LETTERS * (i + 1)] for i in range(GROUPS)]
    for i, group in enumerate(groups):
        if _check_letter(group[:-1], i) != group[-1]:
            raise WrongCredential("recovery-group", group=i + 1)
    number = _number("".join(group[:-1] for group in groups))
    if number & 15:
        raise WrongCredential("recovery-group", group=GROUPS)
    return (number >> 4).to_bytes(RECOVERY_BYTES, "big")


def seal_recovery(secret: bytes, office: bytes, sheet: bytes, private: bytes, pinned: bytes) -> bytes:
    """The recovery private key and the pinned office key, under the secret of one recovery sheet."""
    key = expand(secret, b"kura recovery", 32)
    return seal(key, codec.encode([private, pinned]), Context(office, "recovery", (sheet,)))


def open_recovery(secret: bytes, office: bytes, sheet: bytes, sealed: bytes) -> tuple[bytes, bytes]:
    """(recovery private key, pinned office key); raises WrongCredential."""
    try:
        key = expand(secret, b"kura recovery", 32)
        plain = open_sealed(key, sealed, Context(office, "recovery", (sheet,)))
        private, pinned = codec.shaped(codec.decode(plain), (bytes, bytes))
    except (SealBroken, Malformed) as error:
        raise WrongCredential("wrong-credential") from error
    return private, pinned


# --- activation: opens nothing, only tells whether the first visitor was handed the initial password


def new_initial_password() -> str:
    """Sixteen Crockford letters (80 bits) in groups of four, good for one use within its days."""
    letters = _letters(int.from_bytes(os.urandom(10), "big"), INITIAL_LETTERS)
    return "-".join(letters[i : i + 4] for i in range(0, INITIAL_LETTERS, 4))


def activation_verifier(initial_password: str, cost: Cost = DEFAULT_COST) -> dict[str, int | str]:
    """Argon2id of the initial password, as numbers and hex text."""
    salt = new_salt()
    raw = stretch(fold_letters(initial_password), salt, cost)
    return {"salt": salt.hex(), "m": cost.m, "t": cost.t, "p": cost.p, "hash": raw.hex()}


def activation_matches(verifier: dict[str, int | str], typed: str) -> bool:
    """Whether the typed password is the initial one."""
    cost = Cost(int(verifier["m"]), int(verifier["t"]), int(verifier["p"]))
    raw = stretch(fold_letters(typed), bytes.fromhex(str(verifier["salt"])), cost)
    return hmac.compare_digest(raw, bytes.fromhex(str(verifier["hash"])))
