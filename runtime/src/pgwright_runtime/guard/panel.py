"""A page for development: the last requests of an app, with their statements, repeats and lazy loads.

It shows SQL and paths of the source, so it is for the developer's own machine: it has to be switched on, and answers
only callers on the loopback interface who ask for it by a local name, which a page of another site cannot.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from ipaddress import ip_address

from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncEngine

from pgwright_runtime._asgi import ASGIApp, Message, Receive, Scope, Send
from pgwright_runtime._stack import first_line
from pgwright_runtime.guard.active import enter, leave
from pgwright_runtime.guard.asgi import template
from pgwright_runtime.guard.evidence import Problem, StatementUse
from pgwright_runtime.guard.listeners import listen
from pgwright_runtime.guard.rules import UnitRules
from pgwright_runtime.guard.units import Unit

_LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")
_STYLE = (
    "body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#222}"
    "summary{cursor:pointer;padding:.35rem 0}code,pre{font:13px/1.4 ui-monospace,monospace;white-space:pre-wrap}"
    "table{border-collapse:collapse;width:100%}td,th{border-top:1px solid #ddd;padding:.3rem .5rem;text-align:left;"
    "vertical-align:top}.n{text-align:right}.bad{color:#a00;font-weight:600}small{color:#666}"
)
_HEADERS = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
]


@dataclass(frozen=True)
class _Seen:
    """A request that is over."""

    name: str
    status: int
    count: int
    statements: tuple[StatementUse, ...]
    problems: tuple[Problem, ...]


class PanelMiddleware:
    """Shows the statements of the last requests at a path of the app, in development.

    >>> from fastapi import FastAPI
    >>> from sqlalchemy import create_engine
    >>> app = FastAPI()
    >>> app.add_middleware(PanelMiddleware, engine=create_engine("sqlite://"), debug=True)

    Args:
        app: the ASGI app.
        engine: whose statements are shown; None: those of every engine of the process.
        debug: whether there is a panel at all; where it is not True every request goes to the app, untouched.
        path: where the panel is.
        keep: requests that are kept.
    Raises: ValueError: the path does not begin with "/", or nothing is to be kept.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        engine: AsyncEngine | Engine | None = None,
        debug: bool = False,
        path: str = "/_pgwright",
        keep: int = 50,
    ) -> None:
        if not path.startswith("/") or keep < 1:
            raise ValueError(
                f"the panel's path begins with '/' and keeps one request at least, not {path!r} and {keep}"
            )
        self._app, self._path = app, path
        # "false" from an environment variable is not True.
        self._is_on = debug is True
        self._dialect = engine.dialect if engine is not None else None
        self._seen: deque[_Seen] = deque(maxlen=keep)
        if self._is_on:
            listen()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._is_on or scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["path"] == self._path:
            await self._show(scope, send)
        else:
            await self._watch(scope, receive, send)

    async def _watch(self, scope: Scope, receive: Receive, send: Send) -> None:
        root, status = scope.get("root_path", ""), 500
        unit = Unit(self._dialect, f"{scope['method']} {scope['path']}", UnitRules(locates_all=True))
        unit.outermost = (PanelMiddleware._watch.__code__,)
        unit.fallback_place = lambda: first_line(scope.get("endpoint"))

        async def note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        enter(unit)
        try:
            await self._app(scope, receive, note_status)
        finally:
            leave(unit)
            unit.name = f"{scope['method']} {template(scope, root)}"
            unit.is_blind |= getattr(scope.get("route"), "response_field", unit) is None
            unit.close()
            self._seen.appendleft(_Seen(unit.name, status, unit.count, unit.statements, unit.problems))

    async def _show(self, scope: Scope, send: Send) -> None:
        if not _is_local(scope):
            status, body = 403, "<p>The panel answers on this machine only, asked for as localhost.</p>"
        elif scope["method"] not in ("GET", "HEAD"):
            status, body = 405, "<p>The panel is only read.</p>"
        else:
            status, body = 200, "".join(_page(self._seen))
        page = f"<!doctype html><html lang=en><title>pgwright</title><style>{_STYLE}</style><h1>Queries</h1>{body}"
        await send({"type": "http.response.start", "status": status, "headers": _HEADERS})
        await send({"type": "http.response.body", "body": page.encode("utf-8", "backslashreplace")})


def _is_local(scope: Scope) -> bool:
    """Whether the caller is on this machine, and not a page of another site whose name leads here."""
    client, headers = scope.get("client"), scope.get("headers", ())
    hosts = [value.decode("latin-1") for name, value in headers if name == b"host"]
    forwarded = any(name in (b"forwarded", b"x-forwarded-for", b"x-real-ip") for name, _ in headers)
    try:
        is_loopback = client is not None and ip_address(client[0]).is_loopback
    except ValueError:
        return False
    named = [host for host in hosts if host.rpartition(":")[0] in _LOCAL_NAMES or host in _LOCAL_NAMES]
    return is_loopback and not forwarded and len(hosts) == 1 and named == hosts


def _page(seen: deque[_Seen]) -> Iterator[str]:
    if not seen:
        yield "<p>No request yet.</p>"
    # A copy: requests go on meanwhile.
    for number, request in enumerate(tuple(seen)):
        bad = f" <span class=bad>{len(request.problems)} problem(s)</span>" if request.problems else ""
        yield f"<details{' open' if number == 0 else ''}><summary><b>{_shown(request.name)}</b> {request.status} "
        yield f"— {request.count} statement(s){bad}</summary>"
        for problem in request.problems:
            yield f"<p class=bad>{_shown(problem.advice)}</p>"
        yield "<table><tr><th class=n>times<th class=n>rows<th>statement"
        for statement in request.statements:
            times = f"<td class='n{' bad' if statement.count > 1 else ''}'>{statement.count}"
            rows = "" if statement.rows is None else str(statement.rows)
            place = f"<br><small>{_shown(str(statement.place))}</small>" if statement.place else ""
            yield f"<tr>{times}<td class=n>{rows}<td><code>{_shown(statement.text)}</code>{place}"
        yield "</table></details>"


def _shown(text: str) -> str:
    """Return a text as HTML, with its control and direction characters made visible."""
    return escape("".join(each if each.isprintable() or each == "\n" else f"\\u{ord(each):04x}" for each in text))
