"""The generator: exact counts, the same rows at every run, skewed as real use is."""

from __future__ import annotations

from datetime import datetime, timedelta

import psycopg
import pytest

from notebook import data, schema
from notebook.arguments import arguments
from tests.support.database import Database

pytest_plugins = ["tests.support.notebook_databases"]

SCALE = 0.02
CONTENT = "SELECT md5(string_agg(row::text, ',' ORDER BY row.id)) FROM {} AS row"
PARENTS = (
    ("notebooks", "owner_id", "users"),
    ("sources", "notebook_id", "notebooks"),
    ("chunks", "source_id", "sources"),
    ("documents", "user_id", "users"),
    ("conversations", "notebook_id", "notebooks"),
    ("messages", "conversation_id", "conversations"),
    ("jobs", "document_id", "documents"),
    ("quizzes", "notebook_id", "notebooks"),
    ("study_guides", "notebook_id", "notebooks"),
    ("refresh_tokens", "user_id", "users"),
    ("otps", "user_id", "users"),
    ("generation_history", "job_id", "jobs"),
)


def one(database: Database, query: str) -> object:
    return database.rows(query)[0][0]


def number(database: Database, query: str) -> int:
    value = one(database, query)
    assert isinstance(value, int)
    return value


def test_every_table_has_its_rows(loaded: Database) -> None:
    assert data.row_counts(1)["messages"] == 600_000
    for table, rows in data.row_counts(SCALE).items():
        assert one(loaded, f"SELECT count(*) FROM {table}") == rows


def test_a_second_load_gives_the_same_rows_and_reports_its_progress(before: Database, loaded: Database) -> None:
    reported: dict[str, tuple[int, int]] = {}

    def report(table: str, done: int, total: int) -> None:
        reported[table] = (done, total)

    counts = data.load(before.dsn, SCALE, report, until=data_end(loaded))
    for table in counts:
        assert one(before, CONTENT.format(table)) == one(loaded, CONTENT.format(table)), table
    assert reported == {table: (rows, rows) for table, rows in counts.items()}


def data_end(loaded: Database) -> datetime:
    """Return the end of the data: the first user came two years before it."""
    first = one(loaded, "SELECT min(created_at) FROM users")
    assert isinstance(first, datetime)
    return first + timedelta(days=730)


@pytest.mark.parametrize(("table", "column", "parents"), PARENTS)
def test_no_row_is_older_than_its_parent(loaded: Database, table: str, column: str, parents: str) -> None:
    query = (
        f"SELECT count(*) FROM {table} AS child JOIN {parents} AS parent ON parent.id = child.{column} "
        "WHERE child.created_at < parent.created_at"
    )
    assert one(loaded, query) == 0


def test_everything_below_a_notebook_is_its_owners(loaded: Database) -> None:
    query = "SELECT count(*) FROM conversations c JOIN notebooks n ON n.id = notebook_id WHERE user_id <> owner_id"
    assert one(loaded, query) == 0


def test_a_few_users_own_most_notebooks(loaded: Database) -> None:
    query = "SELECT count(*)::int FROM notebooks GROUP BY owner_id ORDER BY 1 DESC"
    sizes = [int(str(size)) for (size,) in loaded.rows(query)]
    assert sizes[0] > 10 * sizes[len(sizes) // 2]


def test_few_jobs_wait_and_most_are_completed(loaded: Database) -> None:
    assert one(loaded, "SELECT count(*) FROM jobs WHERE status = 'pending'") == 36
    assert number(loaded, "SELECT (100 * count(*) FILTER (WHERE status = 'completed') / count(*))::int FROM jobs") > 90


def test_both_spellings_of_a_uuid_occur(loaded: Database) -> None:
    assert one(loaded, "SELECT bool_and(id ~ '^[0-9a-f]{32}$') FROM jobs") is True
    assert one(loaded, "SELECT bool_and(id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$') FROM messages") is True


def test_messages_of_a_conversation_lie_scattered(loaded: Database) -> None:
    query = """
        SELECT count(DISTINCT (ctid::text::point)[0])::int FROM messages
        WHERE conversation_id = (SELECT conversation_id FROM messages GROUP BY 1 ORDER BY count(*) DESC LIMIT 1)
    """
    assert number(loaded, query) > 100


def test_python_knows_the_rows_that_the_server_made(loaded: Database) -> None:
    given = arguments(SCALE)
    owner = "SELECT owner_id FROM notebooks WHERE id = '{}'"
    assert one(loaded, owner.format(given.page)) == str(given.reader)
    assert one(loaded, owner.format(given.desk)) == str(given.writer)
    assert one(loaded, f"SELECT user_id FROM conversations WHERE id = '{given.talk}'") == str(given.talker)
    assert one(loaded, f"SELECT email FROM users WHERE id = '{given.owner}'") == given.email
    assert one(loaded, f"SELECT count(*) FROM documents WHERE content_hash = '{given.content_hash}'") == 2


def test_the_statistics_are_fresh_and_hold_nothing_of_the_load(loaded: Database) -> None:
    query = "SELECT bool_and(last_analyze IS NOT NULL), sum(n_tup_ins)::int FROM pg_stat_user_tables"
    assert loaded.rows(query) == [(True, 0)]
    assert one(loaded, "SELECT n_live_tup FROM pg_stat_user_tables WHERE relname = 'messages'") == 12_000


def test_an_interrupted_load_leaves_the_database_as_it_was(database: Database) -> None:
    schema.upgrade(database.dsn, "0001")
    database.execute("INSERT INTO users VALUES ('1', 'a@example.org', 'A', 'x', true)")

    def interrupt(table: str, done: int, total: int) -> None:
        if table == "messages":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        data.load(database.dsn, 0.001, interrupt)
    assert database.rows("SELECT email FROM users") == [("a@example.org",)]
    with pytest.raises(psycopg.errors.UniqueViolation):
        database.execute("INSERT INTO users VALUES ('1', 'b@example.org', 'B', 'x', true)")
