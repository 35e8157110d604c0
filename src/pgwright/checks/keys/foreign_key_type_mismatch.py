"""Find foreign keys whose two ends differ in type.

## What it does

Compares the types of both ends of every foreign key, and of the keys that these refer to in turn. Columns that are
narrower integers than what they refer to can be converted; other differences are reported for a person to decide, and
so are columns of a domain, whose rules a new type would lose, and columns that a statement of the workload computes
with, for there may be no such function of the new type. `varchar` and `text` are the same to the server.

## Why it matters

When the referenced key outgrows the referring column, inserts fail with "integer out of range". Between types of
different families every check of the constraint and every join converts values, and may not use the index.

## Example

    CREATE TABLE account (id bigint PRIMARY KEY);
    CREATE TABLE invoice (account_id integer REFERENCES account);

Use instead:

    CREATE TABLE invoice (account_id bigint REFERENCES account);

## When it is wrong

A wider column that refers to a narrower one does no harm; it is reported as low, for the pair is seldom intended.

## Source

PostgreSQL manual, Constraints: Foreign Keys
(https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-FK).
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.families import families
from pgwright.checks.references import ColumnName, References, components
from pgwright.checks.widening import obstacles, widened
from pgwright.figures import count, size
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.snapshot import Snapshot

# The integers, narrowest first, as SQL names them.
INTEGERS = {"int2": "smallint", "int4": "integer", "int8": "bigint"}
# Types that are stored and compared alike.
ALIKE = {"varchar": "text"}


def find(snapshot: Snapshot) -> Iterator[Finding]:
    references = References(snapshot)
    differing = [pair for pair in references.declared if len({_type(snapshot, name) for name in pair}) > 1]
    narrow = [pair for pair in differing if _is_narrower(snapshot, *pair)]
    group_of = {name: group for group in components(references.declared) for name in group}
    groups = {tuple(group_of[source]): source for source, _ in reversed(narrow)}
    for group, first in sorted(groups.items()):
        yield _narrow(snapshot, references, list(group), first)
    told = {name for group in groups for name in group}
    for source, target in differing:
        if source not in told:
            yield _other(snapshot, source, target)


def _type(snapshot: Snapshot, name: ColumnName) -> str:
    base = snapshot.column(*name).base_type
    return ALIKE.get(base, base)


def _is_narrower(snapshot: Snapshot, source: ColumnName, target: ColumnName) -> bool:
    ends = [_type(snapshot, name) for name in (source, target)]
    widths = list(INTEGERS)
    return all(end in widths for end in ends) and widths.index(ends[0]) < widths.index(ends[1])


def _narrow(snapshot: Snapshot, references: References, group: list[ColumnName], first: ColumnName) -> Finding:
    integers = [name for name in group if _type(snapshot, name) in INTEGERS]
    widest = max((_type(snapshot, name) for name in integers), key=list(INTEGERS).index)
    narrow = [name for name in integers if _type(snapshot, name) != widest]
    tables = families(snapshot)
    obstacle = next(obstacles(snapshot, references, narrow), "")
    return CHECK.found(
        snapshot.describe(first[0], (first[1],)),
        f"{_named(snapshot, first)} refers to a {INTEGERS[widest]} key: inserts will fail when the key outgrows it.",
        evidence=[
            Evidence("columns to widen", ", ".join(_named(snapshot, name) for name in narrow)),
            Evidence("rows", count(sum(tables[name[0]].rows for name in narrow))),
            Evidence("tables to rewrite", size(sum(tables[table].total_bytes for table, _ in set(narrow)))),
        ],
        advice=f"Convert these columns to {INTEGERS[widest]}, all together"
        + (f", by hand: {obstacle}." if obstacle else "."),
        changes=[] if obstacle else [widened(snapshot, references, narrow, INTEGERS[widest])],
    )


def _other(snapshot: Snapshot, source: ColumnName, target: ColumnName) -> Finding:
    is_wider = _is_narrower(snapshot, target, source)
    return CHECK.found(
        snapshot.describe(source[0], (source[1],)),
        f"{_named(snapshot, source)} refers to {_named(snapshot, target)}: "
        + ("it is wider than the key." if is_wider else "every check and join converts one of the two."),
        severity="low" if is_wider else None,
        evidence=[
            Evidence("type", snapshot.column(*source).type),
            Evidence("referenced type", snapshot.column(*target).type),
        ],
        advice="Give both columns one type, in a revision of its own.",
    )


def _named(snapshot: Snapshot, name: ColumnName) -> str:
    return f"{snapshot.describe(name[0], (name[1],))} of type {snapshot.column(*name).type}"


CHECK = Check(
    __name__,
    reads=Snapshot,
    needs=("tables", "foreign_keys"),
    severity="medium",
    confidence="certain",
    find=find,
    spans_keys=True,
)
