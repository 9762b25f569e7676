"""An office in this process: begun, with clients and policies, at a password cost that tests can pay many times.

The slow part is done once; a test gets a copy of the folder, its own clock and its own workers.
"""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from vault.config import SECRET_FILE, SETTINGS_FILE, Settings, load, new_settings_text
from vault.crypto.keys import new_id, new_signing_key, signing_public
from vault.crypto.unlock import Cost, recovery_groups
from vault.domain import fields
from vault.domain.clients import Household
from vault.domain.office import Colleague
from vault.domain.office import Office as Particulars
from vault.domain.policies import Policy, defaults, read_policy
from vault.services import clients, policies, sessions
from vault.services import office as office_service
from vault.services.accounts import activation, beginning, recovery, signing_in
from vault.services.instance import Instance, Origin
from vault.services.safe import Desk
from vault.storage import durable
from vault.storage.database import create_tables

CHEAP = Cost(8 * 4, 1, 4)
ORIGIN = Origin("192.0.2.7", "GET", "/test")
PASSWORD = "みかん 電車 くじら 夕焼け"
DEVICE = hashlib.sha256(b"the secret of the registered device").digest()
BEGUN = 1_795_000_000.0
NAMES = ("志摩 海斗", "羽黒 颯太")
SECRETS = ("志摩", "羽黒", "シマ カイト", "ハグロ ソウタ", "N-01", "M-12", "二度目")


class Clock:
    """A clock that stands still until it is told to go."""

    def __init__(self, now: float = BEGUN) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def tick(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class Facts:
    """What the people of the office hold in their hands, and the ids of what they entered."""

    login_id: str = ""
    initial_password: str = ""
    groups: list[str] = field(default_factory=list)
    code: str = ""
    person: bytes = b""
    clients: list[bytes] = field(default_factory=list)
    policies: list[list[bytes]] = field(default_factory=list)


@dataclass
class Office:
    """One office on disk; `instance` is its first worker."""

    folder: Path
    clock: Clock
    facts: Facts
    instance: Instance = field(init=False)
    workers: list[Instance] = field(init=False, default_factory=list, repr=False)

    def __post_init__(self) -> None:
        self.instance = self.worker()

    @property
    def settings(self) -> Settings:
        return replace(load(self.folder), run=self.folder.parent / "run")

    def worker(self) -> Instance:
        """Another process's view of the same folder."""
        made = Instance(self.settings, self.clock, CHEAP)
        self.workers.append(made)
        return made

    def close(self) -> None:
        """Let go of every file: thousands of offices are opened in one run."""
        for worker in self.workers:
            worker.engine.dispose()
            worker.keyring.let_go()
            worker.segments.close()

    def restart(self) -> None:
        self.instance.engine.dispose()
        self.instance.keyring.let_go()
        self.instance = self.worker()

    # --- people

    def sign_in(self, instance: Instance | None = None, device: bytes | None = DEVICE, password: str = PASSWORD) -> signing_in.SignedIn:
        return signing_in.sign_in(instance or self.instance, self.facts.login_id, password, device, ORIGIN)

    def session(self) -> sessions.Session:
        return self.sign_in().session

    def desk(self, instance: Instance | None = None) -> Desk:
        worker = instance or self.instance
        return sessions.desk(worker, self.sign_in(worker).session, ORIGIN)

    # --- the disk, as somebody with a shell sees it

    @property
    def database(self) -> Path:
        return self.settings.database

    def sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """One statement on the database file, outside Kura."""
        connection = sqlite3.connect(self.database, timeout=15, isolation_level=None)
        try:
            return connection.execute(statement, values).fetchall()
        finally:
            connection.close()

    def copy_database(self) -> Path:
        copy = self.folder.parent / f"copy-{len(list(self.folder.parent.iterdir()))}.db"
        self.sql("VACUUM INTO ?", str(copy))
        return copy

    def put_database_back(self, copy: Path) -> None:
        self.instance.engine.dispose()
        for suffix in ("", "-wal", "-shm"):
            self.database.with_name(self.database.name + suffix).unlink(missing_ok=True)
        shutil.copy(copy, self.database)

    def copy_keystore(self) -> Path:
        copy = self.folder.parent / f"keys-{len(list(self.folder.parent.iterdir()))}"
        shutil.copytree(self.folder / "keys", copy)
        return copy

    def put_keystore_back(self, copy: Path) -> None:
        for replica in self.settings.replicas:
            for path in [*replica.glob("keystore.*"), *replica.glob("shred.*")]:
                path.unlink()
            for path in [*(copy / replica.name).glob("keystore.*"), *(copy / replica.name).glob("shred.*")]:
                shutil.copy(path, replica / path.name)


def origin(address: str) -> Origin:
    return Origin(address, "POST", "/session/new")


def household(name: str, kana: str) -> Household:
    typed = {
        "name": name, "kana": kana, "address": "東京都渋谷区渋谷1-1-1",
        "members": [{"name": name, "kana": kana, "relationship": "本人", "birth": "S54.5.3"}],
    }  # fmt: skip
    reading = fields.read(Household, {**typed, "compartment": "00" * 16})
    assert reading.record is not None, reading.faults
    return reading.record


def policy(client: Household, insurer: str, number: str, premium: str = "10,000") -> Policy:
    typed = {
        **defaults("終身"), "insurer": insurer, "policy_number": number, "premium": premium, "mode": "月",
        "contract_date": "H20.6.1",
        "roles": [{"role": "契約者", "name": client.name}, {"role": "被保険者", "name": client.name}],
    }  # fmt: skip
    reading = read_policy(typed, client=client, others=[], confirmed=set())
    assert reading.record is not None, reading.faults
    return reading.record


def lay_out(folder: Path) -> None:
    """The folder of an instance, as `kura init` lays it out."""
    for place in (folder, folder / "keys" / "a", folder / "keys" / "b", folder / "data"):
        durable.make_folder(place)
    durable.write_whole(folder / SECRET_FILE, bytes(range(64)))
    create_tables(folder / "data" / "kura.db")
    text = new_settings_text(new_id(), 8080, signing_public(new_signing_key()))
    durable.write_whole(folder / SETTINGS_FILE, text.encode())


def unbegun_office(root: Path) -> Office:
    """An instance whose hand-over nobody has used."""
    lay_out(root / "instance")
    office = Office(root / "instance", Clock(), Facts())
    given = activation.issue(office.instance)
    office.facts = Facts(login_id=given.login_id, initial_password=given.initial_password)
    return office


def begin(office: Office, instance: Instance | None = None, device: bytes = DEVICE) -> beginning.Begun:
    """The first sign-in and the first password; the sheet waits in the session."""
    worker, facts = instance or office.instance, office.facts
    activation.sign_in(worker, facts.login_id, facts.initial_password, ORIGIN)
    begun = beginning.begin(worker, PASSWORD, None, device, ORIGIN)
    assert begun.session.payload is not None
    facts.groups = recovery_groups(begun.session.payload.waiting.secret)
    facts.code = begun.session.payload.waiting.code
    facts.person = begun.session.row.person
    return begun


def confirm(office: Office, session: sessions.Session, instance: Instance | None = None) -> None:
    """Two groups of the sheet typed back."""
    worker = instance or office.instance
    assert session.payload is not None
    asked = recovery.asked_groups(session.payload.waiting)
    typed = recovery_groups(session.payload.waiting.secret)
    desk = sessions.desk(worker, session, ORIGIN)
    recovery.confirm_sheet(desk, session, (typed[asked[0] - 1], typed[asked[1] - 1]), PASSWORD)


def enter_particulars(desk: Desk) -> None:
    read = fields.read(Particulars, {"name": "みなと保険事務所", "kind": "保険代理店", "address": "東京都港区1"})
    assert read.record is not None, read.faults
    office_service.save_particulars(desk, read.record, Colleague(name="佐々木 恵"), 0)


def enter_clients(office: Office, desk: Desk) -> None:
    """Two households; the first with two versions, two policies, and one of these with two versions."""
    room = desk.client_compartments()[0]
    for name, kana in zip(NAMES, ("シマ カイト", "ハグロ ソウタ"), strict=True):
        record = household(name, kana)
        made = clients.create(desk, room, record)
        numbers = [("日本生命", f"N-{len(office.facts.clients)}1"), ("明治安田生命", f"M-{len(office.facts.clients)}2")]
        office.facts.policies.append([policies.create(desk, made, policy(record, *each)) for each in numbers])
        office.facts.clients.append(made)
    first = office.facts.clients[0]
    clients.save(desk, first, replace(household(NAMES[0], "シマ カイト"), notes="二度目"), 1)
    changed = policy(household(NAMES[0], "シマ カイト"), "日本生命", "N-01", "12,000")
    policies.save(desk, first, office.facts.policies[0][0], changed, 1)


def full_office(root: Path) -> Office:
    office = unbegun_office(root)
    begun = begin(office)
    confirm(office, begun.session)
    desk = office.desk()
    enter_particulars(desk)
    enter_clients(office, office.desk())
    office.instance.engine.dispose()
    office.instance.keyring.let_go()
    return office


KEEP = Instance.keep


@pytest.fixture(autouse=True)
def no_keeper(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker's thread works by the wall clock; tests that are not about it (and set `KEEP` again) do without."""
    monkeypatch.setattr(Instance, "keep", lambda self: None)


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> list[Office]:
    """Two finished offices that nobody touches."""
    return [full_office(tmp_path_factory.mktemp("template")) for _ in range(2)]


def copied(template: Office, root: Path) -> Office:
    shutil.copytree(template.folder, root / "instance")
    facts = replace(template.facts, clients=list(template.facts.clients), policies=list(template.facts.policies))
    return Office(root / "instance", Clock(template.clock.now + 60), facts)


@pytest.fixture
def office(templates: list[Office], tmp_path: Path) -> Iterator[Office]:
    made = copied(templates[0], tmp_path)
    yield made
    made.close()


@pytest.fixture
def other_office(templates: list[Office], tmp_path: Path) -> Iterator[Office]:
    (tmp_path / "other").mkdir()
    made = copied(templates[1], tmp_path / "other")
    yield made
    made.close()


@pytest.fixture
def unbegun(tmp_path: Path) -> Iterator[Office]:
    made = unbegun_office(tmp_path)
    yield made
    made.close()
