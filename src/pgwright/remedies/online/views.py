"""The views by which the other kind of code sees the tables: the column of each name is of the type that it expects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pgwright.model.names import QualifiedName, quote
from pgwright.remedies.blocks import block
from pgwright.remedies.online.series import Series
from pgwright.remedies.online.steps import literal

# From then on a view can check rights and policies as of whoever asks, which is what a table does.
SECURITY_INVOKER_SINCE = 150_000


def create_views(series: Series, schema: str, *, other: Literal["new", "old"] | None) -> list[str]:
    """Return the statements that make a schema of views.

    Args:
        other: the columns that take the names in the views; None: each column has its own.
    """
    statements = [f"CREATE SCHEMA {schema}", f"GRANT USAGE ON SCHEMA {schema} TO PUBLIC"]
    for table in series.tables:
        view = QualifiedName(schema, table.name)
        columns = ", ".join(_columns(series, table, other))
        query = f"SELECT {columns}\n    FROM {table}"  # noqa: S608  (names, quoted)
        statements.append(f"CREATE VIEW {view}{_options(series)} AS\n    {query}")
    places = ",\n            ".join(
        f"({literal(str(table))}, {literal(str(QualifiedName(schema, table.name)))})" for table in series.tables
    )
    return [*statements, block("same_rights", places=places)]


def drop_views(series: Series, schema: str) -> str:
    """Return the block that takes the views and their schema away; one that holds something else stays."""
    views = ", ".join(str(QualifiedName(schema, table.name)) for table in series.tables)
    return f"DO $block$\nBEGIN\n    DROP VIEW IF EXISTS {views};\n    DROP SCHEMA IF EXISTS {schema};\nEND $block$"


def _options(series: Series) -> str:
    is_invoker = series.snapshot.server.version_number >= SECURITY_INVOKER_SINCE
    return " WITH (security_invoker = true)" if is_invoker else ""


def _columns(series: Series, table: QualifiedName, other: Literal["new", "old"] | None) -> Iterator[str]:
    taken = {} if other is None else {one.name: one.new if other == "new" else one.old for one in series.of(table)}
    for column in series.snapshot.table_by_name[table].columns:
        name = quote(column.name)
        yield f"{quote(taken[column.name])} AS {name}" if column.name in taken else name
