"""Tables, keys and values of the app's database, read so that calls can ask for rows that exist."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.sql import SQL, Composed, Identifier, Literal

from pgwright.database import ReadOnlyDatabase, Row
from pgwright.model.names import QualifiedName

PACKAGE = "pgwright.probe"
# Rows of a child table that are counted to find parents with few and with many: bounded on a table of any size.
SAMPLE_ROWS = 50_000
# Parents that may be tried, of each kind.
MOST_CANDIDATES = 4
# pg_stat_statements counts statements as one that differ in comments and aliases only. No app asks for such a column.
_OURS = SQL('NULL::pg_catalog."char" AS ours')
_FOLLOW = SQL("SELECT {up} AS value, {ours} FROM {table} WHERE {column} = %(value)s LIMIT 1")
_COUNT = SQL(
    "WITH counted AS ("
    "SELECT value, count(*) AS children FROM ({values} LIMIT {most}) AS sample GROUP BY value) "
    "(SELECT * FROM counted ORDER BY children DESC, value LIMIT 20) UNION "
    "(SELECT * FROM counted ORDER BY children ASC, value LIMIT 20)"
)
_ENDINGS = (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("shes", "sh"), ("ss", "ss"), ("s", ""))


@dataclass(frozen=True)
class Relation:
    name: QualifiedName
    columns: tuple[str, ...]
    key: str | None
    """The primary key's column; None where it has none or several."""


@dataclass(frozen=True)
class Reference:
    """A foreign key of one column."""

    child: QualifiedName
    column: str
    parent: QualifiedName
    parent_column: str


@dataclass(frozen=True)
class Catalog:
    """What the database consists of, and a way to read values from it."""

    database: ReadOnlyDatabase
    relations: tuple[Relation, ...]
    references: tuple[Reference, ...]
    deleted_columns: tuple[str, ...]
    """Columns that mark a row as deleted where they are not null."""

    def named(self, word: str) -> Relation | None:
        """Return the table of that name, in singular or plural; with a prefix where nothing else fits."""
        wanted = singular(word)
        exact = [one for one in self.relations if singular(one.name.name) == wanted]
        prefixed = [one for one in self.relations if singular(one.name.name).endswith(f"_{wanted}")]
        return exact[0] if exact else prefixed[0] if len(prefixed) == 1 else None

    def children_of(self, parent: Relation) -> tuple[Reference, ...]:
        return tuple(one for one in self.references if one.parent == parent.name and one.parent_column == parent.key)

    def relation(self, name: QualifiedName) -> Relation | None:
        return next((one for one in self.relations if one.name == name), None)

    def values(self, relation: Relation, column: str, most: int = MOST_CANDIDATES) -> list[Any]:
        """Return some values of a column, of living rows."""
        text = SQL("{} LIMIT {}").format(_living_values(self, relation, column), Literal(most))
        return [row["value"] for row in self._read(text)]

    def by_children(self, parent: Relation, children: Sequence[Reference]) -> list[tuple[Any, int]]:
        """Return keys of living parents with their number of children, the most first; few of either end.

        Of a large child table `SAMPLE_ROWS` rows are counted.
        """
        counts: dict[Any, int] = {}
        for reference in children:
            child = self.relation(reference.child)
            if child is not None:
                for row in self._read(_count_text(self, child, reference.column)):
                    counts[row["value"]] = counts.get(row["value"], 0) + row["children"]
        living = {row["value"] for row in self._rows(parent, str(parent.key), list(counts))}
        found = [(key, count) for key, count in counts.items() if key in living]
        return sorted(found, key=lambda one: -one[1])

    def ancestor(self, relation: Relation, key: Any, target: Relation) -> Any:
        """Return the key of the row in `target` that a row belongs to, over three foreign keys at most; or None."""
        paths: list[tuple[Relation, list[Reference]]] = [(relation, [])]
        for at, path in paths:
            for reference in self.references:
                up = self.relation(reference.parent)
                if reference.child == at.name and up is not None and len(path) < 3:
                    if up == target and reference.parent_column == target.key:
                        return self._follow(relation, key, [*path, reference])
                    paths.append((up, [*path, reference]))
        return None

    def _follow(self, relation: Relation, key: Any, path: Sequence[Reference]) -> Any:
        column, value = str(relation.key), key
        for reference in path:
            rows = self._read(
                _FOLLOW.format(up=_name(reference.column), ours=_OURS, table=_table(relation), column=_name(column)),
                {"value": value},
            )
            if not rows or rows[0]["value"] is None:
                return None
            value, column = rows[0]["value"], reference.parent_column
            relation = self.relation(reference.parent) or relation
        return value

    def _rows(self, relation: Relation, column: str, keys: Sequence[Any]) -> list[Row]:
        text = SQL("{} AND {} = ANY (%(keys)s)").format(_living_values(self, relation, column), _name(column))
        return self._read(text, {"keys": keys}) if keys else []

    def _read(self, text: Composed, parameters: dict[str, Any] | None = None) -> list[Row]:
        return self.database.query(text.as_string(), parameters or {}, subject="ids for the calls")


def read_catalog(database: ReadOnlyDatabase, deleted_columns: Sequence[str]) -> Catalog:
    """Read tables and foreign keys. Raises QueryFailed."""
    relations = tuple(
        Relation(QualifiedName(row["schema"], row["name"]), tuple(row["columns"]), _only(row["primary_key"]))
        for row in database.read(PACKAGE, "tables", {})
    )
    references = tuple(
        Reference(
            QualifiedName(row["child_schema"], row["child"]),
            row["child_column"],
            QualifiedName(row["parent_schema"], row["parent"]),
            row["parent_column"],
        )
        for row in database.read(PACKAGE, "foreign_keys", {})
    )
    return Catalog(database, relations, references, tuple(deleted_columns))


def singular(word: str) -> str:
    """Return a name as it is compared: in snake case, the last word in singular.

    >>> singular("Study-Guides"), singular("quizzes"), singular("deliveries"), singular("addresses"), singular("status")
    ('study_guide', 'quizze', 'delivery', 'address', 'statu')
    """
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", word).replace("-", "_").lower()
    for ending, replacement in _ENDINGS:
        if snake.endswith(ending):
            return snake.removesuffix(ending) + replacement
    return snake


def _only(columns: Sequence[str] | None) -> str | None:
    return columns[0] if columns and len(columns) == 1 else None


def _count_text(catalog: Catalog, child: Relation, column: str) -> Composed:
    return _COUNT.format(values=_living_values(catalog, child, column), most=Literal(SAMPLE_ROWS))


def _living_values(catalog: Catalog, relation: Relation, column: str) -> Composed:
    """Return the query of a column's values, in rows that are not marked as deleted."""
    marks = [SQL("{} IS NULL").format(_name(mark)) for mark in catalog.deleted_columns if mark in relation.columns]
    conditions = SQL(" AND ").join([SQL("{} IS NOT NULL").format(_name(column)), *marks])
    text = SQL("SELECT {} AS value, {} FROM {} WHERE {}")
    return text.format(_name(column), _OURS, _table(relation), conditions)


def _table(relation: Relation) -> Composed:
    return SQL("{}.{}").format(_name(relation.name.schema), _name(relation.name.name))


def _name(identifier: str) -> Identifier:
    # The driver takes % for a placeholder.
    return Identifier(identifier.replace("%", "%%"))
