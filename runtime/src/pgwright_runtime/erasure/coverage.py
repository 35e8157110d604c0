"""Columns of personal data that no rule covers, in the whole database: each stops the erasure and is named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlalchemy import Column, Table

from pgwright_runtime.erasure.catalog import relation_of, type_of
from pgwright_runtime.erasure.declaration import Anonymise, Erasure, TableName
from pgwright_runtime.erasure.edges import Edge
from pgwright_runtime.erasure.graph import Graph, RowSet, column_names
from pgwright_runtime.erasure.personal import looks_personal
from pgwright_runtime.erasure.stops import Stop

Telling = Mapping[tuple[str, str, str], str]
# Ours, Alembic's and Django's own: rows of no person.
_OF_TOOLS = frozenset({"alembic_version", "pgwright_erased", "django_migrations", "django_content_type"})


def uncovered(graph: Graph, erasure: Erasure, edges: list[Edge], telling: Telling) -> Iterator[Stop]:
    """Yield a stop for each column that is declared or suspected to be personal, and that no rule answers for."""
    judge = _Judge(graph, erasure, telling)
    for part in graph.parts:
        is_other_person = part.table is graph.subject and part.fate in ("mention", "refer")
        if part.fate in ("delete", "keep") or is_other_person:
            continue
        yield from judge.of_part(part, {name for edge in edges if edge.child is part.table for name in edge.columns})
    reached = set(graph.tables) | graph.stays
    for table in graph.catalog:
        if table not in reached and table.name not in _OF_TOOLS:
            yield from judge.of_stranger(table)
    yield from _unlinked(graph, judge, edges)


class _Judge:
    def __init__(self, graph: Graph, erasure: Erasure, telling: Telling) -> None:
        self.subject, self.catalog, self.telling = graph.subject, graph.catalog, telling
        self.personal, self.not_personal = self._resolved(erasure.personal), self._resolved(erasure.not_personal)

    def _resolved(self, names: set[tuple[TableName, str]]) -> set[tuple[Table, str]]:
        found = ((self.catalog.find(table), column) for table, column in names)
        return {(table, column) for table, column in found if table is not None}

    def of_part(self, part: RowSet, keys: set[str]) -> Iterator[Stop]:
        covered = keys | (column_names(part.rule) if isinstance(part.rule, Anonymise) else set())
        covered |= set(relation_of(part.table).key)
        for column in part.table.c:
            why = self.why(part.table, column, is_theirs=part.fate == "anonymise")
            if why is None or column.name in covered:
                continue
            name = part.table.fullname
            is_own = isinstance(part.rule, Anonymise)
            stays = "stays in rows that are made anonymous" if is_own else "stays in rows that refer to the person"
            yield Stop(
                "uncovered-column", name, column.name, f"{name}.{column.name} {stays}, and no rule covers it: {why}",
                (
                    f"Anonymise({name!r}, columns={{{column.name!r}: None}}, via=[…])",
                    f"not_personal=[\"{name}.{column.name}\"]",
                ) if not is_own else (
                    f"{column.name!r}: None,   in the columns of Anonymise({name!r}, …)",
                    f"not_personal=[\"{name}.{column.name}\"]",
                ),
            )  # fmt: skip

    def of_stranger(self, table: Table) -> Iterator[Stop]:
        name = table.fullname
        for column in table.c:
            why = self.why(table, column, is_theirs=False)
            if why is not None:
                yield Stop(
                    "uncovered-column", name, column.name,
                    f"{name}.{column.name} is reached by no foreign key and no link, and no rule covers it: {why}",
                    (
                        f"Link(\"{name}.{column.name}\", \"{self.subject.fullname}.…\")   and   Delete({name!r})",
                        f"Keep({name!r}, reason=\"…\")",
                        f"not_personal=[\"{name}.{column.name}\"]",
                    ),
                )  # fmt: skip

    def why(self, table: Table, column: Column[object], *, is_theirs: bool) -> str | None:
        if (table, column.name) in self.not_personal or column.info.get("generated"):
            return None
        if (table, column.name) in self.personal:
            return "it is declared as personal"
        values = self.telling.get((table.schema or "", table.name, column.name))
        return looks_personal(table, column, values, is_theirs=is_theirs)


def _unlinked(graph: Graph, judge: _Judge, edges: list[Edge]) -> Iterator[Stop]:
    """Yield columns that are called as those that lead to the subject, without being foreign keys or links."""
    key = relation_of(graph.subject).key
    if len(key) != 1:
        return
    kind = type_of(graph.subject.c[key[0]]).base
    singular = graph.subject.name.removesuffix("s")
    names = {f"{singular}_id", f"{graph.subject.name}_id"}
    names |= {
        edge.columns[0]
        for edge in edges
        if edge.parent is graph.subject and len(edge.columns) == 1 and edge.link is None
    }
    names -= {"id"}
    linked = {(edge.child, name) for edge in edges for name in edge.columns}
    for table in graph.catalog:
        for column in table.c:
            known = (table, column.name) in linked or (table, column.name) in judge.not_personal or table in graph.stays
            if column.name in names and type_of(column).base == kind and not known and table is not graph.subject:
                name = f"{table.fullname}.{column.name}"
                yield Stop(
                    "unlinked-column", table.fullname, column.name,
                    f"{name} is called as what leads to {graph.subject.fullname}, and is no foreign key",
                    (
                        f"Link(\"{name}\", \"{graph.subject.fullname}.{key[0]}\")   and a rule for {table.fullname!r}",
                        f"not_personal=[\"{name}\"]",
                    ),
                )  # fmt: skip
