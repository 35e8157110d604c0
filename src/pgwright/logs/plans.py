"""Plans that auto_explain wrote, in text or JSON, down to what tells whether another plan reads likewise."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# By an index is by an index: whether its table is looked at too hangs on the last VACUUM.
_SCANS: Mapping[str, str] = {
    "Seq Scan": "Seq Scan", "Index Scan": "Index Scan", "Index Only Scan": "Index Scan",
    "Bitmap Heap Scan": "Bitmap Scan", "Tid Scan": "Tid Scan", "Tid Range Scan": "Tid Scan",
    "Sample Scan": "Sample Scan", "Foreign Scan": "Foreign Scan",
}  # fmt: skip
_JOINS = ("Nested Loop", "Hash Join", "Merge Join")
_NAME = r'(?:"(?:[^"]|"")*+"|[\w$]++)'
_SCAN_LINE = re.compile(
    rf"\s*(?:->  )?(?:Parallel )?(?P<scan>{'|'.join(_SCANS)})(?: Backward)?(?: using {_NAME})?"
    rf" on (?:{_NAME}\.)?(?P<relation>{_NAME})[^(]*\(cost="
)
_JOIN_LINE = re.compile(r"\s*(?:->  )?(?:Parallel )?(?P<join>Nested Loop|Hash|Merge)(?P<rest>[ \w]*)  \(cost=")
NODE_LINE = re.compile(r"\s*(?:->  )?[A-Z][^\n]*  \(cost=\d[\d.]*\.\.\d[\d.]* rows=\d+ width=\d+\)")


@dataclass(frozen=True)
class Ways:
    """How a plan reads its tables and joins them."""

    scans: tuple[tuple[str, str], ...]
    """Relation and kind of scan, sorted."""
    joins: tuple[str, ...]
    """Sorted."""

    def differences(self, other: Ways) -> tuple[str, ...]:
        """Return in words what is otherwise in a plan of the log, given the one `other` that was planned here."""
        theirs, ours = _by_relation(self.scans), _by_relation(other.scans)
        found = [
            f"{relation}: {theirs[relation]} in the log, {ours[relation]} here"
            for relation in sorted(theirs.keys() & ours.keys())
            if theirs[relation] != ours[relation]
        ]
        if self.joins != other.joins:
            found.append(f"{_joined(self.joins)} in the log, {_joined(other.joins)} here")
        return tuple(found)


def ways_of(plan: Mapping[str, Any]) -> Ways:
    """Return how a plan reads, from the root node that `EXPLAIN (FORMAT JSON)` gives."""
    scans, joins = [], []
    for node in _nodes(plan):
        kind = str(node.get("Node Type"))
        if kind in _SCANS and isinstance(node.get("Relation Name"), str):
            scans.append((node["Relation Name"], _SCANS[kind]))
        elif kind in _JOINS:
            joins.append(kind)
    return Ways(tuple(sorted(scans)), tuple(sorted(joins)))


def ways_of_text(lines: Iterable[str]) -> Ways:
    """Return how a plan reads, from the lines that `EXPLAIN` gives."""
    scans, joins = [], []
    for line in lines:
        if (scan := _SCAN_LINE.match(line)) is not None:
            name = scan["relation"]
            bare = name[1:-1].replace('""', '"') if name.startswith('"') else name
            scans.append((bare, _SCANS[scan["scan"]]))
        elif (join := _JOIN_LINE.match(line)) is not None and (
            join["join"] == "Nested Loop" or join["rest"].endswith(" Join")
        ):
            joins.append(join["join"] if join["join"] == "Nested Loop" else f"{join['join']} Join")
    return Ways(tuple(sorted(scans)), tuple(sorted(joins)))


def _nodes(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield node
    plans = node.get("Plans")
    for child in plans if isinstance(plans, list) else ():
        if isinstance(child, Mapping):
            yield from _nodes(child)


def _by_relation(scans: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the kinds of scan of each relation, where it is read more than once all of them."""
    found: dict[str, list[str]] = {}
    for relation, scan in scans:
        found.setdefault(relation, []).append(scan)
    return {relation: " and ".join(dict.fromkeys(kinds)) for relation, kinds in found.items()}


def _joined(joins: tuple[str, ...]) -> str:
    return " and ".join(dict.fromkeys(joins)) or "no join"
