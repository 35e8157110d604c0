"""The options that say what the index advisor is asked for; `[tool.pgwright]` has the same settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypedDict, TypeVar, Unpack

import click

from pgwright.advisor.goal import Goal
from pgwright.cli import options
from pgwright.config import (
    METHODS,
    MOST_COLUMNS,
    WEIGHTS,
    Budget,
    Config,
    Weight,
    parse_duration,
    parse_methods,
    parse_share,
)
from pgwright.errors import ConfigError
from pgwright.model.snapshot import Snapshot

F = TypeVar("F", bound=Callable[..., object])


class GoalFlags(TypedDict, total=False):
    """What the flags of one command say; None or nothing where a flag was not given."""

    budget: Budget | None
    until: float | None
    weight: Weight | None
    deadline: float | None
    methods: tuple[str, ...]
    max_columns: int | None
    risky: bool


def goal(config: Config, snapshot: Snapshot, **asked: Unpack[GoalFlags]) -> Goal:
    """Return the question to the advisor: a flag beats the file, the file beats the default."""
    budget = asked.get("budget") or config.budget
    until, deadline = asked.get("until"), asked.get("deadline")
    until = config.until if until is None else until
    deadline = config.deadline if deadline is None else deadline
    methods = asked.get("methods") or config.methods
    return Goal(
        budget_bytes=None if budget is None else budget.of(snapshot.server.database_bytes),
        least_gain=Goal.least_gain if until is None else until,
        weights=asked.get("weight") or config.weight or Goal.weights,
        deadline_seconds=Goal.deadline_seconds if deadline is None else deadline,
        methods=frozenset(methods) if methods else None,
        most_keys=asked.get("max_columns") or config.max_columns or Goal.most_keys,
        takes_risks=asked.get("risky", False) or config.risky,
    )


def _until(context: click.Context, parameter: click.Parameter, text: str | None) -> float | None:
    return None if text is None else parse_share(text)


def _deadline(context: click.Context, parameter: click.Parameter, text: str | None) -> float | None:
    return None if text is None else parse_duration(text)


def _methods(context: click.Context, parameter: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    return parse_methods(names)


def _columns(context: click.Context, parameter: click.Parameter, number: int | None) -> int | None:
    if number is not None and not 1 <= number <= MOST_COLUMNS:
        raise ConfigError(f"--max-columns is {number}; expected 1 to {MOST_COLUMNS}, as PostgreSQL takes.")
    return number


_OPTIONS = (
    options.budget,
    click.option(
        "--until", callback=_until, metavar="PERCENT",
        help="Stop when the next index would save less than this share of the workload's planned cost. [0.05%]",
    ),
    click.option(
        "--weight", type=click.Choice(WEIGHTS),
        help="Weight statements by planned cost times calls, by measured time, or all alike. [calls]",
    ),
    click.option(
        "--deadline", callback=_deadline, metavar="SECONDS",
        help="Stop after this long and return the best set found: 30s, 5m. [60s]",
    ),
    click.option(
        "--method", "methods", multiple=True, callback=_methods, metavar="NAME",
        help=f"Advise only indexes of this access method: {', '.join(METHODS)}. Repeatable. [all]",
    ),
    click.option(
        "--max-columns", type=int, callback=_columns, metavar="N", help="Maximum key columns of an advised index. [4]"
    ),
    click.option(
        "--risky", is_flag=True,
        help="Keep indexes that may slow down a hot statement. Otherwise they are left out, and named.",
    ),
)  # fmt: skip


def advisor(command: F) -> F:
    """Give a command every option of the advisor; it hands them on to `goal` as they come."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
