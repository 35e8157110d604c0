"""Ten minutes of a message app: each transaction begins by setting its tenant."""

from __future__ import annotations

from random import Random

from tests.support.corpus import Call

OBSERVED_SECONDS = 600.0


def begin(random: Random) -> tuple[str, tuple[object, ...]]:
    """Return the first statement of each transaction; the values of the next are drawn from the same start."""
    return "SELECT set_config('app.tenant_id', %s, true)", (str(random.randint(1, 200)),)


def _channel(random: Random) -> int:
    """Return a channel of the transaction's tenant."""
    return random.randint(1, 200) - 1 + 200 * random.randint(1, 19)


def _member_and_channel(random: Random) -> tuple[object, ...]:
    channel = _channel(random)
    return channel % 200 + 200 * random.randint(1, 99), channel


CALLS = (
    Call(
        "SELECT id, channel_id, author_id, body, sent_at FROM message WHERE channel_id = %s"
        " ORDER BY sent_at DESC LIMIT 50",
        500,
        lambda r: (_channel(r),),
    ),
    # The home page: what is new anywhere in the tenant. Only the policy names the tenant.
    Call("SELECT id, channel_id, body, sent_at FROM message ORDER BY sent_at DESC LIMIT 50", 300),
    Call("SELECT id, name FROM channel ORDER BY name", 200),
    Call("SELECT id, name FROM member WHERE id = %s", 300, lambda r: _member_and_channel(r)[:1]),
    Call(
        "SELECT m.id, m.body, a.name FROM message m JOIN member a ON a.id = m.author_id WHERE m.channel_id = %s"
        " AND m.id > %s ORDER BY m.id LIMIT 50",
        300,
        lambda r: (_channel(r), r.randint(1, 250_000)),
    ),
    Call(
        "SELECT last_read_id FROM read_marker WHERE member_id = %s AND channel_id = %s",
        300,
        _member_and_channel,
    ),
    Call(
        "INSERT INTO read_marker (member_id, channel_id, last_read_id) VALUES (%s, %s, 1)"
        " ON CONFLICT (member_id, channel_id) DO UPDATE SET last_read_id = excluded.last_read_id",
        200,
        _member_and_channel,
    ),
    Call(
        "INSERT INTO message (tenant_id, channel_id, author_id, body)"
        " VALUES (current_setting('app.tenant_id')::int, %s, %s, 'hello')",
        150,
        lambda r: _member_and_channel(r)[::-1],
    ),
)
