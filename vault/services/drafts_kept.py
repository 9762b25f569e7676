"""Drafts: what a person has typed into the form of a client or policy and not saved yet.

Sealed under the client's key, so that they end with him; of a new client under one that only the person has. Files that
no backup has, kept for 30 days and without an entry in the journal: what is typed is told there when it is saved.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from vault.domain.access import Permission
from vault.errors import KuraError, Malformed, NotFound
from vault.services import drafts, payloads
from vault.services.acts import Folder
from vault.services.safe import Desk
from vault.storage.uploads import TYPED

CLIENT, POLICY = "client", "policy"
MOST = 50
LAST = b"kura last policy"


@dataclass(frozen=True)
class Draft:
    """`of` is CLIENT or POLICY; `owner` the class of a client, `title` what it is called in a list; `client` and `record`
    hex ids, `client` empty for a new one; `version` the one that was being changed, 0 for something new; `at` in seconds
    since 1970; `values` as the form sends them."""

    of: str
    record: str
    client: str = ""
    owner: str = ""
    title: str = ""
    version: int = 0
    at: int = 0
    values: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def needs(self) -> Permission:
        return Permission.WRITE_POLICIES if self.of == POLICY else Permission.WRITE_CLIENTS


@dataclass(frozen=True)
class LastPolicy:
    """The policy that a person has entered last, to be copied from."""

    client: str
    policy: str


def keep(desk: Desk, draft: Draft) -> None:
    """Keep what was typed, in place of what was kept before. Raises NotFound for a client who is not there for him."""
    desk.require(draft.needs)
    owner, record = _place(desk, draft.client), bytes.fromhex(draft.record)
    drafts.write(desk, _folder(desk, owner, record), record, _name(desk.person), _number(desk.person), payloads.encode(draft))
    _bound(desk)


def _place(desk: Desk, client: str) -> bytes:
    return bytes.fromhex(client) if client else desk.person


def _folder(desk: Desk, owner: bytes, record: bytes) -> Folder:
    return drafts.own_place(desk, b"kura draft", record) if owner == desk.person else desk.folder(owner)


def _name(person: bytes) -> str:
    return TYPED + person.hex()


def _number(person: bytes) -> int:
    """Two people may type at one record: each draft is sealed for its person alone to take its place."""
    return int.from_bytes(hashlib.sha256(b"kura draft" + person).digest()[:7], "big")


def _bound(desk: Desk) -> None:
    """The oldest make room."""
    mine = sorted(desk.instance.uploads.typed_by(desk.person), key=lambda each: each[2], reverse=True)
    for owner, record, _ in mine[MOST:]:
        desk.instance.uploads.remove(owner, record, _name(desk.person))


def get(desk: Desk, client: str, record: str) -> Draft:
    """A draft of the person at the desk (hex ids, `client` empty for a new one); raises NotFound."""
    return _read(desk, _place(desk, client), bytes.fromhex(record))


def _read(desk: Desk, owner: bytes, record: bytes) -> Draft:
    raw = drafts.read(desk, _folder(desk, owner, record), record, _name(desk.person), _number(desk.person))
    try:
        found = payloads.decode(raw, Draft)
    except Malformed as error:
        raise NotFound("not-found") from error
    desk.require(found.needs)
    return found


def listed(desk: Desk) -> list[Draft]:
    """All drafts of the person at the desk, the newest first. What cannot be opened any more is left out."""
    found = []
    for owner, record, _ in desk.instance.uploads.typed_by(desk.person):
        if record != _last(desk):
            with suppress(KuraError):
                found.append(_read(desk, owner, record))
    return sorted(found, key=lambda draft: draft.at, reverse=True)


def of_new(desk: Desk, client: str = "", of: str = POLICY) -> list[Draft]:
    """Those of policies that are being entered for a client, or of clients that are being entered."""
    return [draft for draft in listed(desk) if (draft.client, draft.of, draft.version) == (client, of, 0)]


def drop(desk: Desk, client: str, record: str) -> None:
    """Saved, or given up; nothing to do where there is none."""
    desk.instance.uploads.remove(_place(desk, client), bytes.fromhex(record), _name(desk.person))


# --- when a client goes into another


def typing(desk: Desk, client: bytes) -> list[bytes]:
    """Who has typed something into the form of a client's own record and not saved it, the person at the desk among them."""
    return sorted(_people_at(desk, client, client))


def _people_at(desk: Desk, owner: bytes, record: bytes) -> Iterator[bytes]:
    for name in desk.instance.uploads.names(owner, record):
        if name.startswith(TYPED):
            yield bytes.fromhex(name.removeprefix(TYPED))


def move_policies(desk: Desk, old: Folder, new: Folder) -> None:
    """What anybody has typed of a policy of a client that has gone into another is kept under the other's key. Nobody reads
    it; what was typed into the form of the client himself has no form any more."""
    for record, _ in list(desk.instance.uploads.of_client(old.owner)):
        for person in _people_at(desk, old.owner, record):
            with suppress(KuraError):
                raw = drafts.read(desk, old, record, _name(person), _number(person))
                draft = payloads.decode(raw, Draft)
                if draft.of == POLICY:
                    told = payloads.encode(replace(draft, client=new.owner.hex()))
                    drafts.write(desk, new, record, _name(person), _number(person), told)


# --- the policy entered last


def _last(desk: Desk) -> bytes:
    return hashlib.sha256(LAST + desk.person).digest()[:16]


def remember_entered(desk: Desk, client: bytes, policy: bytes) -> None:
    """For 「最後に登録した契約から写す」."""
    told = payloads.encode(LastPolicy(client.hex(), policy.hex()))
    drafts.write(desk, _folder(desk, desk.person, _last(desk)), _last(desk), _name(desk.person), _number(desk.person), told)


def entered_last(desk: Desk) -> tuple[bytes, bytes] | None:
    """(client, policy) of the policy that this person has entered last."""
    with suppress(KuraError):
        raw = drafts.read(desk, _folder(desk, desk.person, _last(desk)), _last(desk), _name(desk.person), _number(desk.person))
        told = payloads.decode(raw, LastPolicy)
        return bytes.fromhex(told.client), bytes.fromhex(told.policy)
    return None


def without(values: Mapping[str, str], left_out: set[str]) -> dict[str, str]:
    """What a form sent, without boxes that are never kept."""
    return {name: text for name, text in values.items() if name not in left_out}
