"""How many rows a statement has: counted, counted up to a limit, or as the planner guesses."""

from __future__ import annotations

import json
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Executable, Result, Select, func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import LoaderCriteriaOption, Session
from sqlalchemy.sql.compiler import SQLCompiler

from pgwright_runtime.paging.steps import run, run_sync

TotalKind = Literal["exact", "capped", "estimate"]
DEFAULT_CAP = 10_000


@dataclass(frozen=True)
class Total:
    """A number of rows, and what kind of number it is."""

    rows: int
    kind: TotalKind
    """"capped": there are more than `rows`, show it as "10,000+"; "estimate": the planner's, from its statistics."""


async def count_rows(
    session: AsyncSession, statement: Select[*tuple[Any, ...]], kind: TotalKind = "exact", *, cap: int = DEFAULT_CAP
) -> Total:
    """Return how many rows a statement has, whatever its ORDER BY, LIMIT and OFFSET; one round trip.

    Args:
        kind: "exact" counts every row; "capped" stops after `cap` rows, and its answer is exact below that;
            "estimate" asks the planner (EXPLAIN), which reads no rows and may be wrong by any factor.
        cap: rows.
    Raises: ValueError: the kind is unknown, or the cap below 1.
    """
    return await run(session, count_steps(statement, kind, cap))


def count_rows_sync(
    session: Session, statement: Select[*tuple[Any, ...]], kind: TotalKind = "exact", *, cap: int = DEFAULT_CAP
) -> Total:
    """`count_rows` for a sync session."""
    return run_sync(session, count_steps(statement, kind, cap))


def count_steps(
    statement: Select[*tuple[Any, ...]], kind: TotalKind, cap: int
) -> Generator[Executable, Result[*tuple[Any, ...]], Total]:
    """Yield the statement that counts, receive its result."""
    check_total(kind, cap)
    rows = statement.order_by(None).limit(None).offset(None)
    # A page locks its own rows; its total must not lock them all.
    rows._for_update_arg = None
    if kind == "estimate":
        plan = (yield _over(_Explain(literal_column("1")), rows)).scalar_one()
        # One driver hands JSON over as text, the other parses it.
        plan = json.loads(plan) if isinstance(plan, str) else plan
        return Total(int(plan[0]["Plan"]["Plan Rows"]), "estimate")
    if kind == "exact":
        return Total((yield _over(select(func.count()), rows)).scalar_one(), "exact")
    found = (yield _over(select(func.count()), rows.limit(cap + 1))).scalar_one()
    return Total(cap, "capped") if found > cap else Total(found, "exact")


def check_total(kind: str | None, cap: int) -> None:
    """Raises: ValueError: the kind is unknown, or the cap below 1."""
    if kind not in (None, "exact", "capped", "estimate"):
        raise ValueError(f"a total is 'exact', 'capped' or 'estimate', not {kind!r}")
    if cap < 1:
        raise ValueError(f"the cap of a total must be at least 1 row, not {cap}")


def _over(outer: Select[*tuple[Any, ...]], rows: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """Select from the rows of another statement, under the criteria that hold for its entities."""
    criteria = [option for option in rows._with_options if isinstance(option, LoaderCriteriaOption)]
    return outer.select_from(rows.subquery()).options(*criteria)


class _Explain(Select[*tuple[Any, ...]]):
    """A select that is planned and not run; to SQLAlchemy's events it is a select like others."""

    inherit_cache = True


@compiles(_Explain, "postgresql")
def _compile_explain(element: _Explain, compiler: SQLCompiler, **options: Any) -> str:
    text = compiler.visit_select(element, **options)  # type: ignore[no-untyped-call]
    return f"EXPLAIN (FORMAT JSON) {text}"
