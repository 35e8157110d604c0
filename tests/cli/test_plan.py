from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from pgwright import take_snapshot
from pgwright.snapshot import save_snapshot
from tests.cli.conftest import Run
from tests.support.database import Database

LOOKUP = "SELECT id, note FROM orders WHERE user_id = $1 ORDER BY placed_at DESC LIMIT 5"
INDEX = "CREATE INDEX ON orders (user_id, placed_at DESC)"


@pytest.fixture
def twin(shop: Database, tmp_path: Path) -> Path:
    path = tmp_path / "shop.json.gz"
    save_snapshot(take_snapshot(shop.dsn), path)
    return path


def document(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    parsed: dict[str, Any] = json.loads(result.stdout)
    return parsed


def test_shows_the_plan_of_production(run: Run, shop: Database) -> None:
    result = run("plan", "SELECT * FROM orders WHERE id = 7;", shop.dsn)
    assert result.exit_code == 0, result.output
    assert "Index Scan using orders_pkey on orders" in result.stdout
    assert "Index Cond: (id = 7)" in result.stdout
    assert "With the change" not in result.stdout


def test_an_index_is_tried_and_what_differs_is_marked(run: Run, shop: Database, twin: Path) -> None:
    wide = run("plan", LOOKUP, "--twin", twin, "--with-index", INDEX, "--value", "7")
    assert wide.exit_code == 0, wide.output
    titles = next(line for line in wide.stdout.splitlines() if "As it is" in line)
    assert "With the change" in titles, "side by side"
    assert "* " in wide.stdout
    assert "ix_orders_user_id_placed_at" in wide.stdout
    assert "used, " in wide.stdout
    assert "cheaper" in wide.stdout
    assert "$1 = '7' (as given)" in wide.stdout
    assert shop.rows("SELECT count(*) FROM pg_indexes WHERE tablename = 'orders'") == [(1,)], "production is untouched"


def test_narrow_plans_stand_one_below_the_other(run: Run, twin: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    lines = run("plan", LOOKUP, "--twin", twin, "--with-index", INDEX).stdout.splitlines()
    assert lines.index("As it is") < lines.index("With the change")
    assert max(map(len, lines)) <= 60


def test_json_tells_both_plans(run: Run, twin: Path) -> None:
    told = document(run("plan", LOOKUP, twin, "--with-index", INDEX, "--set", "work_mem=64MB", "--format", "json"))
    assert told["kind"] == "plan"
    assert told["values_from"] == "statistics"
    assert told["settings"] == {"work_mem": "64MB"}
    assert told["ratio"] == pytest.approx(told["after"]["cost"] / told["before"]["cost"])
    assert told["ratio"] < 0.1
    assert told["after"]["indexes"] == ["ix_orders_user_id_placed_at"]
    (tried,) = told["added"]
    assert tried["is_used"]
    assert tried["size_bytes"] > 8192
    (scan,) = [node for node in told["after"]["nodes"] if node["index"]]
    assert scan["is_changed"]
    assert "Index Cond" in scan["conditions"]
    assert not told["before"]["nodes"][0]["is_changed"], "the Limit is in both"


@pytest.mark.parametrize("form", ["markdown", "html"])
def test_other_formats_hold_both_plans(run: Run, twin: Path, form: str) -> None:
    text = run("plan", LOOKUP, "--twin", twin, "--with-index", INDEX, "--format", form).stdout
    assert "As it is" in text
    assert "With the change" in text
    assert "ix_orders_user_id_placed_at" in text


def test_an_index_is_hidden(run: Run, twin: Path) -> None:
    told = document(
        run("plan", "SELECT * FROM orders WHERE id = 7", twin, "--without-index", "orders_pkey", "--format", "json")
    )
    assert told["removed"] == ["orders_pkey"]
    assert told["before"]["indexes"] == ["orders_pkey"]
    assert told["after"]["indexes"] == []
    assert told["ratio"] > 10


def test_a_setting_alone_is_a_change(run: Run, twin: Path) -> None:
    told = document(
        run("plan", "SELECT * FROM orders WHERE id = 7", twin, "--set", "enable_indexscan=off", "--format", "json")
    )
    kinds = [node["kind"] for node in told["after"]["nodes"]]
    assert kinds == ["Bitmap Heap Scan", "Bitmap Index Scan"]


def test_the_statement_comes_from_a_file_standard_input_or_the_workload(
    run: Run, shop: Database, twin: Path, tmp_path: Path
) -> None:
    file = tmp_path / "query.sql"
    file.write_text("SELECT count(*) FROM orders;\n")
    assert "Seq Scan on orders" in run("plan", file, twin).stdout
    ((query_id,),) = shop.rows("SELECT queryid FROM pg_stat_statements WHERE query LIKE '%ORDER BY placed_at%LIMIT%'")
    told = document(run("plan", "--statement-id", query_id, twin, "--format", "json"))
    assert told["query_id"] == query_id
    assert "ORDER BY placed_at DESC" in told["text"]
    assert told["values_from"] == "statistics"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("SELECT * FRM orders",), 'syntax error at or near "FRM", at line 1, column 10'),
        (("SELECT id,\n  nope FROM orders",), 'column "nope" does not exist, at line 2, column 3'),
        (("SELECT 1; SELECT 2",), "2 statements where one is expected"),
        (("VACUUM orders",), "VACUUM has no plan"),
        (("CREATE TABLE x (id int)",), "CREATE has no plan"),
        ((" ; ",), "there is no statement to plan"),
        (("SELECT 1", "--with-index", "CREATE INDEX ON ordes (id)"), "Did you mean 'orders'?"),
        (("SELECT 1", "--with-index", "DROP INDEX x"), "is no CREATE INDEX"),
        (("SELECT 1", "--with-index", "CREATE INDEX ON orders (nope)"), 'column "nope" does not exist'),
        (("SELECT 1", "--with-index", "CREATE INDEX ON orders USING gin (id)"), "no default operator class"),
        (("SELECT 1", "--without-index", "orders_pky"), "Did you mean 'orders_pkey'?"),
        (("SELECT 1", "--set", "wrk_mem=1MB"), "Did you mean 'work_mem'?"),
        (("SELECT 1", "--set", "work_mem=much"), "invalid value for parameter"),
        (("SELECT 1", "--set", "work_mem"), "expected NAME=VALUE"),
        (("SELECT $1::int", "--value", "x"), "invalid input syntax for type integer"),
        (("SELECT $1::int", "--value", "1", "--value", "2"), "has 1 parameter, but 2 values given"),
        (("SELECT 1", "--set", "role=clerk"), "the twin has no role 'clerk', only those that may log in"),
        (("--statement-id", "1"), "the workload holds no statement 1"),
    ],
)
def test_what_cannot_be_planned_is_said(run: Run, twin: Path, arguments: tuple[str, ...], message: str) -> None:
    result = run("plan", *arguments, "--twin", twin)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "internal error" not in result.stderr


def test_without_a_statement_it_says_what_it_takes(run: Run) -> None:
    result = run("plan")
    assert result.exit_code == 2
    assert "--statement-id" in result.stderr


def test_the_role_holds_for_both_plans(run: Run, shop: Database, tmp_path: Path) -> None:
    shop.execute("""
        ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own ON orders USING (user_id = current_setting('app.user')::bigint)
    """)
    if not shop.rows("SELECT 1 FROM pg_roles WHERE rolname = 'plan_clerk'"):
        shop.execute("CREATE ROLE plan_clerk LOGIN")
    try:
        save_snapshot(take_snapshot(shop.dsn), tmp_path / "secured.json")
        asked = ("plan", "SELECT * FROM orders LIMIT 5", tmp_path / "secured.json", "--set", "role=plan_clerk",
                 "--set", "app.user=7", "--format", "json")  # fmt: skip
        alone = document(run(*asked))
        assert alone["after"] is None
        assert "app.user" in json.dumps(alone["before"]["nodes"])
        assert alone["context"] == {"role": "plan_clerk", "app.user": "7"}
        both = document(run(*asked, "--with-index", "CREATE INDEX ON orders (user_id)"))
        assert both["settings"] == {}
        for side in ("before", "after"):
            assert "app.user" in json.dumps(both[side]["nodes"]), "the policy is in both"
        assert both["after"]["indexes"] == ["ix_orders_user_id"]
    finally:
        shop.execute("DROP ROLE plan_clerk")


def test_a_tried_index_has_a_name_of_its_own(run: Run, shop: Database, tmp_path: Path) -> None:
    shop.execute("CREATE INDEX ix_orders_user_id ON orders (note)")
    save_snapshot(take_snapshot(shop.dsn), tmp_path / "s.json")
    asked = ("plan", "SELECT * FROM orders WHERE user_id = 7", tmp_path / "s.json", "--format", "json")
    told = document(run(*asked, "--with-index", "CREATE INDEX ON orders (user_id)",
                        "--with-index", "CREATE INDEX ON orders (user_id) WHERE id > 5"))  # fmt: skip
    assert [one["name"] for one in told["added"]] == ["ix_orders_user_id_2", "ix_orders_user_id_3"]
    refused = run(*asked, "--with-index", "CREATE INDEX ix_orders_user_id ON orders (user_id)")
    assert refused.exit_code == 2
    assert "there is 'ix_orders_user_id' already. Leave out the name" in refused.stderr
    replaced = run(*asked, "--with-index", "CREATE INDEX ix_orders_user_id ON orders (user_id)",
                   "--without-index", "ix_orders_user_id")  # fmt: skip
    assert document(replaced)["after"]["indexes"] == ["ix_orders_user_id"]


@pytest.mark.parametrize(
    ("index", "extension"),
    [
        ("CREATE INDEX ON orders USING gin (note gin_trgm_ops)", "pg_trgm"),
        ("CREATE INDEX ON orders USING gist (note gist_trgm_ops)", "pg_trgm"),
        ("CREATE INDEX ON orders USING gin (user_id)", "btree_gin"),
        ("CREATE INDEX ON orders USING gist (user_id)", "btree_gist"),
        ("CREATE INDEX ON orders USING hnsw (note vector_l2_ops)", "vector"),
    ],
)
def test_a_missing_extension_is_named(run: Run, twin: Path, index: str, extension: str) -> None:
    result = run("plan", "SELECT * FROM orders", twin, "--with-index", index)
    assert result.exit_code == 2
    assert f"CREATE EXTENSION {extension};" in result.stderr
