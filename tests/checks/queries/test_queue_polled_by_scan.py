from __future__ import annotations

from typing import Any

import pytest

from pgwright.model.finding import Finding
from pgwright.model.policy import Policy
from pgwright.model.statement import Statement
from tests.support.builders import (
    evidence,
    make_index,
    make_snapshot,
    make_statement,
    make_statistics,
    make_table,
    not_examined,
    run,
)

CHECK = "queue-polled-by-scan"
JOB = make_table(
    "job",
    "id bigint, status text, kind text, created_at timestamptz, run_at timestamptz, picked_at timestamptz,"
    " deleted_at timestamptz, owner_id bigint, is_sent boolean",
    rows=400_000,
    primary_key=("id",),
)
OWNER = make_table("owner", "id bigint, name text", rows=5_000)
STATES = ("done", "pending", "running")
KNOWN = (
    make_statistics("job", "status", distinct=3.0, common_values=STATES, common_frequencies=(0.98, 0.01, 0.01)),
    make_statistics("job", "kind", distinct=5.0),
    make_statistics("job", "owner_id", distinct=5_000.0),
    make_statistics("job", "picked_at", null_fraction=0.001),
    make_statistics("job", "deleted_at", null_fraction=0.001),
)
LOOK = "SELECT id FROM job WHERE status = $1 ORDER BY created_at LIMIT $2"
CLAIM = f"{LOOK} FOR UPDATE SKIP LOCKED"
TAKE = make_statement("UPDATE job SET status = $1, picked_at = now(), is_sent = $2 WHERE id = $3", rows=900)


def _poll(text: str = LOOK, *, blocks: int = 4_000, rows_a_call: float = 0, **fields: Any) -> Statement:
    times = {"mean_ms": 20.0, "total_ms": 20_000.0, "calls": 1_000, **fields}
    return make_statement(text, rows=int(1_000 * rows_a_call), blocks_hit=times["calls"] * blocks, **times)


def _run(*parts: object, taken: Statement | None = TAKE, **fields: Any) -> list[Finding]:
    return run(CHECK, make_snapshot(JOB, OWNER, *KNOWN, *parts, *([taken] if taken else []), **fields))


def test_fires_for_a_poll_that_reads_the_table_and_mostly_finds_nothing() -> None:
    (finding,) = _run(_poll(query_id=7), observed_seconds=600.0)
    assert (finding.object, finding.severity, finding.confidence) == ("job (status)", "high", "likely")
    assert finding.queries == (7,)
    assert "by reading 4,000 blocks a call, for 0.0 rows" in finding.message
    shown = evidence(finding)
    assert shown["polls a minute"] == "100.0"
    assert shown["rows that changed their state"] == "900"
    assert shown["indexes on the state"] == "none"


def test_the_partial_index_is_proposed_for_the_one_state_whose_word_says_that_it_waits() -> None:
    (finding,) = _run(_poll())
    assert finding.new_index is not None
    assert finding.new_index.sql() == (
        "CREATE INDEX ix_job_created_at_waiting ON public.job (created_at) WHERE status = 'pending'"
    )


def test_what_else_is_compared_leads_the_index() -> None:
    (finding,) = _run(_poll("SELECT id FROM job WHERE kind = $1 AND picked_at IS NULL ORDER BY created_at, id LIMIT 1"))
    assert finding.new_index is not None
    assert finding.new_index.outline == "(kind, created_at, id) WHERE picked_at IS NULL"


def test_no_index_is_proposed_for_states_in_the_branches_of_an_or() -> None:
    states = "status = $1 OR (status = $2 AND run_at < now())"
    (finding,) = _run(_poll(f"SELECT id FROM job WHERE {states} ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED"))
    assert (finding.object, finding.changes) == ("job (status)", ())


def test_no_index_is_proposed_where_nothing_tells_the_state_that_waits() -> None:
    unknown = make_statistics("job", "status", distinct=3.0)
    (finding,) = run(CHECK, make_snapshot(JOB, unknown, *KNOWN[1:], _poll(), TAKE))
    assert finding.changes == ()
    assert "Create a partial index" in finding.advice


@pytest.mark.parametrize(
    "text",
    [
        CLAIM,
        "SELECT id FROM job WHERE picked_at IS NULL AND run_at <= now() ORDER BY run_at LIMIT $1",
        "SELECT id FROM job WHERE status IN ($1, $2) AND kind = $3 ORDER BY created_at, id LIMIT $4",
        "SELECT count(*) FROM job WHERE status = $1",
        "SELECT * FROM job WHERE is_sent IS FALSE",
        "SELECT j.id, o.name FROM job j JOIN owner o ON o.id = j.owner_id WHERE j.status = $1 ORDER BY j.id LIMIT $2",
        f"UPDATE job SET status = $3 WHERE id = ({LOOK}) RETURNING id",
        f"WITH next AS ({CLAIM}) UPDATE job SET status = $3 FROM next WHERE job.id = next.id RETURNING job.id",
        "DELETE FROM job WHERE id = (SELECT id FROM job ORDER BY run_at LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING *",
    ],
)
def test_fires_however_the_queue_is_asked(text: str) -> None:
    (finding,) = _run(_poll(text))
    assert finding.object.startswith("job")


@pytest.mark.parametrize(
    "text",
    [
        "SELECT id FROM job WHERE owner_id = $1 AND status = $2 ORDER BY created_at LIMIT $3",
        "SELECT id FROM job WHERE status = $1 ORDER BY created_at DESC LIMIT $2",
        "SELECT id FROM job WHERE status = $1 ORDER BY created_at LIMIT $2 OFFSET $3",
        "SELECT id FROM job WHERE deleted_at IS NULL ORDER BY created_at LIMIT $1",
        "SELECT id FROM job WHERE kind = $1 ORDER BY created_at LIMIT $2",
        "SELECT j.id FROM job j JOIN owner o ON o.id = j.owner_id WHERE j.status = $1 AND o.name = $2",
        "SELECT * FROM job WHERE id = $1 FOR UPDATE",
        "UPDATE job SET status = $1 WHERE status = $2 AND run_at < now()",
    ],
    ids=["of somebody", "newest", "page", "living", "not taken", "of a name", "one row", "reaper"],
)
def test_quiet_for_what_asks_for_other_rows_than_those_that_wait(text: str) -> None:
    deleting = make_statement("UPDATE job SET deleted_at = now() WHERE id = $1", rows=900)
    assert _run(_poll(text), deleting, make_statistics("job", "id", distinct=-1.0)) == []


def test_quiet_where_nothing_is_taken() -> None:
    assert _run(_poll(), taken=None) == []


def test_the_column_of_soft_delete_is_that_of_the_policy() -> None:
    text = "SELECT id FROM job WHERE picked_at IS NULL ORDER BY created_at LIMIT $1"
    assert len(_run(_poll(text))) == 1
    assert _run(_poll(text), policy=Policy(soft_delete_columns=("picked_at",))) == []


def test_quiet_for_a_time_that_most_rows_lack_for_it_is_no_mark_of_what_was_taken() -> None:
    mostly = make_statistics("job", "picked_at", null_fraction=0.9)
    text = "SELECT id FROM job WHERE picked_at IS NULL ORDER BY created_at LIMIT $1"
    assert run(CHECK, make_snapshot(JOB, mostly, _poll(text), TAKE)) == []


@pytest.mark.parametrize(
    ("keys", "predicate"),
    [
        ("created_at", "status = 'pending'"),
        ("kind, created_at", "(status = ANY (ARRAY['pending'::text, 'failed'::text]))"),
        ("status, created_at", None),
        ("kind, status, created_at", None),
    ],
)
def test_quiet_where_an_index_leads_to_the_waiting_rows(keys: str, predicate: str | None) -> None:
    index = make_index("ix_job_waiting", "job", keys, predicate=predicate)
    text = "SELECT id FROM job WHERE kind = $1 AND status = $2 ORDER BY created_at LIMIT $3 FOR UPDATE SKIP LOCKED"
    assert _run(_poll(text), index) == []


@pytest.mark.parametrize(("keys", "predicate"), [("created_at", None), ("status", None), ("id", "kind = 'mail'")])
def test_an_index_that_has_them_in_another_order_or_among_all_others_does_not_lead_there(
    keys: str, predicate: str | None
) -> None:
    (finding,) = _run(_poll(), make_index("ix_job", "job", keys, predicate=predicate))
    assert finding.object == "job (status)"


def test_quiet_for_a_small_queue_and_for_few_calls_and_little_time() -> None:
    assert _run(_poll(blocks=49)) == []
    assert _run(_poll(calls=49)) == []
    assert _run(_poll(mean_ms=0.1, total_ms=100.0)) == []


def test_quiet_where_each_block_brings_a_row_for_the_queue_is_full() -> None:
    assert _run(_poll(blocks=69, rows_a_call=10)) == []
    (finding,) = _run(_poll(blocks=70, rows_a_call=10))
    assert finding.confidence == "possible"


def test_workers_that_wait_for_one_another_are_told_to_skip() -> None:
    index = make_index("ix_job_waiting", "job", "created_at", predicate="status = 'pending'")
    waiting = f"{LOOK} FOR UPDATE"
    (finding,) = _run(_poll(waiting, blocks=4, rows_a_call=1), index)
    assert "wait for one another" in finding.message
    assert finding.changes == ()
    assert "SKIP LOCKED" in finding.advice
    assert _run(_poll(waiting, blocks=4, rows_a_call=1, mean_ms=4.9, total_ms=4_900.0), index) == []
    assert _run(_poll(CLAIM, blocks=4, rows_a_call=1), index) == []


def test_the_advice_names_what_the_workload_lacks() -> None:
    (plain,) = _run(_poll())
    assert "SKIP LOCKED" in plain.advice
    assert "pgwright_runtime.jobs" in plain.advice
    (better,) = _run(_poll(CLAIM), make_statement("LISTEN jobs"))
    assert "SKIP LOCKED" not in better.advice
    assert "NOTIFY" not in better.advice
    assert evidence(better)["rows that others locked"] == "skipped"


def test_a_never_analyzed_queue_is_known_by_the_name_of_its_state() -> None:
    (finding,) = run(CHECK, make_snapshot(JOB, _poll(), TAKE))
    assert finding.object == "job (status)"


def test_not_examined_without_a_workload() -> None:
    assert not_examined(CHECK, make_snapshot(JOB))
