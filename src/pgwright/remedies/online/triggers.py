"""The triggers that keep the two columns of each pair in step, whichever of them a statement writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pgwright.model.names import QualifiedName, quote
from pgwright.model.remedy import Step
from pgwright.remedies.online.series import Series
from pgwright.remedies.online.steps import brief, literal, tag_for, unless

# Triggers of one event fire in the order of their names: after those of the app, which may set keys.
TRIGGER = "zz_pgwright_in_step"


@dataclass(frozen=True)
class _Step:
    """One pair as the function has it: the column that has the default, and the other."""

    name: str
    other: str
    from_other: str
    to_other: str


def keep_in_step(series: Series, table: QualifiedName, *, is_swapped: bool) -> tuple[Step, ...]:
    """Return the steps that make the function and its trigger."""
    function = series.trigger_function(table)
    create = (
        f"CREATE TRIGGER {TRIGGER} BEFORE INSERT OR UPDATE ON {table}\n"
        f"            FOR EACH ROW EXECUTE FUNCTION {function}()"
    )
    there = f"SELECT FROM pg_trigger WHERE tgrelid = {literal(str(table))}::regclass AND tgname = {literal(TRIGGER)}"
    return (
        brief(function_sql(series, table, is_swapped=is_swapped), "none"),
        brief(unless(there, create), "SHARE ROW EXCLUSIVE", table),
    )


def leave_step(series: Series, table: QualifiedName) -> tuple[Step, ...]:
    """Return the steps that take trigger and function away."""
    return (
        brief(f"DROP TRIGGER IF EXISTS {TRIGGER} ON {table}", "ACCESS EXCLUSIVE", table),
        brief(f"DROP FUNCTION IF EXISTS {series.trigger_function(table)}()", "none"),
    )


def function_sql(series: Series, table: QualifiedName, *, is_swapped: bool) -> str:
    """Return the function: before the swap the old column has the default, after it the new one.

    Only the column without a default tells who wrote: where it holds a value in a new row, that was meant.
    """
    steps = [
        _Step(one.name, one.old, one.to_new(f"NEW.{quote(one.old)}"), one.to_old(f"NEW.{quote(one.name)}"))
        if is_swapped
        else _Step(one.name, one.new, one.to_old(f"NEW.{quote(one.new)}"), one.to_new(f"NEW.{quote(one.name)}"))
        for one in series.of(table)
    ]
    body = "\n".join(
        [
            "BEGIN",
            "    IF TG_OP = 'INSERT' THEN",
            *_indented(line for one in steps for line in _inserted(one)),
            "    ELSE",
            *_indented(line for one in steps for line in _updated(one)),
            "    END IF;",
            "    RETURN NEW;",
            "END",
        ]
    )
    tag = tag_for(body)
    head = f"CREATE OR REPLACE FUNCTION {series.trigger_function(table)}() RETURNS trigger LANGUAGE plpgsql"
    return f"{head} AS {tag}\n{body}\n{tag}"


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"        {line}" for line in lines]


def _inserted(one: _Step) -> Iterator[str]:
    name, other = f"NEW.{quote(one.name)}", f"NEW.{quote(one.other)}"
    yield f"IF {other} IS NOT NULL THEN"
    yield f"    {name} := {one.from_other};"
    yield "ELSE"
    yield f"    {other} := {one.to_other};"
    yield "END IF;"


def _updated(one: _Step) -> Iterator[str]:
    name, other = quote(one.name), quote(one.other)
    yield f"IF NEW.{other} IS DISTINCT FROM OLD.{other} AND NEW.{other} IS DISTINCT FROM {_typed(one)} THEN"
    yield f"    NEW.{name} := {one.from_other};"
    yield f"ELSIF NEW.{name} IS DISTINCT FROM OLD.{name} OR NEW.{other} IS NULL THEN"
    yield f"    NEW.{other} := {one.to_other};"
    yield "END IF;"


def _typed(one: _Step) -> str:
    return f"({one.to_other})"
