"""All that the runtime takes from SQLAlchemy's private names, for 2.0 and 2.1.

Names that a version lacks count as "not told", so that an app never fails for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine

if TYPE_CHECKING:
    from sqlalchemy.orm import InstanceState, Mapper, SessionTransaction

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
