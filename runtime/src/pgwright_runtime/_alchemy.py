"""What we need of SQLAlchemy and its public API does not offer; nowhere else is a private name of it touched.

Each function says which private name it reads, and why no public one will do. `tests/test_alchemy.py` tries them all,
on the oldest version that pyproject.toml allows, 2.0.50, and on 2.1.9. Names that a version lacks count as "not told"
for the guard, so that an app never fails for them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Delete,
    Engine,
    FromClause,
    NullPool,
    Pool,
    Result,
    Select,
    Table,
    Update,
    bindparam,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import SchemaItem
from sqlalchemy.sql.base import CompileState, SchemaEventTarget
from sqlalchemy.sql.visitors import replacement_traverse

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine
    from sqlalchemy.orm import InstanceState, Mapper, Session, SessionTransaction, UOWTransaction

AnySelect = Select[*tuple[Any, ...]]


def sync_engine(engine: Engine | AsyncEngine) -> Engine:
    """Return the engine that the events of a sync or an async one belong to.

    All public; not by isinstance of AsyncEngine, whose import would load the ORM.
    """
    return engine if isinstance(engine, Engine) else engine.sync_engine


def order_by_clauses(statement: AnySelect) -> tuple[Any, ...]:
    """`_order_by_clauses`: what was given to `order_by()` can only be set."""
    return statement._order_by_clauses


def has_row_limit(statement: AnySelect) -> bool:
    """`_limit_clause`, `_offset_clause`, `_fetch_clause`: they can only be set."""
    limits = (statement._limit_clause, statement._offset_clause, statement._fetch_clause)
    return any(limit is not None for limit in limits)


def makes_rows(statement: AnySelect) -> bool:
    """Whether DISTINCT, GROUP BY or HAVING makes rows that are no table's; `_distinct` and so on can only be set.

    `_post_select_clause`: where 2.1 keeps what `ext(distinct_on(…))` adds.
    """
    distinct = statement._distinct or getattr(statement, "_post_select_clause", None) is not None
    return bool(distinct or statement._group_by_clauses or statement._having_criteria)


def options_of(statement: AnySelect) -> tuple[Any, ...]:
    """`_with_options`: what was given to `options()` can only be added to."""
    return statement._with_options


def without_options(statement: AnySelect) -> AnySelect:
    """Return a copy without loader options, which would add joins to its FROM; `options()` only adds."""
    copy = statement.where()
    copy._with_options = ()
    return copy


def without_locks(statement: AnySelect) -> AnySelect:
    """Return a copy without FOR UPDATE; `with_for_update()` cannot take it back."""
    copy = statement.where()
    copy._for_update_arg = None
    return copy


def shape_key(statement: AnySelect) -> tuple[Any, ...] | None:
    """Return what all statements have in common that differ in values, or in which alias of a table they use, only.

    None: it cannot be cached. `_generate_cache_key()` is what SQLAlchemy finds its own compiled statements by; to it
    every anonymous alias of a table is the same.
    """
    key = statement._generate_cache_key()
    return None if key is None else key.key


def tables_of(expression: ColumnElement[Any]) -> list[FromClause]:
    """`_from_objects`: a column's `table` is public, but not the tables of an expression."""
    return expression._from_objects


def is_reference(clause: Any) -> bool:
    """Whether a clause of ORDER BY stands for a label, or is a list of those of a composite attribute.

    The classes are private, and `OrderByList` is of 2.1.
    """
    return type(clause).__name__ in ("_label_reference", "_textual_label_reference", "OrderByList")


def collections_from_join(option: Any) -> Iterator[Any]:
    """Yield the relationships to collections that a loader option fills from the statement's join (`contains_eager`).

    `context`, `path` and `local_opts` are no part of the options' documented API.
    """
    for load in getattr(option, "context", ()):
        relationships = [step for step in load.path.path if hasattr(step, "uselist")]
        if "eager_from_alias" in load.local_opts and relationships and relationships[-1].uselist:
            yield relationships[-1]


def polymorphic_options(statement: Any) -> Iterator[Mapper[Any]]:
    """Yield the subclasses that a statement loads by `selectin_polymorphic()`; as `collections_from_join` reads it."""
    for option in getattr(statement, "_with_options", ()):
        for load in getattr(option, "context", ()):
            for entity in getattr(load, "local_opts", {}).get("entities", ()):
                mapper = getattr(entity, "mapper", None)
                if mapper is not None:
                    yield mapper


def repeats_rows(result: Result[*tuple[Any, ...]]) -> bool:
    """Whether a joined load of a collection repeats rows of this result, so that it asks for `unique()`.

    `_unique_filter_state`: the ORM sets it; the public way is to catch the error of reading the rows.
    """
    return result._unique_filter_state is not None


def is_entity(value: object) -> bool:
    """`_sa_instance_state`: `inspect(value, raiseerr=False)` says the same, more slowly, and is asked of each value."""
    return hasattr(value, "_sa_instance_state")


class TableItem(SchemaItem):
    """What may stand among the columns and constraints of a table and adds to it what it likes.

    `_set_parent`: by this method anything in `__table_args__`, but for a dict at the end, is attached to the table.
    """

    def _set_parent(self, parent: SchemaEventTarget, **_: Any) -> None:
        self.attach(cast("Table", parent))

    def attach(self, table: Table) -> None:
        """Add to the table, whose columns are known."""
        raise NotImplementedError


class TableArguments(dict[str, Any], TableItem):
    """Arguments of a table by name, which may also stand among its columns and constraints.

    Declarative classes take a dict as the last of `__table_args__` only.
    """


def take_connection(lent: Any, pool: Pool, stand_in: Any) -> Any:
    """Put a stand-in where the connection was that a pool lent, and return that; None: it is not of this pool.

    `_pool` and `_connection_record`: which pool lent a connection is not public, and the record would give it back.
    """
    if getattr(lent, "_pool", None) is not pool:
        return None
    taken = lent.dbapi_connection
    lent.dbapi_connection = stand_in
    if (record := lent._connection_record) is not None:
        record.dbapi_connection = stand_in
    return taken


# Why a statement runs. `ORMExecuteState` has the same in public (`lazy_loaded_from`, `loader_strategy_path`,
# `is_column_load`), but the event that gives it, `do_orm_execute`, makes every session of the process prepare each
# statement twice, and cannot say to which cursor the statement went. So these read it where that class reads it;
# the names are the same in 2.0 and 2.1.


def lazy_parent(options: Any) -> InstanceState[Any] | None:
    """Return the instance whose relationship was read, if a statement with these execution options is its lazy load."""
    parent: InstanceState[Any] | None = getattr(options.get("_sa_orm_load_options"), "_lazy_loaded_from", None)
    return parent


def refreshed_state(options: Any) -> InstanceState[Any] | None:
    """Return the instance that a statement with these execution options loads columns of."""
    state: InstanceState[Any] | None = getattr(options.get("_sa_orm_load_options"), "_refresh_state", None)
    return state


def is_user_refresh(options: Any) -> bool:
    """Return whether a statement with these execution options is that of `session.refresh()`."""
    return bool(getattr(options.get("_sa_orm_load_options"), "_is_user_refresh", False))


def load_path(statement: Any) -> tuple[Any, ...]:
    """Return the path of a relationship's load, in the ORM's own objects; () if it is none."""
    options = getattr(statement, "_compile_options", None)
    path: tuple[Any, ...] = getattr(getattr(options, "_current_path", None), "path", ())
    return path


def is_refresh(statement: Any) -> bool:
    """Return whether columns of one instance are loaded that were expired or deferred."""
    return bool(getattr(getattr(statement, "_compile_options", None), "_for_refresh_state", False))


def refreshed_keys(statement: Any) -> frozenset[str] | None:
    """Return the attributes that a refresh loads; None: all."""
    keys = getattr(getattr(statement, "_compile_options", None), "_only_load_props", None)
    return None if keys is None else frozenset(keys)


# What a statement loads. Nothing public tells it of a statement that was compiled.


def is_subqueryload(options: Any) -> bool:
    """Return whether a statement with these execution options is the second one of a subqueryload."""
    return any(isinstance(key, tuple) and key[0] == "orig_query" for key in options)


def joined_loads(compiled: Any) -> Iterator[tuple[tuple[Any, ...], bool]]:
    """Yield the paths along which a statement loads by a join, in the ORM's own objects, from its own entities on.

    The second value is False for `contains_eager`: its join may be there to filter.
    """
    attributes = getattr(getattr(compiled, "compile_state", None), "attributes", None) or {}
    for key in attributes:
        if isinstance(key, tuple) and key[0] in ("eager_row_processor", "user_defined_eager_row_processor"):
            yield key[1], ("user_defined_eager_row_processor", key[1]) not in attributes


def selected_class(entity: Any) -> tuple[Mapper[Any], bool] | None:
    """Return the mapper of an entity of `column_descriptions`, and whether it is an alias of the class."""
    # inspect() would raise for what is no entity.
    alias = getattr(entity, "_aliased_insp", None)
    mapper = getattr(entity, "__mapper__", None) or getattr(alias, "mapper", None)
    return None if mapper is None else (mapper, alias is not None)


# Where a statement goes. `event.contains` asks for one listener, and no public function for their number.
execute_listeners = attrgetter("dispatch.do_execute")
executemany_listeners = attrgetter("dispatch.do_executemany")
execute_no_params_listeners = attrgetter("dispatch.do_execute_no_params")


def is_initialization(context: Any) -> bool:
    """Return whether the dialect asks its first connection for the server's version and the like.

    Those statements go through the same events; what they run on has no public name in 2.0 and 2.1.
    """
    return context.compiled is None and type(context.root_connection.connection).__name__ == "_AdhocProxiedConnection"


def without_listeners(engine: Engine) -> Engine:
    """Return an engine that connects as this one, by a pool of its own, and hears none of its events.

    `create_engine` would need the arguments that this one was made with, which an engine does not tell.
    """
    return Engine(engine.pool.recreate(), engine.dialect, engine.url)


def take_out(connection: Connection, transaction: SessionTransaction) -> None:
    """Take a connection out of a session's transaction, which goes on without it.

    There is no public way. To roll the transaction back would expire what was loaded, and in an async app an expired
    attribute is an error.
    """
    for key in (connection, connection.engine):
        transaction._connections.pop(key, None)


# Deletions. The unit of work has no event for a row that is about to be deleted as an orphan, and none that says no.


def watch_registrations(flush: UOWTransaction, register: Callable[..., bool]) -> Callable[..., bool]:
    """Let a function decide what a flush does to each object, and return the flush's own function.

    `register_object`: documented for nobody, though `before_flush` hands out the object that has it.
    """
    own = flush.register_object
    flush.register_object = register  # type: ignore[method-assign]
    return own


def end_as_deleted(flush: UOWTransaction, state: InstanceState[Any]) -> None:
    """Let a flush that sends nothing for an object end as if it had deleted its row.

    `states`: each object with (is to be deleted, is not to be sent).
    """
    flush.states[state] = (True, True)


def forget_deleted(session: Session, states: Iterable[InstanceState[Any]]) -> None:
    """Do to persistent objects what a flush does after it deleted their rows; a rollback brings them back.

    `_remove_newly_deleted`: `expunge` would detach them at once, and a rollback leave them out.
    """
    session._remove_newly_deleted(states)


def intercept_bulk_deletes(execute: Callable[..., Result[Any] | None]) -> None:
    """Call a function for each DELETE that the ORM executes, in place of what would; if it returns None, that goes on.

    Args:
        execute: is given session, statement, parameters, execution options and bind arguments.

    `CompileState.plugins`, which is where SQLAlchemy looks up who executes an ORM statement. The event `do_orm_execute`
    would make each session prepare each statement twice, also each SELECT.
    """
    own: Any = CompileState.plugins["orm", "delete"]

    @CompileState.plugin_for("orm", "delete")
    class _InterceptedDelete(own):  # type: ignore[misc]
        @classmethod
        def orm_execute_statement(cls, session, statement, params, execution_options, bind_arguments, conn):  # type: ignore[no-untyped-def]
            result = execute(session, statement, params, execution_options, bind_arguments)
            if result is not None:
                return result
            return super().orm_execute_statement(session, statement, params, execution_options, bind_arguments, conn)


# What an ORM statement was given that is no table and no value. `hints` and prefixes are for other databases.
_GIVEN = ("_returning", "_with_options", "_execution_options", "_independent_ctes", "_independent_ctes_opts")


def carry_over(statement: Delete, parameters: dict[str, Any], update: Update) -> Update:
    """Return an UPDATE with the conditions, RETURNING, options and CTEs of a DELETE, which can only be added to.

    The parameters become part of the conditions: to an UPDATE, one with a column's name is a value for it.
    """
    copy = update.where()
    copy.__dict__.update({name: statement.__dict__[name] for name in _GIVEN if name in statement.__dict__})
    copy._where_criteria = tuple(with_values(one, parameters) for one in statement._where_criteria)
    return copy


def with_values(clause: Any, parameters: dict[str, Any]) -> Any:
    """Return a clause whose parameters of these names are values; public, `params()` being for whole statements."""

    def value_of(element: object, **_: object) -> object:
        if not isinstance(element, BindParameter) or element.key not in parameters:
            return None
        return bindparam(None, parameters[element.key], type_=element.type, expanding=element.expanding)

    return replacement_traverse(clause, {}, value_of) if parameters else clause


def deleted_entity(statement: Delete) -> Any:
    """Return what `inspect` gives of the class, or alias of one, that a DELETE is for; None: it is for a table.

    `_annotations`: `entity_description` fails for a table whose conditions name a class.
    """
    return statement.table._annotations.get("parententity")


def given_options(options: Any) -> dict[str, Any]:
    """Return the execution options of a statement that the ORM executes, without those that it adds, `_sa_…`."""
    return {key: value for key, value in options.items() if not key.startswith("_sa_")}


def returns_rows(statement: Delete) -> bool:
    """`_returning`: `returning_column_descriptions` describes the columns, and fails for some expressions."""
    return bool(statement._returning)


def beside(engine: Engine) -> Engine:
    """Return an engine that opens connections as another does, none of them from its pool; dispose of nothing.

    `_creator`: a pool's way to connect, with the app's arguments and events, can be had by no public name; a pool of
    one connection has none to spare.
    """
    pool = NullPool(engine.pool._creator, dialect=engine.dialect, _dispatch=engine.pool.dispatch)
    return Engine(pool, engine.dialect, engine.url)


def dialect_of(lent: Any) -> Dialect | None:
    """Return the dialect of the pool that lent a connection.

    `_pool`, `_dialect`: an event of pools is given what was lent; an engine that is disposed of gets another pool.
    """
    dialect: Dialect | None = getattr(getattr(lent, "_pool", None), "_dialect", None)
    return dialect


def rows_ahead(cursor: Any, most: int) -> Sequence[Sequence[object]] | None:
    """Return all rows that a statement returned, of which none was fetched, and leave them; None: they cannot be told.

    `_rows`: where the cursors of async drivers keep them. Of the others, those of psycopg can go back.
    """
    if cursor.description is None or not 0 <= cursor.rowcount <= most:
        return None
    ahead = getattr(cursor, "_rows", None)
    if isinstance(ahead, deque):
        rows: Sequence[Sequence[object]] = list(ahead)
    elif hasattr(cursor, "scroll"):
        rows = cursor.fetchall()
        if rows:
            cursor.scroll(0, mode="absolute")
    else:
        return None
    # A cursor on the server has read none yet.
    return rows if len(rows) == cursor.rowcount else None


def is_autocommit(connection: Connection) -> bool:
    """Return whether each statement on a connection is a transaction of its own; all public."""
    return connection.dialect.detect_autocommit_setting(connection.connection.dbapi_connection)  # type: ignore[arg-type]


def open_connections(session: Session) -> set[Connection]:
    """Return the connections of a session's transaction; `Session.connection()` would open one where it has none."""
    transaction = session.get_transaction()
    return set() if transaction is None else {each[0] for each in transaction._connections.values()}


def same_session(connection: Connection) -> Connection:
    """Return a connection with transactions of its own in the session of another; never close it.

    `Connection`'s second argument, as `Engine.raw_connection()` gives it: a transaction that others opened cannot be
    ended and leave their objects usable. What they commit in the end is an empty transaction.
    """
    return Connection(connection.engine, connection.connection)


def pings(pool: Pool) -> bool:
    """Return whether what a pool lends was alive a moment ago: it is pinged, or new.

    `_pre_ping`: what was given as `pre_ping` is kept in no public attribute.
    """
    return pool._pre_ping or isinstance(pool, NullPool)
