"""How old the data of a view are, by the server's clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import overload

from sqlalchemy import func, select

from pgwright_runtime._sessions import AnyAsyncSession, AnySession, Awaited, Steps, run
from pgwright_runtime.materialized.errors import StaleView
from pgwright_runtime.materialized.view import MaterializedView

# A replica's clock may be a little behind the primary's, which wrote the moment. What lies further ahead was written
# before a clock was set back, and says nothing.
CLOCK_SKEW = timedelta(minutes=1)


@dataclass(frozen=True)
class Freshness:
    """How old the data of a view are."""

    data_at: datetime | None
    """All that was committed before is in the data; None: no refresh is on record, or not one of a view it reads."""
    age: timedelta | None
    """At least 0, by the server's clock; None: unknown."""
    max_age: timedelta
    """What the view's declaration allows."""

    @property
    def is_stale(self) -> bool:
        """Whether the data are older than declared; unknown counts as older."""
        return self.age is None or self.age > self.max_age

    def headers(self) -> dict[str, str]:
        """Return HTTP's own headers for it, `Last-Modified` and `Age` (in seconds); none if the age is unknown.

        Source: RFC 9110, 8.8.2, and RFC 9111, 5.1: to a cache the answer is as old as the data in it.
        """
        if self.data_at is None or self.age is None:
            return {}
        modified = self.data_at.astimezone(UTC)
        return {
            "Last-Modified": format_datetime(modified, usegmt=True),
            "Age": str(int(self.age.total_seconds())),
        }


@overload
def freshness(session: AnyAsyncSession, view: MaterializedView) -> Awaited[Freshness]: ...
@overload
def freshness(session: AnySession, view: MaterializedView) -> Freshness: ...
def freshness(session: AnyAsyncSession | AnySession, view: MaterializedView) -> Awaited[Freshness] | Freshness:
    """Return how old the data of a view are; of an async session, await it.

    Ask before you read the rows: a refresh in between makes them newer than said, never older.
    """
    return run(session, _freshness(view))


@overload
def require_fresh(
    session: AnyAsyncSession, view: MaterializedView, max_age: timedelta | None = None
) -> Awaited[Freshness]: ...
@overload
def require_fresh(session: AnySession, view: MaterializedView, max_age: timedelta | None = None) -> Freshness: ...
def require_fresh(
    session: AnyAsyncSession | AnySession, view: MaterializedView, max_age: timedelta | None = None
) -> Awaited[Freshness] | Freshness:
    """Return how old the data of a view are; of an async session, await it.

    Args:
        session: where the rows are read next.
        view: what is read.
        max_age: how old this reader allows the data to be; None: as the view's declaration does.
    Raises: StaleView: they are older, or of unknown age.
    """
    return run(session, _require_fresh(view, max_age))


def _freshness(view: MaterializedView) -> Steps[Freshness]:
    moment = view.refreshes.c.data_at
    # Not now(): a transaction that began before the refresh may see it.
    age = func.clock_timestamp() - moment
    result = yield select(moment, age).where(view.refreshes.c.view_name == view.name)
    data_at, passed = result.one_or_none() or (None, None)
    if passed is not None and passed < -CLOCK_SKEW:
        data_at = passed = None
    return Freshness(data_at, None if passed is None else max(passed, timedelta(0)), view.max_age)


def _require_fresh(view: MaterializedView, max_age: timedelta | None) -> Steps[Freshness]:
    found = yield from _freshness(view)
    allowed = view.max_age if max_age is None else max_age
    if found.age is None or found.age > allowed:
        raise StaleView(view.fullname, found.age, allowed)
    return found
