"""The same answers by FastAPI's exception handlers; it needs FastAPI: `pip install pgwright-runtime[fastapi]`."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response
from sqlalchemy.exc import DBAPIError

from pgwright_runtime.resilience.asgi import problem_of
from pgwright_runtime.resilience.errors import CircuitOpen, OutcomeUnknown, Unreachable


def answer_unavailable(app: FastAPI) -> None:
    """Answer as `UnavailableMiddleware` does; an error that it would let pass stays the app's error."""
    for kind in (CircuitOpen, Unreachable, OutcomeUnknown, DBAPIError):
        app.add_exception_handler(kind, _answer)


async def _answer(request: Request, error: Exception) -> Response:
    problem = problem_of(error)
    if problem is None:
        raise error
    return Response(problem.body, problem.status, dict(problem.headers))
