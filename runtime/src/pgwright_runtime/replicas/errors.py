"""What replicas refuse.

ReplicaError
├── WriteOnReadSession    a write on a session that only reads
│   └── PrimaryOnly       an advisory lock, LISTEN or NOTIFY in a transaction that is bound to a replica
├── InvalidToken          a token that was not made here, which the primary makes up for; also a ValueError
└── ServerRefused         an engine whose server cannot play its part
    ├── NotAReplica
    ├── NotAPrimary
    └── OtherSystem
"""

from __future__ import annotations

from pgwright_runtime.errors import Error


class ReplicaError(Error):
    """The base of this package's errors."""


class WriteOnReadSession(ReplicaError):
    """A read session was about to write; nothing was sent."""

    def __init__(self, what: str) -> None:
        super().__init__(f"a read session cannot {what}. Use session(), or get_db in place of get_read_db")


class PrimaryOnly(WriteOnReadSession):
    """An advisory lock, LISTEN or NOTIFY was about to be sent to a replica, where it would mean nothing.

    A read session goes on at the primary by itself, unless its transaction has to stay where it is.
    """

    def __init__(self, statement: str) -> None:
        super().__init__(f"do this on a replica, where the transaction is: {statement:.80}")


class InvalidToken(ReplicaError, ValueError):
    """The token was not made here: forged, truncated, or of another version or secret."""


class ServerRefused(ReplicaError):
    """The server of an engine is not what it was said to be."""


class NotAReplica(ServerRefused):
    """The server of a replica's engine is a primary: given by mistake, or promoted."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} is a primary (pg_is_in_recovery() is false), so what it holds may be out of date for ever. "
            "Give the URL of a streaming replica"
        )


class NotAPrimary(ServerRefused):
    """The server of the primary's engine is a replica."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is a replica (pg_is_in_recovery() is true), so it takes no writes. Give the primary")


class OtherSystem(ServerRefused):
    """A replica follows another primary: its positions mean nothing for this one."""

    def __init__(self, name: str, identifier: int, expected: int) -> None:
        super().__init__(
            f"{name} belongs to another database system ({identifier}) than the primary ({expected}). "
            "Give a replica that was made from this primary"
        )
