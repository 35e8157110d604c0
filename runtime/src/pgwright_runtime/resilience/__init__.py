"""What an app does while its database, or something else that it calls, is not there, and right after.

Breakers refuse calls at once, transactions are repeated where that is safe, and clients are told when to come back.
`pgwright_runtime.resilience.sharing` lets processes share what their breakers found out, and needs redis-py.
"""

from pgwright_runtime.resilience.asgi import UnavailableMiddleware
from pgwright_runtime.resilience.breaker import Breaker
from pgwright_runtime.resilience.circuit import State
from pgwright_runtime.resilience.deadlines import deadline, time_left
from pgwright_runtime.resilience.errors import (
    CircuitOpen,
    DeadlinePassed,
    OutcomeUnknown,
    TransactionEnded,
    Unreachable,
)
from pgwright_runtime.resilience.isolation import Isolation, Level
from pgwright_runtime.resilience.metrics import BreakerCounts
from pgwright_runtime.resilience.settings import BreakerSettings
from pgwright_runtime.resilience.transactions import run_transaction

__all__ = [
    "Breaker",
    "BreakerCounts",
    "BreakerSettings",
    "CircuitOpen",
    "DeadlinePassed",
    "Isolation",
    "Level",
    "OutcomeUnknown",
    "State",
    "TransactionEnded",
    "UnavailableMiddleware",
    "Unreachable",
    "deadline",
    "run_transaction",
    "time_left",
]
