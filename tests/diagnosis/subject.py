"""What is diagnosed: an office of this checkout with the clients of `office.json`, behind nginx with an own CA, over TLS.

Its password cost, its limits and its nginx are those of every office. Only where it lies and its ports are the tests' own.
"""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page

from tests.diagnosis import gateway
from tests.samples import typing as samples
from tests.support import forms, pages
from tests.support.browser import launched, office_context
from tests.support.host_nginx import LOOPBACK, Nginx, scratch_host, share, standing
from tests.support.instance import ROOT, HandOver, Instance
from vault.cli import serving
from vault.config import SETTINGS_FILE, load
from vault.storage.host import authority
from vault.storage.host.layout import Host
from vault.storage.host.offices import OWN, HostedOffice

NAME, ADDRESS = "diagnosed", "diagnosed.example"
START_SECONDS = 60.0
# One of a household and one of a corporation: each kind of form, and pages that have something in their lists.
CLIENTS = ("山田 太郎", "株式会社青葉製作所")


@dataclass
class Site:
    """What tests/support/pages.py asks of an instance."""

    address: str
    hand_over: HandOver


@dataclass(frozen=True)
class SignedIn:
    """A session of the administrator's registered browser: its cookies, and the token that every change carries."""

    cookies: dict[str, str]
    token: str

    @property
    def header(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())


@dataclass(frozen=True)
class Answer:
    """What the office said."""

    status: int
    headers: dict[str, str]
    body: str


@dataclass
class Subject:
    """`clients` and `policies`: paths of pages of what was entered."""

    host: Host
    gateway: gateway.Gateway
    begun: pages.Begun
    context: BrowserContext
    clients: list[str] = field(default_factory=list)
    policies: list[str] = field(default_factory=list)

    @property
    def port(self) -> int:
        return self.host.profile.https_port

    @property
    def place(self) -> str:
        """The name with the port."""
        return f"{ADDRESS}:{self.port}"

    @property
    def address(self) -> str:
        return f"https://{self.place}"

    @property
    def log(self) -> Path:
        """What the office's processes said."""
        return self.host.under("/home") / "serve.log"

    @property
    def authority(self) -> Path:
        """The certificate of the own CA, in PEM."""
        return authority.file(self.host)

    def sign_in(self) -> SignedIn:
        """A session of its own for each tool: what one of them ends is not the next one's."""
        with closing(_Tab(self)) as tab:
            return tab.signed_in()

    def ask(self, path: str, cookies: str = "", method: str = "GET", form: str = "") -> Answer:
        """One request, as a tool would send it."""
        plain = socket.create_connection((LOOPBACK, self.port), timeout=60)
        held = ssl.create_default_context(cafile=self.authority).wrap_socket(plain, server_hostname=ADDRESS)
        connection = HTTPConnection(self.place, timeout=60)
        connection.sock = held
        headers = {"Cookie": cookies, "Content-Type": "application/x-www-form-urlencoded", "Connection": "close"}
        with closing(connection):
            connection.request(method, path, form.encode() if method == "POST" else None, headers)
            answer = connection.getresponse()
            told = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, told, answer.read().decode("utf-8", "replace"))

    def is_in(self, session: SignedIn) -> bool:
        """Whether the session still opens the first page."""
        return self.ask("/today", session.header).status == 200


class _Tab:
    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.page = subject.context.new_page()

    def signed_in(self) -> SignedIn:
        page, of = self.page, self.subject
        # Whoever is signed in here is not signed out by it: the session of another tool goes on.
        of.context.clear_cookies(name="__Host-session")
        page.goto(f"{of.address}/session/new")
        page.get_by_label("ログインID").fill(of.begun.login_id)
        page.get_by_label("パスワード", exact=True).fill(of.begun.password)
        pages.press(page, "ログイン")
        page.wait_for_url("**/today")
        held = {each["name"]: each["value"] for each in of.context.cookies(of.address)}
        return SignedIn({name: value for name, value in held.items() if name != "__Host-seen"}, forms.token(page))

    def close(self) -> None:
        self.page.close()


# --- the office


def _instance(host: Host) -> Instance:
    """Laid out by `kura init`, then told what an office of a host is told."""
    made = Instance(folder=host.folder(NAME), home=host.under("/home"))
    made.folder.parent.mkdir(parents=True)
    made.init()
    run = host.run(NAME)
    run.mkdir(parents=True, mode=0o700)
    settings = made.folder / SETTINGS_FILE
    told = f'tls = true\nhost = "{ADDRESS}"\nrun = "{run}"'
    settings.write_text(settings.read_text("utf-8").replace("tls = false", told))
    return made


@contextmanager
def _serving(host: Host, made: Instance) -> Iterator[None]:
    """gunicorn as the unit starts it, but on a socket of its own: nothing would start it again after a rest."""
    settings, path = load(made.folder), host.socket(NAME)
    path.parent.mkdir(parents=True, exist_ok=True)
    command = [*serving.activated_arguments(settings), "--bind", f"unix:{path}"]
    with (made.home / "serve.log").open("wb") as log:
        process = subprocess.Popen(
            command, env={**made.environment(), **_told(settings.folder)}, stdout=log, stderr=log, start_new_session=True
        )
    try:
        _wait(process, path)
        share(path)
        yield
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(90)


def _told(folder: Path) -> dict[str, str]:
    return {"KURA_FOLDER": str(folder), "PYTHONPATH": str(ROOT)}


def _wait(process: subprocess.Popen[bytes], path: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError), closing(socket.socket(socket.AF_UNIX)) as probe:
            probe.connect(str(path))
            return
        time.sleep(0.05)
    raise RuntimeError("the office did not start")


def _enter(subject: Subject) -> None:
    """Clients with all their policies."""
    page, site = subject.context.new_page(), Site(subject.address, HandOver("", "", ""))
    page.goto(f"{subject.address}/clients")
    for name in CLIENTS:
        client = samples.client_named(name)
        typed = samples.typed_client(client)
        del typed["compartment"]
        owner = "Corporation" if client["kind"] == "corporation" else "Household"
        path = forms.add_client(page, site, typed, owner)  # type: ignore[arg-type]
        for policy in client["policies"]:
            confirmed = samples.confirmed(policy)
            forms.add_policy(page, site, path, samples.typed_policy(policy), confirmed)  # type: ignore[arg-type]
        subject.clients.append(path)
        page.goto(subject.address + path)
        links = page.locator("#policies tbody a")
        subject.policies += [each.get_attribute("href") or "" for each in links.all()]
    page.close()


def _browser(home: Path, proxy: gateway.Gateway) -> Iterator[Browser]:
    with launched(home, f"--proxy-server={proxy.address}") as browser:
        yield browser


@contextmanager
def standing_office() -> Iterator[Subject]:
    """The office, begun and with clients; everything of it is gone at the end."""
    with ExitStack() as stack:
        host = stack.enter_context(scratch_host())
        made = _instance(host)
        stack.enter_context(_serving(host, made))
        stack.enter_context(_front(host))
        proxy = stack.enter_context(gateway.opened(ADDRESS, host.profile.https_port))
        home = host.under("/browser")
        home.mkdir()
        browser = stack.enter_context(contextmanager(_browser)(home, proxy))
        context = office_context(browser, ignore_https_errors=True, proxy={"server": proxy.address})
        context.set_default_timeout(60_000)
        yield _begun(host, made, proxy, context)


@contextmanager
def _front(host: Host) -> Iterator[Nginx]:
    with standing(host, HostedOffice(NAME, ADDRESS, certificate=OWN)) as nginx:
        yield nginx


def _begun(host: Host, made: Instance, proxy: gateway.Gateway, context: BrowserContext) -> Subject:
    assert made.hand_over is not None
    page: Page = context.new_page()
    site = Site(f"https://{ADDRESS}:{host.profile.https_port}", made.hand_over)
    begun = pages.begin(page, site)  # type: ignore[arg-type]
    page.close()
    subject = Subject(host, proxy, begun, context)
    _enter(subject)
    return subject
