"""What a plan reads, as blocks of a statement: behind views, functions and policies the text alone does not tell it.

The plan is made without indexes and by hash joins, so that every condition is at its scan, every join has its columns
and every order its sort. From its nodes one SELECT is written, and that is read like any other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pgwright.errors import UnparsableStatement
from pgwright.model.names import QualifiedName, quote
from pgwright.model.snapshot import Snapshot
from pgwright.sqltext import Block, Schema, parse, read_shape

# As they show: a scan with all its conditions, a join with its columns, an order with its sort.
PLAIN = {
    "enable_indexscan": "off",
    "enable_indexonlyscan": "off",
    "enable_bitmapscan": "off",
    "enable_nestloop": "off",
    "enable_mergejoin": "off",
    "max_parallel_workers_per_gather": "0",
}
_CONDITIONS = ("Filter", "Join Filter", "Hash Cond", "Merge Cond", "Index Cond", "Recheck Cond")
_OF_THE_SYSTEM = ("pg_catalog", "information_schema", "pg_toast")
_MOST_SORTS = 4
# No parameter of a statement has such a number: it stands for what another part of the plan gives.
_GIVEN_NUMBER = 9999
_GIVEN = f"${_GIVEN_NUMBER}"
_ANY_GIVEN = re.compile(r"\((?:ANY )?\((.+?) = \(hashed SubPlan \d+\)(?:\.col\d+)?\)\)")
_OTHER_PART = re.compile(r"\((?:(?:hashed|alternatives:) )?(?:InitPlan|SubPlan) \d+[^()]*\)(?:\.col\d+)?")
_NUMBERED = re.compile(r"_\d+$")
_DIRECTION = re.compile(r"(?: DESC| ASC| NULLS FIRST| NULLS LAST| USING \S+)+$")


@dataclass
class _Read:
    """What the nodes of a plan say."""

    tables: dict[str, QualifiedName] = field(default_factory=dict)
    """By alias; a partition stands for the table that it is one of."""
    renamed: dict[str, str] = field(default_factory=dict)
    conditions: dict[str, None] = field(default_factory=dict)
    orders: dict[str, None] = field(default_factory=dict)
    groups: dict[str, None] = field(default_factory=dict)


def read_tables(explained: Any, snapshot: Snapshot) -> frozenset[QualifiedName]:
    """Return the user's tables that a plan reads; of partitions and children the table that they are one of."""
    found = _Read()
    _read(explained[0]["Plan"], "", found, snapshot)
    return frozenset(found.tables.values())


def read_blocks(explained: Any, snapshot: Snapshot, schema: Schema) -> tuple[Block, ...]:
    """Return what a plan reads of the user's tables, as one block for each order that it makes.

    Args:
        explained: what `EXPLAIN (VERBOSE, FORMAT JSON)` gives under the settings `PLAIN`.
    """
    root = explained[0]["Plan"]
    found = _Read()
    _read(root, "", found, snapshot)
    if not found.tables:
        return ()
    sources = ", ".join(f"{name} AS {quote(alias)}" for alias, name in found.tables.items())
    conditions = [one for text in found.conditions if (one := _said(text, found)) and _is_read(f"SELECT WHERE {one}")]
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    outputs = [one for text in root.get("Output", ()) if (one := _said(text, found)) and _is_read(f"SELECT {one}")]
    whole = f"SELECT {', '.join(outputs)} FROM {sources}{where}"  # noqa: S608 - parsed, and never run
    limit = " LIMIT 1" if root["Node Type"] == "Limit" else ""
    endings = [f" ORDER BY {keys}" for keys in _keys(found.orders, found)]
    endings += [f" GROUP BY {_DIRECTION.sub('', keys)}" for keys in _keys(found.groups, found)]
    blocks = [one for ending in endings[:_MOST_SORTS] or [""] for one in _blocks(whole + ending + limit, schema)]
    return tuple(dict.fromkeys(blocks))


def _read(node: Mapping[str, Any], above: str, found: _Read, snapshot: Snapshot) -> None:
    if "Relation Name" in node and node.get("Schema") not in _OF_THE_SYSTEM:
        name, alias = QualifiedName(node.get("Schema", ""), node["Relation Name"]), node["Alias"]
        root = _root(name, snapshot)
        if root != name and "Append" in above:  # each partition has a number of its own
            found.renamed[alias] = _NUMBERED.sub("", alias)
        if root in snapshot.table_by_name:
            found.tables.setdefault(found.renamed.get(alias, alias), root)
    for child in node.get("Plans", ()):
        _read(child, node["Node Type"], found, snapshot)
    texts = [node[name] for name in _CONDITIONS if name in node]
    found.conditions |= dict.fromkeys(texts)
    if "Sort Key" in node:
        found.orders[", ".join(node["Sort Key"])] = None
    if "Group Key" in node and node.get("Strategy") == "Hashed":
        found.groups[", ".join(node["Group Key"])] = None


def _root(name: QualifiedName, snapshot: Snapshot) -> QualifiedName:
    """Return the table that a partition or a child is one of, at any depth."""
    table = snapshot.table_by_name.get(name)
    while table is not None and table.parent is not None and table.parent in snapshot.table_by_name:
        table = snapshot.table_by_name[table.parent]
    return table.name if table is not None else name


def _said(text: str, found: _Read) -> str:
    """Return an expression of a plan as SQL that can be parsed."""
    text = _ANY_GIVEN.sub(rf"(\1 = ANY ({_GIVEN}))", text)
    text = _OTHER_PART.sub(_GIVEN, text)
    for alias, plain in found.renamed.items():
        text = re.sub(rf"(?<![\w.\"]){re.escape(quote(alias))}\.", f"{quote(plain)}.", text)
    return text


def _keys(lists: Iterable[str], found: _Read) -> Iterator[str]:
    for keys in lists:
        said = _said(keys, found)
        if _is_read(f"SELECT ORDER BY {said}"):
            yield said


def _is_read(text: str) -> bool:
    try:
        parse(text)
    except UnparsableStatement:
        return False
    return True


def _blocks(text: str, schema: Schema) -> tuple[Block, ...]:
    try:
        found = read_shape(text, schema).blocks
    except UnparsableStatement:
        return ()
    return tuple(
        replace(block, parameters=tuple(use for use in block.parameters if 0 < use.number < _GIVEN_NUMBER))
        for block in found
    )
