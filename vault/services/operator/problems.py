"""From looks to what is told: a failure once, its recovery once, and nothing in between.

What may be a hiccup of a network or a restart is told when two rounds in a row have seen it, and over when two have not;
what no restart explains (a certificate, a clock, a log that went back) is told at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from vault.services.operator import looking
from vault.services.operator.looking import Look
from vault.storage.host.figures import Figures, Problem

# Rounds in a row; one for all others.
ROUNDS = dict.fromkeys(
    (looking.HTTP, looking.FRONT, looking.CLOSED, looking.NO_STATE, looking.SOCKET_INACTIVE, "database", "space",
     looking.LOW_SPACE, looking.CLOCK_ALONE), 2,
)  # fmt: skip


@dataclass(frozen=True)
class Changes:
    """What a round has to tell: new problems, those that are over, and how many others go on."""

    new: tuple[Problem, ...] = ()
    over: tuple[Problem, ...] = ()
    going_on: int = 0


def take_up(held: Figures, looks: Iterable[Look], now: int) -> Changes:
    """Note what the looks have found, in the caller's transaction."""
    known = {(each.office, each.code): each for each in held.problems()}
    new: list[Problem] = []
    over: list[Problem] = []
    for look in looks:
        for code in sorted(look.looked):
            before = known.get((look.office, code))
            if code in look.bad:
                new += _bad(held, before or Problem(look.office, code, now, bad=0), dict(look.bad[code]))
            elif before is not None:
                over += _good(held, before)
    left = [each for each in held.problems() if each.told]
    return Changes(tuple(new), tuple(over), len(left) - len(new))


def _bad(held: Figures, before: Problem, facts: dict[str, object]) -> list[Problem]:
    found = replace(before, bad=before.bad + 1, good=0, facts=facts)
    tell = not found.told and found.bad >= ROUNDS.get(found.code, 1)
    held.put_problem(replace(found, told=found.told or tell))
    return [replace(found, told=True)] if tell else []


def _good(held: Figures, before: Problem) -> list[Problem]:
    found = replace(before, bad=0, good=before.good + 1)
    if found.told and found.good < ROUNDS.get(found.code, 1):
        held.put_problem(found)
        return []
    held.drop_problem(found)
    return [found] if found.told else []
