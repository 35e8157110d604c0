"""What the text of a statement does not show: views, functions, inheritance, policies, search paths, types."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import psycopg
import pytest

from pgwright.advisor.advisor import advise
from pgwright.advisor.goal import Goal
from pgwright.embedded import EmbeddedServer
from pgwright.model.advice import Advice
from pgwright.snapshot import read_snapshot
from pgwright.twin.twin import open_twin
from tests.support.builders import make_statement
from tests.support.database import Database
from tests.support.roles import role_of

SCHEMA = """
CREATE TABLE author (id int PRIMARY KEY, name varchar(40), tenant int);
CREATE TABLE post (id int PRIMARY KEY, author_id int, tenant int, status varchar(10), at timestamptz, filler text);
INSERT INTO author SELECT i, 'a' || i, i % 500 FROM generate_series(1, 5000) i;
INSERT INTO post SELECT i, 1 + i * 7919 % 5000, i * 31 % 500, CASE WHEN i % 400 = 0 THEN 'draft' ELSE 'live' END,
    timestamptz '2026-01-01' - i * interval '1 minute', repeat('t', 90) FROM generate_series(1, 40000) i;
CREATE VIEW live_post AS SELECT p.id, p.author_id, p.at, a.name FROM post p JOIN author a ON a.id = p.author_id
    WHERE p.status = 'live';
CREATE VIEW of_view AS SELECT v.* FROM live_post v;
CREATE VIEW per_author AS SELECT author_id, count(*) AS posts FROM post GROUP BY author_id;
CREATE FUNCTION posts_of(who int) RETURNS SETOF post STABLE LANGUAGE sql
    AS 'SELECT * FROM public.post WHERE author_id = who';
CREATE TABLE vehicle (id int, plate varchar(20), filler text);
CREATE TABLE truck (axles int) INHERITS (vehicle);
INSERT INTO vehicle SELECT i, 'v' || i, repeat('f', 90) FROM generate_series(1, 9000) i;
INSERT INTO truck SELECT i, 't' || i, repeat('f', 90), 3 FROM generate_series(1, 30000) i;
VACUUM ANALYZE;
"""
Ask = Callable[..., Advice]


@pytest.fixture(scope="module")
def blog(server: EmbeddedServer) -> Iterator[Database]:
    server.create_database("hidden_reads", template="template1")
    database = Database(server, "hidden_reads")
    database.execute(SCHEMA)
    yield database
    server.drop_database("hidden_reads")


@pytest.fixture
def ask(blog: Database, twin_server: EmbeddedServer) -> Ask:
    def run(text: str, *values: object, role: str = "", before: str = "", on: Database = blog) -> Advice:
        on.rows("SELECT public.pg_stat_statements_reset()")
        with psycopg.connect(on.dsn, user=role or None, autocommit=True) as connection:
            if before:
                connection.execute(before.encode())
            for _ in range(10):
                connection.execute(text.encode(), values)
        snapshot = read_snapshot(on.dsn)
        with open_twin(snapshot, twin_server) as twin:
            return advise(snapshot, Goal(deadline_seconds=20), twins=[twin])

    return run


def keys(advice: Advice) -> list[tuple[str, tuple[str, ...]]]:
    return [(one.definition.table.name, one.definition.columns) for one in advice.indexes]


@pytest.mark.parametrize("view", ["live_post", "of_view"])
def test_a_filter_on_a_view_reaches_the_table(ask: Ask, view: str) -> None:
    advice = ask(f"SELECT * FROM {view} WHERE author_id = %s", 17)
    assert keys(advice)[0][0] == "post"
    assert keys(advice)[0][1][0] == "author_id"
    assert advice.cost_after < advice.cost_before / 10


def test_the_order_of_a_view_reaches_the_table(ask: Ask) -> None:
    advice = ask("SELECT * FROM live_post WHERE author_id = %s ORDER BY at DESC LIMIT 3", 17)
    assert ("post", ("author_id", "at")) in keys(advice) or ("post", ("author_id",)) in keys(advice)


def test_a_filter_goes_through_the_groups_of_a_view(ask: Ask) -> None:
    assert keys(ask("SELECT posts FROM per_author WHERE author_id = %s", 17)) == [("post", ("author_id",))]


def test_a_function_that_is_inlined_is_looked_into(ask: Ask) -> None:
    advice = ask("SELECT * FROM posts_of(%s)", 17)
    assert keys(advice) == [("post", ("author_id",))]
    assert advice.unplanned == ()


def test_what_is_inside_a_function_is_told_with_its_share_of_the_time(ask: Ask, blog: Database) -> None:
    blog.execute("""
        CREATE OR REPLACE FUNCTION count_of(who int) RETURNS bigint LANGUAGE plpgsql STABLE
            AS 'BEGIN RETURN (SELECT count(*) FROM public.post WHERE author_id = who); END';
        CREATE OR REPLACE FUNCTION twice(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN 2 * n; END'
    """)
    advice = ask("SELECT id, count_of(id) FROM author WHERE id < %s", 3)
    (told,) = [limit for limit in advice.limits if limit.startswith("The work of count_of is not seen")]
    assert "% of the workload's time" in told
    assert not [limit for limit in ask("SELECT twice(id) FROM author").limits if "twice" in limit]


def test_each_table_that_inherits_gets_its_own_index(ask: Ask) -> None:
    advice = ask("SELECT * FROM vehicle WHERE plate = %s", "t77")
    assert sorted(keys(advice)) == [("truck", ("plate",)), ("vehicle", ("plate",))]
    assert advice.cost_after < advice.cost_before / 10


POLICIES = """
CREATE ROLE {role} LOGIN;
GRANT USAGE ON SCHEMA public TO {role}; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role};
ALTER TABLE post ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON post USING ({condition});
"""


@pytest.fixture
def app(blog: Database) -> Iterator[str]:
    role = f"app_{blog.name}"
    yield role
    blog.execute("DROP POLICY IF EXISTS own ON post; ALTER TABLE post DISABLE ROW LEVEL SECURITY")
    blog.execute(f"DROP OWNED BY {role} CASCADE; DROP ROLE {role}")


@pytest.mark.parametrize(
    "condition",
    [
        "tenant = (SELECT current_setting('app.tenant')::int)",
        "tenant = current_setting('app.tenant')::int",
        "tenant::text = current_setting('app.tenant', true) OR tenant IS NULL",
    ],
)
def test_a_policy_takes_part_in_the_choice(blog: Database, ask: Ask, app: str, condition: str) -> None:
    """The statement says nothing of the tenant; its policy does, for the role that runs it."""
    blog.execute(POLICIES.format(role=app, condition=condition))
    advice = ask("SELECT * FROM post ORDER BY at DESC LIMIT 50", role=app, before="SET app.tenant = '7'")
    assert advice.unplanned == ()
    assert ("post", ("tenant", "at")) in keys(advice) or " OR " in condition
    assert any("tenant" in one.definition.outline for one in advice.indexes)
    assert advice.cost_after < advice.cost_before / 2


def test_a_role_above_the_policies_is_planned_without_them(blog: Database, ask: Ask, app: str) -> None:
    blog.execute(POLICIES.format(role=app, condition="tenant = current_setting('app.tenant')::int"))
    advice = ask("SELECT * FROM post ORDER BY at DESC LIMIT 50")
    assert ("post", ("at",)) in keys(advice)


def test_names_are_found_in_the_search_path_of_the_role(database: Database, ask: Ask) -> None:
    """`ALTER ROLE … SET search_path` is the app's, and the role that reads has another."""
    role = f"r_{database.name}"
    database.execute(f"""
        CREATE ROLE {role} LOGIN; CREATE SCHEMA app; GRANT USAGE ON SCHEMA app TO {role};
        CREATE TABLE app.item (id int, code int, filler text); CREATE TABLE public.item (id int, code int);
        INSERT INTO app.item SELECT i, i, repeat('f', 90) FROM generate_series(1, 20000) i;
        INSERT INTO public.item SELECT i, i FROM generate_series(1, 20000) i;
        GRANT SELECT ON app.item TO {role}; ALTER ROLE {role} SET search_path = app, public; VACUUM ANALYZE
    """)
    try:
        advice = ask("SELECT filler FROM item WHERE code = %s", 17, role=role, on=database)
        assert advice.unplanned == ()
        assert [str(one.definition.table) for one in advice.indexes] == ["app.item"]
        assert advice.cost_after < advice.cost_before / 10
    finally:
        database.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_values_are_planned_in_the_search_path_of_the_role(database: Database, twin_server: EmbeddedServer) -> None:
    """The number of parameters is asked where the names are found, too."""
    role = f"r_{database.name}"
    database.execute(f"""
        CREATE ROLE {role} LOGIN; CREATE SCHEMA app; CREATE TABLE app.item (id int, kind text);
        INSERT INTO app.item SELECT i, CASE WHEN i > 10 THEN 'much' ELSE 'few' END FROM generate_series(1, 20000) i;
        ALTER ROLE {role} SET search_path = app; ANALYZE
    """)
    try:
        snapshot = read_snapshot(database.dsn)
        with open_twin(snapshot, twin_server) as twin:
            text = "SELECT id FROM item WHERE kind = $1"
            few, much = (twin.explain(text, (value,), role=role).row_estimate for value in ("few", "much"))
        assert few < 100 < 10_000 < much
    finally:
        database.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_a_database_may_have_a_search_path_and_a_user_a_schema(database: Database, ask: Ask) -> None:
    role = f"u_{database.name}"
    database.execute(f"""
        CREATE ROLE {role} LOGIN; CREATE SCHEMA {role} AUTHORIZATION {role}; CREATE SCHEMA shop;
        GRANT USAGE ON SCHEMA shop TO {role};
        CREATE TABLE {role}.mine (id int, code int, filler text);
        CREATE TABLE shop.ours (id int, code int, filler text);
        INSERT INTO {role}.mine SELECT i, i, repeat('f', 90) FROM generate_series(1, 20000) i;
        INSERT INTO shop.ours SELECT * FROM {role}.mine; GRANT SELECT ON {role}.mine, shop.ours TO {role};
        ALTER DATABASE {database.name} SET search_path = "$user", shop; VACUUM ANALYZE
    """)
    try:
        advice = ask(
            "SELECT m.filler FROM mine m, ours o WHERE m.code = %s AND o.code = m.id", 9, role=role, on=database
        )
        assert advice.unplanned == ()
        assert {str(one.definition.table) for one in advice.indexes} == {f"{role}.mine", "shop.ours"}
    finally:
        database.execute(f"DROP OWNED BY {role} CASCADE; DROP ROLE {role}")


def test_a_path_that_only_the_session_had_is_found_by_the_names_or_told(database: Database, ask: Ask) -> None:
    database.execute("""
        CREATE SCHEMA one; CREATE SCHEMA two; CREATE TABLE one."only" (id int, code int, filler text);
        CREATE TABLE one."both" (id int, code int); CREATE TABLE two."both" (id int, code int);
        INSERT INTO one."only" SELECT i, i, repeat('f', 90) FROM generate_series(1, 20000) i; VACUUM ANALYZE
    """)
    advice = ask("SELECT * FROM \"only\" WHERE code = %s", 7, before="SET search_path = one",
                 on=database)  # fmt: skip
    assert advice.unplanned == ()
    assert [str(one.definition.table) for one in advice.indexes] == ['one."only"']
    advice = ask("SELECT * FROM \"both\" WHERE code = %s", 7, before="SET search_path = two",
                 on=database)  # fmt: skip
    (told,) = advice.unplanned
    assert "it is in one, two, and none of these is in the search_path" in told.reason
    assert "as far as could be looked at" not in told.reason


def test_a_table_that_the_role_may_not_read_is_told_as_such(database: Database, twin_server: EmbeddedServer) -> None:
    """It is neither temporary nor dropped, and no session set another search path."""
    database.execute("""
        CREATE SCHEMA one; CREATE SCHEMA two; CREATE TABLE one.item (id int, code int);
        CREATE TABLE two.item (id int); CREATE TABLE one.gone (id int); CREATE TABLE two.gone (id int);
        INSERT INTO one.item SELECT i, i FROM generate_series(1, 20000) i; VACUUM ANALYZE
    """)
    database.rows("SELECT code FROM one.item WHERE code = 7")
    database.rows_in_one_session("SET search_path = one", "SELECT id FROM item WHERE code = 7")
    database.rows("SELECT id FROM one.gone WHERE id = 7")
    database.execute("DROP TABLE one.gone")
    with role_of(database, "pg_monitor", "USAGE ON SCHEMA two", "SELECT ON two.item, two.gone") as dsn:
        snapshot = read_snapshot(dsn)
        with open_twin(snapshot, twin_server) as twin:
            told = {
                one.what.partition(": ")[2]: one.reason
                for one in advise(snapshot, Goal(deadline_seconds=60), twins=(twin,)).unplanned
            }
    assert "one.item was not read, for the role may not read" in told["SELECT code FROM one.item WHERE code = $1"]
    assert "GRANT" in told["SELECT code FROM one.item WHERE code = $1"]
    assert "search_path" in told["SELECT id FROM item WHERE code = $1"]
    assert told["SELECT id FROM one.gone WHERE id = $1"] == 'relation "one.gone" does not exist: it was dropped since'


TYPED = {
    "SELECT p.* FROM post p JOIN (VALUES ({0}), ({1})) AS v(id) ON p.author_id = v.id": (3, 9),
    "SELECT p.* FROM post p, (VALUES ({0}, {1}), ({2}, {3})) AS v(a, s) WHERE p.author_id = v.a AND p.status = v.s": (
        3, "draft", 9, "live"),
    "WITH v(id) AS (VALUES ({0}), ({1})) SELECT p.* FROM post p JOIN v ON v.id = p.author_id": (3, 9),
    "SELECT p.* FROM unnest({0}) AS u(id) JOIN post p ON p.author_id = u.id": ([3, 9],),
    "SELECT p.* FROM unnest({0}, {1}) AS u(id, s) JOIN post p ON p.author_id = u.id AND p.status = u.s": (
        [3, 9], ["live", "draft"]),
    "SELECT * FROM post p WHERE (p.author_id, p.tenant) IN (VALUES ({0}, {1}), ({2}, {3}))": (3, 9, 4, 8),
    "SELECT * FROM post p WHERE (p.author_id, p.status) IN (VALUES ({0}, {1}))": (3, "live"),
    "SELECT p.* FROM generate_series({0}, {1}) AS g(id) JOIN post p ON p.author_id = g.id": (3, 4),
    "SELECT g.d, count(p.id) FROM generate_series({0}, {1}, interval '1 day') g(d) LEFT JOIN post p ON p.at = g.d"
    " GROUP BY g.d": ("2025-12-30", "2025-12-31"),
    "SELECT a.id FROM author a WHERE EXISTS (SELECT {0} FROM post p WHERE p.author_id = a.id AND p.status = 'draft')": (
        1,),
    "SELECT count(*) FROM post p WHERE p.at > timestamptz '2026-01-01' - {0}::interval AND p.author_id = 7": ("1 day",),
    "SELECT * FROM post p WHERE p.author_id = 3 AND {0} IS NOT NULL": (1,),
    "SELECT * FROM author a JOIN post p ON p.author_id = a.id WHERE a.name LIKE concat({0}, {1})": ("a7", "%"),
    "SELECT * FROM post p WHERE p.author_id = ANY({0}) LIMIT {1}": ([3, 9], 10),
    "SELECT p.id FROM post p WHERE p.author_id = 3 AND date_trunc({0}, p.at AT TIME ZONE {1}) > {2}": (
        "day", "UTC", "2020-01-01"),
}  # fmt: skip


@pytest.mark.parametrize("number", range(len(TYPED)))
def test_parameters_whose_types_only_the_driver_knew_are_planned(
    blog: Database, twin_server: EmbeddedServer, number: int
) -> None:
    """The statement is run by PREPARE with types, and its text is what pg_stat_statements would hold."""
    text, values = list(TYPED.items())[number]
    numbered = text.format(*(f"${place}" for place in range(1, len(values) + 1)))
    snapshot = read_snapshot(blog.dsn)
    statement = make_statement(numbered)
    with open_twin(replace(snapshot, statements=(statement,)), twin_server) as twin:
        advice = advise(twin.snapshot, Goal(deadline_seconds=20), twins=[twin])
    assert advice.unplanned == ()
    assert advice.statements == 1
    # A series may have a thousand rows, for all that is known; and concat() is not IMMUTABLE. No index is better then.
    assert advice.cost_after < advice.cost_before or "generate_series" in text or "concat" in text
