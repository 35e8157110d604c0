from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pgwright.checks.retention.retention_overdue import share_before
from pgwright.model.policy import Policy
from tests.support.builders import evidence, make_snapshot, make_statistics, make_table, not_examined, run

CHECK = "retention-overdue"
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
TOKEN = make_table("token", "id bigint NOT NULL, expires_at timestamptz", rows=100_000, primary_key=("id",))
NOTE = make_table("note", "id bigint NOT NULL, deleted_at timestamptz", rows=100_000, primary_key=("id",))


def _days_ago(*days: float) -> list[str]:
    return [str(NOW - timedelta(days=day)) for day in days]


def test_fires_for_rows_past_their_expiry() -> None:
    statistics = make_statistics("token", "expires_at", _days_ago(102, 2, -98))
    (finding,) = run(CHECK, make_snapshot(TOKEN, statistics))
    assert finding.object == "token (expires_at)"
    assert evidence(finding)["overdue rows"] == "50,000, 50.0 % of the table"
    assert finding.sql == (
        "DELETE FROM public.token WHERE (id) IN (SELECT id FROM public.token "
        "WHERE expires_at < now() - interval '2 days' LIMIT 10000)"
    )


def test_fires_for_rows_deleted_before_the_retention_and_says_that_it_is_assumed() -> None:
    statistics = make_statistics("note", "deleted_at", _days_ago(290, 90, 0), null_fraction=0.8)
    (finding,) = run(CHECK, make_snapshot(NOTE, statistics))
    assert evidence(finding)["overdue rows"] == "10,000, 10.0 % of the table"
    assert "assumed" in evidence(finding)["counted as overdue"]


def test_the_policy_states_the_retention() -> None:
    statistics = make_statistics("note", "deleted_at", _days_ago(290, 90, 0), null_fraction=0.8)
    assert run(CHECK, make_snapshot(NOTE, statistics, policy=Policy(retention_days=365))) == []
    (finding,) = run(CHECK, make_snapshot(NOTE, statistics, policy=Policy(retention_days=0)))
    assert evidence(finding)["counted as overdue"] == "0 days after deleted_at"


def test_most_of_a_large_table_is_high() -> None:
    large = make_table("token", "id bigint NOT NULL, expires_at timestamptz", rows=400_000)
    statistics = make_statistics("token", "expires_at", _days_ago(300, 200))
    assert run(CHECK, make_snapshot(large, statistics))[0].severity == "high"
    assert (
        run(CHECK, make_snapshot(TOKEN, make_statistics("token", "expires_at", _days_ago(9, -9))))[0].severity
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
    (finding,) = run(CHECK, make_snapshot(parent, *leaves, old, new))
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
