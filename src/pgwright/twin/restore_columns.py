"""Statistics of columns, restored by PostgreSQL's own function."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import islice

import psycopg

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


def restore_columns(connection: psycopg.Connection, placed: Iterable[Placed]) -> None:
    """Give columns, of tables or of index expressions, their statistics; what does not exist is passed over."""
    restore = read_sql("pgwright.twin", "restore_columns").encode()
    waiting = iter(placed)
    with connection.transaction():
        while batch := [_row(*one) for one in islice(waiting, _BATCH)]:
            connection.execute(restore, (json.dumps(batch),))


def _row(known: ColumnStatistics, schema: str, name: str, column: str, is_inherited: bool) -> dict[str, object]:
    place = {"schema": schema, "name": name, "column": column, "inherited": is_inherited}
    return place | {field: getattr(known, field) for field in _FIELDS}
