"""What the fix costs, or saves, on INSERT, UPDATE and DELETE: measured on both copies, every write rolled back."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

from pgwright.model.names import QualifiedName
from pgwright.model.not_examined import NotExamined
from pgwright.model.progress import Progress
from pgwright.model.proof import Action, MeasuredStatement, MeasuredWrite
from pgwright.model.snapshot import Snapshot
from pgwright.model.table import Column, Table
from pgwright.proof.timing import ROUNDS, Rounds
from pgwright.workload.shaped import shaped_statements

_ROWS = 500
# A delete looks for children in every referencing table; without an index that reads them whole, for each row.
_DELETED_ROWS = 5
_TIMEOUT_MS = 20_000
_CHANGED: dict[str, str] = {
    "timestamptz": "{} + interval '1 second'", "timestamp": "{} + interval '1 second'", "date": "{} + 1",
    "int2": "{} # 1::int2", "int4": "{} # 1", "int8": "{} # 1", "float8": "{} + 1", "numeric": "{} + 1",
    "bool": "NOT {}",
}  # fmt: skip

Written = Mapping[tuple[QualifiedName, Action], int]
_ACTIONS: Mapping[str, Action] = {"insert": "INSERT", "update": "UPDATE", "delete": "DELETE"}


def measure_writes(
    before: str,
    after: str,
    source: Snapshot,
    tables: Sequence[QualifiedName],
    *,
    written: Written,
    rounds: int = ROUNDS,
    progress: Progress,
) -> tuple[tuple[MeasuredWrite, ...], tuple[NotExamined, ...]]:
    """Time writes to each table on both copies in turn.

    Args:
        written: the rows that the workload wrote.

    Needs the right to set `session_replication_role` on the copies: rows are taken out and put back without their
    children noticing. Where it is refused, that table is reported as not examined.
    """
    prices: list[MeasuredWrite] = []
    missing: list[NotExamined] = []
    with _connect(before) as old, _connect(after) as new:
        for number, name in enumerate(tables):
            progress("writes", number, len(tables))
            table = source.table_by_name[name]
            if not table.primary_key or table.kind != "table" or table.rows < 1:
                missing.append(NotExamined(f"writes to {name.short}", "it has no primary key, no rows or no heap", ""))
                continue
            for action in _ACTIONS.values():
                try:
                    price = _price(action, table, source, (old, new), rounds, written.get((name, action), 0))
                except psycopg.Error as error:
                    reason = error.diag.message_primary or type(error).__name__
                    missing.append(NotExamined(f"{action} on {name.short}", reason, ""))
                    continue
                if price is not None:
                    prices.append(price)
    return tuple(prices), tuple(missing)


def written_rows(source: Snapshot, measured: Sequence[MeasuredStatement]) -> Written:
    """Return the rows that the workload wrote by table and action, but for those of statements that were measured."""
    done = {one.query_id for one in measured}
    found: dict[tuple[QualifiedName, Action], int] = {}
    for one in shaped_statements(source):
        action = _ACTIONS.get(one.shape.kind)
        if action is not None and one.shape.target is not None and one.statement.query_id not in done:
            key = (one.shape.target, action)
            found[key] = found.get(key, 0) + one.statement.rows
    return found


def _price(
    action: Action,
    table: Table,
    source: Snapshot,
    copies: tuple[psycopg.Connection, psycopg.Connection],
    wanted: int,
    workload_rows: int,
) -> MeasuredWrite | None:
    write = _statement(action, table, source)
    if write is None:
        return None
    for copy in copies:
        _sample(action, copy, table, source)
        _timed(action, write, copy, table)  # warms the caches
    rounds, rows = Rounds(wanted), 0
    for is_before in rounds.turns():
        rows, milliseconds = _timed(action, write, copies[0 if is_before else 1], table)
        rounds.add(milliseconds, is_before=is_before)
    if not rows:
        return None
    return MeasuredWrite(table.name.short, action, rows, *rounds.timings, rounds.verdict(), workload_rows)


def _timed(action: Action, write: sql.Composed, copy: psycopg.Connection, table: Table) -> tuple[int, float]:
    """Write, and undo it; return the rows and the milliseconds."""
    with _rolled_back(copy) as connection:
        if action != "DELETE":
            _leave_out_triggers(connection)
        if action == "INSERT":
            connection.execute(sql.SQL("DELETE FROM {} WHERE {}").format(_name(table), _sampled(table)))
        began = time.perf_counter()
        rows = connection.execute(write).rowcount
        return rows, (time.perf_counter() - began) * 1000


def _leave_out_triggers(connection: psycopg.Connection) -> None:
    """Let no trigger notice the rest of the transaction; before PostgreSQL 15 by a function that the copies have."""
    own = "pg_catalog.pgwright_without_triggers()"
    if connection.execute("SELECT WHERE to_regprocedure(%s) IS NOT NULL", (own,)).fetchone() is not None:
        connection.execute(f"SELECT {own}".encode())
    else:
        connection.execute("SET LOCAL session_replication_role = replica")


def _statement(action: Action, table: Table, source: Snapshot) -> sql.Composed | None:
    """Return the statement whose time counts; None when no column can be changed."""
    if action == "DELETE":
        return sql.SQL("DELETE FROM {} WHERE {}").format(_name(table), _sampled(table))
    if action == "UPDATE":
        column = _changeable(table, source)
        if column is None:
            return None
        changed = sql.SQL(_CHANGED[column.base_type]).format(sql.Identifier(column.name))
        return sql.SQL("UPDATE {} SET {} = {} WHERE {}").format(
            _name(table), sql.Identifier(column.name), changed, _sampled(table)
        )
    columns = sql.SQL(", ").join(sql.Identifier(c.name) for c in table.columns if not c.is_generated)
    return sql.SQL("INSERT INTO {} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM pgwright_sample").format(
        _name(table), columns=columns
    )


def _sample(action: Action, connection: psycopg.Connection, table: Table, source: Snapshot) -> None:
    """Keep some rows in a temporary table: the first by primary key, so the same ones on both copies."""
    connection.execute("DROP TABLE IF EXISTS pgwright_sample")
    rows, where = (_DELETED_ROWS, _childless(table, source)) if action == "DELETE" else (_ROWS, sql.SQL("true"))
    connection.execute(
        sql.SQL("CREATE TEMP TABLE pgwright_sample AS SELECT * FROM {} t WHERE {} ORDER BY {} LIMIT {}").format(
            _name(table), where, _keys(table), sql.Literal(rows)
        )
    )
    connection.execute("ANALYZE pgwright_sample")


def _name(table: Table) -> sql.Identifier:
    return sql.Identifier(table.name.schema, table.name.name)


def _keys(table: Table) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, table.primary_key))


def _sampled(table: Table) -> sql.Composed:
    return sql.SQL("({keys}) IN (SELECT {keys} FROM pgwright_sample)").format(keys=_keys(table))


def _childless(table: Table, source: Snapshot) -> sql.Composable:
    """Return a condition for rows that no foreign key refers to, so that deleting them is allowed on both copies."""
    conditions: list[sql.Composable] = [sql.SQL("true")]
    for key in source.foreign_keys:
        if key.referenced_table == table.name and not key.is_inherited:
            pairs = zip(key.columns, key.referenced_columns, strict=True)
            matches = sql.SQL(" AND ").join(
                sql.SQL("{} = {}").format(sql.Identifier("c", child), sql.Identifier("t", parent))
                for child, parent in pairs
            )
            child = sql.Identifier(key.table.schema, key.table.name)
            conditions.append(sql.SQL("NOT EXISTS (SELECT FROM {} c WHERE {})").format(child, matches))
    return sql.SQL(" AND ").join(conditions)


def _changeable(table: Table, source: Snapshot) -> Column | None:
    """Return a column that an UPDATE can change in place: one that the workload sets, else the last that may change."""
    keys = {column for key in source.foreign_keys_by_table.get(table.name, ()) for column in key.columns}
    possible = [
        column
        for column in table.columns
        if column.base_type in _CHANGED
        and column.name not in {*keys, *table.primary_key}
        and not (column.is_generated or column.is_identity)
    ]
    set_by_workload = [
        column
        for column in possible
        if any(s.text.lower().startswith(("update", "with")) and column.name in s.text for s in source.statements)
    ]
    return next(iter(set_by_workload), possible[-1] if possible else None)


@contextmanager
def _connect(dsn: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(dsn, autocommit=True, prepare_threshold=None) as connection:
        connection.execute(sql.SQL("SET statement_timeout = {}").format(sql.Literal(_TIMEOUT_MS)))
        connection.execute("SET client_min_messages = error")
        yield connection


@contextmanager
def _rolled_back(connection: psycopg.Connection) -> Iterator[psycopg.Connection]:
    connection.execute("BEGIN")
    try:
        yield connection
    finally:
        connection.execute("ROLLBACK")
