"""A person with rows in every form, erased on the real server: what goes, changes and stays, and what is left."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, func
from sqlalchemy.ext.asyncio import create_async_engine

from pgwright.database import environment
from pgwright.embedded import wheel_programs
from pgwright_runtime.erasure import (
    Anonymise,
    Delete,
    Erased,
    ErasedTable,
    ErasureFailed,
    ErasureStopped,
    Keep,
    erase,
    examine,
    preview,
)
from runtime.tests.support.erasure_shop import SECRET, Invoice, User, make_erasure, make_shop
from tests.support.database import Database

ODD = 'public.Odd "table:1" x'
COUNTS = {
    ODD: ErasedTable(ODD, deleted=2),
    "public.attachments": ErasedTable("public.attachments", deleted=2),
    "public.audit_log": ErasedTable("public.audit_log", deleted=5),
    "public.documents": ErasedTable("public.documents", anonymised=4),
    "public.events": ErasedTable("public.events", deleted=5),
    "public.invoices": ErasedTable("public.invoices", anonymised=3, reasons=("§ 147 AO: invoices, 10 years",)),
    "public.notes": ErasedTable("public.notes", deleted=10, unlinked=10),
    "public.users": ErasedTable("public.users", deleted=1, unlinked=2),
    "public.visits": ErasedTable("public.visits", deleted=3),
}
OTHERS = {
    "users": "SELECT * FROM users WHERE id <> 3 AND invited_by IS DISTINCT FROM 3 ORDER BY id",
    "notes": "SELECT * FROM notes WHERE user_id <> 3 AND approved_by IS DISTINCT FROM 3 ORDER BY id",
    "invoices": "SELECT * FROM invoices WHERE user_id <> 3 ORDER BY id",
    "audit_log": "SELECT * FROM audit_log WHERE actor_email <> 'user3@shop.test' ORDER BY id",
    "attachments": "SELECT * FROM attachments WHERE owner_id <> 3 OR owner_type <> 'user' ORDER BY 1, 2, 3",
    "documents": "SELECT * FROM documents WHERE 3 <> ALL (readers) ORDER BY id",
}


@pytest.fixture
def shop(database: Database) -> Database:
    make_shop(database)
    return database


@pytest.fixture
def engine(shop: Database) -> Iterator[Engine]:
    engine = create_engine(shop.url("psycopg"))
    yield engine
    engine.dispose()


def dump(database: Database) -> str:
    done = subprocess.run(
        [str(wheel_programs().folder / "pg_dump")],
        env=environment(database.dsn),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def rows(database: Database) -> dict[str, list[tuple[object, ...]]]:
    return {name: database.rows(query) for name, query in OTHERS.items()}


def test_nothing_of_the_person_is_left_in_a_dump_and_others_keep_all(shop: Database, engine: Engine) -> None:
    others = rows(shop)
    assert "user3" in dump(shop)
    outcome = erase(engine, make_erasure(), 3, secret=SECRET)
    assert {one.table: one for one in outcome.tables} == COUNTS
    assert outcome.status == "erased"
    assert "user3\n" not in dump(shop).replace("@shop.test", "\n").replace(" ", "\n").replace("\t", "\n")
    assert {name: [row for row in found if row in others[name]] for name, found in rows(shop).items()} == others
    assert shop.rows("SELECT count(*) FROM documents WHERE 3 = ANY (readers)") == [(0,)]
    assert shop.rows("SELECT count(*), count(ship_to) FROM invoices WHERE user_id IS NULL") == [(3, 0)]


def test_a_dry_run_counts_the_same_and_writes_nothing(shop: Database, engine: Engine) -> None:
    before = dump(shop)
    counted = preview(engine, make_erasure(), 3)
    assert {one.table: one for one in counted.tables} == COUNTS
    assert (counted.status, counted.person) == ("would erase", "")
    drop_key = [line for line in before.splitlines() if "restrict" not in line]
    assert [line for line in dump(shop).splitlines() if "restrict" not in line] == drop_key


def test_again_it_is_already_erased_and_counts_nothing(shop: Database, engine: Engine) -> None:
    shop.execute("CREATE TABLE pgwright_erased (person text PRIMARY KEY, subject text NOT NULL)")
    erase(engine, make_erasure(), 3, secret=SECRET)
    again = erase(engine, make_erasure(), 3, secret=SECRET)
    assert (again.status, again.tables, again.rows) == ("already erased", (), 0)
    assert erase(engine, make_erasure(), 4711, secret=SECRET).status == "not found"


async def test_an_async_engine_does_the_same_and_its_callbacks_may_be_coroutines(shop: Database) -> None:
    told: list[Erased] = []

    async def forget(erased: Erased) -> None:
        told.append(erased)

    engine = create_async_engine(shop.url("asyncpg"))
    try:
        declared = make_erasure(on_erased=[forget])
        assert {one.table: one for one in (await preview(engine, declared, "3")).tables} == COUNTS
        assert await examine(engine, declared) == ()
        outcome = await erase(engine, declared, "3", secret=SECRET)
    finally:
        await engine.dispose()
    assert {one.table: one for one in outcome.tables} == COUNTS
    assert told == [Erased("public.users", ("3",), tuple(one.table for one in outcome.tables))]


def test_a_callback_that_fails_is_told_and_the_next_one_is_called(engine: Engine) -> None:
    called: list[Erased] = []

    def broken(erased: Erased) -> None:
        raise RuntimeError("the cache is away")

    outcome = erase(engine, make_erasure(on_erased=[broken, called.append]), 3, secret=SECRET)
    assert "broken failed (RuntimeError): what it should have forgotten may still be there" in outcome.notes
    assert len(called) == 1


def test_a_subject_that_stays_nameless_takes_with_it_what_cascades(shop: Database, engine: Engine) -> None:
    nameless = Anonymise(User, {User.email: func.concat("erased-", User.id, "@invalid"), User.invited_by: None})
    declared = make_erasure(rules=[*make_erasure().rules, nameless])
    assert erase(engine, declared, 3, secret=SECRET).status == "erased"
    assert shop.rows("SELECT email, invited_by FROM users WHERE id = 3") == [("erased-3@invalid", None)]
    assert shop.rows("SELECT count(*) FROM notes WHERE user_id = 3") == [(0,)]
    assert erase(engine, declared, 3, secret=SECRET).status == "already erased"


def test_rows_are_kept_until_their_time_is_up(shop: Database, engine: Engine) -> None:
    rules = [rule for rule in make_erasure().rules if rule.table is not Invoice]
    keep = Keep(Invoice, "§ 147 AO", until=Invoice.issued + func.make_interval(10))
    declared = make_erasure(rules=[*rules, Anonymise(User, {User.email: "gone"}), keep])
    outcome = erase(engine, declared, 3, secret=SECRET)
    invoices = {one.table: one for one in outcome.tables}["public.invoices"]
    assert invoices == ErasedTable("public.invoices", deleted=2, kept=1, reasons=("§ 147 AO",))
    assert shop.rows("SELECT count(*) FROM invoices WHERE user_id = 3") == [(1,)]


@pytest.mark.parametrize("hold", ["users", "none"])
def test_a_legal_hold_stops_it_with_its_reason(shop: Database, engine: Engine, hold: str) -> None:
    shop.execute(f"UPDATE users SET is_held = {hold == 'users'} WHERE id = 3")
    if hold == "none":
        assert erase(engine, make_erasure(), 3, secret=SECRET).status == "erased"
        return
    with pytest.raises(ErasureStopped, match="under a legal hold: litigation 7 O 1/26"):
        erase(engine, make_erasure(), 3, secret=SECRET)
    assert shop.rows("SELECT count(*) FROM notes WHERE user_id = 3") == [(10,)]


def test_more_rows_than_one_transaction_takes_stop_it(engine: Engine) -> None:
    with pytest.raises(ErasureStopped, match="one transaction takes 10 at most"):
        erase(engine, make_erasure(), 3, secret=SECRET, most_rows=10)


def test_a_trigger_that_keeps_rows_breaks_it_off_and_nothing_is_gone(shop: Database, engine: Engine) -> None:
    shop.execute("CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'")
    shop.execute("CREATE TRIGGER keep BEFORE DELETE ON visits FOR EACH ROW EXECUTE FUNCTION keep()")
    with pytest.raises(ErasureFailed, match=r"3 rows of public.visits are still there"):
        erase(engine, make_erasure(), 3, secret=SECRET)
    assert shop.rows("SELECT count(*) FROM notes WHERE user_id = 3") == [(10,)]


def test_a_trigger_that_moves_rows_about_does_not_hide_them(shop: Database, engine: Engine) -> None:
    shop.execute("CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS "
                 "'BEGIN UPDATE users SET is_held = false WHERE id = OLD.user_id; RETURN OLD; END'")  # fmt: skip
    shop.execute("CREATE TRIGGER touch AFTER DELETE ON notes FOR EACH ROW EXECUTE FUNCTION touch()")
    assert erase(engine, make_erasure(), 3, secret=SECRET).status == "erased"
    assert shop.rows("SELECT count(*) FROM users WHERE id = 3") == [(0,)]


def test_partitions_lose_their_rows_each(shop: Database, engine: Engine) -> None:
    shop.execute(
        "CREATE TABLE logins (user_id bigint REFERENCES users ON DELETE CASCADE, at int) PARTITION BY RANGE (at);"
        "CREATE TABLE logins_1 PARTITION OF logins FOR VALUES FROM (0) TO (10);"
        "CREATE TABLE logins_2 PARTITION OF logins FOR VALUES FROM (10) TO (20);"
        "CREATE INDEX ON logins (user_id); INSERT INTO logins SELECT 1 + n % 4, n FROM generate_series(0, 19) n"
    )
    tables = {one.table: one for one in erase(engine, make_erasure(), 3, secret=SECRET).tables}
    assert tables["public.logins"].deleted == 5
    assert shop.rows("SELECT count(*) FROM logins WHERE user_id = 3") == [(0,)]


def test_circles_of_foreign_keys_go_together(shop: Database, engine: Engine) -> None:
    shop.execute(
        "CREATE TABLE teams (id bigint PRIMARY KEY, user_id bigint REFERENCES users ON DELETE CASCADE, lead bigint);"
        "CREATE TABLE members (id bigint PRIMARY KEY, team_id bigint NOT NULL REFERENCES teams ON DELETE CASCADE);"
        "ALTER TABLE teams ADD FOREIGN KEY (lead) REFERENCES members;"
        "INSERT INTO teams VALUES (1, 3, NULL), (2, 4, NULL); INSERT INTO members VALUES (1, 1), (2, 2);"
        "UPDATE teams SET lead = id"
    )
    rules = [*make_erasure().rules, Delete("teams", via="lead")]
    assert erase(engine, make_erasure(rules=rules), 3, secret=SECRET).status == "erased"
    assert shop.rows("SELECT (SELECT array_agg(id) FROM teams), (SELECT array_agg(id) FROM members)") == [([2], [2])]


def test_materialised_views_over_the_tables_are_named(shop: Database, engine: Engine) -> None:
    shop.execute("CREATE VIEW v AS SELECT body FROM notes; CREATE MATERIALIZED VIEW m AS SELECT * FROM v")
    assert erase(engine, make_erasure(), 3, secret=SECRET).copies == ("public.m",)


def test_rows_that_came_by_a_link_afterwards_are_found_by_the_key(shop: Database, engine: Engine) -> None:
    erase(engine, make_erasure(), 3, secret=SECRET)
    shop.execute("""INSERT INTO events VALUES (1000, '{"user_id": 3}')""")
    again = erase(engine, make_erasure(), 3, secret=SECRET)
    assert (again.status, again.tables) == ("erased", (ErasedTable("public.events", deleted=1),))


def test_no_value_of_the_person_is_in_what_is_given_back(engine: Engine) -> None:
    outcome: Any = erase(engine, make_erasure(), 3, secret=SECRET)
    assert "user3" not in repr(outcome)
    assert "shop.test" not in repr(outcome)
    assert outcome.person != ""
