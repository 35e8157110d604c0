"""What makes a row hang on another: foreign keys of the database, those that only the models declare, and links."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import JSON, ColumnElement, Table, Text, and_, cast, func, literal_column, true

from pgwright_runtime._references import references
from pgwright_runtime.erasure.catalog import CatalogTables, NamedType
from pgwright_runtime.erasure.declaration import Erasure, Link, clause_of, column_name, columns_in
from pgwright_runtime.erasure.expressions import Places, placed

SURVIVES = frozenset({"SET NULL", "SET DEFAULT"})


@dataclass(frozen=True, eq=False)
class Edge:
    """Rows of `child` hang on rows of `parent`."""

    child: Table
    parent: Table
    columns: tuple[str, ...]
    """Of the child."""
    referred: tuple[str, ...]
    """Of the parent: what has to be known of its rows."""
    on_delete: str
    """"" for a link."""
    is_enforced: bool
    """The database has it as a foreign key."""
    link: Link | None = None

    @property
    def text(self) -> str:
        """As people name it: `notes.owner_id`."""
        return f"{self.child.fullname}.{', '.join(self.columns)}"

    @cached_property
    def is_nullable(self) -> bool:
        return all(self.child.c[name].nullable for name in self.columns)

    def joined(self, child: Places, parent: Places) -> ColumnElement[bool]:
        """Return the condition that a row of the child hangs on one of the parent, where each is placed."""
        if self.link is None:
            pairs = zip(self.columns, self.referred, strict=True)
            return and_(*(child.of(self.child)[one] == parent.of(self.parent)[other] for one, other in pairs))
        is_for = true() if self.link.where is None else placed(self.link.where, child)
        return and_(_matches(self.link, child, parent), is_for)


def _matches(link: Link, child: Places, parent: Places) -> ColumnElement[bool]:
    to: Any = placed(clause_of(link.to), parent)
    what: Any = placed(clause_of(link.what), child)
    kind = what.type
    found: ColumnElement[bool]
    if isinstance(kind, JSON):  # a key of it, of which the text counts
        found = what.as_string() == cast(to, Text)
    elif not isinstance(kind, NamedType):
        found = cast(what, Text) == cast(to, Text)
    elif kind.category == "A":
        element = NamedType(kind.element or "text", "", "", None)
        found = what.op("@>")(func.array_append(cast(literal_column("'{}'"), kind), cast(to, element)))
    elif kind.base == "jsonb":
        found = what.op("@>")(func.jsonb_build_array(to))
    else:
        found = what == cast(to, kind)
    return found


def edges_of(catalog: CatalogTables, erasure: Erasure) -> list[Edge]:
    """Return all edges. Raises: ValueError: a link names what the database does not have."""
    found = [
        Edge(
            reference.child,
            reference.parent,
            tuple(child.name for child, _ in reference.pairs),
            tuple(parent.name for _, parent in reference.pairs),
            reference.on_delete,
            True,
        )
        for reference in catalog.references
    ]
    known = {(edge.child.fullname, edge.columns, edge.parent.fullname) for edge in found}
    found += [
        edge
        for edge in _of_models(catalog, erasure)
        if (edge.child.fullname, edge.columns, edge.parent.fullname) not in known
    ]
    return found + [_of_link(catalog, link) for link in erasure.links]


def _of_models(catalog: CatalogTables, erasure: Erasure) -> Iterator[Edge]:
    """Yield the foreign keys of the models, so far as the database has the columns."""
    for reference in references(erasure.metadata):
        child = catalog.find((reference.child.schema, reference.child.name))
        parent = catalog.find((reference.parent.schema, reference.parent.name))
        if child is None or parent is None:
            continue
        columns = tuple(one.name for one, _ in reference.pairs)
        referred = tuple(other.name for _, other in reference.pairs)
        if set(columns) <= set(child.c.keys()) and set(referred) <= set(parent.c.keys()):
            yield Edge(child, parent, columns, referred, reference.on_delete, False)


def _of_link(catalog: CatalogTables, link: Link) -> Edge:
    ends = []
    for side in (link.what, link.to):
        names = [column_name(side)] if isinstance(side, str) else list(columns_in(side))
        tables = {catalog.find(table) for table, _ in names}
        table = next(iter(tables), None)
        columns = tuple(name for _, name in names)
        if len(tables) != 1 or table is None or not set(columns) <= set(table.c.keys()):
            raise ValueError(f"the link's {str(side)!r} is no column of one table of the database")
        ends.append((table, columns))
    (child, columns), (parent, referred) = ends
    resolved = Link(
        child.c[columns[0]] if isinstance(link.what, str) else link.what,
        parent.c[referred[0]] if isinstance(link.to, str) else link.to,
        link.where,
    )
    return Edge(child, parent, columns, referred, "", False, resolved)
