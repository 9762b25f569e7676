"""How Alembic runs here: on the connection it is given, inside that connection's one transaction.

There is no alembic.ini and no address of a database: `vault.storage.database.upgrade` opens the file and hands over.
"""

from __future__ import annotations

from alembic import context

from vault.storage import schema

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=schema.metadata,
    # SQLite rolls tables back too; without this Alembic would believe that it commits after each statement.
    transactional_ddl=True,
    # SQLite cannot change a column in place: the table is copied, in the same transaction.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
