"""今日の仕事: the days of a client, his policies and papers on which somebody in the office has something to do.

A living policy falls due with its 満期, its renewals, the end of its payments and the best year of its surrender values;
a client with the closing of his books, the birthdays of his people, the days on which their insurance age rises, and the end
of the term for which he is kept; what left the office about him with the day on which it is to be back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import IntEnum

from vault.domain import fields as f
from vault.domain.clients import Client, Corporation, Member
from vault.domain.deposits import Deposit
from vault.domain.policies import NEVER, Policy, cover_end, payment_end, renewal_date
from vault.domain.policies import choices as c
from vault.domain.policies.surrender import peak
from vault.domain.tasks import Task
from vault.domain.values import add_months, birthday, full_age, insurance_age

WINDOWS = (30, 60, 90)
# The books of a corporation are closed, and its returns filed, within two months after the closing.
CLOSING_MONTHS = 2
# In which years a day can fall that comes every year: those in which people can say that a day is.
YEARS = range(1868, 2200)
# What was done is shown so many days.
SHOWN_DONE = 30
_LEAP = 2000  # a year that has every day


class Sort(IntEnum):
    """What falls due. Words: catalogue key `worklist.<name in lower case>`.

    ANSWERED stands on the day of a line that people have done something about, DONE on the day on which a task was done:
    they are no lines of their own.
    """

    MATURITY = 1
    RENEWAL = 2
    PAYMENT_END = 3
    PEAK = 4
    ORIGINAL = 5
    TASK = 6
    ANSWERED = 7
    DONE = 8
    CLOSING = 9
    AGE = 10
    BIRTHDAY = 11
    PRINT = 12
    RETENTION = 13

    @property
    def word(self) -> str:
        return self.name.lower().replace("_", "")

    @property
    def yearly(self) -> bool:
        """Whether it comes every year; its day is kept in the year 2000 then."""
        return self in _YEARLY


_YEARLY = frozenset({Sort.CLOSING, Sort.AGE, Sort.BIRTHDAY})
WORDS = {sort.word: sort for sort in Sort}
# What the parts of the list hold. "soon" is what a day begins with; people's ages are many and have parts of their own, and
# what was printed today is asked after when it should be back.
SOON, LATE, DONE = "soon", "late", "done"
_ONCE = (Sort.MATURITY, Sort.RENEWAL, Sort.PAYMENT_END, Sort.PEAK, Sort.ORIGINAL, Sort.TASK, Sort.RETENTION)
PARTS: dict[str, tuple[Sort, ...]] = {
    SOON: (*_ONCE, Sort.CLOSING),
    "ends": (Sort.MATURITY, Sort.RENEWAL),
    "paymentend": (Sort.PAYMENT_END,),
    "peak": (Sort.PEAK,),
    "closing": (Sort.CLOSING,),
    "tasks": (Sort.TASK, Sort.ORIGINAL, Sort.PRINT),
    "age": (Sort.AGE,),
    "birthday": (Sort.BIRTHDAY,),
    LATE: (*_ONCE, Sort.PRINT),
    DONE: (Sort.DONE,),
}
# What the calendar shows.
CALENDAR = tuple(dict.fromkeys(sort for part, sorts in PARTS.items() if part not in (LATE, DONE) for sort in sorts))
OF_POLICIES = frozenset({Sort.MATURITY, Sort.RENEWAL, Sort.PAYMENT_END, Sort.PEAK})
OWN, OTHERS = "own", "others"


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What of the list a person wants to see: of the next `days`; of one handler; of one compartment (id in hex); duties,
    which are the office's own policies and whatever is no policy's, or opportunities, the policies of others."""

    days: int = 30
    handler: str = f.name(my_number="free")
    compartment: str = f.text(max_length=32, my_number="free")
    whose: str = f.choice(OWN, OTHERS)


def stretch(part: str, days: int, today: date) -> tuple[date, date]:
    """The first and the last day of a part of the list; of closings see `since`."""
    if part == LATE:
        return date.min, today - timedelta(days=1)
    if part == DONE:
        return today - timedelta(days=SHOWN_DONE), today
    return today, today + timedelta(days=days)


def since(sort: Sort, first: date) -> date:
    """A closing goes on being work until the returns are filed."""
    return add_months(first, -CLOSING_MONTHS) if sort is Sort.CLOSING else first


@dataclass(frozen=True, slots=True)
class Due:
    """A day, and what falls due on it."""

    sort: Sort
    day: date


# --- what falls due


def of_policy(policy: Policy, client: Client) -> tuple[Due, ...]:
    """The days of a policy; none of one that does not live."""
    if not policy.living:
        return ()
    ends, paid, best = cover_end(policy, client), payment_end(policy, client), peak(policy)
    found = {Due(Sort.RENEWAL, day) for day in _renewals(policy, client) if day != ends}
    found |= {Due(Sort.MATURITY, ends)} if ends else set()
    if paid and paid != ends and policy.mode != c.SINGLE and policy.state == c.IN_FORCE:
        found.add(Due(Sort.PAYMENT_END, paid))
    found |= {Due(Sort.PEAK, best.day)} if best else set()
    return tuple(sorted((due for due in found if due.day != NEVER), key=lambda due: (due.day, due.sort)))


def _renewals(policy: Policy, client: Client) -> Iterator[date]:
    told = renewal_date(policy, client)
    if told is not None:
        yield told
    if policy.term_part_renewal is not None:
        yield policy.term_part_renewal.value
    yield from (each.renewal.value for each in (*policy.coverages, *policy.riders) if each.renewal is not None)


def of_client(client: Client) -> tuple[Due, ...]:
    """The days of a client and of his living people, in the year 2000."""
    found = set(_closings(client))
    for member in client.members:
        if member.birth is not None and member.death is None:
            born = member.birth.value.replace(year=_LEAP)
            found |= {Due(Sort.BIRTHDAY, born), Due(Sort.AGE, _older(born))}
    return tuple(sorted(found, key=lambda due: (due.day, due.sort)))


def _closings(client: Client) -> Iterator[Due]:
    """Of a corporation; of one that closes its books every month each month's."""
    if isinstance(client, Corporation):
        closing = client.closing
        for month in (closing.month,) if closing.month else range(1, 13):
            yield Due(Sort.CLOSING, closing.on_or_after(date(_LEAP, month, 1)))


def _older(birthday: date) -> date:
    """The first day behind the half year, from where on the insurers reckon somebody a year older."""
    return (add_months(birthday, 6) + timedelta(days=1)).replace(year=_LEAP)


def of_deposit(deposit: Deposit) -> tuple[Due, ...]:
    """The day on which originals are to be given back, while one of them is here."""
    return () if deposit.closed else (Due(Sort.ORIGINAL, deposit.due.value),)


def of_task(task: Task) -> tuple[Due, ...]:
    """The day of a task that is open, of the line it answers, and the day on which it was done."""
    found = [Due(Sort.TASK, task.due.value)] if task.done is None else [Due(Sort.DONE, task.done.value)]
    answered = task.line_day()
    return (*found, Due(Sort.ANSWERED, answered)) if answered else tuple(found)


# --- lines


@dataclass(frozen=True, slots=True)
class Line:
    """Something that falls due, by ids: of the client, and of the record it stands in (his own for what is the client's)."""

    sort: Sort
    day: date
    owner: bytes
    record: bytes

    @property
    def key(self) -> str:
        """By what a task answers it."""
        return f"{self.sort.word}:{self.record.hex()}:{self.day.isoformat()}"

    @classmethod
    def of(cls, owner: bytes, key: str) -> Line:
        """The line of a key; raises ValueError for what is none."""
        word, record, day = key.split(":")
        if word not in WORDS:
            raise ValueError(word)
        return cls(WORDS[word], date.fromisoformat(day), owner, bytes.fromhex(record))


def this_year(sort: Sort, born: date, year: int) -> date:
    """The day in a year of what comes every year, told by its day in the year 2000."""
    if sort is Sort.CLOSING and (born.month, born.day) == (2, 29):
        return date(year, 3, 1) - timedelta(days=1)
    return birthday(born, year - _LEAP)


def in_leap_year(since: date, until: date) -> Iterator[tuple[date, date, int]]:
    """(first, last, year): a stretch of days as stretches of the year 2000, and which year each is of."""
    for year in range(since.year, until.year + 1):
        first, last = max(since, date(year, 1, 1)), min(until, date(year, 12, 31))
        if first <= last:
            # 29 February is told as the day before or after in other years.
            until_there = date(_LEAP, 2, 29) if (last.month, last.day) == (2, 28) else last.replace(year=_LEAP)
            since_there = date(_LEAP, 2, 29) if (first.month, first.day) == (3, 1) else first.replace(year=_LEAP)
            yield since_there, until_there, year


def people_of(client: Client, line: Line) -> list[tuple[Member, int]]:
    """Whose birthday a line is, or whose insurance age rises on it, and how old each is then."""
    age = insurance_age if line.sort is Sort.AGE else full_age
    living = [(m, m.birth.value) for m in client.members if m.birth is not None and m.death is None]
    before = line.day - timedelta(days=1)
    return [(m, age(born, line.day)) for m, born in living if age(born, line.day) != age(born, before)]


def still_due(dues: Iterable[Due], line: Line) -> bool:
    """Whether a record says now what a line was made of."""
    if line.sort.yearly and line.day.year not in YEARS:
        return False
    return any(
        due.sort is line.sort
        and (this_year(due.sort, due.day, line.day.year) if due.sort.yearly else due.day) == line.day
        for due in dues
    )
