"""The look-up of the user who is signed in comes once a request, and is no loop whatever its calls agree with."""

from __future__ import annotations

from pgwright.model.finding import Finding
from pgwright.model.statement import Statement
from tests.support.builders import (
    evidence,
    make_foreign_key,
    make_snapshot,
    make_statement,
    make_statistics,
    make_table,
    run,
)

USERS = make_table("users", "id bigint NOT NULL, email text", rows=1_000, primary_key=("id",))
ITEMS = make_table("items", "id bigint NOT NULL, owner_id bigint", rows=50_000, primary_key=("id",))
KEY = make_foreign_key("items", "owner_id", "users")
OWNERS = make_statistics("items", "owner_id", distinct=1_000.0)
# 95 different owners among a hundred items.
ALL_ITEMS = make_statement("SELECT id, owner_id FROM items ORDER BY id LIMIT $1", calls=4, rows=400)
OWN_ITEMS = make_statement("SELECT id, owner_id FROM items WHERE owner_id = $1 LIMIT $2", calls=380, rows=7_600)


def _look_up(calls: int) -> Statement:
    return make_statement("SELECT id, email FROM users WHERE id = $1", calls=calls, rows=calls)


def _begin(calls: int) -> Statement:
    return make_statement("BEGIN", calls=calls, total_ms=0.0)


def _run(*statements: Statement) -> list[Finding]:
    return run("n-plus-one-suspect", make_snapshot(USERS, ITEMS, KEY, OWNERS, *statements))


def test_a_list_alone_explains_the_calls() -> None:
    (finding,) = _run(ALL_ITEMS, _look_up(380))
    assert (finding.object, finding.confidence) == ("users (id)", "likely")


def test_quiet_when_there_were_as_many_transactions() -> None:
    assert _run(ALL_ITEMS, _look_up(380), _begin(384)) == []


def test_quiet_when_a_list_of_the_same_user_ran_as_often() -> None:
    assert _run(ALL_ITEMS, OWN_ITEMS, _look_up(380)) == []


def test_without_transactions_what_ran_equally_often_is_of_one_request() -> None:
    unrelated = make_table("news", "id bigint NOT NULL", primary_key=("id",))
    news = make_statement("SELECT id FROM news ORDER BY id LIMIT $1", calls=300, rows=3_000)
    counted = make_statement("SELECT count(*) FROM news", calls=300, rows=300)
    written = make_statement("INSERT INTO news (id) VALUES ($1)", calls=80, rows=80)
    statements = (ALL_ITEMS, _look_up(380), news, counted)
    assert run("n-plus-one-suspect", make_snapshot(USERS, ITEMS, KEY, OWNERS, unrelated, *statements, written)) == []
    assert run("n-plus-one-suspect", make_snapshot(USERS, ITEMS, KEY, OWNERS, unrelated, *statements))


def test_a_loop_of_the_same_statement_is_told_apart_from_it() -> None:
    """SQLAlchemy writes session.get() and a lazy load alike, so that both are counted as one."""
    (finding,) = _run(ALL_ITEMS, _look_up(1_000 + 380), _begin(1_000))
    assert evidence(finding)["of its calls, once a request"] == "1,000"
    assert evidence(finding)["round trips saved"] == "376"


def test_transactions_that_the_statements_were_not_in_tell_nothing() -> None:
    assert _run(ALL_ITEMS, _look_up(380), _begin(1))
