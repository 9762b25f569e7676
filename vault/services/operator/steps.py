"""Steps of a work on a host that can be done, seen to be done already, and undone.

Each says of itself whether it is done, by what lies on the host: so a work that was killed anywhere goes on where it
stood, and a second run of a finished one does nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vault.errors import KuraError

DONE, ALREADY, UNDONE, WAITING, FAILED = "done", "already", "undone", "waiting", "failed"


def _nothing() -> None:
    pass


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Step:
    """One step: the code of its name, whether it is done, how it is done and how undone.

    `do` may say False where it found nothing to do: what is only seen by settling it has no `already` of its own. `undo` takes away whatever of it is there, also of a step that broke off half-way, and nothing else.
    """

    code: str
    do: Callable[[], object]
    undo: Callable[[], object] = _nothing
    already: Callable[[], bool] = _never


Tell = Callable[[str, str], None]


def plan(steps: Sequence[Step], tell: Tell) -> None:
    """Say of each step whether it is done or waits; nothing is changed."""
    for step in steps:
        tell(step.code, ALREADY if step.already() else WAITING)


def carry_out(steps: Sequence[Step], tell: Tell) -> None:
    """Do what is not done yet, in this order; whatever breaks off goes up, after `tell` has named the step."""
    for step in steps:
        try:
            if step.already():
                tell(step.code, ALREADY)
                continue
            changed = step.do()
        except BaseException:
            tell(step.code, FAILED)
            raise
        tell(step.code, ALREADY if changed is False else DONE)


def undo(steps: Sequence[Step], tell: Tell) -> None:
    """Undo all of them, the last first; one that cannot be undone does not keep the others, and is raised at the end."""
    failed: KuraError | OSError | None = None
    for step in reversed(steps):
        try:
            step.undo()
        except (KuraError, OSError) as error:
            tell(step.code, FAILED)
            failed = failed or error
            continue
        tell(step.code, UNDONE)
    if failed is not None:
        raise failed
