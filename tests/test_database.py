import psycopg
import pytest

from pgwright.database import Limits, connect, conninfo, mask, target
from pgwright.errors import ConfigError, ConnectionFailed, NoDatabaseGiven, QueryFailed
from tests.support.database import Database


@pytest.fixture
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "PGDATABASE", "PGHOST", "PGSERVICE", "PGUSER", "PGPORT"):
        monkeypatch.delenv(name, raising=False)


def test_nothing_can_be_written(database: Database) -> None:
    with connect(database.dsn) as opened, pytest.raises(QueryFailed, match="read-only"):
        opened.query("CREATE TABLE t ()")


def test_a_failed_query_leaves_the_transaction_usable(database: Database) -> None:
    with connect(database.dsn) as opened:
        with pytest.raises(QueryFailed):
            opened.query("SELECT 1 / 0 AS x")
        assert opened.query("SELECT 1 AS x") == [{"x": 1}]


def test_a_slow_query_is_stopped_and_a_locked_table_is_not_waited_for(database: Database) -> None:
    database.execute("CREATE TABLE t ()")
    with psycopg.connect(database.dsn) as other:
        other.execute("LOCK TABLE t")
        with connect(database.dsn, Limits(statement_timeout_ms=200, lock_timeout_ms=50)) as opened:
            with pytest.raises(QueryFailed, match="statement timeout"):
                opened.query("SELECT pg_sleep(5)")
            with pytest.raises(QueryFailed, match="lock timeout"):
                opened.query("SELECT * FROM public.t")


def test_we_are_known_by_name(database: Database) -> None:
    with connect(database.dsn) as opened:
        assert opened.query("SELECT current_setting('application_name') AS name") == [{"name": "pgwright"}]
        assert not opened.is_pooled


@pytest.mark.usefixtures("no_environment")
def test_sqlalchemys_urls_are_understood() -> None:
    assert conninfo("postgresql+asyncpg://app:x@db:5433/shop?ssl=require") == conninfo(
        "postgresql://app:x@db:5433/shop?sslmode=require"
    )


@pytest.mark.usefixtures("no_environment")
def test_without_a_dsn_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NoDatabaseGiven):
        conninfo(None)
    monkeypatch.setenv("DATABASE_URL", "postgresql+psycopg://a@h/d")
    assert target(conninfo(None)) == "a@h:5432/d"


@pytest.mark.usefixtures("no_environment")
@pytest.mark.parametrize(
    ("dsn", "hint"),
    [
        ("postgresql://u:s3cret@nowhere.invalid/d", "Check the host name"),
        ("postgresql://u:s3cret@127.0.0.1:1/d", "Check that the server runs"),
    ],
)
def test_a_failed_connection_says_what_to_do_and_never_the_password(dsn: str, hint: str) -> None:
    with pytest.raises(ConnectionFailed) as caught, connect(dsn):
        pass
    assert hint in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_a_database_that_does_not_exist_is_named(database: Database) -> None:
    with pytest.raises(ConnectionFailed, match="absent"), connect(database.server.dsn("absent")):
        pass


@pytest.mark.parametrize("dsn", ["no dsn at all, password=s3cret", "postgresql://[::bad/x?password=s3cret"])
def test_what_is_no_dsn_is_refused_without_its_password(dsn: str) -> None:
    with pytest.raises(ConfigError) as caught:
        conninfo(dsn)
    assert "password=s3cret" not in str(caught.value)


def test_masks_every_form_of_password() -> None:
    assert "pw" not in mask("postgresql://u:pw@h/d") + mask("password=pw host=h") + mask("postgresql://h/d?password=pw")


@pytest.mark.parametrize("dsn", ["postgresql://u:s3:cr@t@h/d", "postgresql://u:s3/cret@h/d"])
def test_a_bare_sign_in_a_password_is_told_before_libpq_takes_it_for_the_host(dsn: str) -> None:
    with pytest.raises(ConfigError, match="%40") as caught:
        conninfo(dsn)
    assert "t@h" not in str(caught.value)
    assert "cret" not in str(caught.value)


@pytest.mark.parametrize("dsn", ["u:s3cret@h/d", "mysql://u:s3 cr@et@h/d", "host=h password='it''s cret'"])
def test_nothing_of_a_password_is_shown_of_what_nobody_can_parse(dsn: str) -> None:
    with pytest.raises(ConfigError) as caught:
        conninfo(dsn)
    assert "cr" not in str(caught.value)
