"""Who may do what, and which passwords will not do."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from enum import Enum
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise

from vault.domain.values import fold
from vault.errors import Refused

SHORTEST, LONGEST_BYTES = 12, 1024


class Role(Enum):
    """Words: catalogue key `role.<value>`."""

    ADMINISTRATOR = "administrator"
    HANDLER = "handler"
    VIEWER = "viewer"
    AUDITOR = "auditor"


class Permission(Enum):
    """One kind of act each; every route names the one it needs. Words: catalogue key `permission.<value>`."""

    READ_CLIENTS = "read-clients"
    WRITE_CLIENTS = "write-clients"
    READ_SENSITIVE = "read-sensitive"
    WRITE_POLICIES = "write-policies"
    SEARCH = "search"
    READ_ACCOUNTING = "read-accounting"
    WRITE_ACCOUNTING = "write-accounting"
    READ_DOCUMENTS = "read-documents"
    WRITE_DOCUMENTS = "write-documents"
    IMPORT = "import"
    PRINT = "print"
    NOTE_PRINTS = "note-prints"
    APPROVE_PRINTS = "approve-prints"
    READ_PRINT_LEDGER = "read-print-ledger"
    READ_AUDIT_LOG = "read-audit-log"
    SIGN_INSPECTION = "sign-inspection"
    BIN = "bin"
    ERASE = "erase"
    MOVE_CLIENTS = "move-clients"
    ANSWER_REQUESTS = "answer-requests"
    MANAGE_PEOPLE = "manage-people"
    MANAGE_DEVICES = "manage-devices"
    MANAGE_COMPARTMENTS = "manage-compartments"
    MANAGE_OFFICE = "manage-office"
    MANAGE_RECOVERY = "manage-recovery"
    CANCEL_CONTRACT = "cancel-contract"
    READ_SAFETY = "read-safety"


_P = Permission
_VIEWER = frozenset({
    _P.READ_CLIENTS, _P.SEARCH, _P.READ_ACCOUNTING, _P.READ_DOCUMENTS, _P.READ_SAFETY, _P.PRINT, _P.NOTE_PRINTS,
    _P.READ_PRINT_LEDGER,
})  # fmt: skip
_HANDLER = _VIEWER | {
    _P.WRITE_CLIENTS, _P.READ_SENSITIVE, _P.WRITE_POLICIES, _P.WRITE_ACCOUNTING, _P.WRITE_DOCUMENTS,
    _P.IMPORT, _P.BIN, _P.APPROVE_PRINTS,
}  # fmt: skip
_AUDITOR = frozenset({_P.READ_AUDIT_LOG, _P.READ_PRINT_LEDGER, _P.SIGN_INSPECTION, _P.READ_SAFETY})

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.ADMINISTRATOR: frozenset(Permission),
    Role.HANDLER: _HANDLER,
    Role.VIEWER: _VIEWER,
    # Who checks the office does not need to read its clients.
    Role.AUDITOR: _AUDITOR,
}


def may(role: Role, permission: Permission) -> bool:
    return permission in PERMISSIONS[role]


def check_password(new: str, words: Iterable[str] = (), shortest: int = SHORTEST) -> str:
    """The password as it is to be hashed (NFKC). `words` are the office's own: name, person, login ID; `shortest`
    is the office's own rule and never counts below Kura's.

    Raise Refused: password-too-short, -too-long, -common, -office-word. No rules of composition: they make
    people choose worse ones.
    """
    if len(new) > 4 * LONGEST_BYTES:  # long runs of accents take the square of their length to normalise
        raise Refused("password-too-long", most=LONGEST_BYTES)
    password = unicodedata.normalize("NFKC", new)
    if len(password) < max(shortest, SHORTEST):
        raise Refused("password-too-short", shortest=max(shortest, SHORTEST))
    if len(password.encode("utf-8", "surrogatepass")) > LONGEST_BYTES:
        raise Refused("password-too-long", most=LONGEST_BYTES)
    folded = fold(password)
    if _common(folded):
        raise Refused("password-common")
    for word in words:
        for part in {fold(word), *map(fold, word.split())}:
            if len(part) >= 2 and part in folded and len(folded.replace(part, "")) < SHORTEST // 2:
                raise Refused("password-office-word", word=word)
    return password


def _common(folded: str) -> bool:
    """Listed, or a listed word with digits behind it, or one short piece over and over, or a plain run."""
    if folded in _list() or folded.rstrip("0123456789") in _list():
        return True
    if any(folded == (folded[:n] * len(folded))[: len(folded)] for n in range(1, 5)):
        return True
    return len(folded) < 2 or {_step(a, b) for a, b in pairwise(folded)} in ({1}, {-1}, {9})


def _step(a: str, b: str) -> int:
    """How far on; of figures 0 comes after 9, as on a keyboard."""
    figures = a.isdecimal() and b.isdecimal()
    return (int(b) - int(a)) % 10 if figures else ord(b) - ord(a)


@lru_cache(maxsize=1)
def _list() -> frozenset[str]:
    text = (files("vault.domain") / "common_passwords.txt").read_text(encoding="utf-8")
    return frozenset(fold(line) for line in text.splitlines() if line and not line.startswith("#"))
