"""The table of a backfill, as the database has it: how it is walked, and what stands in the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import JSON, ColumnClause, Connection, TableClause, column, literal_column, table, text
from sqlalchemy.sql import quoted_name

from pgwright_runtime._sql import quote, read_sql
from pgwright_runtime.backfills.declaration import Backfill
from pgwright_runtime.backfills.errors import BackfillRefused
from pgwright_runtime.backfills.statements import PACKAGE
from pgwright_runtime.batches import KeyWalk
from pgwright_runtime.batches.walk import RowLock

_TARGET = text(read_sql(PACKAGE, "target")).columns(columns=JSON, indexes=JSON, triggers=JSON)
_VERSION = text("SELECT current_setting('server_version_num')")
_TID_RANGES_SINCE = 140_000


@dataclass(frozen=True)
class Target:
    """The table of a backfill."""

    source: TableClause
    key: tuple[str, ...]
    """Columns to walk along; none: the row's place."""
    types: Mapping[str, str]
    """Types by column, as SQL has them."""
    blocks: int
    row_estimate: int
    triggers: tuple[str, ...]
    """What fires for each row that is done."""
    defers: bool
    """Some of its constraints may be checked at the end of a transaction."""

    def walk(self, condition: str, lock: RowLock) -> KeyWalk:
        """Return the walk along all of its rows, by windows, for those that meet a condition."""
        key = tuple(self.source.c[quoted_name(name, True)] for name in self.key)
        types = tuple(self.types[name] for name in self.key)
        return KeyWalk(
            self.source,
            literal_column(condition),
            key=key,
            by_windows=True,
            blocks=self.blocks,
            key_types=types,
            lock=lock,
        )


def find_target(connection: Connection, backfill: Backfill) -> Target:
    """Return the table of a backfill.

    Raises: BackfillRefused.
    """
    row = connection.execute(_TARGET, {"name": backfill.relation}).one_or_none()
    if row is None:
        raise BackfillRefused(backfill.name, [f"the database has no table {backfill.relation}"])
    key = _key(backfill, row)
    faults = list(_faults(backfill, row, key, int(connection.execute(_VERSION).scalar_one())))
    if faults:
        raise BackfillRefused(backfill.name, faults)
    columns: list[ColumnClause[Any]] = [column(quoted_name(name, True)) for name in row.columns]
    schema = None if backfill.schema is None else quoted_name(backfill.schema, True)
    return Target(
        source=table(quoted_name(backfill.table, True), *columns, schema=schema),
        key=key,
        types={name: one["type"] for name, one in row.columns.items()},
        blocks=row.blocks or 0,
        row_estimate=row.row_estimate or 0,
        triggers=tuple(row.triggers or ()),
        defers=row.defers,
    )


def _key(backfill: Backfill, row: Any) -> tuple[str, ...]:
    """Return the columns that were named, or those of the primary key, or of another index that tells rows apart."""
    if backfill.key:
        return backfill.key
    for one in row.indexes or ():
        if one["is_key"] and all(name is not None and row.columns[name]["is_required"] for name in one["columns"]):
            return tuple(one["columns"])
    return ()


def _faults(backfill: Backfill, row: Any, key: tuple[str, ...], version: int) -> Iterator[str]:
    name = backfill.relation
    if row.kind not in ("r", "p"):
        yield f"{name} is no table whose rows can be changed; name the table that it shows"
        return
    unknown = [one for one in (*backfill.sets, *key) if one not in row.columns]
    if unknown:
        yield f"{name} has no column {', '.join(map(quote, unknown))}. Run the migrations first"
        return
    for one in backfill.sets:
        if row.columns[one]["is_generated"]:
            yield f"the server generates {quote(one)} of {name} itself"
        if one in key:
            yield f"{quote(one)} of {name} is a column that rows are walked along; name others as its key"
    if row.hides_rows:
        yield (
            f"row-level security hides rows of {name} from this role, so that it would never know that all are done. "
            "Run as the table's owner, or as a role with BYPASSRLS"
        )
    if row.lacks:
        yield f"the role lacks {row.lacks} on {name}. GRANT {row.lacks} ON {name} TO it"
    yield from _faults_of_key(name, row, key, version)


def _faults_of_key(name: str, row: Any, key: tuple[str, ...], version: int) -> Iterator[str]:
    told = ", ".join(map(quote, key))
    if not key and row.kind == "p":
        yield f"{name} is partitioned and has no key to walk along. Give it a key"
    elif not key and version < _TID_RANGES_SINCE:
        yield f"without key, rows of {name} are walked by their place, which needs PostgreSQL 14. Give it a key"
    elif key and not all(row.columns[one]["is_required"] for one in key):
        yield f"rows of {name} whose ({told}) is NULL would never be found. Name columns that are NOT NULL"
    elif key and not any(tuple(one["columns"][: len(key)]) == key for one in row.indexes or ()):
        yield (
            f"no index of {name} begins with ({told}), so that each batch would sort all of it. "
            f"CREATE INDEX CONCURRENTLY ON {name} ({told})"
        )
