"""A browser without a screen: Flask's test client, which carries cookies and the token of the last page along."""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.support.offices import DEVICE, PASSWORD, SECRETS, Office
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
