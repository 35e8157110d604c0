from __future__ import annotations

import json
import re
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
    only = ("--only", "unindexed-foreign-key", "--no-advice")
    shown = run("fix", shop.dsn, "--sql", script, *only)
    assert "Not examined" in shown.stdout
    assert "missing-index" in shown.stdout.split("Not examined")[1]
    assert "missing-index" in script.read_text().split("Not examined")[1]
    told = json.loads(run("fix", shop.dsn, "--sql", tmp_path / "2.sql", *only, "--format", "json").stdout)
    assert any("missing-index" in one["checks"] for one in told["not_examined"])
    empty = run("fix", shop.dsn, "--sql", tmp_path / "3.sql", "--no-advice", "--only", "missing-index")
    assert "Not examined" in empty.stdout
    assert empty.stderr == "nothing to write.\n"


BREAKING = """
CREATE TABLE notes (id text PRIMARY KEY DEFAULT gen_random_uuid()::text, user_id bigint REFERENCES users, a text);
INSERT INTO notes (user_id, a) SELECT n, 'a' || n FROM generate_series(1, 2000) AS n;
CREATE TABLE logs (id bigint PRIMARY KEY, user_id bigint REFERENCES users);
INSERT INTO logs SELECT n, 1 + n % 2000 FROM generate_series(1, 3000) AS n;
ANALYZE
"""


def test_the_default_is_small_and_safe_and_the_rest_is_listed(run: Run, shop: Database, alembic: Path) -> None:
    shop.execute(BREAKING)
    result = run("fix", shop.dsn, *REVISION)
    assert result.exit_code == 0, result.output
    assert versions(alembic) == ["first_schema.py", "fix1_index_orders.py"]
    text = (alembic.parent / "migrations/versions/fix1_index_orders.py").read_text()
    assert "logs" not in text
    assert "Left for later, as pgwright fix tells: " in text
    told = " ".join(result.stdout.split())
    assert "Left for later Not safe while the app runs: pgwright fix --breaking - Convert 1 column of 1 table" in told
    assert "Without a gain that anybody would notice" in told
    assert "pgwright fix --only 'unindexed-foreign-key:logs (user_id)'" in told


def test_json_tells_why_each_is_left_and_what_it_would_bring(run: Run, shop: Database, tmp_path: Path) -> None:
    shop.execute(BREAKING)
    only_sql = ("--sql", tmp_path / "fix.sql", "--format", "json")
    later = json.loads(run("fix", shop.dsn, *only_sql).stdout)["later"]
    by_key = {one["findings"][0]: one for one in later}
    assert by_key["unindexed-foreign-key:logs (user_id)"]["reason"] == "no measurable gain"
    assert by_key["unindexed-foreign-key:logs (user_id)"]["gain"]["words"] == ""
    (convert,) = [one for key, one in by_key.items() if key.startswith("text-uuid-key")]
    assert convert["reason"] == "not safe while the app runs"
    none = run("fix", shop.dsn, *only_sql, "--skip", "missing-index")
    assert none.exit_code == 0
    assert none.stderr == "nothing to write now; what is left for later is told above.\n"


def test_what_is_not_safe_gets_revisions_of_its_own_that_follow_each_other(
    run: Run, shop: Database, alembic: Path
) -> None:
    shop.execute(BREAKING)
    only = ("--only", "missing-index", "--only", "text-uuid-key")
    printed = run("fix", shop.dsn, *only, "--dry-run")
    assert printed.stdout.count("# Revision ") == 2
    assert 'down_revision = "pgwright_dry_run"' in printed.stdout
    compile(printed.stdout, "revisions.py", "exec")
    result = run("fix", shop.dsn, *only, *REVISION)
    assert result.exit_code == 0, result.output
    assert versions(alembic) == [
        "first_schema.py", "fix1_2_convert_keys_of_notes_to_uuid.py", "fix1_index_orders.py"
    ]  # fmt: skip
    text = (alembic.parent / "migrations/versions/fix1_2_convert_keys_of_notes_to_uuid.py").read_text()
    assert 'down_revision = "fix1"' in text
    assert "Deploy it together with the models" in text
    assert "run one at a time: first alembic upgrade fix1" in result.stderr
    proved = run("prove", shop.dsn, "--rounds", 3, "--format", "json")
    assert json.loads(proved.stdout)["revision"] == "fix1, fix1_2"


def test_of_several_revisions_all_are_written_or_none(run: Run, shop: Database, alembic: Path) -> None:
    shop.execute(BREAKING)
    folder = alembic.parent / "migrations" / "versions"
    (folder / "base.py").write_text("revision = 'fix1_2'\ndown_revision = None\n")
    (folder / "first_schema.py").write_text("revision = 'first'\ndown_revision = 'fix1_2'\n")
    before = versions(alembic)
    result = run("fix", shop.dsn, "--only", "missing-index", "--only", "text-uuid-key", *REVISION)
    assert result.exit_code == 2
    assert "the revision 'fix1_2' exists" in result.stderr
    assert versions(alembic) == before


def test_breaking_writes_only_what_is_not_safe(run: Run, shop: Database, alembic: Path) -> None:
    shop.execute(BREAKING)
    result = run("fix", shop.dsn, "--breaking", *REVISION)
    assert versions(alembic) == ["first_schema.py", "fix1_convert_keys_of_notes_to_uuid.py"]
    assert re.search(r"Safe, and so not asked for: pgwright fix  \(\d+ changes?\)\n", result.stdout)
    assert "- Create index" not in result.stdout


def test_several_scripts_are_files_of_their_own(run: Run, shop: Database, tmp_path: Path) -> None:
    shop.execute(BREAKING)
    only = ("--only", "missing-index", "--only", "text-uuid-key", "-m", "Ours")
    result = run("fix", shop.dsn, *only, "--sql", tmp_path / "fix.sql")
    assert "CREATE INDEX" in (tmp_path / "fix.sql").read_text()
    assert (tmp_path / "fix-2.sql").read_text().startswith("-- Ours: Convert keys of notes to uuid\n")
    assert "wrote " in result.stderr
    printed = run("fix", shop.dsn, *only, "--sql", "-").stdout
    assert printed.startswith("-- Script 1 of 2: run it by itself.\n")


def test_top_is_a_number_or_all(run: Run, shop: Database) -> None:
    assert run("fix", shop.dsn, "--sql", "-", "--top", "all").exit_code == 0
    for wrong in ("0", "some", "-1"):
        result = run("fix", shop.dsn, "--sql", "-", "--top", wrong)
        assert result.exit_code == 2
        assert "expected a number from 1 on, or 'all'" in result.stderr


def test_where_the_app_has_the_runtime_the_revision_is_short(run: Run, shop: Database, alembic: Path) -> None:
    dry = ("fix", shop.dsn, "--dry-run")
    assert "def patient_session()" in run(*dry).stdout
    (alembic.parent / "requirements.txt").write_text("pgwright-runtime[alembic]\n")
    short = run(*dry).stdout
    assert "from pgwright_runtime.migrations import create_index, patient_session, run_long\n" in short
    assert len(short.splitlines()) < 60
    assert "def patient_session()" in run(*dry, "--no-runtime").stdout
    (alembic.parent / "requirements.txt").unlink()
    assert "from pgwright_runtime.migrations" in run(*dry, "--runtime").stdout


PROVE = ("--prove", "--rounds", 7)


def test_prove_leaves_out_what_does_not_help_and_writes_what_was_measured(
    run: Run, shop: Database, alembic: Path
) -> None:
    shop.execute(BREAKING)
    only = ("--only", "missing-index", "--only", "unindexed-foreign-key:logs (user_id)")
    result = run("fix", shop.dsn, *only, *PROVE, *REVISION)
    assert result.exit_code == 0, result.output
    text = (alembic.parent / "migrations/versions/fix1_index_orders.py").read_text()
    assert "measured: " in text
    assert "times faster" in text
    assert "public.logs" not in text
    assert "measured on copies, no statement got faster by it" in " ".join(text.split())
    assert "The fix helps" in result.stdout
    assert "unindexed-foreign-key:logs (user_id): measured on copies" in " ".join(result.stdout.split())
    assert shop.rows("SELECT indexname FROM pg_indexes WHERE tablename = 'orders'") == [("orders_pkey",)]


def test_prove_writes_nothing_where_nothing_is_proved(run: Run, shop: Database, alembic: Path) -> None:
    shop.execute(BREAKING)
    result = run("fix", shop.dsn, "--only", "unindexed-foreign-key:logs (user_id)", *PROVE, "--format", "json")
    assert result.exit_code == 1, result.output
    assert result.stderr == "nothing is proved to help, so nothing was written.\n"
    told = json.loads(result.stdout)
    assert told["remedies"] == []
    assert told["refused"][0]["what"] == "unindexed-foreign-key:logs (user_id)"
    assert told["proof"]["statements"]
    assert versions(alembic) == ["first_schema.py"]


def test_prove_needs_rows(run: Run, shop: Database, tmp_path: Path) -> None:
    run("snapshot", shop.dsn, "-o", tmp_path / "shop.json")
    result = run("fix", tmp_path / "shop.json", "--sql", "-", "--prove")
    assert result.exit_code == 2
    assert "it holds no rows to measure on" in result.stderr


def test_how_to_measure_is_said_with_prove_alone(run: Run, shop: Database) -> None:
    result = run("fix", shop.dsn, "--sql", "-", "--rounds", 5)
    assert result.exit_code == 2
    assert "give --prove too" in result.stderr


def test_prove_keeps_a_drop_by_which_nothing_got_slower(run: Run, shop: Database, alembic: Path) -> None:
    """Nothing gets faster by it, either: it saves writes and room."""
    shop.execute("CREATE INDEX ix_1 ON orders (placed_at); CREATE INDEX ix_2 ON orders (placed_at)")
    result = run("fix", shop.dsn, "--no-advice", "--only", "duplicate-index", *PROVE, *REVISION)
    assert result.exit_code == 0, result.output
    (path,) = (alembic.parent / "migrations/versions").glob("fix1_*.py")
    assert "DROP INDEX CONCURRENTLY IF EXISTS public.ix_" in path.read_text()
    assert "frees " in path.read_text()
