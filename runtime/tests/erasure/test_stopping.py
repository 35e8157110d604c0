"""What stops an erasure before any row is read: columns, tables, rules, indexes, policies, each with an answer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Column, Engine, MetaData, Table, Text, create_engine

from pgwright_runtime.erasure import Anonymise, Delete, Erasure, ErasureStopped, Keep, Link, Unlink, erase, examine
from runtime.tests.support.erasure_shop import SECRET, AuditLog, Invoice, Note, User, make_erasure, make_shop
from tests.support.database import Database


@pytest.fixture
def shop(database: Database) -> Database:
    make_shop(database)
    return database


@pytest.fixture
def engine(shop: Database) -> Iterator[Engine]:
    engine = create_engine(shop.url("psycopg"))
    yield engine
    engine.dispose()


def found(engine: Engine, declared: Erasure) -> list[tuple[str, str, str]]:
    return [(stop.kind, stop.table, stop.column) for stop in examine(engine, declared)]


def without(table: object) -> dict[str, object]:
    """Return a declaration's rules and links without those of a table."""
    declared = make_erasure()
    links = [link for link in declared.links if getattr(link.what, "class_", None) is not table]
    return {"rules": [rule for rule in declared.rules if rule.table is not table], "links": links}


def test_nothing_stops_what_is_answered_for(engine: Engine) -> None:
    assert examine(engine, make_erasure()) == ()


def test_personal_columns_of_a_table_that_nothing_leads_to_are_named(engine: Engine) -> None:
    declared = make_erasure(**without(AuditLog))
    assert found(engine, declared) == [
        ("uncovered-column", "public.audit_log", "actor_email"),
        ("uncovered-column", "public.audit_log", "ip"),
    ]
    [stop, _] = examine(engine, declared)
    assert stop.answers[1] == "Keep('public.audit_log', reason=\"…\")"
    with pytest.raises(ErasureStopped, match=r"audit_log.ip is reached by no foreign key and no link"):
        erase(engine, declared, 3, secret=SECRET)


@pytest.mark.parametrize("answer", ["keep", "not_personal"])
def test_each_answer_quiets_it(engine: Engine, answer: str) -> None:
    given = without(AuditLog)
    if answer == "keep":
        rules = given["rules"]
        assert isinstance(rules, list)
        assert found(engine, make_erasure(**{**given, "rules": [*rules, Keep(AuditLog, "security, 90 days")]})) == []
    else:
        assert found(engine, make_erasure(**given, not_personal=[AuditLog.ip, "audit_log.actor_email"])) == []


def test_values_that_look_like_addresses_tell_a_column_whatever_its_name(shop: Database, engine: Engine) -> None:
    shop.execute("CREATE TABLE leads (id int PRIMARY KEY, who text)")
    shop.execute("INSERT INTO leads SELECT n, 'w' || n || '@x.test' FROM generate_series(1, 50) n; ANALYZE leads")
    [stop] = examine(engine, make_erasure())
    assert (stop.table, stop.column) == ("public.leads", "who")
    assert "its values look like e-mail addresses" in stop.message


def test_a_declared_column_counts_whatever_its_name(shop: Database, engine: Engine) -> None:
    shop.execute("CREATE TABLE habits (id int PRIMARY KEY, shoe_size text)")
    assert found(engine, make_erasure(personal=["habits.shoe_size"])) == [
        ("uncovered-column", "public.habits", "shoe_size")
    ]
    metadata = MetaData()
    users = Table("users", metadata, *(Column(one.name, one.type) for one in User.__table__.c))
    Table("habits", metadata, Column("shoe_size", Text, info={"personal": True}))
    declared = make_erasure()
    other = Erasure(users, declared.rules, links=declared.links)
    assert found(engine, other) == [("uncovered-column", "public.habits", "shoe_size")]


def test_a_column_called_as_what_leads_to_the_person_needs_a_link(shop: Database, engine: Engine) -> None:
    shop.execute("CREATE TABLE clicks (id int PRIMARY KEY, user_id bigint)")
    [stop] = examine(engine, make_erasure())
    assert (stop.kind, stop.table, stop.column) == ("unlinked-column", "public.clicks", "user_id")
    declared = make_erasure()
    links = [*declared.links, Link("clicks.user_id", User.id)]
    assert found(engine, make_erasure(links=links, rules=[*declared.rules, Delete("clicks")])) == []


def test_a_foreign_key_that_does_not_say_needs_a_rule(engine: Engine) -> None:
    declared = make_erasure(**without(Invoice))
    [stop] = examine(engine, declared)
    assert (stop.kind, stop.table, stop.column) == ("undecided-table", "public.invoices", "user_id")
    assert "Delete('public.invoices', via=['user_id'])" in stop.answers


def test_a_rule_that_could_mean_several_keys_needs_a_way(shop: Database, engine: Engine) -> None:
    shop.execute("CREATE TABLE talks (id int PRIMARY KEY, a bigint REFERENCES users, b bigint REFERENCES users)")
    rules = make_erasure().rules
    kinds = [(stop.kind, stop.column) for stop in examine(engine, make_erasure(rules=[*rules, Delete("talks")]))]
    assert ("undecided-table", "a") in kinds
    assert ("undecided-table", "b") in kinds
    ways = [Delete("talks", via="a"), Anonymise("talks", {"b": None}, via="b")]
    assert found(engine, make_erasure(rules=[*rules, *ways])) == []


def test_what_stays_cannot_hang_on_what_goes(shop: Database, engine: Engine) -> None:
    rules = [rule for rule in make_erasure().rules if rule.table is not Invoice]
    [stop] = examine(engine, make_erasure(rules=[*rules, Keep(Invoice, "§ 147 AO")]))
    assert (stop.kind, stop.table) == ("contradiction", "public.invoices")
    assert (
        found(engine, make_erasure(rules=[*rules, Keep(Invoice, "§ 147 AO"), Anonymise(User, {User.email: "x"})])) == []
    )


def test_a_cascade_may_not_take_what_is_to_be_kept(engine: Engine) -> None:
    kept = make_erasure(rules=[*make_erasure().rules, Keep(Note, "evidence")])
    assert ("contradiction", "public.notes", "user_id") in found(engine, kept)


def test_columns_of_what_stays_are_covered_one_by_one(engine: Engine) -> None:
    rules = [rule for rule in make_erasure().rules if rule.table is not Invoice]
    declared = make_erasure(rules=[*rules, Anonymise(Invoice, {Invoice.user_id: None})], personal=[Invoice.ship_to])
    assert found(engine, declared) == [("uncovered-column", "public.invoices", "ship_to")]


def test_a_rule_without_effect_is_told(shop: Database, engine: Engine) -> None:
    shop.execute("CREATE TABLE planets (id int PRIMARY KEY)")
    stops = found(engine, make_erasure(rules=[*make_erasure().rules, Delete("planets"), Delete("plannets")]))
    assert stops == [("rule-without-effect", "plannets", ""), ("rule-without-effect", "public.planets", "")]


def test_a_missing_index_is_told_with_its_remedy_and_stops(shop: Database, engine: Engine) -> None:
    shop.execute("DROP INDEX visits_user_id_idx; DROP INDEX documents_readers_idx; DROP INDEX events_expr_idx")
    shop.execute("INSERT INTO visits SELECT 1 + n % 20, '10.0.0.2' FROM generate_series(1, 60000) n")
    shop.execute("INSERT INTO documents SELECT n, ARRAY[1] FROM generate_series(100, 60000) n")
    shop.execute("""INSERT INTO events SELECT n, '{"user_id": 1}' FROM generate_series(200, 60000) n""")
    stops = {stop.table: stop for stop in examine(engine, make_erasure())}
    assert {stop.kind for stop in stops.values()} == {"missing-index"}
    remedies = [stop.answers[0] for stop in stops.values()]
    assert sorted(remedies) == [
        'CREATE INDEX CONCURRENTLY ON "public"."documents" USING gin ("readers");',
        'CREATE INDEX CONCURRENTLY ON "public"."events" ((payload ->> \'user_id\'));',
        'CREATE INDEX CONCURRENTLY ON "public"."visits" ("user_id");',
    ]
    with pytest.raises(ErasureStopped, match="would be read whole"):
        erase(engine, make_erasure(), 3, secret=SECRET)
    for remedy in remedies:
        shop.execute(remedy)
    assert examine(engine, make_erasure()) == ()


def test_a_scan_that_is_allowed_finds_the_rows(shop: Database, engine: Engine) -> None:
    shop.execute("DROP INDEX visits_user_id_idx")
    shop.execute("INSERT INTO visits SELECT 1 + n % 20, '10.0.0.2' FROM generate_series(1, 60000) n")
    erase(engine, make_erasure(), 3, secret=SECRET, allow_scan=True)
    assert shop.rows("SELECT count(*) FROM visits WHERE user_id = 3") == [(0,)]


def test_a_role_that_row_security_hides_rows_from_is_told(shop: Database, engine: Engine) -> None:
    shop.execute("ALTER TABLE notes ENABLE ROW LEVEL SECURITY; CREATE ROLE blind NOSUPERUSER LOGIN;"
                 "GRANT ALL ON ALL TABLES IN SCHEMA public TO blind")  # fmt: skip
    try:
        blind = create_engine(shop.url("psycopg"), connect_args={"options": "-c role=blind"})
        assert found(blind, make_erasure()) == [("row-security", "public.notes", "")]
        blind.dispose()
        assert examine(engine, make_erasure()) == ()
    finally:
        shop.execute("DROP OWNED BY blind; DROP ROLE blind")


def test_rows_of_others_lose_their_link_and_what_hangs_on_them_is_nobodys(shop: Database, engine: Engine) -> None:
    shop.execute(
        "CREATE TABLE recipes (id int PRIMARY KEY, user_id bigint REFERENCES users, name text);"
        "CREATE TABLE steps (id int PRIMARY KEY, recipe_id int NOT NULL REFERENCES recipes, body text);"
        "INSERT INTO recipes VALUES (1, 3, 'soup'), (2, 4, 'cake'); INSERT INTO steps VALUES (1, 1, 'boil')"
    )
    assert [stop.kind for stop in examine(engine, make_erasure())] == ["undecided-table"]
    outcome = erase(engine, make_erasure(rules=[*make_erasure().rules, Unlink("recipes.user_id")]), 3, secret=SECRET)
    assert {one.table: one.unlinked for one in outcome.tables}["public.recipes"] == 1
    assert shop.rows("SELECT user_id, name FROM recipes ORDER BY id") == [(None, "soup"), (4, "cake")]
    assert shop.rows("SELECT count(*) FROM steps") == [(1,)]


def test_a_key_that_cannot_be_null_cannot_be_unlinked(shop: Database, engine: Engine) -> None:
    shop.execute("CREATE TABLE recipes (id int PRIMARY KEY, user_id bigint NOT NULL REFERENCES users)")
    declared = make_erasure(rules=[*make_erasure().rules, Unlink("recipes.user_id")])
    assert found(engine, declared) == [("contradiction", "public.recipes", "user_id")]
