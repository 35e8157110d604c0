"""The answer of a web app whose database, or what else it needs, is not there: 503, and when to come back.

Where a COMMIT's outcome is unknown it is 500 without Retry-After: a client that repeats might do it twice.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

from pgwright_runtime._asgi import ASGIApp, Message, Receive, Scope, Send
from pgwright_runtime.resilience.errors import CircuitOpen, OutcomeUnknown
from pgwright_runtime.resilience.failures import is_lost_in_commit, is_unavailable

_RETRY_AFTER_S = 1


@dataclass(frozen=True)
class HttpProblem:
    """An answer as RFC 9457 describes it."""

    status: int
    title: str
    detail: str
    retry_after_s: int | None = None
    """As the header has it: whole seconds."""

    @property
    def headers(self) -> Mapping[str, str]:
        own = {"content-type": "application/problem+json", "cache-control": "no-store"}
        return own if self.retry_after_s is None else {**own, "retry-after": str(self.retry_after_s)}

    @property
    def body(self) -> bytes:
        told = {"type": "about:blank", "title": self.title, "status": self.status, "detail": self.detail}
        return json.dumps(told).encode()


def problem_of(error: BaseException) -> HttpProblem | None:
    """Return the answer to an error that an app let through; None: it has nothing to do with what is not there."""
    if isinstance(error, OutcomeUnknown) or is_lost_in_commit(error):
        detail = "It is not known whether the request took effect. Look before you repeat it."
        return HttpProblem(500, "Outcome Unknown", detail)
    if not is_unavailable(error):
        return None
    seconds = ceil(error.retry_after_s) if isinstance(error, CircuitOpen) else _RETRY_AFTER_S
    seconds = max(_RETRY_AFTER_S, seconds)
    return HttpProblem(503, "Service Unavailable", f"Try again in {seconds} s.", seconds)


class UnavailableMiddleware:
    """Answers 503 with Retry-After and a problem in JSON where the app raises that something is not there.

    That is `CircuitOpen`, `Unreachable`, and SQLAlchemy's error of a connection that was lost or not opened. Other
    errors pass, and so does any error once the response has begun.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_begun = False

        async def send_and_note(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except Exception as error:
            problem = None if has_begun else problem_of(error)
            if problem is None:
                raise
            headers = [(name.encode(), value.encode()) for name, value in problem.headers.items()]
            await send({"type": "http.response.start", "status": problem.status, "headers": headers})
            await send({"type": "http.response.body", "body": problem.body})
