"""Tables whose rows are marked as deleted instead of being deleted, by the columns that the policy names."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator

from pgwright.checks.families import TableFamily, column_statistics, families
from pgwright.indexes.predicates import read_predicate
from pgwright.model.index import IndexDefinition
from pgwright.model.names import quote
from pgwright.model.snapshot import Snapshot


def soft_deleting(snapshot: Snapshot) -> Iterator[tuple[TableFamily, str]]:
    """Yield each table that has such a column, with the column."""
    for family in families(snapshot).values():
        if family.head.kind in ("table", "partitioned table"):
            for column in snapshot.policy.soft_delete_columns:
                if column in family.head.column_by_name:
                    yield family, column


def is_living(column: str) -> str:
    """Return the condition that holds for rows that are not deleted, as PostgreSQL prints it without parentheses."""
    return f"{quote(column)} IS NULL"


def is_for_purge(index: IndexDefinition, columns: Container[str]) -> bool:
    """Tell whether an index leads to deleted rows by the moment of their deletion; a purge may not have come yet."""
    first = index.keys[0].column if index.keys else None
    is_deleted = first is not None and read_predicate(index.predicate) == read_predicate(f"{quote(first)} IS NOT NULL")
    return is_deleted and first in columns


def mentions(expression: str | None, column: str) -> bool:
    """Tell whether an SQL expression names a column.

    >>> mentions("(deleted_at IS NULL)", "deleted_at"), mentions("undeleted_at > 0", "deleted_at")
    (True, False)
    """
    return expression is not None and re.search(rf"(?<![\w$]){re.escape(column)}(?![\w$])", expression) is not None


def deleted_share(snapshot: Snapshot, family: TableFamily, column: str) -> float | None:
    """Return the share of rows that are marked as deleted, in [0, 1]; None when the statistics do not say."""
    found = column_statistics(snapshot, family, column)
    return 1 - sum(row.null_fraction for row in found) / len(found) if found else None
