"""Ten minutes of an importer: its workers ask for the next job all the time."""

from __future__ import annotations

from random import Random

from tests.support.corpus import Call, uuid_of

OBSERVED_SECONDS = 600.0
# As right after a load, before autovacuum came by.
NOT_ANALYZED = ("record",)


def _lines(random: Random) -> tuple[object, ...]:
    return (random.randint(0, 1_999),)


CALLS = (
    Call(
        "SELECT id, batch_id, attempts FROM job WHERE status = 'ready' AND run_at <= now() ORDER BY run_at LIMIT 1"
        " FOR UPDATE SKIP LOCKED",
        600,
    ),
    Call(
        "UPDATE job SET status = 'done', attempts = attempts + 1 WHERE id = %s", 200, lambda r: (r.randint(1, 120_000),)
    ),
    Call("SELECT id, status FROM job WHERE batch_id = %s", 100, lambda r: (str(uuid_of(f"b{r.randint(1, 2_000)}")),)),
    Call("SELECT line, payload FROM record WHERE batch_no = %s ORDER BY line", 100, _lines),
    Call(
        "SELECT b.id, b.started_at, s.name FROM batch b JOIN source s ON s.id = b.source_id WHERE b.source_id = %s"
        " ORDER BY b.started_at DESC LIMIT 20",
        100,
        lambda r: (str(uuid_of(f"s{r.randint(1, 100)}")),),
    ),
    Call("SELECT id, source_id FROM batch WHERE id = %s", 200, lambda r: (str(uuid_of(f"b{r.randint(1, 2_000)}")),)),
)
