"""Ten minutes of meters that report and people who look."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from random import Random

from tests.support.corpus import Call

OBSERVED_SECONDS = 600.0


def _hours(random: Random) -> tuple[object, ...]:
    start = datetime(2026, 10, 1, tzinfo=UTC) + timedelta(hours=random.randint(0, 36))
    return random.randint(1, 4_000), start, start + timedelta(hours=24)


CALLS = (
    Call("SELECT id, site_id FROM meter WHERE serial = %s", 400, lambda r: (f"SN{r.randint(1, 4_000):08d}",)),
    Call("SELECT id, serial FROM meter WHERE site_id = %s ORDER BY serial", 200, lambda r: (r.randint(1, 200),)),
    Call(
        "SELECT at, kwh FROM reading WHERE meter_id = %s ORDER BY at DESC LIMIT 24",
        500,
        lambda r: (r.randint(1, 4_000),),
    ),
    Call("SELECT sum(kwh) FROM reading WHERE meter_id = %s AND at >= %s AND at < %s", 400, _hours),
    Call(
        "SELECT day, kwh FROM daily_usage WHERE meter_id = %s AND day >= %s ORDER BY day",
        300,
        lambda r: (r.randint(1, 4_000), date(2026, 10, 1) + timedelta(days=r.randint(0, 10))),
    ),
    Call("SELECT id, meter_id, raised_at FROM alarm WHERE cleared_at IS NULL ORDER BY raised_at LIMIT 50", 100),
    Call("SELECT raised_at, cleared_at FROM alarm WHERE meter_id = %s", 200, lambda r: (r.randint(1, 4_000),)),
    Call(
        "INSERT INTO reading (meter_id, at, kwh) VALUES (%s, %s, 1.5) ON CONFLICT (meter_id, at) DO NOTHING",
        400,
        lambda r: (r.randint(1, 4_000), datetime(2026, 11, 1, tzinfo=UTC) + timedelta(minutes=r.randint(0, 600))),
    ),
    Call(
        "INSERT INTO daily_usage (meter_id, day, kwh) VALUES (%s, '2026-11-01', 1.5)"
        " ON CONFLICT (meter_id, day) DO UPDATE SET kwh = daily_usage.kwh + excluded.kwh",
        400,
        lambda r: (r.randint(1, 4_000),),
    ),
    Call("UPDATE alarm SET cleared_at = now() WHERE id = %s", 20, lambda r: (r.randint(19_900, 20_000),)),
)
