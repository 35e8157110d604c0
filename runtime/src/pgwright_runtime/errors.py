"""The one base of the runtime's own exception classes; each stands in the package that raises it.

Parameters out of their range raise a plain ValueError.

Error
├── BackfillError            backfills
│   ├── BackfillGone         dropped while it ran
│   ├── BackfillNotDone      a revision needs it to be done
│   ├── BackfillRefused      it would be wrong, or cannot be walked
│   ├── UnknownBackfill      nothing of that name is declared
│   └── UntrustedBackfills   others may have written what it would run
├── BatchTooSlow             batches: not even one row in the time of a statement
├── ErasureError             erasure: nothing was erased
│   ├── ErasureFailed
│   ├── ErasureStopped
│   ├── InvalidReport
│   └── PersonErased
├── NotWatched               caching: it would not hear of changes; also a RuntimeError
├── InvalidPage              paging: the client's fault, answer 400; also a ValueError
│   ├── InvalidCursor
│   └── InvalidPageSize
├── CircuitOpen              resilience: a breaker is open, and nothing was sent
├── DeadlinePassed           resilience: also a TimeoutError
├── LimitError               limits: a request was not let in
│   ├── BulkheadFull         answer 503
│   ├── LimitExceeded        answer 429
│   ├── LimitsUnavailable    answer 503
│   └── StoreLost            caught there, and told by LimitsUnavailable if at all
├── LockHeld                 batches: the same work runs already
├── MigrationStopped         migrations: what is committed stays, and the next run goes on
│   ├── NotResumable
│   ├── RunnerBusy
│   ├── StillQueued
│   ├── TableHeld
│   └── Unhealthy
├── NotWalkable              batches: a table has no order to walk in; also a ValueError
├── LeaseLost                jobs: others have the worker's job, and what it did is undone
├── NotPageable              paging: the app's fault, change the statement; also a ValueError
├── OutcomeUnknown           resilience: the connection was lost during COMMIT
├── PoolOverBudget           pools: more connections than there are; also a ValueError
├── QueryProblems            guard: what a unit of work did to the database
├── RefreshFailed            materialized: views that a run could not refresh
├── ReplicaError             replicas
│   ├── InvalidToken         a token of the last write that was not made here; also a ValueError
│   ├── ServerRefused
│   │   ├── NotAPrimary
│   │   ├── NotAReplica
│   │   └── OtherSystem
│   └── WriteOnReadSession
│       └── PrimaryOnly
├── SoftDeleteError          soft_delete
│   ├── DeletionRefused
│   └── RestoreRefused
│       ├── KeyTaken
│       ├── NotDeleted
│       └── ParentDeleted
├── SteppedBack              migrations: caught there, and the revision tried again
├── StoreUnavailable         caching: caught there
├── StaleView                materialized: data older than the reader allows
├── RetentionError           retention
│   ├── ClockSkew            the server's clock, or ours, is wrong
│   ├── NoMoments            a policy's column; also a ValueError
│   ├── PartitionError       retention.partitions
│   │   ├── LockNotGranted
│   │   ├── NotConvertible
│   │   ├── NotPartitioned
│   │   └── PartitionKept    caught there, and told
│   ├── RetentionRefused     it would be slow or wrong
│   └── UnknownTable         the database does not have what a policy names
├── RowsMoved                batches: caught there, and the batch done again
├── TableInTheWay            migrations: caught there, and waited for
├── TenancyError             tenancy
│   ├── InvalidTenant        also a ValueError
│   ├── TenantChanged
│   └── TenantMissing
├── TransactionEnded         resilience: by the function that is to be repeated; also a RuntimeError
└── Unreachable              resilience: no connection could be opened; also a ConnectionError

UserWarning
├── CacheWarning             caching
├── PoolBudgetWarning        pools
└── QueryWarning             guard
"""

from __future__ import annotations


class Error(Exception):
    """Base of every exception class of pgwright_runtime's own."""
