"""The indexes of marked rows: keys that are unique among the living, ways to the living, and one to those due to go."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Index, Table, and_
from sqlalchemy.schema import SchemaItem

from pgwright_runtime._alchemy import TableItem
from pgwright_runtime.soft_delete.names import short_name

COLUMN = "deleted_at"
_KEPT_INFO = "soft_delete_unique"

NEVER_AGAIN: Mapping[str, str] = {_KEPT_INFO: "never again"}
"""`info` of a unique constraint, index or column whose values must not come again after their row was deleted.

    number: Mapped[str] = mapped_column(unique=True, info=NEVER_AGAIN)
    UniqueConstraint("series", "number", info=NEVER_AGAIN)
"""


def living_unique(*columns: str, name: str | None = None, **options: Any) -> SchemaItem:
    """Return what keeps columns unique among the rows that live: in `__table_args__`, or among a Table's columns.

    A value may come again after its row was deleted. A foreign key cannot refer to such a key, and ON CONFLICT has to
    name its condition: `index_elements=["email"], index_where=text("deleted_at IS NULL")`.

    Args:
        columns: names of columns; with some NULL, rows are distinct, as in any unique index.
        name: of the index; None: `ix_<table>_<columns>_living`.
        options: as of `Index`; a `postgresql_where` joins the condition.

    >>> from sqlalchemy import Column, MetaData
    >>> table = Table("users", MetaData(), Column("email"), Column("deleted_at"), living_unique("email"))
    >>> [(index.name, index.unique) for index in table.indexes]
    [('ix_users_email_living', True)]
    """
    return _LivingIndex(columns, name, {**options, "unique": True})


def living_index(*columns: str, name: str | None = None, **options: Any) -> SchemaItem:
    """Return an index of the rows that live; where many are deleted, it is smaller and faster than one of all.

    For an index that a foreign key needs, keep one of all rows as well: a purge looks for deleted ones. Arguments as of
    `living_unique`.
    """
    return _LivingIndex(columns, name, options)


class _LivingIndex(TableItem):
    def __init__(self, columns: tuple[str, ...], name: str | None, options: dict[str, Any]) -> None:
        self.columns, self.name, self.options = columns, name, options

    def attach(self, table: Table) -> None:
        own = [table.c[name] for name in self.columns]
        options = dict(self.options)
        condition, further = table.c[COLUMN].is_(None), options.pop("postgresql_where", None)
        options["postgresql_where"] = condition if further is None else and_(further, condition)
        Index(self.name or short_name("ix", table.name, *(column.name for column in own), "living"), *own, **options)


def add_purge_index(table: Table) -> None:
    """Give a table the index that finds rows by the moment of their deletion: to purge, and to restore them."""
    name = short_name("ix", table.name, "purge")
    if name not in {index.name for index in table.indexes}:
        mark = table.c[COLUMN]
        Index(name, mark, *table.primary_key, postgresql_where=mark.is_not(None))


def is_living_index(index: Index) -> bool:
    """Return whether an index is of the rows that live, or of the deleted ones, by its condition."""
    where = index.dialect_options["postgresql"]["where"]
    # It may be text.
    return where is not None and re.search(rf"\b{COLUMN}\b", str(where)) is not None


def may_come_again(item: Any) -> bool:
    """Return whether nothing says of a unique constraint or index that its values never come again."""
    columns = list(item.columns)
    infos = [item.info, *([columns[0].info] if len(columns) == 1 else [])]
    return not any(info.get(_KEPT_INFO) == NEVER_AGAIN[_KEPT_INFO] for info in infos)
