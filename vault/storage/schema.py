"""The tables: sealed bytes, ids, versions and times. No column holds a name or anything a person typed."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

HEAD = "0003"
metadata = MetaData()

meta = Table(
    "meta",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
# One row a client; every writer locks it and looks for the mark.
clients = Table(
    "clients",
    metadata,
    Column("id", LargeBinary(16), primary_key=True),
    Column("erasing", Boolean, nullable=False, default=False),
)
records = Table(
    "records",
    metadata,
    Column("id", LargeBinary(16), primary_key=True),
    Column("owner", LargeBinary(16), nullable=False),
    Column("folder", LargeBinary(16), nullable=False),
    Column("kind", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Index("records_of_owner", "owner", "kind"),
)
history = Table(
    "history",
    metadata,
    Column("id", LargeBinary(16), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("owner", LargeBinary(16), nullable=False, index=True),
    Column("folder", LargeBinary(16), nullable=False),
    Column("kind", Text, nullable=False),
    Column("changed", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)
# Per owner the list of its records and their versions: a row put back, removed or added by hand shows.
contents = Table(
    "contents",
    metadata,
    Column("owner", LargeBinary(16), primary_key=True),
    Column("folder", LargeBinary(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)
ledger = Table(
    "ledger",
    metadata,
    Column("serial", Integer, primary_key=True),
    Column("id", LargeBinary(16), nullable=False, unique=True),
    Column("owner", LargeBinary(16), nullable=False),
    Column("folder", LargeBinary(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("printed", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)
journal = Table(
    "journal",
    metadata,
    Column("position", Integer, primary_key=True),
    Column("clear", LargeBinary, nullable=False),
    Column("key", LargeBinary(16)),
    Column("sealed", LargeBinary),
    Column("hash", LargeBinary(32), nullable=False),
    Column("noted", LargeBinary(16)),  # the owner whose contents list this entry notes
    # What is looked for, taken out of the clear part, which alone the hash covers.
    Column("at", BigInteger),  # milliseconds since 1970
    Column("event", Text),
    Column("person", LargeBinary(16)),
    Column("subject", LargeBinary(16)),
    Index("journal_of_owner", "noted", "position"),
    Index("journal_at", "at"),
    Index("journal_of_event", "event", "position"),
    Index("journal_of_person", "person", "position"),
    Index("journal_of_subject", "subject", "position"),
)
journal_keys = Table(
    "journal_keys",
    metadata,
    Column("id", LargeBinary(16), primary_key=True),
    Column("day", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)
# Which person was seen on which device, and from where: times and addresses only.
visits = Table(
    "visits",
    metadata,
    Column("person", LargeBinary(16), primary_key=True),
    Column("device", LargeBinary(16), primary_key=True),
    Column("first", Integer, nullable=False),
    Column("last", Integer, nullable=False),
    Column("address", Text, nullable=False),
)
# Sealed files of their own: what a backup copies once, for they never change.
objects = Table(
    "objects",
    metadata,
    Column("id", LargeBinary(16), primary_key=True),
    Column("owner", LargeBinary(16), nullable=False, index=True),
    Column("folder", LargeBinary(16), nullable=False),
    Column("file", LargeBinary(16), nullable=False),  # its name on the disk: another one when the folder's key is
    Column("size", BigInteger, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    Column("created", Integer, nullable=False),
)
