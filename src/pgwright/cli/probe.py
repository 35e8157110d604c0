"""`pgwright probe`."""

from __future__ import annotations

from pathlib import Path

import click

from pgwright import pipeline
from pgwright.cli import options
from pgwright.cli.baseline import read_baseline, save_baseline, set_aside
from pgwright.cli.check import FOUND, reaches
from pgwright.cli.failures import COULD_NOT_RUN
from pgwright.cli.output import emit, tell
from pgwright.cli.progress import watched
from pgwright.config import Config, parse_duration
from pgwright.errors import ConfigError
from pgwright.model.finding import Severity
from pgwright.probe import ProbeRequest
from pgwright.report import Format


def _pairs(context: click.Context, parameter: click.Parameter, texts: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name.strip():
            # Not the text: it may be a secret.
            raise ConfigError(f"--{parameter.name} number {len(found) + 1} is no NAME=VALUE, as in limit=20.")
        found.append((name.strip(), value.strip()))
    return tuple(found)


def _seconds(context: click.Context, parameter: click.Parameter, text: str) -> float:
    return parse_duration(text, "--timeout")


@click.command(short_help="Call an app's GET endpoints and find those whose queries grow.")
@click.argument("app", metavar="MODULE:APP")
@click.option("--app-dir", "folder", type=click.Path(path_type=Path, file_okay=False), default=".", metavar="DIRECTORY",
              help="Import the module from this directory. [.]")  # fmt: skip
@click.option("--factory", is_flag=True, help="MODULE:APP is a function that returns the app.")
@click.option("--dsn", metavar="DSN", help="Read ids from this database. Default: the one that the app connects to.")
@click.option("--param", multiple=True, callback=_pairs, metavar="NAME=VALUE",
              help="Use this value for a path or query parameter. Repeatable.")  # fmt: skip
@click.option("--header", multiple=True, callback=_pairs, metavar="NAME=VALUE",
              help="Send this header with every request; never printed. Repeatable.")  # fmt: skip
@click.option("--cookie", multiple=True, callback=_pairs, metavar="NAME=VALUE",
              help="Send this cookie with every request; never printed. Repeatable.")  # fmt: skip
@click.option("--only", multiple=True, metavar="PATH", help="Only paths that match; * matches any text. Repeatable.")
@click.option("--skip", multiple=True, metavar="PATH", help="Skip paths that match; * matches any text. Repeatable.")
@click.option("--timeout", default="30s", callback=_seconds, metavar="SECONDS",
              help="Maximum duration of a call, and of the app's startup. [30s]")  # fmt: skip
@options.baseline
@options.write_baseline
@options.finding_form
@options.output
@options.severity
@options.everything
@options.config
def probe(
    app: str,
    folder: Path,
    factory: bool,
    dsn: str | None,
    param: tuple[tuple[str, str], ...],
    header: tuple[tuple[str, str], ...],
    cookie: tuple[tuple[str, str], ...],
    only: tuple[str, ...],
    skip: tuple[str, ...],
    timeout: float,
    baseline: Path | None,
    write_baseline: Path | None,
    form: Format | None,
    output: Path | None,
    severity: Severity | None,
    shows_all: bool,
    config: Config,
) -> None:
    """Call an app's GET endpoints in this process and find those whose number of queries grows with their rows.

    Reads the endpoints from the app's OpenAPI schema, fills in their parameters with existing ids, and calls each
    with a small and a larger page, or for parents with few and with many children. Nothing is committed: whatever
    the handlers do through SQLAlchemy is rolled back. Side effects outside the database, such as mail, are not: use
    a staging environment if a GET has any.

    The exit code is 1 if there are findings at or above --severity, and 2 if no endpoint could be examined.

    \b
    Examples:
      pgwright probe app.main:app
      pgwright probe app.main:create_app --factory --app-dir backend
      pgwright probe app.main:app --header "Authorization=Bearer $TOKEN" --skip '/export*'
      pgwright probe app.main:app --param organization_id=7 --only '/couriers*'
      pgwright probe app.main:app --write-baseline probe.json      then, in CI:
      pgwright probe app.main:app --baseline probe.json --format sarif -o probe.sarif
    """
    known = read_baseline(baseline)
    asked = ProbeRequest(
        app=app,
        folder=folder,
        is_factory=factory,
        dsn=dsn,
        parameters=dict(param),
        headers=header,
        cookies=cookie,
        only=only,
        skip=skip,
        timeout_s=timeout,
        statement_timeout_ms=round(1000 * timeout),
        policy=config.policy,
    )
    with watched() as progress:
        result = set_aside(pipeline.probe_app(asked, progress=progress), known)
    emit(result, form, output, shows_all=shows_all)
    if write_baseline is not None:
        save_baseline(write_baseline, result)
    if not result.endpoints:
        tell("pgwright: no endpoint could be examined; the report says why.")
        click.get_current_context().exit(COULD_NOT_RUN)
    if write_baseline is None and reaches(result, severity or config.severity):
        click.get_current_context().exit(FOUND)
