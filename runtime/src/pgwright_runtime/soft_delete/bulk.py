"""`session.execute(delete(Note).where(…))`: the same UPDATEs as of `session.delete`, from its rows downwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

from sqlalchemy import ColumnElement, Connection, Delete, Result, Table, select, tuple_, update
from sqlalchemy.orm import Mapper, Session
from sqlalchemy.sql.dml import Update

from pgwright_runtime import _alchemy
from pgwright_runtime.soft_delete.graph import DeletionGraph, graph_of
from pgwright_runtime.soft_delete.held import forget, held_tables, key_columns, keys_of, marked_table
from pgwright_runtime.soft_delete.hidden import of_all_rows
from pgwright_runtime.soft_delete.indexes import COLUMN
from pgwright_runtime.soft_delete.marking import Marking, mark_rows, mark_values
from pgwright_runtime.soft_delete.mixin import mark_of
from pgwright_runtime.soft_delete.moments import free_moment

OPTION = "delete_for_good"


def delete_in_bulk(
    session: Session, statement: Delete, parameters: Any, options: Any, bind_arguments: Any
) -> Result[Any] | None:
    """Mark the rows that an ORM DELETE is for, with all that goes with them; None: let it delete them."""
    target = _alchemy.deleted_entity(statement)
    table = None if target is None else marked_table(target.mapper)
    is_for_good = options.get(OPTION) or statement.get_execution_options().get(OPTION)
    if table is None or is_for_good or isinstance(parameters, list):
        return None
    return _BulkDeletion(session, target.mapper, table, bind_arguments).run(statement, parameters, options)


class _BulkDeletion:
    def __init__(self, session: Session, mapper: Mapper[Any], table: Table, bind_arguments: Any) -> None:
        self.session, self.mapper, self.table = session, mapper, table
        self.bind_arguments = {key: value for key, value in bind_arguments.items() if key != "clause"}
        self.connection: Connection = session.connection(bind_arguments=dict(self.bind_arguments))
        self.graph: DeletionGraph = graph_of(mapper)
        self.below = self.graph.below([table])
        self.moment = free_moment(self.connection, self.graph, self.below)

    def run(self, statement: Delete, parameters: Any, options: Any) -> Result[Any]:
        own = _alchemy.given_options(options)
        synchronize = {**own, **statement.get_execution_options()}.get("synchronize_session", "auto")
        own["synchronize_session"] = False
        # All or nothing: who catches DeletionRefused may commit.
        with self.connection.begin_nested() if self.graph.refers(self.below) else nullcontext():
            result = self.session.execute(
                self._update(statement, parameters or {}), execution_options=own, bind_arguments=self.bind_arguments
            )
            if _alchemy.returns_rows(statement):
                result = result.freeze()()
            held = held_tables(self.session.identity_map.all_states(), self.below) if synchronize else {}
            marking = Marking(self.connection, self.graph, self.moment, key_columns(held))
            marking.spread({}, fresh={self.table})
            marking.refuse_if_forbidden(fresh={self.table})
            if self.table in held:
                marking.rows[self.table] = list(self._marked(held[self.table].primary_key))
        forget(self.session, held, marking.rows)
        return result

    def _update(self, statement: Delete, parameters: dict[str, Any]) -> Update:
        """Return the DELETE as an UPDATE of the table with the mark, in the ORM's terms."""
        entity = _alchemy.deleted_entity(statement).entity
        if self.mapper.local_table is self.table:
            marked = _alchemy.carry_over(statement, parameters, update(entity))
            return marked.values(mark_values(self.table, self.moment)).where(getattr(entity, COLUMN).is_(None))
        # A class that shares its rows by joined inheritance: the mark is in another table than its conditions name.
        head = next(one for one in self.mapper.iterate_to_root() if one.local_table is self.table)
        own = [self.mapper.get_property_by_column(column).class_attribute for column in self.table.primary_key]
        keys = select(*own).select_from(entity)
        if statement.whereclause is not None:
            keys = keys.where(_alchemy.with_values(statement.whereclause, parameters))
        return (mark_rows(self.table, self.moment, entity=head)).where(tuple_(*self.table.primary_key).in_(keys))

    def _marked(self, columns: tuple[ColumnElement[Any], ...]) -> Iterator[Any]:
        """Yield the keys of the marked rows that the session holds objects of, without asking for all."""
        states = [state for state in self.session.identity_map.all_states() if marked_table(state.mapper) is self.table]
        mark = mark_of(self.table)
        assert mark is not None
        for condition in keys_of(states).get(self.table, ()):
            statement = select(*columns).where(condition, mark == self.moment)
            yield from self.connection.execute(of_all_rows(statement))
