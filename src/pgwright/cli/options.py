"""Arguments and options that several commands share."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from pgwright.checks import require_checks, without_plugins
from pgwright.cli.failures import note_source
from pgwright.cli.streams import reports_only
from pgwright.config import Budget, Config, parse_budget, parse_duration, read_config
from pgwright.database import Limits, limited
from pgwright.errors import ConfigError
from pgwright.model.finding import SEVERITIES
from pgwright.report import FINDING_FORMATS, FORMATS

F = TypeVar("F", bound=Callable[..., object])

_READABLE = click.Path(path_type=Path)


def _config(context: click.Context, parameter: click.Parameter, path: Path | None) -> Config:
    config = read_config(path)
    if not config.plugins:
        context.with_resource(without_plugins())
    if config.statement_timeout is not None:
        context.with_resource(limited(_limits(config.statement_timeout)))
    with reports_only():  # it imports the checks of other distributions
        require_checks(config.allow)
    return config


def _source(context: click.Context, parameter: click.Parameter, text: str | None) -> str | None:
    note_source(context, text)
    return text


def settings(context: click.Context, parameter: click.Parameter, texts: tuple[str, ...]) -> dict[str, str]:
    """Read NAME=VALUE, for an option `--set`."""
    found: dict[str, str] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name.strip():
            raise ConfigError(f"--set is {text!r}; expected NAME=VALUE, as in work_mem=64MB.")
        found[name.strip()] = value.strip()
    return found


def _statement_timeout(context: click.Context, parameter: click.Parameter, text: str | None) -> None:
    if text is not None:
        context.with_resource(limited(_limits(parse_duration(text, "--statement-timeout"))))


def _limits(seconds: float) -> Limits:
    return Limits(statement_timeout_ms=round(seconds * 1000))


def _budget(context: click.Context, parameter: click.Parameter, text: str | None) -> Budget | None:
    return None if text is None else parse_budget(text)


def _checks(context: click.Context, parameter: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    with reports_only():
        require_checks(names)
    return names


def _top(context: click.Context, parameter: click.Parameter, text: str | None) -> int | None:
    """Read a number, or `all`, for which a number stands that no list reaches."""
    if text is None:
        return None
    if text != "all" and not (text.isascii() and text.isdigit() and int(text)):
        raise ConfigError(f"--top is {text!r}; expected a number from 1 on, or 'all'.")
    return sys.maxsize if text == "all" else int(text)


def _writable(context: click.Context, parameter: click.Parameter, path: Path | None) -> Path | None:
    """Refuse a file that cannot be written before the work is done, not after."""
    if path is None or str(path) == "-":
        return path
    if path.is_dir():
        raise ConfigError(f"cannot write {str(path)!r}: it is a directory.")
    if not path.absolute().parent.is_dir():
        raise ConfigError(f"cannot write {str(path)!r}: there is no such directory.")
    return path


def output_file(*names: str, **settings: Any) -> Callable[[F], F]:
    """An option that names a file to write."""
    return click.option(*names, type=click.Path(path_type=Path), callback=_writable, metavar="FILE", **settings)


source = click.argument("source", required=False, metavar="[DSN|FILE]", callback=_source)
database = click.argument("dsn", required=False, metavar="[DSN]")
_config_file = click.option(
    "--config", type=_READABLE, callback=_config, is_eager=True, metavar="FILE",
    help="Read [tool.pgwright] from this file. Default: the nearest pyproject.toml.",
)  # fmt: skip
_timeout = click.option(
    "--statement-timeout", callback=_statement_timeout, expose_value=False, metavar="TIME",
    help="How long a query of ours may take on the server: '2m'. [30s]",
)  # fmt: skip


def config(command: F) -> F:
    """Take the settings of a file, and what beats them in every command."""
    return _config_file(_timeout(command))


form = click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    help="Format of the report. Default: by the suffix of FILE, otherwise terminal.",
)
finding_form = click.option(
    "--format", "form", type=click.Choice(FINDING_FORMATS),
    help="Format of the report. Default: by the suffix of FILE, otherwise terminal.",
)  # fmt: skip
output = output_file("-o", "--output", help="Write the report to FILE (atomically).")
severity = click.option(
    "--severity", type=click.Choice(SEVERITIES), help="Exit with 1 if a finding is at least this severe. [medium]"
)
advice = click.option("--no-advice", is_flag=True, help="Skip the index advisor and its planner twin; much faster.")
budget = click.option(
    "--budget",
    callback=_budget,
    metavar="SIZE",
    help="Maximum total size of advised indexes: '500MB', or '20%' of the database.",
)
everything = click.option("--all", "shows_all", is_flag=True, help="Show long lists in full.")
baseline = click.option("--baseline", type=_READABLE, metavar="FILE", help="Ignore the findings listed in this file.")
write_baseline = output_file("--write-baseline", help="Write the findings of this run to FILE, for --baseline.")
server = click.option(
    "--server", type=_READABLE, metavar="FOLDER",
    help="Plan on the PostgreSQL in this folder, if it is of production's major version. Default: one of that version "
    "where packages put it, otherwise the embedded one.",
)  # fmt: skip
alembic = click.option(
    "--alembic", type=_READABLE, metavar="FILE",
    help="The app's alembic.ini, or pyproject.toml with [tool.alembic]. Default: the one in this directory.",
)  # fmt: skip
head = click.option(
    "--head", metavar="REVISION",
    help="Where the Alembic directory has several heads: the one to follow, by the label of its branch or its id.",
)  # fmt: skip
models = click.option(
    "--models", metavar="MODULE:BASE",
    help="The app's models, as in shop.models:Base. Default: what env.py names as target_metadata.",
)  # fmt: skip
only = click.option(
    "--only", multiple=True, callback=_checks, metavar="NAME", help="Only this check, or check:object. Repeatable."
)
skip = click.option(
    "--skip", multiple=True, callback=_checks, metavar="NAME", help="Skip this check, or check:object. Repeatable."
)
top = click.option(
    "--top", callback=_top, metavar="N",
    help="Answer so many findings, the dearest first, or 'all'. [5; all that --only or --breaking ask for]",
)  # fmt: skip
