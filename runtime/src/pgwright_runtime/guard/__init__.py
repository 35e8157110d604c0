"""The guard against N+1: counts the statements of a request, names what is wrong with them and where."""

from pgwright_runtime.guard.asgi import GuardMiddleware
from pgwright_runtime.guard.counters import BUCKETS, ProblemCounts, ProblemKey, Snapshot, UnitCounts
from pgwright_runtime.guard.evidence import (
    Kind,
    Parent,
    Place,
    Problem,
    QueryProblems,
    QueryWarning,
    StatementUse,
)
from pgwright_runtime.guard.guard import Mode, QueryGuard
from pgwright_runtime.guard.units import Unit

__all__ = [
    "BUCKETS",
    "GuardMiddleware",
    "Kind",
    "Mode",
    "Parent",
    "Place",
    "Problem",
    "ProblemCounts",
    "ProblemKey",
    "QueryGuard",
    "QueryProblems",
    "QueryWarning",
    "Snapshot",
    "StatementUse",
    "Unit",
    "UnitCounts",
]
