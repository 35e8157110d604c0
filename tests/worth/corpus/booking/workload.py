"""Ten minutes of a booking site."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from tests.support.corpus import Call

OBSERVED_SECONDS = 600.0


def _day(random: Random) -> date:
    return date(2026, 1, 1) + timedelta(days=random.randint(0, 329))


def _stay(random: Random) -> tuple[object, ...]:
    day = _day(random)
    return random.randint(1, 10_000), day + timedelta(days=3), day


def _new(random: Random) -> tuple[object, ...]:
    day = _day(random)
    return random.randint(1, 10_000), random.randint(1, 30_000), day, day + timedelta(days=2)


CALLS = (
    Call("SELECT id, name FROM hotel WHERE city = %s ORDER BY name", 200, lambda r: (f"city {r.randint(0, 59)}",)),
    Call("SELECT id, number, beds FROM room WHERE hotel_id = %s ORDER BY number", 300, lambda r: (r.randint(1, 500),)),
    Call("SELECT id, arrives, leaves FROM booking WHERE room_id = %s AND arrives < %s AND leaves > %s", 600, _stay),
    Call(
        "SELECT id, email, name FROM guest WHERE email = %s", 300, lambda r: (f"g{r.randint(1, 30_000)}@example.com",)
    ),
    Call(
        "SELECT b.id, b.arrives, b.leaves, b.status, r.number FROM booking b JOIN room r ON r.id = b.room_id"
        " WHERE b.guest_id = %s ORDER BY b.arrives DESC LIMIT 20",
        400,
        lambda r: (r.randint(1, 30_000),),
    ),
    Call("SELECT * FROM booking WHERE id = %s", 500, lambda r: (r.randint(1, 150_000),)),
    Call("SELECT amount, paid_at FROM payment WHERE booking_id = %s", 300, lambda r: (r.randint(1, 150_000),)),
    Call(
        "SELECT id, room_id, guest_id FROM booking WHERE status = 'pending' AND arrives = %s ORDER BY id",
        60,
        lambda r: (_day(r),),
    ),
    Call(
        "INSERT INTO booking (room_id, guest_id, arrives, leaves, status) VALUES (%s, %s, %s, %s, 'pending')", 80, _new
    ),
    Call("UPDATE booking SET status = 'confirmed' WHERE id = %s", 80, lambda r: (r.randint(1, 150_000),)),
)
