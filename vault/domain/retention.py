"""保存期限: how long a client is kept, and from when he is to be erased.

A client is kept while one policy of his may still pay, and then for the years that he or the office laid down. Ten years
is what an office has when it says nothing: no law or limitation that binds agencies and tax accountants for papers
about an insurance contract runs longer from its end (商業帳簿 10, 債権の消滅時効 10, 犯収法 7, 保険業法の帳簿 5 years).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from vault.domain.clients import Client, Hold
from vault.domain.policies import Policy
from vault.domain.policies.choices import OVER
from vault.domain.policies.ends import NEVER, cover_end

YEARS, LEAST_YEARS, MOST_YEARS = 10, 1, 50
# So many days ahead the office knows whose term ends: longer than the work list looks, and than one reckoning lasts.
AHEAD = 120
# Why a client is due. Words: catalogue key `retention.<code>`.
OWN_DAY, OWN_YEARS, OFFICE_YEARS = "own-day", "own-years", "office-years"


@dataclass(frozen=True)
class Term:
    """`last`: the last day on which the client is kept, None while a policy goes on; `why` one of the codes above.

    `ended`: when the last policy ended; where nothing says so, when it was last written.
    """

    last: date | None
    why: str
    ended: date | None = None

    def is_over(self, today: date) -> bool:
        """Whether the client is to be erased."""
        return self.last is not None and self.last < today


def end_of(policy: Policy, client: Client, written: date) -> date | None:
    """The day on which a policy was over; None while it may still pay or come back to life.

    A policy that is said to be over without a day counts from its cover's end, or the day it was last `written`,
    whichever is later: rather too long than too short.
    """
    if policy.state not in OVER:
        return None
    if policy.state_date:
        restorable = policy.restorable_until.value if policy.restorable_until else date.min
        return max(policy.state_date.value, restorable)
    end = cover_end(policy, client)
    return written if end is None or end == NEVER else max(end, written)


def term_of(client: Client, policies: Iterable[tuple[Policy, date]], written: date, years: int) -> Term:
    """How long a client is kept: `policies` with the day each was last written, the client's own `written` day, and the
    office's `years`. Of a day and years of the client's own the later counts."""
    ends = [end_of(policy, client, day) for policy, day in policies]
    open_ends = [end for end in ends if end is None]
    why = OWN_DAY if client.retention_until else OWN_YEARS if client.retention_years is not None else OFFICE_YEARS
    if open_ends:
        return Term(None, why)
    ended = max((end for end in ends if end is not None), default=written)
    own = years_later(ended, years if client.retention_years is None else client.retention_years)
    if client.retention_until is None:
        return Term(own, why, ended)
    until = client.retention_until.value
    if client.retention_years is not None and own > until:
        return Term(own, OWN_YEARS, ended)
    return Term(until, why, ended)


def years_later(day: date, years: int) -> date:
    """The same day some years later; 29 February becomes 28. The calendar's last day where there are no more years."""
    year = day.year + years
    if year > date.max.year:
        return date.max
    try:
        return day.replace(year=year)
    except ValueError:
        return day.replace(year=year, day=28)


def holds_on(holds: Iterable[Hold], today: date) -> list[Hold]:
    """The reasons not to erase that count today; one that begins later counts already."""
    return [hold for hold in holds if hold.until is None or hold.until.value >= today]


def due_from(term: Term) -> date:
    """The first day on which the client is to be erased."""
    assert term.last is not None
    return term.last if term.last == date.max else term.last + timedelta(days=1)
