"""`session.delete` and orphans: marked at the end of the flush, and to the session the same as rows that are gone.

It holds for every session, for a class with the mixin says that its rows are marked. What hangs on a row that is
deleted for good goes for good as well, for nothing could restore it; rows without a mark stay below a marked one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, overload

from sqlalchemy import Table, delete, event, inspect
from sqlalchemy.orm import InstanceState, Mapper, Session, UOWTransaction, registry

from pgwright_runtime import _alchemy
from pgwright_runtime._sessions import AnyAsyncSession, AnySession, Awaited, run_inside
from pgwright_runtime.soft_delete.graph import graph_of
from pgwright_runtime.soft_delete.held import among, forget, held_tables, key_columns, keys_of, marked_table
from pgwright_runtime.soft_delete.hidden import of_all_rows
from pgwright_runtime.soft_delete.marking import Marking
from pgwright_runtime.soft_delete.mixin import mark_of
from pgwright_runtime.soft_delete.moments import free_moment

_FOR_GOOD = "pgwright_delete_for_good"
_DELETION = "pgwright_deletion"

State = InstanceState[Any]


class FlushDeletion:
    """What one flush deletes of the classes with the mixin."""

    def __init__(self, session: Session, flush: UOWTransaction) -> None:
        self.session, self.flush = session, flush
        self.roots: dict[State, None] = {}
        self.purged: dict[State, None] = {}
        self.for_good: set[State] = session.info.pop(_FOR_GOOD, set())
        self.held: dict[Table, Mapper[Any]] = {}
        self.rows: dict[Table, list[Any]] = {}
        self._sort_out()
        self._register = _alchemy.watch_registrations(flush, self.register)

    def _sort_out(self) -> None:
        """Find what has to go for good, and keep the rows without a mark that would only follow a marked one.

        `session.delete` has taken along what its cascades reach, behind the object that it was called for.
        """
        deleted = [state_of(instance) for instance in self.session.deleted]
        if not self.for_good and len({self._is_marked(state) for state in deleted}) < 2:
            return
        place = {state: number for number, state in enumerate(deleted)}
        following: dict[State, int] = {}
        asked, self.for_good = self.for_good, set()
        for state in deleted:
            if state in asked or not (marked_table(state.mapper) is not None or state in following):
                self.for_good |= {state, *_cascade(state)}
            elif marked_table(state.mapper) is not None:
                following |= {below: 0 for below in _cascade(state) if place.get(below, -1) > place[state]}
        kept = {state for state in following if marked_table(state.mapper) is None} - self.for_good
        kept |= {below for state in kept for below in _cascade(state) if place.get(below, -1) > place[state]}
        for state in kept - self.for_good:
            if not state.deleted:
                self.session.add(state.obj())

    def _is_marked(self, state: State) -> bool:
        return marked_table(state.mapper) is not None and state not in self.for_good

    def register(
        self, state: State, isdelete: bool = False, listonly: bool = False, cancel_delete: bool = False, **rest: Any
    ) -> bool:
        """Take the place of the flush's own function, which is told of each object that it saves or deletes."""
        if cancel_delete:
            self.roots.pop(state, None)
        elif isdelete and not listonly:
            if not self._is_marked(state):
                self._send_for_good(state)
            ours = self.roots if self._is_marked(state) else self.purged if _bears_mark(state) else None
            if ours is not None:
                is_known = self._register(state, listonly=True, **rest)
                if is_known:
                    ours[state] = None
                return is_known
        return self._register(state, isdelete=isdelete, listonly=listonly, cancel_delete=cancel_delete, **rest)

    def _send_for_good(self, state: State) -> None:
        """Let what hangs on a row that goes for good follow it: an orphan, of whose cascades nobody was told."""
        if state in self.for_good:
            return
        below = _cascade(state)
        self.for_good |= {state, *below}
        for other in below & self.roots.keys():
            del self.roots[other]
            self.register(other, isdelete=True)

    def purge(self) -> None:
        """Delete the rows for good that were marked before: the flush's own DELETE would not see them."""
        for state in self.purged:
            _alchemy.end_as_deleted(self.flush, state)
        groups: dict[Mapper[Any], list[State]] = {}
        for state in self.purged:
            groups.setdefault(state.mapper, []).append(state)
        for mapper in sorted(groups, key=_depth, reverse=True):
            connection = self.session.connection(bind_arguments={"mapper": mapper})
            keys = [state.key[1] for state in groups[mapper] if state.key is not None]
            for table in reversed(mapper.tables):
                for condition in among(tuple(table.primary_key), keys):
                    connection.execute(of_all_rows(delete(table).where(condition)))

    def mark(self) -> None:
        """Mark the rows and all that goes with them, in the flush's transaction, after what it saved."""
        groups: dict[registry, list[State]] = {}
        for state in self.roots:
            groups.setdefault(state.mapper.registry, []).append(state)
            _alchemy.end_as_deleted(self.flush, state)
        others = {*self.session.identity_map.all_states(), *self.flush.states} - self.roots.keys()
        for states in groups.values():
            self._mark(states, others)

    def _mark(self, roots: list[State], others: Iterable[State]) -> None:
        asked, mapper = keys_of(roots), roots[0].mapper
        graph = graph_of(mapper)
        below = graph.below(asked)
        connection = self.session.connection(bind_arguments={"mapper": mapper})
        held = held_tables(others, below)
        marking = Marking(connection, graph, free_moment(connection, graph, below), key_columns(held))
        marking.spread(asked)
        marking.refuse_if_forbidden()
        self.held |= held
        self.rows |= marking.rows

    def forget(self) -> None:
        """Let the objects that the session holds of other marked rows be deleted ones, those just inserted as well."""
        forget(self.session, self.held, self.rows)


@event.listens_for(Session, "before_flush")
def _before(session: Session, flush: UOWTransaction, instances: object) -> None:
    flush.attributes[_DELETION] = FlushDeletion(session, flush)


@event.listens_for(Session, "after_flush")
def _after(session: Session, flush: UOWTransaction) -> None:
    deletion: FlushDeletion = flush.attributes[_DELETION]
    if deletion.purged:
        deletion.purge()
    if deletion.roots:
        deletion.mark()


@event.listens_for(Session, "after_flush_postexec")
def _finally(session: Session, flush: UOWTransaction) -> None:
    deletion: FlushDeletion = flush.attributes[_DELETION]
    if deletion.rows:
        deletion.forget()


@overload
def delete_for_good(session: AnyAsyncSession, instance: object) -> Awaited[None]: ...
@overload
def delete_for_good(session: AnySession, instance: object) -> None: ...
def delete_for_good(session: AnyAsyncSession | AnySession, instance: object) -> Awaited[None] | None:
    """Delete an object at the next flush with a DELETE, and what its cascades reach; of an async session, await it.

    Of a bulk delete it is an execution option: `delete(Note).execution_options(delete_for_good=True)`.
    """

    def job(own: Session) -> None:
        own.delete(instance)
        own.info.setdefault(_FOR_GOOD, set()).add(state_of(instance))

    return run_inside(session, job)


def _bears_mark(state: State) -> bool:
    table = marked_table(state.mapper)
    mark = None if table is None else mark_of(table)
    return mark is not None and state.dict.get(state.mapper.get_property_by_column(mark).key) is not None


def _depth(mapper: Mapper[Any]) -> int:
    """Return the place of a class in the order in which a DELETE of its rows comes last."""
    table = marked_table(mapper)
    return next(place for place, part in enumerate(graph_of(mapper).parents_first) if table in part)


def _cascade(state: State) -> set[State]:
    return {below for _, _, below, _ in state.mapper.cascade_iterator("delete", state)}


def state_of(instance: object) -> State:
    """Return the state of an ORM object."""
    found: State = inspect(instance)
    return found
