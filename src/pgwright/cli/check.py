"""`pgwright check`."""

from __future__ import annotations

from pathlib import Path

import click

from pgwright import pipeline
from pgwright.cli import goals, options
from pgwright.cli.baseline import read_baseline, save_baseline, set_aside
from pgwright.cli.output import emit
from pgwright.cli.policies import policy_of
from pgwright.cli.progress import watched
from pgwright.config import Budget, Config
from pgwright.model.finding import SEVERITIES, Diagnosis, Severity
from pgwright.model.lint import Lint
from pgwright.model.probe import Probe
from pgwright.report import Format

FOUND = 1


@click.command()
@options.source
@options.finding_form
@options.output
@options.severity
@options.advice
@options.budget
@options.server
@options.baseline
@options.write_baseline
@options.everything
@options.config
def check(
    source: str | None,
    server: Path | None,
    form: Format | None,
    output: Path | None,
    severity: Severity | None,
    no_advice: bool,
    budget: Budget | None,
    baseline: Path | None,
    write_baseline: Path | None,
    shows_all: bool,
    config: Config,
) -> None:
    """Report what makes the database slow or unsafe.

    Reads catalogs, statistics and pg_stat_statements in one read-only transaction, but no rows of your tables. A
    role with pg_monitor and pg_read_all_data sees everything; with fewer privileges, the report says what was not
    examined and which GRANT would help.

    The exit code is 1 if there are findings at or above --severity.

    \b
    Examples:
      pgwright check postgresql://app@db.example/shop
      pgwright check 'host=db.example dbname=shop user=app'
      DATABASE_URL=postgresql+asyncpg://app@db.example/shop pgwright check
      pgwright check --severity high --format json -o report.json
      pgwright check shop.json.gz                         a file written by `pgwright snapshot`
      pgwright check --write-baseline known.json          then, in CI, only new findings:
      pgwright check --baseline known.json
    """
    known = read_baseline(baseline)
    with watched() as progress:
        snapshot = pipeline.take_snapshot(source, policy=policy_of(config), progress=progress)
        diagnosis = pipeline.check(
            snapshot,
            with_advice=not no_advice,
            goal=goals.goal(config, snapshot, budget=budget),
            server=server or config.server,
            progress=progress,
        )
    diagnosis = set_aside(diagnosis, known)
    emit(diagnosis, form, output, shows_all=shows_all)
    if write_baseline is not None:
        save_baseline(write_baseline, diagnosis)
    elif reaches(diagnosis, severity or config.severity):
        click.get_current_context().exit(FOUND)


def reaches(result: Diagnosis | Probe | Lint, threshold: Severity) -> bool:
    """True when a finding is at least as bad as the threshold."""
    worst = SEVERITIES.index(threshold)
    return any(SEVERITIES.index(finding.severity) <= worst for finding in result.findings)
