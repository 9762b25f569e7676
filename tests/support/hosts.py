"""A host of the operator's as the product makes it: below a scratch folder, with real users, a real nginx with an own CA, and
a stand-in for systemd (`host_units`).

    with prepared_host() as made:                       # `kura-operator prepare` and `release add` were run
        done = made.operator("provision", made.name("a"), "--address", "a.example.jp", "--certificate", "own-ca", "--json")

It needs root. Users that were made there are removed at the end, and whatever still runs as one of them is ended.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import pwd
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tests.support import stem
from tests.support.host_nginx import NGINX, Nginx, scratch_host
from tests.support.host_units import HostUnits, host_units
from tests.support.offices import Clock, Facts, Office, begin, confirm, enter_clients, enter_particulars
from vault.config import Settings, load
from vault.services.operator.preparing import profile_text
from vault.storage.host import files, releases, sites, users
from vault.storage.host.layout import MONITOR_USER, Host

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path("/var/tmp")
needs_host = pytest.mark.skipif(
    os.geteuid() != 0 or NGINX is None or not Path(releases.PYTHON).exists(),
    reason="needs root, nginx and Debian's python3: real users and their folders are made",
)


def environment() -> Path:
    """A Python environment that other users can run, made once for each lock file and kept: the tests' own is root's."""
    lock = ROOT / releases.LOCK
    whole = hashlib.sha256(lock.read_bytes()).hexdigest()
    folder = SHARED / f"kura-tests-{whole[:16]}"
    folder.mkdir(mode=0o755, exist_ok=True)
    assert folder.stat().st_uid == os.geteuid(), f"{folder} is somebody else's"
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # several processes of tests may want it at once
        place = folder / "environment"
        if releases._stamp(place) != whole:
            releases._make_environment(place, lock, whole)
    return place


@dataclass
class ScratchHost:
    """A prepared host. `mark` keeps the names of users apart from those of other tests at the same time."""

    host: Host
    units: HostUnits
    nginx: Nginx
    mark: str
    made: list[str] = field(default_factory=list)

    def name(self, office: str) -> str:
        """The short name of an office; its user is taken away at the end."""
        found = f"t{self.mark}{office}"
        self.made.append(found)
        return found

    @property
    def environment(self) -> dict[str, str]:
        """Of the operator's terminal: the stand-in and the scratch nginx come first."""
        path = f"{self.units.folder / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        return {"PATH": path, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1"}

    def operator(self, *words: str, typed: str = "", code: int | None = 0) -> subprocess.CompletedProcess[str]:
        """One run of `kura-operator`; `code` is how it has to end, None for whichever way."""
        ended, out, err = stem.run("kura-operator", ["--root", str(self.host.root), *words], self.environment, typed)
        assert code is None or ended == code, out + err
        return subprocess.CompletedProcess(words, ended, out, err)

    def command(self, *words: str) -> list[str]:
        """The command line."""
        return [sys.executable, "-P", "-m", "vault.cli.operator.main", "--root", str(self.host.root), *words]

    def begin(self, *words: str) -> subprocess.Popen[str]:
        """The same, begun whole and still running."""
        pipe = subprocess.PIPE
        return subprocess.Popen(self.command(*words), stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=self.environment)

    def provision(self, office: str, *more: str) -> tuple[str, dict[str, Any]]:
        """An office with a certificate of the own CA; returns (short name, hand-over)."""
        name = self.name(office)
        said = self.operator("provision", name, "--address", f"{name}.example.jp", "--certificate", "own-ca", "--json", *more)
        return name, json.loads(said.stdout)


class _Here(Office):
    """An office in its place on a host."""

    run: Path

    @property
    def settings(self) -> Settings:
        return replace(load(self.folder), run=self.run)


def work_in(made: ScratchHost, name: str, sheet: dict[str, Any]) -> Office:
    """The first day of an office that was handed over: its people, its sheet, two clients with two policies each."""
    _Here.run = made.host.run(name)
    office = _Here(made.host.folder(name), Clock(time.time()), Facts(sheet["login_id"], sheet["initial_password"]))
    begun = begin(office)
    confirm(office, begun.session)
    enter_particulars(office.desk())
    enter_clients(office, office.desk())
    office.close()
    for place in (made.host.folder(name), made.host.keys(name), made.host.run(name), made.host.backups(name)):
        subprocess.run(["chown", "-R", f"{made.host.user(name)}:", place], check=True)  # what a process of root has made there
    return office


@contextmanager
def prepared_host(release: bool = True) -> Iterator[ScratchHost]:
    """A host on which offices can be made; everything of it is gone at the end."""
    with _monitor_user(), scratch_host() as bare:
        host = Host(bare.root, replace(bare.profile, operator="試験運用", telephone="03-0000-0000", mail_to="kura@example.jp"))
        files.text(host.profile_file, profile_text(host.profile))
        with Nginx(host) as nginx:
            commands = {"nginx.service": {"reload": nginx.reload_command, "running": []}}
            with host_units(host.units, host.root, commands) as units:
                made = ScratchHost(host, units, nginx, os.urandom(2).hex())
                try:
                    sites.write_host(host)
                    nginx.start()
                    made.operator("prepare")
                    if release:
                        _add_this_release(made)
                    yield made
                finally:
                    _clear(made)


def _add_this_release(made: ScratchHost) -> None:
    """By the operator's command, which copies and compiles it for the first host and finds it there on every other one."""
    place, name = environment(), releases.name_of(ROOT)
    kept = place.parent / "releases" / name
    with (place.parent / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if kept.is_dir():
            _link_tree(kept, made.host.releases / name)
            files.link(made.host.releases / name / releases.ENVIRONMENT, releases.environment_for(made.host, ROOT / releases.LOCK, place))
        made.operator("release", "add", str(ROOT), "--environment", str(place))
        added = made.host.releases / name
        if not kept.is_dir() and added.is_dir():
            shutil.rmtree(kept.parent, ignore_errors=True)  # of the checkout as it was
            _link_tree(added, kept)


def _link_tree(source: Path, target: Path) -> None:
    """The same files in another place."""
    target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    waiting = target.with_name(f".{target.name}.part")
    shutil.rmtree(waiting, ignore_errors=True)
    shutil.copytree(source, waiting, symlinks=True, copy_function=os.link)
    waiting.rename(target)


@contextmanager
def _monitor_user() -> Iterator[None]:
    """The one user that all hosts of this machine share: made by the first of several processes of tests that needs it, and
    taken away by the last."""
    with (SHARED / "kura-tests.lock").open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        if users.numbers(MONITOR_USER) is None:
            file.write("made here\n")
            file.flush()
        try:
            yield
        finally:
            with suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(file.fileno()).st_size:
                    forget(MONITOR_USER)
                    file.truncate(0)


def _clear(made: ScratchHost) -> None:
    made.nginx.stop()
    for name in made.made:
        forget(made.host.user(name))


def forget(user: str) -> None:
    """A user of a test, and whatever runs as it."""
    found = users.numbers(user)
    if found is not None:
        users.end_processes(found[0])
        users.drop(user)


def leftovers(made: ScratchHost) -> list[str]:
    """Users of this test's host that are there."""
    return [each.pw_name for each in pwd.getpwall() if each.pw_name.startswith(f"kura-t{made.mark}")]
