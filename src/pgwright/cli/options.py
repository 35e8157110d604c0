"""Arguments and options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import click

from pgwright.checks import require_check
from pgwright.config import Budget, Config, parse_budget, read_config
from pgwright.errors import ConfigError
from pgwright.model.finding import SEVERITIES
from pgwright.report import FINDING_FORMATS, FORMATS

F = TypeVar("F", bound=Callable[..., object])

_READABLE = click.Path(path_type=Path)


def _config(context: click.Context, parameter: click.Parameter, path: Path | None) -> Config:
    config = read_config(path)
    require_checks(config.allow)
    return config


def _budget(context: click.Context, parameter: click.Parameter, text: str | None) -> Budget | None:
    return None if text is None else parse_budget(text)


def _checks(context: click.Context, parameter: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    require_checks(names)
    return names


def _writable(context: click.Context, parameter: click.Parameter, path: Path | None) -> Path | None:
    """Refuse a file that cannot be written before the work is done, not after."""
    if path is None or str(path) == "-":
        return path
    if path.is_dir():
        raise ConfigError(f"cannot write {str(path)!r}: it is a folder.")
    if not path.absolute().parent.is_dir():
        raise ConfigError(f"cannot write {str(path)!r}: there is no such folder.")
    return path


def require_checks(names: Iterable[str]) -> None:
    """Raise ConfigError unless each is a check's name or a `check:object`."""
    for name in names:
        require_check(name)


def output_file(*names: str, **settings: Any) -> Callable[[F], F]:
    """An option that names a file to write."""
    return click.option(*names, type=click.Path(path_type=Path), callback=_writable, metavar="FILE", **settings)


source = click.argument("source", required=False, metavar="[DSN|FILE]")
database = click.argument("dsn", required=False, metavar="[DSN]")
config = click.option(
    "--config", type=_READABLE, callback=_config, metavar="FILE",
    help="The file with [tool.pgwright]. Default: the nearest pyproject.toml.",
)  # fmt: skip
form = click.option(
    "--format", "form", type=click.Choice(FORMATS), help="How to report. Default: terminal, or what FILE's name says."
)
finding_form = click.option(
    "--format", "form", type=click.Choice(FINDING_FORMATS),
    help="How to report. Default: terminal, or what FILE's name says.",
)  # fmt: skip
output = output_file("-o", "--output", help="Write the report there, whole or not at all.")
severity = click.option(
    "--severity", type=click.Choice(SEVERITIES), help="From this severity on, findings make the exit code 1. [medium]"
)
advice = click.option("--no-advice", is_flag=True, help="Leave out the index advisor: no planner twin, much faster.")
budget = click.option(
    "--budget",
    callback=_budget,
    metavar="SIZE",
    help="Most that advised indexes may take: '500MB', or '20%' of the database.",
)
everything = click.option("--all", "shows_all", is_flag=True, help="Show long lists in full.")
baseline = click.option(
    "--baseline", type=_READABLE, metavar="FILE", help="Set aside the findings that this file lists."
)
write_baseline = output_file("--write-baseline", help="Write the findings of this run there, as known ones.")
alembic = click.option(
    "--alembic", type=_READABLE, metavar="FILE",
    help="The app's alembic.ini, or pyproject.toml with [tool.alembic]. Default: the one in this folder.",
)  # fmt: skip
only = click.option(
    "--only", multiple=True, callback=_checks, metavar="NAME", help="Only this check, or this check:object. Repeatable."
)
skip = click.option(
    "--skip", multiple=True, callback=_checks, metavar="NAME", help="All but this check, or check:object. Repeatable."
)
