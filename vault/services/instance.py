"""The running instance: its settings, files, database, sessions and clock, held together for one process."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vault.config import Settings
from vault.crypto.unlock import DEFAULT_COST, Cost
from vault.errors import NotReady, Throttled
from vault.services.keyring import Keyring
from vault.services.memory import Tidy
from vault.services.resting import Rest
from vault.storage import durable, records
from vault.storage.database import check_schema, open_database, transaction
from vault.storage.keystore import KeystoreFiles
from vault.storage.objects import ObjectFiles
from vault.storage.segments import SegmentFile
from vault.storage.sessions import SessionStore
from vault.storage.uploads import UploadFiles

ARGON2_AT_ONCE = 2
ARGON2_WAIT = 20.0
IDLE_MINUTES = 15
LOOK_SECONDS = 0.25
REST_SECONDS = 300.0
SESSION_HOURS = 10


@dataclass(frozen=True)
class Origin:
    """Where a request came from: the address, the method and the template of the route, never its values."""

    address: str = ""
    method: str = ""
    route: str = ""


class Instance:
    """Everything of one office that a process needs. Cost and clock are arguments, so that no setting weakens them."""

    def __init__(
        self, settings: Settings, clock: Callable[[], float] = time.time, cost: Cost = DEFAULT_COST
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.cost = cost
        self.engine = open_database(settings.database)
        self.files = KeystoreFiles(settings.replicas, settings.office)
        self.objects = ObjectFiles(settings.objects)
        self.segments = SegmentFile(settings.segments)
        self.uploads = UploadFiles(settings.uploads)
        self.sessions = SessionStore(settings.run)
        self.keyring = Keyring(self.files)
        self.journal_keys: dict[tuple[int, int, bytes], tuple[bytes, bytes]] = {}
        self.checked: tuple[tuple[int, int], float] | None = None
        self.has_particulars = False  # once said, they are never unsaid
        self.rehearsing = False
        # Where a master process stands by: a worker that has worked and rests is replaced by a fresh copy, which has
        # neither the memory that could not be given back, nor what keys and texts have left in it.
        self.replaceable = False
        # Where a socket unit stands by: the whole process ends when nobody needs it.
        self.rest: Rest | None = None
        self._used = time.monotonic()
        self._keeper: tuple[int, threading.Thread] | None = None

    @property
    def office(self) -> bytes:
        return self.settings.office

    def now(self) -> int:
        """Seconds since 1970."""
        return int(self.clock())

    def check(self, away: bool = False) -> None:
        """Refuse to serve what is foreign, newer or not writable; raises NotReady. `away`: other replicas of the keys than
        the first may be away, for what serves nobody: a look at the state, a backup."""
        if not self.settings.database.is_file():
            raise NotReady("database-missing", file=self.settings.database)
        first, *others = self.settings.replicas
        for folder in (self.settings.folder, self.settings.database.parent, first):
            if not os.access(folder, os.W_OK):
                raise NotReady("folder-unwritable", folder=folder)
        for folder in others:
            if not away and not os.access(folder, os.W_OK):
                raise NotReady("replica-away", folder=folder)
        check_schema(self.engine)
        if self.has_begun() and self.files.newest() is None:
            raise NotReady("keystore-missing", folder=self.settings.replicas[0])

    def has_begun(self) -> bool:
        """Whether the first password was set. The database's commit is the moment, whatever files lie about."""
        with transaction(self.engine) as connection:
            return records.fact(connection, "begun") is not None

    def begun_at(self) -> int | None:
        """When the first password was set."""
        with transaction(self.engine) as connection:
            raw = records.fact(connection, "begun")
        return int.from_bytes(raw, "big") if raw is not None else None

    def settle_owed(self) -> None:
        """Give a replica of the keys that is back what it lacks, and destroy what it has of older epochs: no key of a
        person is needed. One whose folder is still away stays owed."""
        if any(replica.is_dir() for replica in self.files.owed()):
            self.keyring.let_go()  # or this worker would wait for its own lease
            self.files.finish()

    # --- small files

    def read_json(self, path: Path) -> dict[str, object] | None:
        """A small file of facts beside the settings, None when there is none."""
        try:
            found = json.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise NotReady("settings-unreadable", file=path) from error
        return found if isinstance(found, dict) else None

    def write_json(self, path: Path, facts: dict[str, object]) -> None:
        """Replace a small file of facts, whole."""
        durable.write_whole(path, json.dumps(facts, sort_keys=True).encode())

    # --- permits

    def argon2_permit(self) -> ArgonPermit:
        """The right to take the memory of one Argon2id run; two at a time over all workers."""
        return ArgonPermit(self.settings.run)

    # --- the keeper: a thread in each worker

    def asked(self) -> None:
        """For every request of somebody, which a monitor is not."""
        self._used = time.monotonic()
        if self.rest is not None and not self.rehearsing:
            self.rest.asked(self.now())

    def keep(self) -> None:
        """Start the thread that locks idle sessions and lets go of opened keys; once per process. For every request."""
        if self.rehearsing or (self._keeper is not None and self._keeper[0] == os.getpid()):
            return
        thread = threading.Thread(target=self._keep, name="keeper", daemon=True)
        self._keeper = (os.getpid(), thread)
        thread.start()

    def _keep(self) -> None:
        tidy, turn = Tidy(), 0
        while True:
            # Whoever ends an epoch waits for every worker that holds something of it.
            time.sleep(LOOK_SECONDS if self.keyring.holds() else 1.0)
            turn += 1
            try:
                self.keyring.let_go_if_due()
                if self.keyring.holds() and turn % round(1 / LOOK_SECONDS):
                    continue
                idle_minutes = IDLE_MINUTES
                if self.sessions.any_open():
                    idle_minutes = self.keyring.known_rule("idle_minutes", IDLE_MINUTES)
                self.sessions.lock_idle(self.now(), idle_minutes * 60)
                tidy.now()
                if self.rest is not None and self.rest.is_due(self.now()) and not self.sessions.any_open():
                    self.rest.end()
                if self.replaceable and time.monotonic() - self._used > REST_SECONDS and tidy.grown():
                    os.kill(os.getpid(), signal.SIGTERM)  # ends after what it is doing
                    return
            except Exception:  # noqa: BLE001, S112 - a keeper that dies leaves sessions unlocked for ever
                continue


class ArgonPermit:
    """A lock file out of two. The kernel gives it back when a worker dies; a semaphore would stay taken."""

    def __init__(self, run: Path) -> None:
        durable.make_folder(run)
        self._paths = [run / f"argon2.{i}" for i in range(ARGON2_AT_ONCE)]
        self._handle: int | None = None

    def __enter__(self) -> None:
        until = time.monotonic() + ARGON2_WAIT
        while time.monotonic() < until:
            for path in self._paths:
                handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                if durable.take_lock(handle, exclusive=True, seconds=0):
                    self._handle = handle
                    return
                os.close(handle)
            time.sleep(0.01)
        raise Throttled("busy", seconds=30)

    def __exit__(self, *_: object) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
