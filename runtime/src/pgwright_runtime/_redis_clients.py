"""Clients of redis-py, which has to be installed."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

try:
    from redis.exceptions import RedisError
except ModuleNotFoundError as error:
    # With its name, by which the part that needs it says which extra brings it.
    hint = "redis is missing. Run: pip install 'pgwright-runtime[caching]', or [limits], or [resilience]"
    raise ModuleNotFoundError(hint, name=error.name) from error


def redis_client(kind: Any, url: str, **options: Any) -> Any:
    """Return a client of a kind, `redis.Redis` or `redis.asyncio.Redis`; nothing is connected.

    Raises: ValueError: the URL or an option is wrong; it tells nothing of the URL, which may hold a password.
    """
    if not _is_readable(url):
        raise ValueError(
            "the URL of Redis cannot be read; write special characters of its password by percent, as %2F for '/'"
        )
    client = kind.from_url(url, **options)
    pool = client.connection_pool
    try:
        # What redis-py would find each time that it connects.
        connection = pool.connection_class(**pool.connection_kwargs)
    except (TypeError, RedisError) as error:
        raise ValueError(f"an option for Redis is wrong: {error}") from error
    if hasattr(connection, "ssl_context"):
        pool.connection_class = _with_context(pool.connection_class, connection.ssl_context)
    return client


def _is_readable(url: str) -> bool:
    try:
        urlsplit(url).port  # noqa: B018  (it is read then)
    except ValueError:
        return False
    return True


def _with_context(connection_class: Any, context: object) -> Any:
    """Return a class of async connections over TLS with one context for all.

    redis-py makes one for each, which loads the system's authorities: 20 ms or more in which the event loop stands.
    """

    class Connection(connection_class):  # type: ignore[misc]
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self.ssl_context = context

    return Connection
