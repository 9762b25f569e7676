"""The manager behind the stand-in for systemd: one thread, one loop, units and their states.

It starts what a connection, a command or a failure calls for, and ends it as its unit says. What takes time is a generator
that the loop comes back to, so that an office that stops slowly keeps no other office waiting.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import subprocess
import time
from collections.abc import Generator
from pathlib import Path

from tests.support.unit_files import Files, NoUnit, UnitFile
from tests.support.unit_launch import launch, tidy
from tests.support.unit_state import Running, kill_session, listening

Job = Generator[None, None, str]  # goes on until it is done; what it returns is what went wrong
_CLEAN = (0, -signal.SIGHUP, -signal.SIGINT, -signal.SIGTERM, -signal.SIGPIPE)
_TRIGGERS, _TRIGGER_SECONDS = 20, 2.0  # systemd's own limits
_STARTS, _START_SECONDS = 5, 10.0


class Manager:
    """`commands`: for units without a file (nginx), what a start, a stop, a reload of them runs."""

    def __init__(self, units: Path, root: Path, folder: Path, commands: dict[str, dict[str, list[str]]]) -> None:
        self.files = Files(units, root / "run")
        self.folder, self.commands = folder, commands
        self.running: dict[str, Running] = {}
        self.ended: dict[int, int] = {}  # children of no unit
        self.selector = selectors.DefaultSelector()
        for name, acts in commands.items():
            self.of(name).go(*(("active", "running") if "running" in acts else ("inactive", "dead")))
        for name in ("logs", "notify"):
            (folder / name).mkdir(exist_ok=True)
            (folder / name).chmod(0o755)

    def of(self, name: str) -> Running:
        return self.running.setdefault(name, Running(name))

    def log(self, name: str) -> Path:
        return self.folder / "logs" / f"{name}.log"

    # --- one turn of the loop

    def turn(self) -> None:
        """What ended, what is due, what said that it is ready."""
        self._reap()
        for unit in list(self.running.values()):
            if unit.due and time.monotonic() >= unit.due:
                unit.due = 0.0
                unit.restarts += 1
                self._launch(self.files.load(unit.name), unit)
            if unit.notify is not None:
                self._heard(unit)

    def _heard(self, unit: Running) -> None:
        assert unit.notify is not None
        while True:
            try:
                told = unit.notify.recv(4096)
            except BlockingIOError:
                return
            if b"READY=1" in told.split(b"\n") and unit.state == "activating":
                unit.go("active", "running")

    def _reap(self) -> None:
        while True:
            try:
                number, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not number:
                return
            self.ended[number] = os.waitstatus_to_exitcode(status)
            for unit in self.running.values():
                if unit.main == number:
                    self._ended(unit, self.ended.pop(number))

    def _ended(self, unit: Running, status: int) -> None:
        file = self.files.load(unit.name)
        unit.main, unit.status = 0, status
        clean = status in _CLEAN or str(status) in file.words("Service", "SuccessExitStatus")
        if clean and unit.left and not unit.asked_to_stop:
            self._next(file, unit)
            return
        unit.left.clear()
        self.kill_rest(unit)
        if unit.notify is not None:
            unit.notify.close()
            unit.notify = None
        tidy(file)
        if clean and unit.state == "activating" and file.one("Service", "Type", "simple") == "notify":
            clean = unit.asked_to_stop
        self._settle(file, unit, clean)

    def _settle(self, file: UnitFile, unit: Running, clean: bool) -> None:
        again = file.one("Service", "Restart", "no")
        if not unit.asked_to_stop and (again == "always" or (again == "on-failure" and not clean)):
            unit.go("activating", "auto-restart", "success" if clean else "exit-code")
            unit.due = time.monotonic() + file.seconds("Service", "RestartSec", 0.1)
        elif clean or unit.asked_to_stop:
            unit.go("inactive", "dead", "success")
        else:
            unit.go("failed", "failed", "exit-code")
        if unit.state != "activating":
            self._listen_again(unit.name)

    def kill_rest(self, unit: Running, number: int = signal.SIGKILL) -> None:
        """What else the service has begun."""
        if unit.session:
            kill_session(unit.session, number)

    # --- services

    def _launch(self, file: UnitFile, unit: Running) -> None:
        now = time.monotonic()
        span = file.seconds("Unit", "StartLimitIntervalSec", _START_SECONDS)
        unit.started = [each for each in unit.started if now - each < span] + [now]
        if span and len(unit.started) > int(file.one("Unit", "StartLimitBurst", str(_STARTS))):
            unit.go("failed", "failed", "start-limit-hit")
            self._give_up(f"{unit.name.rpartition('.')[0]}.socket")
            return
        unit.asked_to_stop, unit.status, unit.due = False, 0, 0.0
        unit.left = file.every("Service", "ExecStartPre") + file.every("Service", "ExecStart")
        unit.go("activating", "start", "success")
        self._next(file, unit)

    def _next(self, file: UnitFile, unit: Running) -> None:
        kind = file.one("Service", "Type", "simple")
        line = unit.left.pop(0)
        is_main = not unit.left and kind != "oneshot"
        notify = self._open_notify(unit) if is_main and kind == "notify" else ""
        unit.main = unit.session = launch(file, self._handles(unit.name) if is_main else [], notify, self.log(unit.name), line)
        if is_main and kind != "notify":
            unit.go("active", "running")

    def _handles(self, name: str) -> list[socket.socket]:
        found = self.running.get(f"{name.rpartition('.')[0]}.socket")
        return found.sockets if found is not None else []

    def _open_notify(self, unit: Running) -> str:
        path = self.folder / "notify" / unit.name
        path.unlink(missing_ok=True)
        unit.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        unit.notify.bind(str(path))
        path.chmod(0o777)
        return str(path)

    # --- sockets

    def _listen(self, file: UnitFile, unit: Running) -> str:
        for place in file.every("Socket", "ListenStream"):
            unit.sockets.append(listening(file, Path(place)))
        unit.go("active", "listening", "success")
        self._watch(unit)
        return ""

    def _watch(self, unit: Running) -> None:
        for each in unit.sockets:
            self.selector.register(each, selectors.EVENT_READ, lambda: self._trigger(unit))

    def _unwatch(self, unit: Running) -> None:
        for each in unit.sockets:
            if each in self.selector.get_map():
                self.selector.unregister(each)

    def _trigger(self, unit: Running) -> None:
        """Somebody connects: the service begins and takes it from here."""
        service = self.of(f"{unit.name.rpartition('.')[0]}.service")
        now = time.monotonic()
        unit.triggered = [each for each in unit.triggered if now - each < _TRIGGER_SECONDS] + [now]
        if len(unit.triggered) > _TRIGGERS:
            self._give_up(unit.name, "trigger-limit-hit")
        elif service.state in ("inactive", "failed"):
            self._unwatch(unit)
            unit.sub = "running"
            self._launch(self.files.load(service.name), service)

    def _listen_again(self, service: str) -> None:
        unit = self.running.get(f"{service.rpartition('.')[0]}.socket")
        if unit is not None and unit.state == "active" and unit.sub == "running":
            unit.sub = "listening"
            self._watch(unit)

    def _give_up(self, name: str, result: str = "service-start-limit-hit") -> None:
        unit = self.running.get(name)
        if unit is not None and unit.state == "active":
            self._close(unit)
            unit.go("failed", "failed", result)

    def _close(self, unit: Running) -> None:
        self._unwatch(unit)
        for each in unit.sockets:
            if self.files.load(unit.name).is_set("Socket", "RemoveOnStop"):
                Path(each.getsockname()).unlink(missing_ok=True)
            each.close()
        unit.sockets.clear()

    # --- what a command asks for

    def start(self, name: str) -> Job:
        """Until it runs, is ready, or (oneshot) has ended."""
        if name in self.commands:
            return (yield from self._by_command(name, "start", "active"))
        file, unit = self.files.load(name), self.of(name)
        for needed in file.words("Unit", "Requires"):
            trouble = yield from self.start(needed)
            if trouble:
                return trouble
        while unit.state == "deactivating":
            yield
        if unit.state == "active" or (unit.state == "activating" and unit.main):
            pass
        elif file.kind == "socket":
            return self._listen_to(file, unit)
        elif file.kind == "service":
            self._unwatch(self.of(f"{name.rpartition('.')[0]}.socket"))
            self.of(f"{name.rpartition('.')[0]}.socket").sub = "running"
            self._launch(file, unit)
        else:
            unit.go("active", "waiting", "success")
        while unit.state == "activating" and unit.sub != "auto-restart":
            yield
        return "" if unit.state == "active" or unit.result == "success" else f"Job for {name} failed ({unit.result})."

    def _listen_to(self, file: UnitFile, unit: Running) -> str:
        service = self.of(f"{unit.name.rpartition('.')[0]}.service")
        if service.main:
            return f"{unit.name}: Socket service {service.name} already active, refusing."
        try:
            return self._listen(file, unit)
        except (OSError, LookupError) as error:
            self._close(unit)
            unit.go("failed", "failed", "resources")
            return f"Job for {unit.name} failed: {error}"

    def stop(self, name: str) -> Job:
        """Until it has ended: asked first, as its unit says, killed when its time is over."""
        if name in self.commands:
            return (yield from self._by_command(name, "stop", "inactive"))
        unit = self.of(name)
        for other in [each for each in self.running.values() if each.state not in ("inactive", "failed")]:
            if name in self._bound_to(other.name):
                yield from self.stop(other.name)
        unit.due = 0.0
        if unit.sockets:
            self._close(unit)
        if unit.main:
            yield from self._end(self.files.load(name), unit)
        if unit.state != "failed":
            unit.go("inactive", "dead")
        return ""

    def _bound_to(self, name: str) -> list[str]:
        if name in self.commands:
            return []
        try:
            file = self.files.load(name)
        except NoUnit:
            return []
        return [word for key in ("Requires", "BindsTo", "PartOf") for word in file.words("Unit", key)]

    def _end(self, file: UnitFile, unit: Running) -> Job:
        unit.asked_to_stop = True
        unit.go("deactivating", "stop-sigterm")
        number = signal.Signals[file.one("Service", "KillSignal", "SIGTERM")]
        if file.one("Service", "KillMode", "control-group") == "control-group":
            self.kill_rest(unit, number)
        else:
            os.kill(unit.main, number)
        until = time.monotonic() + file.seconds("Service", "TimeoutStopSec", 90.0)
        while unit.main:
            if time.monotonic() > until:
                self.kill_rest(unit)
            yield
        return ""

    def reload(self, name: str) -> Job:
        """By the unit's own command."""
        if name in self.commands:
            return (yield from self._by_command(name, "reload", ""))
        self.files.load(name)
        return f"Job type reload is not applicable for unit {name}."

    def _by_command(self, name: str, act: str, state: str) -> Job:
        words = self.commands[name].get(act)
        unit = self.of(name)
        if act == "reload" and unit.state != "active":
            return f"{name} is not active, cannot reload."
        if words:
            with self.log(name).open("ab") as log:
                process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            process.returncode = 0  # the loop waits for every child, and notes how it ended
            while process.pid not in self.ended:
                yield
            if self.ended.pop(process.pid):
                return f"Job for {name} failed because the control process exited with error code."
        if state:
            unit.go(state, "running" if state == "active" else "dead")
        return ""
