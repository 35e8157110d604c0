"""The loops of a workload: which statements run once for each row of others, by what their counters agree with."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from pgwright.checks.loop_counts import LIKELY_CHANCE, Loop, Requests, find_loop
from pgwright.checks.loops import Child, children
from pgwright.marks import begins_dump
from pgwright.model.snapshot import Snapshot
from pgwright.workload.reading import read_statements, workload_ms
from pgwright.workload.selects import Select

# Fewer prove nothing.
FEWEST_CALLS = 50
# Fewer statements do not tell how the role commits.
_FEWEST_STATEMENTS = 4
_BEGIN = re.compile(r"(?:begin|start\s+transaction)\b", re.IGNORECASE)
_UNKNOWN = Requests(0)


@dataclass(frozen=True)
class Suspect:
    """A statement that runs in a loop."""

    child: Child
    loop: Loop

    @property
    def saved_calls(self) -> float:
        """What is left out where each call of the lists fetches for all of its rows with one statement."""
        return max(self.loop.looped - self.loop.list_calls, 0.0)

    @property
    def saved_ms(self) -> float:
        return self.child.select.mean_ms * self.saved_calls

    @property
    def doubt(self) -> tuple[bool, float]:
        """What sorts the ways to explain one statement, the surest first."""
        return not self.loop.is_named, self.loop.chance


def find_suspects(snapshot: Snapshot) -> tuple[Suspect, ...]:
    """Return the statements that run in a loop, each with what explains its calls best; the dearest first."""
    possible = [child for child in children(snapshot) if child.select.calls >= FEWEST_CALLS]
    looping = {child.select for child in possible if _loop(child, _UNKNOWN) is not None}
    requests = _RequestCounts(snapshot, looping)
    found: dict[Select, Suspect] = {}
    for child in possible:
        _keep(found, child, _loop(child, requests.around(child)))
    first = dict(found)
    for child in possible:
        if child.select not in first and (within := _inside(child, first)) is not child:
            _keep(found, within, _loop(within, requests.around(child)))
    return tuple(sorted(found.values(), key=lambda one: -one.saved_ms))


def saved_share(saved_ms: float, snapshot: Snapshot) -> float:
    """Return a time as a share of the workload's, in [0, 1]."""
    total = workload_ms(snapshot)
    return saved_ms / total if total > 0 else 0.0


def _loop(child: Child, requests: Requests) -> Loop | None:
    return find_loop(child.select.calls, child.lists, child.singles, requests) if child.lists else None


def _keep(found: dict[Select, Suspect], child: Child, loop: Loop | None) -> None:
    if loop is not None:
        suspect, known = Suspect(child, loop), found.get(child.select)
        if known is None or suspect.doubt < known.doubt:
            found[child.select] = suspect


def _inside(child: Child, found: Mapping[Select, Suspect]) -> Child:
    """Return a statement with those beside which it runs as its lists, where they run in a loop themselves."""
    looped = [one for one in child.singles if one.select in found]
    if not looped:
        return child
    sources = (replace(one, calls=found[one.select].loop.list_calls) for one in looped)
    singles = tuple(one for one in child.singles if one not in looped)
    return replace(child, lists=(*child.lists, *sources), singles=singles)


def _are_all_counted(transactions: int, calls: Collection[int]) -> bool:
    """Tell whether the counted BEGINs may be all requests: of a role that commits each statement they are some few.

    Then most of its statements ran more often, whatever loops.
    """
    return len(calls) < _FEWEST_STATEMENTS or 2 * sum(one > transactions for one in calls) < len(calls)


class _RequestCounts:
    """How many requests there were, by what else the role ran."""

    def __init__(self, snapshot: Snapshot, looping: Collection[Select]) -> None:
        self._transactions = Counter[str]()
        for one in snapshot.statements:
            if _BEGIN.match(one.text):
                self._transactions[one.role] += one.calls
            elif begins_dump(one.text):
                self._transactions[one.role] -= one.calls
        in_loops = {(number, select.role) for select in looping for number in select.query_ids}
        self._counts: dict[str, Counter[int]] = {}
        for reading in read_statements(snapshot):
            for one in reading.stands_for if reading.kind == "query" else ():
                if (one.query_id, one.role) not in in_loops:
                    self._counts.setdefault(one.role, Counter())[one.query_id] += one.calls
        for role, counts in self._counts.items():
            counted = self._transactions[role]
            if counted < 0 or not _are_all_counted(counted, counts.values()):
                self._transactions[role] = 0

    def around(self, child: Child) -> Requests:
        """Return what tells how often a statement may have run once a request.

        A look-up by a key that others refer to may be of the user signed in, so it is compared with all else that ran,
        and must agree with a list more closely.
        """
        role, own = child.select.role, set(child.select.query_ids)
        if not child.link.is_lookup:
            return Requests(self._transactions[role])
        others = self._counts.get(role, Counter()).items()
        counts = tuple(calls for number, calls in others if number not in own)
        return Requests(self._transactions[role], counts, LIKELY_CHANCE)
