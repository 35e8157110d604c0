"""`pgwright snapshot`."""

from __future__ import annotations

from pathlib import Path

import click

from pgwright import pipeline
from pgwright.cli import options
from pgwright.cli.output import tell
from pgwright.cli.policies import policy_of
from pgwright.cli.progress import watched
from pgwright.config import Config
from pgwright.figures import count, size
from pgwright.snapshot import save_snapshot


@click.command(short_help="Save what other commands need to a file.")
@options.database
@options.output_file("-o", "--output", required=True, help="The file to write; compressed if its name ends in .gz.")
@click.option(
    "--no-values", is_flag=True, help="Leave out the sample values in pg_stats; some checks cannot run without them."
)
@options.config
def snapshot(dsn: str | None, output: Path, no_values: bool, config: Config) -> None:
    """Save what the other commands need to a file, to use them where the database cannot be reached.

    The file holds the schema, sizes, counters, statistics and normalized statements, but no rows. Statistics do
    contain sample values of columns; --no-values leaves them out.

    \b
    Examples:
      pgwright snapshot postgresql://app@db.example/shop -o shop.json.gz
      pgwright snapshot -o shop.json --no-values
      pgwright check shop.json.gz
    """
    with watched() as progress:
        taken = pipeline.take_snapshot(dsn, policy=policy_of(config), with_values=not no_values, progress=progress)
    save_snapshot(taken, output)
    tell(
        f"wrote {output}: {count(len(taken.tables), 'table')}, {count(len(taken.indexes), 'index')}, "
        f"{count(len(taken.statements), 'statement')}; {size(output.stat().st_size)}. It holds no rows"
        + (", and no sample values." if no_values else ", but sample values of columns.")
    )
    for missing in taken.not_examined:
        remedy = f" → {missing.remedy}" if missing.remedy else ""
        tell(f"not examined: {missing.what}: {missing.reason}{remedy}")
