"""Materialized views: declared beside the models, refreshed on a schedule while they are read, with a known age."""

from pgwright_runtime.materialized.errors import RefreshFailed, StaleView
from pgwright_runtime.materialized.freshness import Freshness, freshness, require_fresh
from pgwright_runtime.materialized.metrics import RefreshMetrics
from pgwright_runtime.materialized.one_refresh import RefreshTimeouts
from pgwright_runtime.materialized.refreshing import refresh_due, refresh_now
from pgwright_runtime.materialized.results import Outcome, RefreshResult, raise_failures
from pgwright_runtime.materialized.view import MaterializedView

__all__ = [
    "Freshness",
    "MaterializedView",
    "Outcome",
    "RefreshFailed",
    "RefreshMetrics",
    "RefreshResult",
    "RefreshTimeouts",
    "StaleView",
    "freshness",
    "raise_failures",
    "refresh_due",
    "refresh_now",
    "require_fresh",
]
