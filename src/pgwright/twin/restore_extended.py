"""Extended statistics, put into the catalog: no function of PostgreSQL 18 takes them.

On our own server, as superuser, a cast from bytea makes values of `pg_ndistinct` and `pg_dependencies` from their
serialized form (src/backend/statistics/mvdistinct.c, dependencies.c and mcv.c of PostgreSQL 18). A list of common
combinations holds values in their types' own form; so ANALYZE makes one of a scratch table with a row each, and only
the frequencies are written over. The statistics of expressions are those of columns of the scratch table. That table is
the owner's, for its expressions and values are the source's. Of what types it is, the catalog says: values of another
type would be taken for pointers. The casts are there only while the superuser writes: a
malformed value of these types can crash the server.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from pgwright.model.names import QualifiedName, quote
from pgwright.model.not_examined import NotExamined
from pgwright.model.snapshot import Snapshot
from pgwright.model.statistics import CommonCombination, ExtendedStatistics
from pgwright.sql_files import read_sql
from pgwright.twin.domains import refuse_checks, types_of
from pgwright.twin.restore_columns import restore_columns

_DISTINCT_MAGIC, _DEPENDENCIES_MAGIC, _BASIC = 0xA352BFA4, 0xB4549A2C, 1
_SCRATCH = "pgwright_scratch"
# Magic, kind, number of items and of keys, before the types of the keys: statext_mcv_serialize in mcv.c.
_COMMON_HEADER = struct.Struct("<IIIh")


class _Unfit(Exception):
    """The twin's statistics are of other keys or types than what was to be written."""


def restore_extended(
    owner: psycopg.Connection, catalogs: psycopg.Connection, snapshot: Snapshot
) -> tuple[NotExamined, ...]:
    """Restore the extended statistics of a snapshot; tell which could not be.

    Args:
        owner: evaluates expressions and values.
        catalogs: as superuser, writes what came of them.
    """
    if not snapshot.extended_statistics:
        return ()
    owner.execute(f"CREATE SCHEMA {_SCRATCH}".encode())
    has_values = any(one.common_values or one.histogram for one in snapshot.statistics)
    left_out = [
        found
        for one in snapshot.extended_statistics
        if (found := _restore(owner, catalogs, one, has_values=has_values)) is not None
    ]
    owner.execute(f"DROP SCHEMA {_SCRATCH} CASCADE".encode())
    return tuple(dict.fromkeys(left_out))


def _restore(
    owner: psycopg.Connection, catalogs: psycopg.Connection, wanted: ExtendedStatistics, *, has_values: bool
) -> NotExamined | None:
    what = f"extended statistics {wanted.name.short} ({', '.join(wanted.kinds)})"
    keys = _keys(catalogs, wanted.name)
    if keys is None:  # left out with its table
        return None
    if not wanted.is_readable:
        return NotExamined(what, "not copied to the twin: only the table's owner may read them", _remedy(wanted))
    if (keys.columns, len(keys.expressions)) != (wanted.columns, len(wanted.expressions)):
        return NotExamined(what, "not copied to the twin: the schema has them on other columns or expressions")
    numbers = [*keys.numbers, *(-1 - place for place in range(len(keys.expressions)))]
    parts = {"distinct": _distinct(wanted, numbers), "dependencies": _dependencies(wanted, numbers)}
    try:
        with _Scratch(owner, wanted, keys) as scratch, catalogs.transaction():
            refuse_checks(catalogs)
            catalogs.execute(_sql("extended_casts"))
            _write(catalogs, "extended_insert", keys.oid, wanted, parts)
            scratch.copy_to(catalogs)
            catalogs.execute(_sql("extended_casts_dropped"))
    except (psycopg.Error, KeyError, _Unfit) as error:
        return NotExamined(what, f"not copied to the twin: {str(error).splitlines()[0]}")
    if "mcv" in wanted.kinds and not wanted.common and not has_values:
        return NotExamined(what, "its common values were not copied to the twin: the snapshot holds none")
    return None


@dataclass(frozen=True)
class _Keys:
    """What extended statistics are of, as the twin's catalog has it; a snapshot file may say anything."""

    oid: int
    table: QualifiedName
    columns: tuple[str, ...]
    numbers: tuple[int, ...]
    """Of the columns."""
    types: tuple[int, ...]
    """Of the columns, as the catalog has them."""
    expressions: tuple[str, ...]

    def base_types(self, owner: psycopg.Connection, catalogs: psycopg.Connection) -> list[int]:
        """Return the types of all keys, of domains their base types; after `refuse_checks`."""
        texts = ", ".join(f"({text})" for text in self.expressions)
        described = types_of(owner, f"SELECT {texts} FROM {self.table}", len(self.expressions)) if texts else []  # noqa: S608
        return _base_types(catalogs, [*self.types, *described])


def _keys(catalogs: psycopg.Connection, name: QualifiedName) -> _Keys | None:
    query = read_sql("pgwright.twin", "extended_keys", catalogs.info.server_version).encode()
    row = catalogs.execute(query, (name.schema, name.name)).fetchone()
    if row is None:
        return None
    oid, schema, table, *lists = row
    return _Keys(oid, QualifiedName(schema, table), *map(tuple, lists))


def _base_types(catalogs: psycopg.Connection, types: Sequence[int]) -> list[int]:
    row = catalogs.execute(_sql("base_types"), (list(types),)).fetchone()
    return list(row[0]) if row else []


def _sql(name: str) -> bytes:
    return read_sql("pgwright.twin", name).encode()


def _write(
    catalogs: psycopg.Connection, name: str, oid: int, wanted: ExtendedStatistics, parts: Mapping[str, object]
) -> None:
    """Write some parts; before PostgreSQL 15 there is one row for a table with its children."""
    query = read_sql("pgwright.twin", name, catalogs.info.server_version).encode()
    catalogs.execute(query, {"oid": oid, "is_inherited": wanted.is_inherited, **parts})


def _remedy(wanted: ExtendedStatistics) -> str:
    return f"read as the owner of {wanted.table.short}, or as a member of that role"


def _distinct(wanted: ExtendedStatistics, numbers: list[int]) -> bytes | None:
    if not wanted.distinct:
        return None
    items = (
        struct.pack(f"<di{len(one.keys)}h", one.count, len(one.keys), *(numbers[key] for key in one.keys))
        for one in wanted.distinct
    )
    return struct.pack("<III", _DISTINCT_MAGIC, _BASIC, len(wanted.distinct)) + b"".join(items)


def _dependencies(wanted: ExtendedStatistics, numbers: list[int]) -> bytes | None:
    if not wanted.dependencies:
        return None
    items = (
        struct.pack(f"<dh{len(one.keys)}h", one.degree, len(one.keys), *(numbers[key] for key in one.keys))
        for one in wanted.dependencies
    )
    return struct.pack("<III", _DEPENDENCIES_MAGIC, _BASIC, len(wanted.dependencies)) + b"".join(items)


@dataclass
class _Scratch:
    """A table whose columns have the types of the keys; the first column numbers its rows."""

    owner: psycopg.Connection
    wanted: ExtendedStatistics
    keys: _Keys
    _number_by_values: Mapping[str, int] = field(default_factory=dict)
    """Of each common combination, by its values as `pg_mcv_list_items` writes them."""

    def __enter__(self) -> _Scratch:
        if any(self.wanted.expression_statistics) or self.wanted.common:
            with self.owner.transaction():
                self._create()
        return self

    def __exit__(self, *_: object) -> None:
        self.owner.execute(f"DROP TABLE IF EXISTS {_SCRATCH}.t".encode())

    def copy_to(self, catalogs: psycopg.Connection) -> None:
        """Copy what the table's statistics are to those of the source. Raises _Unfit: they are of other types."""
        types = self.keys.base_types(self.owner, catalogs)
        oid = self.keys.oid
        if any(self.wanted.expression_statistics):
            self._give_statistics(catalogs)
            self._require_types(catalogs, types)
            # One column more, for the number, and columns count from 1.
            first = len(self.wanted.columns) + 2
            numbers = [first + place for place in range(len(self.wanted.expressions))]
            _write(catalogs, "extended_expressions", oid, self.wanted, {"numbers": numbers})
        if self.wanted.common:
            row = catalogs.execute(_sql("extended_built")).fetchone()
            if row is None or row[0] is None or not _has_types(catalogs, row[0], types, len(row[1] or ())):
                raise _Unfit("the common values that were made are of other types")
            built, values = row
            items = [self.wanted.common[self._number_by_values[one]] for one in values]
            common = _patched(built, items, len(self._names))
            _write(catalogs, "extended_common", oid, self.wanted, {"common": common})

    @property
    def _names(self) -> list[str]:
        return [f"c{place}" for place in range(len(self.wanted.columns) + len(self.wanted.expressions))]

    def _create(self) -> None:
        keys = [*map(quote, self.keys.columns), *(f"({text})" for text in self.keys.expressions)]
        listed = ", ".join(f"{key} AS {name}" for key, name in zip(keys, self._names, strict=True))
        # The expressions were written with nothing but the catalog in the search path.
        self.owner.execute(
            f"CREATE TABLE {_SCRATCH}.t AS SELECT 0 AS number, {listed} FROM {self.keys.table} WHERE false".encode()  # noqa: S608
        )
        if self.wanted.common:
            self._fill()

    def _give_statistics(self, catalogs: psycopg.Connection) -> None:
        """Give the columns of expressions their statistics, in place of those that ANALYZE made."""
        first = len(self.wanted.columns)
        refused = restore_columns(
            self.owner,
            catalogs,
            (
                (one, _SCRATCH, "t", self._names[first + place], False)
                for place, one in enumerate(self.wanted.expression_statistics)
                if one is not None
            ),
        )
        if refused:
            raise _Unfit(refused[0].reason.removeprefix("not copied to the twin: "))

    def _require_types(self, catalogs: psycopg.Connection, types: Sequence[int]) -> None:
        """Hold the table, and see that its columns have the types of the keys."""
        catalogs.execute(f"LOCK TABLE {_SCRATCH}.t IN ACCESS EXCLUSIVE MODE".encode())
        row = catalogs.execute(_sql("scratch_types")).fetchone()
        if row is None or _base_types(catalogs, row[0]) != list(types):
            raise _Unfit("the table that they were made of is of other types")

    def _fill(self) -> None:
        rows = json.dumps([[number, *one.values] for number, one in enumerate(self.wanted.common)])
        types = self.owner.execute(
            "SELECT format_type(atttypid, atttypmod) FROM pg_attribute"
            " WHERE attrelid = 'pgwright_scratch.t'::regclass AND attnum > 0 ORDER BY attnum"
        ).fetchall()
        cells = ", ".join(f"(r ->> {place})::{kind}" for place, (kind,) in enumerate(types))
        insert = f"INSERT INTO {_SCRATCH}.t SELECT {cells} FROM jsonb_array_elements(%s::jsonb) AS r"  # noqa: S608
        self.owner.execute(insert.encode(), (rows,))
        names = ", ".join(self._names)
        for statement in (
            f"CREATE STATISTICS {_SCRATCH}.s (mcv) ON {names} FROM {_SCRATCH}.t",
            f"ALTER STATISTICS {_SCRATCH}.s SET STATISTICS 10000",
            f"ANALYZE {_SCRATCH}.t",
        ):
            self.owner.execute(statement.encode())
        written = sql.SQL(", ").join(
            sql.SQL("CASE WHEN {0} IS NOT NULL THEN format('%s', {0}) END").format(sql.Identifier(name))
            for name in self._names
        )
        # As pg_mcv_list_items writes them, which a cast to text does not for every type.
        query = sql.SQL("SELECT number, ARRAY[{}]::text FROM pgwright_scratch.t").format(written)
        self._number_by_values = {values: number for number, values in self.owner.execute(query).fetchall()}


def _has_types(catalogs: psycopg.Connection, built: bytes, types: Sequence[int], count: int) -> bool:
    """Tell whether a serialized list holds so many items, of keys of these types."""
    _, _, items, keys = _COMMON_HEADER.unpack_from(built)
    if (items, keys) != (count, len(types)):
        return False
    return _base_types(catalogs, struct.unpack_from(f"<{keys}I", built, _COMMON_HEADER.size)) == list(types)


def _patched(built: bytes, items: Sequence[CommonCombination], keys: int) -> bytes:
    """Write the frequencies into a serialized list, which ends with its items: NULL flags, frequencies, positions."""
    item_bytes = keys * (1 + 2) + 2 * 8
    patched = bytearray(built)
    start = len(built) - item_bytes * len(items)
    for place, item in enumerate(items):
        struct.pack_into("<dd", patched, start + place * item_bytes + keys, item.frequency, item.base_frequency)
    return bytes(patched)
