"""Which relations a statement names."""

from __future__ import annotations

from pglast import parse_sql
from pglast.parser import ParseError

from pgwright.model.migration import RelationRef
from pgwright.sqltext.nodes import ast, everything, is_catalog
from pgwright.sqltext.text import is_too_deep


def named_relations(text: str) -> tuple[RelationRef, ...]:
    """Return the relations that a script names, each once, those of the catalog left out.

    Names of its own WITH clauses are among them. () where the parser does not take it.

    >>> [one.name for one in named_relations("SELECT * FROM note JOIN pg_class ON true WHERE id IN (TABLE app.tag)")]
    ['note', 'tag']
    """
    return tuple(dict.fromkeys(RelationRef(one.relname, one.schemaname or "") for one in _ranges(text, of_app=True)))


def asks_catalog_alone(text: str) -> bool:
    """Tell whether a script names relations of the catalog, and no others."""
    return any(_ranges(text, of_app=False)) and not named_relations(text)


def named_roles(text: str) -> tuple[str, ...]:
    """Return the roles that a script names, each once; () where the parser does not take it."""
    names = (one.rolename for one in _nodes(text, ast.RoleSpec))
    return tuple(dict.fromkeys(name for name in names if name))


def _ranges(text: str, *, of_app: bool) -> list[ast.RangeVar]:
    return [one for one in _nodes(text, ast.RangeVar) if is_catalog(one) != of_app]


def _nodes(text: str, kind: type[ast.Node]) -> list[ast.Node]:
    if "\0" in text or is_too_deep(text):
        return []
    try:
        statements = parse_sql(text)
    except (ParseError, UnicodeError, RecursionError):
        return []
    return [node for one in statements for node in everything(one) if isinstance(node, kind)]
