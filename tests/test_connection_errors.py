"""A connection that fails is told with what mends it."""

from __future__ import annotations

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from pgwright.database import connect
from pgwright.errors import ConnectionFailed
from pgwright.hints import connection_hint
from tests.support.database import Database
from tests.support.roles import role_of


def failure(dsn: str) -> str:
    with pytest.raises(ConnectionFailed) as caught, connect(dsn):
        pass
    return str(caught.value)


def test_a_roles_limit_of_connections_is_told_from_the_servers(database: Database) -> None:
    with role_of(database) as dsn:
        database.execute(f"ALTER ROLE r_{database.name} CONNECTION LIMIT 0")
        assert "ALTER ROLE … CONNECTION LIMIT" in failure(dsn)
        database.execute(f"ALTER ROLE r_{database.name} CONNECTION LIMIT -1")
        database.execute(f"ALTER DATABASE {database.name} CONNECTION LIMIT 0")
        assert "ALTER DATABASE … CONNECTION LIMIT" in failure(dsn)


def test_a_role_that_may_not_connect_is_told_the_grant_that_helps(database: Database) -> None:
    with role_of(database) as dsn:
        database.execute(f"REVOKE CONNECT ON DATABASE {database.name} FROM PUBLIC")
        assert "GRANT CONNECT ON DATABASE" in failure(dsn)
        database.execute(f"GRANT CONNECT ON DATABASE {database.name} TO r_{database.name}")
        with connect(dsn):
            pass
        database.execute(f"ALTER ROLE r_{database.name} NOLOGIN")
        assert "may log in" in failure(dsn)


def test_role_and_database_are_told_apart(database: Database) -> None:
    assert failure(database.server.dsn("absent")).endswith("Check the name of the database.")
    assert failure(make_conninfo(database.dsn, user="absent")).endswith("Check the name of the role.")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(database.server.dsn("template0"))
    assert "takes no connections" in failure(database.server.dsn("template0"))


@pytest.mark.parametrize(
    ("message", "hint"),
    [
        ('root certificate file "/root/.postgresql/root.crt" does not exist', "sslrootcert"),
        ("SSL error: certificate verify failed", "sslrootcert"),
        ('server certificate for "db.example" does not match host name "db"', "sslmode=verify-ca"),
        ('could not read certificate file "/x/client.crt": no start line', "sslcert"),
        ('private key file "/x/client.key" has group or world access', "600"),
        ("server does not support SSL, but SSL was required", "sslmode=prefer"),
        ("FATAL:  sorry, too many clients already", "pool-over-budget"),
        ("FATAL:  remaining connection slots are reserved for roles with SUPERUSER", "pool-over-budget"),
        ("FATAL:  no more connections allowed (max_client_conn)", "PgBouncer"),
        ('FATAL:  Peer authentication failed for user "app"', "name a host"),
        ('FATAL:  password authentication failed for user "app"', "PGPASSWORD"),
        ('FATAL:  no pg_hba.conf entry for host "1.2.3.4", user "app", database "d", no encryption', "sslmode=require"),
        ('FATAL:  no pg_hba.conf entry for host "1.2.3.4", user "app", database "d", SSL encryption', "needs a line"),
        ("FATAL:  the database system is starting up", "again"),
        ("FATAL:  the database system is not yet accepting connections", "again"),
        ("FATAL:  the database system is shutting down", "when the server runs"),
        ("session is read-only", "target_session_attrs"),
        ('definition of service "shop" not found', "PGSERVICEFILE"),
        ('FATAL:  unrecognized configuration parameter "statment_timeout"', "PGOPTIONS"),
        ("server closed the connection unexpectedly", "PostgreSQL server"),
        ("could not connect: Network is unreachable", "network"),
        ("something else", "Check the DSN"),
    ],
)
def test_what_libpq_server_and_pooler_say_has_its_hint(message: str, hint: str) -> None:
    assert hint in connection_hint(message)
