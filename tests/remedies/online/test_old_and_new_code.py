"""Old and new code side by side: what one writes the other reads, by statements that were prepared before the swap."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from uuid import uuid4

import asyncpg  # type: ignore[import-untyped]
import psycopg
import pytest
from psycopg import Connection
from psycopg.rows import scalar_row
from sqlalchemy import make_url

from tests.remedies.test_revision_runs import SCHEMA, convert_notes, convert_users
from tests.support.alembic_project import Project
from tests.support.database import Database
from tests.support.online_series import Series

OLD, NEW = "pgwright_old, public", "pgwright_new, public"


@pytest.fixture
def series(project: Project, database: Database) -> Series:
    database.execute(SCHEMA)
    return Series(project, convert_users(), convert_notes())


@contextmanager
def code(database: Database, path: str) -> Iterator[Connection]:
    """Open a session of old or of new code, which prepares what it runs."""
    with psycopg.connect(database.dsn, autocommit=True, options=f"-c search_path={path.replace(' ', '')}") as session:
        session.prepare_threshold = 0
        yield session


@contextmanager
def both(database: Database) -> Iterator[tuple[Connection, Connection]]:
    with ExitStack() as stack:
        yield stack.enter_context(code(database, OLD)), stack.enter_context(code(database, NEW))


def add(session: Connection, owner: object, kind: str) -> object:
    sql = f"INSERT INTO notes (id, owner_id) VALUES (%s::{kind}, %s::{kind}) RETURNING id"
    key = uuid4().hex if kind == "varchar" else uuid4()
    return session.cursor(row_factory=scalar_row).execute(sql, (key, owner)).fetchone()


def owners(session: Connection, key: object, kind: str) -> list[object]:
    sql = f"SELECT u.id FROM notes n JOIN users u ON u.id = n.owner_id WHERE n.id = %s::{kind}"
    return session.cursor(row_factory=scalar_row).execute(sql, (key,)).fetchall()


def test_both_go_on_over_the_swap_with_the_statements_that_they_prepared(series: Series) -> None:
    database = series.project.database
    series.to("build")
    with both(database) as (old, new):
        for stage in (None, "swap", "build", "swap"):
            if stage == "build":
                series.back_to(stage)
            elif stage is not None:
                series.to(stage)
            (owner,) = old.execute("SELECT id FROM users ORDER BY id LIMIT 1").fetchone() or ()
            text = add(old, owner, "varchar")
            assert isinstance(text, str)
            assert [str(one) for one in owners(new, text, "uuid")] == [owner]
            (same,) = new.execute("SELECT id FROM users ORDER BY id LIMIT 1").fetchone() or ()
            key = add(new, same, "uuid")
            assert owners(old, getattr(key, "hex", ""), "varchar") == [owner]
            assert owners(new, key, "uuid") == [same]


def test_new_code_goes_on_when_its_views_are_gone(series: Series) -> None:
    series.to("swap")
    with code(series.project.database, NEW) as new:
        (owner,) = new.execute("SELECT id FROM users ORDER BY id LIMIT 1").fetchone() or ()
        first = add(new, owner, "uuid")
        series.to("contract")
        assert owners(new, first, "uuid") == [owner]
        assert owners(new, add(new, owner, "uuid"), "uuid") == [owner]


@pytest.mark.parametrize("stage", ["build", "swap"])
def test_updates_and_deletes_of_one_are_seen_by_the_other(series: Series, stage: str) -> None:
    database = series.project.database
    series.to(stage)
    with both(database) as (old, new):
        users = [one for (one,) in old.execute("SELECT id FROM users ORDER BY id").fetchall()]
        old.execute("UPDATE notes SET parent_id = NULL")  # any may be the parent of all
        note = add(old, users[0], "varchar")
        old.execute("UPDATE notes SET owner_id = %s::varchar WHERE id = %s::varchar", (users[1], note))
        assert [str(one) for one in owners(new, note, "uuid")] == [users[1]]
        new.execute("UPDATE notes SET owner_id = %s::uuid, parent_id = id WHERE id = %s::uuid", (users[2], note))
        assert owners(old, note, "varchar") == [users[2]]
        assert old.execute("SELECT parent_id FROM notes WHERE id = %s::varchar", (note,)).fetchone() == (note,)
        new.execute("UPDATE notes SET parent_id = NULL WHERE id = %s::uuid", (note,))
        assert old.execute("SELECT parent_id FROM notes WHERE id = %s::varchar", (note,)).fetchone() == (None,)
        new.execute("DELETE FROM users WHERE id = %s::uuid", (users[2],))
        assert owners(old, note, "varchar") == []


@pytest.mark.parametrize("stage", ["build", "swap"])
@pytest.mark.parametrize("path", [OLD, NEW])
def test_defaults_and_conflicts_work_through_the_views(series: Series, stage: str, path: str) -> None:
    series.to(stage)
    with code(series.project.database, path) as session:
        made = session.execute("INSERT INTO users (email) VALUES ('new') RETURNING id").fetchone()
        assert made is not None
        sql = "INSERT INTO users (id, email) VALUES (%s, 'x') ON CONFLICT (id) DO UPDATE SET email = 'newer'"
        assert session.execute(f"{sql} RETURNING email", made).fetchone() == ("newer",)
        assert session.execute("SELECT count(*) FROM users WHERE email = 'newer'").fetchone() == (1,)


async def test_asyncpg_keeps_its_prepared_statements_over_the_swap(series: Series) -> None:
    database = series.project.database
    series.to("build")
    url = make_url(database.url())
    address = {"host": url.query["host"], "user": url.username, "database": url.database}
    old = await asyncpg.connect(**address, server_settings={"search_path": OLD})
    new = await asyncpg.connect(**address, server_settings={"search_path": NEW})
    try:
        by_text = await old.prepare("SELECT id FROM users WHERE id = $1::varchar")
        by_uuid = await new.prepare("SELECT id FROM users WHERE id = $1::uuid")
        key = await old.fetchval("SELECT id FROM users LIMIT 1")
        # asyncpg ends the transaction of a prepare with the first execution only.
        assert await by_text.fetchval(key) == str(await by_uuid.fetchval(key)) == key
        series.to("swap")
        assert await by_text.fetchval(key) == key
        assert str(await by_uuid.fetchval(key)) == key
        series.to("contract")
        assert str(await by_uuid.fetchval(key)) == key
    finally:
        await old.close()
        await new.close()
