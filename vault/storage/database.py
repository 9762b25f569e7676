"""The engine and its transactions. SQLite by default; what only SQLite needs stays in this room."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import DatabaseError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from vault.errors import Damaged, NotReady, Unwritable
from vault.storage import schema

BUSY_MILLISECONDS = 15_000
_READING = "kura_reading"
MIGRATIONS = Path(__file__).resolve().parent / "migrations"
PROGRAM = MIGRATIONS.parents[2]  # what a release has, and a checkout
_TOLD = re.compile(r"""^(revision|down_revision)\b[^=\n]*=\s*["'](\w+)["']""", re.MULTILINE)


def open_database(path: Path) -> Engine:
    """An engine on the database file: WAL, every commit synced, temporary data in memory only."""
    engine = create_engine(
        f"sqlite:///{path}",
        poolclass=QueuePool,
        hide_parameters=True,  # a log shows statements, never what was in them
        pool_size=8,
        connect_args={"timeout": BUSY_MILLISECONDS / 1000, "check_same_thread": False},
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin_at_once)
    return engine


def _prepare(connection: Any, _record: Any) -> None:
    # The driver's own BEGIN comes late and lets two writers read before they write; ours is below.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "temp_store=MEMORY",
        "secure_delete=ON",
        "trusted_schema=OFF",
        f"busy_timeout={BUSY_MILLISECONDS}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_at_once(connection: Connection) -> None:
    reading = connection.get_execution_options().get(_READING, False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """One transaction, durable when the block ends well and gone when it does not."""
    with refusing(engine), engine.begin() as connection:
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One moment of the database for as long as the block takes; nobody who writes has to wait for it."""
    with refusing(engine), engine.connect() as connection:
        reader = connection.execution_options(**{_READING: True})
        with reader.begin():  # at once: prepared statements go by SQLAlchemy, which would begin with the first of its own
            yield reader


@contextmanager
def refusing(engine: Engine) -> Iterator[None]:
    """What the database refuses inside is Unwritable or Damaged to those above."""
    driver = engine.dialect.loaded_dbapi  # whose errors come as they are out of prepared statements
    try:
        yield
    except (OperationalError, driver.OperationalError) as error:
        # Full, read-only, locked or gone: the person is told to call for help, and nothing was shown.
        raise Unwritable("unwritable", place="database") from error
    except (DatabaseError, driver.DatabaseError) as error:
        if type(error) not in (DatabaseError, driver.DatabaseError):
            raise  # a mistake of the program, not of the disk
        raise Damaged("database-unreadable", file=Path(str(engine.url.database)).name) from error


def checkpoint(engine: Engine) -> None:
    """Bring what was committed out of the write-ahead log and cut that: deleted bytes would stay in it."""
    connection = engine.raw_connection()  # outside any transaction
    try:
        connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        connection.close()


def create_tables(path: Path) -> None:
    """A new empty database file, its owner's alone, stamped with the newest schema."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, stat.S_IRUSR | stat.S_IWUSR))
    engine = open_database(path)
    with engine.begin() as connection:
        schema.metadata.create_all(connection)
        connection.execute(text("CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) PRIMARY KEY)"))
        connection.execute(text("DELETE FROM alembic_version"))
        connection.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": schema.HEAD})
    engine.dispose()


def upgrade(path: Path) -> str:
    """Bring a database of this or an earlier Kura to the newest schema, whole or not at all; returns the revision.

    Raises NotReady for a missing file, one that is not Kura's or of a newer Kura, and when it fails.
    """
    from alembic.util import CommandError

    if not path.is_file():
        raise NotReady("database-missing", file=path)
    engine = open_database(path)
    try:
        with transaction(engine) as connection:
            if not inspect(connection).has_table("alembic_version"):
                raise NotReady("database-foreign", file=path)
            migrate(connection)
            return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one())
    except CommandError as error:  # a revision that this program has no migration for
        raise NotReady("database-newer", file=path) from error
    except Damaged as error:
        raise NotReady("database-unreadable", file=path) from error
    except (Unwritable, SQLAlchemyError) as error:
        raise NotReady("upgrade-failed", file=path) from error
    finally:
        engine.dispose()


def migrate(connection: Connection, revision: str = "head") -> None:
    """Run the migrations that are missing up to a revision, inside the caller's transaction.

    Alembic is imported here only: one command needs it, and every serving process would carry it in memory.
    """
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def check_schema(engine: Engine) -> None:
    """Refuse a database of another program, of a newer or of an older Kura, before anything is touched."""
    version = revision(engine)
    if version in _earlier():
        raise NotReady("database-older", file=engine.url.database, version=version)
    if version != schema.HEAD:
        raise NotReady("database-newer", file=engine.url.database, version=version)


def _earlier() -> set[str]:
    """The revisions before the newest, which are counted from 0001."""
    return {f"{number:04d}" for number in range(1, int(schema.HEAD))}


def known_revisions(program: Path) -> tuple[set[str], str]:
    """The revisions that a release of Kura in a folder knows, and its newest, as its migrations say; none of it is run.

    Raises NotReady("release-unfit") for a folder that has no migrations.
    """
    follows: dict[str, str | None] = {}
    for path in (program / MIGRATIONS.relative_to(PROGRAM) / "versions").glob("*.py"):
        told = dict(_TOLD.findall(path.read_text("utf-8", "replace")))
        if "revision" in told:
            follows[told["revision"]] = told.get("down_revision")
    newest = set(follows) - set(follows.values())
    if len(newest) != 1:
        raise NotReady("release-unfit", release=program.name)
    return set(follows), newest.pop()


def revision(engine: Engine) -> str:
    """The schema that a database has; raises NotReady for one of another program."""
    try:
        if not inspect(engine).has_table("alembic_version"):
            raise NotReady("database-foreign", file=engine.url.database)
        with reading(engine) as connection:
            version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    except (DatabaseError, Damaged, Unwritable) as error:
        raise NotReady("database-unreadable", file=engine.url.database) from error
    if version is None:
        raise NotReady("database-foreign", file=engine.url.database)
    return str(version)
