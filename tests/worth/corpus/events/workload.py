"""Ten minutes of an event store: load a stream, append to it, move projections on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

from tests.support.corpus import Call

OBSERVED_SECONDS = 600.0


def _minutes(random: Random) -> tuple[object, ...]:
    start = datetime(2026, 10, 2, tzinfo=UTC) + timedelta(minutes=random.randint(0, 30_000))
    return start, start + timedelta(minutes=30)


CALLS = (
    Call(
        "SELECT id, version, type, body FROM event WHERE stream_id = %s ORDER BY version",
        400,
        lambda r: (r.randint(1, 20_000),),
    ),
    Call("SELECT max(version) FROM event WHERE stream_id = %s", 200, lambda r: (r.randint(1, 20_000),)),
    Call(
        "SELECT id, stream_id, type FROM event WHERE happened_at >= %s AND happened_at < %s ORDER BY happened_at, id",
        150,
        _minutes,
    ),
    Call("SELECT version, state FROM snapshot WHERE stream_id = %s", 300, lambda r: (r.randint(1, 20_000),)),
    Call("SELECT kind FROM stream WHERE id = %s", 300, lambda r: (r.randint(1, 20_000),)),
    Call(
        "INSERT INTO checkpoint (projection, position) VALUES (%s, %s)"
        " ON CONFLICT (projection) DO UPDATE SET position = excluded.position",
        150,
        lambda r: (f"projection {r.randint(1, 12)}", r.randint(1, 1_000_000)),
    ),
    Call(
        "INSERT INTO event (stream_id, version, type, body, happened_at)"
        " VALUES (%s, 99, 'noted', '{}', '2026-10-31 10:00+00')",
        300,
        lambda r: (r.randint(1, 20_000),),
    ),
)
