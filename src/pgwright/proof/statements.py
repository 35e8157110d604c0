"""Every SELECT of the workload on both copies: time, buffers, and the same rows."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

from pgwright.errors import UnparsableStatement
from pgwright.model.not_examined import NotExamined
from pgwright.model.progress import Progress
from pgwright.model.proof import MeasuredStatement
from pgwright.model.snapshot import Snapshot
from pgwright.model.statement import Statement
from pgwright.proof.results import same_rows
from pgwright.proof.timing import BUDGET_SECONDS, ROUNDS, is_settled, timing, turns, verdict
from pgwright.sqltext import Schema, StatementShape, gist, has_plan, read_shape, repaired
from pgwright.workload.parameters import choose_values, infer_values

# Together these are nearly all of a workload's time; each costs some seconds at worst.
MOST_STATEMENTS = 40
_TIMEOUT_MS = 20_000
_BUDGET_SECONDS = BUDGET_SECONDS / 3
_TEXT_CAST = re.compile(r"(\$\d+)::\s*(?:character varying|varchar|text|bpchar)(?:\(\d+\))?(\[\])?", re.IGNORECASE)


def measure_statements(
    before: str, after: str, snapshot: Snapshot, *, rounds: int = ROUNDS, progress: Progress
) -> tuple[tuple[MeasuredStatement, ...], tuple[NotExamined, ...]]:
    """Time each SELECT on both copies in turn, with values that exist, and compare the rows.

    Args:
        before: DSN of the copy as the source is; `after`: DSN of the copy with the fix.
        snapshot: of the source; its workload is what is measured.
    """
    schema = Schema.of(snapshot)
    measured: list[MeasuredStatement] = []
    missing: list[NotExamined] = []
    wanted = _readable(snapshot, schema, missing)
    with _Copy.open(before) as old, _Copy.open(after) as new:
        for number, (statement, shape) in enumerate(wanted[:MOST_STATEMENTS]):
            progress("statements", number, min(len(wanted), MOST_STATEMENTS))
            values = choose_values(statement, shape, snapshot, infer_values(statement, shape, snapshot)) or []
            try:
                found = _measure(statement, shape, values, old, new, rounds)
            except psycopg.Error as error:
                found = error.diag.message_primary or type(error).__name__
            if isinstance(found, str):
                missing.append(NotExamined(f"statement {_start(statement.text)}", found, ""))
            else:
                measured.append(found)
    if len(wanted) > MOST_STATEMENTS:
        rest = f"{len(wanted) - MOST_STATEMENTS} cheaper statements"
        missing.append(NotExamined(rest, f"only the {MOST_STATEMENTS} that took most time are measured", ""))
    return tuple(measured), tuple(missing)


def _readable(snapshot: Snapshot, schema: Schema, missing: list[NotExamined]) -> list[tuple[Statement, StatementShape]]:
    found = []
    for statement in snapshot.statements:
        if not has_plan(statement.text):
            continue
        try:
            shape = read_shape(statement.text, schema)
        except UnparsableStatement as error:
            missing.append(NotExamined(f"statement {_start(statement.text)}", error.reason, ""))
            continue
        if shape.kind == "select" and shape.tables:
            found.append((statement, shape))
    return found


def _measure(
    statement: Statement, shape: StatementShape, values: Sequence[str | None], old: _Copy, new: _Copy, rounds: int
) -> MeasuredStatement | str:
    """Return the measured statement, or why it cannot be measured."""
    calls = (old.prepare(statement.text), new.prepare(statement.text))
    unknown = [n for n in range(1, old.parameters[calls[0]] + 1) if n > len(values) or values[n - 1] is None]
    if unknown:
        return f"nobody knows what ${unknown[0]} was: no statistics tell of what it is compared with"
    equal = _is_equal(shape, values, old, new, calls)
    buffers = old.buffers(calls[0], values), new.buffers(calls[1], values)
    for count in (rounds, 2 * rounds):
        taken: dict[bool, list[float]] = {True: [], False: []}
        for is_before in turns(count, _BUDGET_SECONDS):
            copy, call = (old, calls[0]) if is_before else (new, calls[1])
            began = time.perf_counter()
            copy.run(call, values)
            taken[is_before].append((time.perf_counter() - began) * 1000)
        one, other = timing(taken[True], buffers[0]), timing(taken[False], buffers[1])
        said = verdict(one, other, results_equal=equal)
        if is_settled(one, other, said):
            break
    return MeasuredStatement(statement.query_id, statement.text, statement.calls, one, other, equal, said)


def _is_equal(
    shape: StatementShape, values: Sequence[str | None], old: _Copy, new: _Copy, calls: tuple[str, str]
) -> bool:
    """Compare the rows; where a LIMIT cuts among equals, compare what stands before the cut."""
    if same_rows(old.run(calls[0], values), new.run(calls[1], values)):
        return True
    limits = {use.number for block in shape.blocks for use in block.parameters if use.role == "limit"}
    if not limits:
        return False
    unlimited = [None if number in limits else value for number, value in enumerate(values, start=1)]
    return same_rows(old.run(calls[0], unlimited), new.run(calls[1], unlimited))


@dataclass
class _Copy:
    connection: psycopg.Connection[Any]
    parameters: dict[str, int] = field(default_factory=dict)
    """Of each prepared statement: how many it takes."""

    @classmethod
    def open(cls, dsn: str) -> _Copy:
        connection = psycopg.connect(dsn, autocommit=True, prepare_threshold=None)
        connection.execute(sql.SQL("SET statement_timeout = {}").format(sql.Literal(_TIMEOUT_MS)))
        connection.execute("SET default_transaction_read_only = on")
        connection.execute("SET plan_cache_mode = force_custom_plan")
        return cls(connection)

    def __enter__(self) -> _Copy:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def prepare(self, text: str) -> str:
        """Prepare a statement; one written for text keys is tried without its casts where keys are uuid now."""
        name = f"s{len(self.parameters)}"
        try:
            self.connection.execute(f"PREPARE {name} AS {repaired(text)}".encode())
        except (psycopg.errors.UndefinedFunction, psycopg.errors.DatatypeMismatch):
            self.connection.execute(f"PREPARE {name} AS {without_text_casts(repaired(text))}".encode())
        row = self.connection.execute(
            "SELECT cardinality(parameter_types) FROM pg_prepared_statements WHERE name = %s", (name,)
        ).fetchone()
        self.parameters[name] = row[0] if row else 0
        return name

    def run(self, name: str, values: Sequence[str | None]) -> list[Any]:
        return self.connection.execute(self._call(name, values)).fetchall()

    def buffers(self, name: str, values: Sequence[str | None]) -> int:
        explain = sql.SQL("EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) ") + self._call(name, values)
        row = self.connection.execute(explain).fetchone()
        plan = row[0][0]["Plan"] if row else {}
        return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])

    def _call(self, name: str, values: Sequence[str | None]) -> sql.Composed:
        count = self.parameters[name]
        if not count:
            return sql.SQL("EXECUTE {}").format(sql.Identifier(name))
        given = [*values[:count], *[None] * (count - len(values))]
        return sql.SQL("EXECUTE {}({})").format(sql.Identifier(name), sql.SQL(", ").join(map(sql.Literal, given)))


def without_text_casts(text: str) -> str:
    """Return a statement whose parameters take their type from what they are compared with.

    >>> without_text_casts("SELECT 1 FROM t WHERE id = $1::VARCHAR AND k = ANY ($2::text[])")
    'SELECT 1 FROM t WHERE id = $1 AND k = ANY ($2)'
    """
    return _TEXT_CAST.sub(r"\1", text)


def _start(text: str) -> str:
    return gist(text, 70)
