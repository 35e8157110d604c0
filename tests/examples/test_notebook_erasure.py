"""Erasing a user of the notebook: all 13 tables, nothing else, and nothing of theirs in a dump."""

from __future__ import annotations

import subprocess

from sqlalchemy.ext.asyncio import AsyncEngine

from notebook.after.models import Base
from notebook.arguments import arguments
from notebook.erasure import ERASURE
from pgwright.database import environment
from pgwright.embedded import wheel_programs
from pgwright_runtime.erasure import erase, examine, preview
from tests.support.database import Database

pytest_plugins = ["tests.support.notebook_databases"]

GIVEN = arguments(0.02)
SECRET = "the notebook's secret, for tests"


async def test_nothing_stands_in_the_way_for_anybody(after_engine: AsyncEngine) -> None:
    assert await examine(after_engine, ERASURE) == ()


async def test_a_user_is_gone_from_the_whole_database(after: Database, after_engine: AsyncEngine) -> None:
    [(email,)] = after.rows(f"SELECT email FROM users WHERE id = '{GIVEN.reader}'")
    theirs = (str(email), str(GIVEN.reader), str(GIVEN.page))
    after.execute(f"UPDATE notebooks SET deleted_at = now() WHERE id = '{GIVEN.page}'")
    before = _counts(after)
    assert all(one in _dump(after) for one in theirs)
    counted = await preview(after_engine, ERASURE, GIVEN.reader)
    done = await erase(after_engine, ERASURE, GIVEN.reader, secret=SECRET)
    assert counted.tables == done.tables
    gone = {one.table.removeprefix("public."): one.deleted for one in done.tables}
    assert _counts(after) == {table: rows - gone.get(table, 0) for table, rows in before.items()}
    assert not any(f"{one}\t" in _dump(after) for one in theirs)


def _counts(database: Database) -> dict[str, int]:
    return {name: int(str(database.rows(f"SELECT count(*) FROM {name}")[0][0])) for name in Base.metadata.tables}


def _dump(database: Database) -> str:
    command = [str(wheel_programs().folder / "pg_dump")]
    return subprocess.run(command, env=environment(database.dsn), capture_output=True, text=True, check=True).stdout
