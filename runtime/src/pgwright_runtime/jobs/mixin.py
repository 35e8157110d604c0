"""What makes a table of the app one of jobs: its columns, the words of its status, and its two partial indexes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import DateTime, Index, String, Table, Text, event, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Mapper, declared_attr, mapped_column

_MOST_NAME = 50  # of the 63 bytes of an identifier


@dataclass(frozen=True)
class JobStates:
    """The app's own words for the four states, as its column `status` holds them: strings, or members of its enum."""

    pending: Any = "pending"
    running: Any = "running"
    done: Any = "done"
    dead: Any = "dead"
    """All attempts failed; the row stays, with its last error, until `requeue`."""


class JobMixin:
    """Mixin of a declarative class whose rows are jobs; the class has a primary key of one column.

    Any of the attributes may be the app's own: under another column's name, as `mapped_column("job_type")`, or of
    another type. Those that a table lacks can be added to it in use: each is nullable or has a constant default.
    """

    job_states: ClassVar[JobStates] = JobStates()

    kind: Mapped[str]
    """Which handler runs it."""
    payload: Mapped[Any] = mapped_column(JSONB, default=dict, server_default=text("'{}'"))
    run_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    """It is not run before."""
    attempts: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    """How often it was claimed, and not given back."""
    max_attempts: Mapped[int] = mapped_column(default=5, server_default=text("5"))
    claimed_by: Mapped[str | None] = mapped_column(Text)
    """Host, process and number of the claim: only that one may finish the job."""
    leased_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """Unless its worker says so again by then, others take it over."""
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_error: Mapped[str | None] = mapped_column(Text)

    @declared_attr
    def status(cls) -> Mapped[Any]:  # noqa: N805
        return mapped_column(String, default=cls.job_states.pending, nullable=False)


@event.listens_for(JobMixin, "after_mapper_constructed", propagate=True)
def _add_indexes(mapper: Mapper[Any], model: type[JobMixin]) -> None:
    """Give the table the indexes that claims and take-overs read; Alembic's autogenerate sees them."""
    table, columns, states = mapper.local_table, mapper.columns, model.job_states
    if mapper.inherits is not None or not isinstance(table, Table):
        return
    name = f"ix_{table.name[:_MOST_NAME]}"
    is_pending, is_running = columns.status == states.pending, columns.status == states.running
    Index(f"{name}_pending", columns.run_at, *mapper.primary_key, postgresql_where=is_pending)
    Index(f"{name}_leases", columns.leased_until, postgresql_where=is_running)
