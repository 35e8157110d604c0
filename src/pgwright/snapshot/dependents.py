"""What hangs on the user's tables and columns, from the catalogs: names in SQL text prove nothing."""

from __future__ import annotations

from collections.abc import Mapping

from pgwright.database import ReadOnlyDatabase, Row
from pgwright.model.dependent import Dependent
from pgwright.model.names import QualifiedName, quote
from pgwright.snapshot.tables import PACKAGE

_NAMED_IN_FULL = ("statistics", "index statistics", "index comment", "use of an index")


def read_dependents(database: ReadOnlyDatabase, name_by_oid: Mapping[int, QualifiedName]) -> tuple[Dependent, ...]:
    """Return what hangs on the given tables, one value for each column concerned."""
    rows = database.read(PACKAGE, "dependents", {"oids": list(name_by_oid)})
    return tuple(
        Dependent(name_by_oid[row["table_oid"]], row["column"], row["kind"], _name(row), row["definition"])
        for row in rows
    )


def _name(row: Row) -> str:
    schema, name = row["schema"], row["name"]
    if schema is None:
        return quote(name)
    full = QualifiedName(schema, name)
    return str(full) if row["kind"] in _NAMED_IN_FULL else full.short
