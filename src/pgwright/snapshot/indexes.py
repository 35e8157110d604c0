"""Indexes and foreign keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress

from pgwright.database import ReadOnlyDatabase, Row
from pgwright.errors import QueryFailed
from pgwright.figures import listing
from pgwright.model.index import Index, IndexDefinition, IndexKey
from pgwright.model.names import QualifiedName
from pgwright.model.not_examined import NotExamined
from pgwright.model.table import PAGE_BYTES, ForeignKey, ReferentialAction, Table
from pgwright.snapshot.tables import PACKAGE, named, optional_name

# pg_index.indoption, from the server's source: src/include/catalog/pg_index.h.
_MOST_NAMED = 5
_DESCENDING, _NULLS_FIRST = 1, 2
_PLAIN: Row = {"operator_class": None, "collation": None}
_ACTIONS: Mapping[str, ReferentialAction] = {
    "a": "no action", "r": "restrict", "c": "cascade", "n": "set null", "d": "set default",
}  # fmt: skip


def read_indexes(
    database: ReadOnlyDatabase, name_by_oid: Mapping[int, QualifiedName], tables: Iterable[Table]
) -> tuple[Index, ...]:
    """Return all indexes of the given tables."""
    oids = list(name_by_oid)
    odd_keys = {(row["oid"], row["position"]): row for row in database.read(PACKAGE, "index_keys", {"oids": oids})}
    rows = database.read(PACKAGE, "indexes", {"oids": oids, "odd": list({oid for oid, _ in odd_keys})})
    names = {table.name: {column.position: column.name for column in table.columns} for table in tables}
    for row in rows:
        row["odd_keys"] = [odd_keys.get((row["oid"], position), _PLAIN) for position in range(row["key_count"])]
        name_by_number = names[name_by_oid[row["table_oid"]]]
        row["column_names"] = [name_by_number.get(number) for number in row.pop("numbers")]
    heights = _read_heights(database, [row["oid"] for row in rows if row["method"] == "btree" and row["size_bytes"]])
    return tuple(_index(row, name_by_oid[row["table_oid"]], heights.get(row["oid"])) for row in rows)


def _read_heights(database: ReadOnlyDatabase, oids: list[int]) -> dict[int, int]:
    """Return the height of each B-tree where `pageinspect` is installed and our role may call it, else nothing."""
    with suppress(QueryFailed):
        function = database.extension_function("pageinspect", "bt_metap(text)")
        if function is not None and function.may_use_schema and function.may_call and oids:
            rows = database.read(PACKAGE, "tree_heights", {"oids": oids}, relation=function.name)
            return {row["oid"]: row["height"] for row in rows}
    return {}


def _index(row: Row, table: QualifiedName, tree_height: int | None) -> Index:
    name = QualifiedName(row["schema"], row["name"])
    count = row["key_count"]
    definition = IndexDefinition(
        name=name.name,
        table=table,
        keys=tuple(_key(row, position) for position in range(count)),
        include=tuple(row["column_names"][count:]),
        predicate=row["predicate"],
        is_unique=row["is_unique"],
        nulls_not_distinct=row["nulls_not_distinct"],
        method=row["method"],
        parameters=tuple(row["parameters"]),
        is_deferrable=not row["is_immediate"],
    )
    return Index(
        name=name,
        definition=definition,
        sql=row["sql"] or definition.sql(),
        parent=optional_name(row["parent_schema"], row["parent_name"]),
        pages=row["size_bytes"] // PAGE_BYTES,
        tree_height=tree_height,
        **{
            field: row[field]
            for field in (
                "is_primary", "constraint", "is_exclusion", "is_valid", "is_ready", "is_replica_identity",
                "is_clustered", "size_bytes",
                "analyzed_pages", "row_estimate", "scans", "rows_read", "last_scan_at",
            )
        },
    )  # fmt: skip


def _key(row: Row, position: int) -> IndexKey:
    column = row["column_names"][position]
    option = row["options"][position]
    is_descending = bool(option & _DESCENDING)
    nulls_first = bool(option & _NULLS_FIRST)
    return IndexKey(
        column=column,
        expression=None if column is not None else _without_parentheses(row["key_texts"][position]),
        is_descending=is_descending,
        nulls_first=None if nulls_first == is_descending else nulls_first,
        operator_class=row["odd_keys"][position]["operator_class"],
        collation=row["odd_keys"][position]["collation"],
    )


def _without_parentheses(text: str) -> str:
    return text[1:-1] if text.startswith("(") and text.endswith(")") else text


def read_foreign_keys(
    database: ReadOnlyDatabase,
    name_by_oid: Mapping[int, QualifiedName],
    tables: Iterable[Table],
    missing: list[NotExamined],
) -> tuple[ForeignKey, ...]:
    """Return all foreign keys between the given tables; those to or from another table go to `missing`."""
    rows = database.read(PACKAGE, "foreign_keys", {"oids": list(name_by_oid)})
    cut = [row for row in rows if not _is_whole(row, name_by_oid)]
    known = [name_by_oid.get(row["table_oid"]) or name_by_oid.get(row["referenced_oid"]) for row in cut]
    if ends := tuple(dict.fromkeys(name for name in known if name is not None)):
        what = f"foreign keys of {listing([name.short for name in ends], _MOST_NAMED)}"
        reason = "the table at their other end was not read"
        missing.append(NotExamined(what, reason, "", ("foreign_keys",), relations=ends))
    columns = {table.name: table.columns for table in tables}
    return tuple(
        ForeignKey(
            name=row["name"],
            table=name_by_oid[row["table_oid"]],
            columns=named(columns[name_by_oid[row["table_oid"]]], row["numbers"]),
            referenced_table=name_by_oid[row["referenced_oid"]],
            referenced_columns=named(columns[name_by_oid[row["referenced_oid"]]], row["referenced_numbers"]),
            on_delete=_ACTIONS[row["on_delete"]],
            on_update=_ACTIONS[row["on_update"]],
            is_validated=row["is_validated"],
            is_inherited=row["is_inherited"],
            definition=row["definition"],
            referenced_index=optional_name(row["index_schema"], row["index_name"]),
        )
        for row in rows
        if _is_whole(row, name_by_oid)
    )


def _is_whole(row: Row, name_by_oid: Mapping[int, QualifiedName]) -> bool:
    return row["table_oid"] in name_by_oid and row["referenced_oid"] in name_by_oid
