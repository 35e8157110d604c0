"""`pgwright advise`."""

from __future__ import annotations

from pathlib import Path

import click

from pgwright import pipeline
from pgwright.cli import options
from pgwright.cli.output import emit
from pgwright.cli.progress import watched
from pgwright.config import Budget, Config
from pgwright.report import Format


@click.command()
@options.source
@options.form
@options.output
@options.budget
@options.everything
@options.config
def advise(
    source: str | None,
    form: Format | None,
    output: Path | None,
    budget: Budget | None,
    shows_all: bool,
    config: Config,
) -> None:
    """Choose the indexes that the workload needs.

    Builds an empty twin of the database that plans as production does, and prices every candidate index there for
    the statements of pg_stat_statements. For each index: what it serves, the planned cost before and after, its
    size, and its price on writes. Nothing is measured: for that see `pgwright prove`.

    \b
    Examples:
      pgwright advise postgresql://app@db.example/shop
      pgwright advise --budget 500MB
      pgwright advise shop.json.gz --budget 10% -o advice.html
    """
    with watched() as progress:
        snapshot = pipeline.take_snapshot(source, policy=config.policy, progress=progress)
        advice = pipeline.advise(
            snapshot, budget_bytes=options.budget_bytes(budget, config, snapshot), progress=progress
        )
    emit(advice, form, output, shows_all=shows_all)
