"""A revision that fails after a part of it is committed: that is not done twice, and nothing is left out silently."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pgwright_runtime.migrations import MigrationPace, MigrationProgress, NotResumable, TableHeld
from runtime.tests.support.migrations_app import App, session
from tests.support.database import Database

BLOCK = "with op.get_context().autocommit_block():"
ALTER = 'op.execute("ALTER TABLE other ADD COLUMN b int")'
COUNT = 'op.execute("UPDATE counter SET n = n + 1")'
BUILD = "    op.create_index('ix_a', 'note', ['a'], postgresql_concurrently=True)"
DRIVERS = pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
_HELD_OTHER = """
    SELECT count(*) FROM pg_locks WHERE relation = 'other'::regclass AND granted AND mode = 'AccessExclusiveLock'
"""


@pytest.fixture
def app(database: Database, tmp_path: Path) -> App:
    database.execute("""
        CREATE TABLE note (id int PRIMARY KEY, a int);
        INSERT INTO note SELECT n, NULL FROM generate_series(1, 7) n;
        CREATE TABLE counter (n int);
        INSERT INTO counter VALUES (0);
        CREATE TABLE other (id int)
    """)
    made = App(tmp_path, database)
    made.safely["settings"] = MigrationPace(lock_timeout_ms=100, tries=3, pause_s=0.05, old_s=60)
    return made


@contextmanager
def held_until_tried(app: App, *, old_s: float = 60, table: str = "other") -> Iterator[None]:
    """Hold a table until the runner has rested, or waited, once."""
    app.safely["settings"] = MigrationPace(lock_timeout_ms=100, tries=3, pause_s=0.05, old_s=old_s, patience_s=20)
    with session(app, f"SELECT * FROM {table}" + (", pg_sleep(0.4)" if old_s < 1 else ""), name="holder") as holder:
        app.safely["tell"] = lambda told: holder.rollback() if told.phase in ("retrying", "waiting") else None
        yield


def _stopped(folder: Path, condition: str = "True") -> list[str]:
    """Return lines that stop a revision the first time that the condition holds."""
    mark = str(folder / "stopped")
    return [f"if {condition} and not __import__('os').path.exists({mark!r}):", f"    open({mark!r}, 'w').close()",
            "    raise RuntimeError('stopped')"]  # fmt: skip


def _inside(lines: list[str], depth: int = 1) -> list[str]:
    return ["    " * depth + line for line in lines]


def _left(app: App) -> object:
    return app.database.rows("SELECT count(*) FROM note WHERE a IS NULL")[0][0]


def _n(app: App) -> object:
    return app.database.rows("SELECT n FROM counter")[0][0]


# ---- In one run, while a lock does not come.


@DRIVERS
@pytest.mark.parametrize("old_s", [60, 0.2])
def test_what_a_revision_committed_itself_is_not_done_again_in_the_same_run(
    app: App, driver: str, old_s: float
) -> None:
    app.driver = driver
    app.revision("r1", None, COUNT, "op.get_bind().commit()", ALTER)
    with held_until_tried(app, old_s=old_s):
        app.upgrade()
    assert (_n(app), app.version()) == (1, "r1")


@DRIVERS
def test_a_revision_that_committed_itself_and_more_is_not_begun_again(app: App, driver: str) -> None:
    app.driver = driver
    app.revision("r1", None, COUNT, "op.get_bind().commit()", 'op.execute("UPDATE note SET a = 1")', ALTER)
    with session(app, "SELECT * FROM other", name="holder"), pytest.raises(NotResumable, match="commits by itself"):
        app.upgrade()
    assert (_n(app), _left(app), app.version()) == (1, 7, None)


def test_nothing_is_held_while_a_statement_rests_after_a_commit(app: App) -> None:
    app.database.execute("CREATE TABLE third (id int)")
    held: list[object] = []

    def look(told: MigrationProgress) -> None:
        if told.phase == "retrying":
            held.append(app.database.rows(_HELD_OTHER))

    app.safely["tell"] = look
    app.revision("r1", None, ALTER, "op.get_bind().commit()", 'op.execute("ALTER TABLE third ADD COLUMN b int")')
    with session(app, "SELECT * FROM third", name="holder"), pytest.raises(TableHeld, match="begins this revision at"):
        app.upgrade()
    assert held == [[(0,)], [(0,)]]


BEFORE_A_BLOCK = {
    "rows that it counted": ["op.get_bind().execute(text('UPDATE counter SET n = n + 1'))"],
    "a moment and a random key": [
        "role = sa.table('role', sa.column('id', sa.Uuid), sa.column('at', sa.DateTime(timezone=True)))",
        "op.bulk_insert(role, [{'id': uuid.uuid4(), 'at': datetime.datetime.now(datetime.timezone.utc)}])",
    ],
    "a look into the catalogs": ["assert sa.inspect(op.get_bind()).has_table('note')", COUNT],
}


@DRIVERS
@pytest.mark.parametrize("lines", BEFORE_A_BLOCK.values(), ids=BEFORE_A_BLOCK)
@pytest.mark.parametrize("is_alone", [True, False])
def test_what_came_before_a_block_is_no_reason_to_give_up_on_a_lock(
    app: App, driver: str, lines: list[str], is_alone: bool
) -> None:
    app.driver = driver
    app.database.execute("CREATE TABLE role (id uuid, at timestamptz)")
    imports = ["import datetime, uuid", "import sqlalchemy as sa", "from sqlalchemy import text"]
    more = [] if is_alone else ['op.execute("ALTER TABLE note ADD COLUMN c int")']
    app.revision("r1", None, *imports, *lines, BLOCK, BUILD, *more, ALTER)
    with held_until_tried(app):
        app.upgrade()
    assert app.version() == "r1"
    assert _n(app) in (0, 1)
    assert app.database.rows("SELECT count(*) FROM role")[0][0] in (0, 1)


@DRIVERS
@pytest.mark.parametrize("setting", ["SET LOCAL search_path TO shop", "SET search_path TO shop"])
def test_a_setting_of_the_revision_is_not_lost_while_a_lock_is_waited_for(app: App, driver: str, setting: str) -> None:
    app.driver = driver
    app.database.execute("CREATE SCHEMA shop; CREATE TABLE shop.other (id int)")
    app.revision("r1", None, BLOCK, BUILD, f"op.execute({setting!r})", ALTER, "op.execute('SET search_path TO public')")
    with held_until_tried(app, table="shop.other"):
        app.upgrade()
    columns = "SELECT table_schema FROM information_schema.columns WHERE table_name = 'other' AND column_name = 'b'"
    assert app.database.rows(columns) == [("shop",)]


@DRIVERS
def test_a_setting_after_a_commit_of_its_own_is_not_lost_either(app: App, driver: str) -> None:
    app.driver = driver
    app.database.execute("CREATE SCHEMA shop; CREATE TABLE shop.other (id int)")
    app.revision("r1", None, COUNT, "op.get_bind().commit()", "op.execute('SET LOCAL search_path TO shop')", ALTER)
    with (
        session(app, "SELECT * FROM shop.other", name="holder"),
        pytest.raises(NotResumable, match="commits by itself"),
    ):
        app.upgrade()
    assert app.database.rows("SELECT count(*) FROM information_schema.columns WHERE column_name = 'b'") == [(0,)]


def test_a_statement_whose_commit_failed_is_not_done(app: App) -> None:
    app.database.execute("CREATE TABLE child (id int REFERENCES note DEFERRABLE INITIALLY DEFERRED)")
    insert = "op.execute('INSERT INTO child VALUES (99)')"
    app.revision("r1", None, "import sqlalchemy as sa", BLOCK, "    try:", f"        {insert}",
                 "    except sa.exc.IntegrityError:",
                 "        op.get_bind().connection.cursor().execute('INSERT INTO note VALUES (99)')",
                 f"        {insert}")  # fmt: skip
    app.upgrade()
    assert app.database.rows("SELECT id FROM child") == [(99,)]


# ---- Stopped, and run again.

_ROWS = "rows = bind.execute(text('SELECT id FROM note WHERE a IS NULL ORDER BY id')).scalars().all()"
_IN_BLOCK = "op.execute(text('UPDATE note SET a = 1 WHERE id = :row').bindparams(row=row))"
_INSERT = "op.execute(doc.insert().values(body={'kind': 'imported from the old notes table', 'note': row}))"
_LOWEST = "UPDATE note SET a = 1 WHERE id = (SELECT min(id) FROM note WHERE a IS NULL)"
LOOPS = {
    "values": ([_ROWS], "for done, row in enumerate(rows):", _IN_BLOCK),
    "texts": ([_ROWS], "for done, row in enumerate(rows):", "op.execute(f'UPDATE note SET a = 1 WHERE id = {row}')"),
    "a number of rounds": (
        ["n = bind.execute(text('SELECT count(*) FROM note WHERE a IS NULL')).scalar()"],
        "for done in range(n):",
        f"op.execute({_LOWEST!r})",
    ),
    "JSON": (
        [_ROWS, "doc = sa.table('doc', sa.column('body', JSONB))"],
        "for done, row in enumerate(rows):",
        _INSERT + "; op.execute(f'UPDATE note SET a = 1 WHERE id = {row}')",
    ),
    "rows that it returned": (
        [],
        "for done in range(9):",
        f"if bind.execute(text({_LOWEST + ' RETURNING id'!r})).first() is None: break",
    ),
}


@pytest.mark.parametrize(("before", "loop", "change"), LOOPS.values(), ids=LOOPS)
def test_a_loop_over_what_it_found_is_not_gone_on_with(
    app: App, tmp_path: Path, before: list[str], loop: str, change: str
) -> None:
    app.database.execute("CREATE TABLE doc (body jsonb)")
    imports = [
        "import sqlalchemy as sa",
        "from sqlalchemy import text",
        "from sqlalchemy.dialects.postgresql import JSONB",
    ]
    inside = ["bind = op.get_bind()", *before, loop, *_inside([*_stopped(tmp_path, "done == 3"), change])]
    app.revision("r1", None, *imports, BLOCK, *_inside(inside))
    with pytest.raises(RuntimeError, match="stopped"):
        app.upgrade()
    assert _left(app) == 4
    with pytest.raises(NotResumable, match="alembic stamp r1"):
        app.upgrade()
    assert (_left(app), app.version()) == (4, None)


@DRIVERS
@pytest.mark.parametrize(
    "change",
    [
        _LOWEST,
        "WITH b AS (SELECT min(id) AS id FROM note WHERE a IS NULL) UPDATE note SET a = 1 FROM b WHERE note.id = b.id",
    ],
)
def test_a_loop_that_counts_the_rows_it_changed_goes_on_where_it_was(
    app: App, tmp_path: Path, driver: str, change: str
) -> None:
    app.driver = driver
    loop = ["bind = op.get_bind()", "done = 0", "while True:", *_inside(_stopped(tmp_path, "done == 3")),
            "    done += 1", f"    if bind.execute(text({change!r})).rowcount < 1: break"]  # fmt: skip
    app.revision("r1", None, "from sqlalchemy import text", BLOCK, *_inside(loop))
    with pytest.raises(RuntimeError, match="stopped"):
        app.upgrade()
    assert _left(app) == 4
    app.upgrade()
    assert (_left(app), app.version()) == (0, "r1")


def test_own_commits_and_then_a_block_leave_nobody_who_could_tell(app: App, tmp_path: Path) -> None:
    app.revision("r1", None, "from sqlalchemy import text", "bind = op.get_bind()", _ROWS, "for row in rows:",
                 "    bind.execute(text('UPDATE note SET a = 1 WHERE id = :row'), {'row': row}); bind.commit()",
                 BLOCK, f"    {COUNT}", *_inside(_stopped(tmp_path)))  # fmt: skip
    with pytest.raises(RuntimeError, match="stopped"):
        app.upgrade()
    with pytest.raises(NotResumable, match="nobody can tell"):
        app.upgrade()
    assert (_n(app), app.version()) == (1, None)


def test_what_was_random_is_not_taken_for_the_same_by_another_run(app: App, tmp_path: Path) -> None:
    app.revision("r1", None, "import random", "from sqlalchemy import text",
                 "op.execute(text('UPDATE counter SET n = n + :by').bindparams(by=random.getrandbits(30)))",
                 BLOCK, BUILD, *_stopped(tmp_path))  # fmt: skip
    with pytest.raises(RuntimeError, match="stopped"):
        app.upgrade()
    with pytest.raises(NotResumable, match="now sends other values"):
        app.upgrade()
