"""What the pages about the people of the office show of each."""

from __future__ import annotations

from typing import Any

from flask import url_for

from vault.domain.office import Colleague
from vault.services.accounts import people
from vault.web.gate import instance


def person_row(found: people.Listed, rooms: dict[str, str]) -> dict[str, Any]:
    colleague = found.colleague
    return {
        "url": url_for("people.show", person=found.person.hex()),
        "name": colleague.name,
        "kana": colleague.kana,
        "login_id": found.login_id,
        "role": found.role.value,
        "rooms": [rooms.get(each.hex(), "") for each in found.compartments],
        "state": state(found),
        "until": found.sheet_expires if found.active else 0,
        "seen": found.last_seen,
        "devices": found.devices,
        "pledged": colleague.pledged.value if colleague.pledged else None,
        "trained": next(iter(trainings(colleague)), None),
    }


def state(found: people.Listed) -> str:
    """stopped, waiting (for the first sign-in), expired (the sheet), adrift (nothing to sign in on), in-use.

    A sheet that ran out is swept at anybody's next sign-in: then only the missing device tells.
    """
    if not found.active:
        return "stopped"
    if not found.sheet_expires:
        return "in-use" if found.devices else "adrift"
    return "waiting" if found.sheet_expires > instance().now() else "expired"


def trainings(colleague: Colleague) -> list[dict[str, Any]]:
    """Newest first."""
    told = [{"on": each.on.value, "subject": each.subject} for each in colleague.trainings if each.on]
    return sorted(told, key=lambda each: each["on"], reverse=True)
