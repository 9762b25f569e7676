"""A browser without a screen: Flask's test client, which carries cookies and the token of the last page along."""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from tests.support.offices import DEVICE, PASSWORD, SECRETS, Office
from vault.crypto.directory import decode
from vault.crypto.keystore import VOUCH_BYTES, Passkey
from vault.crypto.unlock import passkey_place, passkey_stretched, seal_slot
from vault.domain.values.moments import JAPAN
from vault.services.accounts.passkeys import name_of
from vault.services.instance import Instance
from vault.web.app import create_app
from vault.web.gate import DEVICE_COOKIE, SESSION_COOKIE

_TOKEN = re.compile(r'name="csrf(?:_token)?" (?:content|value)="([^"]+)"')


def cookie_of(secret: bytes) -> str:
    return urlsafe_b64encode(secret).decode()


class Visit:
    """One browser at one worker; `at()` goes on with the same cookies at another."""

    def __init__(self, app: Flask, office: Office, instance: Instance | None = None, address: str = "192.0.2.7") -> None:
        self.app = app
        self.office = office
        self.instance = instance or office.instance
        self.address = address
        self.client = app.test_client()
        self.token = ""

    def at(self, instance: Instance) -> Visit:
        other = Visit(self.app, self.office, instance, self.address)
        other.client, other.token = self.client, self.token
        return other

    def with_device(self, secret: bytes = DEVICE) -> Visit:
        self.set_cookie(DEVICE_COOKIE, cookie_of(secret))
        return self

    def set_cookie(self, name: str, value: str) -> None:
        self.client.set_cookie(name, value, domain="localhost", secure=True, httponly=True)

    def cookie(self, name: str = SESSION_COOKIE) -> str | None:
        found = self.client.get_cookie(name, "localhost", "/")
        return found.value if found else None

    def open(self, path: str, **options: Any) -> TestResponse:
        # Templates are compiled once for all offices of a test run; which office is asked is said here.
        self.app.extensions["kura"] = self.instance
        environ = {"REMOTE_ADDR": self.address, **options.pop("environ_overrides", {})}
        answer = self.client.open(path, base_url="https://localhost", environ_overrides=environ, **options)
        found = _TOKEN.search(answer.get_data(as_text=True)) if answer.mimetype == "text/html" else None
        if found:
            self.token = found[1]
        return answer

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.open(path, method="GET", **options)

    def post(self, path: str, data: dict[str, str] | None = None, **options: Any) -> TestResponse:
        return self.open(path, method="POST", data={"csrf_token": self.token, **(data or {})}, **options)

    def sign_in(self, login_id: str | None = None, password: str = PASSWORD) -> TestResponse:
        self.get("/session/new")
        return self.post("/session/new", {"login_id": login_id or self.office.facts.login_id, "password": password})

    def client_page(self, number: int = 0) -> str:
        return f"/clients/{self.office.facts.clients[number].hex()}"

    def policy_page(self, client: int = 0, policy: int = 0) -> str:
        return f"{self.client_page(client)}/policies/{self.office.facts.policies[client][policy].hex()}"


def facts_for_routes(office: Office) -> dict[str, Any]:
    """A value for every argument of a route: something the office really has."""
    keystore = office.instance.files.read().keystore
    device, (room, *_) = keystore.device_of(DEVICE), decode(keystore.directory.document).of_clients()
    assert device is not None
    return {
        "client": office.facts.clients[0].hex(), "policy": office.facts.policies[0][0].hex(), "number": 1,
        "owner": "Household", "serial": 1, "person": office.facts.person.hex(), "device": device.hex(),
        "compartment": room.hex(), "deposit": office.facts.clients[1].hex(), "document": office.facts.clients[1].hex(),
        "goes": office.facts.clients[1].hex(), "one": "0" * 32, "other": office.facts.policies[0][1].hex(),
        "upload": "0" * 32, "token": "of-another-session", "record": office.facts.clients[1].hex(),
        "task": office.facts.clients[1].hex(), "sort": "maturity", "nth": 0,
    }  # fmt: skip


PASSKEY, PASSKEY_OUTPUT = b"credential of a passkey", b"\x0f" * 32


def add_passkey(office: Office) -> None:
    """A passkey of the administrator on the registered device, as one with PRF leaves it."""
    desk = office.desk()
    place = passkey_place(office.settings.office, desk.person, PASSKEY)
    kept = replace(desk.bundle, secrets={desk.device: desk.bundle.secrets[desk.device]})
    slot = seal_slot(passkey_stretched(PASSKEY_OUTPUT, place), kept.secrets[desk.device], place, kept)
    made = Passkey(desk.device, bytes(VOUCH_BYTES) + b"no key of an authenticator", 7, desk.instance.now(), slot)
    office.instance.files.add(lambda k: desk.marked(k.with_passkey(desk.person, PASSKEY, made, desk.bundle.private)))


def this_month(office: Office) -> str:
    """The month in which the office's clock stands, as an address names it."""
    return f"{datetime.fromtimestamp(office.clock(), JAPAN):%Y-%m}"


def address(app: Flask, rule: Rule, office: Office, **other: str) -> str:
    """The rule filled in with what the office has, or with `other`; what its pages about a month and a passkey ask for."""
    values = {**facts_for_routes(office), **(rule.defaults or {}), **other}
    told = {name: values[name] for name in rule.arguments}
    if rule.rule.startswith("/inspections/"):
        told["m"] = this_month(office)
    if rule.rule == "/own/passkeys/remove":
        told["passkey"] = name_of(PASSKEY).hex()
    with app.test_request_context():
        return app.url_map.bind("localhost").build(rule.endpoint, told)


def shows_nothing(answer: TestResponse) -> bool:
    """Whether an answer has none of what people typed into this office."""
    body = answer.get_data(as_text=True)
    return not any(secret in body for secret in SECRETS)


@pytest.fixture(scope="session")
def app(templates: list[Office]) -> Flask:
    """One application, so that each template is compiled once."""
    return create_app(templates[0].worker())


@pytest.fixture
def visit(app: Flask, office: Office) -> Iterator[Visit]:
    """The registered browser, signed in."""
    made = Visit(app, office).with_device()
    assert made.sign_in().status_code == 303
    assert made.get("/clients").status_code == 200
    yield made


@pytest.fixture
def stranger(app: Flask, office: Office) -> Visit:
    """A browser nobody has registered."""
    return Visit(app, office, address="198.51.100.9")
