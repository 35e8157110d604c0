"""What stands under another finding is still found by its name, mended, and known to a baseline."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.support.database import Database

CAUSE = "missing-index:orders (user_id, placed_at)"
KEY = "unindexed-foreign-key:orders (user_id)"


def indexes(script: str) -> list[str]:
    return re.findall(r"CREATE INDEX CONCURRENTLY IF NOT EXISTS \S+\s+ON public\.orders \((.*?)\)", script)


def test_the_key_stands_under_the_index_that_serves_it(run: Run, shop: Database) -> None:
    found = json.loads(run("check", shop.dsn, "--format", "json").stdout)
    assert [one["key"] for one in found["findings"]][:1] == [CAUSE] == found["do_first"][:1]
    assert [one["key"] for one in found["findings"][0]["symptoms"]] == [KEY]
    assert KEY not in {one["key"] for one in found["findings"]}
    (slow,) = [one for one in found["slowest"] if one["finding"] == CAUSE]
    assert slow["calls"] == 40
    (indexes_score,) = [one for one in found["scorecard"] if one["subject"] == "indexes"]
    assert not any("unindexed-foreign-key" in one["reason"] for one in indexes_score["lost"])


def test_fix_makes_one_index_for_both_and_says_so(run: Run, shop: Database) -> None:
    script = run("fix", shop.dsn, "--sql", "-").stdout
    assert indexes(script) == ["user_id, placed_at"]
    assert CAUSE in script
    assert KEY in script


@pytest.mark.parametrize(
    "choice",
    [
        ("--only", KEY),
        ("--only", "unindexed-foreign-key"),
        ("--skip", "missing-index", "--only", "unindexed-foreign-key"),
    ],
)
def test_a_symptom_is_mended_alone_by_its_own_name_or_without_its_cause(
    run: Run, shop: Database, choice: tuple[str, ...]
) -> None:
    assert indexes(run("fix", shop.dsn, "--sql", "-", *choice).stdout) == ["user_id"]


def test_a_symptom_that_is_skipped_is_not_named(run: Run, shop: Database) -> None:
    script = run("fix", shop.dsn, "--sql", "-", "--skip", KEY).stdout
    assert indexes(script) == ["user_id, placed_at"]
    assert KEY not in script


def test_a_symptom_without_a_change_of_its_own_is_answered_by_its_cause(run: Run, shop: Database) -> None:
    shop.execute(";".join("SELECT note FROM orders WHERE user_id = 7 ORDER BY placed_at LIMIT 1" for _ in range(60)))
    found = json.loads(run("check", shop.dsn, "--format", "json").stdout)["findings"]
    under = {one["key"]: finding["key"] for finding in found for one in finding["symptoms"]}
    assert under["sequential-scan-heavy:orders"].startswith("missing-index:orders (user_id, placed_at")
    script = run("fix", shop.dsn, "--sql", "-", "--only", "sequential-scan-heavy").stdout
    assert [one.startswith("user_id, placed_at") for one in indexes(script)] == [True]


def test_what_is_new_under_a_known_finding_is_a_finding_of_its_own(run: Run, shop: Database, tmp_path: Path) -> None:
    checked = ("check", shop.dsn, "--format", "json")
    assert run(*checked, "--write-baseline", "all.json").exit_code == 0
    assert {CAUSE, KEY} <= set(json.loads((tmp_path / "all.json").read_text())["findings"])
    (tmp_path / "cause.json").write_text(json.dumps({"kind": "baseline", "format": 1, "findings": [CAUSE]}))
    new = json.loads(run(*checked, "--baseline", "cause.json").stdout)
    assert KEY in {one["key"] for one in new["findings"]}
    assert new["known"] == [CAUSE]
    (tmp_path / "key.json").write_text(json.dumps({"kind": "baseline", "format": 1, "findings": [KEY]}))
    other = json.loads(run(*checked, "--baseline", "key.json").stdout)
    assert other["known"] == [KEY]
    assert {one["key"]: one["symptoms"] for one in other["findings"]}[CAUSE] == []


def test_a_cause_that_is_allowed_takes_no_symptom_with_it(run: Run, shop: Database, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.pgwright]\nallow = ["missing-index"]\n')
    found = json.loads(run("check", shop.dsn, "--format", "json").stdout)
    assert found["allowed"] == [CAUSE]
    assert KEY in {one["key"] for one in found["findings"]}
