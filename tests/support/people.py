"""Colleagues as they come to an office: made by an administrator, in with their login sheet, on a browser of their own."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from tests.support.offices import ORIGIN, Office
from vault.domain.access import Role
from vault.domain.office import Colleague
from vault.services import sessions
from vault.services.accounts import people, registering, signing_in
from vault.services.instance import Instance
from vault.services.safe import Desk
from vault.services.sessions import LoginSheet

PASSWORD = "らっこ 砂時計 ひまわり 梯子"


@dataclass
class Member:
    """Somebody of the office and what he holds in his hands."""

    person: bytes
    login_id: str
    password: str
    device: bytes
    sheet: LoginSheet

    def sign_in(self, office: Office, instance: Instance | None = None) -> signing_in.SignedIn:
        return signing_in.sign_in(instance or office.instance, self.login_id, self.password, self.device, ORIGIN)

    def desk(self, office: Office, instance: Instance | None = None) -> Desk:
        worker = instance or office.instance
        return sessions.desk(worker, self.sign_in(office, worker).session, ORIGIN)


def device_of(name: str) -> bytes:
    """The secret of the browser of somebody."""
    return hashlib.sha256(b"browser of " + name.encode()).digest()


def admit(office: Office, sheet: LoginSheet, device: bytes, password: str = PASSWORD) -> Member:
    """In with a login sheet: the password chosen, the browser registered, closed, opened and signed in again."""
    first = registering.register(
        office.instance, sheet.login_id, sheet.initial_password, sheet.code, None, device, ORIGIN
    )
    assert isinstance(first, registering.First)
    registering.choose_password(office.instance, first.session, password, None, device, ORIGIN)
    member = Member(sheet.person, sheet.login_id, password, device, sheet)
    member.sign_in(office)
    return member


def join(
    office: Office, role: Role = Role.HANDLER, compartments: tuple[bytes, ...] = (), name: str = "鳥羽 渚",
    desk: Desk | None = None,
) -> Member:  # fmt: skip
    """A new colleague, wholly in."""
    sheet = people.create(desk or office.desk(), Colleague(name=name), role, compartments)
    return admit(office, sheet, device_of(name))
