"""The SELECTs of a workload, one a text and role, seen through views."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from pgwright.errors import UnparsableStatement
from pgwright.model.memo import once_a_snapshot
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.model.statement import Statement
from pgwright.sqltext import ColumnUse, Schema, StatementShape, parse, read_shape, returned_tables, search_path
from pgwright.workload.reading import Reading, read_statements

_NAME = r'(?:"(?:[^"]|"")++"|[^\s".]++)'
# As pg_dump writes it. One that holds ";\n" in a constant is cut off there, and then not parsed.
_VIEW = re.compile(rf"^CREATE VIEW ({_NAME})\.({_NAME})(?: WITH \([^\n]*\))? AS\n(.*?);$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, eq=False)
class Select:
    """A SELECT of one role, with the sums of its counters."""

    text: str
    role: str
    calls: int
    rows: int
    total_ms: float
    query_ids: tuple[int, ...]
    """Several where a table was made anew: its statements then count under another id."""
    shape: StatementShape
    """With what its views read."""
    schema: Schema

    @property
    def rows_per_call(self) -> float:
        return self.rows / self.calls if self.calls else 0.0

    @property
    def mean_ms(self) -> float:
        return self.total_ms / self.calls if self.calls else 0.0

    @cached_property
    def returned(self) -> frozenset[QualifiedName]:
        """The tables whose rows it returns."""
        with suppress(UnparsableStatement):
            return returned_tables(self.text, self.schema)
        return frozenset()

    @cached_property
    def read(self) -> frozenset[ColumnUse]:
        """The columns that it reads of them."""
        columns = {use for block in self.shape.blocks for use in block.outputs}
        stars = {table for block in self.shape.blocks for table in block.reads_all_of}
        whole = {ColumnUse(table, column) for table in stars for column in self.schema.columns[table]}
        return frozenset(use for use in columns | whole if use.table in self.returned)

    @cached_property
    def given(self) -> frozenset[ColumnUse]:
        """Those of them that must equal a parameter."""
        return frozenset(
            condition.column
            for block in self.shape.blocks
            for condition in (*block.conditions, *block.lookups)
            if condition.operator == "=" and condition.parameter is not None and condition.column.table in self.returned
        )


@once_a_snapshot
def selects(snapshot: Snapshot) -> tuple[Select, ...]:
    """Return the SELECTs that read the user's tables, in the snapshot's order."""
    return tuple(_selects(snapshot))


def _selects(snapshot: Snapshot) -> Iterator[Select]:
    readings = [one for one in read_statements(snapshot) if one.shape is not None and one.shape.kind == "select"]
    has_unknown = any(one.shape is not None and one.shape.reads_unknown for one in readings)
    whole = replace(Schema.of(snapshot), views=_views(snapshot) if has_unknown else {})
    schemas: dict[str, Schema] = {}
    for reading in readings:
        by_role: dict[str, list[Statement]] = {}
        for statement in reading.stands_for:
            by_role.setdefault(statement.role, []).append(statement)
        for role, same in by_role.items():
            if role not in schemas:
                schemas[role] = replace(whole, search_path=search_path(snapshot, role))
            shape = _seen_through(reading, schemas[role])
            if shape.tables:
                yield _select(reading.statement.text, same, shape, schemas[role])


def _select(text: str, same: list[Statement], shape: StatementShape, schema: Schema) -> Select:
    return Select(
        text,
        same[0].role,
        calls=sum(one.calls for one in same),
        rows=sum(one.rows for one in same),
        total_ms=sum(one.total_ms for one in same),
        query_ids=tuple(dict.fromkeys(one.query_id for one in same)),
        shape=shape,
        schema=schema,
    )


def _seen_through(reading: Reading, schema: Schema) -> StatementShape:
    assert reading.shape is not None
    if reading.shape.reads_unknown and schema.views:
        with suppress(UnparsableStatement):
            return read_shape(reading.statement.text, schema)
    return reading.shape


def _views(snapshot: Snapshot) -> Mapping[QualifiedName, Any]:
    """Return the parse trees of the views in the schema that the snapshot holds."""
    found: dict[QualifiedName, Any] = {}
    for schema, name, query in _VIEW.findall(snapshot.schema_sql):
        with suppress(UnparsableStatement):
            found[QualifiedName(_plain(schema), _plain(name))] = parse(query)
    return found


def _plain(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
