"""A fix as a branch, in a real repository and on a real server."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.test_fix import BREAKING
from tests.support.database import Database
from tests.support.repository import Git, without_settings

MODELS = """\
from sqlalchemy import BigInteger, DateTime, ForeignKey, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    placed_at: Mapped[object] = mapped_column(DateTime(timezone=True))
    note: Mapped[str] = mapped_column(Text)
"""
UNPROVED = ("--no-prove", "--only", "missing-index", "--rev-id", "fix1")
BRANCH = "pgwright/index-orders"


@pytest.fixture
def git(alembic: Path, monkeypatch: pytest.MonkeyPatch) -> Git:
    """The shop's repository, with its models."""
    folder = alembic.parent
    without_settings(monkeypatch, folder)
    (folder / "shop").mkdir()
    (folder / "shop" / "__init__.py").write_text("")
    (folder / "shop" / "models.py").write_text(MODELS)
    (folder / "migrations" / "env.py").write_text("from shop.models import Base\n\ntarget_metadata = Base.metadata\n")
    (folder / ".gitignore").write_text("__pycache__\n")
    made = Git(folder)
    made.commit_all()
    return made


def test_it_shows_the_branch_and_writes_nothing_until_it_is_told(run: Run, shop: Database, git: Git) -> None:
    before = git.state()
    result = run("pr", shop.dsn, *UNPROVED)
    assert result.exit_code == 0, result.output
    assert git.state() == before
    assert f"branch {BRANCH}, from main at " in result.stdout
    assert "1. Index orders\n     migrations/versions/fix1_index_orders.py +" in result.stdout
    assert "2. Declare in the models what the revision does\n     shop/models.py +" in result.stdout
    assert "The gain is estimated, not measured." in " ".join(result.stdout.split())
    assert "the same command with --write makes the branch" in result.stderr


def test_written_the_branch_holds_revision_and_models_and_the_work_tree_is_as_it_was(
    run: Run, shop: Database, git: Git
) -> None:
    (git.root / "notes.txt").write_text("not added")
    (git.root / "README").write_text("staged")
    git("add", "README")
    before = git.state()
    result = run("pr", shop.dsn, *UNPROVED, "--write")
    assert result.exit_code == 0, result.output
    assert git.state()[:3] == before[:3]
    assert git("log", "--format=%an %s", f"main..{BRANCH}").splitlines() == [
        "Ada Declare in the models what the revision does", "Ada Index orders"
    ]  # fmt: skip
    assert git("diff", "--name-status", "main", BRANCH).splitlines() == [
        "A\tmigrations/versions/fix1_index_orders.py", "M\tshop/models.py"
    ]  # fmt: skip
    assert "CREATE INDEX CONCURRENTLY" in git("show", f"{BRANCH}:migrations/versions/fix1_index_orders.py")
    assert 'Index("ix_orders_user_id_placed_at", "user_id", "placed_at")' in git("show", f"{BRANCH}:shop/models.py")
    assert git("status", "--porcelain").splitlines() == ["A  README", "?? notes.txt"]
    body = (git.root / ".git" / "PGWRIGHT_PR.md").read_text()
    assert body.startswith("# Index orders\n")
    assert "The models import with these edits, and declare what the fix does." in body
    assert f"git push -u REMOTE {BRANCH}\n" in result.stderr
    assert "--title 'Index orders' --body-file .git/PGWRIGHT_PR.md\n" in result.stderr


def test_what_is_checked_out_of_the_branch_runs_and_can_be_taken_back(
    run: Run, shop: Database, git: Git, tmp_path: Path
) -> None:
    assert run("pr", shop.dsn, *UNPROVED, "--write").exit_code == 0
    git("checkout", "-q", BRANCH)
    (git.root / "migrations" / "env.py").write_text(
        "from alembic import context\nfrom sqlalchemy import create_engine\n"
        f"with create_engine({shop.url('psycopg')!r}).connect() as connection:\n"
        "    context.configure(connection=connection, transaction_per_migration=True)\n"
        "    with context.begin_transaction():\n        context.run_migrations()\n"
    )
    indexes = "SELECT count(*) FROM pg_indexes WHERE indexname = 'ix_orders_user_id_placed_at'"
    for arguments, number in ((("upgrade", "fix1"), 1), (("downgrade", "first"), 0)):
        subprocess.run([sys.executable, "-m", "alembic", *arguments], cwd=tmp_path, check=True, capture_output=True)
        assert shop.rows(indexes) == [(number,)]


def test_the_body_says_how_it_was_measured_and_holds_no_host(run: Run, shop: Database, git: Git) -> None:
    result = run("pr", shop.dsn, "--only", "missing-index", "--rounds", 7, "--format", "markdown")
    assert result.exit_code == 0, result.output
    body = result.stdout
    assert "**The fix helps: " in body
    assert "a call (measured) | SHARE UPDATE EXCLUSIVE |" in body
    assert "| `SELECT id, note FROM orders WHERE user_id = $1 ORDER BY placed_at DESC LIMIT $2`" in body
    assert ", on a server of pgwright's own (PostgreSQL " in body
    assert "`alembic downgrade first`: it drops ix\\_orders\\_user\\_id\\_placed\\_at, and" in body
    assert "to_regclass('public.ix_orders_user_id_placed_at')" in body
    assert "/tmp/" not in body
    assert len(body.splitlines()) < 120


def test_where_nothing_is_proved_nothing_is_written(run: Run, shop: Database, git: Git) -> None:
    shop.execute(BREAKING)
    before = git.state()
    only = ("--only", "unindexed-foreign-key:logs (user_id)", "--rounds", 7, "--write")
    result = run("pr", shop.dsn, *only)
    assert result.exit_code == 1, result.output
    assert "nothing is proved to help, so nothing was written." in result.stderr
    assert git.state() == before


def test_what_is_unsafe_gets_a_commit_of_its_own_and_the_order_to_deploy(run: Run, shop: Database, git: Git) -> None:
    shop.execute(BREAKING)
    only = ("--only", "missing-index", "--only", "text-uuid-key", "--no-prove", "--rev-id", "fix1")
    result = run("pr", shop.dsn, *only, "--write", "-o", "body.md", "--branch", "ours", "-m", "Fixes #12")
    assert result.exit_code == 0, result.output
    assert git("log", "--reverse", "--format=%s", "main..ours").splitlines() == [
        "Fixes #12: Index orders", "Fixes #12: Convert keys of notes to uuid",
        "Declare in the models what the revision does",
    ]  # fmt: skip
    body = (git.root / "body.md").read_text()
    assert "One revision at a time, not `head`:" in body
    assert "2. `alembic upgrade fix1_2`. Deploy it together with the models" in body
    assert "## To do by hand\n\n- [ ] " in body  # no class declares notes
    assert not (git.root / ".git" / "PGWRIGHT_PR.md").exists()
    assert "--body-file body.md" in result.stderr


def test_models_that_are_being_edited_are_refused_by_name_before_anything_is_measured(
    run: Run, shop: Database, git: Git
) -> None:
    (git.root / "shop" / "models.py").write_text(MODELS + "\n# being edited\n")
    result = run("pr", shop.dsn, "--only", "missing-index", "--staging", "host=nowhere.invalid")
    assert result.exit_code == 2
    assert result.stderr == (
        "pgwright: shop/models.py: not committed, or changed since. The branch begins at HEAD, so commit it first\n"
    )


def test_the_revision_that_it_follows_has_to_be_committed(run: Run, shop: Database, git: Git) -> None:
    git("rm", "-q", "--cached", "migrations/versions/first_schema.py")
    git("commit", "-q", "-m", "Forget it")
    result = run("pr", shop.dsn, *UNPROVED)
    assert result.exit_code == 2
    assert "migrations/versions/first_schema.py: not committed" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--branch", "main"), "the branch 'main' exists"),
        (("--branch", "a b"), "'a b' is no name for a branch"),
        (("--alembic", "/nowhere/alembic.ini"), "no Alembic settings"),
        (("--no-prove", "--rounds", "5"), "leave out --no-prove"),
        (("--write",), "git does not know who commits"),
    ],
)
def test_what_is_wrong_is_told_before_the_database_is_read(
    run: Run, git: Git, arguments: tuple[str, ...], said: str
) -> None:
    git("config", "--unset", "user.email")
    result = run("pr", "host=nowhere.invalid", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr


def test_outside_a_repository_it_says_so(run: Run, alembic: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(alembic.parent.parent))
    result = run("pr", "host=nowhere.invalid")
    assert result.exit_code == 2
    assert "is in no git repository" in result.stderr


def test_an_alembic_directory_outside_the_repository_is_told(
    run: Run, git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").mkdir()
    other = Git(tmp_path / "other")
    (other.root / "a.txt").write_text("a")
    other.commit_all()
    monkeypatch.chdir(other.root)
    result = run("pr", "host=nowhere.invalid", "--alembic", git.root / "alembic.ini")
    assert result.exit_code == 2
    assert "lies outside the git repository" in result.stderr


def test_a_snapshot_file_is_taken_where_nothing_is_measured(run: Run, shop: Database, git: Git) -> None:
    run("snapshot", shop.dsn, "-o", "shop.json")
    refused = run("pr", "shop.json")
    assert refused.exit_code == 2
    assert "it holds no rows to measure on" in refused.stderr
    assert "--no-prove" in refused.stderr
    shown = run("pr", "shop.json", *UNPROVED, "--format", "json")
    told = json.loads(shown.stdout)
    assert told["kind"] == "pull_request"
    assert "**The gains are estimated, not measured:**" in told["body"]
    assert [commit["files"][0]["path"] for commit in told["commits"]] == [
        "migrations/versions/fix1_index_orders.py", "shop/models.py"
    ]  # fmt: skip


def test_no_name_of_a_database_mentions_anybody_or_closes_anything(run: Run, shop: Database, git: Git) -> None:
    hostile = '"@everybody fixes #1\nSigned-off-by: Eve"'
    shop.execute(f"""
        CREATE TABLE {hostile} (id bigint PRIMARY KEY, user_id bigint NOT NULL REFERENCES users);
        INSERT INTO {hostile} SELECT n, 1 + n % 2000 FROM generate_series(1, 30000) AS n; ANALYZE
    """)
    result = run(
        "pr", shop.dsn, "--no-prove", "--no-models", "--only", "unindexed-foreign-key", "--write", "-o", "b.md"
    )
    assert result.exit_code == 0, result.output
    branch = git("branch", "--list", "pgwright/*", "--format=%(refname:short)")
    message = git("log", "-1", "--format=%B", branch)
    assert "everybody" in message
    assert "@" not in message
    assert "#" not in message
    assert git("log", "-1", "--format=%(trailers)", branch) == ""
    body = (git.root / "b.md").read_text()
    outside = "".join(part for number, part in enumerate(_without_blocks(body).split("`")) if number % 2 == 0)
    assert "@" not in outside
    assert "#1" not in outside
    assert "\nSigned-off-by" not in body


def _without_blocks(body: str) -> str:
    return "".join(part for number, part in enumerate(body.split("```")) if number % 2 == 0)


def test_interrupted_while_it_commits_there_is_no_branch(
    run: Run, shop: Database, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*given: object, **named: object) -> str:
        raise KeyboardInterrupt

    before = git.state()
    monkeypatch.setattr("pgwright.git.Repository._entries", interrupt)
    assert run("pr", shop.dsn, *UNPROVED, "--write").exit_code == 130
    assert git.state() == before
