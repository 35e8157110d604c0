from __future__ import annotations

from pathlib import Path

import pytest

from pgwright.config import Budget, Config, parse_budget, read_config
from pgwright.errors import ConfigError, UnknownSetting
from pgwright.model.policy import ClientPool, Policy, Retention

FULL = """
[tool.pgwright]
retention_days = 30
allow = ["unused-index", "deep-offset:audit"]
soft_delete_columns = ["removed_at"]
expiry_columns = ["valid_until"]
retention = { "token (expires_at)" = 2, '"Log" (at)' = 0 }
unique_among_living = ["users_email_key"]
cascade = ["message (talk_id)"]
severity = "high"
budget = "20%"
until = "1%"
weight = "time"
deadline = 90
methods = ["B-tree", "gin"]
max_columns = 3
risky = true
plugins = false
alembic = "backend/alembic.ini"
server = "/opt/postgres"
pools = [{ name = "web", pool_size = 20, max_overflow = 10, processes = 4 }, { name = "jobs", pool_size = 5 }]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "pyproject.toml"
    path.write_text(text)
    return path


def test_every_setting_is_read(tmp_path: Path) -> None:
    written(tmp_path, FULL)
    config = read_config(start=tmp_path)
    pools = (ClientPool("web", 20, 10, 4), ClientPool("jobs", 5))
    assert config.policy == Policy(
        30,
        pools,
        ("unused-index", "deep-offset:audit"),
        ("removed_at",),
        ("valid_until",),
        (Retention("token (expires_at)", 2), Retention('"Log" (at)', 0)),
        ("users_email_key",),
        ("message (talk_id)",),
    )
    assert config.severity == "high"
    assert config.budget == Budget(20.0, True)
    assert (config.until, config.weight, config.deadline) == (0.01, "time", 90.0)
    assert (config.methods, config.max_columns, config.risky) == (("btree", "gin"), 3, True)
    assert config.plugins is False
    assert config.alembic == tmp_path / "backend" / "alembic.ini"
    assert config.server == Path("/opt/postgres")


def test_nothing_stated_is_the_default(tmp_path: Path) -> None:
    assert read_config(start=tmp_path) == Config()
    assert Config().policy == Policy()


def test_until_takes_any_share_below_the_whole(tmp_path: Path) -> None:
    written(tmp_path, '[tool.pgwright]\nuntil = "99.9%"\n')
    assert read_config(start=tmp_path).until == pytest.approx(0.999)


def test_nearest_file_with_the_table_wins(tmp_path: Path) -> None:
    written(tmp_path, "[tool.pgwright]\nretention_days = 1\n")
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    written(tmp_path / "a", "[tool.ruff]\n")
    assert read_config(start=inner).retention_days == 1
    written(inner, "[tool.pgwright]\nretention_days = 2\n")
    assert read_config(start=inner).retention_days == 2


def test_unknown_key_names_the_nearest(tmp_path: Path) -> None:
    written(tmp_path, "[tool.pgwright]\nretension_days = 1\n")
    with pytest.raises(UnknownSetting, match=r"'retension_days'.*Did you mean 'retention_days'\?"):
        read_config(start=tmp_path)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('retention_days = "90"', r"'retention_days' in .* is '90'; expected a whole number, 0 or more"),
        ("retention_days = true", "expected a whole number"),
        ("retention_days = -1", "expected a whole number, 0 or more"),
        ('allow = "unused-index"', "'allow' in .* expected a list of texts"),
        ("allow = [1]", "expected a list of texts"),
        ('severity = "hgh"', "expected one of 'high', 'medium', 'low', 'info'"),
        ('budget = "a lot"', "'budget' in .* is 'a lot'; expected a size or a share"),
        ('until = "all"', "'until' in .* is 'all'; expected percent"),
        ('until = "100%"', "'until' in .* is '100%'; expected percent"),
        ("until = true", "'until' in .* expected a text"),
        ('weight = "rows"', "expected one of 'calls', 'time', 'equal'"),
        ("deadline = 0", "'deadline' in .* is '0'; expected a time above 0"),
        ('methods = ["btre"]', "'methods' in .* is 'btre', .* Did you mean 'btree'"),
        ("max_columns = 33", "'max_columns' in .* is 33; PostgreSQL takes 32"),
        ('risky = "yes"', "expected true or false"),
        ("alembic = 1", "'alembic' in .* is 1; expected a text"),
        ("server = 15", "'server' in .* is 15; expected a text"),
        ("pools = [1]", "expected a list of tables"),
        ("pools = [{ pool_size = 1 }]", "'pools' 1 in .* lacks 'name'"),
        ('pools = [{ name = "web" }]', "lacks 'pool_size'"),
        ('pools = [{ name = "web", pool_size = 1, processes = 0 }]', "expected a whole number, 1 or more"),
        ('pools = [{ name = "web", size = 1 }]', "unknown setting 'size'"),
    ],
)
def test_wrong_value_says_key_found_and_expected(tmp_path: Path, line: str, said: str) -> None:
    written(tmp_path, f"[tool.pgwright]\n{line}\n")
    with pytest.raises(ConfigError, match=said):
        read_config(start=tmp_path)


def test_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, "[tool.pgwright\n")
    with pytest.raises(ConfigError, match=r"pyproject\.toml' is no valid TOML"):
        read_config(path)


def test_named_file_without_the_table_is_an_error(tmp_path: Path) -> None:
    path = written(tmp_path, "[tool.ruff]\n")
    with pytest.raises(ConfigError, match=r"holds no \[tool\.pgwright\] table"):
        read_config(path)
    with pytest.raises(ConfigError, match="cannot read"):
        read_config(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("text", "bytes_of_a_gigabyte"),
    [
        ("500MB", 500 * 2**20),
        ("500 mb", 500 * 2**20),
        ("1.5GiB", 3 * 2**29),
        ("64kB", 65536),
        ("10%", 2**30 // 10),
        ("7B", 7),
    ],
)
def test_budget_is_read_as_people_write_it(text: str, bytes_of_a_gigabyte: int) -> None:
    assert parse_budget(text).of(2**30) == bytes_of_a_gigabyte


@pytest.mark.parametrize("text", ["", "MB", "-5MB", "500", "5 parsecs", "%", "0", "0MB", "0%"])
def test_budget_that_says_nothing_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="--budget is"):
        parse_budget(text)
