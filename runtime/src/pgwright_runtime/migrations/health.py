"""Whether the database and the app are well enough for the next revision: replicas, connections, a URL."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator

from sqlalchemy import Engine, text

from pgwright_runtime._sql import read_sql
from pgwright_runtime.batches.pace import Pace
from pgwright_runtime.batches.pauses import Pauses
from pgwright_runtime.migrations.errors import Unhealthy
from pgwright_runtime.migrations.pace import MigrationPace

_CONNECTIONS = text(read_sql("pgwright_runtime.migrations", "connections"))
_URL_TRIES = 3
_HTTP_ERROR = 400
_LOOK_S = 1.0


class MigrationHealth:
    """Looks between two revisions."""

    def __init__(self, engine: Engine, pace: MigrationPace) -> None:
        self._engine, self._pace = engine, pace
        self._pauses = Pauses(engine, Pace(lag_bytes=pace.lag_bytes, lag_s=pace.lag_s))

    @property
    def notes(self) -> tuple[str, ...]:
        """What is not watched, with the reason."""
        return self._pauses.notes

    def wait(self, pause: Callable[[float, str], None]) -> None:
        """Return when all is well. Raises Unhealthy: it was not for too long, or the URL gives an error."""
        started = time.monotonic()
        while (reason := next(self._reasons(), "")) != "":
            if time.monotonic() - started > self._pace.patience_s:
                raise Unhealthy(f"no further revision was begun, for after {self._pace.patience_s:,.0f} s {reason}")
            pause(_LOOK_S, reason)
        self._ask_url(pause)

    def _reasons(self) -> Iterator[str]:
        found = self._pauses.look(())
        if found is not None:
            yield found[1]
        with self._engine.connect() as connection:
            used, most = connection.execute(_CONNECTIONS).one()
        if used > most * self._pace.connections:
            yield f"{used} of {most} connections are used"

    def _ask_url(self, pause: Callable[[float, str], None]) -> None:
        url = self._pace.health_url
        if url is None:
            return
        said = ""
        for _ in range(_URL_TRIES):
            said = _error_of(url, self._pace.health_timeout_s)
            if not said:
                return
            pause(_LOOK_S, f"the app's health: {said}")
        raise Unhealthy(f"no further revision was begun, for {url} gave {_URL_TRIES} times: {said}")


def _error_of(url: str, timeout_s: float) -> str:
    """Return what is wrong with an answer; "" when nothing is."""
    try:
        with urllib.request.urlopen(url, timeout=timeout_s) as answer:
            return "" if answer.status < _HTTP_ERROR else f"status {answer.status}"
    except urllib.error.HTTPError as error:
        with error:
            return f"status {error.code}"
    except (OSError, ValueError) as error:
        return str(getattr(error, "reason", None) or error) or type(error).__name__
