"""`kura-operator upgrade` with everything real but systemd and the users: gunicorn behind its socket, releases made from this
checkout, some of them broken on purpose, and somebody who asks every 50 ms."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from tests.support.command import begun, kura, refusal
from tests.support.host_units import HostUnits, host_units
from tests.support.offices import CHEAP, Clock, Office, templates
from tests.support.upgrades import (
    ROOT,
    add_office,
    add_release,
    ask,
    asking,
    left_over,
    marked,
    migrating,
    release_of,
    scratch_host,
    starting,
    write_units,
)
from tests.support.visits import Visit, app
from vault.cli.operator.main import main
from vault.config import load
from vault.services import presence
from vault.services.instance import Instance
from vault.services.operator import upgrade_notes
from vault.storage import schema
from vault.storage.host.layout import Host
from vault.web.gate import DEVICE_COOKIE, SESSION_COOKIE

__all__ = ["app", "templates"]
NEXT = f"{int(schema.HEAD) + 1:04d}"
FAILS_WHEN_SERVED = """
import sys
if "gunicorn" in sys.argv[0]:
    app.before_request_funcs[None].insert(0, lambda: ("", 500))
"""


# What is wrong with each release: found before anything is stopped, while it migrates, when it is loaded, once it serves.
BROKEN: dict[str, dict[str, str]] = {
    "no-import": {"vault/web/app.py": "import no_such_module\n"},
    "no-migration": migrating("raise RuntimeError('half-way')"),
    "no-start": {**migrating(), **starting("raise RuntimeError('of no use')")},
    "no-answer": {**migrating(), **starting(FAILS_WHEN_SERVED)},
}
SLOW_TO_CHECK = """
import sys, time
if "gunicorn" not in sys.argv[0]:
    time.sleep(5)
"""


@dataclass
class Place:
    """An office on a host with units under way, and the cookies of somebody who is signed in there."""

    host: Host
    units: HostUnits
    name: str
    cookies: str = ""

    def run(self, *words: str) -> Result:
        """`kura-operator upgrade` in this process."""
        return CliRunner().invoke(main, ["--root", str(self.host.root), "upgrade", *words])

    def begin(self, *words: str) -> subprocess.Popen[bytes]:
        """The same as a process of its own."""
        line = [sys.executable, "-P", "-m", "vault.cli.operator.main", "--root", str(self.host.root), "upgrade", *words]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        return subprocess.Popen(line, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def ask(self, page: str = "/today") -> tuple[int, str]:
        found = ask(self.host.socket(self.name), f"{self.name}.example", page, self.cookies)
        return found.status, found.release

    def dump(self) -> list[str]:
        """Everything the database has, without what the backup before an upgrade has noted."""
        with closing(sqlite3.connect(self.database)) as connection:
            return [line for line in connection.iterdump() if "journal" not in line and '"meta"' not in line]

    @property
    def database(self) -> Path:
        return self.host.folder(self.name) / "data" / "kura.db"

    def stands(self) -> tuple[str, str, list[str]]:
        """(the release, the schema, what is left over)."""
        with closing(sqlite3.connect(self.database)) as connection:
            revision = str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])
        return release_of(self.host, self.name), revision, left_over(self.host, self.name)

    def until(self, step: str) -> None:
        """Until an upgrade that runs elsewhere is at a step."""
        end = time.monotonic() + 60
        while (note := upgrade_notes.read(self.host, self.name)) is None or note.step != step:
            assert time.monotonic() < end, note
            time.sleep(0.02)


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    """Its folder's name is short, for that of a socket has to be."""
    root = Path(tempfile.mkdtemp(prefix="kura-up-", dir="/var/tmp"))
    made = scratch_host(root)
    add_release(made, "old", marked("old"))
    add_release(made, "new", {**migrating(), **marked("new")})
    write_units(made)
    yield made
    shutil.rmtree(root)


@pytest.fixture(scope="module")
def units(host: Host) -> Iterator[HostUnits]:
    with host_units(host.units, host.root) as made, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", made.path)
        yield made


@pytest.fixture(scope="module")
def new_place(host: Host, units: HostUnits, app: Flask, templates: list[Office]) -> Callable[[str], Place]:
    """Makes offices that run the old release and work."""

    def make(name: str) -> Place:
        add_office(host, name, "old", templates[0].folder)
        made = Place(host, units, name, sign_in(host, name, app, templates[0]))
        assert units.systemctl("start", f"kura-web@{name}.socket") == (0, "")
        assert made.ask() == (200, "old"), units.log(f"kura-web@{name}.service")
        return made

    return make


@pytest.fixture(scope="module")
def place(new_place: Callable[[str], Place]) -> Place:
    """One that stays with the old release, whatever is tried on it."""
    return new_place("ta")


def sign_in(host: Host, name: str, app: Flask, template: Office) -> str:
    """Somebody's cookies, from the sign-in page as it is served in this process."""
    office = Office(host.folder(name), Clock(time.time()), template.facts)
    worker = Instance(replace(load(office.folder), host=""), time.time, CHEAP)  # as `visits` asks, without nginx
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Instance, "keep", lambda self: None)
        visit = Visit(app, office, worker).with_device()
        assert visit.sign_in().status_code == 303
    office.close()
    worker.engine.dispose()
    worker.keyring.let_go()
    return "; ".join(f"{name}={visit.cookie(name)}" for name in (SESSION_COOKIE, DEVICE_COOKIE))


# --- on


def test_an_upgrade_loses_no_request_and_signs_nobody_out(new_place: Callable[[str], Place]) -> None:
    place = new_place("tb")
    with asking(place.host, place.name) as asked:
        done = place.run(place.name, "--to", "new")
    assert done.exit_code == 0, done.output
    assert (asked.lost, asked.statuses) == ([], {200})
    assert {answer.release for answer in asked.answers} == {"old", "new"}
    assert len(asked.answers) > 50
    assert place.ask() == (200, "new")
    assert place.stands() == ("new", NEXT, [])
    assert "tb: old から new にしました。" in done.output
    assert len(list(place.host.backups(place.name).glob("20*"))) == 1

    assert "tb: もう new です。" in place.run(place.name, "--to", "new").output
    back = place.run(place.name, "--to", "old")
    assert (back.exit_code, "古い版には戻せません" in back.output) == (1, True)
    assert place.ask() == (200, "new")
    assert place.stands() == ("new", NEXT, [])


def test_a_kill_leaves_an_office_that_works_and_the_next_run_ends_it(new_place: Callable[[str], Place]) -> None:
    place = new_place("td")
    place.units.systemctl("stop", "kura-web@td.service")  # it sleeps, which is no hindrance
    add_release(place.host, "slow", {**migrating(), **starting(SLOW_TO_CHECK)})
    process = place.begin(place.name, "--to", "slow")
    place.until(upgrade_notes.CHECK)
    process.kill()
    process.wait()
    assert place.ask() == (200, "")  # by the new release, which the kernel has let go on
    done = place.run(place.name, "--to", "slow")
    assert done.exit_code == 0, done.output
    assert place.stands() == ("slow", NEXT, [])
    assert place.ask() == (200, "")


# --- back


def test_a_terminal_that_goes_away_puts_the_office_back(place: Place) -> None:
    add_release(place.host, "slow-too", {**migrating(), **starting(SLOW_TO_CHECK)})
    process = place.begin(place.name, "--to", "slow-too")
    place.until(upgrade_notes.CHECK)
    process.send_signal(signal.SIGHUP)
    assert process.wait(60) == 128 + signal.SIGHUP
    assert place.stands() == ("old", schema.HEAD, [])
    assert place.ask() == (200, "old")


# A migration that fails comes back before anything was served, as in tests/services/test_upgrading.py.
@pytest.mark.parametrize("broken", [pytest.param(each, marks=pytest.mark.long if each == "no-migration" else ()) for each in BROKEN])
def test_a_broken_release_is_left_again_with_data_sessions_and_requests_as_they_were(place: Place, broken: str) -> None:
    add_release(place.host, broken, {**BROKEN[broken]})
    before, process = place.dump(), place.units.main(f"kura-web@{place.name}.service")
    with asking(place.host, place.name) as asked:
        done = place.run(place.name, "--to", broken)
    assert (done.exit_code, isinstance(done.exception, SystemExit)) == (1, True), done.output
    assert place.stands() == ("old", schema.HEAD, [])
    assert place.dump() == before
    assert place.ask() == (200, "old")
    assert asked.lost == []
    # Only what fails before real requests alone can have been seen by somebody.
    assert asked.statuses == ({200, 500} if broken == "no-answer" else {200})
    untouched = place.units.main(f"kura-web@{place.name}.service") == process
    assert untouched == (broken == "no-import")


def test_of_several_offices_those_after_the_first_that_fails_are_not_touched(place: Place, new_place: Callable[[str], Place]) -> None:
    new_place("te")
    (place.host.folder("te") / "data" / "kura.db").rename(place.host.folder("te") / "kura.db")
    done = place.run("te", "ta", "--to", "new")
    assert done.exit_code == 1
    assert "新しい金庫は作りません" in done.output
    assert "まだの事務所: te, ta" in done.output
    assert place.stands() == ("old", schema.HEAD, [])
    assert not (place.host.folder("te") / "data" / "kura.db").exists()


def test_a_dry_run_says_what_would_be_done_and_does_nothing(place: Place) -> None:
    done = place.run("ta", "--to", "new", "--dry-run")
    assert done.exit_code == 0, done.output
    assert "old から new にします" in done.output
    assert f"{schema.HEAD} → {NEXT}" in done.output
    assert place.stands() == ("old", schema.HEAD, [])


def test_whom_and_where_to_has_to_be_said(place: Place) -> None:
    assert place.run("--to", "new").exit_code == 1
    assert "--all" in place.run("ta", "--all", "--to", "new").output
    assert place.run("ta").exit_code == 1  # there is no current release


# --- the commands of an instance


def test_a_release_says_whether_it_opens_an_instance_and_migrates_none_that_is_served(tmp_path: Path) -> None:
    folder = begun(tmp_path / "office")
    assert "/session/new /healthz /readyz" in kura("check", "--folder", str(folder)).stdout
    handle = presence.stand_on(folder)
    assert "まだ動いています" in refusal(kura("migrate", "--folder", str(folder)))
    os.close(handle)
    assert f"{schema.HEAD} → {schema.HEAD}" in kura("migrate", "--folder", str(folder)).stdout
    for command in ("check", "migrate"):
        assert "ではありません" in refusal(kura(command, "--folder", str(tmp_path)))
