"""`restore`: what one deletion marked lives again, all of it or nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any, overload

from sqlalchemy import ColumnElement, Connection, FromClause, Table, and_, exists, func, inspect, literal, not_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapper, Session
from sqlalchemy.orm.attributes import set_committed_value

from pgwright_runtime._sessions import AnyAsyncSession, AnySession, Awaited, run_inside
from pgwright_runtime.soft_delete.errors import KeyTaken, NotDeleted, ParentDeleted
from pgwright_runtime.soft_delete.family import family, row_name
from pgwright_runtime.soft_delete.graph import STAYS, DeletionGraph, DeletionLink, graph_of
from pgwright_runtime.soft_delete.held import keys_of, marked_table
from pgwright_runtime.soft_delete.hidden import of_all_rows
from pgwright_runtime.soft_delete.marking import mark_rows
from pgwright_runtime.soft_delete.mixin import mark_of
from pgwright_runtime.soft_delete.walking import Walk, walk

# How many deleted parents are named.
_NAMED = 3
_UNIQUE_VIOLATION = "23505"


@overload
def restore(session: AnyAsyncSession, entity: object, key: Any = None) -> Awaited[dict[str, int]]: ...
@overload
def restore(session: AnySession, entity: object, key: Any = None) -> dict[str, int]: ...
def restore(
    session: AnyAsyncSession | AnySession, entity: object, key: Any = None
) -> Awaited[dict[str, int]] | dict[str, int]:
    """Let a deleted row live again, with what its deletion took along and nothing else; of an async session, await it.

    What was purged of it meanwhile does not come back. It is part of the session's transaction: commit it.

    Args:
        entity: an object of a deleted row; or its class, and then `key` is its primary key, a tuple of several columns.
    Returns: the rows that live again, per table.
    Raises:
        NotDeleted: the row lives, or is gone for good.
        ParentDeleted: a row refers to one that is still deleted, other than by a key with ON DELETE SET NULL.
        KeyTaken: a row that lives has a unique key of one that would come back.
    """
    mapper, identity = _identity(entity, key)
    table = marked_table(mapper)
    if table is None:
        raise TypeError(f"rows of {mapper.class_.__name__} cannot be restored: it lacks the mixin SoftDelete")

    def job(own: Session) -> dict[str, int]:
        own.flush()
        connection = own.connection(bind_arguments={"mapper": mapper})
        with connection.begin_nested():
            restoration = _Restoration(connection, graph_of(mapper), table, identity)
            counts = restoration.run()
        restoration.refresh(own)
        return counts

    return run_inside(session, job)


def _identity(entity: object, key: Any) -> tuple[Mapper[Any], tuple[Any, ...]]:
    found = inspect(entity)
    if isinstance(found, Mapper):
        return found, tuple(key) if isinstance(key, tuple | list) else (key,)
    if found.key is None:
        raise TypeError(f"{entity!r} was never stored, so there is nothing to restore")
    return found.mapper, found.key[1]


class _Restoration:
    """The rows of one deletion, as they live again inside of a savepoint."""

    def __init__(self, connection: Connection, graph: DeletionGraph, root: Table, key: tuple[Any, ...]) -> None:
        self.connection, self.graph, self.root, self.key = connection, graph, root, key
        self.moment = self._lock_root()
        self.walk = walk(graph, root, key, self.moment, upwards=True)

    def _lock_root(self) -> datetime:
        mark = mark_of(self.root)
        assert mark is not None
        statement = select(mark).where(self._is_root(self.root))
        row = self.connection.execute(of_all_rows(statement.with_for_update(key_share=True))).one_or_none()
        if row is None or row[0] is None:
            raise NotDeleted(self.root.fullname, self.key, is_there=row is not None)
        moment: datetime = row[0]
        return moment

    def run(self) -> dict[str, int]:
        self._refuse_below_deleted()
        # One statement, so that no row of it sees a parent that is about to follow.
        updates = [
            mark_rows(table, None, at=self.moment)
            .where(self.walk.is_row(table, table))
            .returning(literal(1).label("one"))
            for table in self.walk.tables
        ]
        restored = [update.cte(f"restored_{number}") for number, update in enumerate(updates)]
        counts = [select(func.count()).select_from(rows).scalar_subquery() for rows in restored]
        try:
            found = self.connection.execute(of_all_rows(select(*counts))).one()
        except IntegrityError as error:
            raise _key_taken(error) or error from error
        return {table.fullname: count for table, count in zip(self.walk.tables, found, strict=True) if count}

    def _refuse_below_deleted(self) -> None:
        """Raise `ParentDeleted` if the root, or what would come back with it, refers to a row that stays deleted."""
        below = walk(self.graph, self.root, self.key, self.moment)
        links = [link for link in self.graph.links if link.rule != STAYS]
        for link in (link for link in links if link.child is self.root):
            self._refuse(link, self._is_root, below)
        for link in (link for link in links if link.child in self.walk.tables):
            self._refuse(link, partial(self.walk.has, link.child), self.walk)

    def _is_root(self, of: FromClause) -> ColumnElement[bool]:
        keys = zip(self.root.primary_key, self.key, strict=True)
        return and_(*(of.c[own.key] == value for own, value in keys))

    def _refuse(self, link: DeletionLink, is_ours: Callable[[FromClause], ColumnElement[bool]], set_: Walk) -> None:
        """Lock the rows outside of a set that some rows refer to by one foreign key, and raise if one is deleted."""
        below, above = family(link.reference.child), family(link.reference.parent)
        assert above.mark is not None
        refers = and_(*(below.table.c[own.key] == above.table.c[their.key] for own, their in link.reference.pairs))
        is_meant = exists().select_from(below.from_).where(refers, is_ours(below.head))
        found = select(row_name(above.head).label("row"), above.mark.label("mark")).select_from(above.from_)
        found = found.where(is_meant, not_(set_.has(link.parent, above.head)))
        locked = found.with_for_update(read=True, of=above.head).cte("locked")
        deleted = select(locked.c.row).where(locked.c.mark.is_not(None))
        rows = self.connection.execute(of_all_rows(deleted)).all()
        if rows:
            raise ParentDeleted([(link.name, link.parent.fullname, row) for (row,) in rows[:_NAMED]])

    def refresh(self, session: Session) -> None:
        """Tell the objects that the session holds of these rows that they live."""
        for table in self.walk.tables:
            mark = mark_of(table)
            assert mark is not None
            states = {
                state.key[1]: (state, name)
                for state in session.identity_map.all_states()
                if marked_table(state.mapper) is table and state.key is not None
                if state.dict.get(name := state.mapper.get_property_by_column(mark).key) == self.moment
            }
            for condition in keys_of(state for state, _ in states.values()).get(table, ()):
                keys = next(iter(states.values()))[0].mapper.base_mapper.primary_key
                for row in self.connection.execute(select(*keys).where(condition, mark.is_(None))):
                    state, name = states[tuple(row)]
                    set_committed_value(state.obj(), name, None)


def _key_taken(error: IntegrityError) -> KeyTaken | None:
    """Return what an error of the database means, in the words of either driver."""
    orig = error.orig
    if _UNIQUE_VIOLATION not in (getattr(orig, "sqlstate", None), getattr(orig, "pgcode", None)):
        return None
    told = getattr(orig, "diag", None) or getattr(orig, "__cause__", None)
    return KeyTaken(getattr(told, "table_name", None), getattr(told, "constraint_name", None))
