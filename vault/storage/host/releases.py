"""Releases of the program on a host: copied whole, named by what is in them, read-only, with an environment by their lock."""

from __future__ import annotations

import hashlib
import os
import shutil
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from vault.errors import NotFound, Refused
from vault.storage import durable
from vault.storage.host import files
from vault.storage.host.layout import Host
from vault.storage.host.programs import run

PYTHON = "/usr/bin/python3"
# What a release consists of; whatever else lies in a checkout (tests, offices tried out, git) stays there.
PARTS = (
    "vault", "static", "templates", "deploy", "wsgi.py", "pyproject.toml", "requirements.txt", "README.md", "SECURITY.md",
    "CHANGELOG.md",
)  # fmt: skip
NEEDED = ("vault/cli/kura.py", "wsgi.py", "pyproject.toml", "requirements.txt")
TEMPLATES = "vault/web/compiled.py"  # not in the earliest releases
LOCK, STAMP, ENVIRONMENT, CURRENT = "requirements.txt", "lock.sha256", "environment", "current"
_PIP_SECONDS = 1800.0


@dataclass(frozen=True)
class Release:
    """One release on a host: its name, its version, which offices run it, and whether new offices will."""

    name: str
    version: str
    offices: tuple[str, ...]
    current: bool


# --- what is in a checkout


def parts_of(source: Path) -> list[Path]:
    """The program's files in a checkout or an unpacked archive, without what only running left there.

    Raises Refused("release-source") where that is no program of Kura.
    """
    if not all((source / name).is_file() for name in NEEDED):
        raise Refused("release-source", folder=source)
    found: list[Path] = []
    for part in PARTS:
        place = source / part
        found += [place] if place.is_file() else list(_program_files(place))
    return sorted(found)


def _program_files(folder: Path) -> Iterator[Path]:
    for place, below, names in os.walk(folder):
        below[:] = sorted(name for name in below if not name.startswith((".", "__pycache__")))
        yield from (Path(place) / name for name in names if not name.startswith(".") and not name.endswith(".pyc"))


def version_of(source: Path) -> str:
    """As the program says it."""
    raw = tomllib.loads((source / "pyproject.toml").read_text("utf-8"))
    return str(raw["project"]["version"])


def name_of(source: Path) -> str:
    """`<version>-<hash of everything in it>`: the same files have the same name on every host."""
    whole = hashlib.sha256()
    for path in parts_of(source):
        mark = b"x" if os.access(path, os.X_OK) and path.stat().st_mode & 0o100 else b"-"
        told = f"{path.relative_to(source)}\0".encode()
        whole.update(told + mark + hashlib.sha256(path.read_bytes()).digest())
    return f"{version_of(source)}-{whole.hexdigest()[:12]}"


# --- adding


def add(host: Host, source: Path, environment: Path | None = None) -> tuple[str, bool]:
    """Copy a program and make its environment where it is not there yet; returns (the release's name, whether it is new).

    `environment`: one that is there already and fits. Raises Refused: release-source, environment-unfit, program-failed.
    """
    name = name_of(source)
    target = host.releases / name
    python = environment_for(host, source / LOCK, environment)
    if target.is_dir():
        return name, False
    waiting = target.with_name(f".{name}.part")
    files.drop(waiting)
    files.passage(waiting)
    for path in parts_of(source):
        copy = waiting / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
        copy.chmod(0o555 if path.stat().st_mode & 0o100 else 0o444)
    (waiting / ENVIRONMENT).symlink_to(python)
    _compile(waiting)
    run("chmod", "-R", "u=rwX,go=rX", waiting)
    os.sync()
    waiting.replace(target)
    durable.sync_folder(target.parent)
    return name, True


def _compile(release: Path) -> None:
    """Nobody who runs it may write there, and without this each process would compile all of it again: modules, templates."""
    python = release / ENVIRONMENT / "bin" / "python"
    run(python, "-I", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", release / "vault", release / "wsgi.py")
    if (release / TEMPLATES).is_file():
        run(python, "-P", "-m", "vault.web.compiled", more={"PYTHONPATH": str(release)})


def environment_for(host: Host, lock: Path, given: Path | None = None) -> Path:
    """The environment of a lock file, made where it is not there; the stamp in it is written last, so that one half made
    is made anew."""
    whole = hashlib.sha256(lock.read_bytes()).hexdigest()
    place = host.environments / whole[:16]
    if given is not None:
        if _stamp(given) != whole:
            raise Refused("environment-unfit", folder=given)
        files.link(place, given.resolve())
    if _stamp(place) != whole:
        _make_environment(place, lock, whole)
    return place


def _stamp(environment: Path) -> str:
    try:
        return (environment / STAMP).read_text("ascii").strip()
    except OSError:
        return ""


def _make_environment(place: Path, lock: Path, whole: str) -> None:
    files.drop(place)
    files.passage(place.parent)
    run(PYTHON, "-m", "venv", place)
    run(
        place / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--root-user-action=ignore",
        "--require-hashes", "--requirement", lock, seconds=_PIP_SECONDS,
    )  # fmt: skip
    run("chmod", "-R", "u=rwX,go=rX", place)
    files.text(place / STAMP, f"{whole}\n")


# --- which is run


def current(host: Host) -> str:
    """The release that new offices run; empty while there is none."""
    return release_at(host.current)


def release_at(link: Path) -> str:
    """The name of the release that a link leads to; empty where there is no link."""
    try:
        return link.readlink().name
    except OSError:
        return ""


def choose(host: Host, name: str) -> bool:
    """Let new offices, and the operator's own commands, run a release; says whether it was another one before."""
    return files.link(host.current, path_of(host, name))


def path_of(host: Host, name: str) -> Path:
    """The folder of a release; raises NotFound("release-unknown")."""
    path = host.releases / name
    if not name or "/" in name or name.startswith(".") or not path.is_dir():
        raise NotFound("release-unknown", name=name)
    return path


def every(host: Host) -> list[Release]:
    """All releases of a host, by name."""
    runs = {path.name: release_at(path) for path in _links(host)}
    now = current(host)
    return [
        Release(path.name, version_of(path), tuple(name for name, ran in sorted(runs.items()) if ran == path.name), path.name == now)
        for path in sorted(host.releases.glob("[!.]*"))
    ]


def _links(host: Host) -> list[Path]:
    return sorted(path for path in host.release_of("x").parent.glob("[!.]*") if path.is_symlink())


def drop(host: Host, name: str) -> None:
    """Take a release away, and its environment where no other one needs it. Raises NotFound, Refused("release-used")."""
    path = path_of(host, name)
    found = next(each for each in every(host) if each.name == name)
    if found.current or found.offices:
        raise Refused("release-used", name=name, offices=", ".join(found.offices) or CURRENT)
    environment = (path / ENVIRONMENT).readlink()
    going = path.with_name(f".{name}.going")
    files.drop(going)
    path.rename(going)  # nobody begins to run what is half gone
    files.drop(going)
    with suppress(OSError):
        if not any(each.readlink() == environment for each in host.releases.glob("[!.]*/" + ENVIRONMENT)):
            files.drop(environment)
