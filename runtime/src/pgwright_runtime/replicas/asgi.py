"""A caller for each HTTP request, in any ASGI app; the token travels in a cookie or in a header."""

from __future__ import annotations

from collections.abc import Iterator

from pgwright_runtime._asgi import ASGIApp, Message, Receive, Scope, Send
from pgwright_runtime.replicas.async_replicas import AsyncReplicas
from pgwright_runtime.replicas.replicas import Replicas


class ReadYourWritesMiddleware:
    """Lets the reads of a request show what earlier requests of the same client wrote.

    A browser carries the cookie by itself; another client has to send the header back that it got last. A token that
    is forged, damaged or signed with a former secret sends the reads to the primary for as long as a write is
    remembered. One past its time is as none: by then every replica in use has the write.

    Args:
        app: the ASGI app.
        replicas: as in `app.add_middleware(ReadYourWritesMiddleware, replicas=replicas)`; sync ones for endpoints
            that are no coroutines.
        cookie: its name; None: no cookie.
        header: its name, as `X-Read-Your-Writes`, for clients without cookies; None: no header.
    Raises: ValueError: there is neither cookie nor header.
    """

    def __init__(
        self,
        app: ASGIApp,
        replicas: AsyncReplicas | Replicas,
        *,
        cookie: str | None = "read_your_writes",
        header: str | None = None,
    ) -> None:
        if not (cookie or header):
            raise ValueError("the token needs a cookie or a header to travel in")
        self._app, self._replicas = app, replicas
        self._cookie = cookie.encode("ascii") if cookie else None
        self._header = header.lower().encode("ascii") if header else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        tokens = tuple(self._tokens(scope))
        with self._replicas.caller(*tokens):

            async def send_with_token(message: Message) -> None:
                if message["type"] == "http.response.start":
                    token = self._replicas.token()
                    if token is not None and token not in tokens:
                        own = self._headers(token, is_secure=scope.get("scheme") == "https")
                        message = {**message, "headers": [*message.get("headers", ()), *own]}
                await send(message)

            await self._app(scope, receive, send_with_token)

    def _tokens(self, scope: Scope) -> Iterator[str]:
        for name, value in scope["headers"]:
            if name == self._header:
                yield value.decode("latin-1")
            elif name == b"cookie" and self._cookie is not None:
                for pair in value.split(b";"):
                    key, _, token = pair.strip().partition(b"=")
                    if key == self._cookie:
                        yield token.decode("latin-1")

    def _headers(self, token: str, *, is_secure: bool) -> Iterator[tuple[bytes, bytes]]:
        text = token.encode()
        if self._header is not None:
            yield self._header, text
        if self._cookie is not None:
            attributes = f"; Max-Age={self._replicas.settings.remember_s:.0f}; Path=/; HttpOnly; SameSite=Lax"
            secure = b"; Secure" if is_secure else b""
            yield b"set-cookie", self._cookie + b"=" + text + attributes.encode() + secure
