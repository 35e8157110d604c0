"""Find statements that run once for every row of another one.

## What it does

Looks in the workload for a SELECT that fetches by one key (`WHERE notebook_id = $1`) and ran about as often as another
statement returned rows of the table that the key refers to, or is referred to from. Both are named, with the ratio.

## Why it matters

A page of 50 rows costs 51 statements, each with a round trip to the server. The statements are fast one by one, so no
list of slow queries shows them.

## Example

    for notebook in session.scalars(select(Notebook).where(Notebook.user_id == user.id)):
        print(len(notebook.sources))  # one SELECT for each notebook

Use instead:

    select(Notebook).where(Notebook.user_id == user.id).options(selectinload(Notebook.sources))

## When it is wrong

Counters add up over all callers: two independent statements may agree by chance. The closer calls and rows are, the
surer the finding.

## Source

SQLAlchemy, Relationship Loading Techniques
(https://docs.sqlalchemy.org/en/20/orm/queryguide/relationships.html): "the N plus one problem".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import log

from pgwright.checks.no_workload import why_no_workload
from pgwright.checks.references import ColumnName, References
from pgwright.figures import count, milliseconds, share
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.names import QualifiedName
from pgwright.model.not_examined import NotExamined
from pgwright.model.snapshot import Snapshot
from pgwright.model.statement import Statement
from pgwright.sqltext import gist
from pgwright.workload.reading import share_of_time
from pgwright.workload.shaped import ShapedStatement, shaped_statements

# Fewer prove nothing.
FEWEST_CALLS = 50
# Fewer for each call of the parent are a page with a few details, not a loop.
CALLS_A_PARENT = 3.0
# The parent must return a list.
ROWS_A_PARENT = 2.0
# Calls against rows of the parent: some rows are skipped, some parents are other statements.
LOWEST_RATIO, HIGHEST_RATIO = 0.5, 1.5
# Within this, chance is unlikely.
CLOSE_RATIO = 0.1
# The session keeps what it has fetched by primary key, so a lookup may run for a part of the rows only.
LOWEST_LOOKUP_RATIO = 0.05
# A loop that takes such a share of the workload is the first thing to mend.
LARGE_SHARE = 0.1
MANY_CALLS_A_PARENT = 20.0


@dataclass(frozen=True)
class _Loop:
    """Statements that fetch by one key, and the statement whose rows may drive them."""

    key: ColumnName
    children: tuple[ShapedStatement, ...]
    parent: ShapedStatement
    parent_rows: int
    """Of the parent; of all parents together where none alone explains the calls."""

    @property
    def child(self) -> Statement:
        return max((query.statement for query in self.children), key=lambda statement: statement.calls)

    @property
    def total_ms(self) -> float:
        return sum(query.statement.total_ms for query in self.children)

    @property
    def ratio(self) -> float:
        """Calls of the child for each row of the parent."""
        return self.child.calls / self.parent_rows

    @property
    def calls_a_parent(self) -> float:
        return self.child.calls / self.parent.statement.calls


def find(snapshot: Snapshot) -> Iterator[Finding | NotExamined]:
    if (cause := why_no_workload(snapshot)) is not None:
        yield CHECK.unexamined(*cause)
        return
    loops: dict[ColumnName, _Loop] = {}
    for loop in sorted(_loops(snapshot), key=lambda loop: -loop.total_ms):
        loops.setdefault(loop.key, loop)  # the dearest, where several roles run it
    for loop in loops.values():
        yield _finding(snapshot, loop)


def _loops(snapshot: Snapshot) -> Iterator[_Loop]:
    references = References(snapshot)
    related = _related(references)
    children: dict[tuple[ColumnName, str], list[ShapedStatement]] = {}
    parents: dict[tuple[QualifiedName, str], list[ShapedStatement]] = {}
    for query in shaped_statements(snapshot):
        if query.shape.kind != "select":
            continue
        key, role = _key(query, references), query.statement.role
        if key in related:
            children.setdefault((key, role), []).append(query)
        if query.statement.rows_per_call >= ROWS_A_PARENT:
            for table in query.shape.tables:
                parents.setdefault((table, role), []).append(query)
    for (key, role), queries in children.items():
        if max(query.statement.calls for query in queries) >= FEWEST_CALLS:
            drivers = [query for table in related[key] for query in parents.get((table, role), ())]
            loop = _best(snapshot, key, tuple(queries), drivers)
            if loop is not None:
                yield loop


def _key(query: ShapedStatement, references: References) -> ColumnName | None:
    """Return the one column by which a SELECT fetches; None when it fetches in another way."""
    block = query.only_block
    compared = [one for one in (block.conditions if block else ()) if one.operator not in ("is null", "is not null")]
    if len(compared) != 1 or compared[0].operator != "=" or compared[0].parameter is None:
        return None
    return references.owner(compared[0].column.table, compared[0].column.column)


def _related(references: References) -> dict[ColumnName, set[QualifiedName]]:
    """Return, for each key column, the tables whose rows may drive a loop over it."""
    found: dict[ColumnName, set[QualifiedName]] = {}
    for source, target in (*references.declared, *references.implied):
        found.setdefault(source, set()).add(target[0])  # from the parent: WHERE child.parent_id = $1
        found.setdefault(target, set()).add(source[0])  # from the child: WHERE parent.id = $1
    return found


def _best(
    snapshot: Snapshot, key: ColumnName, children: tuple[ShapedStatement, ...], drivers: list[ShapedStatement]
) -> _Loop | None:
    """Return the loop whose parent's rows come nearest to the calls; of all parents together where none fits."""
    parents = [query for query in dict.fromkeys(drivers) if query not in children]
    loops = [_Loop(key, children, parent, parent.statement.rows) for parent in parents]
    fitting = [loop for loop in loops if _fits(snapshot, loop)]
    if fitting:
        return min(fitting, key=lambda loop: abs(log(loop.ratio)))
    rows = sum(parent.statement.rows for parent in parents)
    together = [_Loop(key, children, parent, rows) for parent in parents]
    largest = max(together, key=lambda loop: loop.parent.statement.rows, default=None)
    return largest if largest is not None and _fits(snapshot, largest) else None


def _fits(snapshot: Snapshot, loop: _Loop) -> bool:
    is_lookup = snapshot.table_by_name[loop.key[0]].primary_key == (loop.key[1],)
    lowest = LOWEST_LOOKUP_RATIO if is_lookup else LOWEST_RATIO
    return loop.calls_a_parent >= CALLS_A_PARENT and lowest <= loop.ratio <= HIGHEST_RATIO


def _finding(snapshot: Snapshot, loop: _Loop) -> Finding:
    child, parent = loop.child, loop.parent.statement
    part = share_of_time((query.statement for query in loop.children), snapshot)
    about = snapshot.describe(loop.key[0], (loop.key[1],))
    is_one_parent = loop.parent_rows == parent.rows
    is_close = is_one_parent and abs(loop.ratio - 1) <= CLOSE_RATIO
    return CHECK.found(
        about,
        f"A statement that fetches by {about} ran {loop.calls_a_parent:,.1f} times for each call of another one, "
        f"{loop.ratio:.2f} times for each row that was returned there.",
        severity="high" if part >= LARGE_SHARE or loop.calls_a_parent >= MANY_CALLS_A_PARENT else None,
        confidence="likely" if is_close else None,
        evidence=[
            Evidence("statement in the loop", gist(child.text)),
            Evidence("its calls", count(child.calls)),
            Evidence("its time", f"{milliseconds(loop.total_ms)}, {share(part)} of the workload"),
            Evidence("parent" if is_one_parent else "largest of several parents", gist(parent.text)),
            Evidence("calls and rows of the parent", f"{count(parent.calls)} and {count(parent.rows)}"),
        ],
        advice="Fetch for all rows at once: selectinload() or joinedload() in the parent's query, or one statement "
        "with = ANY($1). Set lazy='raise' on the relationship to find the place in the code.",
        queries=dict.fromkeys((*(query.statement.query_id for query in loop.children), parent.query_id)),
    )


CHECK = Check(
    __name__,
    reads=Snapshot,
    needs=("tables", "foreign_keys", "statements"),
    severity="medium",
    confidence="possible",
    find=find,
)
