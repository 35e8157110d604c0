"""What an app makes: a cache over a store, bound to its engines, with functions whose values it keeps."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from sqlalchemy import Engine
from sqlalchemy.util import await_only, greenlet_spawn

from pgwright_runtime._alchemy import sync_engine
from pgwright_runtime._background import Runner, Tasks, Threads
from pgwright_runtime.caching.bond import Bond, Changed
from pgwright_runtime.caching.calls import CachedCall, Caller
from pgwright_runtime.caching.codecs import JSON, Codec, float32
from pgwright_runtime.caching.entries import key_of, normalised
from pgwright_runtime.caching.errors import NotWatched
from pgwright_runtime.caching.external import ExternalWrites
from pgwright_runtime.caching.metrics import CacheMetrics
from pgwright_runtime.caching.rows import Reads, RowRead, reads_of
from pgwright_runtime.caching.sessions import sees_own, without_sessions
from pgwright_runtime.caching.settings import Lifetimes
from pgwright_runtime.caching.stores import Store
from pgwright_runtime.caching.tables import Readable, table_names
from pgwright_runtime.caching.tags import tags_read, tags_written

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from sqlalchemy.ext.asyncio import AsyncEngine

P = ParamSpec("P")
R = TypeVar("R")

_HOUR_S = 3_600.0
_QUERIES = Lifetimes(ttl_s=_HOUR_S)
_EMBEDDINGS = Lifetimes(ttl_s=24 * _HOUR_S)


class Cache:
    """Keeps what functions return, until a transaction that changed what they read has been committed.

    Args:
        store: `RedisStore`, or `MemoryStore` in an app of one process.
        tenant: gives the tenant of the running code, as `current_tenant.get` of `pgwright_runtime.tenancy`: each has
            values of its own, and what one writes leaves those of the others. Without: there are no tenants.
        triggers: the tables that the triggers and rules of a table write, by its name, where their code does not tell,
            as by EXECUTE or in another language. Without, a write to such a table makes all values invalid.
        registry: of prometheus_client, where the counts are published.
    """

    def __init__(
        self,
        store: Store,
        *,
        tenant: Callable[[], object] | None = None,
        triggers: Mapping[str, Iterable[Readable]] | None = None,
        registry: CollectorRegistry | None = None,
    ) -> None:
        self.store = store
        self.metrics = CacheMetrics(registry)
        self._tenant_of = tenant
        self._triggers = {name: table_names(written) for name, written in (triggers or {}).items()}
        self._bonds: list[Bond] = []
        self._external: list[ExternalWrites] = []
        self._caller = Caller(store, self.metrics)
        if registry is not None:
            store.publish(registry)

    def watch(self, engine: Engine | AsyncEngine) -> None:
        """Invalidate what the engine's transactions change, as soon as each is committed.

        Watch each engine that writes, in every process. Values that a function computed on any other engine, as that of
        a replica, are not kept. Raises: ValueError: the engine is watched by another cache.
        """
        self._bonds.append(Bond(sync_engine(engine), self._tenant, self._triggers, self._drop))

    def listen(self, engine: Engine | AsyncEngine, *tables: Readable) -> None:
        """Hear what other programs write to tables that have `op.create_cache_trigger`; in every process.

        It takes a connection of its own, past any pooler in transaction mode; with an async engine, call it in the
        running event loop. Their writes are seen milliseconds after their COMMIT. While the connection is lost, values
        of these tables are not cached in this process. Raises: TypeError: something is no table.
        """
        external = ExternalWrites(sync_engine(engine), table_names(tables), self._drop_all_of)
        self._external.append(external)
        external.start()

    def close(self) -> None:
        """Let go of connections, in an app that is sync."""
        for external in self._external:
            external.stop()
        self.store.close()

    async def aclose(self) -> None:
        """Let go of connections, in an app that is async; call it in the event loop that used the cache."""
        for external in self._external:
            await greenlet_spawn(external.stop)
        await self.store.aclose()
        await greenlet_spawn(self.store.close)

    def cached(
        self,
        *,
        reads: Iterable[Readable | RowRead] = (),
        lifetimes: Lifetimes = _QUERIES,
        codec: Codec[Any] = JSON,
        key: Callable[..., Any] | None = None,
        version: str = "",
    ) -> Callable[[Callable[P, R]], Callable[P, R]]:
        """Return a decorator that keeps what a function, sync or async, returns for its arguments.

        Sessions and connections among the arguments are no part of the key. A call is not cached whose session has
        changes of its own, flushed or not; nor is a value that was computed from what is not committed.

        Args:
            reads: all tables and views that it reads, or `row` of one, by an argument; none: it reads no database.
            codec: how values become bytes: JSON, unless they are something else.
            key: makes of the arguments what tells calls apart, as a text or a tuple; None: all of them do.
            version: of the model, prompt or format that values depend on: with another one, none is found.
        Raises: TypeError: one of `reads` is no table, or a row by what is no argument.
        """
        given = tuple(reads)
        rows = tuple(each for each in given if isinstance(each, RowRead))
        tables = table_names(each for each in given if not isinstance(each, RowRead))

        def decorate(function: Callable[P, R]) -> Callable[P, R]:
            own = _Function(function, tables, rows, lifetimes, codec, key, version)
            if inspect.iscoroutinefunction(function):

                async def call_async(*args: P.args, **kwargs: P.kwargs) -> Any:
                    def compute() -> Any:
                        return await_only(function(*args, **kwargs))

                    return await greenlet_spawn(self._call, own, args, kwargs, compute, Tasks())

                return update_wrapper(call_async, function)  # type: ignore[return-value]

            def call(*args: P.args, **kwargs: P.kwargs) -> R:
                value: R = self._call(own, args, kwargs, lambda: function(*args, **kwargs), Threads())
                return value

            return update_wrapper(call, function)

        return decorate

    def answers(
        self,
        *,
        reads: Iterable[Readable | RowRead],
        version: str,
        lifetimes: Lifetimes = _QUERIES,
        codec: Codec[Any] = JSON,
    ) -> Callable[[Callable[P, R]], Callable[P, R]]:
        """Return a decorator for a function that answers the question that is its first argument; for an hour.

        Questions that differ in case, spaces and their last mark only are one.
        """

        def key(question: str, *rest: Any, **named: Any) -> Any:
            return normalised(question), without_sessions(rest), without_sessions(named)

        return self.cached(reads=reads, version=version, lifetimes=lifetimes, codec=codec, key=key)

    def embeddings(
        self, *, model: str, dimensions: int, lifetimes: Lifetimes = _EMBEDDINGS
    ) -> Callable[[Callable[P, R]], Callable[P, R]]:
        """Return a decorator for a function that makes a vector of a text; for a day, four bytes for each number."""
        return self.cached(version=model, lifetimes=lifetimes, codec=float32(dimensions))

    def invalidate(self, *tables: Readable) -> None:
        """Invalidate what was computed from tables, of the running code's tenant; call it after the COMMIT.

        For what SQLAlchemy does not see, as `COPY` through the driver's own connection.
        """
        self._drop([(self._tenant(), dict.fromkeys(table_names(tables)))], Threads())

    async def ainvalidate(self, *tables: Readable) -> None:
        """As `invalidate`."""
        await greenlet_spawn(self._drop, [(self._tenant(), dict.fromkeys(table_names(tables)))], Tasks())

    def _tenant(self) -> str | None:
        tenant = self._tenant_of() if self._tenant_of is not None else None
        return None if tenant is None else str(tenant)

    def _call(
        self, own: _Function, args: Sequence[Any], kwargs: Mapping[str, Any], compute: Callable[[], Any], waits: Runner
    ) -> Any:
        reason = self._apart(own, (*args, *kwargs.values()))
        arguments = own.arguments(args, kwargs)
        reads = Reads() if reason or not own.reads_database else self._read_by(own, arguments, waits)
        if reason is None and reads is None:
            reason = "catalogs unknown"
        names = reads.names if reads is not None else frozenset()
        if reason is None and names and not self._hears_all(names):
            reason = "not listening"
        if reason is None and names and not self.store.caches(sorted(names)):
            reason = "not announced"
        if reason is not None or reads is None:
            self.metrics.bypass(own.name, reason or "")
            return compute()
        tenant = self._tenant()
        call = CachedCall(
            own.name,
            own.key_of(tenant, args, kwargs, arguments, reads),
            tags_read(reads.tables, tenant, reads.rows) if names else (),
            names,
            own.codec,
            own.lifetimes,
        )
        return self._caller.call(call, compute, waits)

    def _apart(self, own: _Function, arguments: Iterable[object]) -> str | None:
        return "session" if own.reads_database and sees_own(arguments) else None

    def _read_by(self, own: _Function, arguments: Mapping[str, Any], waits: Runner) -> Reads | None:
        """Return what a call reads, the tables below views too; None: nobody can tell at the moment."""
        bonds = [bond for bond in self._bonds if type(bond.waits) is type(waits)]
        if not bonds:
            raise NotWatched(own.name, is_async=isinstance(waits, Tasks))
        known = [effects for bond in bonds if (effects := bond.effects()) is not None]
        return reads_of(own.tables, own.rows, arguments, known) if len(known) == len(bonds) else None

    def _hears_all(self, tables: frozenset[str]) -> bool:
        return all(external.is_current for external in self._external if not external.tables.isdisjoint(tables))

    def _drop_all_of(self, tables: Iterable[str], waits: Runner) -> None:
        self._drop([(None, dict.fromkeys(tables))], waits)

    def _drop(self, changes: Iterable[Changed], waits: Runner) -> None:
        tags: dict[str, None] = {}
        for tenant, tables in changes:
            if tables is None:
                tags.update(dict.fromkeys(tags_written(None, tenant)))
            else:
                for table in filter(self.store.drops, sorted(tables)):
                    tags.update(dict.fromkeys(tags_written(table, tenant, tables[table])))
        if tags:
            self.store.drop(tuple(tags), waits)


class _Function:
    """A cached function."""

    def __init__(
        self,
        function: Callable[..., Any],
        tables: frozenset[str],
        rows: Sequence[RowRead],
        lifetimes: Lifetimes,
        codec: Codec[Any],
        key: Callable[..., Any] | None,
        version: str,
    ) -> None:
        self.name = f"{function.__module__}.{function.__qualname__}"
        self.tables, self.rows, self.lifetimes, self.codec = tables, rows, lifetimes, codec
        self.reads_database = bool(tables or rows)
        self._key, self._version, self._signature = key, version, inspect.signature(function)
        for each in rows:
            if not _is_one_value(self._signature.parameters.get(each.argument)):
                raise TypeError(f"{self.name} has no argument {each.argument!r}, by which it is to read a row")

    def arguments(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
        bound = self._signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return bound.arguments

    def key_of(
        self,
        tenant: str | None,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        arguments: Mapping[str, Any],
        reads: Reads,
    ) -> str:
        if self._key is not None:
            # Calls that read different rows are not one, whatever the app says.
            rows = [dict(reads.rows)] if self.rows else []
            return key_of(self.name, tenant, (self._version, self._key(*args, **kwargs), *rows))
        return key_of(self.name, tenant, (self._version, *map(without_sessions, arguments.values())))


def _is_one_value(parameter: inspect.Parameter | None) -> bool:
    return parameter is not None and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
