"""The policy of a row, as a form."""

from __future__ import annotations

import re
from typing import Any

from vault.domain.fields import Fault
from vault.domain.importing import meanings, vocabulary
from vault.domain.importing.cells import Source, Texts
from vault.domain.importing.tables import CORPORATION
from vault.domain.policies import KINDS, Kind
from vault.domain.policies import choices as c
from vault.domain.values import Unreadable, read_date, read_term, wareki

Form = dict[str, Any]
_AS_TYPED = ("insurer", "policy_number", "solicitor", "other_agency", "original_place", "notes")
_SEPARATORS = re.compile(r"[、,，／/;・\n](?![^(]*[)])|(?<=%)\s+")
_BENEFICIARY = re.compile(r"(?P<name>.+?)\s*(?:[(](?P<relationship>[^)]*)[)])?\s*(?P<share>\d{1,3}(?:\.\d+)?[%割]?)?")
_DAYS = {"policy.application_date": "application_date", "policy.state_date": "state_date"}


def contract(texts: Texts, source: Source, client_kind: str, names: tuple[str, str]) -> Form:
    """The form of the policy. `names`: the client's, and the insured person's where the row says one."""
    form: Form = {box: texts.get(f"policy.{box}") for box in _AS_TYPED}
    _kind(texts, form)
    kind = KINDS.get(form["kind"])
    nonlife = bool(kind and kind.nonlife)
    _choices(texts, form, nonlife)
    _period(texts, form, nonlife)
    _money(texts, form, source)
    if kind:
        _things(texts, form, kind, source)
    form["roles"] = _roles(texts, kind, client_kind, names)
    form = {box: told for box, told in form.items() if told}
    return _of_kind(texts, form, kind) if kind else form


def _kind(texts: Texts, form: Form) -> None:
    """In our word for it. Where the list says more than that, its words are kept as the product's name."""
    told, product = texts.get("policy.kind"), texts.get("policy.product")
    found = vocabulary.kind(told) if told else None
    guessed = None if found else vocabulary.kind_within(told or product)
    if guessed:
        texts.remark("policy.kind", Fault("kind-guessed", {"typed": told or product, "kind": guessed}))
    meant = found or guessed
    form["kind"] = vocabulary.of_insurer(meant, texts.get("policy.insurer")) if meant else told
    form["product"] = product or (told if guessed else "")


def _choices(texts: Texts, form: Form, nonlife: bool) -> None:
    mode, route = vocabulary.mode_and_route(texts.get("policy.mode"))
    form["mode"] = mode or texts.get("policy.mode")
    form["route"] = vocabulary.route(texts.get("policy.route")) or texts.get("policy.route") or route
    state = vocabulary.state(texts.get("policy.state"), nonlife) if texts.get("policy.state") else (c.IN_FORCE, "")
    form["state"], form["end_reason"] = state or (texts.get("policy.state"), "")
    handled = texts.get("policy.handled_by")
    form["handled_by"] = (vocabulary.handled_by(handled) or handled) if handled else c.OWN
    if form["other_agency"] and not handled:
        form["handled_by"] = c.OTHER_AGENCY
        texts.remark("policy.handled_by", Fault("other-agency-assumed", {"name": form["other_agency"]}))
    currency = vocabulary.currency(texts.get("policy.currency"))
    form["currency"] = texts.get("policy.currency") if currency is None else currency


def _day(texts: Texts, target: str) -> str:
    told, serial = meanings.day(texts.get(target))
    if serial:
        texts.remark(target, Fault("day-of-number", {"typed": texts.get(target), "day": told}))
    return told


def _period(texts: Texts, form: Form, nonlife: bool) -> None:
    begins, ends, term = _day(texts, "policy.begins"), _day(texts, "policy.ends"), texts.get("policy.term")
    if span := meanings.both_ends(term):
        begins, ends, term = begins or span[0], ends or span[1], ""
    form["start" if nonlife else "contract_date"] = begins
    form["payment_term"] = texts.get("policy.payment_term")
    form |= {box: _day(texts, target) for target, box in _DAYS.items() if texts.get(target)}
    if nonlife:
        form["end"] = ends or _end_of(texts, begins, term)
        form["long_years"] = _years(term) if ends else ""
    elif ends and not _is_day(ends) and _is_term(ends):
        form["term"] = term or ends
    else:
        form["term"], form["end"] = term, ends


def _is_day(text: str) -> bool:
    try:
        read_date(text)
    except Unreadable as refused:
        return refused.code != "date-unreadable"
    return True


def _is_term(text: str) -> bool:
    try:
        read_term(text)
    except Unreadable:
        return False
    return True


def _years(term: str) -> str:
    """Of a long non-life contract; a single year is none."""
    found = re.fullmatch(r"(\d{1,2})年間?", term)
    return found[1] if found and int(found[1]) > 1 else ""


def _end_of(texts: Texts, begins: str, term: str) -> str:
    """The end of a non-life policy that the list tells by its term only."""
    if not term:
        return ""
    try:
        end = read_term(term).end(read_date(begins).value)
    except Unreadable:
        return term  # which the form will refuse, beside the box
    if end is None:
        return ""
    texts.remark("policy.ends", Fault("end-of-term", {"term": term, "day": wareki(end)}))
    return wareki(end)


def _money(texts: Texts, form: Form, source: Source) -> None:
    form["premium"], thousands = meanings.money(texts.get("policy.premium"), source.heading("policy.premium"))
    if thousands:
        texts.remark("policy.premium", Fault("thousands", {"typed": texts.get("policy.premium"), "yen": form["premium"]}))
    form["best_rate"], part = meanings.rate(texts.get("policy.best_rate"))
    if part:
        texts.remark("policy.best_rate", Fault("rate-of-part", {"typed": texts.get("policy.best_rate"), "rate": form["best_rate"]}))


def _things(texts: Texts, form: Form, kind: Kind, source: Source) -> None:
    """Cover, vehicle and building, each in the table that this kind keeps for it."""
    amount = meanings.cover(texts.get("policy.amount"), source.heading("policy.amount"))
    place = texts.get("policy.place")
    if "properties" in kind.boxes and (place or amount):
        form["properties"] = [{"place": place, "amount": amount}]
    elif amount:
        form["coverages"] = [{"name": "死亡" if c.DEATH_BENEFICIARY in kind.roles else "保険金額", "amount": amount}]
    if place and "properties" not in kind.boxes:
        texts.remark("policy.place", Fault("not-for-kind", {"kind": kind.name}))
    if (registration := texts.get("policy.registration")) and "vehicles" in kind.boxes:
        form["vehicles"] = [{"registration": registration}]
    elif registration:
        texts.remark("policy.registration", Fault("not-for-kind", {"kind": kind.name}))


def _roles(texts: Texts, kind: Kind | None, client_kind: str, names: tuple[str, str]) -> list[Form]:
    client, insured = names
    roles: list[Form] = [{"role": c.POLICYHOLDER, "name": client}] if client else []
    if not insured and client and client_kind != CORPORATION and kind and c.INSURED in kind.roles:
        insured = client
        texts.remark("policy.insured", Fault("insured-assumed", {"name": client}))
    if insured:
        named = c.NAMED_INSURED if kind and c.NAMED_INSURED in kind.roles else c.INSURED
        roles.append({"role": named, "name": insured})
    return roles + _beneficiaries(texts.get("policy.beneficiary"), kind)


def _beneficiaries(text: str, kind: Kind | None) -> list[Form]:
    """石川真由美(妻)60%、石川湊(長男)40% as rows."""
    names = kind.roles if kind else ()
    wanted = (c.DEATH_BENEFICIARY, c.BENEFIT_RECIPIENT, c.SURVIVAL_BENEFICIARY, c.ANNUITY_RECIPIENT, c.RECIPIENT)
    fallback = c.RECIPIENT if kind and kind.nonlife else c.DEATH_BENEFICIARY
    role = next((each for each in wanted if each in names), fallback)
    rows = []
    for part in filter(None, map(str.strip, _SEPARATORS.split(text.replace("（", "(").replace("）", ")").replace("％", "%")))):
        found = _BENEFICIARY.fullmatch(part)
        told = found.groupdict() if found else {"name": part}
        share = told.get("share") or ""
        told["share"] = f"{share[:-1]}0" if share.endswith("割") else share
        rows.append({"role": role, **{key: value for key, value in told.items() if value}})
    return rows


def _of_kind(texts: Texts, form: Form, kind: Kind) -> Form:
    """What this kind's form does not ask for would be hidden for ever: it is left out, and told."""
    if form.get("currency") and "currency" not in kind.boxes:
        texts.faults.append(("policy.kind", Fault("currency-not-for-kind", {"currency": form["currency"], "kind": kind.name})))
    known = frozenset(kind.boxes)
    for box in [box for box in form if box not in known]:
        texts.remark(f"policy.{box}", Fault("not-for-kind", {"kind": kind.name}))
        del form[box]
    return form
