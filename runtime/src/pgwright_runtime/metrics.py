"""Every metric that the runtime publishes, in one place: a part that measures something states it here first.

A name is `pgwright_<part>_<what>[_<unit>][_total]`, by the rules of Prometheus:

- the unit is a base unit, in full and last: `seconds`, `bytes`, `ratio` (0 to 1); a number of things has none;
- a counter, and nothing else, ends in `_total`;
- a label has few values, known before: a pool's name, never a user, a tenant or the text of a statement;
- what a metric means is a sentence, and never changes under the same name.

What reads metrics is written from these definitions, not from strings: alert rules and dashboards belong here, too.

Source: https://prometheus.io/docs/practices/naming/
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["gauge", "counter", "histogram"]
Unit = Literal["", "seconds", "bytes", "ratio"]


@dataclass(frozen=True)
class Metric:
    """One metric, as Prometheus knows it."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    unit: Unit = ""
    buckets: tuple[float, ...] = ()
    """A histogram's upper limits, in its unit, without the infinite one."""


# From a queue that is not felt to longer than anybody waits for a page.
_WAITS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


def _of_pool(what: str, kind: Kind, help: str, unit: Unit = "", buckets: tuple[float, ...] = ()) -> Metric:  # noqa: A002
    return Metric(f"pgwright_pool_{what}", kind, help, ("pool",), unit, buckets)


POOL_SIZE = _of_pool("size", "gauge", "Connections that the pool keeps open at most.")
POOL_LIMIT = _of_pool("limit", "gauge", "Connections that the pool opens at most: pool_size + max_overflow.")
POOL_CHECKED_OUT = _of_pool("checked_out", "gauge", "Connections in use.")
POOL_IDLE = _of_pool("idle", "gauge", "Open connections that nobody uses.")
POOL_OVERFLOW = _of_pool("overflow", "gauge", "Open connections beyond the pool's size.")
POOL_WAITING = _of_pool("waiting", "gauge", "Requests that have asked for a connection and have none yet.")
POOL_WAIT = _of_pool(
    "wait_seconds",
    "histogram",
    "How long a connection was waited for, timeouts and errors included.",
    unit="seconds",
    buckets=_WAITS_S,
)
POOL_TIMEOUTS = _of_pool("timeouts_total", "counter", "Requests that got no connection in time.")
POOL_OPENED = _of_pool("connections_opened_total", "counter", "Connections opened.")
POOL_INVALIDATED = _of_pool("connections_invalidated_total", "counter", "Connections found broken and given up.")

POOL = (
    POOL_SIZE,
    POOL_LIMIT,
    POOL_CHECKED_OUT,
    POOL_IDLE,
    POOL_OVERFLOW,
    POOL_WAITING,
    POOL_WAIT,
    POOL_TIMEOUTS,
    POOL_OPENED,
    POOL_INVALIDATED,
)

STATEMENT_SECONDS = Metric(
    "pgwright_statement_seconds",
    "histogram",
    "How long a statement took, errors included, until its rows could be read.",
    ("pool",),
    "seconds",
    _WAITS_S,
)
STATEMENTS = (STATEMENT_SECONDS,)


def _of_jobs(what: str, kind: Kind, help: str, unit: Unit = "", buckets: tuple[float, ...] = ()) -> Metric:  # noqa: A002
    return Metric(f"pgwright_jobs_{what}", kind, help, ("table",), unit, buckets)


# From a job that is hardly one to what had better be cut into several.
_RUNS_S = (0.005, 0.025, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 1800.0)

JOBS_CLAIMED = _of_jobs("claimed_total", "counter", "Jobs that workers of this process claimed.")
JOBS_FINISHED = _of_jobs("finished_total", "counter", "Jobs that ran to their end, and whose work was committed.")
JOBS_FAILED = _of_jobs("failed_total", "counter", "Attempts that failed and were undone.")
JOBS_DEAD = _of_jobs("dead_total", "counter", "Jobs that failed for the last time.")
JOBS_TAKEN_OVER = _of_jobs("taken_over_total", "counter", "Jobs of other workers whose lease had ended.")
JOBS_WAITING = _of_jobs("waiting", "gauge", "Jobs that wait, those of the future too, counted up to 10,001.")
JOBS_LATE = _of_jobs("late_seconds", "gauge", "How long the first job in the queue has been due.", unit="seconds")
JOBS_RUN = _of_jobs("run_seconds", "histogram", "How long a handler ran.", unit="seconds", buckets=_RUNS_S)
JOBS_WAIT = _of_jobs(
    "wait_seconds", "histogram", "From when a job was due until it was claimed.", unit="seconds", buckets=_WAITS_S
)

JOBS = (
    JOBS_CLAIMED,
    JOBS_FINISHED,
    JOBS_FAILED,
    JOBS_DEAD,
    JOBS_TAKEN_OVER,
    JOBS_WAITING,
    JOBS_LATE,
    JOBS_RUN,
    JOBS_WAIT,
)


def _of_view(what: str, kind: Kind, help: str, unit: Unit = "", buckets: tuple[float, ...] = ()) -> Metric:  # noqa: A002
    return Metric(f"pgwright_materialized_{what}", kind, help, ("view",), unit, buckets)


MATERIALIZED_DATA = _of_view(
    "data_timestamp_seconds",
    "gauge",
    "Unix time of a materialized view's data: all that was committed before is in them; time() minus it is their age.",
    unit="seconds",
)
MATERIALIZED_REFRESH = _of_view(
    "refresh_seconds",
    "histogram",
    "How long a refresh took that did not fail.",
    unit="seconds",
    buckets=(0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0),
)
MATERIALIZED_FAILURES = _of_view("refresh_failures_total", "counter", "Refreshes that failed; the old data stay.")

MATERIALIZED = (MATERIALIZED_DATA, MATERIALIZED_REFRESH, MATERIALIZED_FAILURES)


# Around the 50 ms that a batch should take.
_BATCHES_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

BATCH_ROWS = Metric("pgwright_batches_rows_total", "counter", "Rows that batches changed or deleted.", ("job",))
BATCH_SECONDS = Metric(
    "pgwright_batches_seconds", "histogram", "How long a batch's transaction took.", ("job",), "seconds", _BATCHES_S
)
BATCH_WAITING = Metric(
    "pgwright_batches_waiting", "gauge", "1 while batches wait: for a replica, a lock, the load or vacuum.", ("cause",)
)
BATCH_FINISHED = Metric(
    "pgwright_batches_finished_timestamp_seconds",
    "gauge",
    "When a job last ended with nothing left to do, in seconds since 1970.",
    ("job",),
    "seconds",
)
BATCHES = (BATCH_ROWS, BATCH_SECONDS, BATCH_WAITING, BATCH_FINISHED)


def _of_cache(what: str, help: str, *labels: str) -> Metric:  # noqa: A002
    return Metric(f"pgwright_cache_{what}_total", "counter", help, ("function", *labels))


CACHE_HITS = _of_cache("hits", "Calls whose value was cached.")
CACHE_MISSES = _of_cache("misses", "Calls that computed their value.")
CACHE_BYPASSES = _of_cache("bypasses", "Calls whose value was not cached, by reason.", "reason")
CACHE_STAMPEDES_AVOIDED = _of_cache("stampedes_avoided", "Calls that waited while another one computed the value.")
CACHE_UNREADABLE = _of_cache("unreadable", "Cached values that were damaged, or of another version.")
CACHE_BYTES = Metric(
    "pgwright_cache_read_bytes_total", "counter", "Size of the cached values that were read.", ("function",), "bytes"
)
CACHE_HIT_SECONDS = Metric(
    "pgwright_cache_hit_seconds",
    "histogram",
    "How long a call took whose value was cached, or was waited for.",
    ("function",),
    "seconds",
    (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0),
)
CACHE_STORE_UP = Metric(
    "pgwright_cache_store_up",
    "gauge",
    "1: the server of cached values answers, or was not asked yet, 0: it does not.",
    ("namespace",),
)
CACHE = (
    CACHE_HITS,
    CACHE_MISSES,
    CACHE_BYPASSES,
    CACHE_STAMPEDES_AVOIDED,
    CACHE_UNREADABLE,
    CACHE_BYTES,
    CACHE_HIT_SECONDS,
    CACHE_STORE_UP,
)


def _of_breaker(what: str, kind: Kind, help: str, *labels: str) -> Metric:  # noqa: A002
    return Metric(f"pgwright_breaker_{what}", kind, help, ("breaker", *labels))


BREAKER_STATE = _of_breaker("state", "gauge", "0: closed, 1: half-open, 2: open.")
BREAKER_OPENED = _of_breaker("opened_total", "counter", "How often the breaker opened, also because others did.")
BREAKER_REJECTED = _of_breaker("rejected_total", "counter", "Calls that were refused.")
BREAKER_PROBES = _of_breaker("probes_total", "counter", "Probes that ended, by what they found.", "outcome")
BREAKER_SHARING_UP = Metric(
    "pgwright_breaker_sharing_up",
    "gauge",
    "1: the server by which breakers are shared answers, or was not asked yet, 0: it does not.",
    ("namespace",),
)
TRANSACTION_RETRIES = Metric(
    "pgwright_transaction_retries_total", "counter", "Transactions that were done again, by cause.", ("cause",)
)
TRANSACTION_GIVEN_UP = Metric(
    "pgwright_transaction_given_up_total", "counter", "Transactions that were not done again, by cause.", ("cause",)
)
RESILIENCE = (
    BREAKER_STATE,
    BREAKER_OPENED,
    BREAKER_REJECTED,
    BREAKER_PROBES,
    BREAKER_SHARING_UP,
    TRANSACTION_RETRIES,
    TRANSACTION_GIVEN_UP,
)


LIMITS_ALLOWED = Metric("pgwright_limits_allowed_total", "counter", "Requests that a rule let in.", ("rule",))
LIMITS_LIMITED = Metric("pgwright_limits_limited_total", "counter", "Requests that a rule refused.", ("rule",))
LIMITS_STORE_FAILURES = Metric(
    "pgwright_limits_store_failures_total", "counter", "Times that the store of limits did not answer.", ("policy",)
)
LIMITS_UNCHECKED = Metric(
    "pgwright_limits_unchecked_total", "counter", "Requests decided without the store, by the policy.", ("policy",)
)
LIMITS_STORE_UP = Metric(
    "pgwright_limits_store_up",
    "gauge",
    "1: the store of limits answered the last request that asked it, or was not asked yet, 0: it did not.",
    ("policy",),
)
LIMITS = (LIMITS_ALLOWED, LIMITS_LIMITED, LIMITS_STORE_FAILURES, LIMITS_UNCHECKED, LIMITS_STORE_UP)


def _of_bulkhead(what: str, kind: Kind, help: str, unit: Unit = "", buckets: tuple[float, ...] = ()) -> Metric:  # noqa: A002
    return Metric(f"pgwright_bulkhead_{what}", kind, help, ("bulkhead",), unit, buckets)


BULKHEAD_RUNNING = _of_bulkhead("running", "gauge", "Calls that run inside of the bulkhead.")
BULKHEAD_WAITING = _of_bulkhead("waiting", "gauge", "Calls that wait for a place in it.")
BULKHEAD_REJECTED = _of_bulkhead("rejected_total", "counter", "Calls that found no place, or none in time.")
BULKHEAD_WAIT = _of_bulkhead(
    "wait_seconds", "histogram", "How long a call waited that had to.", unit="seconds", buckets=_WAITS_S
)
BULKHEADS = (BULKHEAD_RUNNING, BULKHEAD_WAITING, BULKHEAD_REJECTED, BULKHEAD_WAIT)

METRICS = (*POOL, *STATEMENTS, *JOBS, *MATERIALIZED, *BATCHES, *CACHE, *RESILIENCE, *LIMITS, *BULKHEADS)
