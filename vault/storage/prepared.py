"""Statements put into words once. What a page or a save runs a dozen times would else take longer to write than to run.

The SQL is still SQLAlchemy's, in the dialect of the database at hand; what is left out is its way round the driver,
ten times as long as what SQLite itself needs for one row.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Executable
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.sql.compiler import SQLCompiler


class Prepared:
    """A statement with `bindparam`s, to be run with a value for each. Values and columns are numbers, text or bytes."""

    def __init__(self, statement: Executable) -> None:
        self._statement = statement
        self._compiled: dict[str, tuple[str, list[str] | None, dict[str, Any]]] = {}

    def run(self, connection: Connection, values: Mapping[str, Any]) -> DBAPICursor:
        """The driver's cursor, inside the transaction of `connection`."""
        known = self._compiled.get(connection.dialect.name)
        if known is None:
            known = self._compiled[connection.dialect.name] = self._compile(connection)
        text, order, constants = known
        given = {**constants, **values}
        cursor = connection.connection.cursor()
        cursor.execute(text, given if order is None else [given[name] for name in order])
        return cursor

    def _compile(self, connection: Connection) -> tuple[str, list[str] | None, dict[str, Any]]:
        compiled = self._statement.compile(dialect=connection.dialect)  # type: ignore[attr-defined]
        assert isinstance(compiled, SQLCompiler)
        constants = {name: value for name, value in compiled.params.items() if value is not None}
        return compiled.string, list(compiled.positiontup) if compiled.positiontup else None, constants
