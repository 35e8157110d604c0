"""What a model is that can be deleted and come back."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

from sqlalchemy import Column, DateTime, FromClause, Table, event
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Mapped, Mapper, declared_attr, mapped_column

from pgwright_runtime.soft_delete.equalities import equal_columns
from pgwright_runtime.soft_delete.indexes import COLUMN, add_purge_index

TABLE_INFO = "soft_delete"


class InheritedTable(NamedTuple):
    """The table of the class above, by joined inheritance, whose rows those of a table belong to."""

    table: Table
    keys: tuple[tuple[str, str], ...]
    """Each column of the lower table with the one of the upper table that it is equal to."""


# Not in the table's info, which Alembic writes into revisions.
_inherited: WeakKeyDictionary[Table, InheritedTable] = WeakKeyDictionary()


class SoftDelete:
    """Mixin of a declarative class whose rows are marked when they are deleted.

    All rows that one deletion marks bear the same moment, and `restore` brings back exactly those.
    Of classes that share rows by inheritance, the first one has the mixin. A `Base` may have it, for all its classes.
    """

    if TYPE_CHECKING:
        deleted_at: Mapped[datetime | None]
    else:
        # Without annotation, which would be a field to dataclasses and to SQLModel.
        @declared_attr
        def deleted_at(cls):  # noqa: N805
            table = vars(cls).get("__table__")
            if table is not None and COLUMN in table.c:
                return table.c[COLUMN]
            # Last among the columns; a mixin's come first otherwise.
            return mapped_column(DateTime(timezone=True), nullable=True, sort_order=1000)


def soft_deletable(table: Table) -> Table:
    """Declare that a table's rows are marked when they are deleted, and return it; the mixin does so for its classes.

    For tables that no declarative class makes: association tables, imperative mapping, reflection.
    Raises: ArgumentError: it has no column `deleted_at`.

    >>> from sqlalchemy import MetaData
    >>> tags = soft_deletable(Table("tags", MetaData(), Column("deleted_at", DateTime(timezone=True))))
    >>> mark_of(tags) is tags.c.deleted_at
    True
    """
    if COLUMN not in table.c:
        raise ArgumentError(f"rows of {table.fullname!r} cannot be marked: add Column({COLUMN!r}, timestamptz)")
    table.info[TABLE_INFO] = True
    add_purge_index(table)
    return table


def mark_of(table: Table) -> Column[Any] | None:
    """Return the column that marks a deleted row of a table; None: its rows are deleted for good."""
    return table.c[COLUMN] if TABLE_INFO in table.info else None


def tables_above(table: Table) -> list[InheritedTable]:
    """Return the tables that a table shares its rows with, by joined inheritance; the last one has the mark."""
    found: list[InheritedTable] = []
    while (above := _inherited.get(table)) is not None:
        found.append(above)
        table = above.table
    return found


@event.listens_for(SoftDelete, "after_mapper_constructed", propagate=True)
def _mark_table(mapper: Mapper[Any], class_: type[Any]) -> None:
    table, above = mapper.local_table, mapper.inherits
    if COLUMN not in mapper.columns:
        raise ArgumentError(
            f"{class_.__name__} has a table of its own, by concrete inheritance, and declares its columns anew: "
            f"add {COLUMN}: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))"
        )
    marked: FromClause = mapper.columns[COLUMN].table
    if not isinstance(marked, Table):
        return  # of a class that is mapped to a SELECT, whose own tables have the marks
    if above is None or mapper.concrete or above.local_table is table:
        soft_deletable(marked)
    elif marked is table:
        raise ArgumentError(
            f"{class_.__name__} shares its rows with {above.class_.__name__}, which would show the deleted ones: "
            f"give the mixin SoftDelete to {above.base_mapper.class_.__name__}"
        )
    elif isinstance(table, Table) and isinstance(above.local_table, Table):
        _inherited[table] = InheritedTable(above.local_table, _inherited_keys(mapper))


def _inherited_keys(mapper: Mapper[Any]) -> tuple[tuple[str, str], ...]:
    assert mapper.inherit_condition is not None
    return tuple((lower.key, upper.key) for lower, upper in equal_columns(mapper.inherit_condition, mapper.local_table))
