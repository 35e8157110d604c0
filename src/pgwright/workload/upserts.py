"""The statements and functions that rely on a unique index by naming it: INSERT … ON CONFLICT."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pgwright.errors import UnparsableStatement
from pgwright.model.index import Index
from pgwright.model.memo import once_a_snapshot
from pgwright.model.names import QualifiedName, quote
from pgwright.model.snapshot import Snapshot
from pgwright.model.statement import Statement
from pgwright.sqltext import Schema, parse
from pgwright.sqltext.functions import functions, rules
from pgwright.sqltext.nodes import ast, everything

_WITH_TARGET = re.compile(r"\bON\s+CONFLICT\s*(?:\(|ON\s+CONSTRAINT\b)", re.IGNORECASE)


@dataclass(frozen=True)
class Upsert:
    """A statement with ON CONFLICT, and what it names as the target."""

    statement: Statement
    table: QualifiedName
    columns: frozenset[str]
    """Of the target; empty where it names a constraint, expressions only, or nothing."""
    has_expressions: bool
    constraint: str | None

    def relies_on(self, index: Index) -> bool:
        """Tell whether the server may need this index to run the statement."""
        if index.table != self.table:
            return False
        if self.constraint is not None:
            return index.constraint == self.constraint
        keys = index.definition.keys
        has_expressions = any(key.column is None for key in keys)
        columns = {key.column for key in keys if key.column is not None}
        names_keys = bool(self.columns or self.has_expressions)
        return names_keys and columns == self.columns and has_expressions == self.has_expressions


@once_a_snapshot
def upserts(snapshot: Snapshot) -> tuple[Upsert, ...]:
    """Return every ON CONFLICT of the workload, those inside WITH too."""
    schema = Schema.of(snapshot)
    texts = (one for one in snapshot.statements if "on conflict" in " ".join(one.text.lower().split()))
    return tuple(upsert for statement in texts for upsert in _read(statement, schema))


def relying_on(index: Index, snapshot: Snapshot) -> tuple[int, ...]:
    """Return the `query_id` of each statement whose ON CONFLICT may need this index."""
    return tuple(dict.fromkeys(one.statement.query_id for one in upserts(snapshot) if one.relies_on(index)))


def functions_that_may_rely_on(index: Index, snapshot: Snapshot) -> tuple[str, ...]:
    """Return the functions and rules that name the index's table and have an ON CONFLICT with a target, whichever."""
    spellings = {index.table.name, quote(index.table.name)}
    bodies = (*functions(snapshot.schema_sql), *rules(snapshot.schema_sql))
    found = (one for one in bodies if _WITH_TARGET.search(one.body) and one.names(spellings))
    return tuple(one.name for one in found)


def _read(statement: Statement, schema: Schema) -> Iterator[Upsert]:
    try:
        tree = parse(statement.text)
    except UnparsableStatement:
        return
    for node in (tree, *everything(tree)):
        if isinstance(node, ast.InsertStmt) and node.onConflictClause is not None:
            table = schema.find(node.relation.schemaname, node.relation.relname)
            if table is not None:
                yield _upsert(statement, table, node.onConflictClause.infer)


def _upsert(statement: Statement, table: QualifiedName, target: Any) -> Upsert:
    elements = (target.indexElems or ()) if target is not None else ()
    return Upsert(
        statement=statement,
        table=table,
        columns=frozenset(element.name for element in elements if element.name is not None),
        has_expressions=any(element.name is None for element in elements),
        constraint=target.conname if target is not None else None,
    )
