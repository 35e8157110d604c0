"""Events of accounts, a third of them deleted long ago, with labels that go with them."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import BigInteger, DateTime, ForeignKey, Index, Integer, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from pgwright_runtime.retention import Retention, SoftDeleted

DEAD_ROWS_SHARE = 0.05
"""At which autovacuum comes: what is advised for large tables; the server's default is 0.2."""
ACCOUNTS_EVERY = 300
"""Events of one account."""
SCHEMA = f"""
CREATE TABLE event (
    id bigint GENERATED ALWAYS AS IDENTITY, account_id int NOT NULL, kind text NOT NULL, payload text NOT NULL,
    created_at timestamptz NOT NULL, deleted_at timestamptz
) WITH (autovacuum_vacuum_scale_factor = {DEAD_ROWS_SHARE}, fillfactor = 95);
CREATE TABLE event_label (event_id bigint NOT NULL, name text NOT NULL);
INSERT INTO event (account_id, kind, payload, created_at, deleted_at)
SELECT (n * 7919) % ($rows / {ACCOUNTS_EVERY} + 1), 'kind' || n % 7, repeat(md5(n::text), 6),
    now() - interval '2 years' + n * (interval '2 years' / $rows),
    -- Scattered over the table, as deletions of users are.
    CASE WHEN (n * 31) % 3 = 0 THEN now() - interval '91 days' - (n % 100000) * interval '1 minute' END
FROM generate_series(1, $rows::bigint) AS n;
INSERT INTO event_label SELECT n, 'label' || n % 5 FROM generate_series(1, $rows, 4) AS n;
ALTER TABLE event ADD PRIMARY KEY (id);
ALTER TABLE event_label ADD PRIMARY KEY (event_id, name),
    ADD FOREIGN KEY (event_id) REFERENCES event ON DELETE CASCADE;
CREATE INDEX ON event (account_id, created_at);
CREATE INDEX ON event (created_at);
CREATE INDEX ON event (deleted_at, id) WHERE deleted_at IS NOT NULL;
VACUUM ANALYZE event;
VACUUM ANALYZE event_label
"""


class Base(DeclarativeBase):
    pass


class BenchEvent(Base):
    __tablename__ = "event"
    __table_args__ = (
        Index(None, "deleted_at", "id", postgresql_where="deleted_at IS NOT NULL"),
        {"info": {"soft_delete": True}},
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    account_id: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(Text)
    payload: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    deleted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class BenchLabel(Base):
    __tablename__ = "event_label"

    event_id: Mapped[int] = mapped_column(ForeignKey("event.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(Text, primary_key=True)


def retention() -> Retention:
    """Return the policy: 90 days after their deletion, rows go."""
    return Retention([SoftDeleted(Base.metadata, age=timedelta(days=90))])
