"""The options that the commands on pending revisions share, and what they ask for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import Any

import click

from pgwright.cli import options
from pgwright.cli.policies import policy_of
from pgwright.config import Config
from pgwright.migrations import open_directory
from pgwright.pipeline.pending import PendingRequest


@dataclass(frozen=True)
class AskedRevisions:
    """What the shared flags of one command say; None or nothing where a flag was not given."""

    source: str | None
    without_database: bool
    alembic: Path | None
    head: str | None
    since: str | None
    base: str | None
    until: str | None
    only: tuple[str, ...]
    skip: tuple[str, ...]
    server: Path | None
    config: Config

    def request(self) -> PendingRequest:
        """Return which revisions are meant. Raises MigrationError: there is no Alembic directory."""
        return PendingRequest(
            directory=open_directory(self.alembic or self.config.alembic or Path(), head=self.head),
            source=self.source,
            since=self.since,
            base=self.base,
            until=self.until,
            is_without_database=self.without_database,
            policy=policy_of(self.config),
            server=self.server or self.config.server,
        )


_OPTIONS = (
    options.source,
    click.option("--no-database", "without_database", is_flag=True,
                 help="Read no database, even where DATABASE_URL or PGHOST names one; sizes are unknown then."),
    options.alembic,
    options.head,
    click.option("--since", metavar="REVISION",
                 help="What comes after this revision; 'base': all, -3: the last three. Default: what the database "
                 "does not have yet."),
    click.option("--base", metavar="BRANCH",
                 help="The revisions that are not on this git branch, as in --base main."),
    click.option("--until", metavar="REVISION", help="Up to this revision. Default: the head."),
    options.only,
    options.skip,
    options.server,
    options.config,
)  # fmt: skip


def revisions(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say which revisions; it gets them as its first argument."""

    @wraps(command)
    def run(**values: Any) -> None:
        command(AskedRevisions(**{field.name: values.pop(field.name) for field in fields(AskedRevisions)}), **values)

    made: Callable[..., None] = run
    for option in reversed(_OPTIONS):
        made = option(made)
    return made
