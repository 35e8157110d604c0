"""`pgwright migrations lint` by the command line: which revisions, reports, ignores, baseline, exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.cli.conftest import Run
from tests.support.commands import INTERRUPTIBLE
from tests.support.database import Database
from tests.support.pending_app import INDEX, NO_INDEX, PendingApp, prepare
from tests.support.repository import Git, without_settings

KEY = "index-not-concurrent:note (ix_note_title) in second"
RULE = "index-not-concurrent"
ONLY = ("--only", RULE)


@pytest.fixture
def app(tmp_path: Path) -> PendingApp:
    made = PendingApp(tmp_path)
    made.add("second", INDEX, NO_INDEX, message="Index the titles")
    return made


@pytest.fixture
def notes(database: Database) -> Database:
    prepare(database)
    return database


def test_what_blocks_is_told_with_the_safe_way_and_the_exit_code_is_1(
    run: Run, app: PendingApp, notes: Database
) -> None:
    result = run("migrations", "lint", notes.dsn, *ONLY)
    assert result.exit_code == 1, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == "1 of 1 pending revision would block the app."
    assert "after first" in lines[1]
    assert "second  Index the titles  migrations/versions/second.py" in result.stdout
    assert "MEDIUM  index-not-concurrent  note (ix_note_title)  line 14" in result.stdout
    assert "with op.get_context().autocommit_block():" in result.stdout
    assert "100,000 rows" in result.stdout
    assert len(lines) <= 40


def test_a_small_table_is_left_in_peace(run: Run, app: PendingApp, notes: Database) -> None:
    app.add("third", 'op.create_index("ix_tag_name", "tag", ["name"])')
    result = run("migrations", "lint", notes.dsn, "--since", "second", *ONLY)
    assert result.exit_code == 0, result.output
    assert "No findings in 1 pending revision." in result.stdout


def test_a_database_at_the_head_has_nothing_pending(run: Run, app: PendingApp, notes: Database) -> None:
    notes.execute("UPDATE alembic_version SET version_num = 'second'")
    result = run("migrations", "lint", notes.dsn)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("No pending revisions.\n")


def test_a_snapshot_file_serves_in_place_of_the_database(
    run: Run, app: PendingApp, notes: Database, tmp_path: Path
) -> None:
    run("snapshot", notes.dsn, "-o", tmp_path / "shop.json")
    result = run("migrations", "lint", tmp_path / "shop.json", *ONLY)
    assert result.exit_code == 1
    assert "100,000 rows" in result.stdout


def test_a_database_ahead_of_the_code_is_refused(run: Run, app: PendingApp, notes: Database) -> None:
    notes.execute("UPDATE alembic_version SET version_num = 'from_the_future'")
    result = run("migrations", "lint", notes.dsn)
    assert result.exit_code == 2
    assert "is at from_the_future, which" in result.stderr
    assert run("migrations", "lint", notes.dsn, "--since", "first", *ONLY).exit_code == 1


def test_without_a_database_sizes_are_unknown_and_it_says_so(run: Run, app: PendingApp) -> None:
    result = run("migrations", "lint", "--since", "first", *ONLY)
    assert result.exit_code == 1, result.output
    assert result.stdout.startswith("1 of 1 pending revision could block the app (sizes are unknown).")
    assert "sizes and traffic: no database was named" in " ".join(result.stdout.split())


def test_without_a_database_something_has_to_say_where_to_start(run: Run, app: PendingApp) -> None:
    result = run("migrations", "lint")
    assert result.exit_code == 2
    assert "nothing says which revisions are pending" in result.stderr
    assert "--base main" in result.stderr


def test_no_database_reads_none_that_the_environment_names(
    run: Run, app: PendingApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nowhere.invalid/shop")
    assert run("migrations", "lint", "--since", "first").exit_code == 2
    result = run("migrations", "lint", "--since", "first", "--no-database", *ONLY)
    assert result.exit_code == 1, result.output
    both = run("migrations", "lint", "host=x", "--since", "first", "--no-database")
    assert (both.exit_code, "give one of them" in both.stderr) == (2, True)


def test_since_takes_an_id_its_beginning_or_a_number_from_the_end(run: Run, app: PendingApp) -> None:
    app.add("third", "pass")
    for since, number in (("sec", 1), ("-2", 2), ("base", 3), ("head", 0)):
        told = json.loads(run("migrations", "lint", "--since", since, "--format", "json").stdout)
        assert len(told["revisions"]) == number, since
    until = json.loads(run("migrations", "lint", "--since", "first", "--until", "second", "--format", "json").stdout)
    assert [one["revision"] for one in until["revisions"]] == ["second"]


def test_an_unknown_revision_is_an_error_that_says_what_to_do(run: Run, app: PendingApp) -> None:
    result = run("migrations", "lint", "--since", "nowhere")
    assert result.exit_code == 2
    assert "has no revision 'nowhere'" in result.stderr
    assert "alembic history" in result.stderr


def test_without_an_alembic_directory_it_says_so(run: Run) -> None:
    result = run("migrations", "lint", "host=nowhere.invalid")
    assert result.exit_code == 2
    assert "no Alembic settings" in result.stderr


def test_base_lints_what_the_branch_does_not_have(
    run: Run, app: PendingApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_settings(monkeypatch, tmp_path)
    git = Git(tmp_path)
    git.commit_all()
    git("checkout", "-q", "-b", "feature")
    app.add("third", 'op.create_index("ix_note_state", "note", ["state"])')
    told = json.loads(run("migrations", "lint", "--base", "main", "--format", "json").stdout)
    assert [one["revision"] for one in told["revisions"]] == ["third"]
    assert told["start"] == ["second"]
    git.commit_all()
    git("checkout", "-q", "main")
    (app.versions / "other.py").write_text("revision = 'other'\ndown_revision = 'second'\n\n\ndef upgrade(): pass\n")
    git.commit_all()
    git("checkout", "-q", "feature")
    (app.versions / "second.py").write_text(app.text("second") + "\n# changed\n")
    told = json.loads(run("migrations", "lint", "--base", "main", "--format", "json").stdout)
    assert [one["revision"] for one in told["revisions"]] == ["third"]
    assert any("main has 1 revision that the work tree lacks (other)" in one for one in told["notices"])
    assert any(one.startswith("second differs from main") for one in told["notices"])


def test_base_takes_the_branch_of_the_remote_where_there_is_no_other(
    run: Run, app: PendingApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_settings(monkeypatch, tmp_path)
    git = Git(tmp_path)
    commit = git.commit_all()
    git("checkout", "-q", "-b", "feature")
    git("branch", "-q", "-D", "main")
    missing = run("migrations", "lint", "--base", "main")
    assert (missing.exit_code, "there is no branch 'main'" in missing.stderr) == (2, True)
    assert "fetch-depth: 0" in missing.stderr
    git("remote", "add", "origin", str(tmp_path))
    git("update-ref", "refs/remotes/origin/main", commit)
    result = run("migrations", "lint", "--base", "main")
    assert result.stdout.startswith("No pending revisions.\n"), result.output


def test_base_outside_of_a_repository_is_an_error(run: Run, app: PendingApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(app.folder.parent))
    result = run("migrations", "lint", "--base", "main")
    assert result.exit_code == 2
    assert "git repository" in result.stderr


def test_a_comment_with_a_reason_keeps_a_finding_quiet(run: Run, app: PendingApp) -> None:
    app.add("third", f"# pgwright: ignore[{RULE}] because nobody writes\n{INDEX.replace('title', 'state')}")
    result = run("migrations", "lint", "--since", "second", "--format", "json")
    told = json.loads(result.stdout)
    assert RULE not in [one["check"] for one in told["findings"]]
    (ignored,) = told["ignored"]
    assert (ignored["key"], ignored["reason"]) == (f"{RULE}:note (ix_note_state) in third", "nobody writes")
    assert ignored["place"]["line"] == 14
    shown = run("migrations", "lint", "--since", "second").stdout
    assert f"- {RULE}:note (ix_note_state) in third: nobody writes" in shown


def test_a_comment_without_a_reason_or_a_finding_is_told(run: Run, app: PendingApp) -> None:
    app.add("third", f"# pgwright: ignore[{RULE}]\n{INDEX.replace('title', 'state')}")
    app.add("fourth", f"pass  # pgwright: ignore[{RULE}] because of nothing")
    told = json.loads(run("migrations", "lint", "--since", "second", "--format", "json").stdout)
    assert RULE in [one["check"] for one in told["findings"]]
    assert [words for one in told["notices"] for words in ("states no reason", "no such finding") if words in one] == [
        "states no reason",
        "no such finding",
    ]


def test_a_baseline_leaves_only_what_is_new(run: Run, app: PendingApp, tmp_path: Path) -> None:
    written = run("migrations", "lint", "--since", "first", *ONLY, "--write-baseline", tmp_path / "known.json")
    assert written.exit_code == 0
    assert json.loads((tmp_path / "known.json").read_text())["findings"] == [KEY]
    result = run("migrations", "lint", "--since", "first", *ONLY, "--baseline", tmp_path / "known.json")
    assert result.exit_code == 0, result.output
    assert "No new findings" in result.stdout
    assert f"- {KEY}" in result.stdout


def test_allow_and_severity_of_the_settings_count(run: Run, app: PendingApp, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(f'[tool.pgwright]\nallow = ["{KEY}"]\n')
    result = run("migrations", "lint", "--since", "first", *ONLY)
    assert result.exit_code == 0
    assert f"- {KEY}" in result.stdout
    (tmp_path / "pyproject.toml").write_text('[tool.pgwright]\nseverity = "high"\n')
    assert run("migrations", "lint", "--since", "first", *ONLY).exit_code == 0


def test_sarif_points_to_the_line_of_the_revision(run: Run, app: PendingApp) -> None:
    assert run("migrations", "lint", "--since", "first", *ONLY, "-o", "lint.sarif").exit_code == 1
    (found,) = json.loads(Path("lint.sarif").read_text())["runs"][0]["results"]
    place = found["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "migrations/versions/second.py"
    assert place["region"] == {"startLine": 14}
    assert found["partialFingerprints"] == {"pgwright/v1": KEY}


def test_markdown_is_a_comment_of_a_pull_request(run: Run, app: PendingApp) -> None:
    run("migrations", "lint", "--since", "first", *ONLY, "-o", "lint.md")
    text = Path("lint.md").read_text()
    assert text.startswith("# 1 of 1 pending revision could block the app")
    assert "```python\nwith op.get_context().autocommit_block():\n" in text


def test_all_shows_every_statement_with_its_locks(run: Run, app: PendingApp, notes: Database) -> None:
    app.add("third", 'op.add_column("tag", sa.Column("colour", sa.Text()))')
    shown = " ".join(run("migrations", "lint", notes.dsn, "--all").stdout.split())
    assert "ACCESS EXCLUSIVE on tag" in shown
    assert "SHARE on note" in shown


def test_a_revision_that_fails_is_told_and_nothing_is_called_fine(run: Run, app: PendingApp) -> None:
    app.add("third", 'op.execute("SELECT 1 FROM nowhere")')
    app.add("fourth", "pass")
    result = run("migrations", "lint", "--since", "second")
    assert "It failed on the twin" in result.stdout
    assert "Not examined" in result.stdout
    assert "No findings" not in result.stdout


def test_a_revision_that_cannot_be_imported_could_not_run(run: Run, app: PendingApp) -> None:
    path = app.add("third", "pass")
    path.write_text(path.read_text().replace("import sqlalchemy as sa", "import no_such_module_of_the_app"))
    result = run("migrations", "lint", "--since", "second")
    assert result.exit_code == 2, result.output
    assert "no_such_module_of_the_app" in result.output


def test_names_and_paths_that_steer_terminals_are_spelled_out(run: Run, app: PendingApp) -> None:
    odd = "a\x1b[31mb c"
    path = app.add("third", f"op.execute('CREATE INDEX \"{odd}\" ON note (state)')", message=f"Index {odd}")
    path.rename(app.versions / "odd\x1b[2J #1.py")
    for form in ("terminal", "markdown", "html", "json", "sarif"):
        result = run("migrations", "lint", "--since", "second", "--format", form)
        assert "\x1b[31m" not in result.output, form
        assert "\x1b[2J" not in result.output, form


def test_no_color_is_kept(run: Run, app: PendingApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" in run("migrations", "lint", "--since", "first").stdout
    monkeypatch.delenv("FORCE_COLOR")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in run("migrations", "lint", "--since", "first").stdout


def test_the_group_lists_its_commands_and_knows_no_other(run: Run) -> None:
    assert "lint" in run("migrations", "--help").stdout
    assert run("migrations", "nothing").exit_code == 2


def test_ctrl_c_ends_it_with_130_and_leaves_no_server(app: PendingApp, tmp_path: Path) -> None:
    """The revision would run for long, and the server's socket shows that the work has begun."""
    app.add("third", 'op.execute("SELECT pg_sleep(3600)")')
    command = [*INTERRUPTIBLE, "migrations", "lint", "--since", "second", "--no-database"]
    # A Unix socket's path is short.
    with TemporaryDirectory(dir="/tmp", prefix="pgw-", ignore_cleanup_errors=True) as scratch:
        os.chmod(scratch, 0o755)  # where we are root, the server runs as somebody else
        environment = {**os.environ, "TMPDIR": scratch}
        with subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True) as running:
            while running.poll() is None and not list(Path(scratch).rglob(".s.PGSQL.*[0-9]")):
                time.sleep(0.02)
            running.send_signal(signal.SIGINT)
            _, said = running.communicate(timeout=120)
        assert running.returncode == 130, said
        assert "interrupted" in said
        assert os.listdir(scratch) == []
