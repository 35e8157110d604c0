"""The option of a statement that shows deleted rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import FromClause, Table, inspect
from sqlalchemy.exc import ArgumentError

from pgwright_runtime._alchemy_compiler import CachedOption, plain_table
from pgwright_runtime.soft_delete.mixin import mark_of, tables_above


class _ShowDeleted(CachedOption):
    """Payload: the tables whose rows are shown; empty: all."""

    # Of loaded objects, too: a deleted object could not be refreshed otherwise, and its own rows, which were deleted
    # with it, would be missing from its lazy loads, but not from its eager ones.
    propagate_to_loaders = True


def show_deleted(*models: type[Any] | Table) -> Any:
    """Return an option of a statement that shows deleted rows: `select(Note).options(show_deleted())`.

    It is for SELECT, UPDATE and DELETE, for `session.get(…, options=[…])`, and for a subquery alone, if that has it.
    Objects that it loads keep it: it is on when they are refreshed, and for what they load eagerly and lazily.

    Args:
        models: classes, or tables, whose deleted rows are shown; none: all.
    Raises: ArgumentError: a class or table whose rows are not marked.
    """
    return _ShowDeleted(frozenset(_marked_table(model) for model in models))


def is_shown(table: FromClause, options: Sequence[object]) -> bool:
    """Return whether one of a statement's options shows the deleted rows of a table."""
    return any(
        isinstance(option, _ShowDeleted) and (not option.payload or table in option.payload) for option in options
    )


def _marked_table(model: Any) -> Table:
    table = plain_table(model if isinstance(model, Table) else inspect(model).local_table)
    if table is not None and (above := tables_above(table)):
        table = above[-1].table
    if table is None or mark_of(table) is None:
        raise ArgumentError(f"{model!r} has no deleted rows to show: it lacks the mixin SoftDelete")
    return table
