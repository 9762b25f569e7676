"""個人データ管理台帳: which kinds of personal data the boxes of the forms ask for, and of how many people they are told.

Made from the records' own dataclasses, so that a box added to a form stands in the ledger, or nowhere and a test says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from vault.domain.boxes import Field, fields
from vault.domain.cancellation import CancellationOrder
from vault.domain.claims import Claim
from vault.domain.clients import (
    AccountTitle,
    BusinessYear,
    Client,
    Consent,
    Corporation,
    Hold,
    Household,
    Loan,
    Member,
    RelatedClient,
    Telephone,
)
from vault.domain.contacts import Compared, Contact, Intention
from vault.domain.dealings import KINDS
from vault.domain.deposits import Deposit, DepositItem, GiveBack
from vault.domain.documents import Document
from vault.domain.erasures import ErasureOrder
from vault.domain.inspections import Addition, Inspection
from vault.domain.log_filter import LogFilter
from vault.domain.office import Colleague, Named, Office, Training
from vault.domain.office_rules import Rules
from vault.domain.operator.contracts import Contract
from vault.domain.policies import GROUPS, Policy
from vault.domain.policies import rows as of_policy
from vault.domain.preferences import Preferences
from vault.domain.prints import Decline, OfficeOrder, Outcome, PrintOrder, TakeOut
from vault.domain.provisions import Provision
from vault.domain.search import KeptSearch, Query
from vault.domain.tasks import NewTask, Task
from vault.domain.worklist import Choice


class Category(Enum):
    """One kind of personal data, in the order of the ledger. Words: catalogue key `category.<value>`."""

    NAMES = "names"
    BIRTH = "birth"
    CONTACT = "contact"
    FAMILY = "family"
    WORK = "work"
    MONEY = "money"
    HEALTH = "health"
    POLICY = "policy"
    CONSENT = "consent"
    DEALINGS = "dealings"
    NOTES = "notes"
    KEEPING = "keeping"
    CORPORATE = "corporate"
    SCANS = "scans"
    PAPERS = "papers"
    STAFF = "staff"


_C = Category
# Records of which every box is of one kind; None: nobody's personal data.
_WHOLE: dict[type[Any], Category | None] = {
    Telephone: _C.CONTACT, Consent: _C.CONSENT, Hold: _C.KEEPING, RelatedClient: _C.FAMILY, Loan: _C.MONEY,
    BusinessYear: _C.CORPORATE, AccountTitle: _C.CORPORATE, Policy: _C.POLICY, of_policy.Role: _C.POLICY,
    of_policy.Coverage: _C.POLICY, of_policy.Change: _C.POLICY, of_policy.SurrenderValue: _C.POLICY,
    of_policy.SpecialAccount: _C.POLICY, of_policy.EducationPayment: _C.POLICY, of_policy.AgeBand: _C.POLICY,
    of_policy.Vehicle: _C.POLICY, of_policy.Property: _C.POLICY, of_policy.Item: _C.POLICY,
    PrintOrder: _C.PAPERS, OfficeOrder: _C.PAPERS, TakeOut: _C.PAPERS, Outcome: _C.PAPERS, Decline: _C.PAPERS,
    Contact: _C.DEALINGS, Intention: _C.DEALINGS, Compared: _C.DEALINGS, Provision: _C.DEALINGS,
    Document: _C.SCANS, Deposit: _C.PAPERS, DepositItem: _C.PAPERS, GiveBack: _C.PAPERS,
    Colleague: _C.STAFF, Training: _C.STAFF, Office: None, Named: None, Inspection: None, Addition: None,
    Task: _C.DEALINGS, NewTask: None, Choice: None, LogFilter: None, Query: None, KeptSearch: None, Rules: None, ErasureOrder: None, CancellationOrder: None, Preferences: None, Contract: None,
}  # fmt: skip
_MEMBER: dict[Category, tuple[str, ...]] = {
    _C.NAMES: ("name", "kana"),
    _C.BIRTH: ("birth", "sex", "death"),
    _C.FAMILY: ("relationship", "living_together", "dependant"),
    _C.WORK: ("occupation", "position", "title", "joined", "planned_retirement"),
    _C.MONEY: ("annual_income", "monthly_salary"),
    _C.HEALTH: ("health", "smoker"),
    _C.NOTES: ("notes",),
}
_CLIENT: dict[Category, tuple[str, ...]] = {
    _C.NAMES: ("name", "kana"),
    _C.CONTACT: ("postal_code", "address", "mail"),
    _C.NOTES: ("notes",),
    _C.KEEPING: (
        "client_number", "handler", "compartment", "retention_years", "retention_until", "accounting_code",
    ),
}  # fmt: skip
_HOUSEHOLD: dict[Category, tuple[str, ...]] = {_C.WORK: ("sole_proprietor", "trade_name", "business")}
_CORPORATION: dict[Category, tuple[str, ...]] = {
    _C.NAMES: ("representative",),
    _C.CORPORATE: (
        "legal_form", "corporate_number", "closing_day", "capital", "tax_method", "fixed_costs",
        "retirement_rules", "universal_membership",
    ),
}  # fmt: skip
# Of a claim only what is said of somebody's health is told apart.
_CLAIM: dict[Category, tuple[str, ...]] = {
    _C.DEALINGS: tuple(box.name for box in fields(Claim) if not box.sensitive),
    _C.HEALTH: tuple(box.name for box in fields(Claim) if box.sensitive),
}
_BY_BOX: dict[type[Any], dict[str, Category]] = {
    cls: {name: category for category, names in told.items() for name in names}
    for cls, told in (
        (Member, _MEMBER), (Client, _CLIENT), (Household, _HOUSEHOLD), (Corporation, _CORPORATION), (Claim, _CLAIM),
    )
}  # fmt: skip
_ROOTS: tuple[type[Any], ...] = (
    Household, Corporation, PrintOrder, TakeOut, Outcome, Decline, Document, Deposit, GiveBack, Colleague,
    Contact, Intention, Provision, Claim, Task,
)  # fmt: skip
_NOTHING: tuple[object, ...] = (None, "", ())


def category_of(cls: type[Any], box: Field) -> Category | None:
    """The kind of data a box asks for; None where it is nobody's. Raises KeyError for a box that belongs nowhere.

    Rows of a kind of their own (telephones, loans) belong where their dataclass does; members are asked box by box.
    """
    for each in (box.of or cls).__mro__:
        if each in _WHOLE:
            return _WHOLE[each]
        if box.name in _BY_BOX.get(each, {}):
            return _BY_BOX[each][box.name]
    raise KeyError(f"{cls.__name__}.{box.name}")


def _boxes(cls: type[Any]) -> Iterator[tuple[type[Any], Field]]:
    for box in fields(cls):
        if box.of is Member:
            yield from _boxes(Member)
        else:
            yield cls, box


def _of(category: Category, roots: Iterable[type[Any]]) -> list[tuple[type[Any], Field]]:
    return [(cls, box) for root in roots for cls, box in _boxes(root) if category_of(cls, box) is category]


def items(category: Category) -> list[str]:
    """What a category consists of, as catalogue keys; several may say the same words.

    A policy has too many boxes to name: there the groups of its form stand for them, and for dealings their kinds.
    """
    if category is Category.DEALINGS:
        return [f"dealing.{kind}" for kind in KINDS]
    if category is Category.POLICY:
        return [f"group.{name}" for name in GROUPS]
    return [f"field.{cls.__name__}.{box.name}" for cls, box in _of(category, _ROOTS) if not box.hidden]


def sensitive(category: Category) -> bool:
    """Whether a box of it is hidden until asked for, as what is said of somebody's health is."""
    return any(_hides(box) for _, box in _of(category, (*_ROOTS, Policy)))


def _hides(box: Field) -> bool:
    return box.sensitive or (box.of is not None and any(_hides(each) for each in fields(box.of)))


# --- how many


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What was counted: clients, their people, policies, clients with a retention term of their own.

    `categories`: by category the people on whose clients' records such data stands, or for CORPORATE the clients.
    `rooms`: clients by compartment (hex digits).
    """

    clients: int = 0
    people: int = 0
    policies: int = 0
    termed: int = 0
    categories: dict[str, int] = field(default_factory=dict)
    rooms: dict[str, int] = field(default_factory=dict)


def tally(found: Iterable[tuple[str, Client, int]]) -> Tally:
    """Counts (compartment, client, how many policies it has), one client after the other."""
    totals: Counter[str] = Counter()
    rooms: Counter[str] = Counter()
    by_category: Counter[str] = Counter()
    for room, client, policies in found:
        rooms[room] += 1
        totals.update(people=len(client.members), policies=policies, termed=int(_termed(client)))
        by_category.update({category.value: number for category, number in people_of(client).items()})
    return Tally(clients=rooms.total(), categories=dict(sorted(by_category.items())), rooms=dict(rooms), **totals)


def _termed(client: Client) -> bool:
    return client.retention_years is not None or client.retention_until is not None


def people_of(client: Client) -> Counter[Category]:
    """By category the people of a client of whom it says something; what it says of itself counts for all of them."""
    found: Counter[Category] = Counter()
    for member in client.members:
        found.update(_said(member))
    for category in _said(client):
        found[category] = 1 if category is Category.CORPORATE else len(client.members)
    return +found


def _said(record: Any) -> set[Category]:
    """The categories of which a record says something, its members apart."""
    told = [box for box in fields(type(record)) if box.of is not Member and getattr(record, box.name) not in _NOTHING]
    found = {category_of(type(record), box) for box in told}
    return {category for category in found if category is not None}
