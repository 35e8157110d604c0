"""How the due rows of a table are found in steps of bounded time; and what stands in the way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ClauseElement, Connection, Executable, Select, bindparam, select, text
from sqlalchemy.ext.compiler import compiles

from pgwright_runtime._sql import quote
from pgwright_runtime.batches import KeyWalk
from pgwright_runtime.batches.rows import column_of_row
from pgwright_runtime.retention.errors import NoMoments
from pgwright_runtime.retention.graph import StoredGraph, StoredTable
from pgwright_runtime.retention.moments import as_moment
from pgwright_runtime.retention.partitions.worth import PartitionAdvice, partition_advice
from pgwright_runtime.retention.rules import Rule

BIG_ROWS = 100_000
"""From here on reading a whole table to find its due rows is refused unless it is forced."""
_TIED_ROWS = 20_000
"""So many rows of one moment would be sorted again for each batch, where the index does not go on with the key."""
_TID_RANGES_SINCE = 140_000
_VERSION = text("SELECT current_setting('server_version_num')")
_STATISTICS = text("""
    SELECT s.attname, s.correlation, s.most_common_freqs[1] AS frequency
    FROM pg_catalog.pg_stats s
    JOIN pg_catalog.pg_class c ON c.oid = CAST(:oid AS oid) AND c.relname = s.tablename
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname = s.schemaname
    WHERE s.attname = :column
    ORDER BY s.inherited DESC
    LIMIT 1
""").bindparams(bindparam("oid", type_=BigInteger), bindparam("column"))


@dataclass(frozen=True)
class Way:
    """How one rule finds its rows."""

    rule: Rule
    stored: StoredTable
    walk: KeyWalk | None
    """None: it cannot be walked."""
    faults: tuple[str, ...]
    """Why it cannot run."""
    refusals: tuple[str, ...]
    """What would be slow, unless it is forced."""
    advice: tuple[str, ...]
    partitioning: PartitionAdvice | None = None
    """That partitions would serve better than batches."""


def find_way(connection: Connection, graph: StoredGraph, rule: Rule, now: datetime) -> Way:
    """Return how the due rows of a rule are found."""
    stored = graph.by_model[rule.table]
    faults = list(_faults(connection, graph, rule, stored))
    kind = "" if rule.column is None else stored.types.get(rule.column.name, "")
    try:
        condition = rule.condition(now, kind)
    except NoMoments as error:
        faults.append(f"{rule.name}: {error}")
    if faults:
        return Way(rule, stored, None, tuple(faults), (), ())
    frequency, correlation = _statistics(connection, stored, rule)
    is_served = _is_served(connection, stored, rule, condition)
    ties = frequency * stored.row_estimate
    is_tied = ties > _TIED_ROWS and not stored.is_indexed([rule.index[0].name, *stored.key])
    by_windows = rule.column is None or not is_served or is_tied
    key = tuple(
        rule.table.c[one] if one in rule.table.c else column_of_row(rule.table, one) for one in _key(rule, stored)
    )
    walk = KeyWalk(
        rule.table,
        condition,
        () if by_windows or rule.column is None else (as_moment(rule.column, kind),),
        key,
        by_windows,
        stored.blocks,
    )
    advice = list(_advice(rule, stored, is_served, is_tied, ties))
    partitioning = _partitioning(connection, rule, stored, correlation)
    if partitioning is not None:
        advice.append(partitioning.words)
    refusals = tuple(_refusals(graph, rule, stored, is_served))
    return Way(rule, stored, walk, (), refusals, tuple(advice), partitioning)


def _key(rule: Rule, stored: StoredTable) -> tuple[str, ...]:
    """Return the names under which the model has the key, in the key's order."""
    by_name = {column.name: column.key for column in rule.table.c}
    return tuple(by_name.get(name, name) for name in stored.key)


def _faults(connection: Connection, graph: StoredGraph, rule: Rule, stored: StoredTable) -> Iterator[str]:
    for one in (graph.tables[oid] for oid in sorted(graph.reach(stored.oid))):
        if one.kind not in ("r", "p"):
            yield f"{rule.name}: {one.name} is no table that rows can be locked in; state the policy of its tables."
        elif one.hides_rows:
            yield (
                f"{rule.name}: row-level security hides rows of {one.name} from this role, and a cascade would take "
                "them unseen. Run as the table's owner, or as a role with BYPASSRLS."
            )
        elif one.lacks:
            yield f"{rule.name}: the role lacks {one.lacks} on {one.name}. GRANT {one.lacks} ON {one.sql} TO it."
    if rule.column is not None and rule.column.name not in stored.types:
        yield f"{rule.name}: the database has no such column. Run the migrations first."
    if not stored.key and stored.kind == "p":
        yield f"{rule.name}: a partitioned table without primary key has no order to walk in. Give it a key."
    version = int(connection.execute(_VERSION).scalar_one())
    if not stored.key and version < _TID_RANGES_SINCE:
        yield f"{rule.name}: without primary key, rows are walked by their place, which needs PostgreSQL 14. Add a key."


def _refusals(graph: StoredGraph, rule: Rule, stored: StoredTable, is_served: bool) -> Iterator[str]:
    if not is_served and stored.row_estimate >= BIG_ROWS:
        yield (
            f"{rule.name}: no index finds the due rows, so all {stored.row_estimate:,} rows of {stored.name} are read. "
            f"{_remedy(stored, [one.name for one in rule.index], stored.key)}"
        )
    for oid in graph.reach(stored.oid):
        for one in graph.references:
            child = graph.tables.get(one.child)
            columns = [name for name, _ in one.pairs]
            if one.parent == oid and child and child.row_estimate >= BIG_ROWS and not _serves(child, columns):
                yield (
                    f"{rule.name}: for each row that goes, the foreign key {one.name} has all "
                    f"{child.row_estimate:,} rows of {child.name} read, ON DELETE {one.on_delete}. "
                    f"{_remedy(child, columns, ())}"
                )


def _serves(child: StoredTable, columns: list[str]) -> bool:
    """True when an index finds the rows of a foreign key; one that leaves out NULL does."""
    wanted = set(columns)
    return any(set(one.columns[: len(wanted)]) == wanted for one in child.indexes)


def _remedy(stored: StoredTable, columns: list[str], key: tuple[str, ...]) -> str:
    names = [*columns, *(one for one in key if one not in columns)]
    quoted_names, model = ", ".join(map(quote, names)), ", ".join(f'"{one}"' for one in names)
    return (
        f"CREATE INDEX CONCURRENTLY ON {stored.sql} ({quoted_names}); in the model: Index(None, {model}). "
        "Or run it all the same, by force."
    )


def _advice(rule: Rule, stored: StoredTable, is_served: bool, is_tied: bool, ties: float) -> Iterator[str]:
    if not is_served and stored.row_estimate < BIG_ROWS:
        yield "no index finds the due rows; all of the table is read, which is small"
    if is_served and is_tied:
        yield (
            f"about {ties:,.0f} rows share one moment, so the table is walked by its key; an index on "
            f"({', '.join([rule.index[0].name, *stored.key])}) would find them directly"
        )


def _partitioning(
    connection: Connection, rule: Rule, stored: StoredTable, correlation: float
) -> PartitionAdvice | None:
    if rule.column is None or rule.is_partial:
        return None
    return partition_advice(connection, stored.oid, rule.column.name, rule.age, correlation)


def _statistics(connection: Connection, stored: StoredTable, rule: Rule) -> tuple[float, float]:
    """Return the share of the most common value of a rule's first column, and its correlation with the row's place."""
    row = connection.execute(_STATISTICS, {"oid": stored.oid, "column": rule.index[0].name}).one_or_none()
    return (0.0, 0.0) if row is None else (row.frequency or 0.0, row.correlation or 0.0)


def _is_served(connection: Connection, stored: StoredTable, rule: Rule, condition: Any) -> bool:
    """True when an index finds the due rows."""
    names = [one.name for one in rule.index]
    if stored.is_indexed(names) or rule.column is None:
        return stored.is_indexed(names)
    partial = {one.name for one in stored.indexes if one.columns[:1] == (names[0],)}
    return bool(partial) and bool(partial & _planned_indexes(connection, rule, condition))


def _planned_indexes(connection: Connection, rule: Rule, condition: Any) -> set[str]:
    """Return the indexes that the planner takes for the due rows when it has to take one."""
    with connection.begin_nested() as savepoint:
        connection.execute(text("SELECT set_config('enable_seqscan', 'off', true)"))
        plan = connection.execute(_Explain(select(1).select_from(rule.table).where(condition))).scalar_one()
        savepoint.rollback()
    return set(_index_names(json.loads(plan) if isinstance(plan, str) else plan))


def _index_names(plan: Any) -> Iterator[str]:
    if isinstance(plan, list):
        for one in plan:
            yield from _index_names(one)
    elif isinstance(plan, dict):
        if "Index Cond" in plan:
            yield plan["Index Name"]
        yield from _index_names(list(plan.values()))


class _Explain(Executable, ClauseElement):
    """EXPLAIN of a statement, with its parameters."""

    inherit_cache = False

    def __init__(self, statement: Select[Any]) -> None:
        self.statement = statement


@compiles(_Explain)
def _explain(element: _Explain, compiler: Any, **options: Any) -> str:
    return f"EXPLAIN (FORMAT JSON) {compiler.process(element.statement, **options)}"
