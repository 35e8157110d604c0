"""The table that keeps when each materialized view was refreshed: PostgreSQL itself does not say.

A row is written in the transaction of the refresh, so data and age change together; a replica has both or neither.
"""

from __future__ import annotations

from sqlalchemy import Column, DateTime, Interval, MetaData, Table, Text

NAME = "pgwright_refreshes"


def refreshes_table(metadata: MetaData, schema: str | None) -> Table:
    """Return the table of a schema, declared among the app's own, so that autogenerate and `create_all` make it."""
    key = NAME if schema is None else f"{schema}.{NAME}"
    if key in metadata.tables:
        return metadata.tables[key]
    return Table(
        NAME,
        metadata,
        Column("view_name", Text, primary_key=True),
        # When the last refresh began; NULL: the view is due.
        Column("refreshed_at", DateTime(timezone=True)),
        # What the data show: all that was committed before. Earlier than the refresh where another materialized view
        # is read, for that one's data are older; NULL: unknown.
        Column("data_at", DateTime(timezone=True)),
        Column("every", Interval),
        Column("max_age", Interval),
        schema=schema,
    )
