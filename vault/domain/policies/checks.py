"""Contradictions within one policy. What cannot be true is refused; what is odd is asked about once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import chain
from typing import Any

from vault.domain import insurers
from vault.domain.clients import Client
from vault.domain.fields import Fault
from vault.domain.policies import choices as c
from vault.domain.policies.checks_surrender import surrender_tables
from vault.domain.policies.checks_usual import unusual
from vault.domain.policies.ends import NEVER, cover_end, end_of_term, insured_birth
from vault.domain.policies.kinds import KINDS, Kind
from vault.domain.policies.policy import Policy
from vault.domain.values import TypedDate, fold, wareki

Found = Iterator[tuple[str, Fault]]


def wanted(kind: Kind) -> frozenset[str]:
    """The boxes that a kind wants beyond those that every policy wants."""
    return frozenset({"start" if kind.nonlife else "contract_date", *(("currency",) if kind.name == "外貨建" else ())})


def missing(form: Mapping[str, Any]) -> Found:
    """What this kind wants beyond the boxes that every policy wants; told even where other boxes have faults."""
    kind = KINDS.get(str(form.get("kind") or "").strip())
    if kind is None:
        return
    for box in sorted(wanted(kind)):
        if not str(form.get(box) or "").strip():
            yield box, Fault("required")
    given = form.get("roles")
    rows = [row for row in given if isinstance(row, Mapping)] if isinstance(given, Sequence) else []
    for role in (c.POLICYHOLDER,) if kind.nonlife else (c.POLICYHOLDER, c.INSURED):
        of_role = [i for i, row in enumerate(rows) if str(row.get("role") or "").strip() == role]
        if not any(str(rows[i].get("name") or "").strip() for i in of_role):
            yield (f"roles-{of_role[0]}-name" if of_role else "roles"), Fault("role-missing", {"role": role})


def contradictions(policy: Policy, client: Client, others: Iterable[Policy]) -> Found:
    """Each found path counts rows as in the record."""
    return chain(
        _state(policy),
        _insurer(policy),
        _duplicate(policy, others),
        _dates(policy, client),
        _terms(policy, client),
        _shares(policy),
        unusual(policy, client),
        _earthquake(policy),
        surrender_tables(policy, client),
    )


def _ask(code: str, **facts: object) -> Fault:
    return Fault(code, facts, ask=True)


def _state(policy: Policy) -> Found:
    if policy.state not in policy.of_kind.states:
        yield "state", Fault("state-not-for-kind", {"state": policy.state, "kind": policy.kind})
    if policy.handled_by == c.OTHER_AGENCY and not policy.other_agency:
        yield "other_agency", _ask("agency-name-missing")
    if policy.state_date and policy.begins and policy.state_date.value < policy.begins.value:
        yield "state_date", _ask("before-contract", contract=policy.begins.typed)


def _insurer(policy: Policy) -> Found:
    found = insurers.find(policy.insurer)
    if found and found.founded and policy.begins and policy.begins.value < found.founded:
        yield "insurer", _ask("insurer-younger", insurer=policy.insurer, founded=wareki(found.founded))


def _duplicate(policy: Policy, others: Iterable[Policy]) -> Found:
    number, insurer = policy.number_folded, insurers.matched(policy.insurer)
    if not number:
        return
    for other in others:
        if other.number_folded == number and insurers.matched(other.insurer) == insurer:
            yield (
                "policy_number",
                _ask("policy-number-twice", number=other.policy_number, insurer=other.insurer),
            )
            return


def _dates(policy: Policy, client: Client) -> Found:
    begins = policy.begins
    if begins is None:
        return
    if policy.end and policy.end.value <= begins.value:
        yield "end", Fault("end-before-start", {"start": begins.typed})
    if policy.application_date and policy.application_date.value > begins.value:
        yield "application_date", _ask("application-after-contract", contract=begins.typed)
    for i, role in enumerate(policy.roles):
        member = client.member(role.member) if role.role in {c.POLICYHOLDER, c.INSURED} else None
        if member and member.birth and begins.value < member.birth.value:
            yield f"roles-{i}-name", _ask("contract-before-birth", name=member.name, birth=member.birth.typed)
        if member and member.death and begins.value > member.death.value:
            yield f"roles-{i}-name", _ask("contract-after-death", name=member.name, death=member.death.typed)


def _terms(policy: Policy, client: Client) -> Found:
    begins = policy.begins
    if begins is None:
        return
    for name in ("term", "payment_term"):
        term = getattr(policy, name)
        end = end_of_term(policy, term, client)
        if end is not None and end <= begins.value:
            code = "term-age-passed" if term.kind == "age" else "end-before-start"
            yield name, Fault(code, {"start": begins.typed, "term": term.typed})
    by_term = end_of_term(policy, policy.term, client)
    if policy.end and by_term and policy.end.value != by_term:
        proposed = "終身" if by_term == NEVER else wareki(by_term)
        yield "end", _ask("end-differs", term=policy.term.typed if policy.term else "", proposed=proposed)
    yield from _payment(policy, client, begins)


def _payment(policy: Policy, client: Client, begins: TypedDate) -> Found:
    paid, covered = end_of_term(policy, policy.payment_term, client), cover_end(policy, client)
    if paid is None or covered is None or paid <= covered or (policy.term and policy.term.renews):
        return
    facts = {
        "paid": "終身" if paid == NEVER else wareki(paid),
        "covered": wareki(covered),
    }
    # Two ages on different bases may lie a year apart without either being wrong.
    apart = (paid - covered).days > 366 and insured_birth(policy, client) is not None
    yield "payment_term", Fault("payment-beyond-term", facts, ask=not apart)


def _shares(policy: Policy) -> Found:
    groups: dict[tuple[str, int | None], list[int]] = {}
    for i, role in enumerate(policy.roles):
        if role.role in c.BENEFICIARIES:
            groups.setdefault((role.role, role.order), []).append(i)
    for (role_name, _), rows in groups.items():
        shares = [policy.roles[i].share for i in rows]
        if all(share is None for share in shares):
            continue
        total = sum((share for share in shares if share is not None), Decimal(0))
        if total == 100 and None not in shares:
            continue
        rounded = None not in shares and abs(total - 100) <= Decimal("0.1") * len(rows)
        facts = {"role": role_name, "total": f"{total:f}"}
        yield f"roles-{rows[-1]}-share", Fault("shares-not-100", facts, ask=rounded)


def _earthquake(policy: Policy) -> Found:
    """Earthquake cover is 30 to 50 % of the fire cover of the same thing."""
    for i, row in enumerate(policy.properties):
        fire, quake = row.amount, row.earthquake_amount
        if fire and quake and not _within(fire.value, quake.value):
            yield f"properties-{i}-earthquake_amount", _ask("earthquake-share", fire=fire.text())
    fires = {fold(row.name): row.amount for row in policy.coverages}
    for i, cover in enumerate(policy.coverages):
        name = fold(cover.name)
        fire = fires.get(name.removeprefix("地震")) if name.startswith("地震") and name != "地震" else None
        if fire and cover.amount and not _within(fire.value, cover.amount.value):
            yield f"coverages-{i}-amount", _ask("earthquake-share", fire=fire.text())


def _within(fire: int | None, quake: int | None) -> bool:
    return not fire or not quake or fire * 30 <= quake * 100 <= fire * 50
