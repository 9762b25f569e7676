"""A stand-in for systemd in tests: no test machine runs one as its first process, and none should be changed by a test.

It reads the unit files that the product writes, makes the sockets, starts a service at the first connection with its
handles (LISTEN_FDS) as the user, with the limits, folders and environment that the file says, restarts it after a failure,
ends it as the file says, and answers a `systemctl` of its own that the tests put first in PATH:

    with host_units(host.units, host.root, {"nginx.service": {"reload": [nginx, "-s", "reload", …], "running": []}}) as units:
        monkeypatch.setenv("PATH", units.path)          # `systemctl` is the stand-in's from here on
        … kura-operator provision …                     # writes files, daemon-reload, enable --now kura-web@a.socket
        units.main("kura-web@a.service")                # the process's number, 0 while it sleeps
        units.log("kura-web@a.service")                 # what it said on its standard outputs
        units.systemctl("start", "kura-backup@a.service")   # (status, text): a oneshot, by hand; timers never fire

The second argument stands for /: RuntimeDirectory=kura/a is root/run/kura/a. Units without a file (nginx) are given as
commands: `start`, `stop`, `reload` run a command line; "running" says that the unit is active from the beginning. A file that
was changed is seen after `daemon-reload` only, as with systemd. Start limits, trigger limits, Restart=, KillMode=, notify,
oneshot, Requires= are kept; what systemd does by namespaces and by the kernel's filters is not done here: it is tested by
`systemd-analyze` and by trial (tests/cli/test_hardening.py). Without root everything runs as the caller.

`folder` has to be reachable by the services' users, so it lies under /var/tmp and not under a test's own folder.
"""

from __future__ import annotations

import json
import os
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_TURN = 0.02  # seconds between looks at what is under way
_CLIENT = """#!{python} -I
import json, socket, sys
with socket.socket(socket.AF_UNIX) as line:
    line.connect({control!r})
    line.sendall(json.dumps(sys.argv[1:]).encode() + b"\\n")
    code, text = json.loads(b"".join(iter(lambda: line.recv(65536), b"")))
if text:
    print(text, file=sys.stderr if code in (1, 5) else sys.stdout)
sys.exit(code)
"""


@dataclass(frozen=True)
class HostUnits:
    """A running stand-in."""

    folder: Path

    @property
    def path(self) -> str:
        """A PATH with the stand-in's systemctl first."""
        return f"{self.folder / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"

    def systemctl(self, *words: str) -> tuple[int, str]:
        """(exit status, what it printed)."""
        done = subprocess.run([self.folder / "bin" / "systemctl", *words], capture_output=True, text=True, check=False, timeout=600)
        return done.returncode, (done.stdout + done.stderr).strip()

    def main(self, name: str) -> int:
        """The service's process, 0 while there is none."""
        return int(self.systemctl("show", "-p", "MainPID", "--value", name)[1] or 0)

    def state(self, name: str) -> str:
        return self.systemctl("show", "-p", "ActiveState", "--value", name)[1]

    def log(self, name: str) -> str:
        path = self.folder / "logs" / f"{name}.log"
        return path.read_text("utf-8", "replace") if path.exists() else ""

    def wait(self, name: str, state: str, seconds: float = 30.0) -> None:
        """Until a unit is in a state; fails when that takes longer."""
        end = time.monotonic() + seconds
        while self.state(name) != state:
            assert time.monotonic() < end, f"{name} is {self.state(name)}, not {state}:\n{self.log(name)[-3000:]}"
            time.sleep(0.05)


@contextmanager
def host_units(units: Path, root: Path, commands: Mapping[str, Mapping[str, list[str]]] | None = None) -> Iterator[HostUnits]:
    """A stand-in for the unit files in `units`; all that it started has ended when this ends."""
    folder = Path(tempfile.mkdtemp(prefix="kura-units-", dir="/var/tmp"))
    folder.chmod(0o755)
    _write_client(folder)
    told = json.dumps({"units": str(units), "root": str(root), "folder": str(folder), "commands": commands or {}})
    process = subprocess.Popen([sys.executable, "-m", "tests.support.host_units", told], cwd=ROOT, stdin=subprocess.DEVNULL)
    try:
        _wait_for(folder / "control", process)
        yield HostUnits(folder)
    finally:
        process.terminate()
        process.wait(120)
        shutil.rmtree(folder, ignore_errors=True)


def _write_client(folder: Path) -> None:
    path = folder / "bin" / "systemctl"
    path.parent.mkdir()
    path.write_text(_CLIENT.format(python=sys.executable, control=str(folder / "control")))
    path.chmod(0o755)


def _wait_for(control: Path, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 30
    while not control.exists():
        assert process.poll() is None and time.monotonic() < end, "the stand-in for systemd did not begin"
        time.sleep(0.01)


# --- the process of the stand-in itself


class Server:
    """The loop: who asks, who connects, who has ended."""

    def __init__(self, told: dict[str, object]) -> None:
        from tests.support.unit_commands import Answer, Commands
        from tests.support.unit_manager import Manager

        self.manager = Manager(Path(str(told["units"])), Path(str(told["root"])), Path(str(told["folder"])), told["commands"])  # type: ignore[arg-type]
        self.commands = Commands(self.manager)
        self.asking: list[tuple[socket.socket, Answer]] = []
        self.ending = False
        self.control = socket.socket(socket.AF_UNIX)
        self.control.bind(str(self.manager.folder / "control"))
        self.control.listen(16)
        self.manager.selector.register(self.control, selectors.EVENT_READ, self._asked)

    def _asked(self) -> None:
        line = self.control.accept()[0]
        told = b""
        while not told.endswith(b"\n"):
            told += line.recv(65536)
        self.asking.append((line, self.commands.answer(json.loads(told))))

    def run(self) -> None:
        signal.signal(signal.SIGTERM, self._end)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._woken())
        while not self.ending:
            for key, _events in self.manager.selector.select(_TURN if self.asking else 0.1):
                key.data()
            self.manager.turn()
            self.asking = [each for each in self.asking if not self._go_on(*each)]
        self._end_all()

    def _woken(self) -> int:
        reads, writes = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self.manager.selector.register(reads, selectors.EVENT_READ, lambda: os.read(reads, 4096))
        return writes

    def _end(self, *_: object) -> None:
        self.ending = True

    def _go_on(self, line: socket.socket, answer: object) -> bool:
        """Whether the answer is complete, and given."""
        try:
            next(answer)  # type: ignore[call-overload]
        except StopIteration as done:
            with line, suppress(OSError):
                line.sendall(json.dumps(done.value).encode())
            return True
        return False

    def _end_all(self) -> None:
        for unit in self.manager.running.values():
            if unit.main:
                self.manager.kill_rest(unit)


if __name__ == "__main__":
    Server(json.loads(sys.argv[1])).run()
