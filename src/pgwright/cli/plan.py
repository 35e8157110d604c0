"""`pgwright plan`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from pgwright import pipeline
from pgwright.cli import options
from pgwright.cli.failures import note_source
from pgwright.cli.output import emit
from pgwright.cli.progress import watched
from pgwright.config import Config
from pgwright.errors import ConfigError
from pgwright.report import Format

_STDIN = "-"
_NULL = "NULL"


@click.command(short_help="Show how a statement is planned, now or after a change.")
@click.argument("arguments", nargs=-1, metavar="[STATEMENT] [DSN|FILE]")
@click.option("--twin", metavar="FILE|DSN", help="Build the twin from this snapshot file or database.")
@click.option("--with-index", "with_indexes", multiple=True, metavar="SQL",
              help="Plan as if this CREATE INDEX had been run. Repeatable.")  # fmt: skip
@click.option("--without-index", "without_indexes", multiple=True, metavar="NAME",
              help="Plan as if this index did not exist. Repeatable.")  # fmt: skip
@click.option("--set", "settings", multiple=True, callback=options.settings, metavar="NAME=VALUE",
              help="Plan with this setting; role=NAME, and what policies read (app.x=1), hold for both plans. "
              "Repeatable.")  # fmt: skip
@click.option("--value", "values", multiple=True, metavar="VALUE",
              help="The value of $1, then $2, and so on; NULL for SQL NULL. Default: from the statistics.")  # fmt: skip
@click.option("--statement-id", type=int, metavar="QUERYID", help="Take the statement from pg_stat_statements.")
@options.server
@options.form
@options.output
@options.config
def plan(
    arguments: tuple[str, ...],
    twin: str | None,
    with_indexes: tuple[str, ...],
    without_indexes: tuple[str, ...],
    settings: dict[str, str],
    values: tuple[str, ...],
    statement_id: int | None,
    server: Path | None,
    form: Format | None,
    output: Path | None,
    config: Config,
) -> None:
    """Show how production plans a statement, and how it would with other indexes or settings.

    Plans on an empty twin of the database, built from its statistics; the database that you name is only read, and
    the statement never runs. With a change, the report shows both plans and marks what differs.
    STATEMENT is SQL, a file that contains it, or - for standard input.

    \b
    Examples:
      pgwright plan "SELECT * FROM orders WHERE user_id = 7" --twin shop.json.gz
      pgwright plan query.sql postgresql://app@db.example/shop
      pgwright plan 'SELECT * FROM orders WHERE user_id = $1' --twin shop.json.gz --value 7 \\
          --with-index "CREATE INDEX ON orders (user_id, placed_at DESC)"
      pgwright plan - --twin shop.json.gz --set work_mem=256MB --set random_page_cost=1.1 < query.sql
      pgwright plan --statement-id 4711 --twin shop.json.gz --without-index orders_placed_at_idx
      pgwright plan "SELECT * FROM note" --twin shop.json.gz --set role=app --set app.tenant=7
    """
    statement, source = _split(arguments, twin, statement_id)
    note_source(click.get_current_context(), source)
    text = "" if statement is None else _read(statement)
    with watched() as progress:
        snapshot = pipeline.take_snapshot(source, policy=config.policy, progress=progress)
        result = pipeline.plan(
            snapshot,
            text,
            query_id=statement_id,
            values=[None if value == _NULL else value for value in values],
            with_indexes=with_indexes,
            without_indexes=without_indexes,
            settings=settings,
            server=server or config.server,
            progress=progress,
        )
    emit(result, form, output, shows_all=True)


def _split(arguments: tuple[str, ...], twin: str | None, statement_id: int | None) -> tuple[str | None, str | None]:
    """Return the statement and the source; with --statement-id there is no statement."""
    rest = list(arguments)
    statement = rest.pop(0) if rest and statement_id is None else None
    if statement is None and statement_id is None:
        raise ConfigError("no statement was given. Give SQL, a file, - for standard input, or --statement-id.")
    if len(rest) > 1 or (rest and twin is not None):
        raise ConfigError(f"{rest[-1]!r} is one argument too many; put the statement in quotes.")
    return statement, twin or (rest[0] if rest else None)


def _read(statement: str) -> str:
    try:
        if statement == _STDIN:
            return sys.stdin.read()
        return Path(statement).read_text(encoding="utf-8") if pipeline.is_file(statement) else statement
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {statement!r}: {error}.") from error
