"""The guard against N+1: counts the statements of a request, names what is wrong with them and where."""

from pgwright.runtime.guard.asgi import GuardMiddleware
from pgwright.runtime.guard.counters import BUCKETS, ProblemCounts, ProblemKey, Snapshot, UnitCounts
from pgwright.runtime.guard.evidence import (
    Kind,
    Parent,
    Place,
    Problem,
    QueryProblems,
    QueryWarning,
    StatementUse,
)
from pgwright.runtime.guard.guard import Mode, QueryGuard
from pgwright.runtime.guard.units import Unit

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
