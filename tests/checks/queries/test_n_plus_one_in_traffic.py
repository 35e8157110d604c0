"""Loops, and what looks like them, in the statements that SQLAlchemy and others send to a real server."""

from __future__ import annotations

import psycopg
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from pgwright.model.finding import Finding
from pgwright.snapshot import read_snapshot
from tests.support import blog
from tests.support.builders import evidence, run
from tests.support.database import Database

CHECK = "n-plus-one-suspect"
FORGET = "SELECT pg_stat_statements_reset(0, (SELECT oid FROM pg_database WHERE datname = current_database()), 0)"


@pytest.fixture
def app(database: Database) -> Database:
    database.execute(blog.SETUP)
    database.rows(FORGET)
    return database


def _found(database: Database) -> dict[str, Finding]:
    return {finding.object: finding for finding in run(CHECK, read_snapshot(database.dsn, with_schema=False))}


def test_two_loops_with_two_parents_each_and_the_user_who_signs_in(app: Database) -> None:
    # A hundred posts for the admin, three times: as many rows as there are requests, and as users looked up.
    blog.visit(app, (blog.newest, 60), (blog.by_author, 40), (blog.one_post, 197), (blog.all_posts, 3))
    found = _found(app)
    assert set(found) == {"comments (post_id)", "topics (id)"}
    for finding in found.values():
        parents = [value for name, value in evidence(finding).items() if name.startswith("parent")]
        assert len(parents) == 2
        assert any("(60 calls, 1,200 rows)" in one for one in parents)
        assert any("(40 calls, 600 rows)" in one for one in parents)
        assert len(finding.queries) == 3
    assert evidence(found["comments (post_id)"])["of its calls, once a request"] == "197"
    assert evidence(found["comments (post_id)"])["round trips saved"] == "1,700"


def test_a_loop_over_the_table_of_the_user_who_signs_in(app: Database) -> None:
    def authors(session: Session, number: int) -> object:
        posts = session.scalars(select(blog.Post).where(blog.Post.id > number * 20).order_by(blog.Post.id).limit(20))
        return [post.author.name for post in posts]

    blog.visit(app, (authors, 40), (blog.all_posts, 100))
    (finding,) = _found(app).values()
    assert finding.object == "users (id)"
    assert finding.confidence == "likely"
    # The one who signs in is among the authors now and then, and then not fetched again.
    assert "(40 calls, 800 rows)" in evidence(finding)["parent"]


def test_quiet_for_an_app_that_loads_at_once(app: Database) -> None:
    blog.visit(app, (blog.newest_at_once, 100), (blog.one_post, 250), (blog.all_posts, 20))
    assert _found(app) == {}


def test_quiet_without_transactions_too(app: Database) -> None:
    """As a pooler or a replay leaves them."""
    with psycopg.connect(app.dsn, autocommit=True) as connection:
        for number in range(300):
            connection.execute("SELECT id, name FROM users WHERE id = %s", (number % 50 + 1,))
            connection.execute("SELECT id, author_id FROM posts WHERE author_id = %s LIMIT 20", (number % 50 + 1,))
            connection.execute("SELECT count(*) FROM posts WHERE author_id = %s", (number % 50 + 1,))
        for number in range(7):  # which hold some 300 different authors
            connection.execute("SELECT id, author_id FROM posts ORDER BY title LIMIT 100 OFFSET %s", (number,))
    assert _found(app) == {}


TENANTS = """
CREATE TABLE orders (tenant_id int, id int, placed int, PRIMARY KEY (tenant_id, id));
CREATE TABLE lines (
    id int PRIMARY KEY, tenant_id int NOT NULL, order_id int NOT NULL, status text, deleted_at timestamptz,
    FOREIGN KEY (tenant_id, order_id) REFERENCES orders (tenant_id, id)
);
CREATE VIEW living_lines AS SELECT id, tenant_id, order_id AS of_order, status FROM lines WHERE deleted_at IS NULL;
CREATE VIEW open_lines WITH (security_barrier) AS SELECT * FROM living_lines WHERE status = 'open;';
INSERT INTO orders SELECT n % 5, n, n FROM generate_series(1, 500) n;
INSERT INTO lines SELECT n, (n + 1) % 5, n % 500 + 1, 'open;' FROM generate_series(1, 2000) n;
ANALYZE
"""


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("SELECT id FROM lines WHERE tenant_id = %s AND order_id = %s", "lines (tenant_id, order_id)"),
        (
            "SELECT id FROM lines WHERE tenant_id = %s AND order_id = %s AND status = 'open;' AND deleted_at IS NULL",
            "lines (tenant_id, order_id)",
        ),
        ("SELECT count(*) FROM lines WHERE 0 <= %s AND order_id = %s", "lines (order_id)"),
        ("SELECT id FROM living_lines WHERE tenant_id = %s AND of_order = %s", "lines (tenant_id, order_id)"),
        ("SELECT v.* FROM open_lines v WHERE v.tenant_id = %s AND v.of_order = %s", "lines (tenant_id, order_id)"),
    ],
)
def test_keys_of_several_columns_filters_and_views(database: Database, text: str, about: str) -> None:
    database.execute(TENANTS)
    database.rows(FORGET)
    with psycopg.connect(database.dsn) as connection:
        for tenant in range(5):
            listing = "SELECT tenant_id, id FROM orders WHERE tenant_id = %s ORDER BY placed LIMIT 60"
            for key in connection.execute(listing, (tenant,)).fetchall():
                connection.execute(text.encode(), key)
            connection.commit()
    snapshot = read_snapshot(database.dsn)
    (finding,) = run(CHECK, snapshot)
    assert (finding.object, finding.confidence) == (about, "likely")
    assert "(5 calls, 300 rows)" in evidence(finding)["parent"]
    ids = {one.query_id for one in snapshot.statements if one.calls == 300}
    assert set(finding.queries) >= ids
