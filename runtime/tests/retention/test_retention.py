"""What is due goes, with what hangs on it; what is held stays, with what it hangs on; and the plan says the same."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import BigInteger, Column, DateTime, Engine, ForeignKey, Integer, MetaData, String, Table, exists, text

from pgwright_runtime import create_async_engine, create_engine
from pgwright_runtime.batches import LockHeld, Pace
from pgwright_runtime.batches.run import running
from pgwright_runtime.retention import (
    ClockSkew,
    Expired,
    KeepLast,
    LegalHold,
    OlderThan,
    Retention,
    RetentionRefused,
    SoftDeleted,
    UnknownTable,
)
from pgwright_runtime.retention.retention import LOCK
from runtime.tests.support.retention_house import DAY, Comment, House, Invoice, Note, Owner, Version, retention
from tests.support.database import Database

QUICK = Pace(busy=1)
FILL = """
INSERT INTO owner SELECT n, CASE WHEN n % 3 = 0 THEN now() - interval '100 days' END, n % 30 = 0
    FROM generate_series(1, 60) n;
INSERT INTO note SELECT n, 1 + n % 60, CASE WHEN n % 7 = 0 THEN n / 7 END,
    CASE WHEN n % 5 = 0 THEN now() - interval '95 days' END FROM generate_series(1, 600) n;
INSERT INTO comment SELECT 1 + n % 600, n, 'x', n % 400 = 0 FROM generate_series(1, 1800) n;
INSERT INTO invoice SELECT n, 1 + n % 50, now() - interval '11 years' * (n % 2) FROM generate_series(1, 40) n;
INSERT INTO version SELECT n, 1 + n % 400, n FROM generate_series(1, 2000) n;
"""


OF_HELD_OWNERS = """
SELECT count(*) FROM version v JOIN note n ON n.id = v.note_id JOIN owner o ON o.id = n.owner_id WHERE o.on_hold
"""


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    engine = create_engine(database.url())
    yield engine
    engine.dispose()


@pytest.fixture
def house(engine: Engine, database: Database) -> Engine:
    House.metadata.create_all(engine)
    database.execute(FILL)
    database.execute("ANALYZE")
    return engine


def number(engine: Engine, query: str) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(query)).scalar_one())


def test_a_run_deletes_what_the_plan_has_counted(house: Engine) -> None:
    plan = retention().plan(house)
    run = retention().run(house, pace=QUICK)
    assert run.is_done
    assert [(one.name, one.rows, one.kept) for one in run.rules] == [
        (one.name, one.rows, one.kept) for one in plan.rules
    ]
    again = retention().plan(house)
    assert again.rows == 0
    assert [one.kept for one in again.rules] == [one.kept for one in plan.rules]


async def test_an_async_engine_does_the_same(house: Engine, database: Database) -> None:
    engine = create_async_engine(database.url())
    plan = await retention().plan(engine)
    run = await retention().run(engine, pace=QUICK)
    await engine.dispose()
    assert plan.rows == run.rows > 0
    assert retention().plan(house).rows == 0


def test_children_go_before_their_parents(house: Engine) -> None:
    names = [one.name.split()[0] for one in retention().plan(house).rules]
    assert names.index("version") < names.index("note") < names.index("owner")
    assert names.index("invoice") < names.index("owner")


def test_a_held_row_keeps_all_that_it_hangs_on(house: Engine) -> None:
    rules = Retention(
        [OlderThan(Owner.deleted_at, age=90 * DAY)], holds=[LegalHold(Comment, Comment.on_hold, "dispute")]
    )
    with house.begin() as connection:
        connection.execute(text("DELETE FROM invoice"))
        connection.execute(text("UPDATE comment SET on_hold = false"))
        connection.execute(text("UPDATE comment SET on_hold = true WHERE (note_id, number) = (62, 61)"))
    owner = number(house, "SELECT owner_id FROM note WHERE id = 62")
    with house.begin() as connection:
        connection.execute(text("UPDATE note SET parent_id = NULL"))
        connection.execute(
            text("UPDATE owner SET deleted_at = now() - interval '91 days' WHERE id = :id"), {"id": owner}
        )
    run = rules.run(house, pace=QUICK)
    assert run.rules[0].kept == {"what hangs on it is held: dispute": 1}
    assert number(house, "SELECT count(*) FROM owner WHERE deleted_at IS NOT NULL") == 1
    assert number(house, f"SELECT count(*) FROM note WHERE owner_id = {owner}") == 10


def test_a_held_subject_keeps_all_that_refers_to_it(house: Engine) -> None:
    before = number(house, OF_HELD_OWNERS)
    run = retention().run(house, pace=QUICK)
    assert run.rules[1].name == "version (number)"
    assert "held: litigation" in run.rules[1].kept
    after = number(house, OF_HELD_OWNERS)
    assert after == before > 0


def test_a_table_of_holds_holds(house: Engine) -> None:
    with house.begin() as connection:
        connection.execute(text("CREATE TABLE legal_hold (owner_id bigint REFERENCES owner)"))
        connection.execute(text("INSERT INTO legal_hold VALUES (3)"))
        connection.execute(text("DELETE FROM invoice"))
        # Else a note of this owner hangs on one of another, which stays for it.
        connection.execute(text("UPDATE note SET parent_id = NULL"))
    table = Table("legal_hold", MetaData(), Column("owner_id", BigInteger))
    hold = LegalHold(Owner, exists().where(table.c.owner_id == Owner.id), "court", covers_below=True)
    Retention([OlderThan(Owner.deleted_at, age=90 * DAY)], holds=[hold]).run(house, pace=QUICK)
    assert number(house, "SELECT count(*) FROM owner WHERE deleted_at IS NOT NULL") == 1


def test_a_row_that_refers_with_no_action_keeps_its_parent_and_is_named(house: Engine) -> None:
    run = Retention([OlderThan(Owner.deleted_at, age=90 * DAY)]).run(house, pace=QUICK)
    assert run.rules[0].kept == {"invoice (owner_id) refers to it": 13}
    assert number(house, "SELECT count(*) FROM owner WHERE deleted_at IS NOT NULL") == 13


def test_a_foreign_key_that_is_stated_to_cascade_does_though_the_database_would_refuse(house: Engine) -> None:
    rules = Retention([OlderThan(Owner.deleted_at, age=90 * DAY)], cascade=[Invoice.owner_id])
    plan, run = rules.plan(house), rules.run(house, pace=QUICK)
    assert plan.rules[0].rows == run.rules[0].rows
    assert (run.rules[0].rows["owner"], run.rules[0].rows["invoice"], run.rules[0].kept) == (20, 13, {})


def test_only_a_foreign_key_can_be_stated_to_cascade() -> None:
    with pytest.raises(ValueError, match="refers to nothing"):
        Retention([], cascade=[Owner.deleted_at])


def test_only_rows_that_a_policy_is_about_count_among_the_last(house: Engine) -> None:
    old = KeepLast(Version.note_id, newest=Version.number, rows=1, where=Version.number <= 800)
    Retention([old]).run(house, pace=QUICK)
    assert number(house, "SELECT count(*) FROM version WHERE number <= 800") == 400
    assert number(house, "SELECT count(*) FROM version WHERE number > 800") == 1200


def test_a_foreign_key_that_no_model_knows_counts(house: Engine) -> None:
    with house.begin() as connection:
        connection.execute(text("DELETE FROM invoice"))
        connection.execute(text("CREATE TABLE ledger (owner_id bigint REFERENCES owner, id bigint PRIMARY KEY)"))
        connection.execute(text("INSERT INTO ledger VALUES (3, 1)"))
    run = Retention([OlderThan(Owner.deleted_at, age=90 * DAY)]).run(house, pace=QUICK)
    assert run.rules[0].kept == {"ledger (owner_id) refers to it": 1}


def test_only_the_last_of_each_parent_stay(house: Engine) -> None:
    Retention([KeepLast(Version.note_id, newest=Version.number, rows=3)]).run(house, pace=QUICK)
    assert number(house, "SELECT max(rows) FROM (SELECT count(*) AS rows FROM version GROUP BY note_id) v") == 3
    assert number(house, "SELECT count(*) FROM version WHERE number <= 800") == 0


def test_a_row_with_more_below_than_a_batch_holds_goes_in_parts(engine: Engine) -> None:
    House.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO owner VALUES (1, now() - interval '1 year', false)"))
        connection.execute(text("INSERT INTO note SELECT n, 1, NULL, NULL FROM generate_series(1, 3000) n"))
        connection.execute(text("INSERT INTO comment SELECT 1, n, '', false FROM generate_series(1, 4000) n"))
        connection.execute(text("ANALYZE"))
    rules = Retention([OlderThan(Owner.deleted_at, age=90 * DAY)])
    run = rules.run(engine, pace=QUICK)
    assert run.rules[0].rows == {"owner": 1, "note": 3000, "comment": 4000}
    assert run.rules[0].batches >= 4


def test_a_held_row_far_below_keeps_a_row_with_very_many(engine: Engine) -> None:
    House.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO owner VALUES (1, now() - interval '1 year', false)"))
        connection.execute(text("INSERT INTO note SELECT n, 1, NULL, NULL FROM generate_series(1, 3000) n"))
        connection.execute(text("INSERT INTO comment SELECT 1, n, '', n = 4000 FROM generate_series(1, 4000) n"))
    rules = Retention(
        [OlderThan(Owner.deleted_at, age=90 * DAY)], holds=[LegalHold(Comment, Comment.on_hold, "dispute")]
    )
    plan, run = rules.plan(engine), rules.run(engine, pace=QUICK)
    assert run.rules[0].kept == plan.rules[0].kept == {"what hangs on it is held: dispute": 1}
    assert number(engine, "SELECT count(*) FROM comment") == 4000


def test_tables_in_a_circle_go_together(engine: Engine) -> None:
    metadata = MetaData()
    team = Table(
        "team", metadata, Column("id", Integer, primary_key=True), Column("lead_id", Integer, nullable=False),
        Column("deleted_at", DateTime(timezone=True), index=True), info={"soft_delete": True},
    )  # fmt: skip
    Table(
        "member", metadata, Column("id", Integer, primary_key=True),
        Column("team_id", ForeignKey(team.c.id), nullable=False, index=True),
        Column("deleted_at", DateTime(timezone=True), index=True), info={"soft_delete": True},
    )  # fmt: skip
    with engine.begin() as connection:
        metadata.create_all(connection)
        connection.execute(
            text("""
            ALTER TABLE team ADD FOREIGN KEY (lead_id) REFERENCES member DEFERRABLE;
            CREATE INDEX ON team (lead_id);
            SET CONSTRAINTS ALL DEFERRED;
            INSERT INTO team SELECT n, n, now() - interval '1 year' * (n % 2) FROM generate_series(1, 10) n;
            INSERT INTO member SELECT n, n, now() - interval '1 year' * (n % 2) FROM generate_series(1, 10) n
        """)
        )
    rules = Retention([SoftDeleted(metadata)])
    assert rules.plan(engine).rows == 10
    assert rules.run(engine, pace=QUICK).rows == 10
    assert number(engine, "SELECT count(*) FROM team") == number(engine, "SELECT count(*) FROM member") == 5


def test_composite_keys_and_two_deletions_at_one_moment(house: Engine) -> None:
    with house.begin() as connection:
        connection.execute(text("UPDATE comment SET text = 'old'"))
        connection.execute(text("ALTER TABLE comment ADD expires_at timestamptz DEFAULT now() - interval '1 hour'"))
        connection.execute(text("CREATE INDEX ON comment (expires_at)"))
    table = Table("comment", MetaData(), Column("note_id", BigInteger, primary_key=True),
                  Column("number", Integer, primary_key=True), Column("expires_at", DateTime(True)))  # fmt: skip
    rows = number(house, "SELECT count(*) FROM comment")
    run = Retention([Expired(table.c.expires_at)]).run(house, pace=Pace(busy=1, first_rows=7, most_rows=50))
    assert run.rows == rows
    assert number(house, "SELECT count(*) FROM comment") == 0


@pytest.mark.parametrize("is_indexed", [True, False])
def test_a_table_without_key_goes_by_its_places(engine: Engine, is_indexed: bool) -> None:
    table = Table("session", MetaData(), Column("expires_at", DateTime(True)))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE session (expires_at timestamptz, data text)"))
        connection.execute(
            text(
                "INSERT INTO session SELECT now() - interval '1 hour' * (n % 3 - 1), '' FROM generate_series(1, 9000) n"
            )
        )
        if is_indexed:
            connection.execute(text("CREATE INDEX ON session (expires_at)"))
        connection.execute(text("ANALYZE"))
    rules = Retention([Expired(table.c.expires_at)])
    due = rules.plan(engine).rows
    assert due in (3000, 6000)
    assert rules.run(engine, pace=QUICK).rows >= due
    assert number(engine, "SELECT count(*) FROM session WHERE expires_at < now() - interval '1 second'") == 0


def test_what_stands_for_never_is_not_due(engine: Engine) -> None:
    table = Table("token", MetaData(), Column("id", Integer, primary_key=True), Column("expires_at", DateTime(True)))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE token (id serial PRIMARY KEY, expires_at timestamptz)"))
        connection.execute(text("CREATE INDEX ON token (expires_at)"))
        connection.execute(
            text("""INSERT INTO token (expires_at) VALUES (NULL), ('infinity'), ('-infinity'), ('1000-01-01'),
                ('1970-01-01'), (now() + interval '1 minute'), ('20000-01-01'), (now() - interval '1 minute')""")
        )
    assert Retention([Expired(table.c.expires_at)]).run(engine).rows == 1
    assert number(engine, "SELECT count(*) FROM token") == 7


@pytest.mark.parametrize(
    ("kind", "value", "epoch"),
    [
        ("timestamp", "now() AT TIME ZONE 'UTC'", None),
        ("date", "(now() AT TIME ZONE 'UTC')::date", None),
        ("bigint", "extract(epoch FROM now())", "seconds"),
        ("bigint", "extract(epoch FROM now()) * 1000", "milliseconds"),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Etc/GMT+12"])
def test_a_moment_means_the_same_in_every_type_and_session_zone(
    engine: Engine, database: Database, kind: str, value: str, epoch: str | None, zone: str
) -> None:
    database.execute(f"ALTER DATABASE {database.name} SET timezone = '{zone}'")
    table = Table("t", MetaData(), Column("id", Integer, primary_key=True), Column("at", String))
    days = (
        "interval '{} days'" if epoch is None else "{} * 86400::bigint" + (" * 1000" if epoch == "milliseconds" else "")
    )
    with engine.begin() as connection:
        connection.execute(text(f"CREATE TABLE t (id serial PRIMARY KEY, at {kind})"))
        for age in (0, 29, 32):
            connection.execute(text(f"INSERT INTO t (at) VALUES ({value} - {days.format(age)})"))
    assert Retention([OlderThan(table.c.at, age=30 * DAY, epoch=epoch)]).run(engine).rows == 1  # type: ignore[arg-type]


def test_a_column_of_no_moments_is_refused(engine: Engine) -> None:
    table = Table("t", MetaData(), Column("id", Integer, primary_key=True), Column("at", Integer))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (id serial PRIMARY KEY, at int)"))
    with pytest.raises(RetentionRefused, match="say what its numbers count, as in epoch='seconds'"):
        Retention([OlderThan(table.c.at, age=DAY)]).run(engine)


def test_a_large_table_without_index_is_refused_with_the_remedy_unless_forced(engine: Engine) -> None:
    table = Table("t", MetaData(), Column("id", Integer, primary_key=True), Column("expires_at", DateTime(True)))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (id serial PRIMARY KEY, expires_at timestamptz)"))
        connection.execute(
            text(
                "INSERT INTO t (expires_at) SELECT now() - interval '1 hour' * (n % 4 - 1) "
                "FROM generate_series(1, 120000) n"
            )
        )
        connection.execute(text("ANALYZE t"))
    rules = Retention([Expired(table.c.expires_at)])
    assert 'CREATE INDEX CONCURRENTLY ON "t" ("expires_at", "id")' in rules.plan(engine).refusals[0]
    with pytest.raises(RetentionRefused, match="Index"):
        rules.run(engine)
    run = rules.run(engine, force=True, pace=QUICK)
    assert run.rows in (60_000, 90_000)
    assert rules.plan(engine).rules[0].walk == "along its key, all rows"


def test_a_foreign_key_without_index_is_refused_also_where_it_sets_null(engine: Engine) -> None:
    table = Table("t", MetaData(), Column("id", Integer, primary_key=True), Column("expires_at", DateTime(True)))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (id serial PRIMARY KEY, expires_at timestamptz)"))
        connection.execute(text("CREATE TABLE child (t_id int REFERENCES t ON DELETE SET NULL)"))
        connection.execute(text("INSERT INTO child SELECT NULL FROM generate_series(1, 120000)"))
        connection.execute(text("ANALYZE child"))
    with pytest.raises(RetentionRefused, match=r"child_t_id_fkey .* ON DELETE SET NULL\. CREATE INDEX"):
        Retention([Expired(table.c.expires_at)]).run(engine)


def test_rows_of_one_moment_are_not_sorted_for_each_batch(engine: Engine) -> None:
    table = Table("t", MetaData(), Column("id", Integer, primary_key=True), Column("deleted_at", DateTime(True)))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (id serial PRIMARY KEY, deleted_at timestamptz)"))
        connection.execute(text("INSERT INTO t (deleted_at) SELECT '2020-01-01' FROM generate_series(1, 50000)"))
        connection.execute(text("CREATE INDEX ON t (deleted_at)"))
        connection.execute(text("ANALYZE t"))
    rules = Retention([OlderThan(table.c.deleted_at, age=DAY)])
    (rule,) = rules.plan(engine).rules
    assert rule.rows == {"t": 50_000}
    assert rule.walk == "along its key, all rows"
    assert "share one moment" in rule.advice[0]


def test_two_never_run_at_once(house: Engine) -> None:
    with running(house, lambda seconds: None, LOCK, pace=QUICK), pytest.raises(LockHeld, match="runs already"):
        retention().run(house)


def test_it_ends_at_its_limit_and_the_next_run_goes_on(house: Engine) -> None:
    first = retention().run(house, limit=timedelta(milliseconds=1))
    assert (first.is_done, first.ended) == (False, "out of time")
    assert retention().run(house, pace=QUICK).is_done
    assert retention().plan(house).rows == 0


def test_clocks_that_differ_by_hours_stop_it(house: Engine) -> None:
    with pytest.raises(ClockSkew, match="One of them is wrong"):
        retention().run(house, max_clock_difference=timedelta(0))
    assert retention().plan(house).rows > 0


def test_a_table_that_the_database_does_not_have_is_named(engine: Engine) -> None:
    with pytest.raises(UnknownTable, match="owner"):
        Retention([OlderThan(Owner.deleted_at, age=DAY)]).run(engine)


def test_row_security_that_hides_rows_stops_it(house: Engine, database: Database) -> None:
    with house.begin() as connection:
        connection.execute(text("ALTER TABLE note ENABLE ROW LEVEL SECURITY"))
        connection.execute(text(f"CREATE ROLE janitor_{database.name} LOGIN"))
        connection.execute(text(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO janitor_{database.name}"))
    janitor = create_engine(database.url(), connect_args={"options": f"-c role=janitor_{database.name}"})
    try:
        with pytest.raises(RetentionRefused, match="row-level security hides rows of note"):
            Retention([OlderThan(Owner.deleted_at, age=DAY)]).run(janitor)
    finally:
        janitor.dispose()
        with house.begin() as connection:
            connection.execute(text(f"DROP OWNED BY janitor_{database.name}; DROP ROLE janitor_{database.name}"))


def test_a_row_that_somebody_holds_is_left_to_the_next_run(house: Engine) -> None:
    rules = Retention([SoftDeleted(House.metadata)])
    due = rules.plan(house).rules[0].rows["note"]
    with house.connect() as holder:
        holder.execute(text("SELECT FROM note WHERE id = 5 FOR UPDATE"))
        rules.run(house, pace=Pace(busy=1, lock_timeout_ms=50))
        holder.rollback()
    assert 0 < number(house, "SELECT count(*) FROM note WHERE deleted_at < now() - interval '90 days'") < due
    rules.run(house, pace=QUICK)
    assert rules.plan(house).rows == 0


def test_a_row_that_is_restored_in_time_stays(house: Engine) -> None:
    with house.begin() as connection:
        connection.execute(text("UPDATE note SET deleted_at = NULL WHERE id = 5"))
    Retention([SoftDeleted([Note])]).run(house, pace=QUICK)
    assert number(house, "SELECT count(*) FROM note WHERE id = 5") == 1


def test_models_without_a_mark_are_told() -> None:
    with pytest.raises(ValueError, match="were the models imported"):
        Retention([SoftDeleted(MetaData())])


def test_no_table_is_no_policy() -> None:
    with pytest.raises(TypeError, match="is no column of a table"):
        Retention([Expired("expires_at")])  # type: ignore[arg-type]


def test_partitions_are_advised_where_rows_go_as_they_came(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pgwright_runtime.retention.partitions.worth.LARGE_BYTES", 1_000_000)
    table = Table("log", MetaData(), Column("id", Integer, primary_key=True), Column("at", DateTime(True)))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE log (id serial PRIMARY KEY, at timestamptz)"))
        connection.execute(
            text(
                "INSERT INTO log (at) SELECT now() - interval '1 minute' * (50000 - n) FROM generate_series(1, 50000) n"
            )
        )
        connection.execute(text("CREATE INDEX ON log (at); ANALYZE log"))
    (rule,) = Retention([OlderThan(table.c.at, age=7 * DAY)]).plan(engine).rules
    assert "partitions by at would serve better" in rule.advice[0]
