"""Which clients, people and policies may have been entered twice, and why that is proposed. A person decides.

What is known of all records is kept as hashes of their signs, so that an office of any size fits: whoever proposes
something reads the records themselves again (`client_reasons`, `policy_reasons`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import combinations, pairwise
from typing import TypeVar

from vault.domain import insurers, signs
from vault.domain.clients import Client
from vault.domain.policies import Policy
from vault.domain.signs import Sign

CLIENT, POLICY, PERSON = "client", "policy", "person"
# What speaks for a double, and how strongly: 3 nearly certain, 2 likely, 1 possible. What is 0 is true of so many
# that it is no more than a way to look somebody up.
STRENGTHS = {
    "corporate-number": 3, "head": 3, "policy-number": 3, "person-twice": 3, "company": 2, "head-kana": 2,
    "name-telephone": 2, "name-place": 2, "kana-telephone": 2, "kana-place": 1, "person": 1, "other-start": 1,
    "other-client": 2, "name": 0, "kana": 0,
}  # fmt: skip
# Of so many that are alike each is compared with every other; of more, with the next one only.
_EACH = 8
# A reason and what two records have in common by it.
Key = tuple[str, str]
T = TypeVar("T")


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A client, with his own id for the record; one of his policies; one of his people, the letters of whose id stand in
    `record`."""

    owner: bytes
    record: bytes


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records that may be one, the strongest reason first."""

    what: str
    one: Place
    other: Place
    reasons: tuple[str, ...]

    @property
    def strength(self) -> int:
        return strength(self.reasons)


@dataclass(frozen=True, slots=True)
class Likeness:
    """A client who may be the one somebody is about to enter."""

    owner: bytes
    reasons: tuple[str, ...]

    @property
    def strength(self) -> int:
        return strength(self.reasons)


def strength(reasons: Iterable[str]) -> int:
    """3 nearly certain, 2 likely, 1 possible, 0 nothing but a name. Two likely reasons together are nearly certain."""
    found = [STRENGTHS[reason] for reason in reasons]
    return 3 if found.count(2) > 1 else max(found, default=0)


@dataclass
class Known:
    """What is recorded, looked up by its signs."""

    _people: list[Pair] = field(default_factory=list)
    _clients: dict[str, dict[int, bytes | list[bytes]]] = field(default_factory=dict)
    _policies: dict[str, list[tuple[Place, int]]] = field(default_factory=dict)

    def add_client(self, owner: bytes, told: Iterable[Sign]) -> None:
        """Know a client by his signs."""
        found = list(told)
        for one, other in (word.encode().split() for sort, word in found if sort == "twice"):
            self._people.append(Pair(PERSON, Place(owner, one), Place(owner, other), ("person-twice",)))
        for reason, word in set(_keys(found)):
            alike = self._clients.setdefault(reason, {})
            there = alike.setdefault(hash(word), owner)
            if isinstance(there, list):
                there.append(owner)
            elif there != owner:
                alike[hash(word)] = [there, owner]

    def add_policy(self, place: Place, insurer: str, number: str, begins: int) -> None:
        """Know a policy by its matched insurer and the number's sign; `begins` as an ordinal, 0 for not known."""
        self._policies.setdefault(f"{insurer}\n{number}", []).append((place, begins))

    def clients_like(self, client: Client) -> list[Likeness]:
        """Clients of the same kind who may be this one, the likeliest first; those of the mere name too."""
        found: dict[bytes, list[str]] = {}
        for reason, word in set(_keys(signs.of_client(client))):
            there = self._clients.get(reason, {}).get(hash(word), [])
            for owner in there if isinstance(there, list) else [there]:
                found.setdefault(owner, []).append(reason)
        told = [Likeness(owner, _strongest_first(reasons)) for owner, reasons in found.items()]
        return sorted(told, key=lambda each: (-each.strength, -len(each.reasons), each.owner))

    def policies_like(self, policy: Policy) -> list[Place]:
        """Policies of the same insurer and number."""
        alike = (self._policies.get(f"{insurers.matched(policy.insurer)}\n{n}", []) for _, n in signs.of_policy(policy))
        return [place for some in alike for place, _ in some]

    def pairs(self) -> list[Pair]:
        """All that may be doubles, the likeliest first."""
        found = [*self._client_pairs(), *self._policy_pairs(), *self._people]
        return sorted(found, key=lambda pair: (-pair.strength, pair.what, -len(pair.reasons), pair.one, pair.other))

    def _client_pairs(self) -> Iterator[Pair]:
        found: dict[tuple[bytes, bytes], list[str]] = {}
        for reason, alike in self._clients.items():
            if STRENGTHS[reason]:
                for there in alike.values():
                    for one, other in _two_of(sorted(there)) if isinstance(there, list) else ():
                        found.setdefault((one, other), []).append(reason)
        for (one, other), reasons in found.items():
            yield Pair(CLIENT, Place(one, one), Place(other, other), _strongest_first(reasons))

    def _policy_pairs(self) -> Iterator[Pair]:
        for alike in self._policies.values():
            for (one, begun), (other, begun_too) in _two_of(sorted(alike)):
                yield Pair(POLICY, one, other, _of_number(one.owner == other.owner, begun, begun_too))


def _two_of(alike: list[T]) -> Iterable[tuple[T, T]]:
    return combinations(alike, 2) if len(alike) <= _EACH else pairwise(alike)


def client_reasons(one: Client, other: Client) -> tuple[str, ...]:
    """Why two clients may be one; empty where nothing speaks for it."""
    common = set(_keys(signs.of_client(one))) & set(_keys(signs.of_client(other)))
    return _strongest_first(reason for reason, _ in common if STRENGTHS[reason])


def policy_reasons(one: Policy, other: Policy, same_client: bool) -> tuple[str, ...]:
    """The same of two policies of one client, or of two."""
    numbers = set(signs.of_policy(one)) & set(signs.of_policy(other))
    if not numbers or insurers.matched(one.insurer) != insurers.matched(other.insurer):
        return ()
    days = [each.begins.value.toordinal() if each.begins else 0 for each in (one, other)]
    return _of_number(same_client, *days)


def _of_number(same_client: bool, begun: int, begun_too: int) -> tuple[str, ...]:
    """The number is the same. A contract made anew often keeps it, and two clients may each have a part in one."""
    if begun and begun_too and begun != begun_too:
        return ("other-start",)
    return ("policy-number",) if same_client else ("other-client",)


def _keys(told: Iterable[Sign]) -> Iterator[Key]:
    """Each thing that two clients can have in common, as one word that tells."""
    found: dict[str, list[str]] = {}
    for sort, word in told:
        found.setdefault(sort, []).append(word)
    kind = "corporation" if "corporation" in found else "household"
    if kind == "corporation":
        yield from (("corporate-number", word) for word in found.get("corporate_number", ()))
        yield from (("company", word) for word in found["corporation"])
    else:
        yield from _people(found)
    for name, words in (("name", found.get(kind, ())), ("kana", found.get("kana", ()))):
        for word in (f"{kind} {each}" for each in words):
            yield name, word
            yield from ((f"{name}-telephone", f"{word} {each}") for each in found.get("telephone", ()))
            yield from ((f"{name}-place", f"{word} {each}") for each in found.get("place", ()))


def _people(found: dict[str, list[str]]) -> Iterator[Key]:
    """Of a household: somebody may well be an officer of a corporation, or of two, besides."""
    heads = found.get("head", ())
    yield from (("head", word) for word in heads)
    yield from (("head-kana", word) for word in found.get("head_kana", ()))
    yield from (("person", word) for word in (*heads, *found.get("person", ())))


def _strongest_first(reasons: Iterable[str]) -> tuple[str, ...]:
    """Without what another reason says already."""
    found = set(reasons)
    for strong, weak in _SAYS_TOO:
        if strong in found:
            found.discard(weak)
    return tuple(sorted(found, key=lambda reason: (-STRENGTHS[reason], reason)))


_SAYS_TOO = (
    ("head", "person"), ("head", "head-kana"), ("name-telephone", "kana-telephone"), ("name-place", "kana-place"),
    ("company", "name"), ("name-telephone", "name"), ("name-place", "name"), ("kana-telephone", "kana"),
    ("kana-place", "kana"), ("name", "kana"),
)  # fmt: skip
