"""The real systemd as the first process of namespaces of its own, on an overlay of this machine that is gone afterwards: the
units as they are installed, with every lock that they put on a process.

It costs half a minute and needs root, an overlay and a cgroup tree of the second version, so few tests use it; the others
use the stand-in (`host_units`).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SYSTEMD = Path("/lib/systemd/systemd")
_PARTS = ("vault", "static", "templates", "deploy", "wsgi.py", "pyproject.toml")
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_BOOT = """set -e
mount --make-rprivate /
mount -t tmpfs -o size=2g,mode=755 tmpfs "$BASE"
mkdir "$BASE/up" "$BASE/work" "$BASE/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$BASE/up,workdir=$BASE/work" "$BASE/root"
cd "$BASE/root"
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs dev
for each in $DEVICES; do touch "dev/$each"; mount --bind "/dev/$each" "dev/$each"; done
mkdir dev/shm dev/pts
mount -t tmpfs -o mode=1777 tmpfs dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mount -t tmpfs -o mode=755 tmpfs run
: >etc/machine-id
mkdir -p share opt/kura/environments/one opt/kura/releases/one opt/kura/offices
mount --bind "$SHARE" share
mount --bind "$ENVIRONMENT" opt/kura/environments/one
mount --bind "$RELEASE" opt/kura/releases/one
cp "$SHARE"/units/* etc/systemd/system/
mkdir old
pivot_root . old
cd /
umount -l old
exec env -i container=lxc PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system --unit=kura-trial.target \
    --log-target=journal --show-status=no
"""
_TARGET = "[Unit]\nRequires=basic.target kura-trial.service\nAfter=basic.target\n"
_SERVICE = """[Service]
Type=oneshot
ExecStart=/bin/bash /share/trial
StandardOutput=append:/share/said
StandardError=append:/share/said
ExecStopPost=/bin/systemctl exit --force
"""


def missing() -> str:
    """Why it cannot be had here; empty where it can."""
    if os.geteuid() != 0:
        return "needs root"
    if not SYSTEMD.exists() or shutil.which("unshare") is None:
        return "needs systemd and util-linux"
    if "overlay" not in Path("/proc/filesystems").read_text("ascii") or _groups() is None:
        return "needs overlayfs and cgroups of the second version"
    return ""


def _groups() -> Path | None:
    for line in Path("/proc/self/mounts").read_text("ascii").splitlines():
        words = line.split()
        if words[2] == "cgroup2" and os.access(words[1], os.W_OK):
            return Path(words[1])
    return None


def lay_out_release(place: Path, environment: Path, more: Mapping[str, Path]) -> None:
    """The program of this checkout, compiled as a release is, with further files."""
    place.mkdir(parents=True)
    for part in _PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, place / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(ROOT / part, place / part)
    for name, path in more.items():
        shutil.copyfile(path, place / name)
    (place / "environment").symlink_to("/opt/kura/environments/one")
    python = environment / "bin" / "python"
    compiling = {"PYTHONPATH": str(place), "PATH": os.defpath}
    for words in (("compileall", "-q", "--invalidation-mode", "unchecked-hash", str(place / "vault")), ("vault.web.compiled",)):
        subprocess.run([python, "-P", "-m", *words], env=compiling, check=True)
    subprocess.run(["chmod", "-R", "u=rwX,go=rX", place], check=True)


def run(base: Path, units: Mapping[str, str], trial: str, release: Path, environment: Path, seconds: float = 180) -> str:
    """Start a system with these units, run the script in it, end it; returns what the script said.

    What the script writes to /share lies in `base`/share afterwards.
    """
    share, system = base / "share", base / "system"
    for folder in (share / "units", system):
        folder.mkdir(parents=True)
    base.chmod(0o755)
    (share / "trial").write_text(trial, "utf-8")
    for name, text in {**units, "kura-trial.target": _TARGET, "kura-trial.service": _SERVICE}.items():
        (share / "units" / name).write_text(text, "utf-8")
    told = {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "BASE": str(system), "SHARE": str(share), "RELEASE": str(release),
        "ENVIRONMENT": str(environment), "DEVICES": " ".join(_DEVICES),
    }  # fmt: skip
    said = _in_namespaces(told, seconds)
    found = share / "said"
    assert found.exists(), f"systemd did not come to the script: {said}"
    return found.read_text("utf-8")


def _in_namespaces(told: dict[str, str], seconds: float) -> str:
    above = _groups()
    assert above is not None
    group = above / f"kura-trial-{os.getpid()}"
    group.mkdir()
    command = ["unshare", "--mount", "--pid", "--fork", "--uts", "--ipc", "--net", "--cgroup", "--kill-child", "bash", "-c", _BOOT]
    entering = f"echo $$ >{group}/cgroup.procs; exec \"$@\""
    try:
        done = subprocess.run(["bash", "-c", entering, "bash", *command], env=told, capture_output=True, text=True,
                              timeout=seconds, check=False, stdin=subprocess.DEVNULL)  # fmt: skip
        return done.stdout + done.stderr
    finally:
        _remove(group)


def _remove(group: Path) -> None:
    """A tree of cgroups, once everything in it has ended."""
    for _ in range(50):
        with suppress(OSError):
            for each in sorted((path for path in group.rglob("*") if path.is_dir()), key=lambda path: -len(path.parts)):
                each.rmdir()
            group.rmdir()
            return
        time.sleep(0.1)


