"""Statistics of columns, restored by PostgreSQL's own function where there is one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import psycopg

from pgwright.model.names import QualifiedName, quote
from pgwright.model.not_examined import NotExamined
from pgwright.sql_files import read_sql
from pgwright.twin.statistic_rows import Placed, Row, insert_statistics

# As many columns a round trip.
_BATCH = 1_000
_RESTORES_SINCE = 180_000
_FIELDS = (
    "null_fraction", "average_width", "distinct", "correlation", "common_values", "common_frequencies", "histogram",
    "common_elements", "common_element_frequencies", "element_count_histogram",
    "range_length_histogram", "range_empty_fraction", "range_bounds_histogram",
)  # fmt: skip


def restore_columns(
    owner: psycopg.Connection, catalogs: psycopg.Connection, placed: Iterable[Placed]
) -> tuple[NotExamined, ...]:
    """Give columns, of tables or of index expressions, their statistics; what does not exist is passed over.

    Args:
        owner: to a database whose objects are the source's.
        catalogs: to the same one, as superuser.
    Returns: Those whose values the server did not take.
    """
    has_function = owner.info.server_version >= _RESTORES_SINCE
    left_out: list[NotExamined] = []
    waiting = iter(placed)
    while batch := list(islice(waiting, _BATCH)):
        left_out += _restore(owner, batch) if has_function else insert_statistics(owner, catalogs, batch)
    return tuple(left_out)


def _restore(owner: psycopg.Connection, batch: Sequence[Placed]) -> Iterator[NotExamined]:
    """Restore a batch at once, or where the server refuses one of it, column by column."""
    if _refusal(owner, batch):
        for one in batch:
            if reason := _refusal(owner, [one]):
                yield NotExamined(f"statistics of {_place(one)}", reason)


def _refusal(owner: psycopg.Connection, batch: Sequence[Placed]) -> str:
    """Restore all of a batch or nothing; return what the server said against it."""
    restore = read_sql("pgwright.twin", "restore_columns").encode()
    try:
        with owner.transaction():
            owner.execute(restore, (json.dumps([_row(one) for one in batch]),))
    except psycopg.Error as error:
        return error.diag.message_primary or str(error)
    return ""


def _place(placed: Placed) -> str:
    """Return the column that is meant, for people."""
    _, schema, name, column, _ = placed
    return f"{QualifiedName(schema, name).short}.{quote(column)}"


def _row(placed: Placed) -> Row:
    known, schema, name, column, is_inherited = placed
    place: Row = {"schema": schema, "name": name, "column": column, "inherited": is_inherited}
    return place | {field: getattr(known, field) for field in _FIELDS}
