from __future__ import annotations

import psycopg

from pgwright.model.server import Role, RoleSetting
from pgwright.snapshot import read_snapshot
from tests.support.builders import (
    evidence,
    make_session,
    make_setting,
    make_snapshot,
    make_statement,
    make_table,
    not_examined,
    run,
)
from tests.support.database import Database
from tests.support.roles import role_of

CHECK = "no-statement-timeout"
NONE = make_setting("statement_timeout", "0")
APP = make_statement("SELECT 1", role="app")


def _role(role: str, value: str) -> RoleSetting:
    return RoleSetting(role, "statement_timeout", value)


def test_fires_for_an_app_role_without_a_timeout() -> None:
    (finding,) = run(CHECK, make_snapshot(NONE, APP))
    assert finding.object == "shop"
    assert finding.sql == "ALTER ROLE app IN DATABASE shop SET statement_timeout = '30s'"


def test_quiet_when_the_server_the_database_or_the_role_has_one() -> None:
    assert run(CHECK, make_snapshot(make_setting("statement_timeout", "30s", "30000"), APP)) == []
    assert run(CHECK, make_snapshot(NONE, APP, role_settings=(_role("", "30s"),))) == []
    assert run(CHECK, make_snapshot(NONE, APP, role_settings=(_role("app", "30s"),))) == []


def test_a_role_may_switch_it_off_again() -> None:
    settings = (_role("", "30s"), _role("app", "0"))
    assert run(CHECK, make_snapshot(NONE, APP, role_settings=settings))


def test_the_setting_of_our_own_role_is_not_the_servers() -> None:
    ours = make_setting("statement_timeout", "10s", "10000")
    assert run(CHECK, make_snapshot(ours, APP, role_settings=(_role("reader", "10s"),)))


def test_superusers_matter_only_when_there_is_no_other_role() -> None:
    roles = Role("postgres", True, True), Role("app", False, False)
    (finding,) = run(CHECK, make_snapshot(NONE, APP, make_session(role="postgres"), *roles))
    assert evidence(finding)["roles without one"] == "app"
    (finding,) = run(CHECK, make_snapshot(NONE, make_session(role="postgres"), *roles))
    assert evidence(finding)["roles without one"] == "postgres"


def test_without_a_known_role_the_database_gets_it() -> None:
    assert run(CHECK, make_snapshot(NONE))[0].sql == "ALTER DATABASE shop SET statement_timeout = '30s'"


def test_not_examined_without_settings() -> None:
    assert not_examined(CHECK, make_snapshot(APP))


def test_roles_that_are_connected_to_other_databases_only_are_not_named() -> None:
    other = make_session(role="stranger", database="other")
    (finding,) = run(CHECK, make_snapshot(NONE, APP, other))
    assert finding.sql == "ALTER ROLE app IN DATABASE shop SET statement_timeout = '30s'"


def test_the_role_that_reads_is_not_named_unless_the_app_works_as_it() -> None:
    own = make_statement("SELECT count(*) FROM pg_class", role="reader")
    (finding,) = run(CHECK, make_snapshot(NONE, APP, own, make_session(role="reader", application="pgwright")))
    assert evidence(finding)["roles without one"] == "app"
    on_table = make_statement("SELECT id FROM users", role="reader")
    (finding,) = run(CHECK, make_snapshot(NONE, APP, make_table("users"), on_table))
    assert evidence(finding)["roles without one"] == "app, reader"
    (finding,) = run(CHECK, make_snapshot(NONE, APP, make_session(role="reader")))
    assert evidence(finding)["roles without one"] == "app, reader"


def test_a_role_that_watches_is_not_named_unless_it_reads_tables() -> None:
    roles = Role("app", False, False), Role("exporter", False, False, is_monitor=True)
    watching = make_session(role="exporter", application="postgres_exporter")
    (finding,) = run(CHECK, make_snapshot(NONE, APP, watching, *roles))
    assert evidence(finding)["roles without one"] == "app"
    on_table = make_statement("SELECT id FROM users", role="exporter")
    (finding,) = run(CHECK, make_snapshot(NONE, APP, make_table("users"), on_table, *roles))
    assert evidence(finding)["roles without one"] == "app, exporter"


def test_a_monitor_is_a_member_of_pg_monitor_that_may_write_no_table(database: Database) -> None:
    database.execute("CREATE TABLE users (id int); GRANT SELECT ON users TO PUBLIC")

    def is_monitor(dsn: str) -> bool:
        (role,) = [one for one in read_snapshot(dsn, with_schema=False).roles if one.name == f"r_{database.name}"]
        return role.is_monitor

    with role_of(database) as dsn:
        assert not is_monitor(dsn)
        database.execute(f"GRANT pg_monitor TO r_{database.name}")
        assert is_monitor(dsn)
        with psycopg.connect(dsn, application_name="exporter") as connection:
            connection.execute("SELECT datname FROM pg_stat_database")
            (finding,) = run(CHECK, read_snapshot(database.dsn, with_schema=False))
            assert f"r_{database.name}" not in evidence(finding)["roles without one"]
        database.execute(f"GRANT INSERT ON users TO r_{database.name}")
        assert not is_monitor(dsn)


def test_where_only_the_role_that_reads_is_known_the_database_gets_it() -> None:
    own = make_statement("SELECT count(*) FROM pg_class", role="reader")
    (finding,) = run(CHECK, make_snapshot(NONE, own))
    assert finding.sql == "ALTER DATABASE shop SET statement_timeout = '30s'"
    assert run(CHECK, make_snapshot(NONE, own, role_settings=(_role("reader", "30s"),))) == []
