"""The group of all commands: each is imported when it is asked for, and each of its errors ends in one place."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

from pgwright.cli.failures import told
from pgwright.cli.streams import doors
from pgwright.interrupts import ending_at_once

# In the order of the work.
NAMES = ("check", "advise", "fix", "pr", "prove", "plan", "probe", "backfill", "retain", "erase", "snapshot", "explain")


class Commands(click.Group):
    """Finds the command `x` in `pgwright.cli.x`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(NAMES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in NAMES:
            return None
        with ending_at_once():
            command: click.Command = getattr(import_module(f"pgwright.cli.{cmd_name}"), cmd_name)
        return command

    def main(self, *args: Any, **kwargs: Any) -> Any:
        with doors():
            return super().main(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        with told(ctx):
            return super().invoke(ctx)
