"""How the materialized views of a snapshot are refreshed: by its statements, its counters, and the indexes it has."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgwright.model.index import Index
from pgwright.model.materialized_view import MaterializedViewState
from pgwright.model.names import QualifiedName, quote, quote_literal
from pgwright.model.snapshot import Snapshot
from pgwright.model.statement import Statement

_NAME = r'(?:"(?:[^"]|"")+"|[\w$]+)'
_REFRESH = re.compile(
    rf"\s*refresh\s+materialized\s+view\s+(?P<concurrently>concurrently\s+)?(?P<name>(?:{_NAME}\.)?{_NAME})",
    re.IGNORECASE,
)


def refreshes(snapshot: Snapshot, view: QualifiedName) -> Iterator[Statement]:
    """Yield the statements that refresh a view; a name without schema may mean any view of that name."""
    for statement in snapshot.statements:
        found = _REFRESH.match(statement.text)
        if found is not None and _bare(found["name"]) in (_bare(view.name), _bare(f"{view.schema}.{view.name}")):
            yield statement


def _bare(name: str) -> str:
    return name.lower().replace('"', "")


def is_concurrent(statement: Statement) -> bool:
    found = _REFRESH.match(statement.text)
    return found is not None and found["concurrently"] is not None


def written(snapshot: Snapshot, name: QualifiedName) -> int:
    if name not in snapshot.table_by_name:
        return 0
    return sum(one.rows_inserted + one.rows_updated + one.rows_deleted for one in snapshot.leaves(name))


def key(snapshot: Snapshot, view: QualifiedName) -> Index | None:
    """Return a unique index by which a view can be refreshed while it is read."""
    for index in snapshot.indexes_by_table.get(view, ()):
        definition = index.definition
        is_plain = definition.predicate is None and all(key.column is not None for key in definition.keys)
        if index.is_valid and definition.is_unique and is_plain:
            return index
    return None


def key_advice(snapshot: Snapshot, view: MaterializedViewState) -> str:
    if key(snapshot, view.name) is not None or snapshot.unread("indexes", view.name) is not None:
        return ""
    named = [row.column for row in snapshot.statistics_by_relation.get(view.name, ()) if row.distinct == -1.0]
    likely = f", as on {quote(named[0])}, whose values all differ" if named else ""
    return f" REFRESH … CONCURRENTLY needs a unique index on columns, and it has none{likely}: create that first."


def refresh(snapshot: Snapshot, view: MaterializedViewState) -> str:
    how = "CONCURRENTLY " if key(snapshot, view.name) is not None else ""
    return f"REFRESH MATERIALIZED VIEW {how}{view.name}"


def recorded_refresh(snapshot: Snapshot, view: MaterializedViewState) -> str:
    """Return a refresh that goes on record; of a view over others the runtime alone knows the age."""
    known = snapshot.table_by_name
    if any(name in known and known[name].kind == "materialized view" for name in view.sources):
        return ""
    table = QualifiedName(view.name.schema, "pgwright_refreshes")
    moment, name = "refreshed_at = now(), data_at = now()", quote_literal(view.name.name)
    record = f"UPDATE {table} SET {moment} WHERE view_name = {name}"  # noqa: S608  (quoted)
    return f"BEGIN;\n{refresh(snapshot, view)};\n{record};\nCOMMIT"
