"""Passkeys as a browser meets them: questions in attributes, answers in fields, tokens and cookies that go on."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode

import pytest
from flask import Flask

from tests.support.authenticators import Authenticator, text
from tests.support.offices import DEVICE, PASSWORD, Office
from tests.support.visits import Visit, cookie_of, shows_nothing
from vault.domain.fields import typed
from vault.services.accounts import rules
from vault.services.accounts.ceremonies import Assertion
from vault.web.gate import DEVICE_COOKIE, SEEN_COOKIE, SESSION_COOKIE

ADDRESSES = ("/passkeys/question", "/passkeys/prove", "/passkeys/unlock", "/own/passkeys/new")


def question(visit: Visit, path: str = "/passkeys/question", **fields: str) -> dict[str, bytes]:
    """What the attributes of the question say."""
    token = visit.token  # the page that asks keeps its own
    answer = visit.post(path, fields)
    visit.token = token
    assert answer.status_code == 200 and answer.mimetype == "text/html"
    found = dict(re.findall(r'data-(challenge|credentials|salt|user|rp)="([^"]*)"', answer.get_data(as_text=True)))
    assert found.pop("rp") == "localhost"
    return {name: urlsafe_b64decode(value.split(" ")[0] + "==") for name, value in found.items()}


def fields(given: Assertion) -> dict[str, str]:
    return {name: text(value) for name, value in vars(given).items()}


def added(visit: Visit, prf: bool = True) -> Authenticator:
    key = Authenticator()
    visit.get("/own/passkeys/new")
    asked = question(visit, purpose="add", password=PASSWORD)
    made = key.make(asked["challenge"])
    answer = visit.post("/own/passkeys/new", {
        **{name: text(value) for name, value in vars(made).items()}, "password": PASSWORD,
        "output": text(key.output(asked["salt"])) if prf else "",
    })  # fmt: skip
    assert answer.status_code == 303 and answer.location.endswith("/own?done=passkey#passkeys")
    return key


def test_one_is_added_listed_and_removed(visit: Visit) -> None:
    added(visit)
    shown = visit.get("/own?done=passkey").get_data(as_text=True)
    assert "パスキーを登録しました" in shown and "画面のロックの解除" in shown
    [page] = re.findall(r'href="(/own/passkeys/remove\?passkey=[0-9a-f]{32})"', shown)
    assert "このパスキーを外す" in visit.get(page).get_data(as_text=True)
    assert visit.post("/own/passkeys/remove", {"passkey": page[-32:]}).status_code == 303
    assert "/own/passkeys/remove" not in visit.get("/own").get_data(as_text=True)
    assert visit.get(page).status_code == 404


def test_removing_one_asks_for_proof(visit: Visit, office: Office) -> None:
    added(visit)
    [name] = re.findall(r"passkey=([0-9a-f]{32})", visit.get("/own").get_data(as_text=True))
    office.clock.tick(6 * 60)
    answer = visit.post("/own/passkeys/remove", {"passkey": name, "password": "not the password"})
    assert answer.status_code == 403 and "パスキーで確認" in answer.get_data(as_text=True)
    assert name in visit.get("/own").get_data(as_text=True)


def test_buttons_are_drawn_only_for_who_has_a_passkey_here(visit: Visit, office: Office) -> None:
    office.clock.tick(6 * 60)
    page = visit.get("/people/new").get_data(as_text=True)
    assert 'id="password"' in page and "data-passkey-prove" not in page and "data-passkey-unlock" not in page
    added(visit, prf=False)
    office.clock.tick(6 * 60)
    page = visit.get("/people/new").get_data(as_text=True)
    assert "data-passkey-prove" in page and "data-passkey-unlock" not in page
    added(visit)
    assert "data-passkey-unlock" in visit.get("/people/new").get_data(as_text=True)


def test_a_proof_goes_on_in_a_new_session_and_saves_the_password(visit: Visit, office: Office) -> None:
    key = added(visit)
    office.clock.tick(6 * 60)
    values = typed(rules.read(office.desk()))
    visit.get("/office/rules")
    before, old_token = visit.cookie(), visit.token
    assert visit.post("/office/rules", values).status_code == 403
    visit.token = old_token
    answer = visit.post("/passkeys/prove", fields(key.sign(question(visit, purpose="prove")["challenge"])))
    assert answer.status_code == 200 and shows_nothing(answer)
    assert visit.cookie() != before and answer.headers["X-Kura-Csrf"] != old_token
    visit.token = answer.headers["X-Kura-Csrf"]
    assert visit.post("/office/rules", values).status_code == 303
    assert before
    visit.set_cookie(SESSION_COOKIE, before)
    assert visit.get("/clients").status_code == 303


def test_a_proof_lasts_five_minutes(visit: Visit, office: Office) -> None:
    key = added(visit)
    office.clock.tick(6 * 60)
    visit.get("/own")
    answer = visit.post("/passkeys/prove", fields(key.sign(question(visit, purpose="prove")["challenge"])))
    visit.token = answer.headers["X-Kura-Csrf"]
    office.clock.tick(5 * 60)
    [name] = re.findall(r"passkey=([0-9a-f]{32})", visit.get("/own").get_data(as_text=True))
    assert visit.post("/own/passkeys/remove", {"passkey": name}).status_code == 403


def test_a_proof_makes_no_password(visit: Visit) -> None:
    """What opens the slots still asks for what opens them."""
    key = added(visit)
    visit.get("/own")
    answer = visit.post("/passkeys/prove", fields(key.sign(question(visit, purpose="prove")["challenge"])))
    visit.token = answer.headers["X-Kura-Csrf"]
    for path in ("/own/device-code", "/own/spare-code", "/own/passkeys/new"):
        visit.get(path)
        given = {"challenge": "AA", "client_data": "AA", "attestation": "AA"} if path.endswith("new") else {}
        assert visit.post(path, given).status_code == 403, path


def test_the_lock_ends_with_a_new_session_and_the_page_goes_on(visit: Visit, office: Office) -> None:
    key = added(visit)
    visit.get("/own")
    before, token = visit.cookie(), visit.token
    office.clock.tick(20 * 60)
    assert visit.get("/clients").status_code == 303
    visit.token = token
    asked = question(visit, "/passkeys/unlock/question")
    answer = visit.post("/passkeys/unlock", {
        **fields(key.sign(asked["challenge"])), "output": text(key.output(asked["salt"])),
    })  # fmt: skip
    assert answer.status_code == 200 and shows_nothing(answer) and "X-Kura-Reload" not in answer.headers
    assert visit.cookie() != before and visit.cookie(SEEN_COOKIE)
    assert any(c.startswith(f"{DEVICE_COOKIE}=") for c in answer.headers.getlist("Set-Cookie"))
    visit.token = answer.headers["X-Kura-Csrf"]
    assert visit.get("/clients").status_code == 200
    assert visit.post("/session/alive").status_code == 200
    assert before
    visit.set_cookie(SESSION_COOKIE, before)
    assert visit.get("/clients").status_code == 303


def test_the_same_answer_does_not_end_the_lock_twice(visit: Visit, office: Office) -> None:
    key = added(visit)
    visit.get("/own")
    old, token = visit.cookie(), visit.token
    visit.post("/session/lock")
    visit.token = token
    asked = question(visit, "/passkeys/unlock/question")
    given = {**fields(key.sign(asked["challenge"])), "output": text(key.output(asked["salt"]))}
    assert visit.post("/passkeys/unlock", given).status_code == 200
    assert old
    visit.set_cookie(SESSION_COOKIE, old)
    visit.token = token
    assert visit.post("/passkeys/unlock", given).status_code == 403


def test_after_signing_out_there_is_nothing_to_unlock(visit: Visit) -> None:
    added(visit)
    visit.get("/own")
    visit.post("/session/end")
    visit.get("/session/new")
    for path in ("/passkeys/unlock/question", "/passkeys/unlock"):
        answer = visit.post(path)
        assert answer.status_code == 410 and shows_nothing(answer)


def test_a_locked_session_is_asked_for_nothing_else(visit: Visit) -> None:
    key = added(visit)
    visit.get("/own")
    token = visit.token
    given = fields(key.sign(question(visit, purpose="prove")["challenge"]))
    visit.post("/session/lock")
    visit.token = token
    assert visit.post("/passkeys/question", {"purpose": "prove"}).status_code == 403
    assert visit.post("/passkeys/prove", given).status_code == 403
    assert visit.get("/clients").status_code == 303


def test_another_browser_cannot_use_the_cookie(visit: Visit, app: Flask, office: Office) -> None:
    key = added(visit)
    visit.get("/own")
    thief = Visit(app, office, address="198.51.100.9")
    thief.set_cookie(SESSION_COOKIE, visit.cookie() or "")
    for device in (None, b"\x01" * 32):
        if device:
            thief.set_cookie(DEVICE_COOKIE, cookie_of(device))
        thief.get("/session/new")
        assert thief.post("/passkeys/unlock/question").status_code == 410
        given = {**fields(key.sign(bytes(56))), "output": text(bytes(32))}
        assert thief.post("/passkeys/unlock", given).status_code == 410
    thief.set_cookie(DEVICE_COOKIE, cookie_of(DEVICE))  # both cookies are the browser itself, and still no passkey
    thief.token = visit.token
    assert thief.post("/passkeys/unlock", given).status_code == 403


@pytest.mark.parametrize("spoiled", ["", "%%%", "A", "あ", "A" * 70_000])
def test_what_no_script_of_ours_sends_is_refused(spoiled: str, visit: Visit) -> None:
    added(visit)
    visit.get("/own")
    names = ("challenge", "credential", "client_data", "authenticator_data", "signature", "attestation", "output", "purpose")
    for path in ADDRESSES:
        visit.get("/own")
        answer = visit.post(path, {**dict.fromkeys(names, spoiled), "password": PASSWORD})
        assert answer.status_code in (400, 403), path
        assert shows_nothing(answer)


def test_a_wrong_password_for_a_new_one_is_said_to_be_just_that(visit: Visit) -> None:
    visit.get("/own/passkeys/new")
    answer = visit.post("/passkeys/question", {"purpose": "add", "password": "not the password"})
    said = answer.get_data(as_text=True)
    assert answer.status_code == 403 and "パスワードが違います。もう一度入力してください。" in said and "ログインID" not in said
