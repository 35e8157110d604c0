"""A unit for each HTTP request, in any ASGI app."""

from __future__ import annotations

from pgwright_runtime._asgi import ASGIApp, Message, Receive, Scope, Send
from pgwright_runtime._stack import first_line
from pgwright_runtime.guard.guard import QueryGuard

HEADER = b"x-pgwright-queries"


class GuardMiddleware:
    """Opens a unit for each request, named by method and route: `GET /notebooks/{id}`.

    In mode "warn" the response has a header `x-pgwright-queries`, the statements until its first byte. In mode "raise"
    `QueryProblems` rises after the response is sent, which the test client shows.

    >>> from fastapi import FastAPI
    >>> from sqlalchemy import create_engine
    >>> app = FastAPI()
    >>> app.add_middleware(GuardMiddleware, guard=QueryGuard(create_engine("sqlite://")))
    """

    def __init__(self, app: ASGIApp, guard: QueryGuard) -> None:
        self._app, self._guard = app, guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        root = scope.get("root_path", "")
        with self._guard.unit(f"{scope['method']} {scope['path']}") as unit:
            # Frames outside of this one are the server's or the test client's. Where a response is serialized no
            # frame is the user's; then the endpoint's own place is told.
            unit.outermost = (GuardMiddleware.__call__.__code__,)
            unit.fallback_place = lambda: first_line(scope.get("endpoint"))

            async def send_with_count(message: Message) -> None:
                if message["type"] == "http.response.start" and self._guard.mode == "warn":
                    count = (HEADER, str(unit.count).encode())
                    message = {**message, "headers": [*message.get("headers", ()), count]}
                await send(message)

            try:
                await self._app(scope, receive, send_with_count)
            finally:
                unit.name = f"{scope['method']} {template(scope, root)}"
                # Without a response model FastAPI takes the values past the attributes.
                unit.is_blind |= getattr(scope.get("route"), "response_field", unit) is None


def template(scope: Scope, root: str) -> str:
    """Return the path with its parameters' names, if the router tells them."""
    route = getattr(scope.get("route"), "path", None)
    if isinstance(route, str):
        mounted_at: str = scope.get("root_path", "").removeprefix(root)
        return mounted_at + route
    if "router" in scope and "endpoint" not in scope:
        # No route fits. One name for all of them, or a scanner would fill the counters.
        return "(no route)"
    return str(scope["path"])
