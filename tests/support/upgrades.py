"""A host below a scratch folder, with releases made from this checkout and offices that run one of them."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPResponse
from pathlib import Path

from tests.support.offices import lay_out
from vault.config import SETTINGS_FILE
from vault.storage.host import files, offices, units
from vault.storage.host.layout import Host, read_host
from vault.storage.host.offices import HostedOffice
from vault.web.compiled import FOLDER

ROOT = Path(__file__).resolve().parents[2]
VERSIONS = "vault/storage/migrations/versions"
SCHEMA = "vault/storage/schema.py"
ANSWER_SECONDS = 60.0
_HEAD = re.compile(r'^HEAD = "(\d+)"', re.MULTILINE)
# A migration to the next schema, with a place for what it does wrong.
_MIGRATION = """
import sqlalchemy as sa
from alembic import op
revision = "{new}"
down_revision = "{old}"
def upgrade() -> None:
    op.create_table("of_the_new_release", sa.Column("id", sa.Integer, primary_key=True))
    {more}
"""


def scratch_host(root: Path) -> Host:
    """A host that nothing was provisioned on."""
    (root / "etc" / "kura").mkdir(parents=True)
    (root / "etc" / "kura" / "host.toml").write_text("")
    return read_host(root)


# --- releases


def add_release(host: Host, name: str, changes: Mapping[str, str] | None = None) -> Path:
    """This checkout as a release, with files replaced or added; run by the Python of these tests."""
    place = host.releases / name
    shutil.copytree(_base(host), place, copy_function=os.link, symlinks=True)
    for path, text in (changes or {}).items():
        (place / path).unlink(missing_ok=True)  # or it would be written in every release
        (place / path).write_text(text)
    return place


def _base(host: Host) -> Path:
    """Copied and compiled once, or each of many starts would compile all of it again."""
    base = host.releases / ".checkout"
    if not base.exists():
        shutil.copytree(ROOT / "vault", base / "vault")
        for part in ("static", "templates", FOLDER):  # what is compiled already is not compiled again
            if (ROOT / part).is_dir():
                shutil.copytree(ROOT / part, base / part)
        shutil.copy2(ROOT / "wsgi.py", base)
        (base / "environment").symlink_to(sys.prefix)
        environment = {**os.environ, "PYTHONPATH": str(base)}
        for words in (("compileall", "-q", str(base / "vault")), ("vault.web.compiled",)):
            subprocess.run([sys.executable, "-P", "-m", *words], env=environment, check=True)
    return base


def empty_release(host: Host, name: str, *revisions: str) -> Path:
    """A release that knows these schemas and has nothing to run."""
    versions = host.releases / name / VERSIONS
    versions.mkdir(parents=True)
    for before, revision in zip(("", *revisions), revisions, strict=False):
        follows = f'"{before}"' if before else "None"
        (versions / f"{revision}.py").write_text(f'revision = "{revision}"\ndown_revision = {follows}\n')
    return host.releases / name


def migrating(more: str = "pass") -> dict[str, str]:
    """The changes of a release with a schema of its own, whose migration goes on to do `more`."""
    text = (ROOT / SCHEMA).read_text("utf-8")
    found = _HEAD.search(text)
    assert found is not None
    old, new = found[1], f"{int(found[1]) + 1:04d}"
    migration = _MIGRATION.format(old=old, new=new, more=more)
    return {SCHEMA: _HEAD.sub(f'HEAD = "{new}"', text), f"{VERSIONS}/{new}_of_the_new_release.py": migration}


def starting(more: str) -> dict[str, str]:
    """The changes of a release whose application does `more` when it is loaded."""
    return {"wsgi.py": (ROOT / "wsgi.py").read_text("utf-8") + "\n" + more + "\n"}


def marked(mark: str) -> dict[str, str]:
    """The changes of a release that answers with its mark."""
    return starting(f"app.after_request_funcs[None].append(lambda answer: answer.headers.set('X-Release', {mark!r}) or answer)")


# --- offices


def add_office(host: Host, name: str, release: str, folder: Path | None = None) -> Path:
    """An office that runs a release: a copy of an instance, or a new one that nobody has used."""
    place = host.folder(name)
    place.parent.mkdir(parents=True, exist_ok=True)
    if folder is None:
        lay_out(place)
    else:
        shutil.copytree(folder, place)
    with (place / SETTINGS_FILE).open("a", encoding="utf-8") as settings:
        settings.write(f'run = "{host.run(name)}"\nhost = "{name}.example"\nbackups = "{host.backups(name)}"\n')
    host.run(name).mkdir(mode=0o700, parents=True)
    host.backups(name).mkdir(mode=0o700, parents=True)
    files.link(host.release_of(name), host.releases / release)
    offices.write(host, HostedOffice(name, f"{name}.example", began=1))
    return place


def release_of(host: Host, name: str) -> str:
    """The release that an office's link says."""
    return host.release_of(name).readlink().name


def left_over(host: Host, name: str) -> list[str]:
    """What an upgrade has made and has to take away again."""
    found = [*host.folder(name).rglob("*.aside*"), *host.folder(name).rglob("*.gone")]
    return [str(path) for path in (*found, *(host.operator / "upgrades").glob("*.json"))]


def write_units(host: Host) -> None:
    """The units as they are installed, but for the users, whom nobody has made here."""
    host.units.mkdir(parents=True)
    for name, text in units.texts(host).items():
        kept = [line for line in text.splitlines() if not re.match(r"(Socket)?(User|Group)=", line)]
        (host.units / name).write_text("\n".join(kept) + "\n")


# --- who asks


@dataclass
class Answer:
    """What came back, and which release said so."""

    status: int
    release: str = ""
    took: float = 0.0


def ask(path: Path, host_name: str, page: str = "/session/new", cookies: str = "") -> Answer:
    """One request as nginx passes it on; whatever goes wrong is raised."""
    began = time.monotonic()
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(ANSWER_SECONDS)
        line.connect(str(path))
        line.sendall(f"GET {page} HTTP/1.0\r\nHost: {host_name}\r\nCookie: {cookies}\r\n\r\n".encode())
        answer = HTTPResponse(line)
        answer.begin()
        answer.read()
    return Answer(answer.status, answer.headers.get("X-Release", ""), time.monotonic() - began)


@dataclass
class Asking:
    """Everything that was asked while it went on."""

    answers: list[Answer] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    @property
    def statuses(self) -> set[int]:
        return {answer.status for answer in self.answers}


@contextmanager
def asking(host: Host, name: str, seconds: float = 0.05) -> Iterator[Asking]:
    """Somebody asks every 50 ms, whether the one before was answered or not; all answers are there when it ends."""
    found, ends, threads = Asking(), threading.Event(), []

    def once() -> None:
        try:
            found.answers.append(ask(host.socket(name), f"{name}.example"))
        except Exception as error:  # noqa: BLE001 - a lost request, whatever lost it
            found.lost.append(repr(error))

    def often() -> None:
        while not ends.wait(seconds):
            threads.append(threading.Thread(target=once))
            threads[-1].start()

    asker = threading.Thread(target=often)
    asker.start()
    try:
        yield found
        time.sleep(0.5)
    finally:
        ends.set()
        asker.join()
        for thread in threads:
            thread.join(180)
