"""Run as an office's own process under its unit: what has to work there, and what must not. Prints one JSON object.

    python -P probe.py NAME OTHER
"""

from __future__ import annotations

import ctypes
import io
import json
import mmap
import os
import resource
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

_PROCESS_VM_READV, _UNSHARE_USER = 310, 0x10000000


def _said(act: Callable[[], object]) -> str:
    """What came of it, or which error."""
    try:
        return str(act())
    except Exception as error:  # noqa: BLE001 - whichever it is, it is what is to be told
        return type(error).__name__


def _redrawn() -> str:
    from PIL import Image

    from vault.storage import sandbox

    file = io.BytesIO()
    Image.new("L", (620, 877), 255).save(file, "PDF")
    pages = list(sandbox.redraw([file.getvalue()], len(file.getvalue()), read=sandbox.can_read()))
    return f"{len(pages)} page"


def _hashed() -> str:
    """Two passwords at once, as two people sign in."""
    from argon2.low_level import Type, hash_secret_raw

    found: list[bytes] = []
    each = [
        threading.Thread(target=lambda: found.append(hash_secret_raw(b"typed", bytes(16), 3, 65536, 4, 32, Type.ID)))
        for _ in range(2)
    ]
    for thread in each:
        thread.start()
    for thread in each:
        thread.join()
    return f"{len(found)} hashed"


def _written(folder: Path) -> str:
    path = folder / "probe"
    path.write_bytes(b"x")
    path.unlink()
    return "written"


def _strangers() -> int:
    """Processes of others that can be seen."""
    seen = [place for place in Path("/proc").iterdir() if place.name.isdigit()]
    return sum(place.stat().st_uid not in (os.getuid(), 0) or place.name == "1" for place in seen)


def _connected(kind: int, place: str | tuple[str, int]) -> str:
    with socket.socket(kind) as line:
        line.settimeout(2)
        line.connect(place)
    return "connected"


def _is_read_only(place: str) -> bool:
    return bool(os.statvfs(place).f_flag & os.ST_RDONLY)


def _run_of_its_own(folder: Path) -> str:
    path = folder / "program"
    shutil.copyfile("/bin/true", path)
    path.chmod(0o700)
    try:
        return str(subprocess.run([path], check=False).returncode)
    finally:
        path.unlink()


def _privileged(folder: Path) -> str:
    path = folder / "program"
    path.write_bytes(b"x")
    try:
        path.chmod(0o4700)
    finally:
        path.unlink()
    return "done"


def _program_in_memory() -> str:
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC).close()
    return "done"


def _libc(name: str, *words: int) -> str:
    libc = ctypes.CDLL(None, use_errno=True)
    return "done" if getattr(libc, name)(*words) >= 0 else os.strerror(ctypes.get_errno())


def look(name: str, other: str) -> dict[str, str]:
    """All of it."""
    own = {kind: Path(place) / name for kind, place in (
        ("data", "/var/lib/kura"), ("keys", "/var/lib/kura-keys"), ("backups", "/var/backups/kura"), ("run", "/run/kura"))}
    acts: dict[str, Callable[[], object]] = {
        "drawn": _redrawn,
        "hashed": _hashed,
        "told": lambda: (Path("/etc/kura/told") / name / "notices.json").read_text(),
        **{f"written {kind}": lambda place=place: _written(place) for kind, place in own.items()},  # type: ignore[misc]
        **{f"seen {place}": lambda place=place: sorted(os.listdir(place)) for place in (  # type: ignore[misc]
            "/var/lib/kura", "/var/lib/kura-keys", "/var/backups/kura", "/run/kura", "/etc/kura", "/etc/kura/told",
            "/var/lib/kura-operator", "/var/lib/kura-monitor", "/tmp", "/var/tmp")},
        "strangers": _strangers,
        "network": lambda: _connected(socket.AF_INET, ("127.0.0.1", 80)),
        "other socket": lambda: _connected(socket.AF_UNIX, f"/run/kura-web/{other}.sock"),
        "written program": lambda: _written(Path("/opt/kura/releases")),
        "written system": lambda: _written(Path("/etc")),
        "changeable": lambda: [place for place in ("/", "/etc", "/usr", "/opt/kura", "/var") if not _is_read_only(place)],
        **{f"program in {place}": lambda place=place: _run_of_its_own(place) for place in (  # type: ignore[misc]
            *own.values(), Path("/tmp"), Path("/var/tmp"), Path("/dev/shm"))},
        "privileged": lambda: _privileged(own["data"]),
        "program in memory": _program_in_memory,
        "other memory": lambda: _libc("syscall", _PROCESS_VM_READV, os.getpid(), 0, 0, 0, 0, 0),
        "own world": lambda: _libc("unshare", _UNSHARE_USER),
        "core": lambda: resource.getrlimit(resource.RLIMIT_CORE),
    }  # fmt: skip
    return {what: _said(act) for what, act in acts.items()}


if __name__ == "__main__":
    print(json.dumps(look(*sys.argv[1:3])))
