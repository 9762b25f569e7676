"""The tables of the first release.

Written out rather than taken from the schema: a migration says what was done then, and the schema goes on.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _id(name: str, nullable: bool = False, unique: bool | None = None) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(16), nullable=nullable, unique=unique)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False)


def _sealed(nullable: bool = False) -> sa.Column[bytes]:
    return sa.Column("sealed", sa.LargeBinary, nullable=nullable)


def _kind() -> sa.Column[str]:
    return sa.Column("kind", sa.Text, nullable=False)


def upgrade() -> None:
    _facts()
    _records()
    _ledger()
    _journal()


def _facts() -> None:
    op.create_table(
        "meta",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "clients",
        sa.Column("id", sa.LargeBinary(16), primary_key=True),
        sa.Column("erasing", sa.Boolean, nullable=False),
    )


def _records() -> None:
    op.create_table(
        "records",
        sa.Column("id", sa.LargeBinary(16), primary_key=True),
        _id("owner"), _id("folder"), _kind(), _number("version"), _number("changed"), _sealed(),
    )  # fmt: skip
    op.create_index("records_of_owner", "records", ["owner", "kind"])
    op.create_table(
        "history",
        sa.Column("id", sa.LargeBinary(16), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        _id("owner"), _id("folder"), _kind(), _number("changed"), _sealed(),
    )  # fmt: skip
    op.create_index("ix_history_owner", "history", ["owner"])
    op.create_table(
        "contents",
        sa.Column("owner", sa.LargeBinary(16), primary_key=True),
        _id("folder"), _number("version"), _sealed(),
    )  # fmt: skip


def _ledger() -> None:
    op.create_table(
        "ledger",
        sa.Column("serial", sa.Integer, primary_key=True),
        _id("id", unique=True), _id("owner"), _id("folder"), _number("version"), _number("printed"), _sealed(),
    )  # fmt: skip


def _journal() -> None:
    op.create_table(
        "journal",
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("clear", sa.LargeBinary, nullable=False),
        _id("key", nullable=True),
        _sealed(nullable=True),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        _id("noted", nullable=True),
    )
    op.create_index("journal_of_owner", "journal", ["noted", "position"])
    op.create_table(
        "journal_keys",
        sa.Column("id", sa.LargeBinary(16), primary_key=True),
        _number("day"), _sealed(),
    )  # fmt: skip


def downgrade() -> None:
    """Before the first tables there is nothing to go back to."""
    raise RuntimeError("a schema does not go back: restore the backup made before the upgrade")
