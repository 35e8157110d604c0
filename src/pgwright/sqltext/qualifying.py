"""Names of tables with their schema, where a statement leaves that to a search path that its session had."""

from __future__ import annotations

from pgwright.model.names import quote
from pgwright.sqltext.nodes import ast, everything
from pgwright.sqltext.reader import parse
from pgwright.sqltext.schema import Schema


def qualified(text: str, schema: Schema) -> str:
    """Return a statement with the schema before each name that only one schema has, and not one of the search path.

    Raises: UnparsableStatement.
    """
    tree = parse(text)
    nodes = list(everything((tree,)))
    common = {node.ctename for node in nodes if isinstance(node, ast.CommonTableExpr)}
    places: dict[int, str] = {}
    for node in nodes:
        if isinstance(node, ast.RangeVar) and node.schemaname is None and node.relname not in common:
            table = schema.find(None, node.relname)
            if table is not None and table.schema not in schema.search_path and node.location is not None:
                places[node.location] = table.schema
    for place in sorted(places, reverse=True):
        text = f"{text[:place]}{quote(places[place])}.{text[place:]}"
    return text
