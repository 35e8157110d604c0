"""The options that `fix` and `pr` share, and the order that they make."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial, wraps
from pathlib import Path
from typing import Any

import click

from pgwright import pipeline
from pgwright.cli import goals, options
from pgwright.cli.policies import policy_of
from pgwright.code import AppModels
from pgwright.config import Config
from pgwright.migrations import AlembicDirectory, has_runtime, open_directory
from pgwright.model.fix import Fix
from pgwright.pipeline import FixOrder, Measuring
from pgwright.pipeline.online import STATED
from pgwright.proof.timing import ROUNDS
from pgwright.remedies import TOP, FixChoice


@dataclass(frozen=True)
class Asked:
    """What the shared flags of one command say; None or nothing where a flag was not given."""

    source: str | None
    alembic: Path | None
    head: str | None
    only: tuple[str, ...]
    skip: tuple[str, ...]
    top: int | None
    breaking: bool
    online: bool
    timestamptz: tuple[str, ...]
    staging: str | None
    rounds: int | None
    runtime: bool | None
    models: str | None
    without_models: bool
    as_uuid: bool
    message: str
    rev_id: str | None
    allow_behind: bool
    no_advice: bool
    server: Path | None
    config: Config
    goal: goals.GoalFlags

    @property
    def says_how_to_measure(self) -> bool:
        return self.staging is not None or self.rounds is not None

    def opened(self) -> AlembicDirectory:
        """Return the app's Alembic directory. Raises MigrationError."""
        return open_directory(self.alembic or self.config.alembic or Path(), head=self.head)

    def entry(self, directory: AlembicDirectory | None) -> AppModels | None:
        """Return where the models are; None where they are left alone or nothing tells. Raises ConfigError."""
        return None if self.without_models else pipeline.find_models(self.models or self.config.models, directory)

    def imports_runtime(self, directory: AlembicDirectory) -> bool:
        return has_runtime(directory) if self.runtime is None else self.runtime

    def order(
        self,
        directory: AlembicDirectory | None,
        models: AppModels | None,
        *,
        measures: bool,
        imports: bool,
        accepts: Callable[[Fix], None] | None = None,
    ) -> FixOrder:
        """Return what the fix is to be: a flag beats the file, the file beats the default."""
        return FixOrder(
            choice=FixChoice(
                self.only or (STATED,) * bool(self.timestamptz), self.skip, self._top, self.breaking or self.online
            ),
            online=self.online,
            timestamps=self.timestamptz,
            goal=partial(goals.goal, self.config, **self.goal),
            measuring=Measuring(self.staging, self.rounds or ROUNDS) if measures else None,
            directory=directory,
            models=models,
            message=self.message,
            with_advice=not self.no_advice,
            as_uuid=self.as_uuid,
            imports=imports,
            accepts=accepts,
            requires_head=not self.allow_behind,
            policy=policy_of(self.config),
            server=self.server or self.config.server,
        )

    @property
    def _top(self) -> int | None:
        return self.top if self.top is not None or self.only or self.breaking or self.online else TOP


_OPTIONS = (
    options.source,
    options.alembic,
    options.head,
    options.only,
    options.skip,
    options.top,
    click.option("--breaking", is_flag=True,
                 help="Write what is not safe while the app runs instead, each in a revision of its own."),
    click.option("--online", is_flag=True,
                 help="As --breaking, but let keys change their type while old and new code run: a series of "
                 "revisions, and a backfill by pgwright_runtime. What is rewritten within a second stays one "
                 "revision, unless --only names it."),
    click.option("--timestamptz", multiple=True, metavar="TABLE.COLUMN=ZONE",
                 help="Give this timestamp column a time zone: the one in which its times were written, as in "
                 "notes.created_at=Europe/Berlin. May be given several times."),
    click.option("--staging", metavar="DSN", help="Where it measures: create the copies on this server."),
    click.option("--rounds", type=click.IntRange(min=3),
                 help=f"Where it measures: runs of each statement. [{ROUNDS}]"),
    click.option("--runtime/--no-runtime", "runtime", default=None,
                 help="Import the revision's functions from pgwright_runtime, or carry them in it. Default: import "
                 "them where the app's requirements or modules name it."),
    options.models,
    click.option("--no-models", "without_models", is_flag=True, help="Leave the models alone."),
    click.option("--as-uuid", is_flag=True,
                 help="Let keys that become uuid be uuid.UUID in Python too. Default: they stay str."),
    click.option("-m", "--message", default="",
                 help="The message of the revision, in one line. Default: what it does."),
    click.option("--rev-id", metavar="ID", help="The id of the revision. Default: a short hash of its contents."),
    click.option("--allow-behind", is_flag=True, help="Write even if the database is not at the head revision."),
    options.advice,
    goals.advisor,
    options.server,
    options.config,
)  # fmt: skip


def shared(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say what the fix is to be; it gets them as its first argument."""

    @wraps(command)
    def run(**values: Any) -> None:
        flags = {name: values.pop(name) for name in goals.GoalFlags.__annotations__}
        own = {field.name: values.pop(field.name) for field in fields(Asked) if field.name in values}
        command(Asked(**own, goal=goals.GoalFlags(**flags)), **values)  # type: ignore[typeddict-item]

    made: Callable[..., None] = run
    for option in reversed(_OPTIONS):
        made = option(made)
    return made
