"""What resilience says where something outside does not answer, or nobody knows what it did."""

from __future__ import annotations

from pgwright_runtime.errors import Error


class CircuitOpen(Error):
    """A breaker is open: the call was not made."""

    def __init__(self, name: str, retry_after_s: float) -> None:
        self.name, self.retry_after_s = name, retry_after_s
        super().__init__(f"{name!r} has failed and is left alone for {retry_after_s:.2f} s more; nothing was sent")

    def __reduce__(self) -> tuple[type[CircuitOpen], tuple[str, float]]:
        return CircuitOpen, (self.name, self.retry_after_s)


class Unreachable(Error, ConnectionError):
    """A protected engine could not open a connection; the driver's error is its cause.

    Only for errors that SQLAlchemy leaves as the driver raised them, as asyncpg's.
    """

    def __init__(self, name: str, error: BaseException) -> None:
        super().__init__(f"{name!r} cannot be reached: {type(error).__name__}: {error}")


class OutcomeUnknown(Error):
    """The connection was lost during COMMIT: the transaction may have been committed, or not; it was not repeated."""

    def __init__(self) -> None:
        super().__init__(
            "the connection was lost during COMMIT, so nobody knows whether the transaction was committed. "
            "Look for what it wrote before you repeat it"
        )


class DeadlinePassed(Error, TimeoutError):
    """The time of a `deadline` was over before the transaction began."""

    def __init__(self) -> None:
        super().__init__("the deadline was over before the transaction began; nothing was sent")


class TransactionEnded(Error, RuntimeError):
    """The function committed or rolled back by itself, so it can be neither committed as a whole nor repeated."""

    def __init__(self) -> None:
        super().__init__(
            "the function ended its transaction, which run_transaction does. Leave commit(), rollback() and close() "
            "out; use session.begin_nested() for a part that may fail"
        )
