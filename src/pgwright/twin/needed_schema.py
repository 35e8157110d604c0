"""Of a large schema, the part that the workload touches: restoring 2,000 tables to plan on 50 takes too long."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.workload.reading import to_plan

# Up to here the whole schema is restored in about a second.
LARGE_SCHEMA_TABLES = 200

_SECTION = re.compile(r"^--\n-- Name: .*?; Type: (?P<type>[^;]+); Schema: .*\n--\n", re.MULTILINE)
_IDENTIFIER = r'(?:"(?:[^"]|"")+"|[\w$]+)'
_TABLE = re.compile(rf"\b(?:TABLE|ON)(?: ONLY| IF EXISTS)? ({_IDENTIFIER}\.{_IDENTIFIER})")
_STATISTICS_TABLE = re.compile(rf"\bFROM ({_IDENTIFIER}\.{_IDENTIFIER});$", re.MULTILINE)
_REFERENCED = re.compile(rf"\bREFERENCES ({_IDENTIFIER}\.{_IDENTIFIER})")
# Sections that belong to one table and go with it. (pg_dump writes them all with the schema's name.)
_OF_TABLE = {
    "TABLE", "DEFAULT", "INDEX", "CONSTRAINT", "FK CONSTRAINT", "CHECK CONSTRAINT", "TABLE ATTACH", "INDEX ATTACH",
    "POLICY", "ROW SECURITY", "STATISTICS",
}  # fmt: skip
# No statement of the workload names them, or `needed_tables` would have said so; an identity's sequence plans nothing.
_NEVER_NEEDED = {"VIEW", "MATERIALIZED VIEW", "RULE", "TRIGGER", "SEQUENCE OWNED BY"}


def needed_tables(snapshot: Snapshot) -> frozenset[QualifiedName] | None:
    """Return the tables that planning the workload needs; None when only the whole schema will do.

    With a table come its partitions and its parents; a foreign key tells the planner something only where a statement
    reads both its tables. A statement on a relation that we do not know, a view say, needs everything.
    """
    if len(snapshot.tables) <= LARGE_SCHEMA_TABLES:
        return None
    needed: set[QualifiedName] = set()
    for reading in to_plan(snapshot):
        if reading.shape is None:
            continue
        if reading.shape.reads_unknown:
            return None
        needed |= reading.shape.tables
    return frozenset(_with_family(needed, snapshot))


def needed_part(snapshot: Snapshot) -> Snapshot:
    """Return a snapshot without the figures of tables that planning the workload does not need."""
    keep = needed_tables(snapshot)
    if keep is None:
        return snapshot
    indexes = tuple(index for index in snapshot.indexes if index.table in keep)
    relations = keep | {index.name for index in indexes}
    return replace(
        snapshot,
        tables=tuple(table for table in snapshot.tables if table.name in keep),
        indexes=indexes,
        statistics=tuple(one for one in snapshot.statistics if one.relation in relations),
        extended_statistics=tuple(one for one in snapshot.extended_statistics if one.table in keep),
    )


def _with_family(tables: Iterable[QualifiedName], snapshot: Snapshot) -> set[QualifiedName]:
    children: dict[QualifiedName, list[QualifiedName]] = {}
    for table in snapshot.tables:
        if table.parent is not None:
            children.setdefault(table.parent, []).append(table.name)
    found: set[QualifiedName] = set()
    waiting = list(tables)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        parent = snapshot.table_by_name[name].parent
        waiting += [*children.get(name, ()), *((parent,) if parent else ())]
    return found


def prune(schema_sql: str, keep: frozenset[QualifiedName]) -> str:
    """Return what `pg_dump` wrote without the sections of the tables that are not to be kept."""
    kept = {str(name) for name in keep}
    starts = list(_SECTION.finditer(schema_sql))
    ends = [match.start() for match in starts[1:]] + [len(schema_sql)]
    parts = [schema_sql[: starts[0].start()] if starts else schema_sql]
    for match, end in zip(starts, ends, strict=True):
        body = schema_sql[match.end() : end]
        if _is_kept(match["type"], body, kept):
            parts.append(match[0] + body)
    return "".join(parts)


def _is_kept(kind: str, body: str, kept: set[str]) -> bool:
    if kind in _NEVER_NEEDED or (kind == "SEQUENCE" and "GENERATED" in body):
        return False
    if kind not in _OF_TABLE:
        return True
    found = (_STATISTICS_TABLE if kind == "STATISTICS" else _TABLE).search(body)
    referenced = _REFERENCED.search(body) if kind == "FK CONSTRAINT" else None
    return found is None or (found[1] in kept and (referenced is None or referenced[1] in kept))
