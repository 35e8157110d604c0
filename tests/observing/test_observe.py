"""What revisions do is seen, statement by statement."""

from __future__ import annotations

from tests.support.linting import Linter, names

_SCHEMA = "CREATE TABLE note (id int PRIMARY KEY, title text); CREATE TABLE tag (id int, note_id int)"


def test_a_statement_has_its_line_its_actions_and_its_locks(linter: Linter) -> None:
    pending = linter.run(
        """
        op.add_column("note", sa.Column("body", sa.Text()))
        op.create_foreign_key("fk", "tag", "note", ["note_id"], ["id"])
        """,
        schema=_SCHEMA,
    )
    (revision,) = pending.revisions
    added, keyed = revision.upgrade.statements
    assert [one.kind for one in added.actions] == ["add column"]
    assert {(one.relation.short, one.mode) for one in added.locks} == {("note", "ACCESS EXCLUSIVE")}
    assert ("tag", "SHARE ROW EXCLUSIVE") in {(one.relation.short, one.mode) for one in keyed.locks}
    assert keyed.place.line == added.place.line + 1
    assert keyed.transaction == added.transaction


def test_a_rewrite_and_what_is_read_whole_are_seen(linter: Linter) -> None:
    pending = linter.run(
        """
        op.alter_column("tag", "note_id", type_=sa.BigInteger())
        op.execute("ALTER TABLE note ALTER title SET NOT NULL")
        op.create_index("ix", "note", ["title"])
        """,
        schema=_SCHEMA,
    )
    rewritten, checked, built = pending.revisions[0].upgrade.statements
    assert names(rewritten.rewritten) == ["tag"]
    assert names(checked.scanned) == ["note"]
    assert names(built.built) == ["ix"]


def test_a_new_table_is_new(linter: Linter) -> None:
    pending = linter.run('op.create_table("fresh", sa.Column("id", sa.Integer(), primary_key=True))', schema=_SCHEMA)
    (revision,) = pending.revisions
    assert names(revision.new_tables) == ["fresh"]
    assert all(one.is_new for one in revision.upgrade.statements[0].locks)
