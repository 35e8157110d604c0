from __future__ import annotations

from pgwright.model.server import Role, RoleSetting
from tests.support.builders import (
    evidence,
    make_session,
    make_setting,
    make_snapshot,
    make_statement,
    not_examined,
    run,
)

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
