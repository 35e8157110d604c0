"""Refreshes views: those that are due, each after what it reads, never two at once, and while they are read."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine, Iterable, Iterator
from typing import TYPE_CHECKING, Any, overload

from sqlalchemy import Engine, MetaData, exc

from pgwright_runtime._running import Sleep, run_on
from pgwright_runtime._sql import quote
from pgwright_runtime.materialized.catalog import ViewState, read_state, sources_first
from pgwright_runtime.materialized.metrics import RefreshMetrics
from pgwright_runtime.materialized.one_refresh import RefreshTimeouts, explain, refresh_one
from pgwright_runtime.materialized.results import RefreshResult
from pgwright_runtime.materialized.view import MaterializedView, declared_views

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

Views = MetaData | Iterable[MaterializedView]
Results = list[RefreshResult]

_log = logging.getLogger(__name__.rpartition(".")[0])


@overload
def refresh_due(
    engine: Engine, views: Views, *, timeouts: RefreshTimeouts = ..., metrics: RefreshMetrics | None = None
) -> Results: ...
@overload
def refresh_due(
    engine: AsyncEngine, views: Views, *, timeouts: RefreshTimeouts = ..., metrics: RefreshMetrics | None = None
) -> Coroutine[Any, Any, Results]: ...
def refresh_due(
    engine: Engine | AsyncEngine,
    views: Views,
    *,
    timeouts: RefreshTimeouts = RefreshTimeouts(),  # noqa: B008  (frozen)
    metrics: RefreshMetrics | None = None,
) -> Results | Coroutine[Any, Any, Results]:
    """Refresh the views that are due, and return what became of each; of an async engine, await it.

    For a scheduler, to be called more often than the shortest `every`. Where several call it at once, each view is
    refreshed by one of them. A view that fails keeps its old data; the others go on, but for those that read it.

    Args:
        engine: connects as the owner of the views, to the primary; bound to no tenant.
        views: those of a MetaData are all that are declared with it.
        timeouts: limits of each refresh.
        metrics: told of each view.
    """
    return run_on(engine, _job(views, timeouts, metrics, is_forced=False))


@overload
def refresh_now(
    engine: Engine, views: Views, *, timeouts: RefreshTimeouts = ..., metrics: RefreshMetrics | None = None
) -> Results: ...
@overload
def refresh_now(
    engine: AsyncEngine, views: Views, *, timeouts: RefreshTimeouts = ..., metrics: RefreshMetrics | None = None
) -> Coroutine[Any, Any, Results]: ...
def refresh_now(
    engine: Engine | AsyncEngine,
    views: Views,
    *,
    timeouts: RefreshTimeouts = RefreshTimeouts(),  # noqa: B008  (frozen)
    metrics: RefreshMetrics | None = None,
) -> Results | Coroutine[Any, Any, Results]:
    """Refresh views, due or not, as after an import; else as `refresh_due`."""
    return run_on(engine, _job(views, timeouts, metrics, is_forced=True))


def _job(
    views: Views, timeouts: RefreshTimeouts, metrics: RefreshMetrics | None, *, is_forced: bool
) -> Callable[[Engine, Sleep], Results]:
    asked = list(declared_views(views) if isinstance(views, MetaData) else views)

    def job(engine: Engine, _: Sleep) -> Results:
        results = []
        for result in _Run(engine, asked, timeouts, is_forced=is_forced).results():
            if result.outcome == "failed":
                _log.warning("%s was not refreshed, its old data stay: %s", result.view, result.error)
            if metrics is not None:
                metrics.observe(result)
            results.append(result)
        return results

    return job


class _Run:
    """One pass over some views."""

    def __init__(
        self, engine: Engine, asked: list[MaterializedView], timeouts: RefreshTimeouts, *, is_forced: bool
    ) -> None:
        self._engine, self._asked, self._timeouts, self._is_forced = engine, asked, timeouts, is_forced
        self._states: dict[MaterializedView, ViewState] = {}
        self._view_by_oid: dict[int, MaterializedView] = {}

    def results(self) -> Iterator[RefreshResult]:
        """Refresh one view after the other, each after what it reads."""
        yield from self._read()
        blocked: set[int] = set()
        sources = {self._states[view].oid: self._states[view].sources for view in self._asked if view in self._states}
        for oid in sources_first(sources):
            view = self._view_by_oid[oid]
            result = self._refresh(view, self._states[view], blocked)
            if result.outcome not in ("refreshed", "not due"):
                blocked.add(oid)
            yield result

    def _read(self) -> Iterator[RefreshResult]:
        """Read the state of the views, and of others that are declared with them; yield those that cannot be read."""
        known = dict.fromkeys(self._asked)
        known |= dict.fromkeys(other for view in self._asked for other in declared_views(view.metadata))
        problems: dict[MaterializedView, str] = {}
        try:
            with self._engine.connect() as connection:
                for view in known:
                    state = read_state(connection, view.quoted)
                    if state is not None and state.is_materialized:
                        self._states[view] = state
                        self._view_by_oid[state.oid] = view
                    else:
                        problems[view] = "the database has no such materialized view. Run the app's revisions"
        except exc.SQLAlchemyError as error:
            problems = dict.fromkeys(known, explain(error))
            self._states.clear()
        yield from (
            RefreshResult(view.fullname, "failed", error=problems[view]) for view in self._asked if view in problems
        )

    def _refresh(self, view: MaterializedView, state: ViewState, blocked: set[int]) -> RefreshResult:
        if not blocked.isdisjoint(state.sources):
            return RefreshResult(view.fullname, "source not refreshed")
        if state.is_populated and not state.has_key:
            columns = ", ".join(map(quote, view.unique))
            remedy = f"CREATE UNIQUE INDEX ON {view.quoted} ({columns})"
            reason = f"it has no unique index on plain columns, without which its readers would wait. Run: {remedy}"
            return RefreshResult(view.fullname, "failed", error=reason)
        is_known = state.sources <= self._view_by_oid.keys()
        sources = [self._view_by_oid[oid] for oid in state.sources] if is_known else None
        return refresh_one(self._engine, view, state, sources, self._timeouts, is_forced=self._is_forced)
