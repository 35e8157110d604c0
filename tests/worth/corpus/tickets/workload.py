"""Ten minutes of a support desk."""

from __future__ import annotations

from tests.support.corpus import Call

OBSERVED_SECONDS = 600.0

CALLS = (
    Call(
        "SELECT id, subject, priority, created_at FROM ticket WHERE team_id = %s AND status = 'open'"
        " ORDER BY priority DESC, created_at LIMIT 25",
        400,
        lambda r: (r.randint(1, 40),),
    ),
    Call(
        "SELECT id, subject FROM ticket WHERE agent_id = %s AND status = %s ORDER BY id LIMIT 50",
        300,
        lambda r: (r.randint(1, 400), r.choice(("open", "waiting"))),
    ),
    Call(
        "SELECT id, subject, status FROM ticket WHERE customer_id = %s ORDER BY created_at DESC LIMIT 20",
        300,
        lambda r: (r.randint(1, 25_000),),
    ),
    Call(
        "SELECT t.*, c.email, c.company FROM ticket t JOIN customer c ON c.id = t.customer_id WHERE t.id = %s",
        500,
        lambda r: (r.randint(1, 120_000),),
    ),
    Call(
        "SELECT author, body, created_at FROM comment WHERE ticket_id = %s ORDER BY created_at",
        500,
        lambda r: (r.randint(1, 120_000),),
    ),
    Call(
        "SELECT id, subject FROM ticket WHERE tags @> %s ORDER BY id DESC LIMIT 50",
        100,
        lambda r: ([f"tag{r.randint(0, 1_999)}"],),
    ),
    Call("SELECT id, email FROM customer WHERE company = %s", 100, lambda r: (f"Company {r.randint(0, 2_999)}",)),
    Call("SELECT id, name FROM agent WHERE team_id = %s ORDER BY name", 100, lambda r: (r.randint(1, 40),)),
    Call(
        "INSERT INTO comment (ticket_id, author, body) VALUES (%s, 'a1', 'Thank you')",
        100,
        lambda r: (r.randint(1, 120_000),),
    ),
    Call("UPDATE ticket SET status = 'closed' WHERE id = %s", 60, lambda r: (r.randint(1, 120_000),)),
)
