"""Erasing: what is asked, what is noted of it, and what a certificate may say."""

from __future__ import annotations

from dataclasses import dataclass

from vault.domain import fields
from vault.domain.prints import OFFICE_PURPOSES, OfficeOrder
from vault.domain.values import fold

REASONS = ("保存期限の満了", "ご本人からの請求", "誤った登録", "取引の終了", "その他")
# What is erased because it has lain in the bin for all its days: nobody chooses this reason.
BIN_REASON = "ごみ箱の期限"
# Words: catalogue key `erasure.<what>`.
CLIENT, PART, MEMBER, BIN = "client", "part", "member", "bin"


@dataclass(frozen=True, kw_only=True)
class ErasureOrder:
    """What a person says before something is erased."""

    reason: str = fields.choice(*REASONS, required=True)
    note: str = fields.text(max_length=200)


@dataclass(frozen=True, kw_only=True)
class CertificateOrder(OfficeOrder):
    """What a person says before a certificate is printed: it is the one office sheet that clients are handed."""

    purpose: str = fields.choice("お客様へ交付", *OFFICE_PURPOSES, required=True)


@dataclass(frozen=True, kw_only=True)
class Erasure:
    """One erasure: ids and counts, never a name. `begun` and `done` in seconds since 1970, `done` 0 until it is.

    `what`: a whole client, a part of one, a person of one, or what lay in the bin too long. `epoch` is the keystore's
    epoch that began with it; `signature` the office's, in hex, `key` the fingerprint of the key that made it.
    """

    number: int
    what: str
    client: str
    reason: str
    person: str
    begun: int
    note: str = ""
    records: int = 0
    versions: int = 0
    objects: int = 0
    done: int = 0
    epoch: int = 0
    signature: str = ""
    key: str = ""

    def told(self) -> list[str | int]:
        """What the office's key signs, in this order."""
        counts = [self.records, self.versions, self.objects, self.begun, self.done, self.epoch]
        return [self.number, self.what, self.client, self.reason, *counts]


def number_text(number: int) -> str:
    """How a certificate's number is printed: E-000012."""
    return f"E-{number:06d}"


def is_typed(typed: str, name: str) -> bool:
    """Whether the name that was typed to confirm is the name meant, in whatever width it was typed."""
    return bool(name.strip()) and fold(typed) == fold(name)
