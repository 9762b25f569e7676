"""事故・請求: an accident or illness of a client's person, and what became of the claim."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vault.domain import fields as f
from vault.domain import insurers
from vault.domain.contacts import identity
from vault.domain.fields import Fault
from vault.domain.values import TypedDate

KINDS = (
    "入院", "手術", "通院", "診断", "死亡", "高度障害", "介護・就業不能", "自動車事故", "火災", "風水害", "賠償", "けが", "その他",
)  # fmt: skip
TAKEN_IN, PAID = "受付", "支払済"
OPEN = (TAKEN_IN, "書類待ち", "請求済")
STATES = (*OPEN, PAID, "不払", "取下げ")


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One accident or illness at one policy.

    `policy` (hex id) is one of the client's; where it is not on record, `insurer` says whose. What is said of somebody's
    health stands in `health` alone, which is hidden until asked for and never searched.
    """

    occurred: TypedDate = f.day(required=True)
    reported: TypedDate = f.day(required=True)
    kind: str = f.choice(*KINDS, required=True)
    person: str = f.name(required=True)
    policy: str = f.text(max_length=32, my_number="free", hidden=True, check=identity)
    insurer: str = f.name(choices=insurers.proposals())
    state: str = f.choice(*STATES, required=True)
    what: str = f.long(required=True)
    health: str = f.long(sensitive=True)
    number: str = f.text(max_length=60, my_number="ask")
    contact: str = f.text()
    papers_sent: TypedDate | None = f.day()
    paid: int | None = f.yen()
    paid_on: TypedDate | None = f.day()
    handler: str = f.name(required=True)
    notes: str = f.long(max_length=1000)

    @property
    def open(self) -> bool:
        """Whether somebody still waits for the insurer."""
        return self.state in OPEN

    def faults(self) -> Iterator[tuple[str, Fault]]:
        if self.reported.value < self.occurred.value:
            yield "reported", Fault("reported-before-occurred")
        if self.paid_on and self.paid_on.value < self.occurred.value:
            yield "paid_on", Fault("paid-before-occurred")
        if self.state == PAID and self.paid is None:
            yield "paid", Fault("paid-missing", ask=True)
        if self.state in OPEN and self.paid_on is not None:
            yield "state", Fault("paid-and-open", ask=True)
