"""What passed between the office and a client, as records of the client beside his policies and papers.

応対 (contact), 意向 (intention), 第三者提供 (provision), 事故・請求 (claim): each is entered, corrected, put into the bin and
searched alike.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from vault.domain import fields as f
from vault.domain.claims import Claim
from vault.domain.contacts import Contact, Intention
from vault.domain.fields import Fault
from vault.domain.provisions import Provision

CONTACT, INTENTION, PROVISION, CLAIM = "contact", "intention", "provision", "claim"
Dealing = Contact | Intention | Provision | Claim
KINDS: dict[str, type[Dealing]] = {CONTACT: Contact, INTENTION: Intention, PROVISION: Provision, CLAIM: Claim}
# The days on which something has happened already when it is noted.
_PAST = {CONTACT: ("day",), INTENTION: ("day", "confirmed_on"), PROVISION: ("day",), CLAIM: ("occurred", "reported", "papers_sent")}


def kind_of(dealing: Dealing) -> str:
    """Its record kind."""
    return next(kind for kind, cls in KINDS.items() if type(dealing) is cls)


def day_of(dealing: Dealing) -> date:
    """The day it is listed under."""
    return dealing.occurred.value if isinstance(dealing, Claim) else dealing.day.value


def place_of(dealing: Dealing) -> tuple[date, str]:
    """By what dealings of one kind are sorted."""
    return day_of(dealing), dealing.time if isinstance(dealing, Contact) else ""


def policies_of(dealing: Dealing) -> tuple[str, ...]:
    """The hex ids of the policies it names."""
    if isinstance(dealing, Contact):
        return dealing.policies
    policy = dealing.policy if isinstance(dealing, Intention | Claim) else ""
    return (policy,) if policy else ()


def late_faults(dealing: Dealing, today: date) -> dict[str, Fault]:
    """Days that have not come yet although they are told as past, by box."""
    days = ((name, getattr(dealing, name)) for name in _PAST[kind_of(dealing)])
    return {name: Fault("day-to-come") for name, day in days if day is not None and day.value > today}


def without_sensitive(dealing: Dealing) -> Dealing:
    """The same for who may not read what is hidden until asked for."""
    hidden: dict[str, Any] = {box.name: "" for box in f.fields(type(dealing)) if box.sensitive}
    return replace(dealing, **hidden) if hidden else dealing
