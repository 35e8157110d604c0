"""Call an ASGI app in this process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode


@dataclass(frozen=True)
class GetRequest:
    """A GET request."""

    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    cookies: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes = field(repr=False)

    @property
    def document(self) -> Any:
        """The JSON of the body; None when it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def rows(self) -> int:
        """Items of the largest array in the JSON; arrays inside the items of another do not count."""
        return _largest(self.document)


def _largest(value: Any) -> int:
    if isinstance(value, dict):
        return max((_largest(item) for item in value.values()), default=0)
    if isinstance(value, list):
        return len(value)
    return 0


async def get(app: Any, request: GetRequest, state: Mapping[str, Any], timeout_s: float) -> Answer:
    """Call the app once.

    Raises: TimeoutError: the answer was not whole in time; whatever the app raises.
    """
    headers = [("host", "localhost"), ("accept", "application/json"), *request.headers]
    if request.cookies:
        headers.append(("cookie", "; ".join(f"{name}={value}" for name, value in request.cookies)))
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": request.path,
        "raw_path": quote(request.path).encode(),
        "query_string": urlencode(request.query).encode(),
        "root_path": "",
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers],
        "client": ("127.0.0.1", 0),
        "server": ("localhost", 80),
        "state": dict(state),
    }
    status, parts, is_complete = 0, [], asyncio.Event()
    received = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> dict[str, Any]:
        for message in received:
            return message
        await is_complete.wait()
        return {"type": "http.disconnect"}

    async def send(message: Mapping[str, Any]) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        elif message["type"] == "http.response.body":
            parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                is_complete.set()

    async with asyncio.timeout(timeout_s):
        await app(scope, receive, send)
    return Answer(status, b"".join(parts))
