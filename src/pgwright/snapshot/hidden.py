"""Which tables, sequences and statistics our role may not read, and what would change that."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from pgwright.database import ReadOnlyDatabase, Row
from pgwright.figures import listing
from pgwright.model.names import QualifiedName, quote
from pgwright.model.not_examined import NotExamined
from pgwright.snapshot.grants import Grants
from pgwright.snapshot.tables import PACKAGE

_MOST_NAMED = 5
_EXPRESSIONS = "expressions of the index"
_OWNER_ONLY_PARTS = {"extended statistics": ("extended_statistics",), _EXPRESSIONS: ("statistics",)}


@dataclass(frozen=True)
class Hidden:
    """A table or sequence of which something is hidden."""

    name: QualifiedName
    is_sequence: bool
    owner: str
    is_closed: bool
    """Its schema is."""
    is_denied: bool
    """The role may not SELECT from it."""
    is_filtered: bool
    """Row-level security holds for the role."""
    is_forced: bool
    """Row-level security holds for the owner too."""


def read_hidden(database: ReadOnlyDatabase) -> tuple[Hidden, ...]:
    """Return all tables and sequences of which our role may not read everything."""
    rows = database.read(PACKAGE, "hidden")
    return tuple(Hidden(name=QualifiedName(row.pop("schema"), row.pop("name")), **row) for row in rows)


def tell_hidden(hidden: Collection[Hidden], grants: Grants) -> Iterator[NotExamined]:
    """Yield what our role lacks, one entry a cause."""
    denied = [one for one in hidden if one.is_closed or one.is_denied]
    grant = grants.read(one.name.schema for one in denied)
    if tables := [one for one in denied if not one.is_sequence]:
        closed = [quote(one.name.schema) for one in tables if one.is_closed]
        single = [str(one.name) for one in tables if not one.is_closed]
        yield NotExamined(
            f"columns' statistics and plans of {listing([*dict.fromkeys(closed), *single], _MOST_NAMED)}",
            "the role may not read these tables",
            grant,
            ("statistics", "schema_sql"),
            relations=_names(tables),
        )
    if sequences := [one for one in denied if one.is_sequence]:
        yield NotExamined(
            f"last values of {_listed(sequences)}",
            "the role may not read these sequences",
            grant,
            ("sequences",),
            relations=_names(sequences),
        )
    if filtered := [one for one in hidden if one.is_filtered]:
        # A service's administrator seldom has the attribute, so cannot give it; an owner sees all unless forced.
        may_own = grants.administrator is not None and not any(one.is_forced for one in filtered)
        yield NotExamined(
            f"columns' statistics of {_listed(filtered)}",
            "row-level security: the server hides them from a role that may see only some of the rows",
            grants.own(one.owner for one in filtered) if may_own else grants.bypass(),
            ("statistics",),
            relations=_names(filtered),
        )


def tell_owner_only(database: ReadOnlyDatabase, grants: Grants) -> Iterator[NotExamined]:
    """Yield the statistics that the server shows to the owner of their table only."""
    rows = database.read(PACKAGE, "owner_only")
    for kind, parts in _OWNER_ONLY_PARTS.items():
        if found := [row for row in rows if row["kind"] == kind]:
            names = tuple(QualifiedName(row["schema"], row["name"]) for row in found)
            yield NotExamined(
                f"what was gathered of the {kind} {listing([name.short for name in names], _MOST_NAMED)}",
                "the server shows it to the table's owner only",
                _owners_right(kind, found, grants),
                parts,
                relations=names,
            )


def _owners_right(kind: str, found: Iterable[Row], grants: Grants) -> str:
    """Return what shows it: a superuser's rights are never granted, for who has them may become one."""
    if kind == _EXPRESSIONS and grants.reads_all:
        return grants.read(())
    rows = tuple(found)
    if superusers := sorted({row["owner"] for row in rows if row["is_of_superuser"]}):
        return f"read as the owner, {listing([quote(one) for one in superusers], _MOST_NAMED)}, a superuser"
    return grants.own(row["owner"] for row in rows)


def _names(hidden: Iterable[Hidden]) -> tuple[QualifiedName, ...]:
    return tuple(one.name for one in hidden)


def _listed(hidden: Iterable[Hidden]) -> str:
    return listing([one.name.short for one in hidden], _MOST_NAMED)
