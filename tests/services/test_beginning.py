"""The initial login and the first password: once, in time, and not the same password again."""

from __future__ import annotations

import unicodedata

import pytest
from flask import Flask

from tests.support.offices import DEVICE, ORIGIN, PASSWORD, Office, begin, confirm, enter_particulars
from tests.support.visits import Visit
from vault.errors import Refused, Throttled, WrongCredential
from vault.services import office as office_service
from vault.services.accounts import activation, beginning, recovery, registering

DAY = 24 * 3600


def enter(office: Office, password: str | None = None, login_id: str | None = None) -> tuple[object, str, int]:
    facts = office.facts
    return activation.sign_in(office.instance, login_id or facts.login_id, password or facts.initial_password, ORIGIN)


def test_before_the_first_password_there_is_no_key(unbegun: Office) -> None:
    assert unbegun.instance.files.newest() is None
    enter(unbegun)
    assert unbegun.instance.files.newest() is None
    begin(unbegun)
    assert unbegun.instance.files.newest() is not None


def test_the_initial_password_works_until_a_first_password_is_set_and_says_when_it_was_tried(unbegun: Office) -> None:
    assert enter(unbegun)[2] == 0
    first = unbegun.instance.now()
    unbegun.clock.tick(60)
    assert enter(unbegun)[2] == first


def test_the_initial_password_does_not_work_twice(unbegun: Office, app: Flask) -> None:
    begin(unbegun)
    used = unbegun.instance.begun_at()
    unbegun.clock.tick(DAY)
    with pytest.raises(Refused) as refused:
        enter(unbegun)
    assert refused.value.code == "initial-password-used" and refused.value.facts["at"] == used
    with pytest.raises(Refused):
        beginning.begin(unbegun.instance, PASSWORD, None, bytes(32), ORIGIN)
    visit = Visit(app, unbegun, address="203.0.113.5")
    page = visit.get("/session/new").get_data(as_text=True)
    assert "運営者から受け取った用紙で初めて開いたのにこの画面が出たときは、運営者へご連絡ください。" in page
    assert "初期パスワード" not in page, "a colleague with a login sheet would take it for his own"
    answer = visit.sign_in(password=unbegun.facts.initial_password)
    assert answer.status_code == 403
    with pytest.raises(WrongCredential):  # and it is no password on the registered device either
        unbegun.sign_in(password=unbegun.facts.initial_password)


def test_the_initial_password_expires_after_fourteen_days(unbegun: Office) -> None:
    unbegun.clock.tick(14 * DAY - 1)
    enter(unbegun)
    unbegun.clock.tick(1)
    with pytest.raises(Refused, match="expired"):
        enter(unbegun)


def test_a_new_hand_over_makes_the_one_before_void(unbegun: Office) -> None:
    old = unbegun.facts.initial_password
    given = activation.issue(unbegun.instance)
    with pytest.raises(WrongCredential):
        enter(unbegun, old, given.login_id)
    assert enter(unbegun, given.initial_password, given.login_id)
    begin_with(unbegun, given)
    with pytest.raises(Refused, match="already-begun"):
        activation.issue(unbegun.instance)


def begin_with(office: Office, given: activation.HandOver) -> None:
    office.facts.login_id, office.facts.initial_password = given.login_id, given.initial_password
    begin(office)


@pytest.mark.parametrize("spelling", [str, str.lower, lambda p: p.replace("-", ""), lambda p: p.replace("-", " ").lower()])
def test_the_initial_password_is_refused_as_the_new_one_in_every_spelling(spelling, unbegun: Office) -> None:
    with pytest.raises(Refused, match="password-initial"):
        beginning.begin(unbegun.instance, spelling(unbegun.facts.initial_password), None, DEVICE, ORIGIN)
    assert unbegun.instance.files.newest() is None


@pytest.mark.parametrize("password", ["short", "password1234", "aaaaaaaaaaaaaaaa", "12345678901234567890", "x" * 1025])
def test_a_password_that_will_not_do_makes_no_key(password: str, unbegun: Office) -> None:
    with pytest.raises(Refused):
        beginning.begin(unbegun.instance, password, None, DEVICE, ORIGIN)
    assert unbegun.instance.files.newest() is None and not unbegun.instance.has_begun()


def test_the_initial_login_may_be_typed_as_people_type(unbegun: Office) -> None:
    wide = str.maketrans({chr(c): chr(c + 0xFEE0) for c in range(0x21, 0x7F)})
    facts = unbegun.facts
    for login_id, password in (
        (facts.login_id.lower(), facts.initial_password.lower()),
        (" " + facts.login_id + " ", facts.initial_password.replace("-", "")),
        (facts.login_id.translate(wide), facts.initial_password.translate(wide)),
    ):
        assert enter(unbegun, password, login_id)


def test_guessing_the_initial_password_is_throttled(unbegun: Office) -> None:
    for _ in range(5):
        with pytest.raises(WrongCredential):
            enter(unbegun, "0000-0000-0000-0000")
    with pytest.raises(Throttled):
        enter(unbegun)
    unbegun.clock.tick(3)
    enter(unbegun)


def test_before_the_sheet_is_typed_back_nothing_else_opens(unbegun: Office, app: Flask) -> None:
    session = begin(unbegun).session
    visit = Visit(app, unbegun).with_device()
    assert visit.sign_in().status_code == 303
    for path in ("/clients", "/ledger", "/office", "/prints", "/clients/new/Household"):
        answer = visit.get(path)
        assert answer.status_code == 303 and answer.location.endswith("/first-day/sheet")
    visit.get("/first-day/sheet")
    assert visit.post("/clients/new/Household", {"name": "x"}).location.endswith("/first-day/sheet")
    confirm(unbegun, session)
    assert visit.get("/clients").location.endswith("/office/particulars")
    enter_particulars(unbegun.desk())
    assert visit.get("/clients").status_code == 200
    assert office_service.has_particulars(unbegun.instance)


def test_wrong_groups_confirm_nothing(unbegun: Office) -> None:
    from vault.services import sessions

    session = begin(unbegun).session
    desk = sessions.desk(unbegun.instance, session, ORIGIN)
    for typed in (("", ""), ("AAAAA", "AAAAA"), (unbegun.facts.groups[12], unbegun.facts.groups[12])):
        with pytest.raises(WrongCredential, match="groups-wrong"):
            recovery.confirm_sheet(desk, session, typed, PASSWORD)
    assert not recovery.is_confirmed(unbegun.instance.keyring.stored().keystore)


def test_when_the_session_with_the_first_sheet_is_gone_a_new_sheet_is_made(unbegun: Office) -> None:
    from dataclasses import replace

    from vault.services import sessions

    old = begin(unbegun)
    unbegun.instance.sessions.end_all()
    signed_in = unbegun.sign_in()
    assert signed_in.session.payload is not None and not signed_in.session.payload.waiting.sheet
    desk = sessions.desk(unbegun.instance, signed_in.session, ORIGIN)
    made = recovery.make_sheet(desk, signed_in.session)
    assert made.payload is not None
    confirm(unbegun, made)
    keystore = unbegun.instance.keyring.stored().keystore
    assert recovery.is_confirmed(keystore) and len(keystore.sheets) == 1
    # The sheet and the code of the lost session are dead.
    assert old.session.payload is not None
    with pytest.raises(WrongCredential):
        registering.register(
            unbegun.instance, unbegun.facts.login_id, PASSWORD, old.session.payload.waiting.code, None, bytes(32), ORIGIN
        )
    code = made.payload.waiting.code
    other = replace(ORIGIN, address="203.0.113.9")
    assert registering.register(unbegun.instance, unbegun.facts.login_id, PASSWORD, code, None, bytes(32), other)


def test_composed_and_decomposed_first_passwords_are_one(unbegun: Office) -> None:
    composed, decomposed = "ガラス窓とパン屋のはなし", unicodedata.normalize("NFD", "ガラス窓とパン屋のはなし")
    assert composed != decomposed
    activation.sign_in(unbegun.instance, unbegun.facts.login_id, unbegun.facts.initial_password, ORIGIN)
    beginning.begin(unbegun.instance, decomposed, None, DEVICE, ORIGIN)
    for typed in (composed, decomposed, "ガラス窓とパン屋のはなし", "ガラス窓とパン屋のはなし"):
        assert unbegun.sign_in(password=typed).cookie
