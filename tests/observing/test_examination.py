"""A revision goes down and up again, and what stays of it is told."""

from __future__ import annotations

from pgwright.model.migration import Direction, PendingMigrations
from tests.observing.conftest import SCHEMA
from tests.support.linting import Linter


def downgrade_of(pending: PendingMigrations) -> Direction:
    (revision,) = pending.revisions
    assert revision.upgrade.error == ""
    assert revision.downgrade is not None
    return revision.downgrade


def test_what_a_downgrade_forgets_is_told_and_that_the_upgrade_fails_after_it(linter: Linter) -> None:
    down = downgrade_of(
        linter.run(
            """
            sa.Enum("sad", "glad", name="mood").create(op.get_bind())
            op.add_column("note", sa.Column("mood", sa.Enum(name="mood")))
            """,
            'op.drop_column("note", "mood")',
            schema=SCHEMA,
        )
    )
    assert down.left == ("type mood remains",)
    assert down.again == 'type "mood" already exists'


def test_a_whole_downgrade_leaves_nothing(linter: Linter) -> None:
    down = downgrade_of(
        linter.run(
            'op.create_table("fresh", sa.Column("id", sa.Integer(), primary_key=True))',
            'op.drop_table("fresh")',
            schema=SCHEMA,
        )
    )
    assert (down.left, down.again, down.error, down.is_missing) == ((), "", "", False)
    assert [one.text.split()[0] for one in down.statements] == ["DROP"]


def test_a_downgrade_that_commits_by_itself_is_done_and_undone(linter: Linter) -> None:
    down = downgrade_of(
        linter.run(
            'with op.get_context().autocommit_block():\n    op.execute("CREATE INDEX CONCURRENTLY i ON note (title)")',
            'with op.get_context().autocommit_block():\n    op.execute("DROP INDEX CONCURRENTLY i")',
            schema=SCHEMA,
        )
    )
    assert (down.left, down.again) == ((), "")


def test_a_revision_that_ends_the_transaction_itself_goes_down_too(linter: Linter) -> None:
    down = downgrade_of(
        linter.run(
            """
            op.get_bind().commit()
            with op.get_context().autocommit_block():
                op.create_index("i", "note", ["title"], postgresql_concurrently=True)
            """,
            'op.drop_index("i")',
            schema=SCHEMA,
        )
    )
    assert (down.error, down.left) == ("", ())


def test_a_missing_downgrade_is_told_with_what_it_leaves(linter: Linter) -> None:
    down = downgrade_of(linter.run('op.add_column("note", sa.Column("a", sa.Integer()))', schema=SCHEMA))
    assert down.is_missing
    assert down.left == ("column note.a remains",)


def test_a_revision_that_reads_no_rows_says_so(linter: Linter) -> None:
    pending = linter.run(
        'for row in op.get_bind().execute(sa.text("SELECT id FROM note")):\n    op.execute("DELETE FROM tag")',
        schema=SCHEMA,
    )
    (statement,) = pending.revisions[0].upgrade.statements
    assert statement.reads_nothing
    assert any("tables of the twin are empty" in one.reason for one in pending.not_examined)


def test_a_revision_that_needs_a_row_is_not_examined_and_says_why(linter: Linter) -> None:
    pending = linter.run(
        "op.execute(f\"UPDATE note SET id = {op.get_bind().execute(sa.text('SELECT id FROM note')).fetchone()[0]}\")",
        schema=SCHEMA,
    )
    (revision,) = pending.revisions
    assert revision.upgrade.failure == "Python raised"
    (told,) = [one for one in pending.not_examined if one.what == "revision r1"]
    assert "line 11 read no rows" in told.reason
