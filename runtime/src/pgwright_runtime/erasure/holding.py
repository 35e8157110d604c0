"""Legal holds: asked of the person's rows when they are found and locked."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, func, literal, select, true

from pgwright_runtime.erasure.catalog import rows_of
from pgwright_runtime.erasure.collecting import REL, TID, Collection
from pgwright_runtime.erasure.declaration import Erasure, name_of
from pgwright_runtime.erasure.expressions import Places, placed
from pgwright_runtime.erasure.stops import Stop


def holding(connection: Connection, collection: Collection, erasure: Erasure) -> Iterator[Stop]:
    """Yield a stop for each hold that a row of the person fits. Raises: ValueError: a hold is of no table."""
    catalog = collection.graph.catalog
    for hold in erasure.holds:
        table = catalog.find(name_of(hold.table))
        if table is None:
            raise ValueError(f"the hold {hold.reason!r} is of a table that the database does not have")
        rows = 0
        for part, found in collection.tables.items():
            if part.table is not table or part.fate in ("mention", "refer"):
                continue
            own = rows_of(part.table)
            fits = placed(hold.condition, Places(catalog).put(part.table, own))
            held = (
                select(literal(1).label("held"))
                .where(own.c.ctid == found.c[TID], own.c.tableoid == found.c[REL], fits)
                .offset(0)
                .lateral("held")
            )
            rows += connection.execute(select(func.count()).select_from(found.join(held, true()))).scalar_one()
        if rows:
            yield Stop(
                "legal-hold",
                table.fullname,
                "",
                f"{rows:,} rows of {table.fullname} are under a legal hold: {hold.reason}",
            )
