"""Groups of commands: each is imported when it is asked for, and each of their errors ends in one place."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from pgwright.cli.failures import told
from pgwright.cli.streams import doors
from pgwright.interrupts import ending_at_once

# In the order of the work.
NAMES = (
    "check", "advise", "fix", "pr", "prove", "plan", "probe",
    "migrations", "migrate", "deploy", "backfill", "retain", "erase", "snapshot", "explain",
)  # fmt: skip


class LazyGroup(click.Group):
    """Finds the command `x` of a package in its module `x`."""

    def __init__(self, *args: Any, package: str = "pgwright.cli", names: Sequence[str] = NAMES, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.package, self.names = package, names

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.names)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.names:
            return None
        with ending_at_once():
            command: click.Command = getattr(import_module(f"{self.package}.{cmd_name}"), cmd_name)
        return command


class Commands(LazyGroup):
    """All commands: their output passes the doors, and their errors become messages."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        with doors():
            return super().main(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        with told(ctx):
            return super().invoke(ctx)
