"""What policies of a kind usually say: proposed in a new form, so that only names, dates and amounts are typed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from vault.domain.clients import Client, Household, Member, name_to_type, relationship_between
from vault.domain.policies import choices as c
from vault.domain.policies.kinds import KINDS, defaults

Rows = list[dict[str, str]]
# The main cover of a kind; 入院 and 手術 stand on nearly every medical policy, 対人 and 対物 on every one of a car.
_MAIN: dict[str, tuple[str, ...]] = {
    "終身": ("死亡保険金",), "定期": ("死亡保険金",), "長期平準定期": ("死亡保険金",), "逓増定期": ("死亡保険金",),
    "養老": ("死亡保険金",), "定期付養老・終身": ("死亡保険金",), "変額": ("死亡保険金",), "外貨建": ("死亡保険金",),
    "医療": ("入院給付金", "手術給付金"), "がん": ("がん診断給付金", "がん入院給付金"), "介護": ("介護一時金",),
    "就業不能": ("就業不能給付金",), "特定疾病": ("特定疾病保険金",), "傷害": ("災害死亡保険金",), "団体定期": ("死亡保険金",),
    "団信": ("死亡保険金",), "自動車": ("対人賠償", "対物賠償", "人身傷害"),
}  # fmt: skip
_FOR_LIFE = ("終身",)


def covers(kind: str) -> Rows:
    """The rows of the main cover with which a new form of this kind begins; nothing in them is an amount."""
    rows = []
    for name in _MAIN.get(kind, ()):
        of, unit = c.COVER_KINDS.get(name, ("", ""))
        rows.append({key: text for key, text in (("name", name), ("kind", of), ("unit", unit)) if text})
    return rows


def untouched(row: Mapping[str, Any], kind: str) -> bool:
    """Whether a row of the main cover says only what was proposed, so that nobody has typed it."""
    told = {key: str(text).strip() for key, text in row.items() if str(text).strip()}
    return told in covers(kind)


def without_untouched(values: Mapping[str, Any]) -> dict[str, Any]:
    """A typed form without the rows that were proposed and left as they were: a cover without an amount says nothing."""
    rows, kind = values.get("coverages"), str(values.get("kind") or "")
    if not isinstance(rows, list):
        return dict(values)
    return {**values, "coverages": [row for row in rows if not untouched(row, kind)]}


def untouched_last(values: Mapping[str, Any]) -> dict[str, Any]:
    """A typed form as it is shown again: what was read of it keeps its rows' numbers, and what is still only proposed stands
    behind."""
    told = without_untouched(values)
    rows, kind = values.get("coverages"), str(values.get("kind") or "")
    if isinstance(rows, list):
        told["coverages"] += [{**row, "proposed": list(row)} for row in rows if untouched(row, kind)]
    return told


def proposed(kind: str, client: Client) -> dict[str, Any]:
    """What a new form proposes beyond `kinds.defaults`: whom it names, its term, the rows of its main cover."""
    roles = [{"role": role, **_named(role, kind, client)} for role in KINDS[kind].roles]
    told: dict[str, Any] = {"roles": roles, "coverages": covers(kind)}
    return {**told, "term": "終身"} if kind in _FOR_LIFE else told


def without_proposed(values: Mapping[str, Any], kind: str, client: Client) -> dict[str, Any]:
    """A typed form without what a new one of this kind proposes and nobody has changed: another kind proposes its own."""
    if kind not in KINDS:
        return dict(values)
    own = {**defaults(kind), **proposed(kind, client)}
    left = {name: value for name, value in values.items() if name not in own or _bare(value) != _bare(own[name])}
    return without_untouched({**left, "kind": kind}) | {"kind": values.get("kind", kind)}


def _bare(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return [{key: text for key, text in row.items() if str(text).strip()} for row in value]


def _named(role: str, kind: str, client: Client) -> dict[str, str]:
    """Only who has to be named: a household's head, a corporation itself. Whom a corporation insures nobody can guess."""
    wanted = (c.POLICYHOLDER,) if KINDS[kind].nonlife or not isinstance(client, Household) else (c.POLICYHOLDER, c.INSURED)
    if role not in wanted:
        return {}
    head = client.head if isinstance(client, Household) else None
    return {"name": name_to_type(client, head) if head else client.name}


# What two policies of a client have in common; numbers, dates and amounts are each one's own.
_REPEATED = (
    "kind", "insurer", "product", "handled_by", "other_agency", "solicitor", "group_handling", "claims_telephone", "roles",
    "term", "payment_term", "age_basis", "mode", "route", "currency", "start_time", "end_time", "annuity_kind", "tax_qualified",
    "surgery_type", "outpatient", "care_grade", "diagnosis_interval", "deduction_class", "endowment_pattern", "paid_as_salary",
    "premium_basis", "settlement", "group_name", "lender", "original_place",
)  # fmt: skip
_REPEATED_OF_COVERS = ("name", "kind", "unit", "limit_days", "waiting_days", "deductible", "term", "pays_benefit")
# What is never another policy's: its number, how it ended, and what has happened to it.
_OWN = ("policy_number", "state", "state_date", "end_reason", "restorable_until", "changes", "renewal_state", "non_renewal_reason")


def copied(typed: Mapping[str, Any], everything: bool) -> dict[str, Any]:
    """A new form out of the typed form of another policy; dates and amounts as well where everything is wanted."""
    if everything:
        return {name: value for name, value in typed.items() if name not in _OWN}
    told = {name: typed[name] for name in _REPEATED if name in typed}
    for table in ("coverages", "riders"):
        told[table] = [{key: row.get(key, "") for key in _REPEATED_OF_COVERS} for row in typed.get(table) or []]
    return told


def people(client: Client) -> list[tuple[str, str, dict[str, str]]]:
    """(name to type, kana, {name of another: what this one is to him}) of each member who lives; of corporations without
    relationships. The head's spouse comes first, then the children: who is named as beneficiary most."""
    living = [member for member in client.members if member.death is None]
    if not isinstance(client, Household):
        return [(name_to_type(client, member), member.kana, {}) for member in living]
    names = {member.id: name_to_type(client, member) for member in living}
    living.sort(key=lambda member: _nearness(client, member))
    return [(names[each.id], each.kana, _relations(client, each, living, names)) for each in living]


def _nearness(client: Household, member: Member) -> int:
    word = relationship_between(client, client.head, member) if client.head else ""
    order = ("夫 妻 配偶者", "長男 長女 次男 次女 三男 三女 四男 四女 子 養子 養女", "父 母")
    return next((n for n, words in enumerate(order) if word in words.split()), len(order))


def _relations(client: Client, of: Member, to: Iterable[Member], names: Mapping[str, str]) -> dict[str, str]:
    found = {names[each.id]: relationship_between(client, each, of) for each in to if each.id != of.id}
    return {name: word for name, word in found.items() if word}
