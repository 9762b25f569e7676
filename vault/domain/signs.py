"""By what a client or a policy is told again in another spelling: short words that a search row carries along.

A sign says nothing of how it was typed. Two records with signs in common are looked at as possible doubles.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from itertools import combinations

from vault.domain.clients import Client, Corporation, Member
from vault.domain.policies import Policy
from vault.domain.relationships import HEAD
from vault.domain.spelling import bare_name, digits, loose_kana, number, place
from vault.domain.values import fold

# Each sort with the letter under which a row keeps it. None of them is asked about by a query.
LETTERS = {
    "household": "H", "corporation": "C", "kana": "A", "telephone": "T", "place": "L", "corporate_number": "U",
    "head": "P", "head_kana": "Q", "person": "R", "twice": "W", "number": "N",
}  # fmt: skip
Sign = tuple[str, str]


def of_client(client: Client) -> Iterator[Sign]:
    """The signs of a client and of his people."""
    corporate = isinstance(client, Corporation)
    name = bare_name(client.name) if corporate else fold(client.name)
    found = [("corporation" if corporate else "household", name), ("kana", loose_kana(client.kana)),
             ("place", _short(place(client.address)))]  # fmt: skip
    found += [("telephone", digits(each.number)) for each in client.telephones]
    if isinstance(client, Corporation):
        found.append(("corporate_number", digits(client.corporate_number)))
    for member in client.members:
        found += _of_member(member)
    found += [("twice", f"{one.id} {other.id}") for one, other in alike_members(client)]
    yield from (sign for sign in dict.fromkeys(found) if sign[1])


def _of_member(member: Member) -> Iterator[Sign]:
    """Nobody is told by a name alone, for many bear it. The head of a household is told from the others."""
    if member.birth is None:
        return
    day = member.birth.value.isoformat()
    name = f"{fold(member.name)} {day}"
    if member.relationship == HEAD:
        yield "head", name
        yield "head_kana", f"{loose_kana(member.kana)} {day}"
    else:
        yield "person", name


def alike_members(client: Client) -> Iterator[tuple[Member, Member]]:
    """People of one client who may be the same person, entered twice."""
    for one, other in combinations(client.members, 2):
        days = [each.birth.value if each.birth else None for each in (one, other)]
        named = fold(one.name) == fold(other.name)
        if (named and None in days) or (days[0] == days[1] and (named or _same_reading(one, other))):
            yield one, other


def _same_reading(one: Member, other: Member) -> bool:
    return bool(one.kana) and loose_kana(one.kana) == loose_kana(other.kana)


def of_policy(policy: Policy) -> Iterator[Sign]:
    """The sign of a policy; with its insurer, which the row has too, it stands for one contract."""
    if policy.number_folded:
        yield "number", number(policy.number_folded)


def _short(text: str) -> str:
    """A long text as a few letters: two that share them are looked at, not believed."""
    return sha256(text.encode()).hexdigest()[:12] if text else ""
