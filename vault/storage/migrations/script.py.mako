"""${message}"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    """Never in place: an upgrade that fails is rolled back, one that is regretted goes back to the copy before it."""
    raise RuntimeError("a schema does not go back: restore the backup made before the upgrade")
