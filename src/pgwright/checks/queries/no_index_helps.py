"""Find dear statements that no index helps.

## What it does

Reports the statements of notable time whose planned cost the index advisor could not bring down notably, whatever
indexes it tried, and says how to write them otherwise where their form shows it. What a rewrite saves nobody knows
before it was tried: half of the time is taken, so that faults of a known gain come first.

## Why it matters

Each further index makes writes dearer and leaves these statements as slow as they are. They take a change of the query,
of what is stored, or of how much is asked for.

## Example

    SELECT * FROM orders o
    WHERE o.total > (SELECT avg(i.total) FROM orders i WHERE i.customer_id = o.customer_id);

Use instead:

    SELECT * FROM orders o
    JOIN (SELECT customer_id, avg(total) AS mean FROM orders GROUP BY customer_id) a USING (customer_id)
    WHERE o.total > a.mean;

## When it is wrong

A report that reads most of its tables, seldom enough: what it takes is then its price. The advisor's time limit, or a
candidate that it does not know, may have kept an index from it that would help.

## Source

PostgreSQL manual, Performance Tips (https://www.postgresql.org/docs/current/performance-tips.html), WITH Queries:
Common Table Expression Materialization; PostgreSQL wiki, Don't Do This: "Don't use NOT IN"
(https://wiki.postgresql.org/wiki/Don%27t_Do_This).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress

from pgwright.checks.indexes.missing_index import LONGER
from pgwright.checks.no_workload import LET_IT_RUN, NOT_OF_TABLES
from pgwright.errors import UnparsableStatement
from pgwright.figures import cost, count, milliseconds
from pgwright.model.advice import Advice, UnhelpedStatement
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.not_examined import NotExamined
from pgwright.model.worth import Worth
from pgwright.sqltext import CostlyForm, Form, costly_forms, gist, inner_query

# Nobody knows it before it was tried.
REWRITTEN_SHARE = 0.5
# More ways to write it are a lecture.
MOST_REWRITES = 2
OBJECT_CHARACTERS, TEXT_CHARACTERS = 80, 160

_NAMES: Mapping[Form, str] = {
    "correlated subquery": "a subquery that runs for each row around it",
    "common table": "a common table that is read more than once",
    "not in": "NOT IN over a subquery",
    "or over tables": "an OR over several tables",
    "distinct over join": "DISTINCT over a join",
    "aggregate of everything": "an aggregate of all rows",
    "function of each row": "a function that is called for each row",
}
_REWRITES: Mapping[Form, str] = {
    "correlated subquery": "Compute the subquery for all rows in one pass, with GROUP BY, and join to that.",
    "common table": "PostgreSQL computes a common table once and reads it without index or statistics: read it once, "
    "with sum(…) FILTER (WHERE …) for each of its uses, write NOT MATERIALIZED so that each use filters it, or put it "
    "into a temporary table and ANALYZE that.",
    "not in": "Write NOT EXISTS (SELECT … WHERE …): it can be joined, and NULL does not make it empty.",
    "or over tables": "Write one SELECT for each branch of the OR and join them by UNION: each then has its own index.",
    "distinct over join": "Ask with EXISTS for the table of which no column is shown: then the join multiplies no rows "
    "that DISTINCT takes away again.",
    "aggregate of everything": "Keep the answer in a summary table or a materialized view, and bring it up to date.",
    "function of each row": "Store what the function gives in a generated column, or compare the column itself.",
}
_OTHERWISE = "It needs another form, a summary that is kept, or less data."


def find(advice: Advice) -> Iterator[Finding | NotExamined]:
    if advice.ended == "unanswered":
        yield CHECK.unexamined("the advisor's deadline came before any index was tried", LONGER)
    elif not advice.statements and advice.unplanned:
        yield CHECK.unexamined("no statement could be planned", "pgwright advise says why")
    elif not advice.statements:
        yield CHECK.unexamined(NOT_OF_TABLES, LET_IT_RUN)
    for statement in advice.unhelped:
        yield _finding(statement, advice)


def _finding(statement: UnhelpedStatement, advice: Advice) -> Finding:
    forms = _forms(statement.text)[:MOST_REWRITES]
    shown = f" It has {' and '.join(_named(one) for one in forms)}." if forms else ""
    worth = _worth(statement, advice)
    return CHECK.found(
        gist(statement.text, OBJECT_CHARACTERS),
        f"No index that was tried makes this statement notably cheaper.{shown}",
        # Without a remedy it is for a person to find, not the first thing to do.
        severity="medium" if worth.severity == "high" and not forms else worth.severity,
        confidence=None if forms else "possible",
        evidence=[
            Evidence("statement", gist(statement.text, TEXT_CHARACTERS)),
            Evidence("calls and time", f"{count(statement.calls)}, {milliseconds(statement.total_ms)} in all"),
            Evidence(
                "with the best indexes that were tried",
                f"cost {cost(statement.cost)} → {cost(statement.least_cost)}",
                "planned",
            ),
            Evidence("time saved if a rewrite halves it", str(worth), "estimated"),
        ],
        advice=" ".join(_REWRITES[one.form] for one in forms) or _OTHERWISE,
        queries=[statement.query_id],
        worth=worth,
    )


def _forms(text: str) -> tuple[CostlyForm, ...]:
    """Return the costly forms of a statement, each kind once; none where its text is cut off."""
    found: dict[Form, CostlyForm] = {}
    with suppress(UnparsableStatement):
        for one in costly_forms(inner_query(text) or text):
            found.setdefault(one.form, one)
    return tuple(found.values())


def _named(one: CostlyForm) -> str:
    return f"{_NAMES[one.form]} ({one.part})" if one.part else _NAMES[one.form]


def _worth(statement: UnhelpedStatement, advice: Advice) -> Worth:
    saved = statement.total_ms * REWRITTEN_SHARE
    return Worth(
        saved_ms=saved,
        saved_a_call_ms=saved / max(statement.calls, 1),
        share_of_workload=saved / advice.workload_ms if advice.workload_ms else 0.0,
        observed_seconds=advice.observed_seconds,
    )


CHECK = Check(__name__, reads=Advice, severity="medium", confidence="likely", find=find)
