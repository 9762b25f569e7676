"""Sessions: half in a cookie, half in a row on tmpfs; neither opens anything alone."""

from __future__ import annotations

import hashlib
import hmac
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field, replace

from vault.crypto import codec
from vault.crypto.envelope import Context, expand, open_sealed, seal
from vault.crypto.unlock import Bundle, secret_hash
from vault.errors import Malformed, SealBroken
from vault.services import bounds
from vault.services.instance import IDLE_MINUTES, SESSION_HOURS, Instance, Origin
from vault.services.safe import Desk
from vault.storage.sessions import CLOCK_SLACK, SessionRow

NOBODY = bytes(16)
ACTIVATION, FIRST, DESK = "activation", "first", "desk"
PROOF_SECONDS = 5 * 60
ACTIVATION_MINUTES = 60


@dataclass(frozen=True)
class Waiting:
    """A recovery sheet that was made and not yet typed back: kept sealed in the session and nowhere else."""

    sheet: bytes = b""
    secret: bytes = b""
    private: bytes = b""
    code: str = ""
    made: int = 0
    instead: bytes = b""  # the ids of the sheets that stood when this one was made, in order, one after the other


@dataclass(frozen=True)
class LoginSheet:
    """ログイン情報通知書: what a new person is handed. Kept sealed in the session of who made it, and nowhere else."""

    person: bytes
    name: str
    login_id: str
    initial_password: str = field(repr=False)
    code: str = field(repr=False)
    expires: int


@dataclass(frozen=True)
class Announced:
    """What is told on 今日の仕事 and every list until it was read: the journal's position, the event, when (seconds), who."""

    position: int
    event: str
    at: int
    name: str


@dataclass(frozen=True)
class Opening:
    """What opened the slot of a login sheet: kept while its person chooses a password."""

    code: bytes = b""
    secret: bytes = field(default=b"", repr=False)
    stretched: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class Payload:
    """What a session's row holds, sealed: the bundle, and names that every page shows."""

    bundle: Bundle | None = None
    waiting: Waiting = field(default_factory=Waiting)
    names: dict[str, str] = field(default_factory=dict)
    recent: tuple[tuple[bytes, str], ...] = ()
    sheets: tuple[LoginSheet, ...] = ()
    opening: Opening = field(default_factory=Opening)
    announced: tuple[Announced, ...] = ()

    def encode(self) -> bytes:
        return codec.encode(
            {
                "bundle": self.bundle.encode() if self.bundle else b"",
                "waiting": list(vars(self.waiting).values()),
                "names": self.names,
                "recent": [list(r) for r in self.recent],
                "sheets": [list(vars(s).values()) for s in self.sheets],
                "opening": list(vars(self.opening).values()),
                "announced": [list(vars(a).values()) for a in self.announced],
            }
        )

    @staticmethod
    def decode(data: bytes) -> Payload:
        raw = codec.decode(data)
        bundle = Bundle.decode(raw["bundle"]) if raw["bundle"] else None
        recent = tuple((r[0], r[1]) for r in raw["recent"])
        # Left out by the first release, whose sessions live on through an upgrade.
        sheets = tuple(LoginSheet(*sheet) for sheet in raw.get("sheets", []))
        opening = Opening(*raw.get("opening", []))
        announced = tuple(Announced(*each) for each in raw.get("announced", []))
        return Payload(bundle, Waiting(*raw["waiting"]), raw["names"], recent, sheets, opening, announced)


@dataclass(frozen=True)
class Session:
    """An open session during one request."""

    row: SessionRow
    secret: bytes
    payload: Payload | None

    @property
    def locked(self) -> bool:
        return self.row.sealed is None

    @property
    def csrf(self) -> str:
        """The token every change must carry: an HMAC of the session secret, kept nowhere."""
        return hmac.digest(self.secret, b"kura csrf", "sha256").hex()


def _context(instance: Instance, row: SessionRow) -> Context:
    return Context(instance.office, "session", (row.id_hash, row.person, row.device, row.expires))


def _key(secret: bytes) -> bytes:
    return expand(secret, b"kura session", 32)


def start(
    instance: Instance, person: bytes, device: bytes, stage: str, payload: Payload
) -> tuple[Session, str]:
    """A new session with a new id and a new secret: returns it and the cookie's value."""
    now = instance.now()
    name, secret = os.urandom(16), os.urandom(32)
    hours = instance.keyring.rule("session_hours", SESSION_HOURS) if stage == DESK else 1
    row = SessionRow(
        id_hash=hashlib.sha256(name).digest(), person=person, device=device, stage=stage, started=now, seen=now,
        expires=now + hours * 3600, proved=now, sealed=None,
    )  # fmt: skip
    session = store(instance, Session(row, secret, payload), new=True)
    return session, urlsafe_b64encode(name + secret).decode("ascii")


def renew(instance: Instance, session: Session) -> tuple[Session, str]:
    """The same session under a new id and a new secret, after the password was typed again."""
    assert session.payload is not None
    row = session.row
    made, cookie = start(instance, row.person, row.device, row.stage, session.payload)
    instance.sessions.end(row.id_hash)
    # Typing the password again does not make the working day longer.
    kept = replace(made.row, started=row.started, expires=row.expires)
    return store(instance, Session(kept, made.secret, session.payload)), cookie


def store(instance: Instance, session: Session, new: bool = False) -> Session:
    """Seal the session's payload into its row."""
    assert session.payload is not None
    sealed = seal(_key(session.secret), session.payload.encode(), _context(instance, session.row))
    row = replace(session.row, sealed=sealed)
    (instance.sessions.put if new else instance.sessions.keep)(row)
    return Session(row, session.secret, session.payload)


def find(instance: Instance, cookie: str | None, device_secret: bytes | None) -> Session | None:
    """The session of a cookie, on the device it began on; None for anything else. One locked or past its time has no payload."""
    try:
        raw = urlsafe_b64decode(cookie or "")
    except ValueError:
        return None
    if len(raw) != 48:
        return None
    row = instance.sessions.get(hashlib.sha256(raw[:16]).digest())
    if row is None or not _on_its_device(instance, row, device_secret):
        return None
    if row.sealed is None or row.expires <= instance.now() or _is_idle(instance, row):
        return Session(replace(row, sealed=None), raw[16:], None)
    try:
        payload = Payload.decode(open_sealed(_key(raw[16:]), row.sealed, _context(instance, row)))
    except (SealBroken, Malformed):
        return None
    return Session(row, raw[16:], payload)


def _on_its_device(instance: Instance, row: SessionRow, device_secret: bytes | None) -> bool:
    if row.stage in (ACTIVATION, FIRST):  # they begin before there is a device
        return True
    if device_secret is None:
        return False
    keystore = instance.keyring.stored().keystore
    device = keystore.devices.get(row.device)
    if device is None or row.device not in keystore.slots.get(row.person, {}):
        return False
    return hmac.compare_digest(device.secret_hash, secret_hash(device_secret))


def _is_idle(instance: Instance, row: SessionRow) -> bool:
    """Asked on every request too: the keeper that wipes idle rows does not run while the server is down."""
    if row.seen > instance.now() + CLOCK_SLACK:
        return True
    return instance.now() - row.seen >= instance.keyring.rule("idle_minutes", IDLE_MINUTES) * 60


def touch(instance: Instance, session: Session) -> None:
    """Note that the person did something, at most once in five seconds."""
    if instance.now() - session.row.seen >= 5:
        instance.sessions.touch(session.row.id_hash, instance.now())


def desk(instance: Instance, session: Session, origin: Origin) -> Desk:
    """The desk of an open session; raises Untrusted or Forbidden when the directory no longer vouches for it,
    Forbidden outside the office's hours or networks."""
    assert session.payload is not None and session.payload.bundle is not None
    stored = instance.keyring.stored()
    made = Desk(instance, origin, session.row.person, session.row.device, session.payload.bundle, stored)
    made.own_name = session.payload.names.get("person", "")
    bounds.check(made.directory, made.role, origin.address, instance.now())
    return made


def drop_announced(instance: Instance, session: Session) -> Session:
    """What was announced has been read."""
    assert session.payload is not None
    return store(instance, _changed(instance, session, announced=()))


def latest(instance: Instance, session: Session) -> Session:
    """The session with what another request of it has stored since; as it was when it has ended or locked meanwhile."""
    row = instance.sessions.get(session.row.id_hash)
    if row is None or row.sealed is None:
        return session
    return Session(row, session.secret, Payload.decode(open_sealed(_key(session.secret), row.sealed, _context(instance, row))))


def _changed(instance: Instance, session: Session, **fields: object) -> Session:
    newest = latest(instance, session)
    assert newest.payload is not None
    return replace(newest, payload=replace(newest.payload, **fields))  # type: ignore[arg-type]


def is_proved(instance: Instance, session: Session) -> bool:
    """Whether the password was typed within the last five minutes."""
    return 0 <= instance.now() - session.row.proved < PROOF_SECONDS


def login_sheet(session: Session, person: bytes) -> LoginSheet | None:
    """The login sheet of a person, if it was made in this session and not handed over yet."""
    assert session.payload is not None
    return next((sheet for sheet in session.payload.sheets if sheet.person == person), None)


def keep_login_sheet(instance: Instance, session: Session, sheet: LoginSheet) -> Session:
    """Keep a login sheet until it was printed; a newer one of the same person takes its place."""
    return _with_sheets(instance, session, sheet.person, (sheet,))


def drop_login_sheet(instance: Instance, session: Session, person: bytes) -> Session:
    """It was handed over: from now on it exists on paper only."""
    return _with_sheets(instance, session, person, ())


def _with_sheets(instance: Instance, session: Session, person: bytes, added: tuple[LoginSheet, ...]) -> Session:
    newest = latest(instance, session)
    assert newest.payload is not None
    kept = tuple(sheet for sheet in newest.payload.sheets if sheet.person != person)
    return store(instance, _changed(instance, newest, sheets=(*kept, *added)))


def forget_client(instance: Instance, session: Session, client: bytes) -> None:
    """Take a client that is not found any more from among those opened last."""
    assert session.payload is not None
    rest = tuple(r for r in session.payload.recent if r[0] != client)
    if rest != session.payload.recent:
        store(instance, _changed(instance, session, recent=rest))


def remember_client(instance: Instance, session: Session, client: bytes, name: str) -> None:
    """Put a client first among those opened last."""
    assert session.payload is not None
    if session.payload.recent[:1] == ((client, name),):
        return
    rest = tuple(r for r in session.payload.recent if r[0] != client)
    store(instance, _changed(instance, session, recent=((client, name), *rest)[:8]))
