"""What a 顧客カルテ and the copy of everything tell of 応対, 意向, 第三者提供, 事故・請求."""

from __future__ import annotations

from datetime import date
from typing import Any

from vault.domain.dealings import CLAIM, CONTACT, INTENTION, KINDS, PROVISION, day_of, policies_of
from vault.domain.values import add_months
from vault.services.clients import Page
from vault.services.holdings import HeldDealing
from vault.web.dealing_rows import policy_names, text_of
from vault.web.sheet_values import part_of

# A 顧客カルテ tells the contacts of so many months; the rest stands in the program.
CARD_MONTHS = 12
_ON_CARD = (CONTACT, INTENTION, CLAIM)


def card_values(page: Page, on: date, sensitive: bool) -> list[dict[str, Any]]:
    """Kind by kind what a 顧客カルテ shows: of contacts the last year."""
    since = add_months(on, -CARD_MONTHS)
    return [
        _section(page, kind, [held for held in page.dealt(kind) if kind != CONTACT or day_of(held.dealing) >= since], sensitive)
        for kind in _ON_CARD
    ]  # fmt: skip


def whole_values(page: Page) -> list[dict[str, Any]]:
    """Kind by kind everything there is."""
    return [_section(page, kind, page.dealt(kind), sensitive=True) for kind in (CONTACT, INTENTION, CLAIM, PROVISION)]


def _section(page: Page, kind: str, found: list[HeldDealing], sensitive: bool) -> dict[str, Any]:
    names = policy_names(page.policies)
    return {
        "kind": kind, "owner": KINDS[kind].__name__, "months": CARD_MONTHS,
        "rows": [_row(held, names, sensitive) for held in found],
    }  # fmt: skip


def _row(held: HeldDealing, names: dict[str, str], sensitive: bool) -> dict[str, Any]:
    about = [names[policy] for policy in policies_of(held.dealing) if policy in names]
    return {
        "record": held.dealing, "day": day_of(held.dealing), "text": text_of(held.dealing), "about": about,
        "part": part_of(held.dealing, sensitive),
    }  # fmt: skip
