"""Columns by which the access log is searched, and who was seen on which device."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from vault.crypto import codec
from vault.errors import KuraError

revision = "0002"
down_revision = "0001"

_AT_ONCE = 5000


def upgrade() -> None:
    op.add_column("journal", sa.Column("at", sa.BigInteger))
    op.add_column("journal", sa.Column("event", sa.Text))
    op.add_column("journal", sa.Column("person", sa.LargeBinary(16)))
    op.add_column("journal", sa.Column("subject", sa.LargeBinary(16)))
    _fill()
    op.create_index("journal_at", "journal", ["at"])
    for name in ("event", "person", "subject"):
        op.create_index(f"journal_of_{name}", "journal", [name, "position"])
    op.create_table(
        "visits",
        sa.Column("person", sa.LargeBinary(16), primary_key=True),
        sa.Column("device", sa.LargeBinary(16), primary_key=True),
        sa.Column("first", sa.Integer, nullable=False),
        sa.Column("last", sa.Integer, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
    )


def _fill() -> None:
    """The new columns of every entry written so far, out of its clear part."""
    connection, last = op.get_bind(), 0
    some = sa.text("SELECT position, clear FROM journal WHERE position > :last ORDER BY position LIMIT :n")
    put = sa.text("UPDATE journal SET at=:at, event=:event, person=:person, subject=:subject WHERE position=:position")
    while found := connection.execute(some, {"last": last, "n": _AT_ONCE}).fetchall():
        connection.execute(put, [_columns(position, clear) for position, clear in found])
        last = found[-1][0]


def _columns(position: int, clear: bytes) -> dict[str, object]:
    try:
        told = codec.decode(bytes(clear))
        named = {name: told[name] or None for name in ("person", "subject")}
        return {"position": position, "at": told["at"], "event": told["event"], **named}
    except (KuraError, KeyError, TypeError):
        # Edited by hand: the chain will say so, and an entry must not keep the office out of its vault.
        return {"position": position, "at": None, "event": None, "person": None, "subject": None}


def downgrade() -> None:
    """The first schema knew nothing of visits."""
    raise RuntimeError("a schema does not go back: restore the backup made before the upgrade")
