"""The settings: `[tool.pgwright]` of the nearest pyproject.toml, and the flags, which beat it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Literal, get_args

from pgwright.errors import ConfigError, UnknownSetting
from pgwright.model.finding import SEVERITIES, Severity
from pgwright.model.policy import ClientPool, Policy, Retention

_FILE = "pyproject.toml"
_TABLE = "[tool.pgwright]"
# As PostgreSQL counts them: 1 MB is 1024 kB.
_UNITS = {"b": 1, "kb": 2**10, "mb": 2**20, "gb": 2**30, "tb": 2**40}
_BUDGET = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(%|[kmgt]?i?b)\s*\Z", re.IGNORECASE)
_SHARE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*%?\s*\Z")
_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([smh]?)\s*\Z", re.IGNORECASE)
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600}

Weight = Literal["calls", "time", "equal"]
WEIGHTS: tuple[Weight, ...] = get_args(Weight)
# The access methods of the indexes that the advisor proposes.
METHODS = ("btree", "gin", "gist", "brin", "hnsw")
# PostgreSQL's INDEX_MAX_KEYS.
MOST_COLUMNS = 32


@dataclass(frozen=True)
class Budget:
    """How much all advised indexes together may take: bytes, or a share of the database."""

    amount: float
    """Bytes; or percent when it is a share."""
    is_share: bool

    def of(self, database_bytes: int) -> int:
        """Return the budget in bytes for a database of this size."""
        return int(self.amount / 100 * database_bytes if self.is_share else self.amount)


@dataclass(frozen=True)
class Config:
    """What the team states once, so that no command has to be told."""

    retention_days: int | None = None
    """How long soft-deleted rows are kept."""
    allow: tuple[str, ...] = ()
    """Findings to leave out: a check's name, or `check:object`."""
    soft_delete_columns: tuple[str, ...] = Policy.soft_delete_columns
    expiry_columns: tuple[str, ...] = Policy.expiry_columns
    retention: tuple[Retention, ...] = ()
    unique_among_living: tuple[str, ...] = ()
    cascade: tuple[str, ...] = ()
    severity: Severity = "medium"
    """From this severity on a finding makes the exit code 1."""
    budget: Budget | None = None
    until: float | None = None
    """Advise no index that saves less than this share of the workload's planned cost, in [0, 1)."""
    weight: Weight | None = None
    """What a statement of the workload counts."""
    deadline: float | None = None
    """Seconds that the search for indexes may take."""
    methods: tuple[str, ...] = ()
    """Access methods that may be advised; none named: all."""
    max_columns: int | None = None
    """The most key columns of an advised index."""
    risky: bool = False
    """True: advise an index even where a hot statement may become slower by it."""
    statement_timeout: float | None = None
    """Seconds that a query of ours may take on the server."""
    plugins: bool = True
    """False: leave out the checks that other distributions install."""
    alembic: Path | None = None
    """The app's alembic.ini."""
    models: str | None = None
    """Where the app's models are, as in `shop.models:Base`; None: where its `env.py` says."""
    policies: str | None = None
    """Where the app states how long rows are kept, as in `app.retention:RETENTION`."""
    server: Path | None = None
    """The folder of a PostgreSQL of production's major version, to plan and measure on."""
    pools: tuple[ClientPool, ...] = ()
    erasure: str | None = None
    """How a person is erased, as in `app.erasure:ERASURE`; where no command names it."""

    @property
    def policy(self) -> Policy:
        """The part that the checks need, and that a snapshot carries."""
        return Policy(**{field.name: getattr(self, field.name) for field in fields(Policy) if field.name != "stated"})


def read_config(path: Path | None = None, *, start: Path | None = None) -> Config:
    """Return the settings of a file.

    Args:
        path: the file that the user names; None: the nearest pyproject.toml with `[tool.pgwright]`, upwards.
        start: where the search begins; None: the working directory.
    Raises: ConfigError, UnknownSetting: the file or one of its settings cannot be used.
    """
    if path is not None:
        table = _table(path)
        if table is None:
            raise ConfigError(f"{str(path)!r} holds no {_TABLE} table.")
        return _config(table, path)
    folder = (start or Path.cwd()).resolve()
    for candidate in (folder / _FILE, *(parent / _FILE for parent in folder.parents)):
        if candidate.is_file() and (table := _table(candidate)) is not None:
            return _config(table, candidate)
    return Config()


def parse_budget(text: str, where: str = "--budget") -> Budget:
    """Return a budget as people write it.

    >>> parse_budget("500MB").of(0), parse_budget("20%").of(1000)
    (524288000, 200)
    """
    found = _BUDGET.match(text)
    if found is None:
        raise ConfigError(f"{where} is {text!r}; expected a size or a share of the database, such as '500MB' or '20%'.")
    amount, unit = float(found[1]), found[2].lower()
    if not amount:
        raise ConfigError(f"{where} is {text!r}, which no index fits; leave it out for no limit.")
    return Budget(amount, True) if unit == "%" else Budget(amount * _UNITS[unit.replace("i", "")], False)


def parse_share(text: str, where: str = "--until") -> float:
    """Return a share of 1 for what people write in percent.

    >>> parse_share("0.5"), parse_share("2 %")
    (0.005, 0.02)
    """
    found = _SHARE.match(text)
    if found is None or float(found[1]) >= 100:
        raise ConfigError(f"{where} is {text!r}; expected percent of the workload's planned cost, such as '0.5%'.")
    return float(found[1]) / 100


def parse_duration(text: str, where: str = "--deadline") -> float:
    """Return seconds.

    >>> parse_duration("30"), parse_duration("30s"), parse_duration("5m")
    (30.0, 30.0, 300.0)
    """
    found = _DURATION.match(text)
    if found is None or not float(found[1]):
        raise ConfigError(f"{where} is {text!r}; expected a time above 0, such as '30s' or '5m'.")
    return float(found[1]) * _SECONDS[found[2].lower()]


def parse_methods(names: Iterable[str], where: str = "--method") -> tuple[str, ...]:
    """Return access methods in lower case, each once; "B-tree" is btree."""
    methods = tuple(dict.fromkeys(name.strip().lower().replace("-", "") for name in names))
    for method in methods:
        if method not in METHODS:
            nearest = get_close_matches(method, METHODS, n=1)
            hint = f"Did you mean {nearest[0]!r}?" if nearest else f"Known: {', '.join(METHODS)}."
            raise ConfigError(f"{where} is {method!r}, which the advisor does not propose. {hint}")
    return methods


def _table(path: Path) -> Mapping[str, object] | None:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read {str(path)!r}: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{str(path)!r} is no valid TOML: {error}.") from error
    tool = document.get("tool", {})
    table = tool.get("pgwright") if isinstance(tool, dict) else None
    if table is not None and not isinstance(table, dict):
        raise ConfigError(f"'pgwright' in {str(path)!r} is {table!r}; expected a table, {_TABLE}.")
    return table


def _config(table: Mapping[str, object], path: Path) -> Config:
    settings = _Settings(table, f"{_TABLE} of {str(path)!r}")
    settings.allow_only(field.name for field in fields(Config))
    alembic, server = settings.text("alembic"), settings.text("server")
    budget, until, deadline = settings.text("budget"), settings.figure("until"), settings.figure("deadline")
    max_columns, limit = settings.integer("max_columns", least=1), settings.figure("statement_timeout")
    if max_columns is not None and max_columns > MOST_COLUMNS:
        raise ConfigError(f"'max_columns' in {settings.where} is {max_columns}; PostgreSQL takes {MOST_COLUMNS}.")
    return Config(
        retention_days=settings.integer("retention_days", least=0),
        allow=settings.texts("allow", ()),
        soft_delete_columns=settings.texts("soft_delete_columns", Config.soft_delete_columns),
        expiry_columns=settings.texts("expiry_columns", Config.expiry_columns),
        retention=settings.retention("retention"),
        unique_among_living=settings.texts("unique_among_living", ()),
        cascade=settings.texts("cascade", ()),
        severity=settings.severity("severity"),
        budget=None if budget is None else parse_budget(budget, f"'budget' in {settings.where}"),
        until=None if until is None else parse_share(until, f"'until' in {settings.where}"),
        weight=settings.weight("weight"),
        deadline=None if deadline is None else parse_duration(deadline, f"'deadline' in {settings.where}"),
        methods=parse_methods(settings.texts("methods", ()), f"'methods' in {settings.where}"),
        max_columns=max_columns,
        risky=settings.truth("risky", False),
        statement_timeout=None if limit is None else parse_duration(limit, f"'statement_timeout' in {settings.where}"),
        plugins=settings.truth("plugins", True),
        alembic=None if alembic is None else path.parent / alembic,
        models=settings.text("models"),
        policies=settings.text("policies"),
        server=None if server is None else path.parent / Path(server).expanduser(),
        pools=settings.pools("pools"),
        erasure=settings.text("erasure"),
    )


class _Settings:
    """Reads typed values from one TOML table; what does not fit is an error that names the key."""

    def __init__(self, table: Mapping[str, object], where: str) -> None:
        self._table = table
        self.where = where

    def allow_only(self, names: Iterable[str]) -> None:
        known = tuple(names)
        for key in self._table:
            if key not in known:
                raise UnknownSetting(key, known, self.where)

    def text(self, key: str) -> str | None:
        value = self._table.get(key)
        if value is None or isinstance(value, str):
            return value
        raise self._wrong(key, "a text")

    def figure(self, key: str) -> str | None:
        """Return what may be written as a number or as a text with its unit, as text."""
        value = self._table.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return f"{value}"
        return self.text(key)

    def truth(self, key: str, default: bool) -> bool:
        value = self._table.get(key, default)
        if isinstance(value, bool):
            return value
        raise self._wrong(key, "true or false")

    def integer(self, key: str, *, least: int) -> int | None:
        value = self._table.get(key)
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool) and value >= least:
            return value
        raise self._wrong(key, f"a whole number, {least} or more")

    def texts(self, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
        value = self._table.get(key, list(default))
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        raise self._wrong(key, "a list of texts")

    def retention(self, key: str) -> tuple[Retention, ...]:
        value = self._table.get(key, {})
        if not isinstance(value, dict):
            raise self._wrong(key, "a table of days: { 'token (expires_at)' = 30 }")
        inner = _Settings(value, f"{key!r} in {self.where}")
        days = {column: inner.integer(column, least=0) for column in value}
        return tuple(Retention(column, number) for column, number in days.items() if number is not None)

    def severity(self, key: str) -> Severity:
        value = self._table.get(key, Config.severity)
        for known in SEVERITIES:
            if value == known:
                return known
        raise self._wrong(key, f"one of {', '.join(map(repr, SEVERITIES))}")

    def weight(self, key: str) -> Weight | None:
        value = self._table.get(key)
        for known in WEIGHTS:
            if value == known:
                return known
        if value is None:
            return None
        raise self._wrong(key, f"one of {', '.join(map(repr, WEIGHTS))}")

    def pools(self, key: str) -> tuple[ClientPool, ...]:
        value = self._table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self._wrong(key, "a list of tables: [{ name = 'web', pool_size = 20, processes = 4 }]")
        return tuple(_pool(item, f"'{key}' {number} in {self.where}") for number, item in enumerate(value, 1))

    def _wrong(self, key: str, expected: str) -> ConfigError:
        return ConfigError(f"{key!r} in {self.where} is {self._table[key]!r}; expected {expected}.")


def _pool(table: Mapping[str, object], where: str) -> ClientPool:
    settings = _Settings(table, where)
    settings.allow_only(field.name for field in fields(ClientPool))
    name, pool_size = settings.text("name"), settings.integer("pool_size", least=0)
    if name is None or pool_size is None:
        missing = "name" if name is None else "pool_size"
        raise ConfigError(f"{where} lacks {missing!r}.")
    overflow, processes = settings.integer("max_overflow", least=0), settings.integer("processes", least=1)
    return ClientPool(name, pool_size, overflow or 0, processes or 1)
