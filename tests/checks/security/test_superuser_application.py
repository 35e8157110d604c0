from __future__ import annotations

from pgwright.model.dependent import Dependent
from pgwright.model.names import QualifiedName
from pgwright.model.server import Role
from tests.support.builders import make_snapshot, make_statement, make_table, not_examined, run

CHECK = "superuser-application"
USERS = make_table("users")
ROLES = Role("postgres", True, True), Role("app", False, False)


def test_fires_when_a_superuser_runs_the_workload() -> None:
    (finding,) = run(CHECK, make_snapshot(USERS, *ROLES, make_statement("SELECT id FROM users", role="postgres")))
    assert finding.object == "postgres"
    assert finding.sql.startswith("CREATE ROLE shop_app LOGIN;\nGRANT USAGE ON SCHEMA public TO shop_app")


def test_quiet_for_ordinary_roles() -> None:
    assert run(CHECK, make_snapshot(USERS, *ROLES, make_statement("SELECT id FROM users", role="app"))) == []


def test_quiet_for_a_person_at_a_console_and_for_catalog_queries() -> None:
    few = make_statement("SELECT id FROM users", role="postgres", calls=9)
    catalog = make_statement("SELECT oid FROM pg_class", role="postgres")
    assert run(CHECK, make_snapshot(USERS, *ROLES, few, catalog)) == []


def test_not_examined_without_a_workload() -> None:
    assert not_examined(CHECK, make_snapshot(USERS, *ROLES))


def test_the_role_reaches_views_in_their_schemas_and_nothing_that_extensions_brought() -> None:
    views = [Dependent(QualifiedName("public", "users"), None, "view", name) for name in ('"Api".u', "v")]
    work = make_statement("SELECT id FROM users", role="postgres")
    (finding,) = run(CHECK, make_snapshot(USERS, *ROLES, work, dependents=tuple(views)))
    assert 'GRANT USAGE ON SCHEMA "Api" TO shop_app' in finding.sql
    assert 'ON TABLE "Api".u TO shop_app' in finding.sql
    assert "ON TABLE public.users, public.v TO shop_app" in finding.sql
    assert "ALL TABLES" not in finding.sql
    assert "ALTER DEFAULT PRIVILEGES FOR ROLE postgres IN SCHEMA public GRANT" in finding.sql
    assert "policies hold for the new role" in finding.advice
