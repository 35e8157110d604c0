"""Run one function of one revision over a connection of ours, as Alembic runs it from `env.py`."""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, cast

from alembic.config import Config
from alembic.operations import Operations
from alembic.operations.base import AbstractOperations
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import RevisionStep
from sqlalchemy import Connection, Engine, MetaData, QueuePool, create_engine, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection

from pgwright.migrations import AlembicDirectory
from pgwright.observing.driver import WatchedConnection

Function = Callable[..., Any]
# By which SQLAlchemy runs what blocks, so that it can wait.
_SPAWN = "greenlet_spawn"


def engine_over(connections: list[WatchedConnection]) -> Engine:
    """Return an engine that gives out these connections, and can make no others."""
    left = list(connections)
    engine = create_engine(
        "postgresql+psycopg://",
        creator=lambda: left.pop(0),
        poolclass=QueuePool,
        pool_size=len(connections),
        max_overflow=0,
        pool_timeout=1,
    )
    # SQLAlchemy asks the server for its types when it connects: each now, as nothing connects later.
    for held in [engine.connect() for _ in connections]:
        held.close()
    return engine


class Runs:
    """Runs functions of the revisions of one directory."""

    def __init__(
        self,
        directory: AlembicDirectory,
        engine: Engine,
        *,
        version_schema: str,
        conventions: Mapping[str, str],
        engine_name: str,
        imports: Sequence[str] = (),
    ) -> None:
        """Args:
        version_schema: where `alembic_version` is.
        conventions: how the app's MetaData names constraints.
        engine_name: what `upgrade(engine_name)` of several databases is called with.
        imports: the modules that env.py imports, for a revision that lacks something which they add.
        """
        self._directory, self._engine, self._engine_name = directory, engine, engine_name
        self._imports = imports
        self._trial: Connection | None = None
        _complete(directory.config)
        self._options: dict[str, Any] = {
            "transaction_per_migration": True,
            "version_table_schema": None if version_schema == "public" else version_schema,
            "target_metadata": MetaData(naming_convention=dict(conventions)) if conventions else None,
        }

    def run(self, script: Any, *, is_upgrade: bool, parameters: int = 0, keeps: bool = False) -> BaseException | None:
        """Run one function and note it in `alembic_version`; return what it raised.

        Args:
            parameters: how many it is to be called with.
            keeps: what it did before it raised stays, and counts as done.
        """
        error = self._run(script, is_upgrade=is_upgrade, parameters=parameters, keeps=keeps)
        if isinstance(error, AttributeError) and self._import_once():
            return self._run(script, is_upgrade=is_upgrade, parameters=parameters, keeps=keeps)
        return error

    def _import_once(self) -> bool:
        """Import what env.py imports, which may add operations to `op`; tell whether that was not done before."""
        modules, self._imports = self._imports, ()
        with self._directory.importing():
            for one in modules:
                with suppress(Exception):
                    importlib.import_module(one)
        return bool(modules)

    def _run(self, script: Any, *, is_upgrade: bool, parameters: int, keeps: bool) -> BaseException | None:
        raised: list[BaseException] = []
        arguments = (self._engine_name,) * parameters

        def called(function: Function) -> Function:
            def call(**_: Any) -> None:
                try:
                    function(*arguments)
                except Exception as error:  # the app's own code runs here
                    raised.append(error)
                    if not keeps:
                        raise

            return call

        try:
            self._apply(script, called, is_upgrade=is_upgrade)
        except Exception as error:  # noqa: BLE001  as above, and the server may refuse the commit
            return raised[0] if raised else error
        return raised[0] if raised else None

    def note(self, script: Any) -> None:
        """Note a revision as done without running it."""
        self._apply(script, lambda _: lambda **__: None, is_upgrade=True, imports=False)

    def _apply(
        self, script: Any, called: Callable[[Function], Function], *, is_upgrade: bool, imports: bool = True
    ) -> None:
        step = _Step(self._directory.script.revision_map, script, is_upgrade, called if imports else None)
        environment = EnvironmentContext(
            self._directory.config, self._directory.script, fn=lambda *_: [step], destination_rev=script.revision
        )
        with self._connection() as connection, self._directory.importing(), environment:
            environment.configure(connection=connection, **self._options)
            with _async_by_sync(connection), environment.begin_transaction():
                environment.run_migrations()
            if self._trial is None:
                connection.commit()  # after a revision that ended Alembic's transaction, its note is in another one

    @contextmanager
    def trial(self) -> Iterator[WatchedConnection]:
        """Undo at the end of the block all that runs inside it, in one transaction; what commits by itself stays."""
        with self._connection() as connection:
            transaction = connection.begin()
            self._trial = connection
            try:
                yield cast("WatchedConnection", connection.connection.driver_connection)
            finally:
                self._trial = None
                transaction.rollback()

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        if self._trial is not None:
            yield self._trial
            return
        with self._engine.connect() as connection:
            connection.exec_driver_sql("RESET ALL")
            connection.commit()
            driver = cast("WatchedConnection", connection.connection.driver_connection)
            driver.is_alembics = True
            try:
                yield connection
            finally:
                driver.is_alembics = False


def _complete(config: Config) -> None:
    """Give the settings a URL where env.py would: revisions ask it for the kind of database."""
    try:
        make_url(config.get_main_option("sqlalchemy.url") or "")
    except ArgumentError:
        config.set_main_option("sqlalchemy.url", "postgresql+psycopg:///twin")


class _Step(RevisionStep):
    """A step whose function runs inside another one."""

    def __init__(self, revision_map: Any, script: Any, is_upgrade: bool, called: Any) -> None:
        self.revision_map, self.revision, self.is_upgrade = revision_map, script, is_upgrade
        if called is None:
            self.migration_fn = lambda **_: None
            return

        def of_module(**options: Any) -> None:
            # Imported here: what it raises then is its own fault.
            called(lambda *arguments: _function(script, is_upgrade)(*arguments))(**options)

        self.migration_fn = of_module


def _function(script: Any, is_upgrade: bool) -> Function:
    found: Function = getattr(script.module, "upgrade" if is_upgrade else "downgrade")
    return found


@contextmanager
def _async_by_sync(connection: Connection) -> Iterator[None]:
    """Let `op.run_async` work over a connection that is not async: what it awaits is there at once."""
    modules = [one for name, one in sys.modules.items() if name.startswith("sqlalchemy.ext.asyncio.")]
    before = {one: vars(one)[_SPAWN] for one in modules if _SPAWN in vars(one)}
    run_before, was_async = AbstractOperations.run_async, connection.dialect.is_async

    def run_async(_: Operations, function: Callable[..., Awaitable[Any]], *arguments: Any, **keywords: Any) -> Any:
        async def run() -> Any:
            return await function(AsyncConnection._retrieve_proxy_for_target(connection), *arguments, **keywords)

        connection.dialect.is_async = True
        try:
            return asyncio.run(run())
        finally:
            connection.dialect.is_async = was_async

    AbstractOperations.run_async = run_async  # type: ignore[method-assign,assignment]
    for module in before:
        setattr(module, _SPAWN, _called)
    try:
        yield
    finally:
        AbstractOperations.run_async = run_before  # type: ignore[method-assign]
        for module, function in before.items():
            setattr(module, _SPAWN, function)


async def _called(function: Function, *arguments: Any, _require_await: bool = False, **keywords: Any) -> Any:
    return function(*arguments, **keywords)
