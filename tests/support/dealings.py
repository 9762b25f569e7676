"""応対, 意向, 第三者提供, 事故・請求, as somebody at the desk types them."""

from __future__ import annotations

from typing import Any

from vault.domain import fields
from vault.domain.claims import Claim
from vault.domain.contacts import Contact, Intention
from vault.domain.dealings import CLAIM, CONTACT, INTENTION, KINDS, PROVISION, Dealing
from vault.domain.provisions import Provision

# The offices of the tests begin on 2026-11-18.
DAY = "2026/11/18"
TYPED: dict[str, dict[str, Any]] = {
    CONTACT: {
        "day": DAY, "time": "14:30", "how": "電話", "with_whom": "志摩 海斗", "handler": "佐々木 恵",
        "told": "転居のご連絡。新しい住所は来週。", "next": "住所変更の書類を送る", "next_day": "2026/11/25",
    },
    INTENTION: {
        "day": DAY, "with_whom": "志摩 海斗", "handler": "佐々木 恵", "learned": "面談", "first": "月1万円まで。死亡に備えたい。",
        "final": "月1万2千円まで。死亡に備えたい。", "difference": "払える額が増えた", "confirmed": "口頭で確認し記録",
        "compared": [{"insurer": "日本生命", "product": "みらい"}, {"insurer": "明治安田生命", "product": "ベスト"}],
        "recommended": "日本生命 みらい", "reason": "同じ保障で保険料が低い",
    },
    PROVISION: {
        "direction": "提供", "day": DAY, "party": "港ファイナンス", "address": "東京都港区2", "whose": "志摩 海斗", "items": "氏名、生年月日",
        "consent": "書面で同意", "handler": "佐々木 恵",
    },
    CLAIM: {
        "occurred": "2026/11/10", "reported": DAY, "kind": "入院", "person": "志摩 海斗", "state": "書類待ち", "what": "自宅の階段で転んだ",
        "health": "右足首の骨折", "number": "UK-88", "handler": "佐々木 恵",
    },
}  # fmt: skip


def typed(kind: str, **more: Any) -> dict[str, Any]:
    """The form of a kind."""
    return {**TYPED[kind], **more}


def made(kind: str, **more: Any) -> Dealing:
    """The record itself."""
    reading = fields.read(KINDS[kind], typed(kind, **more))
    assert reading.record is not None, reading.faults
    return reading.record


def contact(**more: Any) -> Contact:
    found = made(CONTACT, **more)
    assert isinstance(found, Contact)
    return found


def intention(**more: Any) -> Intention:
    found = made(INTENTION, **more)
    assert isinstance(found, Intention)
    return found


def provision(**more: Any) -> Provision:
    found = made(PROVISION, **more)
    assert isinstance(found, Provision)
    return found


def claim(**more: Any) -> Claim:
    found = made(CLAIM, **more)
    assert isinstance(found, Claim)
    return found
