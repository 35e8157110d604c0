"""What env.py says of how migrations run."""

from __future__ import annotations

from pathlib import Path

import pytest

from pgwright.migrations import open_directory
from pgwright.observing.environment import EnvironmentFile
from tests.observing.test_start import write_chain

_ONLINE = """
from alembic import context
from sqlalchemy import engine_from_config, pool
connectable = engine_from_config({}, prefix="sqlalchemy."%s)
with connectable.connect() as connection:
    %s
    context.configure(connection=connection%s)
    with context.begin_transaction():
        context.run_migrations()
"""


def read(folder: Path, text: str) -> EnvironmentFile:
    write_chain(folder, "pass", env=text)
    return EnvironmentFile(open_directory(folder))


@pytest.mark.parametrize(
    ("arguments", "line", "expected"),
    [
        ("", "pass", False),
        ("", "connection.exec_driver_sql(\"SET lock_timeout = '2s'\")", True),
        (", connect_args={'options': '-c lock_timeout=2000'}", "pass", True),
        (", connect_args={'server_settings': {'lock_timeout': '2s'}}", "pass", True),
        ("", "# SET lock_timeout some day", False),
    ],
)
def test_a_lock_timeout_is_seen_wherever_it_is_set(tmp_path: Path, arguments: str, line: str, expected: bool) -> None:
    line = line if not line.startswith("#") else f"pass  {line}"
    found = read(tmp_path, _ONLINE % (arguments, line, "")).read(None)
    assert found.sets_lock_timeout is expected
    assert found.sets_statement_timeout is False


def test_an_engine_from_elsewhere_is_unknown_unless_its_module_says_it(tmp_path: Path) -> None:
    text = "from alembic import context\nfrom shop_db import engine\ncontext.configure(connection=engine.connect())"
    assert read(tmp_path, text).read(None).sets_lock_timeout is None
    (tmp_path / "shop_db.py").write_text("engine = create_engine(url, connect_args={'options': '-c lock_timeout=1s'})")
    assert EnvironmentFile(open_directory(tmp_path)).read(None).sets_lock_timeout is True


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("", False),
        (", transaction_per_migration=True", True),
        (", transaction_per_migration=flag", None),
        (", **o", None),
    ],
)
def test_transaction_per_migration_is_read_where_it_is_said(
    tmp_path: Path, argument: str, expected: bool | None
) -> None:
    found = read(tmp_path, _ONLINE % ("", "pass", argument)).read(None)
    assert found.transaction_per_migration is expected


def test_an_async_env_and_the_runner_are_seen(tmp_path: Path) -> None:
    text = (
        "from pgwright_runtime.migrations import run_migrations_safely\n"
        "engine = create_async_engine(url)\nrun_migrations_safely()"
    )
    found = read(tmp_path, text).read(None)
    assert found.is_async
    assert found.runs_safely


def test_a_search_path_that_env_py_sets_is_told(tmp_path: Path) -> None:
    env = read(tmp_path, _ONLINE % ("", "connection.exec_driver_sql('SET search_path TO shop')", ""))
    assert [one.what.split()[0] for one in env.left_out()] == ["search_path"]
