"""Ten minutes at the front desk of a clinic."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

from tests.support.corpus import Call

OBSERVED_SECONDS = 600.0


def _day_of_doctor(random: Random) -> tuple[object, ...]:
    day = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=random.randint(0, 500))
    return random.randint(1, 300), day, day + timedelta(days=1)


CALLS = (
    Call(
        "SELECT id, last_name, first_name, born_on FROM patient WHERE id = %s", 300, lambda r: (r.randint(1, 40_000),)
    ),
    Call(
        "SELECT id, first_name, born_on FROM patient WHERE last_name = %s ORDER BY first_name LIMIT 20",
        300,
        lambda r: (f"Name{r.randint(0, 8_999)}",),
    ),
    Call("SELECT id FROM patient WHERE insurance_no = %s", 200, lambda r: (f"INS{r.randint(1, 40_000):09d}",)),
    Call(
        "SELECT a.id, a.starts_at, a.status, d.name FROM appointment a JOIN doctor d ON d.id = a.doctor_id"
        " WHERE a.patient_id = %s ORDER BY a.starts_at DESC LIMIT 20",
        400,
        lambda r: (r.randint(1, 40_000),),
    ),
    Call(
        "SELECT id, patient_id, starts_at FROM appointment WHERE doctor_id = %s AND starts_at >= %s AND starts_at < %s"
        " ORDER BY starts_at",
        300,
        _day_of_doctor,
    ),
    Call("SELECT id, drug, days FROM prescription WHERE appointment_id = %s", 400, lambda r: (r.randint(1, 200_000),)),
    Call(
        "INSERT INTO appointment (patient_id, doctor_id, starts_at, status) VALUES (%s, %s, now(), 'booked')",
        60,
        lambda r: (r.randint(1, 40_000), r.randint(1, 300)),
    ),
    Call("UPDATE appointment SET status = 'done' WHERE id = %s", 60, lambda r: (r.randint(1, 200_000),)),
    Call("DELETE FROM appointment WHERE id = %s", 10, lambda r: (r.randint(1, 200_000),)),
)
