"""The stand-in for systemd does what the tests rely on: sockets, starts, ends, failures, as the unit files say."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.host_units import HostUnits, host_units

_SERVER = """
import os, signal, socket, sys
assert os.environ["LISTEN_PID"] == str(os.getpid()) and os.environ["LISTEN_FDS"] == "1"
print("umask", oct(os.umask(0)), "run", os.environ["RUNTIME_DIRECTORY"], flush=True)
line = socket.socket(fileno=3)
line.setblocking(True)
if "%(instance)s" == "broken":
    sys.exit(1)
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready:
    ready.connect(os.environ["NOTIFY_SOCKET"])
    ready.send(b"READY=1")
while True:
    caller, _ = line.accept()
    caller.sendall(str(os.getpid()).encode())
    caller.close()
"""
_UNITS = {
    "x@.socket": "[Socket]\nListenStream={root}/run/x/%i.sock\nSocketMode=0660\nRemoveOnStop=yes\n[Install]\nWantedBy=sockets.target\n",
    "x@.service": (
        "[Unit]\nRequires=x@%i.socket\nStartLimitIntervalSec=10\nStartLimitBurst=3\n"
        "[Service]\nType=notify\nExecStart=/usr/bin/env python3 {root}/server-%i.py\nUMask=0077\n"
        "RuntimeDirectory=xx/%i\nRestart=on-failure\nRestartSec=50ms\n"
    ),
    "once.service": "[Service]\nType=oneshot\nExecStart=/bin/echo one\nExecStart=/bin/false\n",
    "once.timer": "[Timer]\nOnCalendar=daily\n[Install]\nWantedBy=timers.target\n",
}


@pytest.fixture(scope="module")
def units() -> Iterator[HostUnits]:
    root = Path(tempfile.mkdtemp(prefix="kura-stand-in-", dir="/var/tmp"))
    for instance in ("a", "broken"):
        (root / f"server-{instance}.py").write_text(_SERVER % {"instance": instance})
    for name, text in _UNITS.items():
        (root / name).write_text(text.format(root=root))
    try:
        with host_units(root, root, {"nginx.service": {"reload": ["/bin/true"], "running": []}}) as made:
            assert made.systemctl("enable", "--now", "x@a.socket", "once.timer") == (0, "")
            yield made
    finally:
        shutil.rmtree(root)


def ask(units: HostUnits, instance: str = "a") -> str:
    path = next(Path(word) for word in units.systemctl("show", "-p", "FragmentPath", "--value", f"x@{instance}.socket")[1].split())
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(20)
        line.connect(str(path.parent / "run" / "x" / f"{instance}.sock"))
        return line.recv(100).decode()


def test_a_connection_starts_the_service_and_a_stop_ends_it(units: HostUnits) -> None:
    assert units.main("x@a.service") == 0
    number = ask(units)
    assert number == str(units.main("x@a.service")) and "umask 0o77" in units.log("x@a.service")
    assert units.systemctl("stop", "x@a.service") == (0, "")
    assert (units.state("x@a.service"), units.state("x@a.socket")) == ("inactive", "active")
    assert ask(units) not in ("", number)


def test_a_service_that_is_killed_is_started_again(units: HostUnits) -> None:
    before = int(ask(units))
    os.kill(before, signal.SIGKILL)
    assert int(ask(units)) != before


def test_a_service_that_always_fails_is_given_up_with_its_socket(units: HostUnits) -> None:
    units.systemctl("start", "x@broken.socket")
    with suppress(ConnectionError):
        assert ask(units, "broken") == ""
    units.wait("x@broken.service", "failed")
    assert units.state("x@broken.socket") == "failed"
    units.systemctl("reset-failed", "x@broken.service", "x@broken.socket")
    assert units.state("x@broken.socket") == "inactive"


def test_a_oneshot_that_fails_says_so_and_timers_only_stand(units: HostUnits) -> None:
    assert units.systemctl("start", "once.service")[0] == 1
    assert units.state("once.service") == "failed" and "one" in units.log("once.service")
    assert units.systemctl("is-active", "once.timer") == (0, "active")


def test_a_changed_file_is_seen_after_a_reload_of_the_manager(units: HostUnits) -> None:
    path = Path(units.systemctl("show", "-p", "FragmentPath", "--value", "once.service")[1])
    path.write_text("[Service]\nType=oneshot\nExecStart=/bin/true\n")
    assert units.systemctl("start", "once.service")[0] == 1
    assert units.systemctl("daemon-reload") == (0, "")
    assert units.systemctl("start", "once.service") == (0, "")


def test_what_is_enabled_is_a_link_and_nginx_is_a_command(units: HostUnits) -> None:
    assert units.systemctl("is-enabled", "x@a.socket", "x@b.socket") == (0, "enabled\ndisabled")
    assert units.systemctl("reload", "nginx") == (0, "")
    assert units.systemctl("is-active", "nginx", "absent.service") == (0, "active\ninactive")
    assert units.systemctl("start", "absent.service")[0] == 5


def test_the_socket_ends_last_and_takes_its_service_along(units: HostUnits) -> None:
    number = int(ask(units))
    units.systemctl("disable", "--now", "x@a.socket")
    end = time.monotonic() + 10
    while Path(f"/proc/{number}").exists():
        assert time.monotonic() < end
        time.sleep(0.02)
    assert units.state("x@a.socket") == "inactive"
