"""What a probe is asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from pgwright.database import mask
from pgwright.model.policy import Policy

# Shorter texts are no secrets, and would make holes in every message.
_SHORTEST_SECRET = 4
_SECRET_NAME = re.compile(r"token|secret|password|key|signature|code", re.IGNORECASE)


@dataclass(frozen=True)
class ProbeRequest:
    """The app, how to call it, and within which limits."""

    app: str
    """`module:attribute`, as uvicorn takes it."""
    folder: Path = Path()
    """Where the module is looked for."""
    is_factory: bool = False
    """True: call the attribute to get the app."""
    dsn: str | None = None
    """Where ids are read; None: where the app's engine connects to."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """Values that beat all others, by the name of the parameter."""
    headers: tuple[tuple[str, str], ...] = ()
    """Sent with every request."""
    cookies: tuple[tuple[str, str], ...] = ()
    only: tuple[str, ...] = ()
    """Paths to call, with * for any text; none named: all."""
    skip: tuple[str, ...] = ()
    timeout_s: float = 30.0
    """The longest that a call, or the app's startup, may take."""
    statement_timeout_ms: int = 30_000
    lock_timeout_ms: int = 5_000
    policy: Policy = field(default_factory=Policy)
    """What the team states: findings to leave out, and columns that mark deleted rows."""

    def takes(self, path: str) -> bool:
        """Tell whether an endpoint is to be called."""
        is_named = not self.only or any(fnmatchcase(path, pattern) for pattern in self.only)
        return is_named and not any(fnmatchcase(path, pattern) for pattern in self.skip)

    def hide(self, text: str) -> str:
        """Return a text without the values of headers, cookies and secret parameters, and without passwords."""
        secret_parameters = [(name, value) for name, value in self.parameters.items() if is_secret(name)]
        given = [value for _, value in (*self.headers, *self.cookies, *secret_parameters)]
        secrets = [*given, *(word for value in given for word in value.split())]
        for secret in sorted(set(secrets), key=len, reverse=True):
            if len(secret) >= _SHORTEST_SECRET:
                text = text.replace(secret, "***")
        return mask(text)


def is_secret(name: str) -> bool:
    """Tell by its name whether a parameter's value is not to be printed."""
    return _SECRET_NAME.search(name) is not None


def shown(name: str, value: str) -> str:
    """Return the value of a parameter as it may be printed.

    >>> shown("courier_id", "7"), shown("invite_token", "4f1c")
    ('7', '***')
    """
    return "***" if is_secret(name) else value
