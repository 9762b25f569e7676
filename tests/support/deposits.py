"""Receipts for originals, as somebody at the desk types them."""

from __future__ import annotations

from typing import Any

from vault.domain import fields
from vault.domain.deposits import Deposit, GiveBack

# The offices of the tests begin on 2026-11-18.
RECEIVED, DUE = "2026/11/18", "2026/12/2"


def typed(giver: str, *numbers: str, **more: Any) -> dict[str, Any]:
    """The form with one paper for each policy number."""
    items = [{"paper": "保険証券", "insurer": "日本生命", "policy_number": n, "sheets": "2"} for n in numbers]
    return {
        "received": RECEIVED, "giver": giver, "purpose": "分析のため", "due": DUE, "place": "金庫", "items": items, **more,
    }  # fmt: skip


def papers(giver: str, *numbers: str, **more: Any) -> Deposit:
    """The receipt itself."""
    reading = fields.read(Deposit, typed(giver, *numbers, **more))
    assert reading.record is not None, reading.faults
    return reading.record


def back(day: str = "2026/11/20", to: str = "志摩 海斗", way: str = "手渡し") -> GiveBack:
    """What is said when papers go back."""
    reading = fields.read(GiveBack, {"day": day, "to": to, "way": way})
    assert reading.record is not None, reading.faults
    return reading.record
