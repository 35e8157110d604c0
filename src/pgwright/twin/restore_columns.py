"""Statistics of columns, restored by PostgreSQL's own function."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import islice

import psycopg

from pgwright.model.names import QualifiedName, quote
from pgwright.model.not_examined import NotExamined
from pgwright.model.statistics import ColumnStatistics
from pgwright.sql_files import read_sql

Placed = tuple[ColumnStatistics, str, str, str, bool]
"""What is known, and where it goes: schema, relation, column, and whether children are included."""

# As many columns a round trip.
_BATCH = 1_000
_FIELDS = (
    "null_fraction", "average_width", "distinct", "correlation", "common_values", "common_frequencies", "histogram",
    "common_elements", "common_element_frequencies", "element_count_histogram",
    "range_length_histogram", "range_empty_fraction", "range_bounds_histogram",
)  # fmt: skip


def restore_columns(owner: psycopg.Connection, placed: Iterable[Placed]) -> tuple[NotExamined, ...]:
    """Give columns, of tables or of index expressions, their statistics; what does not exist is passed over.

    Returns: Those whose values cannot be read here: a domain's CHECK may raise any error.
    """
    waiting = iter(placed)
    failed: list[NotExamined] = []
    with owner.transaction():
        while batch := list(islice(waiting, _BATCH)):
            if _refusal(owner, batch):
                told = ((one, _refusal(owner, [one])) for one in batch)
                failed += [NotExamined(f"statistics of {_place(one)}", reason) for one, reason in told if reason]
    return tuple(failed)


def _refusal(owner: psycopg.Connection, batch: Sequence[Placed]) -> str:
    """Restore all of a batch or nothing; return what the server said against it."""
    restore = read_sql("pgwright.twin", "restore_columns").encode()
    try:
        with owner.transaction():
            owner.execute(restore, (json.dumps([_row(*one) for one in batch]),))
    except psycopg.Error as error:
        return error.diag.message_primary or str(error)
    return ""


def _place(placed: Placed) -> str:
    """Return the column that is meant, for people."""
    _, schema, name, column, _ = placed
    return f"{QualifiedName(schema, name).short}.{quote(column)}"


def _row(known: ColumnStatistics, schema: str, name: str, column: str, is_inherited: bool) -> dict[str, object]:
    place = {"schema": schema, "name": name, "column": column, "inherited": is_inherited}
    return place | {field: getattr(known, field) for field in _FIELDS}
