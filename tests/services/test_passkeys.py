"""Passkeys: what they stand for, what they never open, and every answer that must not be believed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from tests.support import colleagues
from tests.support.authenticators import SITE, Authenticator
from tests.support.colleagues import add_colleague
from tests.support.offices import DEVICE, ORIGIN, PASSWORD, Office
from vault.crypto import codec
from vault.crypto.keystore import Keystore, Passkey
from vault.crypto.unlock import Bundle, holder_secret, open_slot, stretch
from vault.domain.access import Role
from vault.errors import Forbidden, KuraError, NotFound, RolledBack, Throttled
from vault.services import sessions
from vault.services.accounts import ceremonies, devices, passkeys, passwords, people, registering, signing_in
from vault.services.accounts.ceremonies import Assertion, Purpose, Site
from vault.services.accounts.signing_in import SignedIn
from vault.services.safe import Desk
from vault.services.sessions import Session

MINUTE, HOUR = 60, 3600
NEW_PASSWORD = "あたらしい 合言葉 ながい 十二月"
ELSEWHERE = Site("kura.invalid", "https://kura.invalid")


@dataclass
class Desked:
    """Somebody at a desk, with the session that page after page goes on with."""

    office: Office
    session: Session
    secret: bytes = DEVICE

    @property
    def desk(self) -> Desk:
        return sessions.desk(self.office.instance, self.session, ORIGIN)

    def add(self, key: Authenticator, prf: bool = True, site: Site = SITE) -> None:
        asked = passkeys.ask_to_add(self.desk, self.session, PASSWORD)
        made = key.make(asked.challenge, site)
        passkeys.add(self.desk, self.session, PASSWORD, made, key.output(asked.salt) if prf else b"", SITE)

    def prove(self, given: Assertion) -> None:
        passkeys.prove(self.desk, self.session, given, SITE)

    def challenge(self, purpose: Purpose = Purpose.PROVE) -> bytes:
        return ceremonies.challenge(self.office.instance, self.session, purpose)

    def lock(self) -> Desked:
        self.office.instance.sessions.lock(self.session.row.id_hash)
        row = self.office.instance.sessions.get(self.session.row.id_hash)
        assert row is not None
        return replace(self, session=Session(row, self.session.secret, None))

    def unlock(self, key: Authenticator, given: Assertion | None = None, output: bytes | None = None) -> SignedIn:
        instance = self.office.instance
        asked = passkeys.ask_to_unlock(instance, self.session)
        assert key.credential in asked.credentials
        return passkeys.unlock(
            instance, self.session, self.secret, given or key.sign(asked.challenge),
            key.output(asked.salt) if output is None else output, SITE, ORIGIN,
        )  # fmt: skip


@pytest.fixture
def at(office: Office) -> Desked:
    return Desked(office, office.session())


@pytest.fixture
def key(at: Desked) -> Authenticator:
    """A passkey with PRF, registered."""
    made = Authenticator()
    at.add(made)
    return made


def keystore(office: Office) -> Keystore:
    return office.instance.files.read().keystore


def held(office: Office, person: bytes | None = None) -> dict[bytes, Passkey]:
    return keystore(office).passkeys.get(person or office.facts.person, {})


def edit(office: Office, change: Callable[[Passkey], Passkey]) -> None:
    """The only passkey's entry, as somebody changes it who has the disk and so can seal a keystore."""
    person = office.facts.person
    office.instance.files.add(
        lambda now: replace(now, passkeys={person: {i: change(k) for i, k in now.passkeys[person].items()}})
    )


def told(office: Office) -> list[tuple[str, int]]:
    clear = [codec.decode(row) for (row,) in office.sql("SELECT clear FROM journal ORDER BY position")]
    return [(entry["event"], entry["status"]) for entry in clear]


def is_refused(act: Callable[[], object], code: str = "passkey-refused") -> None:
    with pytest.raises(KuraError) as caught:
        act()
    assert caught.value.code == code


# --- registering


def test_a_worker_does_not_load_the_library_before_a_passkey_is_used() -> None:
    script = "import sys, vault.web.app; print('webauthn' in sys.modules, 'cbor2' in sys.modules)"
    printed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert printed.split() == ["False", "False"]


def test_a_passkey_is_kept_with_a_slot_where_it_has_prf(at: Desked, office: Office) -> None:
    with_prf, without = Authenticator(), Authenticator()
    at.add(with_prf)
    at.add(without, prf=False)
    found = {each.name: each.unlocks for each in passkeys.own(at.desk)}
    assert found == {passkeys.name_of(with_prf.credential): True, passkeys.name_of(without.credential): False}
    assert [event for event, _ in told(office)][-2:] == ["passkey-added"] * 2
    assert passkeys.ask_to_unlock(office.instance, at.session).credentials == (with_prf.credential,)


def test_registering_asks_for_the_password_even_right_after_it_was_typed(at: Desked, office: Office) -> None:
    is_refused(lambda: passkeys.ask_to_add(at.desk, at.session, "not the password"), "wrong-credential")
    asked = passkeys.ask_to_add(at.desk, at.session, PASSWORD)
    made = Authenticator().make(asked.challenge)
    is_refused(lambda: passkeys.add(at.desk, at.session, "not the password", made, b"", SITE), "wrong-credential")
    assert held(office) == {}


@pytest.mark.parametrize("case", ["site", "origin", "unverified", "frame", "purpose", "twice", "garbage"])
def test_a_spoiled_registration_is_refused(case: str, at: Desked, office: Office) -> None:
    key = Authenticator(verifies=case != "unverified")
    purpose = Purpose.PROVE if case == "purpose" else Purpose.ADD
    made = key.make(at.challenge(purpose), ELSEWHERE if case == "site" else SITE, **{
        "origin": {"origin": "http://localhost"}, "frame": {"crossOrigin": True},
    }.get(case, {}))  # fmt: skip
    if case == "garbage":
        made = replace(made, attestation=made.attestation[:-40])
    if case == "twice":
        ceremonies.redeem(office.instance, at.session, Purpose.ADD, made.challenge)
    is_refused(lambda: passkeys.add(at.desk, at.session, PASSWORD, made, b"", SITE))
    assert held(office) == {}


def test_nobody_registers_a_passkey_that_somebody_has(at: Desked, key: Authenticator, office: Office) -> None:
    is_refused(lambda: at.add(key))
    assert len(held(office)) == 1


def test_there_is_a_bound_to_how_many(at: Desked, office: Office) -> None:
    for _ in range(passkeys.MOST):
        at.add(Authenticator(), prf=False)
    is_refused(lambda: at.add(Authenticator()), "passkeys-enough")


# --- before a sensitive act


def test_a_passkey_proves_and_its_counter_goes_on(at: Desked, key: Authenticator, office: Office) -> None:
    at.prove(key.sign(at.challenge()))
    at.prove(key.sign(at.challenge()))
    assert held(office)[key.credential].count == 2
    assert told(office)[-1] == ("password-proved", 200)


def test_a_passkey_that_does_not_count_proves_without_a_write(at: Desked, office: Office) -> None:
    key = Authenticator(counts=0)
    at.add(key)
    before = office.instance.files.newest()
    at.prove(key.sign(at.challenge()))
    assert office.instance.files.newest() == before


def test_an_assertion_is_good_once(at: Desked, key: Authenticator, office: Office) -> None:
    given = key.sign(at.challenge())
    at.prove(given)
    is_refused(lambda: at.prove(given))
    assert told(office)[-1] == ("sign-in-refused", 403)


def test_an_assertion_is_good_once_on_all_workers_even_without_a_counter(at: Desked, office: Office) -> None:
    key = Authenticator(counts=0)
    at.add(key)
    given = key.sign(at.challenge())
    at.prove(given)
    other = office.worker()
    is_refused(lambda: passkeys.prove(sessions.desk(other, at.session, ORIGIN), at.session, given, SITE))


@pytest.mark.parametrize(
    "case", ["session", "purpose", "old", "future", "origin", "site", "unverified", "frame", "type", "signature", "empty"]
)
def test_a_spoiled_assertion_proves_nothing(case: str, at: Desked, key: Authenticator, office: Office) -> None:
    key.verifies = case != "unverified"
    asker = Desked(office, office.session()) if case == "session" else at
    challenge = b"" if case == "empty" else asker.challenge(Purpose.ADD if case == "purpose" else Purpose.PROVE)
    given = key.sign(challenge, ELSEWHERE if case == "site" else SITE, **{
        "origin": {"origin": "https://localhost:8443"}, "frame": {"crossOrigin": True},
        "type": {"type": "webauthn.create"},
    }.get(case, {}))  # fmt: skip
    if case == "signature":
        given = replace(given, authenticator_data=given.authenticator_data[:-1] + b"\xff")
    office.clock.tick({"old": 5 * MINUTE, "future": -1}.get(case, 0))
    is_refused(lambda: at.prove(given))
    assert told(office)[-1] == ("sign-in-refused", 403)
    assert held(office)[key.credential].count == 0


def test_a_browser_cannot_make_its_own_challenge(at: Desked, key: Authenticator, office: Office) -> None:
    given = key.sign(at.challenge()[:24] + bytes(32))
    is_refused(lambda: at.prove(given))


def test_another_persons_passkey_proves_nothing(at: Desked, key: Authenticator, office: Office) -> None:
    add_colleague(office)
    done = signing_in.sign_in(office.instance, colleagues.LOGIN_ID, colleagues.PASSWORD, colleagues.DEVICE, ORIGIN)
    theirs = Desked(office, done.session, colleagues.DEVICE)
    is_refused(lambda: theirs.prove(key.sign(theirs.challenge())))


def test_a_copied_passkey_is_refused_and_noted(at: Desked, key: Authenticator, office: Office) -> None:
    copy = replace(key)
    at.prove(key.sign(at.challenge()))
    at.prove(key.sign(at.challenge()))
    is_refused(lambda: at.prove(copy.sign(at.challenge())), "passkey-copied")
    assert told(office)[-1] == ("sign-in-refused", 403)
    assert office.sql("SELECT sealed IS NOT NULL FROM journal ORDER BY position DESC LIMIT 1") == [(1,)]
    assert held(office)[key.credential].count == 2


@pytest.mark.parametrize("case", ["public", "count", "device", "made"])
def test_an_entry_edited_on_the_disk_is_not_believed(case: str, at: Desked, key: Authenticator, office: Office) -> None:
    theirs = Authenticator(credential=key.credential)
    changed = {
        "public": lambda k: replace(k, public=k.public[:32] + theirs._cose()), "count": lambda k: replace(k, count=0),
        "device": lambda k: replace(k, device=bytes(16)), "made": lambda k: replace(k, made=1),
    }[case]  # fmt: skip
    at.prove(key.sign(at.challenge()))
    edit(office, changed)
    given = (theirs if case == "public" else key).sign(at.challenge())
    is_refused(lambda: at.prove(given))
    assert told(office)[-1] == ("sign-in-refused", 403)


def test_an_entry_planted_for_somebody_else_is_not_believed(at: Desked, key: Authenticator, office: Office) -> None:
    """With the disk one can copy one's own entry under another's name: it bears the wrong person's word."""
    other, device = add_colleague(office)
    entry = replace(held(office)[key.credential], device=device)
    office.instance.files.add(lambda now: replace(now, passkeys={**now.passkeys, other: {key.credential: entry}}))
    done = signing_in.sign_in(office.instance, colleagues.LOGIN_ID, colleagues.PASSWORD, colleagues.DEVICE, ORIGIN)
    theirs = Desked(office, done.session, colleagues.DEVICE)
    is_refused(lambda: theirs.prove(key.sign(theirs.challenge())))


def test_guesses_wait_like_passwords_do(at: Desked, key: Authenticator, office: Office) -> None:
    for _ in range(5):
        is_refused(lambda: at.prove(replace(key.sign(at.challenge()), signature=b"no")))
    with pytest.raises(Throttled):
        at.prove(key.sign(at.challenge()))
    with pytest.raises(Throttled):
        office.sign_in()


# --- after the lock


def test_a_passkey_goes_on_after_the_lock_and_makes_the_day_no_longer(at: Desked, key: Authenticator, office: Office) -> None:
    office.clock.tick(2 * HOUR)
    locked = at.lock()
    done = locked.unlock(key)
    row = done.session.row
    assert (row.started, row.expires) == (at.session.row.started, at.session.row.expires)
    assert row.id_hash != at.session.row.id_hash and row.proved == office.instance.now()
    assert office.instance.sessions.get(at.session.row.id_hash) is None
    desk = sessions.desk(office.instance, done.session, ORIGIN)
    assert desk.compartment_key(desk.client_compartments()[0])
    assert ("unlocked", 200) in told(office)


def test_after_its_time_a_session_wants_the_password(at: Desked, key: Authenticator, office: Office) -> None:
    locked = at.lock()
    given, output = key.sign(locked.challenge(Purpose.UNLOCK)), key.output(b"")
    office.clock.tick(10 * HOUR)
    is_refused(lambda: passkeys.ask_to_unlock(office.instance, locked.session), "passkey-day-over")
    is_refused(lambda: passkeys.unlock(office.instance, locked.session, DEVICE, given, output, SITE, ORIGIN), "passkey-day-over")


def test_a_clock_set_back_makes_the_day_no_longer(at: Desked, key: Authenticator, office: Office) -> None:
    locked = at.lock()
    office.clock.tick(-2 * MINUTE)
    is_refused(lambda: passkeys.ask_to_unlock(office.instance, locked.session), "passkey-day-over")


@pytest.mark.parametrize("output", [bytes(32), b"", bytes(31)])
def test_a_right_signature_without_the_right_output_opens_nothing(output: bytes, at: Desked, key: Authenticator, office: Office) -> None:
    locked = at.lock()
    is_refused(lambda: locked.unlock(key, output=output))
    assert told(office)[-1] == ("sign-in-refused", 403)


def test_the_right_output_opens_nothing_with_another_devices_secret(at: Desked, key: Authenticator) -> None:
    locked = replace(at.lock(), secret=colleagues.DEVICE)
    is_refused(lambda: locked.unlock(key))


def test_the_right_output_without_a_signature_opens_nothing(at: Desked, key: Authenticator) -> None:
    locked = at.lock()
    given = Authenticator(credential=key.credential).sign(locked.challenge(Purpose.UNLOCK))
    is_refused(lambda: locked.unlock(key, given))


def test_a_passkey_without_prf_does_not_unlock(at: Desked, office: Office) -> None:
    key = Authenticator()
    at.add(key, prf=False)
    locked = at.lock()
    is_refused(lambda: passkeys.ask_to_unlock(office.instance, locked.session), "passkey-none")
    given = key.sign(locked.challenge(Purpose.UNLOCK))
    is_refused(lambda: passkeys.unlock(office.instance, locked.session, DEVICE, given, bytes(32), SITE, ORIGIN))


def test_a_copied_passkey_does_not_unlock(at: Desked, key: Authenticator, office: Office) -> None:
    copy = replace(key)
    at.prove(key.sign(at.challenge()))
    is_refused(lambda: at.lock().unlock(copy), "passkey-copied")


def test_a_keystore_put_back_leaves_only_the_password(at: Desked, key: Authenticator, office: Office) -> None:
    """A passkey that was removed comes back with an old keystore: it must not open anything."""
    copy = office.copy_keystore()
    passkeys.remove(at.desk, passkeys.name_of(key.credential))
    office.put_keystore_back(copy)
    office.instance.keyring.let_go()
    with pytest.raises(RolledBack):
        at.lock().unlock(key)


def test_outside_the_offices_networks_a_passkey_does_not_unlock(at: Desked, key: Authenticator, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(*_: object) -> None:
        raise Forbidden("outside-network")

    monkeypatch.setattr("vault.services.bounds.check", closed)
    with pytest.raises(Forbidden):
        at.lock().unlock(key)


# --- other devices, other passwords


def opened_by_password(office: Office, password: str, secret: bytes = DEVICE) -> Bundle:
    now, person = keystore(office), office.facts.person
    device = now.device_of(secret)
    assert device is not None
    place = now.place(person, device)
    return open_slot(stretch(password, place.salt, place.cost), holder_secret(secret, person), place, now.slots[person][device])


def registered_elsewhere(at: Desked, office: Office) -> bytes:
    """Another device of the person at the desk: its secret."""
    code, _ = devices.make_code(at.desk, PASSWORD)
    secret = bytes(range(32))
    registering.register(office.instance, office.facts.login_id, PASSWORD, code, None, secret, ORIGIN)
    signing_in.sign_in(office.instance, office.facts.login_id, PASSWORD, secret, ORIGIN)
    return secret


def test_a_device_added_after_the_passkey_outlives_a_password_changed_after_an_unlock(
    at: Desked, key: Authenticator, office: Office
) -> None:
    """The slot of the passkey is older than the device: a password is never written from what it holds."""
    secret = registered_elsewhere(at, office)
    done = at.lock().unlock(key)
    on = Desked(office, done.session)
    assert done.session.payload and done.session.payload.bundle
    assert set(done.session.payload.bundle.secrets) == {done.session.row.device}
    passwords.change(on.desk, done.session, PASSWORD, NEW_PASSWORD)
    assert len(opened_by_password(office, NEW_PASSWORD).secrets) > 1
    assert signing_in.sign_in(office.instance, office.facts.login_id, NEW_PASSWORD, secret, ORIGIN)


def test_a_changed_password_leaves_passkeys_valid(at: Desked, key: Authenticator, office: Office) -> None:
    session = passwords.change(at.desk, at.session, PASSWORD, NEW_PASSWORD)
    on = Desked(office, session)
    on.prove(key.sign(on.challenge()))
    assert on.lock().unlock(key).session.payload


def test_a_passkey_is_no_way_in_on_another_device(at: Desked, key: Authenticator, office: Office) -> None:
    secret = registered_elsewhere(at, office)
    done = signing_in.sign_in(office.instance, office.facts.login_id, PASSWORD, secret, ORIGIN)
    there = Desked(office, done.session, secret)
    is_refused(lambda: there.prove(key.sign(there.challenge())))
    is_refused(lambda: passkeys.ask_to_unlock(office.instance, there.lock().session), "passkey-none")
    given = key.sign(there.challenge(Purpose.UNLOCK))
    is_refused(lambda: passkeys.unlock(office.instance, there.session, secret, given, bytes(32), SITE, ORIGIN))


def test_two_devices_may_keep_passkeys_in_one_authenticator(at: Desked, office: Office) -> None:
    """Asked for the same user, an authenticator would put the second in the place of the first."""
    secret = registered_elsewhere(at, office)
    done = signing_in.sign_in(office.instance, office.facts.login_id, PASSWORD, secret, ORIGIN)
    there = Desked(office, done.session, secret)
    users = {passkeys.ask_to_add(each.desk, each.session, PASSWORD).user for each in (at, there)}
    assert len(users) == 2 and {len(user) for user in users} == {32}


# --- the end


def test_a_removed_passkey_is_gone_in_a_new_epoch(at: Desked, key: Authenticator, office: Office) -> None:
    epoch = keystore(office).epoch
    locked = at.lock()
    passkeys.remove(at.desk, passkeys.name_of(key.credential))
    assert held(office) == {} and keystore(office).epoch == epoch + 1
    assert told(office)[-1] == ("passkey-removed", 200)
    is_refused(lambda: passkeys.ask_to_unlock(office.instance, locked.session), "passkey-none")
    is_refused(lambda: at.prove(key.sign(at.challenge())))
    with pytest.raises(NotFound):
        passkeys.remove(at.desk, passkeys.name_of(key.credential))
    assert office.sign_in()  # the password on this device stands as before


def test_what_takes_a_person_or_a_device_takes_the_passkeys(at: Desked, key: Authenticator, office: Office) -> None:
    other, device = add_colleague(office, Role.HANDLER.value, tuple(at.desk.directory.of_clients()))
    secret = registered_elsewhere(at, office)
    there = Desked(office, signing_in.sign_in(office.instance, office.facts.login_id, PASSWORD, secret, ORIGIN).session, secret)
    at_second = Authenticator()
    there.add(at_second)
    now = keystore(office)
    entry = Passkey(device, bytes(64), 0, 1)
    now = replace(now, passkeys={**now.passkeys, other: {b"theirs": entry}})
    assert other not in now.without_person(other).passkeys
    assert now.without_device(device).passkeys[other] == {}
    devices.remove(at.desk, there.session.row.device)
    assert set(held(office)) == {key.credential}
    office.instance.files.add(lambda k: replace(k, passkeys={**k.passkeys, other: {b"theirs": entry}}))
    people.stop(at.desk, other)
    assert held(office, other) == {}


def test_a_passkey_is_never_the_only_way_in(at: Desked, key: Authenticator, office: Office) -> None:
    office.instance.keyring.let_go()
    office.instance.files.take_away(lambda now: now.without_codes(set(now.codes)))
    is_refused(lambda: devices.remove(at.desk, at.session.row.device), "last-way-in")
    assert office.sign_in()
