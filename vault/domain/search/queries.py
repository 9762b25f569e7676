"""What a person asks for: words, and conditions that all have to hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vault.domain import fields as f
from vault.domain import insurers
from vault.domain.fields import Fault
from vault.domain.policies import KINDS
from vault.domain.policies import choices as c
from vault.domain.values import TypedDate, Unreadable, fold

WHATS = ("client", "policy", "document", "deposit", "task", "contact", "intention", "provision", "claim")
# Boxes that a policy may lack although work depends on them: those that `missing_facts` can name.
MISSING = (
    "policy_number", "product", "term", "payment_term", "end", "roles", "coverages", "original_place",
)  # fmt: skip
MOST_MONTHS = 600


def _month(month: int) -> int:
    if not 1 <= month <= 12:
        raise Unreadable("month-range", typed=str(month))
    return month


def _months(months: int) -> int:
    if months > MOST_MONTHS:
        raise Unreadable("months-range", typed=str(months), most=MOST_MONTHS)
    return months


@dataclass(frozen=True, kw_only=True)
class Query:
    """`words` are parted at blanks and must all be found; `…_within` count months from today, 0 being today itself.

    `handler` looks after the client or has sold the policy. `compartment` is an id in hex. Conditions on a policy
    find no client; those on a client (handler, closing month, compartment) find his policies too.
    """

    words: str = f.text(max_length=200, my_number="free")
    what: str = f.choice(*WHATS)
    insurer: str = f.name(choices=insurers.proposals(), my_number="free")
    kind: str = f.choice(*KINDS)
    state: str = f.choice(*c.STATES)
    handled_by: str = f.choice(*c.HANDLED_BY)
    handler: str = f.name(my_number="free")
    compartment: str = f.text(max_length=40, my_number="free")
    begins_from: TypedDate | None = f.day()
    begins_to: TypedDate | None = f.day()
    matures_within: int | None = f.number(unit="か月以内", check=_months)
    paid_within: int | None = f.number(unit="か月以内", check=_months)
    peak_within: int | None = f.number(unit="か月以内", check=_months)
    closing_month: int | None = f.number(unit="月", check=_month)
    age_within: int | None = f.number(unit="か月以内", check=_months)
    renewal_state: str = f.choice(*c.RENEWAL_STATES)
    missing: str = f.choice(*MISSING)

    @property
    def terms(self) -> tuple[str, ...]:
        """The words in their normal form, each once; what folds to nothing asks for nothing."""
        return tuple(dict.fromkeys(filter(None, map(fold, self.words.split()))))

    @property
    def empty(self) -> bool:
        """Whether nothing is asked; the compartment and what is looked for only narrow an answer."""
        asked = (box.name for box in f.fields(Query) if box.name not in ("words", "what", "compartment"))
        return not self.terms and all(getattr(self, name) in ("", None) for name in asked)

    def faults(self) -> Iterator[tuple[str, Fault]]:
        """Days that no policy can have been made between."""
        if self.begins_from and self.begins_to and self.begins_to.value < self.begins_from.value:
            yield "begins_to", Fault("until-too-early")


@dataclass(frozen=True, kw_only=True)
class KeptSearch:
    """A search that a person has put by under a name."""

    name: str = f.name(required=True, max_length=40)
    query: Query = Query()
