"""The lines of the operator's manual, run as they are written, one after the other, on one host with one office at work.

Only names, places and days are put in; what is left out is named with its reason.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.support.hosts import ScratchHost, needs_host, prepared_host, work_in
from tests.test_manual import LINES
from vault.cli.operator.main import main
from vault.domain.values.moments import JAPAN
from vault.services.operator.preparing import COMMAND, OFFICE_COMMAND

pytestmark = needs_host

# Beginnings of lines that are not run here, and why.
LEFT_OUT = {
    "tar ": "the checkout is there",
    "/usr/local/src/kura/deploy/provision": "tests/cli/test_provision.py runs it",
    "install -m 0640": "of the monitor's test; it would write outside the scratch folder",
    "kura-operator monitor test-mail": "no mail server is there; tests/services/test_monitor.py has one",
    "kura-operator provision yamada --address": "certbot: tests/storage/test_acme.py",
    "kura-operator provision yamada --undo": "nothing is half made; tests/cli/test_provision.py",
    "kura-operator provision yamada --cert": "of another kind of certificate; tests/storage/test_certificates.py",
    "kura-operator release": "there is one release; tests/cli/test_upgrade.py has two",
    "kura-operator upgrade": "the same",
    **dict.fromkeys((f"kura-operator register {each}" for each in ("list", "show", "edit", "verify", "passphrase")),
                    "each takes the price of the passphrase; tests/cli/test_register.py"),
    "kura-operator move yamada --receive": "there is no second host; tests/cli/test_decommission.py",
    "kura-operator decommission yamada --moved": "the same",
}
PASSPHRASE = "曇り空の下で灰色の猫が眠る\n"
CONTRACT = '{"number": "C-2026-001", "kind": "保険代理店", "name": "見本保険事務所", "office": "%s", "policies": "100件"}'


@dataclass
class Terminal:
    """The operator's, of one host: an office of the manual's name has a name that no other test's has."""

    made: ScratchHost
    name: str

    def filled(self, line: str) -> str:
        """The line with this host's places, and with days that lie as the manual's do."""
        now = datetime.fromtimestamp(time.time(), JAPAN)
        for written, meant in {
            "2026-11-22 18:50": f"{now - timedelta(minutes=30):%Y-%m-%d %H:%M}",
            "2026-11-22 19:05": f"{now - timedelta(minutes=1):%Y-%m-%d %H:%M}",
            "2026-11-22": f"{now:%Y-%m-%d}", "2026-11-28": f"{now + timedelta(days=6):%Y-%m-%d}",
            "2026-11-10": f"{now - timedelta(days=12):%Y-%m-%d}", "yamada": self.name,
        }.items():  # fmt: skip
            line = line.replace(written, meant)
        for place in ("/opt/kura", "/var/lib/kura", "/etc/kura"):
            line = line.replace(place, str(self.made.host.under(place)))
        for command in (COMMAND, OFFICE_COMMAND):
            if line.startswith(f"{Path(command).name} "):
                return line.replace(Path(command).name, str(self.made.host.under(command)), 1)
        return line

    def run(self, line: str) -> str:
        """What it says; it has to end well. The monitor gives root's rights up, so it is not run within this process."""
        more, typed = self.answers(line)
        whole = self.filled(line) + more
        here = line.startswith("kura-operator ") and not line.startswith("kura-operator monitor ")
        status, said = _here(self.made, whole, typed) if here else _elsewhere(self.made, whole, typed)
        assert status == 0, f"{line}\n{said}"
        return said

    def answers(self, line: str) -> tuple[str, str]:
        """(what stands in for a person before the terminal, what is typed there)."""
        words = line.split()[1:]
        word = f" --passphrase-file {self.made.host.root / 'word'}"
        if words[:2] == ["register", "add"]:
            return f"{word} --json", CONTRACT % self.name
        if words[0] == "decommission":
            return word, f"{self.name}\n"
        if words[:2] == ["register", "init"]:
            return word, ""
        return "", "y\n"


def _here(made: ScratchHost, line: str, typed: str) -> tuple[int, str]:
    """By the terminal's command, without the seconds of another process."""
    words = shlex.split(line, comments=True)[1:]
    mask = os.umask(0o022)
    try:
        done = CliRunner().invoke(main, ["--root", str(made.host.root), *words], input=typed, catch_exceptions=False)
    finally:
        os.umask(mask)
    return done.exit_code, done.output


def _elsewhere(made: ScratchHost, line: str, typed: str) -> tuple[int, str]:
    """By a shell that finds the host's own command."""
    path = {"PATH": made.environment["PATH"]}
    done = subprocess.run(line, shell=True, input=typed, capture_output=True, text=True, timeout=300, env=path, check=False)
    return done.returncode, done.stdout + done.stderr


def test_the_manual_is_run_as_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    with prepared_host() as made:
        monkeypatch.setenv("PATH", made.environment["PATH"])
        name, _sheet = made.provision("yamada", "--contract", "C-2026-001", "--policies", "100")
        (made.host.root / "word").write_text(PASSPHRASE, "utf-8")
        (made.host.root / "word").chmod(0o600)
        terminal, said = Terminal(made, name), dict[str, str]()
        for line in LINES:
            if not line.startswith(tuple(LEFT_OUT)) and line != "kura-operator decommission yamada":
                _before(terminal, line)
                said[line] = terminal.run(line)
                _after(terminal, line, said[line])
        assert len(said) > 40 and all(any(line.startswith(each) for line in LINES) for each in LEFT_OUT)
        assert "復旧許可番号: " in said["kura-operator ticket yamada"]
        assert "再委託していません" not in said["kura-operator register tell"] and "1件" in said["kura-operator register tell"]
        assert said["kura-operator show yamada"].count("\n") > 20
        assert "署名したとおりです" in next(words for line, words in said.items() if "verify-certificate" in line)
        assert "事務所 0件" in terminal.run("kura-operator list")


def _before(terminal: Terminal, line: str) -> None:
    """What has to have happened for a line to make sense."""
    if line == "kura-operator monitor status":
        terminal.run("kura-operator monitor run")  # as its timer has done two minutes after the host's start
    if line == "kura-operator restore yamada --rebuild":
        shutil.rmtree(terminal.made.host.folder(terminal.name))
        assert "空の証券蔵は作りません" in terminal.made.operator("provision", terminal.name, code=1).stderr
        assert not terminal.made.host.folder(terminal.name).exists()


def _after(terminal: Terminal, line: str, said: str) -> None:
    host = terminal.made.host
    if line == "kura-operator provision yamada --again":
        told = dict(row.split(": ", 1) for row in said.splitlines() if ": " in row)
        work_in(terminal.made, terminal.name, {"login_id": told["ログインID"], "initial_password": told["初期パスワード"]})
    elif line.startswith("setsid "):
        assert "documents_gb = 40" in (host.folder(terminal.name) / "settings.toml").read_text("utf-8")
    elif line == "kura-operator restore yamada --rebuild":
        assert _clients(terminal) == 2 and Path(host.folder(terminal.name)).stat().st_uid
    elif line == "kura-operator move yamada --with-backups":
        terminal.run("kura-operator move yamada --reopen")


def _clients(terminal: Terminal) -> int:
    shown = terminal.run("kura-operator show yamada")
    return int(next(row.split(": ")[1] for row in shown.splitlines() if row.startswith("お客様: ")))
