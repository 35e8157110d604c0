"""One statement of the workload as the twin plans it: under its role, with types and values for its parameters."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import psycopg
from psycopg import errors

from pgwright.errors import UnparsableStatement
from pgwright.figures import listing
from pgwright.model.names import QualifiedName
from pgwright.model.not_examined import NotExamined
from pgwright.model.snapshot import Snapshot
from pgwright.model.statement import Statement
from pgwright.sqltext import (
    Block,
    Schema,
    StatementShape,
    is_cut_off,
    qualified,
    read_shape,
    search_path,
)
from pgwright.twin.logical import read_blocks, read_tables
from pgwright.twin.twin import Twin
from pgwright.workload.grouped import as_grouped
from pgwright.workload.parameters import GENERIC, Case, InferredValue, infer_values, value_cases
from pgwright.workload.reading import Reading, called_function, cut_off, reads_tables, sees_inside
from pgwright.workload.types import Typing
from pgwright.workload.variables import as_parameter

# A plan that reads not even one page costs less.
_NO_WORK = 0.1
_MOST_MENDS = 120
_MOST_NAMED = 5
_NAMED = re.compile(r'(?:relation "|type "|function )(?P<name>.*?)"? does not exist')
_UNNAMED = (errors.UndefinedColumn, errors.UndefinedTable)
# InvalidColumnReference: SELECT DISTINCT in another order than that of its list.
_UNGROUPED = (errors.GroupingError, errors.InvalidColumnReference)
_UNTYPED = (
    errors.UndefinedFunction, errors.AmbiguousFunction, errors.IndeterminateDatatype, errors.DatatypeMismatch,
    errors.CannotCoerce, errors.AmbiguousParameter,
)  # fmt: skip


class Unplannable(Exception):
    """A statement that the twin cannot plan, and why."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True)
class PricedStatement:
    statement: Statement
    """Those of one text, run under several roles, as one. Its text is what is planned."""
    shape: StatementShape
    """With what only its plan tells: behind views, functions and policies."""
    cases: tuple[Case, ...]
    inferred: tuple[InferredValue, ...]
    tables: frozenset[QualifiedName]
    """Those behind views too, and those that inherit."""
    role: str | None = None
    """Under which it is planned, where its policies or its search path matter."""
    opaque: str | None = None
    """A function that reads tables, into which the planner does not see."""


def plan_statement(reading: Reading, shape: StatementShape, snapshot: Snapshot, twin: Twin) -> PricedStatement | None:
    """Return a statement that can be priced; None when it reads no table of the user. Raises Unplannable."""
    role = _role(reading.statement, shape, snapshot)
    schema = Schema.of(snapshot, reading.statement.role)
    try:
        return _mended(reading, shape, schema, role, snapshot, twin)
    except psycopg.Error as error:
        raise Unplannable(_reason(error, reading.statement, snapshot, twin.left_out)) from error
    except UnparsableStatement as error:
        raise Unplannable(error.reason) from error
    except Exception as error:  # an odd statement or name is told, and keeps none of the others from being planned
        raise Unplannable(f"it could not be read ({type(error).__name__}: {error})") from error


def _role(statement: Statement, shape: StatementShape, snapshot: Snapshot) -> str | None:
    """Return the role of a statement where it plans otherwise than the one that read the snapshot."""
    if not statement.role:
        return None
    # Behind a view or a function there may be any table.
    tables = snapshot.table_by_name if shape.reads_unknown or not shape.tables else shape.tables
    has_policies = any(snapshot.table_by_name[table].has_row_security for table in tables)
    is_elsewhere = search_path(snapshot, statement.role) != search_path(snapshot)
    return statement.role if has_policies or is_elsewhere else None


def _mended(
    reading: Reading, shape: StatementShape, schema: Schema, role: str | None, snapshot: Snapshot, twin: Twin
) -> PricedStatement | None:
    """As `_priced`, for a text that is planned only with other names, or other parameters: their types, their numbers.

    The variables of a function are parameters where the statement is from inside of one; a name that only one schema
    has is found there; constants that were equal get one number again.
    """
    first: psycopg.Error | None = None
    typing: Typing | None = None
    for _ in range(_MOST_MENDS):
        try:
            return _priced(reading.statement, shape, schema, role, snapshot, twin)
        except (*_UNNAMED, *_UNGROUPED, *_UNTYPED) as error:
            first = first or error
            said = error.diag.message_primary or ""
            text: str | None = None
            if isinstance(error, _UNNAMED):
                first, typing = error, None
                text = as_parameter(reading.statement.text, said) if sees_inside(snapshot) else None
                whole = qualified(reading.statement.text, schema)
                text = whole if text is None and whole != reading.statement.text else text
            elif isinstance(error, _UNGROUPED):
                first, typing = error, None
                text = as_grouped(reading.statement.text)
            else:
                typing = typing or Typing(reading.statement.text)
                text = typing.next(said)
            if text is None:
                raise first from None
            shape = read_shape(text, schema)
            reading = replace(reading, statement=replace(reading.statement, text=text), shape=shape)
    assert first is not None
    raise first


def _priced(
    statement: Statement, shape: StatementShape, schema: Schema, role: str | None, snapshot: Snapshot, twin: Twin
) -> PricedStatement | None:
    """Return a statement with its values; None when it reads no table of the user.

    Raises:
        psycopg.Error: it cannot be planned. UnparsableStatement: its work is inside a function.
    """
    tables, blocks, opaque = shape.tables, tuple[Block, ...](), None
    function = called_function(statement.text, snapshot)
    if not tables and not shape.reads_unknown and function is None:
        return None
    if shape.reads_unknown or function is not None or not tables or role is not None:
        plain = twin.explained_plainly(statement.text, role=role)
        tables, blocks = tables | read_tables(plain, snapshot), read_blocks(plain, snapshot, schema)
        is_called = function is not None and f"{function}(" in str(plain) and not sees_inside(snapshot)
        opaque = function if is_called and function is not None and reads_tables(function, snapshot) else None
    if not tables:
        if function is None or sees_inside(snapshot):
            return None
        raise UnparsableStatement(
            statement.text,
            f"the function {function} does its work, which the planner does not see; the statements in it are seen "
            "where pg_stat_statements.track is 'all'",
        )
    whole = replace(shape, blocks=(*shape.blocks, *(block for block in blocks if block not in shape.blocks)))
    known = whole if _parameters(whole) > _parameters(shape) else shape
    inferred = infer_values(statement, known, snapshot)
    cases = _possible(statement, value_cases(statement, known, snapshot, inferred), role, twin)
    every = frozenset(one for table in tables for one in (table, *snapshot.heirs(table)))
    return PricedStatement(statement, whole, cases, inferred, every, role, opaque)


def _parameters(shape: StatementShape) -> frozenset[int]:
    return frozenset(use.number for block in shape.blocks for use in block.parameters)


def _possible(statement: Statement, cases: Sequence[Case], role: str | None, twin: Twin) -> tuple[Case, ...]:
    """Return the cases that can be planned, the weight of the others spread over them; the generic plan if none can.

    Raises: psycopg.Error: not even the generic plan can be made.
    """
    found: list[Case] = []
    for case in cases:
        try:
            plan = twin.explain(statement.text, case.values, role=role)
        except psycopg.Error:  # the operator takes another type than the column has: a path, a pattern
            if case.values is None:
                raise
            continue
        # A parameter that nobody knows is NULL, and a comparison with that finds nothing without looking.
        if case.values is None or plan.total_cost >= _NO_WORK:
            found.append(case)
    if not found:
        twin.explain(statement.text, role=role)
        return (GENERIC,)
    total = sum(case.weight for case in found)
    return tuple(replace(case, weight=case.weight / total) for case in found)


def _reason(error: psycopg.Error, statement: Statement, snapshot: Snapshot, left_out: Sequence[NotExamined]) -> str:
    reason = error.diag.message_primary or str(error).strip()
    if is_cut_off(statement.text):
        return cut_off(statement.text, reason)
    named = _NAMED.match(reason)
    if named and (lost := next((one for one in left_out if _is_name_of(named["name"], one.what)), None)) is not None:
        return f"{reason}: {lost.what} was {lost.reason}"
    if isinstance(error, errors.UndefinedTable):
        return _why_unknown(reason, statement.role, snapshot)
    return reason


def _is_name_of(name: str, what: str) -> bool:
    """Tell whether an error's name, with its schema or without, is that of an object which was left out.

    >>> _is_name_of("place", "table public.place"), _is_name_of("f(unknown)", "function public.f(integer)")
    (True, True)
    """
    own, lost = name.partition("(")[0], what.partition(" ")[2].partition("(")[0]
    return f".{lost}".endswith(f".{own}")


def _why_unknown(reason: str, role: str, snapshot: Snapshot) -> str:
    """Return the reason that the planner gives for a relation that it does not know, with the true one after it."""
    schema, _, name = (reason.split('"')[1] if '"' in reason else "").rpartition(".")
    schemas = sorted(table.name.schema for table in snapshot.tables if table.name.name == name)
    path = (schema,) if schema else search_path(snapshot, role or None)
    if (found := next((one for one in path if one in schemas), None)) is not None:
        return _why_left_out(QualifiedName(found, name), reason, snapshot)
    if schema:
        return f"{reason}: it was dropped since"
    if not schemas:
        return f"{reason}: it is a temporary table, or was dropped since"
    of_role = f"of the role {role}" if role else "of its role"
    return (
        f"{reason}: it is in {listing(schemas, _MOST_NAMED)}, and none of these is in the search_path {of_role}; "
        "a session set it"
    )


def _why_left_out(table: QualifiedName, reason: str, snapshot: Snapshot) -> str:
    """As `_why_unknown`, for a table that the database has."""
    unread = (one for one in snapshot.not_examined if "schema_sql" in one.parts and table in one.relations)
    if (cause := next(unread, None)) is None:
        return f"{reason}: the schema that was read does not hold it"
    return f"{table} was not read, for {cause.reason}" + (f": {cause.remedy}" if cause.remedy else "")
