"""What only shows when the rows of a file are laid side by side: doubles, sums that do not match, amounts out of the usual."""

from __future__ import annotations

from collections.abc import Iterable

from vault.domain import insurers
from vault.domain.fields import Fault
from vault.domain.importing.tables import Read
from vault.domain.policies import choices as c
from vault.domain.values import Unreadable, fold, read_money, read_yen

_LEAST = 5  # premiums of one kind and mode, before any is called unusual
_TEN = 10
Key = tuple[str, str]


def policy_key(insurer: str, number: str) -> Key | None:
    """By what two policies are the same one; None without a number."""
    folded = "" if number in c.NO_NUMBER else fold(number)
    return (insurers.matched(insurer), folded) if folded else None


def compare(reads: Iterable[Read]) -> None:
    """Add to the remarks of each row what the others say about it."""
    rows = list(reads)
    _doubles(rows)
    _totals(rows)
    _unusual(rows)


def _doubles(rows: list[Read]) -> None:
    found: dict[Key, list[Read]] = {}
    for row in rows:
        key = policy_key(row.policy.get("insurer", ""), row.policy.get("policy_number", ""))
        if key:
            found.setdefault(key, []).append(row)
    for same in found.values():
        for row in same if len(same) > 1 else []:
            others = "、".join(str(other.number) for other in same if other is not row)
            row.remarks.append(("policy.policy_number", Fault("double-in-file", {"rows": others})))


def _yen(row: Read) -> int | None:
    try:
        return read_yen(row.values.get("policy.premium", ""), negative=True)
    except Unreadable:
        return None


def _totals(rows: list[Read]) -> None:
    """A sum is of the rows since the last one, or of all; a last 小計 and a 合計 may follow each other."""
    whole = part = 0
    for row in rows:
        yen = _yen(row)
        if row.left_out is None:
            whole, part = whole + (yen or 0), part + (yen or 0)
        elif row.left_out.code == "row-total":
            if yen is not None and yen not in (whole, part):
                facts = {"told": f"{yen:,}", "counted": f"{whole:,}"}
                row.remarks.append(("policy.premium", Fault("total-differs", facts)))
            part = 0


def _unusual(rows: list[Read]) -> None:
    """A premium ten times all others of its kind, or a tenth: a digit too many or too few."""
    groups: dict[Key, list[tuple[int, Read]]] = {}
    for row in rows:
        amount = _premium(row)
        if amount:
            groups.setdefault((row.policy.get("kind", ""), row.policy.get("mode", "")), []).append((amount, row))
    for group in groups.values():
        if len(group) < _LEAST:
            continue
        group.sort(key=lambda each: each[0])
        if group[-1][0] >= _TEN * group[-2][0]:
            _ask(*group[-1], group[-2][0])
        if group[0][0] * _TEN <= group[1][0]:
            _ask(*group[0], group[1][0])


def _premium(row: Read) -> int | None:
    """In yen; other currencies are not compared."""
    if row.policy.get("currency"):
        return None
    try:
        return int(read_money(row.policy.get("premium", "")))
    except Unreadable:
        return None


def _ask(amount: int, row: Read, other: int) -> None:
    facts = {"premium": f"{amount:,}", "other": f"{other:,}", "kind": row.policy.get("kind", "")}
    row.remarks.append(("policy.premium", Fault("factor-ten", facts)))
