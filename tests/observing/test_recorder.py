"""Each statement is seen alone, with its locks, however the revision sends it."""

from __future__ import annotations

from pgwright.model.migration import Direction, ObservedStatement, PendingMigrations
from tests.observing.conftest import SCHEMA
from tests.support.linting import Linter, names


def upgrade_of(pending: PendingMigrations) -> Direction:
    (revision,) = pending.revisions
    return revision.upgrade


def modes(statement: ObservedStatement) -> set[tuple[str, str]]:
    return {(one.relation.short, one.mode) for one in statement.locks if one.kind == "table"}


def test_ddl_outside_of_transactions_shows_its_locks(linter: Linter) -> None:
    up = upgrade_of(
        linter.run(
            """
            with op.get_context().autocommit_block():
                op.execute("ALTER TABLE note ADD a int")
                op.execute("CREATE INDEX CONCURRENTLY i ON note (title)")
                op.execute("DROP INDEX CONCURRENTLY note_state")
            """,
            schema=SCHEMA,
        )
    )
    added, built, dropped = up.statements
    assert all(one.is_autocommit for one in up.statements)
    assert len({one.transaction for one in up.statements}) == 3
    assert modes(added) == {("note", "ACCESS EXCLUSIVE")}
    assert modes(built) == {("note", "SHARE UPDATE EXCLUSIVE")}
    assert names(built.built) == ["i"]
    assert modes(dropped) == {("note", "SHARE UPDATE EXCLUSIVE")}
    assert ("note_state", "ACCESS EXCLUSIVE") in {(one.relation.short, one.mode) for one in dropped.locks}


def test_a_partition_detached_concurrently_is_locked_whole_in_the_end(linter: Linter) -> None:
    up = upgrade_of(
        linter.run(
            """
            with op.get_context().autocommit_block():
                op.execute("ALTER TABLE day DETACH PARTITION day_1 CONCURRENTLY")
            """,
            schema="CREATE TABLE day (at date) PARTITION BY RANGE (at);"
            "CREATE TABLE day_1 PARTITION OF day FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')",
        )
    )
    locks = {(one.relation.short, one.mode) for one in up.statements[0].locks}
    assert ("day_1", "ACCESS EXCLUSIVE") in locks
    assert ("day", "SHARE UPDATE EXCLUSIVE") in locks
    assert ("day", "ACCESS EXCLUSIVE") not in locks


def test_several_statements_in_one_text_are_seen_one_by_one(linter: Linter) -> None:
    up = upgrade_of(
        linter.run('op.execute("ALTER TABLE note ADD a int; UPDATE tag SET id = 1; DROP TABLE tag")', schema=SCHEMA)
    )
    added, updated, dropped = up.statements
    assert modes(added) == {("note", "ACCESS EXCLUSIVE")}
    assert modes(updated) == {("tag", "ROW EXCLUSIVE")}
    assert modes(dropped) == {("tag", "ACCESS EXCLUSIVE")}
    assert len({one.place.line for one in up.statements}) == 1
    assert {one.operation for one in up.statements} == {"op.execute"}


def test_statements_of_the_connection_the_session_and_the_driver_are_seen(linter: Linter) -> None:
    up = upgrade_of(
        linter.run(
            """
            from sqlalchemy.orm import Session
            op.get_bind().execute(sa.text("UPDATE note SET title = :title"), {"title": "x"})
            Session(bind=op.get_bind()).execute(sa.text("DELETE FROM tag"))
            with op.get_bind().connection.cursor() as cursor, cursor.copy("COPY tag FROM STDIN") as copy:
                copy.write_row((1, 2))
            op.bulk_insert(sa.table("tag", sa.column("id")), [{"id": 1}, {"id": 2}])
            with op.batch_alter_table("note") as batch:
                batch.add_column(sa.Column("a", sa.Integer()))
            op.execute("DO $$ BEGIN UPDATE tag SET id = 3; END $$")
            """,
            schema=SCHEMA,
        )
    )
    assert [one.first.kind for one in up.statements if one.first] == [
        "update", "delete", "copy", "insert", "add column", "do",
    ]  # fmt: skip
    assert {one.transaction for one in up.statements} == {1}
    assert up.error == ""


def test_what_awaits_runs_over_the_same_connection(linter: Linter) -> None:
    up = upgrade_of(
        linter.run(
            """
            async def change(connection):
                await connection.execute(sa.text("ALTER TABLE note ADD a int"))
            op.run_async(change)
            """,
            schema=SCHEMA,
        )
    )
    assert up.error == ""
    assert modes(up.statements[0]) == {("note", "ACCESS EXCLUSIVE")}
    assert up.statements[0].place.line == 12


def test_a_commit_as_text_ends_the_transaction(linter: Linter) -> None:
    up = upgrade_of(
        linter.run(
            """
            op.execute("ALTER TABLE note ADD a int")
            op.execute("COMMIT")
            op.execute("ALTER TABLE note ADD b int")
            """,
            schema=SCHEMA,
        )
    )
    first, _, last = up.statements
    assert first.transaction != last.transaction
    assert modes(first) == modes(last) == {("note", "ACCESS EXCLUSIVE")}


def test_only_what_is_read_whole_counts_as_scanned(linter: Linter) -> None:
    up = upgrade_of(
        linter.run(
            """
            op.execute("UPDATE note SET title = '' WHERE id = 5")
            op.execute("UPDATE note SET title = '' WHERE title IS NULL")
            op.execute("ALTER TABLE note ALTER state TYPE varchar(40)")
            op.execute("ALTER TABLE note ADD CONSTRAINT c CHECK (id > 0) NOT VALID")
            op.execute("ALTER TABLE note VALIDATE CONSTRAINT c")
            op.execute("TRUNCATE tag")
            """,
            schema=SCHEMA,
        )
    )
    by_key, whole, longer, unchecked, checked, emptied = up.statements
    assert names(by_key.scanned) == []
    assert names(whole.scanned) == ["note"]
    assert (longer.rewritten, longer.scanned) == ((), ())
    assert (unchecked.validated, names(unchecked.scanned)) == ((), [])
    assert (checked.validated, names(checked.scanned)) == (("c",), ["note"])
    assert emptied.rewritten == ()


def test_a_failed_statement_has_the_servers_words(linter: Linter) -> None:
    pending = linter.run('op.execute("ALTER TABLE note ADD a int")\nop.execute("DROP TABLE nothing")', schema=SCHEMA)
    up = upgrade_of(pending)
    assert up.failure == "server refused"
    assert up.statements[-1].error == 'table "nothing" does not exist'
    assert any(one.what == "revision r1" for one in pending.not_examined)


def test_a_command_of_psql_is_called_one(linter: Linter) -> None:
    up = upgrade_of(linter.run('op.execute("\\\\copy note from x")', schema=SCHEMA))
    assert "command of psql" in up.error


def test_an_extension_and_a_role_of_production_are_no_hindrance(linter: Linter) -> None:
    up = upgrade_of(
        linter.run(
            """
            op.execute("CREATE EXTENSION citext")
            op.execute("ALTER TABLE note ADD mail citext")
            op.execute("CREATE ROLE pgwright_test_reader")
            op.execute("GRANT SELECT ON note TO pgwright_test_reader, pgwright_test_other")
            """,
            schema=SCHEMA,
        )
    )
    assert up.error == ""


def test_what_drops_nothing_locks_nothing_and_what_names_no_table_is_told(linter: Linter) -> None:
    pending = linter.run(
        """
        with op.get_context().autocommit_block():
            op.execute("DROP INDEX CONCURRENTLY IF EXISTS nothing")
            op.execute("VACUUM")
        """,
        schema=SCHEMA,
    )
    assert upgrade_of(pending).error == ""
    assert [one.what for one in pending.not_examined if one.what.startswith("the locks")] == [
        "the locks of revision r1, line 13"
    ]
