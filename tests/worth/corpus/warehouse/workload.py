"""Ten minutes of a warehouse."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

from tests.support.corpus import Call

OBSERVED_SECONDS = 600.0


def _two_hours(random: Random) -> tuple[object, ...]:
    start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=random.randint(0, 5_000))
    return start, start + timedelta(hours=2)


CALLS = (
    Call("SELECT id, name FROM sku WHERE code = %s", 400, lambda r: (f"SKU-{r.randint(1, 20_000):07d}",)),
    Call(
        "SELECT s.bin_id, s.quantity, b.place FROM stock s JOIN bin b ON b.id = s.bin_id WHERE s.sku_id = %s",
        400,
        lambda r: (r.randint(1, 20_000),),
    ),
    Call("SELECT sku_id, quantity FROM stock WHERE bin_id = %s", 200, lambda r: (r.randint(1, 5_000),)),
    Call(
        "SELECT quantity, moved_at FROM stock_move WHERE sku_id = %s ORDER BY moved_at DESC LIMIT 20",
        300,
        lambda r: (r.randint(1, 20_000),),
    ),
    Call("SELECT id, sku_id, quantity FROM stock_move WHERE bin_id = %s", 100, lambda r: (r.randint(1, 5_000),)),
    Call(
        "SELECT sku_id, sum(quantity) FROM stock_move WHERE moved_at >= %s AND moved_at < %s GROUP BY sku_id",
        20,
        _two_hours,
    ),
    Call("SELECT id, place FROM bin WHERE aisle = %s", 100, lambda r: (r.randint(0, 99),)),
    Call(
        "INSERT INTO stock_move (sku_id, bin_id, quantity, note) VALUES (%s, %s, 1, 'moved by hand')",
        300,
        lambda r: (r.randint(1, 20_000), r.randint(1, 5_000)),
    ),
    Call("UPDATE stock SET quantity = quantity + 1 WHERE id = %s", 300, lambda r: (r.randint(1, 100_000),)),
)
