"""On a real server: a check fires, its remedy is applied, it is quiet."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from time import sleep

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from pgwright.checks import run_checks
from pgwright.embedded import binaries
from pgwright.model.finding import Finding
from pgwright.model.policy import ClientPool, Policy, Retention
from pgwright.model.snapshot import Snapshot
from pgwright.remedies import make_fix, render_script
from pgwright.snapshot import read_snapshot
from tests.support.builders import run
from tests.support.database import Database

Work = Callable[[psycopg.Connection], object]
# Of this database's statements only.
RESET = "SELECT pg_stat_statements_reset(0, (SELECT oid FROM pg_database WHERE datname = current_database()), 0)"


def _nothing(connection: psycopg.Connection) -> None:
    """The app does nothing."""


def _as_read(snapshot: Snapshot) -> Snapshot:
    return snapshot


def _old_counters(snapshot: Snapshot) -> Snapshot:
    """As if the counters had counted for months."""
    return replace(snapshot, server=replace(snapshot.server, statistics_reset_at="2020-01-01 00:00:00+00"))


def _of_a_minute(snapshot: Snapshot) -> Snapshot:
    """As if the workload had been counted for a minute: the server of the tests counts since it started."""
    return replace(snapshot, observed_seconds=60.0)


def _forget(connection: psycopg.Connection) -> None:
    """Forget the statements that filled the tables."""
    connection.execute(RESET)


def _many(statement: str, times: int) -> Work:
    return lambda connection: [connection.execute(statement.encode(), (n % 100,)) for n in range(times)]


def _worked_off(poll: str, taken: str) -> Work:
    """Ask a queue of jobs for the next 60 times, and mark each that is found."""

    def work(connection: psycopg.Connection) -> None:
        for _ in range(60):
            for row in connection.execute(poll.encode()).fetchall():
                if taken:
                    connection.execute(f"UPDATE job SET {taken} WHERE id = %s".encode(), row)

    return work


def _of_this_database(setting: str) -> str:
    alter = f"format('ALTER DATABASE %I SET {setting.replace(chr(39), 2 * chr(39))}', current_database())"
    return f"DO $$ BEGIN EXECUTE {alter}; END $$"


@dataclass(frozen=True)
class Case:
    check: str
    setup: str
    objects: tuple[str, ...]
    """Of the findings, as they come."""
    work: Work = _nothing
    """What the app does before each reading."""
    by_hand: str = ""
    """The remedy, where the finding gives it in words only."""
    afterwards: str = ""
    """What time, or the next ANALYZE, would bring."""
    policy: Policy | None = None
    adjust: Callable[[Snapshot], Snapshot] = _as_read
    name: str = ""


CASES = [
    Case(
        "text-uuid-key",
        """
        CREATE TABLE users (id varchar(255) PRIMARY KEY DEFAULT (gen_random_uuid())::text);
        CREATE TABLE notes (id text PRIMARY KEY, user_id varchar(36) REFERENCES users ON DELETE CASCADE, owner_id text);
        CREATE INDEX ON notes (user_id);
        INSERT INTO users SELECT gen_random_uuid()::text FROM generate_series(1, 300);
        INSERT INTO notes SELECT gen_random_uuid()::text, id, id FROM users;
        ANALYZE
        """,
        ("notes (id)", "notes (owner_id)", "users (id)"),
        work=_forget,
    ),
    Case(
        "text-uuid-key",
        """
        CREATE SCHEMA "App";
        CREATE TABLE "App"."User" ("Id" text PRIMARY KEY, kind int);
        CREATE TABLE "App"."Event" ("userId" text REFERENCES "App"."User", at date) PARTITION BY RANGE (at);
        CREATE TABLE "App"."Event 1" PARTITION OF "App"."Event" FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
        INSERT INTO "App"."User" SELECT gen_random_uuid()::text FROM generate_series(1, 300);
        INSERT INTO "App"."Event" SELECT "Id", '2026-06-01' FROM "App"."User";
        ANALYZE
        """,
        ('"App"."User" ("Id")',),
        work=_forget,
        name="quoted names, partitions",
    ),
    Case(
        "missing-primary-key",
        "CREATE TABLE login (who int); CREATE TABLE tag (code text NOT NULL); CREATE UNIQUE INDEX uq ON tag (code)",
        ("login", "tag"),
    ),
    Case(
        "foreign-key-type-mismatch",
        """
        CREATE TABLE account (id bigint PRIMARY KEY);
        CREATE TABLE invoice (id int PRIMARY KEY, account_id int REFERENCES account);
        INSERT INTO account VALUES (1); INSERT INTO invoice VALUES (1, 1); ANALYZE
        """,
        ("invoice (account_id)",),
    ),
    Case(
        "sequence-near-limit",
        """
        CREATE TABLE event (id serial PRIMARY KEY); SELECT setval('event_id_seq', 2147483000);
        CREATE TABLE visit (id int GENERATED ALWAYS AS IDENTITY); SELECT setval('visit_id_seq', 2147483000)
        """,
        ("event_id_seq", "visit_id_seq"),
    ),
    Case(
        "foreign-key-without-cascade",
        """
        CREATE TABLE users (id int PRIMARY KEY);
        CREATE TABLE note (user_id int REFERENCES users ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED);
        CREATE TABLE "Tag" ("user" int CONSTRAINT "My key" REFERENCES users ON DELETE RESTRICT, at date)
            PARTITION BY RANGE (at);
        CREATE TABLE tag_1 PARTITION OF "Tag" DEFAULT
        """,
        ("users",),
        policy=Policy(cascade=("note (user_id)", '"Tag" ("user")')),
    ),
    Case(
        "unindexed-foreign-key",
        """
        CREATE TABLE talk (id int PRIMARY KEY); INSERT INTO talk SELECT generate_series(1, 100);
        CREATE TABLE message (talk_id int REFERENCES talk, at date);
        INSERT INTO message SELECT n % 100 + 1 FROM generate_series(1, 3000) n;
        CREATE TABLE event (talk_id int REFERENCES talk, at date) PARTITION BY RANGE (at);
        CREATE TABLE event_1 PARTITION OF event DEFAULT;
        INSERT INTO event SELECT n % 100 + 1, '2026-01-01' FROM generate_series(1, 2000) n;
        ANALYZE
        """,
        ("message (talk_id)", "event (talk_id)"),
    ),
    Case(
        "duplicate-index",
        """
        CREATE TABLE users (id int PRIMARY KEY, email text UNIQUE);
        CREATE INDEX ix_email ON users (email); CREATE UNIQUE INDEX uq_id ON users (id);
        CREATE INDEX ix_lower ON users (lower(email)); CREATE INDEX ix_pattern ON users (email text_pattern_ops)
        """,
        ("uq_id", "ix_email"),
    ),
    Case(
        "redundant-index",
        """
        CREATE TABLE message (talk_id int, at timestamptz);
        CREATE INDEX short ON message (talk_id); CREATE INDEX long ON message (talk_id, at DESC);
        CREATE INDEX partial ON message (talk_id) WHERE at IS NULL
        """,
        ("short",),
    ),
    Case(
        "unused-index",
        """
        CREATE TABLE orders (id int PRIMARY KEY, note text); INSERT INTO orders SELECT generate_series(1, 3000);
        CREATE INDEX ix_note ON orders (note); CREATE UNIQUE INDEX uq_note ON orders (note, id);
        CREATE MATERIALIZED VIEW totals AS SELECT * FROM orders; CREATE INDEX ix_totals ON totals (note);
        ANALYZE
        """,
        ("ix_note", "ix_totals"),
        adjust=_old_counters,
    ),
    Case(
        "invalid-index",
        """
        CREATE TABLE job (id int, status text); CREATE INDEX ix_status ON job (status);
        CREATE INDEX ix_status_ccnew ON job (status);
        UPDATE pg_index SET indisvalid = false
        WHERE indexrelid IN ('ix_status'::regclass, 'ix_status_ccnew'::regclass)
        """,
        ("ix_status", "ix_status_ccnew"),
    ),
    Case(
        "missing-soft-delete-index",
        """
        CREATE TABLE message (id int PRIMARY KEY, talk_id int, at timestamptz, deleted_at timestamptz);
        INSERT INTO message SELECT n, n % 100, now(), CASE WHEN n % 2 = 0 THEN now() END
        FROM generate_series(1, 3000) n;
        CREATE INDEX ON message (talk_id);
        ANALYZE
        """,
        ("message (talk_id)",),
        work=_many("SELECT * FROM message WHERE talk_id = %s AND deleted_at IS NULL ORDER BY at DESC LIMIT 5", 120),
    ),
    Case(
        "soft-delete-unique",
        """
        CREATE TABLE users (id int PRIMARY KEY, email text UNIQUE, name text, deleted_at timestamptz);
        CREATE UNIQUE INDEX uq_name ON users (lower(name)) WHERE name <> ''
        """,
        ("uq_name", "users_email_key"),
        policy=Policy(unique_among_living=("uq_name", "users_email_key")),
    ),
    Case(
        "sequential-scan-heavy",
        """
        CREATE TABLE job (id int PRIMARY KEY, status int);
        INSERT INTO job SELECT n, n % 1000 FROM generate_series(1, 20000) n;
        ANALYZE
        """,
        ("job",),
        work=_many("SELECT * FROM job WHERE status = %s", 60),
        by_hand="CREATE INDEX ON job (status)",
        afterwards="SELECT pg_stat_reset(); ANALYZE",
    ),
    Case(
        "rows-thrown-away",
        """
        CREATE TABLE job (id int PRIMARY KEY, queue int, status int);
        INSERT INTO job SELECT n, n % 20, n % 20000 FROM generate_series(1, 400000) n;
        CREATE INDEX ON job (queue);
        ANALYZE
        """,
        ("job",),
        work=_many("SELECT * FROM job WHERE queue = %s %% 20 AND status = 77", 60),
        by_hand="CREATE INDEX ON job (queue, status)",
        afterwards=f"{RESET}; ANALYZE",
        adjust=_of_a_minute,
    ),
    Case(
        "queue-polled-by-scan",
        """
        CREATE TABLE job (
            id int PRIMARY KEY, status text NOT NULL DEFAULT 'pending', log text, created_at timestamptz DEFAULT now()
        );
        INSERT INTO job SELECT n, CASE WHEN n % 4000 = 0 THEN 'pending' ELSE 'done' END, repeat('x', 200)
        FROM generate_series(1, 40000) n;
        ANALYZE
        """,
        ("job (status)",),
        work=_worked_off("SELECT id FROM job WHERE status = 'pending' ORDER BY created_at LIMIT 1", "status = 'done'"),
        afterwards=f"{RESET}; ANALYZE",
        adjust=_of_a_minute,
        name="looks",
    ),
    Case(
        "queue-polled-by-scan",
        """
        CREATE TABLE outbox (id int PRIMARY KEY, body text, sent_at timestamptz);
        INSERT INTO outbox SELECT n, repeat('x', 200), CASE WHEN n % 4000 <> 0 THEN now() END
        FROM generate_series(1, 40000) n;
        ANALYZE
        """,
        ("outbox (sent_at)",),
        work=_worked_off(
            "UPDATE outbox SET sent_at = now() WHERE id IN (SELECT id FROM outbox WHERE sent_at IS NULL"
            " ORDER BY id LIMIT 10 FOR UPDATE SKIP LOCKED) RETURNING body",
            "",
        ),
        afterwards=f"{RESET}; ANALYZE",
        adjust=_of_a_minute,
        name="takes",
    ),
    Case(
        "pattern-without-index",
        """
        CREATE TABLE contact (id int PRIMARY KEY, name text);
        INSERT INTO contact SELECT n, md5(n::text) FROM generate_series(1, 20000) n;
        ANALYZE
        """,
        ("contact (name)",),
        work=_many("SELECT * FROM contact WHERE name ILIKE '%%abc' || %s || '%%'", 60),
        adjust=_of_a_minute,
    ),
    Case(
        "cast-hides-index",
        """
        CREATE TABLE account (id int PRIMARY KEY, email varchar(80) UNIQUE);
        INSERT INTO account SELECT n, n || '@example.org' FROM generate_series(1, 20000) n;
        ANALYZE
        """,
        ("account (lower(email))",),
        work=_many("SELECT * FROM account WHERE lower(email) = lower(%s || '@Example.org')", 60),
        adjust=_of_a_minute,
    ),
    Case(
        "duplicate-foreign-key",
        """
        CREATE TABLE talk (id int PRIMARY KEY);
        CREATE TABLE message (talk_id int REFERENCES talk);
        ALTER TABLE message ADD CONSTRAINT "FK talk" FOREIGN KEY (talk_id) REFERENCES talk (id)
        """,
        ("message (message_talk_id_fkey)",),
    ),
    Case(
        "policy-per-row",
        """
        CREATE FUNCTION tenant() RETURNS int LANGUAGE sql STABLE AS $$ SELECT current_setting('app.tenant')::int $$;
        CREATE TABLE note (id int PRIMARY KEY, tenant_id int);
        INSERT INTO note SELECT n, n % 10 FROM generate_series(1, 20000) n;
        ALTER TABLE note ENABLE ROW LEVEL SECURITY;
        CREATE POLICY "One tenant" ON note USING (tenant_id = tenant() OR tenant_id = (SELECT tenant()));
        ANALYZE
        """,
        ('note ("One tenant")',),
        work=_many("SELECT count(*) FROM note WHERE tenant_id = %s", 60),
    ),
    Case(
        "never-analyzed",
        """
        CREATE TABLE event (id int) WITH (autovacuum_enabled = false);
        INSERT INTO event SELECT generate_series(1, 500);
        CREATE TABLE visit (id int) PARTITION BY RANGE (id); CREATE TABLE visit_1 PARTITION OF visit DEFAULT;
        INSERT INTO visit SELECT generate_series(1, 500); ANALYZE visit_1
        """,
        ("event", "visit"),
    ),
    Case(
        "dead-rows-high",
        """
        CREATE TABLE job (id int) WITH (autovacuum_enabled = false); INSERT INTO job SELECT generate_series(1, 40000);
        """,
        ("job",),
        work=lambda connection: connection.execute("DELETE FROM job WHERE id <= 30000"),
    ),
    Case(
        "no-statement-timeout",
        "CREATE TABLE users (id int)",
        ("{database}",),
        work=lambda connection: connection.execute("SELECT count(*) FROM users"),
    ),
    Case(
        "random-page-cost-high",
        "CREATE TABLE event AS SELECT repeat('x', 1900) AS body FROM generate_series(1, 2000); VACUUM ANALYZE",
        ("random_page_cost",),
        work=_many("SELECT count(*) FROM event WHERE body <> %s::text", 50),
        by_hand=_of_this_database("random_page_cost = 1.1"),
        adjust=_of_a_minute,
    ),
    Case(
        "work-mem-spills",
        "CREATE TABLE note AS SELECT n AS id, md5(n::text) AS body FROM generate_series(1, 100000) n; VACUUM ANALYZE",
        ("work_mem",),
        work=lambda connection: connection.execute("SELECT * FROM note ORDER BY body"),
        by_hand=_of_this_database("work_mem = '64MB'"),
        afterwards=RESET,
        adjust=_of_a_minute,
    ),
    Case(
        "extension-missing",
        "DROP EXTENSION pg_stat_statements",
        ("pg_stat_statements",),
    ),
    Case(
        "partition-missing",
        """
        CREATE TABLE event (id int, at timestamptz NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
        CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM ('1999-01-01') TO ('2999-01-01');
        CREATE TABLE "Visit" (id int, "On" date) PARTITION BY RANGE ("On")
        """,
        ('"Visit"', "event"),
        by_hand="""
        CREATE TABLE event_2 PARTITION OF event FOR VALUES FROM ('2999-01-01') TO (MAXVALUE);
        CREATE TABLE visit PARTITION OF "Visit" FOR VALUES FROM (MINVALUE) TO (MAXVALUE)
        """,
    ),
    Case(
        "public-schema-create",
        "GRANT CREATE ON SCHEMA public TO PUBLIC",
        ("public",),
    ),
]


def _read(database: Database, case: Case) -> tuple[Snapshot, list[Finding]]:
    _work(database, case.work)
    snapshot = case.adjust(read_snapshot(database.dsn, policy=case.policy))
    return snapshot, run(case.check, snapshot)


def _work(database: Database, work: Work) -> None:
    with database.counted_session() as connection:
        work(connection)


def _execute(database: Database, *statements: str) -> None:
    """Run each statement in a transaction of its own, as CONCURRENTLY and VACUUM need it."""
    with database.counted_session() as connection:
        for statement in statements:
            connection.execute(statement.encode())


def _mend(database: Database, snapshot: Snapshot, findings: list[Finding]) -> None:
    """Run what `fix` would write for the findings, then what they give to run by hand."""
    fix = make_fix(snapshot, findings)
    assert fix.refused == ()
    assert fix.remedies or any(finding.sql for finding in findings)
    script = render_script(fix, message="mend", database=database.name, taken_at=snapshot.taken_at)
    command = [str(binaries() / "psql"), "-X", "-q", "-d", database.dsn, "-f", "-"]
    subprocess.run(command, input=script, text=True, check=True, capture_output=True)
    _execute(database, *(statement for finding in findings if finding.sql for statement in finding.sql.split(";\n")))


@pytest.mark.parametrize("case", CASES, ids=[f"{case.check} {case.name}".strip() for case in CASES])
def test_fires_then_the_remedy_then_quiet(database: Database, case: Case) -> None:
    database.execute(case.setup)
    snapshot, found = _read(database, case)
    assert [finding.object for finding in found] == [name.format(database=database.name) for name in case.objects]
    if case.by_hand:
        _execute(database, case.by_hand)
    else:
        _mend(database, snapshot, found)
    if case.afterwards:
        database.execute(case.afterwards)
    assert _read(database, case)[1] == []


def test_a_role_without_rights_gets_answers_and_reasons_but_no_error(database: Database) -> None:
    role = f"{database.name}_nobody"
    database.execute(
        f"""
        CREATE ROLE {role} LOGIN;
        REVOKE CREATE ON SCHEMA public FROM PUBLIC;
        CREATE TABLE users (id text PRIMARY KEY, expires_at timestamptz, deleted_at timestamptz);
        INSERT INTO users SELECT gen_random_uuid()::text FROM generate_series(1, 3000); ANALYZE
        """
    )
    # Before PostgreSQL 15 a collector tells of it, a moment later.
    while database.rows("SELECT last_analyze FROM pg_stat_user_tables") == [(None,)]:
        sleep(0.1)
    try:
        result = run_checks(read_snapshot(make_conninfo(database.dsn, user=role), with_schema=False))
        what = {entry.what for entry in result.not_examined}
        assert {"text-uuid-key of users (id)", "retention-overdue of users (expires_at), users (deleted_at)"} <= what
        assert {finding.check for finding in result.findings} == {"no-statement-timeout"}
    finally:
        database.execute(f"DROP ROLE {role}")


def test_retention_overdue_after_the_batches(database: Database) -> None:
    database.execute(
        """
        CREATE TABLE token (id int PRIMARY KEY, expires_at timestamptz);
        INSERT INTO token SELECT n, now() + (n - 4000) * interval '1 hour' FROM generate_series(1, 6000) n;
        CREATE TABLE note (body text, deleted_at timestamp);
        INSERT INTO note SELECT '', CASE WHEN n % 3 = 0 THEN now() - n * interval '1 hour' END
        FROM generate_series(1, 9000) n;
        ANALYZE
        """
    )
    policy = Policy(retention_days=90, retention=(Retention("token (expires_at)", 2),))
    case = Case("retention-overdue", "", (), policy=policy)
    _, found = _read(database, case)
    assert [finding.object for finding in found] == ["token (expires_at)", "note (deleted_at)"][::-1]
    overdue = {finding.object: float(finding.evidence[0].value.split(", ")[0].replace(",", "")) for finding in found}
    assert overdue["token (expires_at)"] == pytest.approx(3_952, rel=0.05)
    assert overdue["note (deleted_at)"] == pytest.approx(2_280, rel=0.05)
    for finding in found:
        while database.rows(f"{finding.sql} RETURNING 1"):
            pass
    database.execute("ANALYZE")
    assert _read(database, case)[1] == []


def test_n_plus_one_suspect_until_all_rows_are_fetched_at_once(database: Database) -> None:
    database.execute(
        """
        CREATE TABLE notebook (id int PRIMARY KEY, user_id int);
        CREATE TABLE source (id int PRIMARY KEY, notebook_id int REFERENCES notebook);
        INSERT INTO notebook SELECT n, n % 10 FROM generate_series(1, 200) n;
        INSERT INTO source SELECT n, n % 200 + 1 FROM generate_series(1, 1000) n
        """
    )

    def loop(connection: psycopg.Connection) -> None:
        for user in range(10):
            rows = connection.execute("SELECT id FROM notebook WHERE user_id = %s", (user,)).fetchall()
            for (notebook,) in rows:
                connection.execute("SELECT id FROM source WHERE %s = source.notebook_id", (notebook,))

    def at_once(connection: psycopg.Connection) -> None:
        for user in range(10):
            rows = connection.execute("SELECT id FROM notebook WHERE user_id = %s", (user,)).fetchall()
            connection.execute("SELECT id FROM source WHERE notebook_id = ANY(%s)", ([row[0] for row in rows],))

    case = Case("n-plus-one-suspect", "", (), work=loop)
    (finding,) = _read(database, case)[1]
    assert (finding.object, finding.confidence) == ("source (notebook_id)", "likely")
    _forget_statements(database)
    assert _read(database, replace(case, work=at_once))[1] == []


def _forget_statements(database: Database) -> None:
    _work(database, _forget)


def test_deep_offset_until_pages_go_by_the_last_row_seen(database: Database) -> None:
    database.execute(
        """
        CREATE TABLE message (id int PRIMARY KEY, body text);
        INSERT INTO message SELECT n, repeat('x', 500) FROM generate_series(1, 20000) n;
        ANALYZE
        """
    )
    by_offset = _many("SELECT * FROM message ORDER BY id LIMIT 10 OFFSET 15000 + %s", 20)
    case = Case("deep-offset", "", (), work=by_offset)
    (finding,) = _read(database, case)[1]
    assert (finding.object, finding.confidence) == ("message", "likely")
    _forget_statements(database)
    by_key = _many("SELECT * FROM message WHERE id > 15000 + %s ORDER BY id LIMIT 10", 20)
    assert _read(database, replace(case, work=by_key))[1] == []


def test_unbounded_result_until_a_page_is_asked_for(database: Database) -> None:
    database.execute("CREATE TABLE event AS SELECT n AS id, repeat('x', 100) FROM generate_series(1, 10000) n; ANALYZE")
    whole = _many("SELECT * FROM event WHERE id > %s ORDER BY id", 60)
    case = Case("unbounded-result", "", (), work=whole, adjust=_of_a_minute)
    (finding,) = _read(database, case)[1]
    assert finding.object == "event"
    assert finding.worth is not None
    _forget_statements(database)
    page = _many("SELECT * FROM event WHERE id > %s ORDER BY id LIMIT 20", 60)
    assert _read(database, replace(case, work=page))[1] == []


ORDERS = """
CREATE TABLE orders (id int PRIMARY KEY, day date NOT NULL);
INSERT INTO orders SELECT n, date '2026-01-01' + n % 90 FROM generate_series(1, 5000) n;
CREATE VIEW living AS SELECT * FROM orders;
CREATE MATERIALIZED VIEW days AS SELECT day, count(*) AS orders FROM living GROUP BY day;
CREATE UNIQUE INDEX ON days (day);
CREATE MATERIALIZED VIEW "Empty" AS SELECT day FROM days WITH NO DATA;
CREATE TABLE pgwright_refreshes (view_name text PRIMARY KEY, refreshed_at timestamptz, data_at timestamptz,
    every interval, max_age interval);
ANALYZE
"""
OVERDUE = """
INSERT INTO pgwright_refreshes VALUES ('days', now() - interval '1 hour', now() - interval '2 hours', '5 min', '15 min')
"""


def test_stale_materialized_view_until_it_is_refreshed(database: Database) -> None:
    database.execute(ORDERS)
    _execute(database, OVERDUE)
    case = Case("stale-materialized-view", "", ())
    snapshot, found = _read(database, case)
    assert [(one.object, one.severity) for one in found] == [('"Empty"', "high"), ("days", "medium")]
    assert [(one.name.name, [source.name for source in one.sources]) for one in snapshot.materialized_views] == [
        ("Empty", ["days"]),
        ("days", ["orders"]),
    ]
    _mend(database, snapshot, found)
    assert _read(database, case)[1] == []


def test_stale_materialized_view_by_its_counters_until_it_is_refreshed(database: Database) -> None:
    database.execute(ORDERS)
    database.execute('REFRESH MATERIALIZED VIEW "Empty"; DROP TABLE pgwright_refreshes')
    _execute(database, "SELECT pg_stat_reset()")
    _forget_statements(database)
    writing = _many("INSERT INTO orders SELECT n, '2026-06-01' FROM generate_series(5001 + %s, 7000) n", 1)
    case = Case("stale-materialized-view", "", (), work=writing, adjust=_old_counters)
    snapshot, found = _read(database, case)
    assert [(one.object, one.confidence) for one in found] == [("days", "possible")]
    _mend(database, snapshot, found)
    # What reads it is behind now, until it is refreshed as well.
    assert [one.object for one in _read(database, replace(case, work=_nothing))[1]] == []


def test_count_each_page_until_one_row_more_is_asked_for(database: Database) -> None:
    database.execute(
        """
        CREATE TABLE event (id int PRIMARY KEY, kind int);
        INSERT INTO event SELECT n, n % 3 FROM generate_series(1, 50000) n;
        ANALYZE
        """
    )
    page = _many("SELECT * FROM event WHERE kind = %s %% 3 ORDER BY id LIMIT 21", 60)
    total = _many("SELECT count(*) FROM event WHERE kind = %s %% 3", 60)
    case = Case("count-each-page", "", (), work=lambda one: (page(one), total(one)), adjust=_of_a_minute)
    (finding,) = _read(database, case)[1]
    assert (finding.object, finding.confidence) == ("event (kind)", "likely")
    _forget_statements(database)
    assert _read(database, replace(case, work=page))[1] == []


SOUND = """
CREATE TABLE account (id int PRIMARY KEY, tenant_id int NOT NULL, email text NOT NULL, at timestamptz NOT NULL);
INSERT INTO account SELECT n, n % 400, n || '@example.org', '2026-01-01'::timestamptz + n * interval '1 minute'
FROM generate_series(1, 40000) n;
CREATE INDEX ON account (tenant_id, id);
CREATE UNIQUE INDEX ON account (lower(email));
CREATE INDEX ON account (at);
CREATE TABLE event (id int PRIMARY KEY, account_id int NOT NULL REFERENCES account, body text);
INSERT INTO event SELECT n, n % 40000 + 1, repeat('x', 200) FROM generate_series(1, 80000) n;
CREATE INDEX ON event (account_id, id);
ANALYZE
"""
SOUND_STATEMENTS = (
    "SELECT * FROM account WHERE lower(email) = lower(%s || '@Example.org')",
    "SELECT * FROM account WHERE tenant_id = %s AND email ILIKE '%%9%%'",
    "SELECT * FROM account WHERE at >= '2026-01-02'::date + %s AND at < '2026-01-02'::date + 10 ORDER BY at LIMIT 20",
    "SELECT * FROM event WHERE account_id = %s ORDER BY id DESC LIMIT 21",
    "SELECT * FROM event e JOIN account a ON a.id = e.account_id WHERE a.tenant_id = %s ORDER BY e.id LIMIT 50",
    "SELECT * FROM account a WHERE tenant_id = %s AND EXISTS (SELECT 1 FROM event e WHERE e.account_id = a.id)",
    "SELECT * FROM event WHERE account_id = ANY (ARRAY(SELECT id FROM account WHERE tenant_id = %s))",
    "SELECT tenant_id, count(*) FROM account WHERE id > %s GROUP BY tenant_id",
)


def test_a_sound_app_hears_nothing_of_its_statements(database: Database) -> None:
    database.execute(SOUND)
    with database.counted_session() as connection:
        for statement in SOUND_STATEMENTS:
            _many(statement, 60)(connection)
        for row in (1, 2):
            connection.execute("SELECT count(*) FROM event WHERE account_id = %s", (row,))
            with connection.cursor().copy("COPY (SELECT * FROM event) TO STDOUT") as copy:
                assert len(list(copy)) >= 80_000
    snapshot = _of_a_minute(read_snapshot(database.dsn))
    assert len(snapshot.statements) >= len(SOUND_STATEMENTS)
    for check in (
        "unbounded-result", "rows-thrown-away", "count-each-page", "pattern-without-index", "cast-hides-index",
    ):  # fmt: skip
        assert run(check, snapshot) == []


def test_superuser_application_until_it_works_as_the_role_that_the_finding_proposes(database: Database) -> None:
    database.execute("CREATE TABLE users (id serial PRIMARY KEY, name text)")
    work = _many("INSERT INTO users (name) VALUES (%s)", 120)
    case = Case("superuser-application", "", (), work=work)
    snapshot, (finding,) = _read(database, case)
    assert finding.object == "postgres"
    role = f"{database.name}_app"
    _mend(database, snapshot, [finding])
    try:
        _forget_statements(database)
        with psycopg.connect(database.dsn, user=role, autocommit=True) as connection:
            work(connection)
        assert _read(database, replace(case, work=_nothing))[1] == []
    finally:
        _execute(database, f"DROP OWNED BY {role}", f"DROP ROLE {role}")


def test_idle_in_transaction_until_the_session_ends(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("pgwright.checks.connections.idle_in_transaction"), "LONG_SECONDS", 0.0)
    case = Case("idle-in-transaction", "", ())
    with psycopg.connect(database.dsn, application_name="sleeper") as connection:
        connection.execute("SELECT 1")
        snapshot, found = _read(database, case)
        assert [finding.object for finding in found] == ["sleeper as postgres"]
        _mend(database, snapshot, found)
    assert _read(database, case)[1] == []


def test_pool_over_budget_until_the_pools_are_smaller(database: Database) -> None:
    def stated(size: int) -> Case:
        return Case("pool-over-budget", "", (), policy=Policy(pools=(ClientPool("api", size, processes=4),)))

    (finding,) = _read(database, stated(20))[1]
    assert finding.severity == "high"
    assert _read(database, stated(10))[1] == []


def test_transaction_id_wraparound_until_the_database_is_frozen(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.execute("CREATE TABLE event (id int)")
    for _ in range(40):
        database.execute("INSERT INTO event VALUES (1)")
    monkeypatch.setattr(import_module("pgwright.checks.vacuum.transaction_id_wraparound"), "LATE_AGE", 30)
    case = Case("transaction-id-wraparound", "", ())
    (finding,) = _read(database, case)[1]
    assert finding.object == database.name
    _execute(database, "VACUUM (FREEZE)")
    assert _read(database, case)[1] == []


def test_cache_hit_low_until_the_cache_is_warm(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    check = import_module("pgwright.checks.settings.cache_hit_low")
    monkeypatch.setattr(check, "FEWEST_BLOCKS", 10)
    database.execute("CREATE TABLE event AS SELECT repeat('x', 2000) FROM generate_series(1, 2000); CHECKPOINT")
    cold = replace(read_snapshot(database.dsn).server, blocks_hit=100, blocks_read=900)
    case = Case("cache-hit-low", "", (), adjust=lambda snapshot: replace(snapshot, server=cold))
    assert [finding.object for finding in _read(database, case)[1]] == [database.name]
    database.execute("SELECT pg_stat_reset()")
    assert _read(database, Case("cache-hit-low", "", (), work=_many("SELECT count(*) + %s FROM event", 50)))[1] == []


def test_after_a_reset_of_the_counters_nothing_is_said_of_the_statements(database: Database) -> None:
    """What reads the catalogs only is left in them: a score of ten for it would be for nothing."""
    _execute(database, "CREATE TABLE note (id int PRIMARY KEY, deleted_at timestamptz)")
    _execute(database, "INSERT INTO note SELECT i FROM generate_series(1, 5000) i", "ANALYZE")
    _forget_statements(database)
    snapshot = read_snapshot(database.dsn)
    assert snapshot.statements
    run = run_checks(snapshot)
    workload = {
        "deep-offset", "n-plus-one-suspect", "superuser-application", "missing-soft-delete-index", "unbounded-result",
        "rows-thrown-away", "count-each-page", "pattern-without-index", "cast-hides-index", "random-page-cost-high",
        "queue-polled-by-scan", "work-mem-spills",
    }  # fmt: skip
    assert workload.isdisjoint(run.names)
    assert workload == {name for one in run.not_examined for name in one.checks if "uses a table" in one.reason}
