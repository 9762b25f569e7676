"""The initial login: issued by the operator, good for one first password, void after its days."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from vault.crypto.unlock import (
    ALPHABET,
    activation_matches,
    activation_verifier,
    fold_letters,
    new_initial_password,
)
from vault.domain.values.moments import DAY
from vault.errors import Damaged, NotReady, Refused, RolledBack, Throttled, WrongCredential
from vault.services import sessions
from vault.services.audit import Event, Fact, record
from vault.services.instance import Instance, Origin

ACTIVATION_DAYS = 14


@dataclass(frozen=True)
class HandOver:
    """What the operator hands to the office, once."""

    login_id: str
    initial_password: str
    expires: int


def new_login_id() -> str:
    """A login ID that says nothing about its person: K and seven letters."""
    return "K" + "".join(secrets.choice(ALPHABET) for _ in range(7))


def issue(instance: Instance) -> HandOver:
    """A new initial login; the verifier is kept, the password is not. Refused once the office has begun."""
    if instance.has_begun():
        raise Refused("already-begun")
    login_id, password = new_login_id(), new_initial_password()
    expires = instance.now() + ACTIVATION_DAYS * DAY
    verifier: dict[str, object] = dict(activation_verifier(password, instance.cost))
    facts = {"login_id": login_id, "expires": expires, "tried": 0, "verifier": verifier}
    instance.write_json(instance.settings.activation, facts)
    return HandOver(login_id, password, expires)


def sign_in(instance: Instance, login_id: str, password: str, origin: Origin) -> tuple[sessions.Session, str, int]:
    """Sign in with the initial login: a session that can do nothing but set the first password.

    Returns (session, cookie, when it was tried before or 0). Raises WrongCredential, Refused for a used or expired
    one, Throttled.
    """
    facts = instance.read_json(instance.settings.activation)
    if facts is None:
        raise NotReady("not-initialised")
    refuse_to_begin_over(instance)
    name = b"activation " + origin.address.encode()
    throttle(instance, name)
    instance.sessions.note_failure(name, instance.now())
    with instance.argon2_permit():
        right = activation_matches(facts["verifier"], password) and fold_letters(login_id) == facts["login_id"]  # type: ignore[arg-type]
    if not right:
        record(instance, origin, Fact(Event.SIGN_IN_REFUSED, 403))
        raise WrongCredential("wrong-credential")
    begun = instance.begun_at()
    if begun is not None:
        record(instance, origin, Fact(Event.SIGN_IN_REFUSED, 403))
        raise Refused("initial-password-used", at=begun)
    if int(str(facts["expires"])) <= instance.now():
        raise Refused("initial-password-expired", at=facts["expires"])
    instance.sessions.clear_failures(name)
    tried = int(str(facts["tried"]))
    instance.write_json(instance.settings.activation, {**facts, "tried": instance.now()})
    record(instance, origin, Fact(Event.SIGNED_IN))
    session, cookie = sessions.start(instance, sessions.NOBODY, sessions.NOBODY, sessions.ACTIVATION, sessions.Payload())
    return session, cookie, tried


def refuse_to_begin_over(instance: Instance) -> None:
    """A keystore whose sheet was confirmed belongs to an office at work, whatever an older database says of it:
    beginning again would destroy every key. Raises RolledBack."""
    if instance.files.newest() is None:
        return
    try:
        keystore = instance.files.read().keystore
    except Damaged:
        return  # of an interrupted beginning
    # After a recovery no sheet is confirmed for a while; an interrupted beginning has one person.
    at_work = any(sheet.confirmed for sheet in keystore.sheets.values()) or len(keystore.stretches) > 1
    if at_work and not instance.has_begun():
        raise RolledBack("database-rolled-back")


def is_initial_password(instance: Instance, password: str) -> bool:
    """Whether somebody chose the initial password again, which the operator has seen."""
    facts = instance.read_json(instance.settings.activation) or {}
    with instance.argon2_permit():
        return activation_matches(facts["verifier"], password)  # type: ignore[arg-type]


def login_id(instance: Instance) -> str:
    """The login ID that was handed over."""
    return str((instance.read_json(instance.settings.activation) or {}).get("login_id", ""))


FREE_FAILURES = 5
LONGEST_WAIT = 15 * 60


def throttle(instance: Instance, name: bytes) -> None:
    """Raises Throttled while a name (a device, an address) has to wait: 2, 4, 8 … seconds after five failures."""
    failures, last = instance.sessions.failures(name)
    if failures < FREE_FAILURES:
        return
    wait = min(LONGEST_WAIT, 2 ** min(failures - FREE_FAILURES + 1, 10))
    # Either way from the last failure: a clock that was set back must not lock people out for that long.
    left = wait - abs(instance.now() - last)
    if left > 0:
        raise Throttled("throttled", seconds=left)
