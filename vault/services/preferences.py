"""What a person has chosen for himself: one sealed record of his own, read at sign-in and kept in the session."""

from __future__ import annotations

from dataclasses import replace

from vault.domain.access import Permission
from vault.domain.preferences import Preferences, told
from vault.services import payloads, sessions
from vault.services.acts import Act
from vault.services.audit import Event
from vault.services.safe import Desk
from vault.services.sessions import Session

KIND = "preferences"


def read(act: Act) -> dict[str, str]:
    """What the person at the desk has chosen, as a session keeps it; empty where he has chosen nothing yet."""
    for found in act.read(act.desk.person, [KIND]):
        return told(payloads.decode(found.payload, Preferences))
    return {}


def save(desk: Desk, session: Session, chosen: Preferences) -> Session:
    """Keep it, and let this session go by it from the next page on; returns the session.

    His sessions elsewhere learn of it at their next sign-in. The newest choice stands: there is nobody to be in
    conflict with but oneself.
    """
    with desk.act(Event.PREFERENCES_SAVED, Permission.READ_SAFETY) as act:
        existing = act.read(desk.person, [KIND])
        if existing:
            act.change(desk.person, existing[0].row.id, KIND, payloads.encode(chosen), existing[0].row.version)
        else:
            act.add(desk.person, KIND, payloads.encode(chosen))
    newest = sessions.latest(desk.instance, session)
    assert newest.payload is not None
    names = {**newest.payload.names, **told(chosen)}
    return sessions.store(desk.instance, replace(newest, payload=replace(newest.payload, names=names)))
