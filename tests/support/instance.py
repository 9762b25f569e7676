"""A real instance: `kura init` and `kura serve` as an office's server runs them, in a folder of its own."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from tests.support import stem

ROOT = Path(__file__).parents[2]
START_SECONDS = 60
STOP_SECONDS = 30


@dataclass(frozen=True)
class HandOver:
    """What `kura init` prints once, for the office's first sign-in."""

    login_id: str
    password: str
    printed: str


def read_hand_over(printed: str) -> HandOver:
    def line(name: str) -> str:
        found = re.search(rf"^\s*{name}\s*[::]\s*(\S+)\s*$", printed, re.MULTILINE)
        if found is None:
            raise ValueError(f"no line {name!r} in what kura init printed:\n{printed}")
        return found[1]

    return HandOver(line("ログインID"), line("初期パスワード"), printed)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Instance:
    """`folder` is the data, `home` everything else the server could write to: HOME, TMPDIR, run folder, its log."""

    folder: Path
    home: Path
    port: int = field(default_factory=free_port)
    workers: int = 1
    hand_over: HandOver | None = None
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def log(self) -> Path:
        return self.home / "serve.log"

    def environment(self) -> dict[str, str]:
        # Nothing of the caller's: a variable that a developer happens to have must not decide a test.
        for name in ("tmp", "run"):
            (self.home / name).mkdir(parents=True, exist_ok=True, mode=0o700)
        return {
            "PATH": os.defpath, "HOME": str(self.home), "TMPDIR": str(self.home / "tmp"),
            "RUNTIME_DIRECTORY": str(self.home / "run"), "LANG": "C", "TZ": "Asia/Tokyo",
            "PYTHONUTF8": "1", "PYTHONNOUSERSITE": "1", "PYTHONPATH": str(ROOT),
        }

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-P", "-m", "vault.cli.kura", *arguments]

    def kura(self, *arguments: str, code: int = 0) -> str:
        """Runs one `kura` command on this folder, e.g. `kura("backup")`; returns what it printed."""
        ended, out, err = stem.run("kura", [*arguments, "--folder", str(self.folder)], self.environment(), folder=self.home)
        printed = out + err
        assert ended == code, f"kura {' '.join(arguments)} ended with {ended}:\n{printed}"
        return printed

    def init(self) -> HandOver:
        self.home.mkdir(parents=True, exist_ok=True)
        self.hand_over = read_hand_over(self.kura("init", "--port", str(self.port)))
        return self.hand_over

    def start(self) -> None:
        assert self.process is None
        arguments = ("serve", "--folder", str(self.folder), "--port", str(self.port), "--workers", str(self.workers))
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command(*arguments), env=self.environment(), cwd=self.home, stdin=subprocess.DEVNULL,
                stdout=log, stderr=subprocess.STDOUT,
            )
        self._wait_until_it_answers()

    def _wait_until_it_answers(self) -> None:
        assert self.process is not None
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            try:
                urllib.request.urlopen(self.address + "/healthz", timeout=5).close()
                return
            except urllib.error.HTTPError:
                return  # an error page is an answer: the test will see it and say more than we could
            except OSError:
                pass
            time.sleep(0.05)
        written = self.log.read_text(encoding="utf-8", errors="replace")
        self.kill()
        raise RuntimeError(f"kura serve did not answer:\n{written}")

    def stop(self) -> int | None:
        """Ends the server the way systemd does; returns its exit code, None if it was not running."""
        return self._end(signal.SIGTERM)

    def kill(self) -> int | None:
        return self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> int | None:
        process, self.process = self.process, None
        if process is None:
            return None
        if process.poll() is None:
            process.send_signal(number)
        try:
            return process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise

    def restart(self) -> None:
        self.stop()
        self.start()
