"""Tables, their columns, and sequences."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from pgwright.database import ReadOnlyDatabase, Row
from pgwright.figures import listing
from pgwright.model.names import QualifiedName
from pgwright.model.not_examined import NotExamined
from pgwright.model.table import PAGE_BYTES, Column, Sequence, Table

PACKAGE = "pgwright.snapshot"
_DEFAULT_FILL_FACTOR = 100
_MOST_NAMED = 5
# What cannot be read without the tables.
TABLE_PARTS = ("tables", "indexes", "foreign_keys", "dependents", "sequences")


def read_tables(
    database: ReadOnlyDatabase, missing: list[NotExamined]
) -> tuple[tuple[Table, ...], dict[int, QualifiedName]]:
    """Return all tables of the user, and the name of each by its oid; those that somebody locks go to `missing`."""
    locked = database.read(PACKAGE, "locked_tables")
    if locked:
        names = [QualifiedName(row["schema"], row["name"]).short for row in locked]
        reason = "another session holds or awaits an exclusive lock, and who waits for it holds up others"
        relations = tuple(QualifiedName(row["schema"], row["name"]) for row in locked)
        what = f"tables: {listing(names, _MOST_NAMED)}"
        missing.append(NotExamined(what, reason, "read again later", TABLE_PARTS, relations=relations))
    rows = database.read(PACKAGE, "tables", {"locked": [row["oid"] for row in locked]})
    name_by_oid = {row["oid"]: QualifiedName(row["schema"], row["name"]) for row in rows}
    oids = list(name_by_oid)
    columns: dict[int, list[Column]] = defaultdict(list)
    for row in database.read(PACKAGE, "columns", {"oids": oids}):
        domain = optional_name(row.pop("domain_schema"), row.pop("domain_name"))
        columns[row.pop("table_oid")].append(Column(**row, domain=domain))
    keys = {
        row["table_oid"]: named(columns[row["table_oid"]], row["numbers"])
        for row in database.read(PACKAGE, "primary_keys", {"oids": oids})
    }
    tables = tuple(_table(row, tuple(columns[row["oid"]]), keys.get(row["oid"], ())) for row in rows)
    return with_leaf_rows(tables), name_by_oid


def with_leaf_rows(tables: tuple[Table, ...]) -> tuple[Table, ...]:
    """Return the tables, each partitioned one with the rows of its leaves."""
    children: dict[QualifiedName, list[Table]] = defaultdict(list)
    for table in tables:
        if table.parent is not None:
            children[table.parent].append(table)

    def rows(table: Table) -> float:
        return sum(map(rows, children[table.name])) if table.kind == "partitioned table" else table.rows

    return tuple(replace(one, leaf_rows=rows(one)) if one.kind == "partitioned table" else one for one in tables)


def named(columns: Iterable[Column], numbers: Iterable[int]) -> tuple[str, ...]:
    """Return the names of the columns of these numbers, in the order of the numbers."""
    name_by_number = {column.position: column.name for column in columns}
    return tuple(name_by_number[number] for number in numbers)


def _table(row: Row, columns: tuple[Column, ...], primary_key: tuple[str, ...]) -> Table:
    facts = dict(row)
    name = QualifiedName(facts.pop("schema"), facts.pop("name"))
    parent = optional_name(facts.pop("parent_schema"), facts.pop("parent_name"))
    facts["parameters"] = tuple(facts["parameters"])
    pages = facts.pop("heap_bytes") // PAGE_BYTES
    del facts["oid"]
    fill = next((p for p in facts["parameters"] if p.startswith("fillfactor=")), None)
    return Table(
        name=name,
        columns=columns,
        primary_key=primary_key,
        parent=parent,
        pages=pages,
        fill_factor=int(fill.split("=")[1]) if fill else _DEFAULT_FILL_FACTOR,
        **facts,
    )


def read_sequences(database: ReadOnlyDatabase, name_by_oid: Mapping[int, QualifiedName]) -> tuple[Sequence, ...]:
    """Return all sequences but those of other tables than these, each with the column that it feeds."""
    known = frozenset(name_by_oid.values())
    fed = {row["sequence_oid"]: row for row in database.read(PACKAGE, "fed_columns", {"oids": list(name_by_oid)})}
    narrow = [oid for oid, row in fed.items() if row["most"] is not None]
    rows = database.read(PACKAGE, "sequences", {"narrow": narrow})
    every = (_sequence(row, fed.get(row["sequence_oid"])) for row in rows)
    return tuple(one for one in every if one.table is None or one.table in known)


def _sequence(row: Row, fed: Row | None) -> Sequence:
    limits = (row["limit"], fed["most"] if fed is not None else None)
    return Sequence(
        name=QualifiedName(row["schema"], row["name"]),
        table=QualifiedName(fed["schema"], fed["table"]) if fed is not None else None,
        column=fed["column"] if fed is not None else None,
        last_value=row["last_value"],
        limit=min(limit for limit in limits if limit is not None),
        increment=row["increment"],
        starts_over=row["starts_over"],
    )


def optional_name(schema: str | None, name: str | None) -> QualifiedName | None:
    """Return the name of a relation that may not exist."""
    return QualifiedName(schema, name) if schema is not None and name is not None else None
