from __future__ import annotations

from typing import Any

import pytest

from pgwright.model.finding import Finding
from pgwright.model.index import IndexKey
from pgwright.model.statement import Statement
from tests.support.builders import evidence, make_index, make_snapshot, make_statement, make_table, not_examined, run

CHECK = "cast-hides-index"
ACCOUNT = make_table(
    "account", "id bigint, tenant_id integer, email text, code character varying(20), at timestamptz", rows=50_000
)
INDEXES = [make_index(f"ix_{name}", "account", name) for name in ("id", "tenant_id", "email", "code", "at")]


def _statement(condition: str, *, blocks: int = 900, **fields: Any) -> Statement:
    times = {"mean_ms": 20.0, "total_ms": 20_000.0, **fields}
    text = f"SELECT * FROM account WHERE {condition}"
    return make_statement(text, calls=1_000, rows=1_000, blocks_hit=1_000 * blocks, **times)


def _run(*parts: object) -> list[Finding]:
    return run(CHECK, make_snapshot(ACCOUNT, *INDEXES, *parts))


@pytest.mark.parametrize(
    ("condition", "about", "index", "advice"),
    [
        ("id::text = $1", "CAST(id AS text)", "ix_id", "id = $1::bigint"),
        ("at::date = $1", "CAST(at AS date)", "ix_at", "at >= $1 AND at < $1 + interval '1 day'"),
        ("date_trunc($1, at) = $2", "date_trunc($1, at)", "ix_at", "at >= $1 AND at <"),
        ("lower(email) = $1", "lower(email)", "ix_email", "Index what is compared, lower(email)"),
        ("tenant_id = $1::numeric", "tenant_id::numeric", "ix_tenant_id", "tenant_id = $1::integer"),
        ("tenant_id + 1 > $1", "tenant_id + 1", "ix_tenant_id", "tenant_id stands alone"),
    ],
)
def test_names_the_index_and_how_to_write_the_condition(condition: str, about: str, index: str, advice: str) -> None:
    (finding,) = _run(_statement(condition, query_id=7))
    assert (finding.object, finding.queries) == (f"account ({about})", (7,))
    assert evidence(finding)["index that would serve the column"] == index
    assert advice in finding.advice
    assert finding.worth is not None
    assert finding.severity == finding.worth.severity == "high"


def test_what_may_be_indexed_as_it_is_compared_comes_with_the_statement() -> None:
    (finding,) = _run(_statement("lower(email) = $1"))
    assert finding.sql == "CREATE INDEX CONCURRENTLY ix_account_email_lower ON public.account ((lower(email)))"
    (finding,) = _run(_statement("id::text = $1"))
    assert finding.sql == ""


def test_quiet_where_an_index_has_the_expression() -> None:
    index = make_index("ix_lower", "account", [IndexKey(None, "lower(email)")])
    assert _run(index, _statement("lower(email) = $1")) == []


def test_quiet_where_no_index_begins_with_the_column() -> None:
    later = make_index("ix_both", "account", "id,email")
    assert run(CHECK, make_snapshot(ACCOUNT, later, _statement("lower(email) = $1"))) == []
    part = make_index("ix_part", "account", "email", predicate="at IS NULL")
    broken = make_index("ix_broken", "account", "email", is_valid=False)
    assert run(CHECK, make_snapshot(ACCOUNT, part, broken, _statement("lower(email) = $1"))) == []


def test_quiet_where_another_condition_finds_the_rows() -> None:
    assert _run(_statement("tenant_id = $1 AND lower(email) = $2", blocks=30)) == []


def test_quiet_for_casts_that_change_nothing_and_for_casts_of_the_value() -> None:
    for condition in ("code::text = $1", "id::bigint = $1", "at >= $1::date", "id = $1::integer", "email = $1::text"):
        assert _run(_statement(condition)) == []


def test_quiet_for_small_tables_and_what_takes_no_time() -> None:
    small = make_table("account", "id bigint, email text", rows=900)
    assert run(CHECK, make_snapshot(small, INDEXES[2], _statement("lower(email) = $1"))) == []
    assert _run(_statement("lower(email) = $1", mean_ms=0.1, total_ms=100.0)) == []


def test_not_examined_without_a_workload() -> None:
    assert not_examined(CHECK, make_snapshot(ACCOUNT))
