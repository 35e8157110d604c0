"""ANALYZE after a revision, of the tables about whose new columns and expressions the planner knows nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable

from sqlalchemy import Connection, text

from pgwright_runtime._sql import read_sql

_WITHOUT = text(read_sql("pgwright_runtime.migrations", "without_statistics"))


def without_statistics(connection: Connection, touched: Iterable[str], written: Iterable[str]) -> list[str]:
    """Return the tables, quoted where they need it, of which a revision left the planner ignorant.

    Args:
        touched: tables that were changed, as statements name them.
        written: those of which many rows were written.
    """
    written = set(written)
    names = [{"name": name, "is_written": name in written} for name in sorted({*touched, *written})]
    if not names:
        return []
    return [row.table_name for row in connection.execute(_WITHOUT, {"tables": json.dumps(names)})]
