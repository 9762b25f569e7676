"""The table of sealed objects."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "objects",
        sa.Column("id", sa.LargeBinary(16), primary_key=True),
        sa.Column("owner", sa.LargeBinary(16), nullable=False),
        sa.Column("folder", sa.LargeBinary(16), nullable=False),
        sa.Column("file", sa.LargeBinary(16), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("created", sa.Integer, nullable=False),
    )
    op.create_index("ix_objects_owner", "objects", ["owner"])


def downgrade() -> None:
    """Objects without a table would be lost."""
    raise RuntimeError("a schema does not go back: restore the backup made before the upgrade")
