"""The tables whose rows a SELECT returns: those of FROM at any depth, and none that stands in a condition only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pgwright.errors import UnparsableStatement
from pgwright.model.names import QualifiedName
from pgwright.sqltext.nodes import ast
from pgwright.sqltext.reader import parse
from pgwright.sqltext.schema import Schema


def returned_tables(text: str, schema: Schema) -> frozenset[QualifiedName]:
    """Return the tables whose rows a SELECT returns, seen through subqueries, common tables and the schema's views.

    Raises: UnparsableStatement.

    >>> name = QualifiedName("public", "t"), QualifiedName("public", "u")
    >>> schema = Schema(dict.fromkeys(name, frozenset({"id"})))
    >>> text = "WITH a AS (SELECT id FROM t) SELECT id FROM (TABLE a) AS b WHERE EXISTS (SELECT FROM u)"
    >>> [str(table) for table in returned_tables(text, schema)]
    ['public.t']
    """
    try:
        return frozenset(_Sources(schema).of_query(parse(text), {}))
    except RecursionError as error:
        raise UnparsableStatement(text, "it is nested too deeply to be read") from error


class _Sources:
    """Walks each query once: common tables and views may be named often, and may name themselves."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._seen: set[int] = set()

    def of_query(self, query: Any, common: Mapping[str, Any]) -> Iterator[QualifiedName]:
        if not isinstance(query, ast.SelectStmt) or id(query) in self._seen:
            return
        self._seen.add(id(query))
        clause = query.withClause
        known = {**common, **{one.ctename: one.ctequery for one in (clause.ctes if clause is not None else ())}}
        if query.larg is not None:
            yield from self.of_query(query.larg, known)
            yield from self.of_query(query.rarg, known)
        for source in query.fromClause or ():
            yield from self._of_source(source, known)

    def _of_source(self, source: Any, common: Mapping[str, Any]) -> Iterator[QualifiedName]:
        if isinstance(source, ast.JoinExpr):
            yield from self._of_source(source.larg, common)
            yield from self._of_source(source.rarg, common)
        elif isinstance(source, ast.RangeSubselect):
            yield from self.of_query(source.subquery, common)
        elif isinstance(source, ast.RangeVar):
            if source.schemaname is None and source.relname in common:
                yield from self.of_query(common[source.relname], common)
            elif (table := self._schema.find(source.schemaname, source.relname)) is not None:
                yield table
            else:
                yield from self.of_query(self._schema.view(source.schemaname, source.relname), {})
