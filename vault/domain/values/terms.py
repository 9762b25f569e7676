"""How long cover or payment lasts, as policies say it, and the day it therefore ends."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from vault.domain.values.ages import INSURANCE, add_months, birthday, insurance_age
from vault.domain.values.dates import read_date
from vault.domain.values.folding import compact
from vault.domain.values.unreadable import Unreadable

_TAIL = r"(?:間|まで|迄|満期|満了|払込満了|払込|払済|払|短期払|定期|期間|保証)*"
_YEARS = re.compile(
    r"(?:(\d{1,3})年)?(?:(\d{1,3})[ヶヵケか箇カヶ]月)?" + _TAIL + r"((?:自動)?更新(?:型)?)?" + _TAIL
)
_AGE = re.compile(r"(?:満)?(\d{1,3})[歳才](?:年齢)?" + _TAIL + r"((?:自動)?更新(?:型)?)?")
_LIFE = re.compile(r"終身" + _TAIL + r"(?:保障)?")
_WHOLE = re.compile(r"(?:全期|全期前納|保険期間(?:と|に)?同じ|同左)" + _TAIL)


@dataclass(frozen=True, slots=True)
class Term:
    """`kind`: life, months, age, until, whole (a payment term as long as the cover), text (as typed only)."""

    typed: str
    kind: str
    months: int = 0
    age: int = 0
    until: date | None = None
    renews: bool = False

    def end(
        self,
        contract: date | None,
        birth: date | None = None,
        *,
        contract_age: int | None = None,
        basis: str = "",
    ) -> date | None:
        """The day it ends; None when it never does, or when what it hangs on is not known.

        「60歳まで」 ends on the first policy anniversary at which that age is reached.
        """
        if self.kind == "until":
            return self.until
        if contract is None:
            return None
        if self.kind == "months":
            return add_months(contract, self.months)
        if self.kind == "age":
            return self._anniversary(contract, birth, contract_age, basis)
        return None

    def _anniversary(
        self, contract: date, birth: date | None, contract_age: int | None, basis: str
    ) -> date | None:
        if basis == INSURANCE and contract_age is None and birth is not None:
            contract_age = insurance_age(birth, contract)
        if contract_age is not None and (basis == INSURANCE or birth is None):
            return add_months(contract, 12 * (self.age - contract_age))
        if birth is None:
            return None
        reached = birthday(birth, self.age)
        years = reached.year - contract.year
        day = add_months(contract, 12 * years)
        return day if day >= reached else add_months(contract, 12 * (years + 1))


def read_term(text: str) -> Term:
    """Raise Unreadable `term-unreadable` (its `means` keeps the text), or what `read_date` raises."""
    typed, bare = text.strip(), compact(text).replace(",", "")
    if _LIFE.fullmatch(bare):
        return Term(typed, "life")
    if _WHOLE.fullmatch(bare):
        return Term(typed, "whole")
    if found := _AGE.fullmatch(bare):
        return Term(typed, "age", age=int(found[1]), renews=bool(found[2]))
    if (found := _YEARS.fullmatch(bare)) and (found[1] or found[2]):
        return _months(typed, int(found[1] or 0) * 12 + int(found[2] or 0), bool(found[3]))
    return _until(typed)


def _months(typed: str, months: int, renews: bool) -> Term:
    if not 0 < months <= 150 * 12:
        raise Unreadable("term-too-long", typed=typed)
    return Term(typed, "months", months=months, renews=renews)


def _until(typed: str) -> Term:
    try:
        return Term(typed, "until", until=read_date(re.sub(r"(?:まで|迄|満期|満了)$", "", typed)).value)
    except Unreadable as refused:
        if refused.code == "date-unreadable":
            raise Unreadable("term-unreadable", means=Term(typed, "text"), typed=typed) from None
        if refused.means is not None:
            until = refused.means.value  # type: ignore[attr-defined]
            raise Unreadable(refused.code, means=Term(typed, "until", until=until), **refused.facts) from None
        raise
