"""A new password: every slot of its person is written anew from one Argon2id run, and the old one opens nothing."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

from vault.crypto.keystore import Keystore, Stretch
from vault.crypto.unlock import new_salt, stretch
from vault.domain.access import Permission, check_password
from vault.domain.values.moments import DAY
from vault.errors import Refused
from vault.services import sessions
from vault.services.accounts.signing_in import prove
from vault.services.audit import Event
from vault.services.instance import Instance
from vault.services.safe import Desk


def accepted(desk: Desk, new: str) -> str:
    """The password as it is to be hashed, if the office's rules allow it; raises Refused."""
    words = [desk.login_id, desk.own_name]
    return check_password(new, [w for w in words if w], desk.directory.rules.get("password_shortest", 0))


def stretched_anew(instance: Instance, clean: str) -> tuple[bytes, Stretch]:
    """A password under a new salt: what opens slots, and how it was stretched."""
    salt = new_salt()
    with instance.argon2_permit():
        return stretch(clean, salt, instance.cost), Stretch(salt, instance.cost, instance.now())


def change(desk: Desk, session: sessions.Session, old: str, new: str) -> sessions.Session:
    """Another password on all devices and codes of the person; his other sessions end.

    Raises WrongCredential for a wrong old one, Refused for a new one that will not do.
    """
    instance, person = desk.instance, desk.person
    clean = accepted(desk, new)
    opened_by = prove(desk, old)
    if clean == unicodedata.normalize("NFKC", old):
        raise Refused("password-same")
    stretched, known = stretched_anew(instance, clean)

    def change_now(keystore: Keystore) -> Keystore:
        bundle = keystore.open_slot(person, desk.device, opened_by, desk.bundle.secrets[desk.device])
        return desk.marked(keystore.with_slots(person, stretched, known, bundle))

    instance.keyring.let_go()
    desk.now_reading(instance.files.take_away(change_now))
    instance.sessions.end_of_person(person, but=session.row.id_hash)
    with desk.act(Event.PASSWORD_CHANGED, Permission.READ_SAFETY) as act:
        act.fact.keystore = desk.stored
    return replace(session, row=replace(session.row, proved=instance.now()))


def is_due(desk: Desk, at: int) -> bool:
    """Whether the office wants passwords changed every so many days and this one was older `at` a moment (seconds).

    Asked of the moment of signing in: nobody is stopped in the middle of a form.
    """
    days = desk.directory.rules.get("password_days", 0)
    known = desk.stored.keystore.stretches.get(desk.person)
    return bool(days) and known is not None and known.made + days * DAY <= at
