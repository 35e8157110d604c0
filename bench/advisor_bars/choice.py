"""What the advisor chooses, for two kinds of advice and three budgets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from unittest.mock import patch

from tpc import LEFT_OUT, Name, Query, queries

from advisor_bars.bars import BUDGETS, DEADLINES
from advisor_bars.progress import show
from pgwright.advisor.advisor import advise
from pgwright.advisor.goal import Goal
from pgwright.embedded import EmbeddedServer, run_server
from pgwright.model.advice import Advice
from pgwright.model.index import IndexDefinition
from pgwright.model.snapshot import Snapshot
from pgwright.model.statement import Statement
from pgwright.model.table import PAGE_BYTES
from pgwright.pipeline import take_snapshot
from pgwright.twin.pages import extend
from pgwright.twin.restore import SERVER_SETTINGS
from pgwright.twin.twin import open_twins


@dataclass(frozen=True)
class Chosen:
    mode: str
    budget: int
    budget_bytes: int
    advice: Advice
    no_descent: float | None
    definitions: tuple[IndexDefinition, ...]


@contextmanager
def own_twin_server() -> Iterator[EmbeddedServer]:
    with run_server(settings=SERVER_SETTINGS) as server:
        yield server


def choose(server: EmbeddedServer, name: Name, mode: str) -> list[Chosen]:
    advised = [query for query in queries(server, name) if query.number not in LEFT_OUT[name]]
    snapshot = snapshot_of(server, name, advised)
    heap = sum(table.pages for table in snapshot.tables if table.name.schema == "public") * PAGE_BYTES
    chosen = []
    with own_twin_server() as own, open_twins(snapshot, 2, own) as twins:
        for percent in BUDGETS:
            budget = heap * percent // 100
            # Small gains count here, and no risk is avoided, as with the peers: the bars are about planned cost.
            goal = Goal(budget, least_gain=1e-5, weights="equal", deadline_seconds=DEADLINES[name], takes_risks=True)
            if mode == "b-tree-2":
                goal = replace(goal, most_keys=2, is_plain=True, size_of=HypoPGSize(snapshot))
            advice = advise(snapshot, goal, twins=twins)
            definitions = tuple(one.definition for one in advice.indexes)
            flat = None
            if mode == "b-tree-2":
                with without_levels():
                    flat = relative(advise(snapshot, goal, twins=twins))
            chosen.append(Chosen(mode, percent, budget, advice, flat, definitions))
            show(f"{name} {mode} {percent} %: planned {relative(advice):.4f} in {advice.seconds:.1f} s")
    return chosen


def relative(advice: Advice) -> float:
    return advice.cost_after / advice.cost_before


@contextmanager
def without_levels() -> Iterator[None]:
    """Let candidates have the size that they have, and no levels above their leaves."""
    with patch("pgwright.twin.candidates.write_btree", lambda path, pages, height: extend(path, pages)):
        yield


@dataclass(frozen=True)
class HypoPGSize:
    """The bytes that HypoPG says a B-tree has: `hypo_estimate_index` of its hypopg_index.c, version 1.4."""

    snapshot: Snapshot

    def __call__(self, definition: IndexDefinition) -> int:
        columns = len(definition.keys)
        known = self.snapshot.statistics_by_column
        width = sum(known[definition.table, key.column].average_width for key in definition.keys if key.column)
        line = width + 8 * columns + -(-4 * columns // 8) * 8
        rows = self.snapshot.table_by_name[definition.table].rows
        return max(1, int(rows * line * 1.3 / (PAGE_BYTES - 40))) * PAGE_BYTES


def snapshot_of(server: EmbeddedServer, name: Name, wanted: Sequence[Query]) -> Snapshot:
    snapshot = take_snapshot(server.dsn(name))
    statements = (Statement(one.number, one.text, "", 1, 1.0, 1.0, 1.0, 0.0, 100, 0, 0, 0) for one in wanted)
    return replace(snapshot, statements=tuple(statements))
