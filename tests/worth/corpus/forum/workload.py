"""Ten minutes of a forum: each page of topics loads its authors one by one, the archive pages by OFFSET."""

from __future__ import annotations

from tests.support.corpus import Call

OBSERVED_SECONDS = 600.0

CALLS = (
    Call(
        "SELECT id, author_id, title, bumped_at FROM topic WHERE board_id = %s ORDER BY bumped_at DESC LIMIT 30",
        80,
        lambda r: (r.randint(1, 30),),
    ),
    # One for each topic of a page: 80 × 30.
    Call("SELECT id, name, signature FROM account WHERE id = %s", 2_400, lambda r: (r.randint(1, 20_000),)),
    Call(
        "SELECT id, topic_id, body, posted_at FROM post ORDER BY posted_at DESC LIMIT 50 OFFSET %s",
        80,
        lambda r: (r.randint(1_000, 4_900) * 50,),
    ),
    # Beside each page of the archive.
    Call("SELECT count(*) FROM post", 80),
    Call(
        "SELECT p.id, p.body, p.posted_at, a.name FROM post p JOIN account a ON a.id = p.author_id"
        " WHERE p.topic_id = %s ORDER BY p.posted_at LIMIT 50",
        300,
        lambda r: (r.randint(1, 30_000),),
    ),
    Call(
        "SELECT id, body FROM post WHERE author_id = %s ORDER BY posted_at DESC LIMIT 10",
        150,
        lambda r: (r.randint(1, 20_000),),
    ),
    Call("SELECT id, title FROM topic WHERE author_id = %s", 50, lambda r: (r.randint(1, 20_000),)),
    Call(
        "INSERT INTO post (topic_id, author_id, body, posted_at) VALUES (%s, %s, 'Me too', now())",
        80,
        lambda r: (r.randint(1, 30_000), r.randint(1, 20_000)),
    ),
    Call("UPDATE topic SET bumped_at = now() WHERE id = %s", 80, lambda r: (r.randint(1, 30_000),)),
)
