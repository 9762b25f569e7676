"""Offices on one host (five with --long), from the first command to the last: made, used in a browser over HTTPS, brought to a new release
while people ask, put back when that goes wrong, taken away. And nobody who runs the host can read what was typed."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import Browser, Page, expect

from tests.support import forms, leaks, pages
from tests.support.browser import another, office_context
from tests.support.hosts import ScratchHost, environment, needs_host, prepared_host
from tests.support.instance import HandOver, free_port
from tests.support.monitored import Mails
from vault.services.operator import remains
from vault.services.operator.preparing import COMMAND
from vault.storage.host import certificates, releases, users

ROOT = Path(__file__).resolve().parents[2]
# The last commit of the issue before, which knew of no operator.
EARLIER = "597abf4"
OFFICES = "abcde"  # with --long; of these two every day
TYPED = {"office": "白樺保険事務所さくら", "person": "佐々木 恵", "family": "星野沢", "given": "千鶴子", "street": "霧ヶ峰台9-41"}

pytestmark = [needs_host, pytest.mark.browser]


@dataclass
class Offices:
    """The host, its offices by their letters, and what the operator was shown and mailed."""

    made: ScratchHost
    mails: Mails
    names: dict[str, str] = field(default_factory=dict)
    sheets: dict[str, dict[str, Any]] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    def operator(self, *words: str, typed: str = "", code: int = 0) -> subprocess.CompletedProcess[str]:
        """The command as the operator's terminal finds it: the host's own, of the host's own release."""
        command = [str(self.made.host.under(COMMAND)), "--root", str(self.made.host.root), *words]
        path = {"PATH": self.made.environment["PATH"]}
        done = subprocess.run(command, input=typed, capture_output=True, text=True, timeout=300, env=path, check=False)
        self.said.append(done.stdout + done.stderr)
        assert done.returncode == code, done.stdout + done.stderr
        return done

    def address(self, letter: str) -> str:
        return f"{self.names[letter]}.example.jp"

    def runs(self, letter: str) -> str:
        return releases.release_at(self.made.host.release_of(self.names[letter]))


@dataclass
class Site:
    """What the pages of tests/support ask of an instance."""

    address: str
    hand_over: HandOver


def earlier_release(into: Path) -> Path | None:
    """The program as it was at the end of the issue before; None in a checkout without its history."""
    done = subprocess.run(["git", "-C", ROOT, "archive", EARLIER], capture_output=True, check=False)
    if done.returncode:
        return None
    into.mkdir()
    subprocess.run(["tar", "-x", "-C", into], input=done.stdout, check=True)
    return into


@pytest.fixture(scope="module")
def offices(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Offices]:
    mails = Mails()
    server = Controller(mails, hostname="127.0.0.1", port=free_port())
    server.start()
    with ExitStack() as stack, prepared_host() as made:
        stack.callback(server.stop)
        made.operator("prepare", "--smtp", f"127.0.0.1:{server.port}", "--mail-from", "kura@example.jp")
        found = Offices(made, mails)
        for letter in OFFICES if request.config.getoption("--long") else OFFICES[:2]:
            name, sheet = made.provision(letter)
            found.names[letter], found.sheets[letter] = name, sheet
        source = earlier_release(tmp_path_factory.mktemp("earlier") / "program")
        if source is not None:
            _go_back_to(found, source)
        yield found


def _go_back_to(found: Offices, source: Path) -> None:
    """Let every office run a release that was there before the operator's side was: nobody has used one yet."""
    made = found.made
    found.operator("release", "add", str(source), "--environment", str(environment()), "--keep-current")
    [name] = [each.name for each in releases.every(made.host) if not each.current]
    for letter in found.names:
        link = made.host.release_of(found.names[letter])
        link.unlink()
        link.symlink_to(made.host.releases / name)
        made.units.systemctl("stop", f"kura-web@{found.names[letter]}.service")


# --- a person before a browser


def pin_of(offices: Offices, letter: str) -> str:
    """The key that the browser takes for the office's, since it knows nothing of the host's own CA."""
    raw = (offices.made.host.certificate(offices.names[letter]) / certificates.CHAIN).read_bytes()
    key = x509.load_pem_x509_certificate(raw).public_key()
    public = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(public).digest()).decode()


@pytest.fixture(scope="module")
def page(offices: Offices, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    rules = (
        f"--host-resolver-rules=MAP *.example.jp 127.0.0.1:{offices.made.host.profile.https_port}",
        f"--ignore-certificate-errors-spki-list={pin_of(offices, 'a')}",
    )
    with another(browser.browser_type, tmp_path_factory.mktemp("home"), *rules) as own:
        context = office_context(own)
        context.set_default_timeout(60_000)
        yield context.new_page()
        context.close()


def test_an_office_begins_its_work_over_https(offices: Offices, page: Page) -> None:
    sheet = offices.sheets["a"]
    site = Site(f"https://{offices.address('a')}", HandOver(sheet["login_id"], sheet["initial_password"], ""))
    assert sheet["address"].startswith(site.address)
    pages.begin(page, site, office=TYPED["office"], person=TYPED["person"])  # type: ignore[arg-type]
    forms.fill_in(page, f"{site.address}/clients/new/Corporation", {
        "name": TYPED["family"], "kana": "ホシノサワ", "closing_day": "3月末日", "representative": TYPED["given"], "address": TYPED["street"],
    })
    expect(page.get_by_role("heading", level=1)).to_contain_text(TYPED["family"])
    assert page.evaluate("location.protocol") == "https:"


# --- upgrades


@dataclass
class Asking:
    """Somebody who asks for a page of an office every 50 ms, whatever happens."""

    nginx: Any
    address: str
    answers: list[tuple[float, int | str, float]] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        threads: list[threading.Thread] = []
        while not self.ended.wait(0.05):
            threads.append(threading.Thread(target=self.ask))
            threads[-1].start()
        for thread in threads:
            thread.join()

    def ask(self) -> None:
        begun = time.monotonic()
        try:
            answer = self.nginx.get(self.address, "/session/new")
            found: int | str = answer.status if b"</html>" in answer.read() else "half a page"
        except OSError as error:
            found = repr(error)
        self.answers.append((begun, found, time.monotonic() - begun))


@contextmanager
def asked_all_the_time(offices: Offices, letter: str) -> Iterator[Asking]:
    asking = Asking(offices.made.nginx, offices.address(letter))
    thread = threading.Thread(target=asking.run)
    thread.start()
    time.sleep(1)
    try:
        yield asking
    finally:
        time.sleep(1)
        asking.ended.set()
        thread.join()


def test_all_go_to_the_new_release_and_nobody_who_asks_is_left_without_an_answer(offices: Offices, page: Page) -> None:
    before = {letter: offices.runs(letter) for letter in offices.names}
    target = releases.current(offices.made.host)
    if before["a"] == target:
        pytest.skip("a checkout without its history has no earlier release")
    with asked_all_the_time(offices, "a") as asking:
        said = offices.operator("upgrade", "--all").stdout
    assert {letter: offices.runs(letter) for letter in offices.names} == dict.fromkeys(offices.names, target), said
    assert len(asking.answers) > 100 and {found for _at, found, _took in asking.answers} == {200}
    print(f"longest answer {max(took for *_rest, took in asking.answers):.1f} s of {len(asking.answers)}")
    page.goto(f"https://{offices.address('a')}/session/new")
    if page.get_by_label("ログインID").count():
        pages.sign_in(page, Site(f"https://{offices.address('a')}", HandOver("", "", "")), offices.sheets["a"]["login_id"], pages.PASSWORD)  # type: ignore[arg-type]
    page.goto(f"https://{offices.address('a')}/clients")
    expect(page.get_by_role("link", name=TYPED["family"]).first).to_be_visible()


def test_an_upgrade_that_goes_wrong_comes_back_and_the_others_are_not_tried(
    offices: Offices, page: Page, tmp_path: Path
) -> None:
    present = offices.runs("a")
    broken = tmp_path / "broken"
    shutil.copytree(ROOT, broken, ignore=shutil.ignore_patterns(".git", ".venv*", ".tools", "instance", "__pycache__", "tests"))
    (broken / "templates/session/new.html").write_text("{{ 1 // 0 }}\n", "utf-8")
    known = {each.name for each in releases.every(offices.made.host)}
    offices.operator("release", "add", str(broken), "--environment", str(environment()), "--keep-current")
    [target] = {each.name for each in releases.every(offices.made.host)} - known
    with asked_all_the_time(offices, "a") as asking:
        said = offices.operator("upgrade", "--all", "--to", target, code=1)
    assert "ここで止めました" in said.stderr
    assert {offices.runs(letter) for letter in offices.names} == {present}
    assert {found for _at, found, _took in asking.answers} == {200}
    page.reload()
    expect(page.get_by_role("link", name=TYPED["family"]).first).to_be_visible()


# --- what the operator can read


def test_nothing_that_was_typed_can_be_read_by_who_runs_the_host(offices: Offices) -> None:
    made, name = offices.made, offices.names["a"]
    assert made.units.systemctl("start", f"kura-backup@{name}.service")[0] == 0
    offices.operator("list")
    offices.operator("show", name)
    logs = made.host.root / "said"
    logs.write_text("\n".join([*offices.said, *offices.mails.texts, made.nginx.log(), made.units.log(f"kura-web@{name}.service")]))
    places = [made.host.root]
    leaks.check(places, [*TYPED.values(), pages.PASSWORD])
    held = made.host.folder(name) / "data"
    assert any(path.stat().st_size > 0 for path in held.rglob("*") if path.is_file())


# --- the end


def test_an_office_that_ends_leaves_nothing_and_the_others_go_on(offices: Offices, page: Page) -> None:
    made, name = offices.made, offices.names["b"]
    owner = users.numbers(made.host.user(name))
    assert owner is not None
    offices.operator("decommission", name, "--yes", name, "--contract-ended")
    assert users.numbers(made.host.user(name)) is None
    assert remains.find(made.host, name, f"{name}.example.jp", owner) == []
    left = [path for path in made.host.root.rglob("*") if name in path.name and not path.is_relative_to(made.host.operator)]
    assert left == []
    assert os.stat(made.host.operator).st_uid == 0
    for letter in set(offices.names) - {"b"}:
        assert made.nginx.get(offices.address(letter), "/session/new").status == 200
    page.reload()
    expect(page.get_by_role("link", name=TYPED["family"]).first).to_be_visible()
