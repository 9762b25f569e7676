"""The settings of one instance: read once, frozen, and never weaker than the program's own floor."""

from __future__ import annotations

import hashlib
import json
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path

from vault.errors import NotReady

SETTINGS_FILE = "settings.toml"
SECRET_FILE = "secret_key"
FORMAT = 1
KEEP_DAYS, LEAST_KEEP_DAYS = 180, 7
GIB, MIB = 1024**3, 1024**2
# Of scanned papers: bytes of all of an office, and of one file on its way in.
DOCUMENTS_GIB, UPLOAD_MIB, MOST_UPLOAD_MIB = 20, 50, 500
VERSION = "0.1.0"  # of the program, as backups note it


@dataclass(frozen=True)
class Settings:
    """Where an instance lies and how it is reached. `secret_key` signs what strangers carry, never records.

    `host`: the name that browsers reach it by, behind nginx and a UNIX socket; empty where it serves a loopback port.
    `told`: the folder in which the operator says things to the office.
    """

    folder: Path
    office: bytes
    port: int
    operator_public: bytes
    secret_key: bytes
    tls: bool
    workers: int
    replicas: tuple[Path, ...]
    run: Path
    backups: Path
    keep_days: int = KEEP_DAYS
    documents_bytes: int = DOCUMENTS_GIB * GIB
    upload_bytes: int = UPLOAD_MIB * MIB
    host: str = ""
    told: Path = Path("told")

    @property
    def database(self) -> Path:
        return self.folder / "data" / "kura.db"

    @property
    def segments(self) -> Path:
        return self.folder / "data" / "segments.db"

    @property
    def objects(self) -> Path:
        return self.folder / "objects"

    @property
    def uploads(self) -> Path:
        return self.folder / "data" / "uploads"

    @property
    def activation(self) -> Path:
        return self.folder / "activation.json"

    @property
    def ticket(self) -> Path:
        return self.folder / "ticket.json"

    @property
    def address(self) -> str:
        return f"https://{self.host}/" if self.host else f"http://localhost:{self.port}/"


def run_folder(folder: Path) -> Path:
    """The instance's folder on tmpfs: sessions, locks, permits. Never on a disk, never in a backup."""
    base = Path(os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0] or "/dev/shm")
    name = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
    return base / f"kura-{os.getuid()}-{name}"


def load(folder: Path) -> Settings:
    """The settings of the instance in `folder`; raises NotReady with the code of the sentence to say."""
    folder = folder.resolve()
    path = folder / SETTINGS_FILE
    if not path.is_file():
        raise NotReady("folder-foreign" if folder.exists() and any(folder.iterdir()) else "folder-empty", folder=folder)
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
        known = raw["format"]
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError) as error:
        raise NotReady("settings-unreadable", file=path) from error
    if known > FORMAT:
        raise NotReady("folder-newer", folder=folder)
    try:
        return Settings(
            folder=folder,
            office=bytes.fromhex(raw["office"]),
            port=int(raw["port"]),
            operator_public=bytes.fromhex(raw["operator_public"]),
            secret_key=_secret(folder / SECRET_FILE),
            tls=bool(raw.get("tls", False)),
            workers=int(raw.get("workers", 2)),
            replicas=tuple(folder / p for p in raw.get("replicas", ["keys/a", "keys/b"])),
            run=Path(raw["run"]) if raw.get("run") else run_folder(folder),
            backups=folder / raw.get("backups", "backups"),
            keep_days=max(LEAST_KEEP_DAYS, int(raw.get("keep_days", KEEP_DAYS))),
            documents_bytes=max(0, int(raw.get("documents_gb", DOCUMENTS_GIB))) * GIB,
            upload_bytes=min(MOST_UPLOAD_MIB, max(1, int(raw.get("upload_mb", UPLOAD_MIB)))) * MIB,
            host=str(raw.get("host", "")),
            told=folder / raw.get("told", "told"),
        )
    except (KeyError, ValueError, TypeError) as error:
        raise NotReady("settings-unreadable", file=path) from error


def _secret(path: Path) -> bytes:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise NotReady("secret-missing", file=path) from error
    if len(raw) < 32:
        raise NotReady("secret-missing", file=path)
    return raw


@dataclass(frozen=True)
class Hosting:
    """How an instance lies on a host of the operator: the name it is reached by, its run folder, what the operator says,
    replicas of the shred key and the folder of backups; absolute places, empty where the usual one within the folder is
    meant."""

    host: str = ""
    run: str = ""
    told: str = ""
    replicas: tuple[str, ...] = ()
    backups: str = ""

    def lines(self) -> str:
        """The lines of the settings that differ from those of an instance that stands by itself."""
        placed = {"host": self.host, "run": self.run, "told": self.told, "backups": self.backups}
        # A string of JSON is one of TOML.
        return "".join(f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in placed.items() if value)


def new_settings_text(office: bytes, port: int, operator_public: bytes, hosting: Hosting | None = None) -> str:
    """The settings file of a new instance."""
    on_host = hosting or Hosting()
    return (
        f"format = {FORMAT}\n"
        f'office = "{office.hex()}"\n'
        f"port = {port}\n"
        f'operator_public = "{operator_public.hex()}"\n'
        f"tls = {'true' if on_host.host else 'false'}\n"
        "workers = 2\n"
        f"replicas = {json.dumps(['keys/a', *(on_host.replicas or ('keys/b',))], ensure_ascii=False)}\n"
        f"{on_host.lines()}"
    )
