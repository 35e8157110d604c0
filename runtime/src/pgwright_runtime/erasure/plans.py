"""Whether our own statements find rows by indexes: asked of the planner before any of them runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Executable
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import ClauseElement

from pgwright_runtime._sql import quote, quoted
from pgwright_runtime.erasure.catalog import relation_of, type_of
from pgwright_runtime.erasure.collecting import Collection
from pgwright_runtime.erasure.declaration import clause_of
from pgwright_runtime.erasure.edges import Edge
from pgwright_runtime.erasure.stops import Stop

# Reading a smaller table whole takes about a millisecond.
SMALL_TABLE_BYTES = 1 << 20


class _Explained(Executable, ClauseElement):
    inherit_cache = False

    def __init__(self, statement: Any) -> None:
        self.statement = statement


@compiles(_Explained)
def _explain(element: _Explained, compiler: Any, **options: Any) -> str:
    return "EXPLAIN (VERBOSE, FORMAT JSON) " + str(compiler.process(element.statement, **options))


def scans(connection: Connection, collection: Collection) -> Iterator[Stop]:
    """Yield a stop for each edge along which a table would be read whole."""
    seen = set()
    for flow, statement in collection.flow_statements():
        edge = flow.edge
        if edge in seen or relation_of(edge.child).size <= SMALL_TABLE_BYTES:
            continue
        seen.add(edge)
        found = connection.execute(_Explained(statement), {"since": -1, "round": 0}).scalar_one()
        plan = json.loads(found) if isinstance(found, str | bytes) else found
        if any(_reads_whole(node) for node in _nodes(plan[0]["Plan"])):
            size = relation_of(edge.child).size / (1 << 20)
            name = edge.child.fullname
            yield Stop(
                "missing-index", name, ", ".join(edge.columns),
                f"no index serves {edge.text}: {name} ({size:,.0f} MB) would be read whole, by us and by each DELETE "
                f"of a row of {edge.parent.fullname}",
                (_index(edge), "--allow-scan   (allow_scan=True) reads it nevertheless"),
            )  # fmt: skip


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)


def _reads_whole(node: dict[str, Any]) -> bool:
    if str(node.get("Schema", "")).startswith("pg_temp"):
        return False
    kind = node["Node Type"]
    if kind in ("Seq Scan", "Sample Scan"):
        return True
    return kind in ("Index Scan", "Index Only Scan", "Bitmap Index Scan") and "Index Cond" not in node


def _index(edge: Edge) -> str:
    table = quoted(edge.child.name, edge.child.schema)
    method, columns = "", ", ".join(map(quote, edge.columns))
    if edge.link is not None and len(edge.columns) == 1:
        what = clause_of(edge.link.what)
        kind = type_of(edge.child.c[edge.columns[0]])
        if getattr(what, "name", None) != edge.columns[0]:
            written = what.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})  # type: ignore[no-untyped-call]
            columns = f"({str(written).replace(f'{edge.child.name}.', '')})"
        elif kind.category == "A" or kind.base == "jsonb":
            method = "USING gin "
    return f"CREATE INDEX CONCURRENTLY ON {table} {method}({columns});"
