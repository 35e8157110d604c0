"""What may be wrong with a backfill.

Error
└── BackfillError
    ├── BackfillGone         it was dropped while it ran
    ├── BackfillNotDone      a revision needs it to be done
    ├── BackfillRefused      it would be wrong, or cannot be walked
    ├── UnknownBackfill      nothing of that name is declared
    └── UntrustedBackfills   others may have written what it would run
"""

from __future__ import annotations

from collections.abc import Sequence

from pgwright_runtime.errors import Error


class BackfillError(Error):
    """Base of what may be wrong with a backfill."""


class BackfillNotDone(BackfillError):
    """A revision needs a backfill to be done, and it is not."""

    def __init__(self, name: str, state: str, *, is_one_transaction: bool = False) -> None:
        self.name, self.state = name, state
        rolled_back = (
            ". All pending revisions ran in one transaction, so the one that declares it may be rolled back with this "
            "one: upgrade to the revision before this one first, or set transaction_per_migration=True in env.py"
        )
        super().__init__(
            f"the backfill {name!r} is not done, it is {state}. "
            f"Run it first: pgwright backfill {name}, or pgwright_runtime.backfills.run_backfills(); then upgrade again"
            f"{rolled_back if is_one_transaction else ''}"
        )


class UnknownBackfill(BackfillError):
    """Nothing of that name is declared in this database."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        told = ", ".join(map(repr, names))
        super().__init__(f"no backfill named {told} is declared. Run the revision that declares it: alembic upgrade")


class BackfillRefused(BackfillError):
    """A backfill would be wrong or slow as it is declared, or as the database is; a run tells it in its result."""

    def __init__(self, name: str, reasons: Sequence[str]) -> None:
        self.name, self.reasons = name, tuple(reasons)
        super().__init__(f"the backfill {name!r} cannot run:\n" + "\n".join(f"- {one}" for one in reasons))


class UntrustedBackfills(BackfillError):
    """Roles that this one has no reason to trust may write the declarations, which it would run with its own rights."""

    def __init__(self, table: str, roles: Sequence[str]) -> None:
        self.table, self.roles = table, tuple(roles)
        told = ", ".join(map(repr, roles))
        super().__init__(
            f"{table} may be written by {told}, and what it holds would run with the rights of this role. Run as the "
            f"owner of {table}, or give it to this role (ALTER TABLE … OWNER TO) and REVOKE INSERT, UPDATE, TRIGGER "
            "from the others"
        )


class BackfillGone(BackfillError):
    """A backfill was dropped while it ran."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the backfill {name!r} was dropped while it ran")
