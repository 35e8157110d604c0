from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from pgwright.checks.time_shares import share_before
from pgwright.model.finding import Finding
from pgwright.model.policy import Policy, Retention, StatedColumn, StatedPolicies
from pgwright.model.snapshot import Snapshot
from tests.support.builders import (
    evidence,
    make_foreign_key,
    make_snapshot,
    make_statistics,
    make_table,
    not_examined,
    run,
)
from tests.support.database import Database

CHECK = "retention-overdue"
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
TOKEN = make_table("token", "id bigint NOT NULL, expires_at timestamptz", rows=100_000, primary_key=("id",))
NOTE = make_table("note", "id bigint NOT NULL, deleted_at timestamptz", rows=100_000, primary_key=("id",))
TOKENS_GO = Policy(retention=(Retention("token (expires_at)", 2),))
NOTES_GO = Policy(retention_days=90)


def _days_ago(*days: float) -> list[str]:
    return [str(NOW - timedelta(days=day)) for day in days]


def test_fires_for_rows_past_their_expiry() -> None:
    statistics = make_statistics("token", "expires_at", _days_ago(102, 2, -98))
    (finding,) = run(CHECK, make_snapshot(TOKEN, statistics, policy=TOKENS_GO))
    assert finding.object == "token (expires_at)"
    assert evidence(finding)["overdue rows"] == "50,000, 50.0 % of the table"
    assert finding.sql == (
        "DELETE FROM ONLY public.token WHERE expires_at BETWEEN '2000-01-03' AND now() - interval '2 days' "
        "AND (id) IN (SELECT id FROM ONLY public.token "
        "WHERE expires_at BETWEEN '2000-01-03' AND now() - interval '2 days' LIMIT 10000)"
    )


@pytest.mark.parametrize("key", [("id",), ()])
def test_the_delete_takes_no_living_row(key: tuple[str, ...], database: Database) -> None:
    """Neither one of a table that inherits, which has the same key and address, nor one restored while it waits."""
    database.execute(
        """CREATE TABLE token (id bigint, expires_at timestamptz);
        CREATE TABLE special () INHERITS (token);
        INSERT INTO token SELECT n, now() - interval '9 days' FROM generate_series(1, 3) AS n;
        INSERT INTO special SELECT id, now() + interval '9 days' FROM token"""
    )
    table = make_table("token", "id bigint NOT NULL, expires_at timestamptz", rows=100_000, primary_key=key)
    statistics = make_statistics("token", "expires_at", _days_ago(102, 2, -98))
    (finding,) = run(CHECK, make_snapshot(table, statistics, policy=TOKENS_GO))
    with psycopg.connect(database.dsn) as restoring, ThreadPoolExecutor() as pool:
        restoring.execute("UPDATE token SET expires_at = now() + interval '9 days' WHERE id = 2")
        deletion = pool.submit(database.execute, finding.sql)
        while not database.rows("SELECT FROM pg_locks WHERE NOT granted"):
            assert not deletion.done()
        restoring.commit()
        deletion.result()
    left = database.rows("SELECT tableoid::regclass::text, id FROM token ORDER BY 1, 2")
    assert left == [("special", 1), ("special", 2), ("special", 3), ("token", 2)]


def test_statistics_of_what_inherits_tell_nothing_of_the_table_itself() -> None:
    statistics = make_statistics("token", "expires_at", _days_ago(102, 2, -98), is_inherited=True)
    assert run(CHECK, make_snapshot(TOKEN, statistics, policy=TOKENS_GO)) == []
    own = make_statistics("token", "expires_at", _days_ago(-1, -98))
    assert run(CHECK, make_snapshot(TOKEN, own, statistics, policy=TOKENS_GO)) == []


def test_asks_for_the_retention_where_nobody_stated_one() -> None:
    statistics = make_statistics("note", "deleted_at", _days_ago(290, 90, 0), null_fraction=0.8)
    finding = _asked(make_snapshot(NOTE, statistics))
    assert evidence(finding)["overdue rows"] == "10,000, 10.0 % of the table"
    assert "nobody stated how long deleted rows are kept" in finding.message
    assert 'in [tool.pgwright] of pyproject.toml: retention."note (deleted_at)" = 90.' in finding.advice
    assert 'allow = ["retention-overdue:note (deleted_at)"]' in finding.advice


def test_what_expired_may_go_only_where_the_team_says_so() -> None:
    statistics = make_statistics("token", "expires_at", _days_ago(102, 2, -98))
    finding = _asked(make_snapshot(TOKEN, statistics, policy=NOTES_GO))
    assert 'retention."token (expires_at)" = 2' in finding.advice


def _asked(snapshot: Snapshot) -> Finding:
    """Return the only finding, which is a question."""
    (finding,) = run(CHECK, snapshot)
    assert (finding.sql, finding.changes, finding.confidence, finding.severity) == ("", (), "possible", "low")
    assert "DELETE" not in finding.message + finding.advice
    return finding


@pytest.mark.parametrize(
    ("columns", "statistics", "said"),
    [
        ("deleted_at timestamptz NOT NULL", {}, "NOT NULL"),
        ("deleted_at timestamptz NOT NULL DEFAULT '1000-01-01'::timestamptz", {}, "NOT NULL"),
        ("deleted_at timestamptz DEFAULT 'infinity'::timestamptz", {}, "its default is 'infinity'"),
        ("deleted_at timestamptz DEFAULT to_timestamp(0)", {}, "its default is to_timestamp(0)"),
        ("deleted_at timestamptz", {"null_fraction": 0.0}, "no row is without a value"),
        (
            "deleted_at timestamptz",
            {"common_values": ("2020-05-05 00:00:00+00",), "common_frequencies": (0.1,)},
            "2020-05-05 00:00:00+00 comes too often",
        ),
        (
            "deleted_at timestamptz",
            {"histogram": ("1970-01-01 00:00:00+00", "2024-01-01 00:00:00+00")},
            "moments before 2000",
        ),
    ],
)
def test_a_name_alone_deletes_nothing(columns: str, statistics: dict[str, object], said: str) -> None:
    fields: dict[str, Any] = {"null_fraction": 0.5, "histogram": tuple(_days_ago(290, 190)), **statistics}
    table = make_table("note", f"id bigint NOT NULL, {columns}", rows=100_000)
    finding = _asked(make_snapshot(table, make_statistics("note", "deleted_at", **fields), policy=NOTES_GO))
    assert said in finding.message


def test_quiet_where_nearly_all_rows_hold_the_value_that_means_never() -> None:
    table = make_table("link", "id bigint, deleted_at timestamp NOT NULL DEFAULT '1000-01-01'::timestamp", rows=20_000)
    never = {"common_values": ("1000-01-01 00:00:00",), "common_frequencies": (0.9,)}
    recent = make_statistics("link", "deleted_at", _days_ago(1, 0), **never)
    assert run(CHECK, make_snapshot(table, recent)) == []


def test_what_means_never_is_neither_counted_nor_deleted() -> None:
    table = make_table("link", "id bigint, deleted_at timestamp NOT NULL DEFAULT '2020-01-01'::timestamp", rows=20_000)
    common = {"common_values": ("2020-01-01", "1000-01-01"), "common_frequencies": (0.7, 0.1)}
    statistics = make_statistics("link", "deleted_at", _days_ago(400, 300), **common)
    policy = Policy(retention=(Retention("link (deleted_at)", 30),))
    (finding,) = run(CHECK, make_snapshot(table, statistics, policy=policy))
    assert evidence(finding)["overdue rows"] == "4,000, 20.0 % of the table"
    assert evidence(finding)["counted as no moment"] == "2020-01-01, all before 2000: 80.0 % of the rows"
    assert "BETWEEN '2000-01-03' AND" in finding.sql
    assert "deleted_at NOT IN ('2020-01-01')" in finding.sql


def test_any_column_of_moments_may_be_stated_and_one_that_is_not_there_is_told() -> None:
    table = make_table("log", "id bigint, created_at date", rows=100_000)
    policy = Policy(retention=(Retention("log (created_at)", 365), Retention("log (at)", 1)))
    snapshot = make_snapshot(table, make_statistics("log", "created_at", _days_ago(900, 800)), policy=policy)
    (finding,) = run(CHECK, snapshot)
    assert finding.object == "log (created_at)"
    assert [entry.what for entry in not_examined(CHECK, snapshot)] == ["retention-overdue of log (at)"]


def test_tells_which_rows_go_with_those_deleted() -> None:
    child, key = make_table("part", "note_id bigint"), make_foreign_key("part", "note_id", "note", on_delete="cascade")
    statistics = make_statistics("note", "deleted_at", _days_ago(290, 190), null_fraction=0.5)
    (finding,) = run(CHECK, make_snapshot(NOTE, child, key, statistics, policy=NOTES_GO))
    assert evidence(finding)["rows that go with them, by ON DELETE CASCADE"] == "part (note_id)"


def test_tells_of_keys_by_which_a_batch_fails_or_values_go() -> None:
    parts = (
        make_table("part", "note_id bigint"),
        make_table("mark", "note_id bigint"),
        make_table("old", "note_id bigint"),
    )
    keys = (
        make_foreign_key("part", "note_id", "note"),
        make_foreign_key("mark", "note_id", "note", on_delete="set null"),
        make_foreign_key("old", "note_id", "note", definition="FOREIGN KEY (note_id) REFERENCES note(id) NOT ENFORCED"),
    )
    statistics = make_statistics("note", "deleted_at", _days_ago(290, 190), null_fraction=0.5)
    (finding,) = run(CHECK, make_snapshot(NOTE, *parts, *keys, statistics, policy=NOTES_GO))
    assert "A batch with a row to which part (note_id) refers fails as a whole" in finding.advice
    assert evidence(finding)["values that go with them, by ON DELETE SET NULL or SET DEFAULT"] == "mark (note_id)"


def test_the_policy_states_the_retention() -> None:
    statistics = make_statistics("note", "deleted_at", _days_ago(290, 90, 0), null_fraction=0.8)
    assert run(CHECK, make_snapshot(NOTE, statistics, policy=Policy(retention_days=365))) == []
    (finding,) = run(CHECK, make_snapshot(NOTE, statistics, policy=Policy(retention_days=0)))
    assert evidence(finding)["counted as overdue"] == "0 days after deleted_at"


def test_most_of_a_large_table_is_high() -> None:
    large = make_table("token", "id bigint NOT NULL, expires_at timestamptz", rows=400_000)
    statistics = make_statistics("token", "expires_at", _days_ago(300, 200))
    assert run(CHECK, make_snapshot(large, statistics, policy=TOKENS_GO))[0].severity == "high"
    assert (
        run(CHECK, make_snapshot(TOKEN, make_statistics("token", "expires_at", _days_ago(9, -9)), policy=TOKENS_GO))[
            0
        ].severity
        == "medium"
    )


def test_quiet_when_a_nightly_job_keeps_up() -> None:
    assert run(CHECK, make_snapshot(TOKEN, make_statistics("token", "expires_at", _days_ago(1, -30)))) == []


def test_quiet_for_small_tables_other_types_and_columns_that_are_always_null() -> None:
    old = _days_ago(900, 800)
    small = make_table("token", "id bigint, expires_at timestamptz", rows=500)
    text = make_table("token", "id bigint, expires_at text", rows=100_000)
    nulls = make_statistics("note", "deleted_at", null_fraction=1.0)
    assert run(CHECK, make_snapshot(small, make_statistics("token", "expires_at", old))) == []
    assert run(CHECK, make_snapshot(text, make_statistics("token", "expires_at", old))) == []
    assert run(CHECK, make_snapshot(NOTE, nulls)) == []
    assert not_examined(CHECK, make_snapshot(NOTE, nulls)) == []


def test_not_examined_without_values() -> None:
    assert not_examined(CHECK, make_snapshot(TOKEN))[0].what == "retention-overdue of token (expires_at)"


def test_partitions_are_reported_on_their_parent() -> None:
    parent = make_table("token", "expires_at timestamptz", kind="partitioned table")
    leaves = [make_table(f"token_{n}", "expires_at timestamptz", rows=50_000, parent="token") for n in (1, 2)]
    old = make_statistics("token_1", "expires_at", _days_ago(300, 200))
    new = make_statistics("token_2", "expires_at", _days_ago(-200, -300))
    (finding,) = run(CHECK, make_snapshot(parent, *leaves, old, new, policy=TOKENS_GO))
    assert evidence(finding)["overdue rows"] == "50,000, 50.0 % of the table"
    assert "(tableoid, ctid)" in finding.sql


@pytest.mark.parametrize(
    ("values", "frequencies", "histogram", "expected"),
    [
        (_days_ago(5), (0.3,), [], 0.3),
        (_days_ago(-5), (0.3,), _days_ago(4, 2), 0.7),
        (["infinity"], (0.4,), _days_ago(3, -3), 0.3),
        (["-infinity"], (0.4,), _days_ago(-3, -4), 0.4),
        ([], (), _days_ago(-1, -2), 0.0),
        ([], (), ["2026-10-01", "2026-10-02"], 1.0),
        ([], (), ["0044-03-15 00:00:00+00 BC", "infinity"], 0.5),
    ],
)
def test_the_share_follows_from_common_values_and_histogram(
    values: list[str], frequencies: tuple[float, ...], histogram: list[str], expected: float
) -> None:
    statistics = make_statistics(
        "token", "expires_at", histogram, common_values=tuple(values), common_frequencies=frequencies
    )
    assert share_before(statistics, NOW) == pytest.approx(expected, abs=0.01)


STATED = StatedPolicies("app.retention:RETENTION", (StatedColumn(None, "token", "expires_at", 0),))


def test_the_apps_own_policies_make_it_a_finding_that_names_the_command() -> None:
    statistics = make_statistics("token", "expires_at", _days_ago(102, 2, -98))
    (finding,) = run(CHECK, make_snapshot(TOKEN, statistics, policy=Policy(stated=STATED)))
    assert finding.severity == "medium"
    assert "Run pgwright retain app.retention:RETENTION each night" in finding.advice
    assert finding.sql == ""
    assert evidence(finding)["counted as overdue"] == "2 days after expires_at"


def test_a_days_worth_that_waits_for_the_night_is_no_finding() -> None:
    statistics = make_statistics("token", "expires_at", _days_ago(1.5, -50, -98))
    assert run(CHECK, make_snapshot(TOKEN, statistics, policy=Policy(stated=STATED))) == []


def test_policies_that_could_not_be_read_are_not_examined() -> None:
    policy = Policy(
        stated=StatedPolicies("app.retention:RETENTION", unread="ModuleNotFoundError: No module named 'app'")
    )
    (one,) = not_examined(CHECK, make_snapshot(policy=policy))
    assert one.what == "retention-overdue of app.retention:RETENTION"
    assert "No module named 'app'" in one.reason


def test_a_policy_that_statistics_do_not_show_is_not_examined() -> None:
    policy = Policy(stated=StatedPolicies("app:R", others=(("version (number)", "statistics do not show it"),)))
    (one,) = not_examined(CHECK, make_snapshot(policy=policy))
    assert one.what == "retention-overdue of version (number)"


def test_a_policy_on_a_column_that_is_not_there_is_not_examined() -> None:
    policy = Policy(stated=StatedPolicies("app:R", (StatedColumn("other", "token", "made_at", 3),)))
    (one,) = not_examined(CHECK, make_snapshot(policy=policy))
    assert one.what == "retention-overdue of token (made_at)"
