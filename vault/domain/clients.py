"""Clients, the insured side: households (with 個人事業主) and corporations or other bodies, and their people."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from vault.domain import fields as f
from vault.domain.closing import Closing, read_closing
from vault.domain.corporate_number import read_corporate_number
from vault.domain.fields import Fault
from vault.domain.relationships import HEAD, RELATIONSHIPS, between
from vault.domain.values import TypedDate, Unreadable, fold, postal_code

LEGAL_FORMS = (
    "株式会社", "有限会社", "合同会社", "合資会社", "合名会社", "医療法人", "社会福祉法人", "一般社団法人",
    "公益社団法人", "一般財団法人", "公益財団法人", "学校法人", "宗教法人", "特定非営利活動法人", "協同組合",
    "農事組合法人", "税理士法人", "弁護士法人", "管理組合", "管理組合法人", "任意団体",
)  # fmt: skip
POSITIONS = ("役員", "部課長等特定使用人", "一般")
TAX_METHODS = ("期間対応", "短期前払費用(2-2-14)")
ACCOUNT_TITLES = ("前払保険料", "長期前払費用", "保険積立金", "支払保険料", "福利厚生費")
LINKS = ("経営する会社", "経営者の世帯", "親族の世帯", "関連会社", "親会社", "子会社")


def _postal_code(text: str) -> str:
    postal_code(text)
    return text


def _closing_day(text: str) -> str:
    read_closing(text)
    return text


def _identity(text: str) -> str:
    if not re.fullmatch("[0-9a-f]{32}", text):
        raise Unreadable("choice-unknown", typed=text)
    return text


def _mail(text: str) -> str:
    local, at, host = text.partition("@")
    if not (local and at and "." in host) or any(c.isspace() for c in text):
        raise Unreadable("mail-unreadable", typed=text)
    return text


@dataclass(frozen=True, kw_only=True)
class Telephone:
    number: str = f.text(max_length=40, my_number="ask")
    place: str = f.text(max_length=40, choices=("自宅", "携帯", "勤務先", "会社", "FAX"))


@dataclass(frozen=True, kw_only=True)
class Consent:
    """For what the data may be used; who of the client agreed when and how, who of the office took it, and until when it holds."""

    agreed: TypedDate | None = f.day()
    purpose: str = f.text(choices=("保険の提案・保全", "保険金請求の手続き", "税務・会計", "第三者提供"))
    scope: str = f.text()
    how: str = f.text(choices=("書面", "電磁的方法", "口頭", "口頭(録音)"))
    given_by: str = f.name()
    taken_by: str = f.name()
    third_party: str = f.text(max_length=200)
    withdrawn: TypedDate | None = f.day()

    def faults(self) -> Iterator[tuple[str, Fault]]:
        if self.agreed and self.withdrawn and self.withdrawn.value < self.agreed.value:
            yield "withdrawn", Fault("withdrawn-before-agreed", {"agreed": self.agreed.typed})


@dataclass(frozen=True, kw_only=True)
class Hold:
    """A reason not to erase although the retention term is over."""

    reason: str = f.text(required=True)
    since: TypedDate | None = f.day()
    until: TypedDate | None = f.day()


@dataclass(frozen=True, kw_only=True)
class RelatedClient:
    """Ids only: each side keeps its own record of the person who links them."""

    client: str = f.text(max_length=64, my_number="free", hidden=True, required=True, check=_identity)
    link: str = f.text(max_length=40, choices=LINKS)
    member: str = f.text(max_length=64, my_number="free", hidden=True, check=_identity)
    their_member: str = f.text(max_length=64, my_number="free", hidden=True, check=_identity)


@dataclass(frozen=True, kw_only=True)
class BusinessYear:
    """A business year that does not follow the closing day: changed, or short."""

    start: TypedDate = f.day(required=True)
    end: TypedDate = f.day(required=True)
    note: str = f.text()


@dataclass(frozen=True, kw_only=True)
class AccountTitle:
    """A title the corporation's books use for insurance."""

    name: str = f.name(required=True, choices=ACCOUNT_TITLES)
    code: str = f.text(max_length=20, my_number="ask")


@dataclass(frozen=True, kw_only=True)
class Loan:
    lender: str = f.name()
    balance: int | None = f.yen()
    as_of: TypedDate | None = f.day()
    yearly_repayment: int | None = f.yen()
    end: TypedDate | None = f.day()


@dataclass(frozen=True, kw_only=True)
class Member:
    """One person of a client. `id` (32 hex digits) stays when the name changes."""

    id: str
    name: str = f.name(required=True)
    kana: str = f.kana(required=True)
    relationship: str = f.text(max_length=40, choices=RELATIONSHIPS)
    birth: TypedDate | None = f.day()
    sex: str = f.choice("男", "女", "その他")
    death: TypedDate | None = f.day()
    living_together: bool | None = f.flag()
    dependant: bool | None = f.flag()
    occupation: str = f.text()
    annual_income: int | None = f.yen(unit="円", negative=True)
    smoker: bool | None = f.flag()
    position: str = f.choice(*POSITIONS)
    title: str = f.text(max_length=60)
    joined: TypedDate | None = f.day()
    planned_retirement: TypedDate | None = f.day()
    monthly_salary: int | None = f.yen(unit="円")
    health: str = f.long(sensitive=True)
    notes: str = f.long(max_length=1000)

    def faults(self) -> Iterator[tuple[str, Fault]]:
        if self.birth and self.death and self.death.value < self.birth.value:
            yield "death", Fault("death-before-birth", {"birth": self.birth.typed})


# Which boxes of a member each kind of client asks for; the others stay what they are.
HOUSEHOLD_MEMBER = (
    "name", "kana", "relationship", "birth", "sex", "death", "living_together", "dependant", "occupation",
    "annual_income", "smoker", "health", "notes",
)  # fmt: skip
CORPORATION_MEMBER = (
    "name", "kana", "position", "title", "birth", "sex", "death", "joined", "planned_retirement",
    "monthly_salary", "annual_income", "smoker", "health", "notes",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Client:
    """What households and corporations have in common. `members` is asked for by both."""

    name: str = f.name(required=True)
    kana: str = f.kana(required=True)
    client_number: str = f.text(max_length=40, my_number="ask")
    handler: str = f.name()
    compartment: str = f.text(required=True, max_length=120)
    postal_code: str = f.text(max_length=12, check=_postal_code)
    address: str = f.text(max_length=300)
    telephones: tuple[Telephone, ...] = f.rows(Telephone)
    mail: str = f.text(max_length=254, check=_mail)
    members: tuple[Member, ...] = f.rows(Member)
    consents: tuple[Consent, ...] = f.rows(Consent)
    retention_years: int | None = f.number(unit="年")
    retention_until: TypedDate | None = f.day()
    holds: tuple[Hold, ...] = f.rows(Hold)
    accounting_code: str = f.text(max_length=40, my_number="ask")
    related: tuple[RelatedClient, ...] = f.rows(RelatedClient)
    notes: str = f.long()

    honorific = "様"

    def member(self, id: str) -> Member | None:
        return next((member for member in self.members if member.id == id), None)

    def faults(self) -> Iterator[tuple[str, Fault]]:
        for i, member in enumerate(self.members):
            for path, fault in member.faults():
                yield f"members-{i}-{path}", fault
        for i, consent in enumerate(self.consents):
            for path, fault in consent.faults():
                yield f"consents-{i}-{path}", fault


@dataclass(frozen=True, kw_only=True)
class Household(Client):
    """世帯; its head is the member whose relationship is 本人."""

    sole_proprietor: bool | None = f.flag()
    trade_name: str = f.name()
    business: str = f.text()

    @property
    def head(self) -> Member | None:
        return next((member for member in self.members if member.relationship == HEAD), None)

    def faults(self) -> Iterator[tuple[str, Fault]]:
        yield from super().faults()
        heads = [i for i, member in enumerate(self.members) if member.relationship == HEAD]
        if not heads:
            yield "members", Fault("head-missing")
        for i in heads[1:]:
            yield f"members-{i}-relationship", Fault("head-twice", {"name": self.members[heads[0]].name})


@dataclass(frozen=True, kw_only=True)
class Corporation(Client):
    """法人・団体."""

    legal_form: str = f.text(max_length=40, choices=LEGAL_FORMS)
    corporate_number: str = f.text(max_length=30, my_number="free", check=read_corporate_number)
    representative: str = f.name()
    closing_day: str = f.text(required=True, max_length=20, check=_closing_day)
    business_years: tuple[BusinessYear, ...] = f.rows(BusinessYear)
    capital: int | None = f.yen(unit="円")
    tax_method: str = f.choice(*TAX_METHODS)
    accounts: tuple[AccountTitle, ...] = f.rows(AccountTitle)
    loans: tuple[Loan, ...] = f.rows(Loan)
    fixed_costs: int | None = f.yen(unit="円")
    retirement_rules: str = f.long()
    universal_membership: bool | None = f.flag()

    honorific = "御中"

    @property
    def closing(self) -> Closing:
        return read_closing(self.closing_day)

    def faults(self) -> Iterator[tuple[str, Fault]]:
        yield from super().faults()
        for i, year in enumerate(self.business_years):
            if year.end.value <= year.start.value:
                yield f"business_years-{i}-end", Fault("end-before-start", {"start": year.start.typed})


def relationship_between(client: Client, one: Member, other: Member) -> str:
    """What `other` is to `one`: 妻, 長男, 兄 …; empty where the household's words do not tell."""
    if one.id == other.id:
        return HEAD
    return between(
        one.relationship,
        other.relationship,
        sex=other.sex,
        one_birth=_day(one.birth),
        other_birth=_day(other.birth),
    )


def _day(typed: TypedDate | None) -> date | None:
    return typed.value if typed else None


def named(client: Client, typed: str) -> list[Member]:
    """The members a typed name may mean; `名前(続柄)` tells two of one name apart."""
    whole = fold(typed)
    found = [member for member in client.members if fold(member.name) == whole]
    if found:
        exact = [member for member in found if member.name == typed.strip()]
        return exact or found
    return [
        member
        for member in client.members
        if any(
            fold(f"{member.name}({told})") == whole
            for told in (member.relationship, member.position, member.birth.typed if member.birth else "")
            if told
        )
    ]


def name_to_type(client: Client, member: Member) -> str:
    """The name that `named` resolves to this member alone, as far as words can do it."""
    for told in ("", member.relationship, member.position, member.birth.typed if member.birth else ""):
        typed = f"{member.name}({told})" if told else member.name
        if named(client, typed) == [member]:
            return typed
    return member.name
