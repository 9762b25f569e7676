"""The units under the real systemd: an office starts at a connection with every lock on, all that it does works under them,
and what it could reach without them it cannot."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import real_systemd
from tests.support.hosts import environment
from vault.storage.host import releases, units
from vault.storage.host.layout import Host

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        bool(real_systemd.missing()) or not Path(releases.PYTHON).exists(), reason=real_systemd.missing() or "needs Debian's python3"
    ),
]
# Far from the numbers that other tests' users get: processes are seen from outside, and somebody may end all of a user's.
_FIRST_USER = 64801
_ASK = """
import socket, sys, time
began = time.monotonic()
with socket.socket(socket.AF_UNIX) as line:
    line.settimeout(60)
    line.connect(f"/run/kura-web/{sys.argv[1]}.sock")
    line.sendall(f"GET /session/new HTTP/1.0\\r\\nHost: {sys.argv[1]}.example.jp\\r\\n\\r\\n".encode())
    print("asked", line.recv(100).split()[1].decode(), round(time.monotonic() - began, 2))
"""
_TRIAL = """
export PYTHONPATH=/opt/kura/releases/one
python=/opt/kura/environments/one/bin/python
groupadd --force --system www-data
mkdir -p /var/lib/kura-operator /var/lib/kura-monitor
user=%(user)d
for each in one two; do
    groupadd --gid "$user" "kura-$each"
    useradd --uid "$user" --gid "$user" --no-create-home --shell /usr/sbin/nologin "kura-$each"
    user=$((user + 1))
    for place in /var/lib/kura /var/lib/kura-keys /var/backups/kura /run/kura; do
        mkdir -p "$place"; install -d -m 700 -o "kura-$each" -g "kura-$each" "$place/$each"
    done
    mkdir -p /etc/kura/told; install -d -m 750 -g "kura-$each" "/etc/kura/told/$each"
    echo told >"/etc/kura/told/$each/notices.json"; chmod 644 "/etc/kura/told/$each/notices.json"
    ln -s /opt/kura/releases/one "/opt/kura/offices/$each"
    setpriv --reuid="kura-$each" --regid="kura-$each" --init-groups "$python" -P -m vault.cli.kura init \\
        --folder "/var/lib/kura/$each" --host "$each.example.jp" --run "/run/kura/$each" --told "/etc/kura/told/$each" \\
        --replica "/var/lib/kura-keys/$each" --backups "/var/backups/kura/$each" >/dev/null
    systemctl --quiet enable --now "kura-web@$each.socket" "kura-backup@$each.timer" "kura-drill@$each.timer"
done
getent passwd kura-monitor >/dev/null || useradd --system --user-group --no-create-home kura-monitor
chown kura-monitor: /var/lib/kura-monitor; : >/etc/kura/host.toml; ln -s /opt/kura/releases/one /opt/kura/current
ask() { python3 -c '%(ask)s' "$1"; }
ask one; ask two; ask one
systemctl restart kura-web@one; ask one
systemctl stop --quiet kura-web@one; ask one
kill -KILL "$(systemctl show -p MainPID --value kura-web@one)"; ask one
for unit in kura-backup@one kura-drill@one kura-probe@one kura-monitor; do systemctl start "$unit"; echo "$unit $?"; done
journalctl --no-pager -u kura-monitor --output=cat
systemctl --failed --plain --no-legend
systemctl stop --quiet kura-web@one.socket kura-web@one; [ -e /run/kura-web/one.sock ] || echo closed
ls -d /run/kura/one/*
"""


@pytest.fixture(scope="module")
def base() -> Iterator[Path]:
    """Not below a test's own folder, which an office's user cannot enter."""
    place = Path(tempfile.mkdtemp(prefix="kura-real-", dir="/var/tmp"))
    yield place
    shutil.rmtree(place)


@pytest.fixture(scope="module")
def said(base: Path) -> str:
    probe = Path(real_systemd.__file__).with_name("unit_probe.py")
    real_systemd.lay_out_release(base / "release", environment(), {"probe.py": probe})
    texts = units.texts(Host())
    texts["kura-probe@.service"] = probing(texts["kura-web@.service"])
    trial = _TRIAL % {"user": _FIRST_USER, "ask": _ASK}
    return real_systemd.run(base, texts, trial, base / "release", environment())


def probing(text: str) -> str:
    """The unit of the web server with another command in it, and nothing else changed."""
    office = "/opt/kura/offices/%i"
    text = re.sub(r"(?m)^(Requires|After|Restart)=.*\n", "", text).replace("Type=notify", "Type=oneshot")
    text = re.sub(r"(?m)^ExecStart=.*", f"ExecStart={office}/environment/bin/python -P {office}/probe.py %i two", text)
    return text.replace("StandardOutput=journal", "StandardOutput=file:/share/probed")


def test_an_office_answers_at_the_first_connection_and_after_every_end(said: str) -> None:
    asked = re.findall(r"^asked (\d+) ([\d.]+)$", said, re.MULTILINE)
    assert [status for status, _ in asked] == ["200"] * 6, said
    assert float(asked[2][1]) < float(asked[0][1])  # the third finds it awake


def test_backup_drill_and_monitor_work_and_nothing_has_failed(said: str) -> None:
    for unit in ("kura-backup@one", "kura-drill@one", "kura-probe@one", "kura-monitor"):
        assert f"{unit} 0\n" in said, said
    assert "failed" not in said and "closed\n" in said, said


def test_what_is_in_its_run_folder_outlives_the_process(said: str) -> None:
    assert "/run/kura/one/sessions.db" in said


@pytest.fixture(scope="module")
def probed(said: str, base: Path) -> dict[str, str]:
    path = base / "share" / "probed"
    assert path.exists(), said
    found: dict[str, str] = json.loads(path.read_text("utf-8"))
    return found


def test_all_that_an_office_does_works_under_its_locks(probed: dict[str, str]) -> None:
    assert probed["drawn"] == "1 page"
    assert probed["hashed"] == "2 hashed"
    assert probed["told"] == "told\n"
    assert {probed[f"written {kind}"] for kind in ("data", "keys", "backups", "run")} == {"written"}
    assert probed["core"] == "(0, 0)"


def test_an_office_sees_nothing_but_its_own(probed: dict[str, str]) -> None:
    for place in ("/var/lib/kura", "/var/lib/kura-keys", "/var/backups/kura", "/run/kura", "/etc/kura/told"):
        assert probed[f"seen {place}"] == "['one']", place
    assert probed["seen /etc/kura"] == "['told']"
    for place in ("/var/lib/kura-operator", "/var/lib/kura-monitor", "/tmp", "/var/tmp"):
        assert probed[f"seen {place}"] == "[]", place
    assert probed["strangers"] == "0"
    assert probed["other socket"] == "PermissionError"


def test_an_office_changes_nothing_and_runs_nothing_but_the_program(probed: dict[str, str]) -> None:
    assert probed["network"] == "OSError"  # there is no such family
    assert probed["changeable"] == "[]"
    assert probed["written program"] == probed["written system"] == "OSError"  # a file system that is read only
    programs = {what: came for what, came in probed.items() if what.startswith("program in ")}
    assert len(programs) == 8 and set(programs.values()) == {"PermissionError"}, programs
    assert probed["privileged"] == "PermissionError"
    for what in ("other memory", "own world"):
        assert probed[what] == "Operation not permitted", what
