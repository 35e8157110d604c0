"""`pgwright migrations`."""

from __future__ import annotations

import click

from pgwright.cli.commands import LazyGroup

NAMES = ("lint", "fix")


@click.group(cls=LazyGroup, package=__name__, names=NAMES, short_help="Look at the app's pending revisions.")
def migrations() -> None:
    """Look at the app's pending Alembic revisions before production sees them."""
