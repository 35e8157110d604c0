from __future__ import annotations

from typing import Any

from pgwright.model.finding import Finding
from pgwright.model.index import IndexKey
from pgwright.model.server import Server
from pgwright.model.statement import Statement
from tests.support.builders import (
    make_index,
    make_server,
    make_snapshot,
    make_statement,
    make_table,
    not_examined,
    run,
)

CHECK = "pattern-without-index"
CONTACT = make_table("contact", "id bigint, tenant_id bigint, name text", rows=50_000)
ILIKE = "SELECT * FROM contact WHERE name ILIKE $1 LIMIT $2"
AVAILABLE = make_server(available_extensions=("pg_stat_statements", "pg_trgm", "plpgsql"))


def _statement(text: str = ILIKE, *, blocks: int = 900, **fields: Any) -> Statement:
    times = {"mean_ms": 20.0, "total_ms": 20_000.0, **fields}
    return make_statement(text, calls=1_000, rows=5_000, blocks_hit=1_000 * blocks, **times)


def _run(*parts: object, server: Server = AVAILABLE) -> list[Finding]:
    return run(CHECK, make_snapshot(*(parts or (CONTACT, _statement())), server=server))


def test_fires_for_ilike_and_says_who_may_create_the_extension() -> None:
    (finding,) = _run(CONTACT, _statement(query_id=7))
    assert (finding.object, finding.confidence, finding.queries) == ("contact (name)", "likely", (7,))
    assert finding.sql == (
        "CREATE EXTENSION IF NOT EXISTS pg_trgm;\n"
        "CREATE INDEX CONCURRENTLY ix_contact_name_trgm ON public.contact USING gin (name gin_trgm_ops)"
    )
    assert "GRANT CREATE ON DATABASE shop" in finding.advice
    assert finding.worth is not None
    assert finding.severity == finding.worth.severity == "high"


def test_a_pattern_put_together_or_with_an_open_beginning_is_likely_too() -> None:
    for text in (
        "SELECT * FROM contact WHERE name LIKE $1 || $2 || $3",
        "SELECT * FROM contact WHERE name LIKE '%smith%'",
        "SELECT * FROM contact WHERE tenant_id = $1 OR name ILIKE $2",
    ):
        assert _run(CONTACT, _statement(text))[0].confidence == "likely"


def test_a_pattern_that_is_all_one_parameter_is_possible() -> None:
    assert _run(CONTACT, _statement("SELECT * FROM contact WHERE name LIKE $1"))[0].confidence == "possible"


def test_letters_in_one_case_are_indexed_as_they_are_compared() -> None:
    (finding,) = _run(CONTACT, _statement("SELECT * FROM contact WHERE lower(name) LIKE '%' || lower($1) || '%'"))
    assert finding.object == "contact (lower(name))"
    assert finding.sql.endswith("USING gin ((lower(name)) gin_trgm_ops)")


def test_where_the_server_lacks_it_there_is_nothing_to_run() -> None:
    (finding,) = _run(server=make_server())
    assert finding.sql == ""
    assert "postgresql-contrib" in finding.advice


def test_on_a_partitioned_table_the_index_blocks_writes_and_that_is_said() -> None:
    parent = make_table("contact", "name text", kind="partitioned table")
    (finding,) = _run(parent, make_table("contact_1", "name text", rows=50_000, parent="contact"), _statement())
    assert "CONCURRENTLY" not in finding.sql
    assert "blocks writes" in finding.advice


def test_quiet_where_the_extension_is_installed_for_then_the_advisor_tries_the_index() -> None:
    assert _run(server=make_server(extensions=("pg_trgm",))) == []


def test_quiet_where_another_condition_finds_the_rows() -> None:
    within = "SELECT * FROM contact WHERE tenant_id = $1 AND name ILIKE $2"
    assert _run(CONTACT, _statement(within, blocks=30)) == []


def test_quiet_where_an_index_of_another_kind_has_the_text() -> None:
    bigrams = make_index("ix", "contact", [IndexKey("name", operator_class="gin_bigm_ops")], method="gin")
    assert _run(CONTACT, bigrams, _statement()) == []
    assert len(_run(CONTACT, make_index("ix", "contact", "name"), _statement())) == 1


def test_quiet_for_a_given_beginning_small_tables_and_what_takes_no_time() -> None:
    assert _run(CONTACT, _statement("SELECT * FROM contact WHERE name LIKE 'smith%'")) == []
    assert _run(make_table("contact", "id bigint, name text", rows=900), _statement()) == []
    assert _run(CONTACT, _statement(mean_ms=0.1, total_ms=100.0)) == []


def test_not_examined_without_a_workload() -> None:
    assert not_examined(CHECK, make_snapshot(CONTACT))
