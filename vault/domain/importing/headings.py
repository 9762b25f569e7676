"""The row of the headings, under title rows, and what each heading says by its words alone."""

from __future__ import annotations

import re
from functools import lru_cache

from vault.domain.importing import targets
from vault.domain.importing.tables import CLIENTS, PEOPLE, POLICIES, Table
from vault.domain.values import fold, plain

MOST_TITLES = 40  # rows above which headings are looked for
LEAST = 2  # headings that a row must have
# What the law does not let an office keep stands under these.
MY_NUMBER = tuple(map(fold, ("個人番号", "マイナンバー", "mynumber", "社会保障・税番号")))
_UNIT = re.compile(r"[(\[【<].*?[)\]】>]")
_OF_POLICY = frozenset({"policy.insurer", "policy.policy_number", "policy.kind", "policy.premium", "policy.ends", "policy.begins"})
_INSURED, _CLIENT = ("policy.insured", "member.name"), "client.name"


def find_first_row(table: Table) -> int:
    """The row that says most about its columns; -1 where none says anything."""
    best, found = LEAST - 1, -1
    for number in range(min(MOST_TITLES, len(table.rows))):
        said = sum(1 for text in set(table.rows[number]) if _known(text))
        if said > best:
            best, found = said, number
    return found


@lru_cache(maxsize=4096)
def _known(text: str) -> bool:
    """Whether people write this over a column, in any sheet."""
    return len(text) <= 40 and any(
        word in MY_NUMBER or word in names for word in spellings(text) for names in (*map(targets.by_word, (POLICIES, PEOPLE, CLIENTS)), targets.whose())
    )


def spellings(text: str) -> list[str]:
    """Folded, with and without what stands in brackets, then without the polite ご and the words for 'name' at its end."""
    bare = _UNIT.sub("", plain(text))
    found = [fold(text), fold(bare)]
    found += [re.sub("^(?:ゴ|御)", "", each) for each in found]
    return [each for each in dict.fromkeys(found) if each]


def headings(table: Table, first_row: int) -> list[str]:
    """The heading of each column; a merged heading above others (被保険者 over 氏名 and 生年月日) goes before theirs."""
    if first_row < 0 or first_row >= len(table.rows):
        return [""] * table.width
    own = table.rows[first_row]
    above = _above(table, first_row)
    return [f"{above[column]} {text}".strip() if above.get(column, text) != text else text for column, text in enumerate(own)]


def _above(table: Table, first_row: int) -> dict[int, str]:
    """Text of a merged area that ends in the row above and spans some of the columns, not the whole sheet as a title does."""
    found: dict[int, str] = {}
    for top, left, bottom, right in table.merged:
        if bottom == first_row - 1 and left < right < left + max(2, table.width * 2 // 3):
            found |= dict.fromkeys(range(left, right + 1), table.rows[top][left].strip())
    return found


def sheet_kind(table: Table, first_row: int) -> str:
    """What the headings say a row is: a policy, a person of a client, a client; empty where they do not."""
    folded = [spellings(text) for text in headings(table, first_row)]
    of_policies = {targets.by_word(POLICIES).get(word) for words in folded for word in words}
    if len(of_policies & _OF_POLICY) >= 2 or "policy.policy_number" in of_policies:
        return POLICIES
    of_people = {targets.by_word(PEOPLE).get(word) for words in folded for word in words}
    if of_people & {"member.name", "member.relationship", "member.title", "member.position"}:
        return PEOPLE
    whose = {targets.whose().get(word) for words in folded for word in words}
    return CLIENTS if "client.name" in of_people or "name" in whose else ""


def targets_by_heading(table: Table, first_row: int, kind: str | None = None) -> dict[int, str]:
    """Target of each column whose heading tells it; no target twice."""
    sheet = sheet_kind(table, first_row) if kind is None else kind
    if not sheet:
        return {}
    folded = [spellings(text) for text in headings(table, first_row)]
    found: dict[int, str] = {}
    for column, words in enumerate(folded):
        target = next((targets.by_word(sheet)[word] for word in words if word in targets.by_word(sheet)), None)
        if target and target not in found.values():
            found[column] = target
    for column, words in enumerate(folded):
        box = next((targets.whose()[word] for word in words if word in targets.whose()), None)
        if box and column not in found:
            _add(found, column, box, sheet)
    return found


def _add(found: dict[int, str], column: int, box: str, sheet: str) -> None:
    """カナ or 生年月日 is of the person whose name stands nearest before it; 氏名 is of the client, unless that has one."""
    person, client = (f"member.{box}", f"client.{box}")
    if box == "name":
        person = "member.name" if sheet == PEOPLE else "policy.insured"
        order = (client, person) if sheet != PEOPLE else (person, client)
    else:
        before = [found[each] for each in sorted(found) if each < column and found[each] in (*_INSURED, _CLIENT)]
        order = (person, client) if (before and before[-1] in _INSURED) else (client, person)
    allowed = {target.name for target in targets.TARGETS if sheet in target.sheets}
    free = [target for target in order if target in allowed and target not in found.values()]
    if free:
        found[column] = free[0]
