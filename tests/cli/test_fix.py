from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Run
from tests.support.database import Database

REVISION = ("--rev-id", "fix1")


def versions(alembic: Path) -> list[str]:
    folder = alembic.parent / "migrations" / "versions"
    return sorted(path.name for path in folder.iterdir() if path.suffix == ".py")


def test_writes_one_revision_after_the_head(run: Run, shop: Database, alembic: Path) -> None:
    result = run("fix", shop.dsn, *REVISION, "-m", "Index the orders")
    assert result.exit_code == 0, result.output
    assert versions(alembic) == ["first_schema.py", "fix1_index_the_orders.py"]
    text = (alembic.parent / "migrations/versions/fix1_index_the_orders.py").read_text()
    assert "CREATE INDEX CONCURRENTLY" in text
    assert 'down_revision = "first"' in text
    assert "missing-index:orders (user_id, placed_at)" in text
    assert "wrote" in result.stderr


def test_dry_run_prints_the_revision_and_writes_nothing(run: Run, shop: Database, alembic: Path) -> None:
    result = run("fix", shop.dsn, "--dry-run")
    assert result.exit_code == 0
    compile(result.stdout, "revision.py", "exec")
    assert versions(alembic) == ["first_schema.py"]


def test_sql_goes_to_a_file_or_to_standard_output(run: Run, shop: Database, tmp_path: Path) -> None:
    printed = run("fix", shop.dsn, "--sql", "-", "--only", "missing-index")
    assert printed.exit_code == 0
    assert "CREATE INDEX CONCURRENTLY" in printed.stdout
    written = run("fix", shop.dsn, "--sql", tmp_path / "fix.sql", "--only", "missing-index", "--format", "json")
    assert json.loads(written.stdout)["kind"] == "fix"
    assert "CREATE INDEX CONCURRENTLY" in (tmp_path / "fix.sql").read_text()


def test_skip_and_only_choose_findings(run: Run, shop: Database, tmp_path: Path) -> None:
    result = run("fix", shop.dsn, "--sql", tmp_path / "fix.sql", "--skip", "missing-index", "--only", "missing-index")
    assert result.exit_code == 0
    assert result.stderr == "nothing to write.\n"
    assert not (tmp_path / "fix.sql").exists()


def test_unknown_check_is_an_error_that_names_the_nearest(run: Run, shop: Database) -> None:
    result = run("fix", shop.dsn, "--only", "missing-indx")
    assert result.exit_code == 2
    assert "Did you mean 'missing-index'?" in result.stderr


def test_database_that_is_behind_is_refused_unless_allowed(run: Run, shop: Database, alembic: Path) -> None:
    shop.execute("DELETE FROM alembic_version")
    refused = run("fix", shop.dsn, *REVISION)
    assert refused.exit_code == 2
    assert "is at no revision" in refused.stderr
    assert versions(alembic) == ["first_schema.py"]
    assert run("fix", shop.dsn, *REVISION, "--allow-behind").exit_code == 0


def test_without_an_alembic_directory_it_says_so_before_reading(run: Run) -> None:
    result = run("fix", "host=nowhere.invalid")
    assert result.exit_code == 2
    assert "no Alembic settings" in result.stderr


def test_snapshot_file_serves_in_place_of_a_database(run: Run, shop: Database, alembic: Path, tmp_path: Path) -> None:
    assert run("snapshot", shop.dsn, "-o", tmp_path / "shop.json").exit_code == 0
    assert run("fix", tmp_path / "shop.json", *REVISION, "-m", "x").exit_code == 0
    assert versions(alembic) == ["first_schema.py", "fix1_x.py"]


def test_what_check_says_that_fix_writes_is_written(run: Run, database: Database) -> None:
    database.execute("""
        CREATE TABLE orders (id int PRIMARY KEY, a int, b int);
        CREATE INDEX ix_a_desc ON orders (a DESC); CREATE INDEX ix_a_b ON orders (a, b)
    """)
    only = ("--no-advice", "--severity", "low")
    checked = run("check", database.dsn, "--all", *only)
    assert "Drop ix_a_desc; ix_a_b takes over its searches." in " ".join(checked.output.split())
    fixed = run("fix", database.dsn, "--sql", "-", "--no-advice", "--only", "redundant-index")
    assert "DROP INDEX CONCURRENTLY IF EXISTS public.ix_a_desc" in fixed.stdout
    assert "Not written" not in fixed.output


def test_what_was_not_looked_at_is_said_where_the_fix_is_read(run: Run, shop: Database, tmp_path: Path) -> None:
    """Else a short fix looks like a healthy database."""
    script = tmp_path / "fix.sql"
    shown = run("fix", shop.dsn, "--sql", script, "--no-advice")
    assert "Not examined" in shown.stdout
    assert "missing-index" in shown.stdout.split("Not examined")[1]
    assert "missing-index" in script.read_text().split("Not examined")[1]
    told = json.loads(run("fix", shop.dsn, "--sql", tmp_path / "2.sql", "--no-advice", "--format", "json").stdout)
    assert any("missing-index" in one["checks"] for one in told["not_examined"])
    empty = run("fix", shop.dsn, "--sql", tmp_path / "3.sql", "--no-advice", "--only", "missing-index")
    assert "Not examined" in empty.stdout
    assert empty.stderr == "nothing to write.\n"
