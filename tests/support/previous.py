"""Instances that an earlier Kura made, as they came; `tests/samples/instances/make.py` says how."""

from __future__ import annotations

import base64
import io
import json
import lzma
import shutil
import sqlite3
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.offices import Clock, Facts, Office

SAMPLES = Path(__file__).parents[1] / "samples" / "instances"
NEWEST = "issue-2"
DAY = 24 * 60 * 60
MADE = 1_795_000_000.0


@dataclass
class Previous:
    """A copy of such an instance, and what its people hold and have entered (`held`)."""

    folder: Path
    held: dict[str, Any]
    clock: Clock = field(default_factory=lambda: Clock(MADE + DAY))

    @property
    def devices(self) -> list[bytes]:
        return [bytes.fromhex(secret) for secret in self.held["devices"]]

    @property
    def database(self) -> Path:
        return self.folder / "data" / "kura.db"

    def office(self) -> Office:
        """The same for the tools that know offices; only once its database is up to date."""
        told = self.held["clients"]
        clients = [bytes.fromhex(client["id"]) for client in told]
        policies = [[bytes.fromhex(policy["id"]) for policy in client["policies"]] for client in told]
        facts = Facts(self.held["login_id"], groups=self.held["groups"], clients=clients, policies=policies)
        return Office(self.folder, self.clock, facts)

    def dump(self) -> tuple[str, ...]:
        """Everything that the database has, as statements."""
        with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True) as connection:
            found = tuple(connection.iterdump())
        connection.close()
        return found


def unpacked(root: Path, name: str = NEWEST) -> Previous:
    """A fresh copy below `root`."""
    folder = root / "instance"
    packed = base64.b64decode((SAMPLES / f"{name}.txt").read_text("ascii"))
    with tarfile.open(fileobj=io.BytesIO(lzma.decompress(packed))) as tar:
        tar.extractall(folder, filter="data")
    for place in (folder, *(path for path in folder.rglob("*") if path.is_dir())):
        place.chmod(0o700)
    held: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_text("utf-8"))
    return Previous(folder, held)


def copied(previous: Previous, root: Path) -> Previous:
    """Another copy of one that was unpacked, with its own clock."""
    shutil.copytree(previous.folder, root / "instance")
    return Previous(root / "instance", previous.held)
