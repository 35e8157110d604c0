"""The one base of the runtime's own exception classes; each stands in the package that raises it.

Parameters out of their range raise a plain ValueError.

Error
├── InvalidPage              paging: the client's fault, answer 400; also a ValueError
│   ├── InvalidCursor
│   └── InvalidPageSize
├── NotPageable              paging: the app's fault, change the statement; also a ValueError
├── PoolOverBudget           pools: more connections than there are; also a ValueError
├── QueryProblems            guard: what a unit of work did to the database
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
└── TenancyError             tenancy
    ├── InvalidTenant        also a ValueError
    ├── TenantChanged
    └── TenantMissing

UserWarning
├── PoolBudgetWarning        pools
└── QueryWarning             guard
"""

from __future__ import annotations


class Error(Exception):
    """Base of every exception class of pgwright_runtime's own."""
