"""A CREATE INDEX statement to the definition of an index."""

from __future__ import annotations

from typing import Any

from pglast import ast
from pglast.enums import SortByDir, SortByNulls
from pglast.stream import RawStream

from pgwright.errors import UnparsableStatement
from pgwright.model.index import IndexDefinition, IndexKey
from pgwright.model.names import QualifiedName, quote
from pgwright.sqltext.reader import parse
from pgwright.sqltext.schema import Schema


def read_index(text: str, schema: Schema) -> IndexDefinition:
    """Return the index that a CREATE INDEX statement makes; an index without a name is called "".

    Raises: UnparsableStatement: it is no such statement.
    """
    tree = parse(text)
    if not isinstance(tree, ast.IndexStmt):
        raise UnparsableStatement(text, "CREATE INDEX … ON … is expected")
    relation: Any = tree.relation
    found = schema.find(relation.schemaname, relation.relname)
    table = found or QualifiedName(relation.schemaname or next(iter(schema.search_path), "public"), relation.relname)
    return IndexDefinition(
        name=tree.idxname or "",
        table=table,
        keys=tuple(_key(one) for one in tree.indexParams or ()),
        include=tuple(one.name for one in tree.indexIncludingParams or ()),
        predicate=RawStream()(tree.whereClause) if tree.whereClause else None,
        is_unique=bool(tree.unique),
        nulls_not_distinct=bool(tree.nulls_not_distinct),
        method=tree.accessMethod or "btree",
        parameters=tuple(f"{one.defname}={_value(one.arg)}" for one in tree.options or ()),
    )


def _key(element: Any) -> IndexKey:
    nulls = {SortByNulls.SORTBY_NULLS_FIRST: True, SortByNulls.SORTBY_NULLS_LAST: False}
    return IndexKey(
        column=element.name,
        expression=None if element.name is not None else RawStream()(element.expr),
        is_descending=element.ordering == SortByDir.SORTBY_DESC,
        nulls_first=nulls.get(element.nulls_ordering),
        operator_class=_operator_class(element),
        collation=_name(element.collation),
    )


def _operator_class(element: Any) -> str | None:
    name = _name(element.opclass)
    parameters = ", ".join(f"{one.defname}='{_value(one.arg)}'" for one in element.opclassopts or ())
    return f"{name} ({parameters})" if parameters else name


def _name(parts: Any) -> str | None:
    return ".".join(quote(part.sval) for part in parts) if parts else None


def _value(value: Any) -> str:
    return "true" if value is None else RawStream()(value).strip("'")
