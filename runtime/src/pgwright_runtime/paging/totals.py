"""How many rows a statement has: counted, counted up to a limit, or as the planner guesses."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal, overload

from sqlalchemy import Select, func, literal_column, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import LoaderCriteriaOption
from sqlalchemy.sql.compiler import SQLCompiler

from pgwright_runtime._alchemy import AnySelect, options_of, without_locks
from pgwright_runtime._sessions import AnyAsyncSession, AnySession, Awaited, Steps, run

TotalKind = Literal["exact", "capped", "estimate"]
DEFAULT_CAP = 10_000


@dataclass(frozen=True)
class Total:
    """A number of rows, and what kind of number it is."""

    rows: int
    kind: TotalKind
    """"capped": there are more than `rows`, show it as "10,000+"; "estimate": the planner's, from its statistics."""


@overload
def count_rows(
    session: AnyAsyncSession, statement: AnySelect, kind: TotalKind = ..., *, cap: int = ...
) -> Awaited[Total]: ...
@overload
def count_rows(session: AnySession, statement: AnySelect, kind: TotalKind = ..., *, cap: int = ...) -> Total: ...
def count_rows(
    session: AnyAsyncSession | AnySession, statement: AnySelect, kind: TotalKind = "exact", *, cap: int = DEFAULT_CAP
) -> Awaited[Total] | Total:
    """Return how many rows a statement has, whatever its ORDER BY, LIMIT and OFFSET; one round trip.

    Of an async session, await it.

    Args:
        kind: "exact" counts every row; "capped" stops after `cap` rows, and its answer is exact below that;
            "estimate" asks the planner (EXPLAIN), which reads no rows and may be wrong by any factor.
        cap: rows.
    Raises: ValueError: the kind is unknown, or the cap below 1.
    """
    return run(session, count_steps(statement, kind, cap))


def count_steps(statement: AnySelect, kind: TotalKind, cap: int) -> Steps[Total]:
    """Yield the statement that counts, receive its result."""
    check_total(kind, cap)
    # A page locks its own rows; its total must not lock them all.
    rows = without_locks(statement).order_by(None).limit(None).offset(None)
    if kind == "estimate":
        plan = (yield _over(_Explain(literal_column("1")), rows)).scalar_one()
        # One driver hands JSON over as text, the other parses it.
        plan = json.loads(plan) if isinstance(plan, str) else plan
        return Total(int(plan[0]["Plan"]["Plan Rows"]), "estimate")
    if kind == "exact":
        return Total((yield _over(select(func.count()), rows)).scalar_one(), "exact")
    found = (yield _over(select(func.count()), rows.limit(cap + 1))).scalar_one()
    return Total(cap, "capped") if found > cap else Total(found, "exact")


def check_total(kind: str, cap: int) -> None:
    """Raises: ValueError: the kind is unknown, or the cap is no whole number or below 1."""
    if kind not in ("exact", "capped", "estimate"):
        raise ValueError(f"a total is 'exact', 'capped' or 'estimate', not {kind!r}")
    if not isinstance(cap, int) or cap < 1:
        raise ValueError(f"the cap of a total must be at least 1 row, not {cap!r}")


def _over(outer: AnySelect, rows: AnySelect) -> AnySelect:
    """Select from the rows of another statement, under the criteria that hold for its entities."""
    criteria = [option for option in options_of(rows) if isinstance(option, LoaderCriteriaOption)]
    return outer.select_from(rows.subquery()).options(*criteria)


class _Explain(Select[*tuple[Any, ...]]):
    """A select that is planned and not run; to SQLAlchemy's events it is a select like others."""

    inherit_cache = True


@compiles(_Explain, "postgresql")
def _compile_explain(element: _Explain, compiler: SQLCompiler, **options: Any) -> str:
    text = compiler.visit_select(element, **options)  # type: ignore[no-untyped-call]
    return f"EXPLAIN (FORMAT JSON) {text}"
