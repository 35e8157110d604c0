"""The guard against N+1: counts the statements of a request, names what is wrong with them and where."""

from pgwright_runtime._stack import CodeLine
from pgwright_runtime.guard.asgi import GuardMiddleware
from pgwright_runtime.guard.counters import BUCKETS, GuardCounters, ProblemCounts, ProblemKey, UnitCounts
from pgwright_runtime.guard.evidence import (
    Kind,
    Parent,
    Problem,
    QueryProblems,
    QueryWarning,
    StatementUse,
)
from pgwright_runtime.guard.guard import Mode, QueryGuard
from pgwright_runtime.guard.panel import PanelMiddleware
from pgwright_runtime.guard.rules import GuardRules
from pgwright_runtime.guard.units import Unit

__all__ = [
    "BUCKETS",
    "CodeLine",
    "GuardCounters",
    "GuardMiddleware",
    "GuardRules",
    "Kind",
    "Mode",
    "PanelMiddleware",
    "Parent",
    "Problem",
    "ProblemCounts",
    "ProblemKey",
    "QueryGuard",
    "QueryProblems",
    "QueryWarning",
    "StatementUse",
    "Unit",
    "UnitCounts",
]
