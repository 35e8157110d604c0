"""What is set from outside: by the environment, or by who makes the app."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import URL


@dataclass(frozen=True)
class Settings:
    """How one process of the app runs; `CHAT_SECRET` and the like in the environment name what is none of a URL."""

    database_url: str | URL
    redis_url: str | None = None
    """`redis://` or `rediss://`, for all processes together; None: this process caches and counts on its own."""
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    """Signs cursors, 16 bytes or more; the same in all processes."""
    origins: tuple[str, ...] = ("*",)
    """Of the pages that may have the widget. A page has no visitor's token but those that it asked for itself."""
    trusted_proxies: tuple[str, ...] = ()
    """Whose X-Forwarded-For is believed: addresses and networks."""
    processes: int = 1
    """Which share the limits out among them while Redis is lost."""
    asks_a_minute: int = 30
    """Of one visitor."""
    posts_a_minute: int = 120
    """Of one address."""
    pool_size: int = 10
    max_overflow: int = 20
    answered_at_once: int = 8
    """Questions that are answered anew at the same time, fewer than the pool has connections."""


def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings that DATABASE_URL, REDIS_URL and CHAT_* give. Raises: KeyError: there is no DATABASE_URL."""
    given = {
        "secret": environment.get("CHAT_SECRET", "").encode(),
        "origins": _listed(environment.get("CHAT_ORIGINS", "")),
        "trusted_proxies": _listed(environment.get("CHAT_TRUSTED_PROXIES", "")),
        "processes": int(environment.get("WEB_CONCURRENCY", "0")),
    }
    return Settings(
        environment["DATABASE_URL"],
        environment.get("REDIS_URL") or None,
        **{name: value for name, value in given.items() if value},  # type: ignore[arg-type]
    )


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part for part in map(str.strip, text.split(",")) if part)
