"""A snapshot with a payload in one of its fields."""

from __future__ import annotations

from dataclasses import replace

from pgwright.model.index import IndexDefinition, IndexKey
from pgwright.model.names import QualifiedName
from pgwright.model.server import Role, Setting
from pgwright.model.snapshot import Snapshot
from pgwright.model.statement import Statement
from pgwright.model.statistics import CommonCombination, ExtendedStatistics
from tests.attacks.payload import Place

ITEMS = QualifiedName("public", "items")


def statement(number: int, text: str) -> Statement:
    return Statement(number, text, "app", 500, 90_000.0, 180.0, 200.0, 1.0, 500, 50_000, 900, 0)


def with_script(snapshot: Snapshot, scripts: list[str]) -> Snapshot:
    """Return a snapshot whose dump ends with these, each under a header as pg_dump writes it."""
    parts = [f"-- Name: x{n}; Type: TABLE; Schema: public; Owner: -\n\n{one}\n\n" for n, one in enumerate(scripts)]
    return replace(snapshot, schema_sql=f"{snapshot.schema_sql}\n\n{''.join(parts)}")


def planted(snapshot: Snapshot, place: Place, text: str) -> Snapshot:
    """Return the snapshot with a text at a place."""
    (items,) = (table for table in snapshot.tables if table.name == ITEMS)
    (index,) = (one for one in snapshot.indexes if one.definition.predicate is not None)
    match place:
        case "statement":
            return replace(snapshot, statements=(statement(1, text), *snapshot.statements))
        case "setting":
            wanted = ("search_path", "TimeZone", "work_mem", "random_page_cost")
            return replace(snapshot, settings=tuple(Setting(name, text, text, False, True) for name in wanted))
        case "setting name":
            return replace(snapshot, settings=(Setting(text, "1", "1", False, True), *snapshot.settings))
        case "statistics":
            rows = tuple(replace(row, common_values=(text,), common_frequencies=(0.5,)) for row in snapshot.statistics)
            return replace(snapshot, statistics=rows)
        case "role":
            role = Role(text, is_superuser=True, bypasses_row_security=True)
            return replace(
                snapshot, roles=(role,), tables=tuple(replace(t, has_row_security=True) for t in snapshot.tables)
            )
        case "index predicate" | "index expression":
            key = IndexKey(None, text) if place == "index expression" else IndexKey("id")
            predicate = text if place == "index predicate" else None
            definition = IndexDefinition("planted", ITEMS, (key,), predicate=predicate)
            return replace(snapshot, indexes=(*snapshot.indexes, replace(index, definition=definition)))
        case "table name":
            name = QualifiedName("public", text)
            return replace(snapshot, tables=(*snapshot.tables, replace(items, name=name)))
        case "column name":
            column = replace(items.columns[0], name=text)
            rows = tuple(replace(row, column=text) for row in snapshot.statistics)
            return replace(
                snapshot,
                tables=(replace(items, columns=(*items.columns, column)), *snapshot.tables[1:]),
                statistics=(*snapshot.statistics, *rows),
            )
        case "extended expression":
            common = (CommonCombination(("1", "1"), 0.5, 0.1),)
            one = ExtendedStatistics(
                QualifiedName("public", "together"), ITEMS, ("mcv",), ("id",), (text,), False, True, common=common
            )
            return replace(snapshot, extended_statistics=(one,))
        case "server":
            return replace(snapshot, server=replace(snapshot.server, collation=text, locale=text, database=text))
    raise ValueError(place)
