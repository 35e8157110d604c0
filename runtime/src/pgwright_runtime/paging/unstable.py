"""What no page can follow: functions that give another value at each call, in each transaction, or many rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnClause, ColumnElement, FromClause, Over, TableClause
from sqlalchemy.sql.elements import TextClause
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import SelectBase

from pgwright_runtime.paging.errors import NotPageable

# Those that are met in an ORDER BY; the server refuses the others.
_OF_MANY_ROWS = frozenset(("count", "sum", "min", "max", "avg", "array_agg", "string_agg"))
_VOLATILE = frozenset(
    (
        *("random", "random_normal", "clock_timestamp", "timeofday", "nextval", "currval", "lastval", "setval"),
        *("gen_random_uuid", "uuidv4", "uuidv7", "uuid_generate_v1", "uuid_generate_v1mc", "uuid_generate_v4"),
        *("gen_random_bytes", "txid_current", "pg_current_xact_id", "pg_backend_pid"),
    )
)
# PostgreSQL calls these stable: their value holds for a transaction or a statement, and pages are several.
_OF_THE_MOMENT = frozenset(
    (
        *("now", "statement_timestamp", "transaction_timestamp", "current_timestamp", "current_date", "current_time"),
        *("localtime", "localtimestamp", "sysdate"),
    )
)
_MAKES_ROWS = frozenset(
    (
        *("unnest", "generate_series", "generate_subscripts", "regexp_matches", "regexp_split_to_table"),
        *("string_to_table", "json_array_elements", "json_array_elements_text", "json_each", "json_each_text"),
        *("json_object_keys", "jsonb_array_elements", "jsonb_array_elements_text", "jsonb_each", "jsonb_each_text"),
        *("jsonb_object_keys", "jsonb_path_query", "json_populate_recordset", "jsonb_populate_recordset"),
    )
)
_WITHOUT_PARENTHESES = {"current_timestamp", "current_date", "current_time", "localtime", "localtimestamp"}
_CALL = re.compile(r"\b([a-z_][a-z0-9_]*)\b(\s*\()?", re.IGNORECASE)
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")


def check_stable(expression: ColumnElement[Any]) -> None:
    """Check an expression of an ORDER BY. A function of the app's own counts as stable.

    Raises: NotPageable: it has another value at each call or in each transaction, or many rows.
    """
    for part in _parts(expression, into_subqueries=False):
        is_aggregate = isinstance(part, FunctionElement) and _name(part) in _OF_MANY_ROWS
        if isinstance(part, Over) or is_aggregate:
            raise NotPageable(
                "an aggregate or window function cannot be compared with a cursor; "
                "select from the statement as a subquery"
            )
        for name in _calls(part):
            if name in _MAKES_ROWS:
                raise NotPageable(f"{name}() makes rows of its own; join it as a table, and order by its column")
    for part in _parts(expression, into_subqueries=True):
        for name in _calls(part):
            if name in _VOLATILE:
                raise NotPageable(
                    f"{name}() has another value at each call, so no page could follow; store it in a column"
                )
            if name in _OF_THE_MOMENT or (name == "age" and _is_of_today(part)):
                raise NotPageable(
                    f"{name}() has another value at the next page; order by the column itself, "
                    "or give the moment as a value that all pages share"
                )


def _parts(expression: Any, *, into_subqueries: bool) -> Iterator[Any]:
    """Yield an expression and what it is made of; a subquery in it has rows of its own."""
    yield expression
    if isinstance(expression, SelectBase) and not into_subqueries:
        return
    if isinstance(expression, TableClause):
        return
    if into_subqueries and isinstance(expression, ColumnClause) and isinstance(expression.table, FromClause):
        # What a column of a subquery is in there; a table's is itself.
        for base in expression.base_columns:
            if base is not expression:
                yield from _parts(base, into_subqueries=True)
        return
    for part in expression.get_children():
        yield from _parts(part, into_subqueries=into_subqueries)


def _calls(part: Any) -> Iterator[str]:
    if isinstance(part, FunctionElement):
        yield _name(part)
    elif isinstance(part, TextClause) or (isinstance(part, ColumnClause) and part.is_literal):
        text = _QUOTED.sub("''", part.text if isinstance(part, TextClause) else part.name)
        for name, is_call in _CALL.findall(text):
            if is_call or name.lower() in _WITHOUT_PARENTHESES:
                yield name.lower()


def _name(function: FunctionElement[Any]) -> str:
    return str(getattr(function, "name", "")).lower()


def _is_of_today(part: Any) -> bool:
    """Whether `age()` has one argument, and counts to today."""
    return isinstance(part, FunctionElement) and len(part.clauses) == 1
