"""The steps that build and drop an index, for the remedies that do so."""

from __future__ import annotations

import re

from pgwright.model.index import IndexDefinition
from pgwright.model.names import QualifiedName, quote, quote_literal
from pgwright.model.remedy import Step
from pgwright.model.snapshot import Snapshot

_CREATE = re.compile(r"CREATE (UNIQUE )?INDEX (?:CONCURRENTLY )?(?:IF NOT EXISTS )?")


def index_of(definition: IndexDefinition) -> QualifiedName:
    """Return the index's full name; it lives in its table's schema."""
    return QualifiedName(definition.table.schema, definition.name)


def build(name: QualifiedName, table: QualifiedName, sql: str) -> Step:
    """Build an index concurrently from its CREATE INDEX statement."""
    concurrent = _CREATE.sub(lambda found: f"CREATE {found[1] or ''}INDEX CONCURRENTLY IF NOT EXISTS ", sql, count=1)
    return Step(
        on_lines(concurrent, name.name),
        is_transactional=False,
        lock="SHARE UPDATE EXCLUSIVE",
        tables=(str(table),),
        builds=str(name),
        waits_long=True,
    )


def belongings(name: QualifiedName, table: QualifiedName, snapshot: Snapshot) -> tuple[Step, ...]:
    """Give an index that was built again what its CREATE INDEX does not tell: statistics targets, and its comment."""
    statements = []
    for one in snapshot.dependents_by_table.get(table, ()):
        if one.name == str(name) and one.kind == "index statistics":
            number, target = one.definition.split()
            statements.append(f"ALTER INDEX {name} ALTER COLUMN {number} SET STATISTICS {target}")
        elif one.name == str(name) and one.kind == "index comment":
            statements.append(f"COMMENT ON INDEX {name} IS {quote_literal(one.definition).strip()}")
    # Of several columns that an expression uses, each tells of its target.
    return tuple(Step(sql, False, "SHARE UPDATE EXCLUSIVE", (str(table),)) for sql in dict.fromkeys(statements))


def drop(name: QualifiedName, table: QualifiedName) -> Step:
    """Drop an index concurrently, if it is there."""
    return Step(
        f"DROP INDEX CONCURRENTLY IF EXISTS {name}",
        is_transactional=False,
        lock="SHARE UPDATE EXCLUSIVE",
        tables=(str(table),),
        waits_long=True,
    )


def drop_partitioned(name: QualifiedName, tables: tuple[QualifiedName, ...]) -> Step:
    """Drop a partitioned index with all its parts; the server cannot do this concurrently."""
    return Step(f"DROP INDEX IF EXISTS {name}", False, "ACCESS EXCLUSIVE", tuple(map(str, tables)))


def drop_constraint(name: str, table: QualifiedName) -> Step:
    """Drop a constraint, if it is there."""
    sql = f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {quote(name)}"
    return Step(sql, False, "ACCESS EXCLUSIVE", (str(table),))


def on_lines(sql: str, name: str) -> str:
    """Put ON and WHERE on lines of their own, where it is plain that they are these words."""
    head, on, rest = sql.partition(f" {quote(name)} ON ")
    if not on:
        return sql
    keys, where, predicate = rest.partition(" WHERE ")
    is_inside_quotes = keys.count('"') % 2 or keys.count("'") % 2
    lines = [f"{head} {quote(name)}", f"ON {rest}"]
    if where and not is_inside_quotes:
        lines[1:] = [f"ON {keys}", f"WHERE {predicate}"]
    return "\n".join(lines)
