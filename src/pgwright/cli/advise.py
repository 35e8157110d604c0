"""`pgwright advise`."""

from __future__ import annotations

from pathlib import Path
from typing import Unpack

import click

from pgwright import pipeline
from pgwright.cli import goals, options
from pgwright.cli.output import emit
from pgwright.cli.progress import watched
from pgwright.config import Config
from pgwright.interrupts import INTERRUPTED
from pgwright.report import Format


@click.command()
@options.source
@options.form
@options.output
@goals.advisor
@options.server
@options.everything
@options.config
def advise(
    source: str | None,
    server: Path | None,
    form: Format | None,
    output: Path | None,
    shows_all: bool,
    config: Config,
    **asked: Unpack[goals.GoalFlags],
) -> None:
    """Choose the indexes that the workload needs.

    Builds an empty twin of the database that plans like production, and prices candidate indexes on it for the
    statements in pg_stat_statements. For each index, the report shows the statements it serves, the planned cost
    before and after, its size and build time, its cost on writes, and the runner-up. Nothing is measured; `pgwright
    prove` does that.

    Ctrl-C ends the search: the best set found so far is printed, and the exit code is 130.

    \b
    Examples:
      pgwright advise postgresql://app@db.example/shop
      pgwright advise --budget 500MB
      pgwright advise --until 1% --weight time --deadline 5m
      pgwright advise shop.json.gz --budget 10% --method btree -o advice.html
    """
    with watched() as progress:
        snapshot = pipeline.take_snapshot(source, policy=config.policy, progress=progress)
        goal = goals.goal(config, snapshot, **asked)
        advice = pipeline.advise(snapshot, goal=goal, server=server or config.server, progress=progress)
    emit(advice, form, output, shows_all=shows_all)
    if advice.ended == "interrupted":
        click.get_current_context().exit(INTERRUPTED)
