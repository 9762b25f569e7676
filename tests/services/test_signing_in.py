"""Signing in on a registered device: what is told, what is counted, and what a stranger cannot do."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from werkzeug.test import TestResponse

from tests.support import colleagues
from tests.support.colleagues import add_colleague
from tests.support.offices import DEVICE, ORIGIN, PASSWORD, Office, origin
from tests.support.visits import Visit, shows_nothing
from vault.crypto import unlock
from vault.errors import Throttled, WrongCredential
from vault.services.accounts import registering, signing_in

WIDE = str.maketrans({chr(c): chr(c + 0xFEE0) for c in range(0x21, 0x7F)})


def masked(answer: TestResponse, typed: str) -> tuple[object, ...]:
    """Everything that a browser gets, less the token and the ID that was typed."""
    body = re.sub(r'(name="csrf(?:_token)?" (?:content|value)=")[^"]+', r"\1", answer.get_data(as_text=True))
    headers = sorted((n, v) for n, v in answer.headers if n not in ("Content-Length", "Set-Cookie"))
    return answer.status_code, headers, body.replace(f'value="{typed}"', 'value=""')


def tried(visit: Visit, login_id: str, password: str) -> tuple[object, ...]:
    visit.get("/session/new")
    return masked(visit.post("/session/new", {"login_id": login_id, "password": password}), login_id)


def test_an_unknown_id_and_a_wrong_password_get_the_same_answer(visit: Visit, office: Office) -> None:
    wrong = tried(visit, office.facts.login_id, "not the password")
    assert wrong[0] == 403
    assert tried(visit, "KNOBODY0", "not the password") == wrong
    assert tried(visit, "KNOBODY0", PASSWORD) == wrong
    assert tried(visit, "佐々木", "not the password") == wrong


def test_somebody_who_has_no_slot_on_this_device_gets_the_same_answer(visit: Visit, office: Office) -> None:
    add_colleague(office)
    wrong = tried(visit, office.facts.login_id, "not the password")
    assert tried(visit, colleagues.LOGIN_ID, colleagues.PASSWORD) == wrong


def test_each_attempt_hashes_once(visit: Visit, office: Office, hashed: list[str]) -> None:
    for login_id, password in ((office.facts.login_id, "wrong password"), ("KNOBODY0", "wrong password")):
        hashed.clear()
        tried(visit, login_id, password)
        assert hashed == [password]
    hashed.clear()
    assert visit.sign_in().status_code == 303
    assert hashed == [PASSWORD]


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every password that is hashed."""
    seen: list[str] = []
    real = unlock.stretch

    def counted(password: str, salt: bytes, cost: unlock.Cost) -> bytes:
        seen.append(password)
        return real(password, salt, cost)

    for place in ("signing_in", "passwords", "beginning"):
        monkeypatch.setattr(f"vault.services.accounts.{place}.stretch", counted)
    monkeypatch.setattr(unlock, "stretch", counted)
    return seen


def test_from_a_strangers_browser_no_password_is_hashed(stranger: Visit, office: Office, hashed: list[str]) -> None:
    answers = [tried(stranger, login_id, PASSWORD) for login_id in (office.facts.login_id, "KNOBODY0", "")]
    assert answers[0] == answers[1] and answers[0][0] == 403
    stranger.get("/register")
    code = office.facts.code
    for typed in ("", "AAAAA-AAAAA", code[:-1] + ("0" if code[-1] != "0" else "1"), unlock.new_code()):
        stranger.post("/register", {"login_id": office.facts.login_id, "password": PASSWORD, "code": typed})
    stranger.get("/recover")
    groups = " ".join(unlock.recovery_groups(bytes(32)))
    stranger.post("/recover", {"recovery": groups, "ticket": "AAAAA", "password": "x" * 20, "again": "x" * 20})
    stranger.post("/session/unlock", {"login_id": office.facts.login_id, "password": PASSWORD})
    assert hashed == []


# --- guessing


def test_guessing_on_a_device_is_throttled_and_waits_grow(office: Office) -> None:
    waits = []
    for _ in range(12):
        while True:
            try:
                office.sign_in(password="a wrong guess")
            except Throttled as error:
                seconds = error.facts["seconds"]
                assert isinstance(seconds, int)
                waits.append(seconds)
                office.clock.tick(seconds)
            except WrongCredential:
                break
    assert waits == [2, 4, 8, 16, 32, 64, 128]
    with pytest.raises(Throttled):
        office.sign_in()
    office.clock.tick(15 * 60)
    assert office.sign_in().cookie
    assert office.sign_in().cookie  # and the count begins again


def test_the_right_password_waits_too_while_guesses_are_throttled(office: Office) -> None:
    for _ in range(5):
        with pytest.raises(WrongCredential):
            office.sign_in(password="a wrong guess")
    with pytest.raises(Throttled):
        office.sign_in()


def test_failures_on_one_device_do_not_throttle_another(office: Office) -> None:
    add_colleague(office)
    for _ in range(5):
        with pytest.raises(WrongCredential):
            signing_in.sign_in(office.instance, office.facts.login_id, "x", colleagues.DEVICE, ORIGIN)
    with pytest.raises(Throttled):
        signing_in.sign_in(office.instance, colleagues.LOGIN_ID, colleagues.PASSWORD, colleagues.DEVICE, ORIGIN)
    assert office.sign_in().cookie


def test_strangers_cannot_lock_a_registered_device_out(office: Office, stranger: Visit, visit: Visit) -> None:
    """Not with its login ID, not from its own address, not at any of the doors."""
    stranger.address = visit.address
    for _ in range(40):
        stranger.sign_in(password="a guess")
        for path in ("/register", "/recover"):
            stranger.get(path)
            stranger.post(path, {"login_id": office.facts.login_id, "password": "x" * 12, "again": "x" * 12, "code": "A"})
    assert visit.sign_in().status_code == 303


def test_guesses_count_on_every_worker_together(office: Office) -> None:
    workers = [office.worker() for _ in range(5)]
    for worker in workers:
        with pytest.raises(WrongCredential):
            office.sign_in(worker, password="a wrong guess")
    with pytest.raises(Throttled):
        office.sign_in(office.worker())


def test_codes_are_guessed_no_faster(office: Office) -> None:
    code = unlock.new_code()
    for _ in range(5):
        with pytest.raises(WrongCredential):
            register(office, code)
    with pytest.raises(Throttled):
        register(office, office.facts.code)
    assert register(office, office.facts.code, "203.0.113.77")


def test_the_password_behind_a_code_is_guessed_no_faster_from_many_addresses(office: Office) -> None:
    for n in range(5):
        with pytest.raises(WrongCredential):
            register(office, office.facts.code, f"203.0.113.{n}", password="a wrong guess")
    with pytest.raises(Throttled):
        register(office, office.facts.code, "203.0.113.200")


# --- spellings


def test_wide_and_composed_passwords_are_equal(office: Office) -> None:
    import unicodedata

    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert office.sign_in(password=unicodedata.normalize(form, PASSWORD)).cookie
    assert office.sign_in(password=PASSWORD.replace(" ", "\u3000")).cookie
    with pytest.raises(WrongCredential):
        office.sign_in(password=PASSWORD.replace(" ", ""))


@pytest.mark.parametrize("spelling", [str.lower, lambda i: i.translate(WIDE), lambda i: f" {i} ", lambda i: i[:4] + "-" + i[4:]])
def test_the_login_id_may_be_typed_as_people_type(spelling, office: Office) -> None:
    assert signing_in.sign_in(office.instance, spelling(office.facts.login_id), PASSWORD, DEVICE, ORIGIN).cookie


@pytest.mark.parametrize("typed", ["", "\x00", "x" * 5000, "\ud800", "が" * 2000])
def test_odd_passwords_are_wrong_passwords(typed: str, office: Office) -> None:
    with pytest.raises(WrongCredential):
        office.sign_in(password=typed)
    office.instance.sessions.clear_failures(b"")


def test_odd_ids_are_unknown_ids(office: Office) -> None:
    for typed in ("", "\x00", "x" * 4000, "' OR 1=1 --", "が" * 300):
        with pytest.raises(WrongCredential, match="wrong-credential"):
            signing_in.sign_in(office.instance, typed, PASSWORD, DEVICE, ORIGIN)
        office.clock.tick(3600)


# --- registering


def register(office: Office, code: str, address: str = "203.0.113.50", password: str = PASSWORD, device: bytes | None = None):
    new = bytes([len(address)]) * 32
    return registering.register(office.instance, office.facts.login_id, password, code, device, new, origin(address))


def test_a_spare_code_registers_a_browser_and_is_used_up_when_it_comes_back(office: Office) -> None:
    before = office.instance.files.newest()
    done = register(office, office.facts.code)
    assert before and office.instance.files.newest() == (before[0], before[1] + 1)  # nothing was taken away yet
    assert len(office.instance.keyring.stored().keystore.codes) == 1
    again = office.sign_in(device=done.device_secret)
    assert again.spare_used_up
    stored = office.instance.keyring.stored()
    assert stored.keystore.epoch == before[0] + 1 and stored.keystore.codes == {}
    assert [len(slots) for slots in stored.keystore.slots.values()] == [2]
    with pytest.raises(WrongCredential, match="unknown-code"):
        register(office, office.facts.code, "203.0.113.51")
    for device in (DEVICE, done.device_secret):
        assert not office.sign_in(device=device).spare_used_up


def test_a_browser_that_forgets_its_cookies_costs_nothing(office: Office) -> None:
    """Until it has come back, code and new slot both stand."""
    register(office, office.facts.code, "203.0.113.1")
    office.clock.tick(60)
    done = register(office, office.facts.code, "203.0.113.222")
    assert office.sign_in(device=done.device_secret).spare_used_up


def test_the_old_keystore_with_the_code_is_unreadable_after_it_was_used_up(office: Office) -> None:
    from tests.support.forging import stolen_keystore
    from vault.crypto.keystore_form import open_keystore
    from vault.errors import SealBroken

    keystore, _ = stolen_keystore(office)
    replica = office.settings.replicas[0]
    old = (replica / f"keystore.{keystore.epoch}.{keystore.generation}").read_bytes()
    done = register(office, office.facts.code)
    office.sign_in(device=done.device_secret)
    newer, key = stolen_keystore(office)
    assert newer.epoch == keystore.epoch + 1
    assert not list(replica.glob(f"shred.{keystore.epoch}"))
    with pytest.raises(SealBroken):
        open_keystore(key, old, office.settings.office, keystore.epoch, keystore.generation)


def test_a_code_alone_and_a_password_alone_register_nothing(office: Office) -> None:
    for code, password in ((office.facts.code, "a wrong password"), (unlock.new_code(), PASSWORD), ("", PASSWORD)):
        with pytest.raises(WrongCredential):
            register(office, code, password=password)
    assert len(office.instance.keyring.stored().keystore.devices) == 1


def test_a_code_serves_only_its_own_person(office: Office) -> None:
    add_colleague(office)
    with pytest.raises(WrongCredential):
        registering.register(
            office.instance, colleagues.LOGIN_ID, colleagues.PASSWORD, office.facts.code, None, bytes(32), ORIGIN
        )


def test_a_code_past_its_date_is_unknown(office: Office) -> None:
    def dated(keystore):
        return replace(keystore, codes={i: replace(c, expires=office.instance.now() + 60) for i, c in keystore.codes.items()})

    office.instance.files.add(dated)
    office.clock.tick(61)
    with pytest.raises(WrongCredential, match="unknown-code"):
        register(office, office.facts.code)


def test_the_device_cookie_is_set_once_and_never_replaced(office: Office, visit: Visit, stranger: Visit) -> None:
    from vault.web.gate import DEVICE_COOKIE

    stranger.get("/register")
    typed = {"login_id": office.facts.login_id, "password": PASSWORD, "code": office.facts.code}
    assert stranger.post("/register", typed).status_code == 303
    secret = stranger.cookie(DEVICE_COOKIE)
    assert secret and secret != visit.cookie(DEVICE_COOKIE)
    assert stranger.get("/clients").status_code == 200
    stranger.sign_in()
    assert stranger.cookie(DEVICE_COOKIE) == secret


def test_before_the_beginning_a_code_registers_nothing(unbegun: Office, app) -> None:
    visit = Visit(app, unbegun)
    visit.get("/register")
    answer = visit.post("/register", {"login_id": "K", "password": "x", "code": unlock.new_code()})
    assert answer.status_code == 403 and shows_nothing(answer)
