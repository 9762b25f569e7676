"""Two offices on one host, with real users: neither can read, reach, watch or end anything of the other's.

What the units add to that (folders that are not there, processes that cannot be seen) is tried in test_units_for_real.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.hosts import ScratchHost, needs_host, prepared_host
from tests.support.upgrades import ask

pytestmark = needs_host
# Run as one office's user; prints what came of every attempt on what it is given.
_ATTEMPT = """
import json, os, signal, socket, sys
told = json.load(sys.stdin)
def said(act, *words):
    try:
        act(*words)
        return "done"
    except OSError as error:
        return type(error).__name__
def connect(place):
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(place)
def read(place):
    with open(place, "rb") as file:
        file.read(1)
found = {}
for place in told["folders"]:
    found["list " + place] = said(os.listdir, place)
    found["write " + place] = said(open, place + "/put", "wb")
for place in told["files"]:
    found["read " + place] = said(read, place)
    found["link " + place] = said(os.link, place, told["own"] + "/stolen")
found["connect"] = said(connect, told["socket"])
for number in told["processes"]:
    for part in ("mem", "environ", "fd", "maps", "root", "cwd"):
        place = f"/proc/{number}/{part}"
        found[f"{part} of {number}"] = said(os.listdir if part == "fd" else os.readlink if part in ("root", "cwd") else read, place)
    found[f"signal {number}"] = said(os.kill, number, signal.SIGTERM)
print(json.dumps(found))
"""


@dataclass(frozen=True)
class Two:
    """The host and the short names of two offices that run."""

    made: ScratchHost
    one: str
    other: str

    def processes(self, name: str) -> list[int]:
        """The master of an office and its workers."""
        main = self.made.units.main(f"kura-web@{name}.service")
        return [main, *map(int, Path(f"/proc/{main}/task/{main}/children").read_text("ascii").split())]

    def files(self, name: str) -> list[str]:
        """Every file of an office, wherever it lies."""
        host = self.made.host
        roots = (host.folder(name), host.keys(name), host.backups(name), host.run(name), host.told(name))
        return [str(path) for root in roots for path in root.rglob("*") if path.is_file()]

    def attempt(self, user: str, told: dict[str, object]) -> dict[str, str]:
        """What comes of everything that a user tries."""
        command = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "--reset-env", "/usr/bin/python3", "-c", _ATTEMPT]
        done = subprocess.run(command, input=json.dumps(told), capture_output=True, text=True, check=True, timeout=60)
        found: dict[str, str] = json.loads(done.stdout)
        return found


@pytest.fixture(scope="module")
def two() -> Iterator[Two]:
    with prepared_host() as made:
        names = [made.provision(office)[0] for office in "ab"]
        for name in names:
            assert ask(made.host.socket(name), f"{name}.example.jp").status == 200
            assert made.units.systemctl("start", f"kura-backup@{name}.service") == (0, "")
        yield Two(made, *names)


def told_of(two: Two, name: str, own: str) -> dict[str, object]:
    host = two.made.host
    folders = [host.folder(name), host.keys(name), host.backups(name), host.run(name), host.told(name)]
    return {
        "folders": [str(place) for place in folders], "files": two.files(name), "own": str(host.folder(own)),
        "socket": str(host.socket(name)), "processes": two.processes(name),
    }  # fmt: skip


def test_an_office_reaches_nothing_of_another(two: Two) -> None:
    told = told_of(two, two.other, own=two.one)
    assert len(two.files(two.other)) > 5 and len(two.processes(two.other)) > 1
    found = two.attempt(two.made.host.user(two.one), told)
    assert len(found) > 30
    assert {what: came for what, came in found.items() if came != "PermissionError"} == {}
    assert two.processes(two.other) == told["processes"]


def test_the_same_attempts_succeed_on_what_is_its_own(two: Two) -> None:
    """But for the memory of its own processes, which hide it from their own user, and what only the operator writes."""
    user = two.made.host.user(two.one)
    told = told_of(two, two.one, own=two.one)
    told["processes"] = []
    found = two.attempt(user, told)
    refused = {what for what, came in found.items() if came != "done" and not what.startswith("link ")}
    assert refused == {f"write {two.made.host.told(two.one)}"}


def test_not_even_its_own_user_reads_the_memory_of_a_process(two: Two) -> None:
    host = two.made.host
    told: dict[str, object] = {"folders": [], "files": [], "own": str(host.folder(two.one)), "socket": str(host.socket(two.one))}
    found = two.attempt(host.user(two.one), {**told, "processes": two.processes(two.one)[1:2]})
    looked = {what.split(" ")[0]: came for what, came in found.items()}
    assert {looked[part] for part in ("mem", "environ", "fd", "maps")} == {"PermissionError"}


def test_no_process_of_an_office_leaves_a_core_or_has_other_groups(two: Two) -> None:
    for number in two.processes(two.one):
        limits = Path(f"/proc/{number}/limits").read_text("ascii")
        status = Path(f"/proc/{number}/status").read_text("ascii")
        assert "Max core file size        0                    0" in limits
        assert "NoNewPrivs:\t1" in status and "Umask:\t0077" in status
        assert os.stat(f"/proc/{number}").st_uid in (0, int(status.split("Uid:\t")[1].split()[0]))
        groups = status.split("Groups:\t")[1].split("\n")[0].split()
        assert len(groups) <= 1, "its own group and no other"
