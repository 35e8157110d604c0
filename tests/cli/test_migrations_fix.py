"""`pgwright migrations fix` by the command line: what it shows, what it writes, and what it refuses."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.support.pending_app import INDEX, NO_INDEX, PendingApp

REQUIRED = 'op.alter_column("note", "title", nullable=False)'
NOT_REQUIRED = 'op.alter_column("note", "title", nullable=True)'


@pytest.fixture
def app(tmp_path: Path) -> PendingApp:
    return PendingApp(tmp_path)


def versions(app: PendingApp) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(app.versions.glob("*.py"))}


def test_a_statement_alone_is_replaced_in_its_file(run: Run, app: PendingApp) -> None:
    app.add("second", INDEX, NO_INDEX)
    before = versions(app)
    shown = run("migrations", "fix", "--since", "first", "--only", "index-not-concurrent")
    assert shown.exit_code == 0, shown.output
    assert '-    op.create_index("ix_note_title", "note", ["title"])\n' in shown.stdout
    assert "Write it: --write" in shown.stderr
    assert versions(app) == before
    written = run("migrations", "fix", "--since", "first", "--only", "index-not-concurrent", "--write")
    assert written.exit_code == 0, written.output
    assert list(versions(app)) == list(before)
    assert "autocommit_block" in app.text("second")
    again = run("migrations", "lint", "--since", "first", "--only", "index-not-concurrent")
    assert again.exit_code == 0, again.output


def test_what_shares_a_revision_moves_to_one_of_its_own_and_the_chain_holds(run: Run, app: PendingApp) -> None:
    added = 'op.add_column("note", sa.Column("body", sa.Text()))'
    app.add("second", f"{added}\n{INDEX}", f'{NO_INDEX}\nop.drop_column("note", "body")', message="Index the titles.")
    app.add("third", "pass")
    result = run("migrations", "fix", "--since", "first", "--only", "index-not-concurrent", "--write")
    assert result.exit_code == 0, result.output
    (name,) = [name for name in versions(app) if name.endswith("index_the_titles_part_2.py")]
    new, revision = versions(app)[name], name.partition("_")[0]
    assert 'down_revision = "second"' in new
    assert NO_INDEX in new
    assert "ix_note_title" not in app.text("second")
    assert f'down_revision = "{revision}"' in app.text("third").replace("'", '"')
    assert f"Revises: {revision}" in app.text("third")
    assert run("migrations", "lint", "--since", "first", "--only", "index-not-concurrent").exit_code == 0


def test_expand_validate_and_contract_are_revisions_that_each_can_be_undone(run: Run, app: PendingApp) -> None:
    app.add("second", REQUIRED, NOT_REQUIRED, message="Require titles")
    result = run("migrations", "fix", "--since", "first", "--only", "not-null-scans-table", "--write")
    assert result.exit_code == 0, result.output
    assert len(versions(app)) == 4
    assert "NOT VALID" in app.text("second")
    assert "DROP CONSTRAINT IF EXISTS note_title_not_null_check" in app.text("second")
    assert run("migrations", "lint", "--since", "first", "--only", "not-null-scans-table").exit_code == 0


def test_the_diff_is_one_that_git_applies(run: Run, app: PendingApp, tmp_path: Path) -> None:
    app.add("second", REQUIRED, NOT_REQUIRED)
    shown = run("migrations", "fix", "--since", "first", "--only", "not-null-scans-table").stdout
    applied = subprocess.run(["git", "apply"], input=shown, cwd=tmp_path, text=True, capture_output=True, check=False)
    assert applied.returncode == 0, applied.stderr
    run("migrations", "fix", "--since", "first", "--only", "not-null-scans-table", "--write")
    assert len(versions(app)) == 4


def test_what_stands_in_a_loop_is_left_to_a_person(run: Run, app: PendingApp) -> None:
    app.add("second", f'for name in ("title",):\n    {INDEX}', NO_INDEX)
    before = versions(app)
    result = run("migrations", "fix", "--since", "first", "--only", "index-not-concurrent", "--write")
    assert result.exit_code == 0
    assert "left to you: index-not-concurrent:note (ix_note_title) in second: the statement is in a block" in (
        result.stderr
    )
    assert versions(app) == before


def test_code_that_changes_the_end_is_refused_and_the_rest_is_written(run: Run, app: PendingApp) -> None:
    """The index is built before a column is renamed that a revision of its own would come after."""
    renamed = 'op.alter_column("note", "title", new_column_name="heading")'
    back = 'op.alter_column("note", "heading", new_column_name="title")'
    app.add("second", f"{INDEX}\n{renamed}", f"{back}\n{NO_INDEX}")
    app.add("third", 'op.create_index("ix_note_state", "note", ["state"])', 'op.drop_index("ix_note_state")')
    before = versions(app)
    result = run("migrations", "fix", "--since", "first", "--only", "index-not-concurrent", "--write")
    assert result.exit_code == 0, result.output
    assert "left to you: index-not-concurrent:note (ix_note_title) in second: the code does not run in its place" in (
        result.stderr
    )
    assert versions(app)["second.py"] == before["second.py"]
    assert "autocommit_block" in app.text("third")


def test_a_chain_that_fails_is_left_as_it_is(run: Run, app: PendingApp) -> None:
    app.add("second", INDEX, NO_INDEX)
    app.add("third", 'op.execute("SELECT 1 FROM nowhere")')
    before = versions(app)
    result = run("migrations", "fix", "--since", "first", "--write")
    assert result.stderr.count("revision third fails on the twin, so nothing can be compared: relation") == 1
    assert "To end before it: --until second" in result.stderr
    assert versions(app) == before


def test_nothing_to_do_is_said(run: Run, app: PendingApp) -> None:
    app.add("second", "pass")
    result = run("migrations", "fix", "--since", "first", "--only", "index-not-concurrent")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "nothing to rewrite.\n")
