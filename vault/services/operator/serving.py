"""The steps by which an office that is there comes to be served: certificate, site, units, and a first answer."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Callable

from vault.errors import Refused
from vault.services.operator.steps import Step
from vault.services.operator.wanted import Wanted
from vault.storage.host import certificates, sites, units
from vault.storage.host.layout import Host
from vault.storage.host.offices import ACME, HostedOffice
from vault.storage.host.programs import run

ANSWER_SECONDS, TAKEN_UP_SECONDS = 60.0, 10.0
# systemctl's own words for what is not there (any more).
_NOT_THERE = (0, 1, 4, 5)


def steps(host: Host, wanted: Wanted, clock: Callable[[], float] = time.time) -> list[Step]:
    """In this order: nginx does not take a site without its certificate, and an authority asks over the plain one first."""
    office = wanted.office
    return [
        Step("certificate", lambda: _certify(host, wanted, clock()), lambda: certificates.remove(host, office.name)),
        Step("units", lambda: enable(office.name), lambda: disable(office.name), lambda: is_enabled(office.name)),
        Step("site", lambda: serve(host, office), lambda: withdraw(host, office.name)),
        Step("answer", lambda: first_answer(host, office)),
    ]  # fmt: skip


def _certify(host: Host, wanted: Wanted, now: float) -> bool:
    if wanted.office.certificate == ACME and not certificates.is_there(host, wanted.name):
        serve(host, wanted.office)
    changed = certificates.install(host, wanted.office, now, wanted.chain, wanted.key)
    if changed and host.site(wanted.name).exists():
        sites.reload()
    return changed


def serve(host: Host, office: HostedOffice) -> bool:
    """Known to nginx from now on; says whether there was something to do."""
    changed = sites.write_site(host, office)
    if changed:
        sites.reload()
    return changed


def withdraw(host: Host, name: str) -> None:
    """No longer known to nginx."""
    if sites.remove_site(host, name):
        sites.reload()


# --- units


def is_enabled(name: str) -> bool:
    """Whether all of an office's units begin with the machine, and its socket is open."""
    said = run("systemctl", "is-enabled", *units.of_office(name), allowed=range(256)).split()
    listening = run("systemctl", "is-active", units.socket_of(name), allowed=range(256)).strip()
    return bool(said) and set(said) == {"enabled"} and listening == "active"


def enable(name: str) -> None:
    """From now on, and with each start of the machine."""
    run("systemctl", "enable", "--now", *units.of_office(name))


def disable(name: str) -> None:
    """Never again; what runs is ended, and waited for."""
    run("systemctl", "disable", "--now", *units.of_office(name), allowed=_NOT_THERE)
    run("systemctl", "stop", *units.services_of(name), allowed=_NOT_THERE)
    run("systemctl", "reset-failed", *units.of_office(name), *units.services_of(name), allowed=range(256))


# --- its answer


class _Line(http.client.HTTPSConnection):
    """To this host's own nginx, whatever the world's name servers say of the address yet."""

    def __init__(self, host: Host, office: HostedOffice) -> None:
        # What was put in place has to be what is served: nobody else is believed, and no authority asked.
        context = ssl.create_default_context(cafile=str(certificates.files(host, office.name)[0]))
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        super().__init__(office.address, host.profile.https_port, timeout=ANSWER_SECONDS, context=context)
        self._there = (host.profile.listen or ("127.0.0.1",))[0].strip("[]")
        self._context_of_line = context

    def connect(self) -> None:
        plain = socket.create_connection((self._there, self.port), timeout=ANSWER_SECONDS)
        self.sock = self._context_of_line.wrap_socket(plain, server_hostname=self.host)


def first_answer(host: Host, office: HostedOffice) -> None:
    """Ask for the first page as a browser would; raises Refused("first-answer") for anything but a page.

    nginx takes up what it was told a moment after it was told: until then the name is one that it does not know.
    """
    until = time.monotonic() + TAKEN_UP_SECONDS
    while True:
        try:
            status = _status(host, office)
            break
        except (OSError, http.client.HTTPException) as error:
            if time.monotonic() > until:
                raise Refused("first-answer", address=office.address, said=error) from error
            time.sleep(0.1)
    if status >= http.client.BAD_REQUEST:
        raise Refused("first-answer", address=office.address, said=status)


def _status(host: Host, office: HostedOffice) -> int:
    line = _Line(host, office)
    try:
        line.request("GET", "/", headers={"Host": sites.shown(host, office)})
        return line.getresponse().status
    finally:
        line.close()
