"""What a person of the office has chosen for himself: the language of the pages, how dates stand in tables, single keys."""

from __future__ import annotations

from dataclasses import dataclass

from vault.domain import fields

JAPANESE, ENGLISH = LANGUAGES = ("ja", "en")
ERA, WEST = DATES = ("era", "west")
ON, OFF = SHORTCUTS = ("on", "off")


@dataclass(frozen=True, kw_only=True)
class Preferences:
    """`dates`: era for 令和8年11月21日, west for 2026/11/21. `shortcuts`: keys that act without Ctrl, as N and /."""

    language: str = fields.choice(*LANGUAGES, required=True)
    dates: str = fields.choice(*DATES, required=True)
    shortcuts: str = fields.choice(*SHORTCUTS, required=True)


def told(preferences: Preferences) -> dict[str, str]:
    """As a session keeps them beside the names that every page shows."""
    return {"language": preferences.language, "dates": preferences.dates, "shortcuts": preferences.shortcuts}
