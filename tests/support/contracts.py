"""A contract of the operator as he types it, and what of it must never be readable where it does not belong."""

from __future__ import annotations

from tests.support.offices import Office
from tests.support.told import say
from vault.crypto.unlock import Cost
from vault.domain import fields
from vault.domain.operator.contracts import Contract

CHEAP = Cost(32, 1, 1)
WORD = "波止場に 白い 鴎が 三羽"
TYPED = {
    "number": "K-2026-001", "kind": "保険代理店", "name": "みなと保険事務所", "postal_code": "1050001",
    "address": "東京都港区虎ノ門1-1", "telephone": "03-0000-0001", "contact": "佐々木 恵", "bank": "浜風銀行", "branch": "桟橋支店",
    "account_type": "普通", "account_number": "7654321", "account_holder": "ミナトホケンジムシヨ", "start": "R8.4.1",
    "office": "minato", "web_address": "minato.example.jp", "policies": "100件",
}  # fmt: skip
SECRETS = ("みなと保険", "虎ノ門", "佐々木", "浜風", "桟橋", "7654321", "ミナトホケン", "03-0000-0001", WORD)


def contract(**other: str) -> Contract:
    reading = fields.read(Contract, {**TYPED, **other})
    assert reading.record is not None, reading.faults
    return reading.record


def tell(office: Office, **facts: object) -> None:
    """What the operator says to an office of its contract."""
    say(office.settings.told, "contract.json", facts)
