"""How long one observed statement works: which work it does, by what was observed and by what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pgwright.durations import work
from pgwright.durations.changes import change_seconds
from pgwright.durations.indexed import built_seconds
from pgwright.durations.keys import validated_keys
from pgwright.model.migration import Action, ActionKind, ObservedStatement, PendingMigrations, SecondsRange
from pgwright.model.names import QualifiedName
from pgwright.model.rates import Rates
from pgwright.model.snapshot import Snapshot
from pgwright.model.table import Table
from pgwright.sizes.builds import comparisons
from pgwright.sqltext import Schema

# The rates are those of the machine at its best, so it takes longer rather than less.
_LEAST, _MOST = 1 / 1.6, 1.85
_CHANGES = ("insert", "update", "delete", "create table as", "create materialized view", "refresh materialized view")
_UNKNOWN = ("merge", "copy", "do", "call", "select")
_DRAWS = re.compile(r"\b(?:gen_random_uuid|uuid_generate_v4|uuidv4|uuidv7|gen_random_bytes)\(")
_CALLS = re.compile(r"\w\(|->|[@<]@|@>|<@|\?|~|\|\|")
# A row of ANALYZE's sample of 30,000 is sorted in each column; reading pages here and there is dearer than in order.
_SAMPLED_ROWS, _HERE_AND_THERE = 30_000, 3.0


def statement_seconds(statement: ObservedStatement, pending: PendingMigrations, rates: Rates) -> SecondsRange | None:
    """Return how long a statement works, without waiting; None where that is unknown, or it does nothing to rows."""
    if pending.snapshot is None or statement.error:
        return None
    parts = list(_Parts(statement, pending, pending.snapshot, rates).seconds())
    known = [one for one in parts if one is not None]
    if not parts or len(known) < len(parts):
        return None
    total = sum(known) + rates.statement
    return SecondsRange(total * _LEAST, total * _MOST)


@dataclass(frozen=True)
class _Parts:
    statement: ObservedStatement
    pending: PendingMigrations
    snapshot: Snapshot
    rates: Rates

    def seconds(self) -> Iterator[float | None]:
        """Yield the seconds of each part of the work; None for one that is unknown."""
        kinds = {one.kind for one in self.statement.actions}
        if kinds & {"truncate"}:
            return
        if kinds & set(_UNKNOWN):
            yield from (None for _ in self.statement.scanned[:1])
            return
        if kinds & set(_CHANGES):
            yield from change_seconds(self.statement, self.pending, self.snapshot, self.rates)
            return
        rewritten = self._known(self.statement.rewritten)
        yield from (self._rewritten(one, kinds) for one in rewritten)
        indexed = dict(built_seconds(self.statement, self.snapshot, self.rates))
        yield from indexed.values()
        matched: set[QualifiedName] = set()
        for children, parents in validated_keys(self.statement, self.pending, self.snapshot):
            matched |= {one.name for one in (*children, *parents)}
            yield work.match_seconds(children, parents, self.rates)
        for one in self._known(self.statement.scanned):
            if one not in rewritten and one.name not in matched and one.name not in indexed:
                yield work.read_seconds(one, self.rates) + one.rows * self._evaluated()
        yield from self._sampled()

    def _known(self, names: tuple[QualifiedName, ...]) -> list[Table]:
        """Return the tables that were there before: others are empty, or of a size that only the revision knows."""
        tables = [self.snapshot.table_by_name.get(one) for one in dict.fromkeys(names)]
        return [one for one in tables if one is not None]

    def _rewritten(self, table: Table, kinds: set[ActionKind]) -> float:
        if kinds & {"set tablespace"}:
            return work.move_seconds(table, self.snapshot, self.rates)
        if "UNLOGGED" in self.statement.text.upper():
            return work.unlogged_seconds(table, self.snapshot, self.rates)
        ordered = work.order_seconds(table, self.snapshot, self.rates) if kinds & {"cluster"} else 0.0
        evaluated = table.rows * self._evaluated()
        return work.rewrite_seconds(table, self.snapshot, self.rates) + ordered + evaluated

    def _evaluated(self) -> float:
        """Return how long the functions take that the statement has called for each row."""
        text = " ".join(_evaluated(one) for one in self.statement.actions)
        drawn = len(_DRAWS.findall(text))
        return drawn * self.rates.uuid_drawn + (len(_CALLS.findall(text)) - drawn) * self.rates.row_evaluated

    def _sampled(self) -> Iterator[float]:
        schema = Schema.of(self.snapshot)
        for action in self.statement.actions:
            if action.kind != "analyze" or action.table is None:
                continue
            name = schema.find(action.table.schema or None, action.table.name)
            for one in self.snapshot.leaves(name) if name is not None else ():
                pages, rows = min(one.pages, _SAMPLED_ROWS), min(one.rows, _SAMPLED_ROWS)
                sorting = len(one.columns) * comparisons(rows) * self.rates.text_compared
                yield pages * self.rates.page_read * _HERE_AND_THERE + sorting


def _evaluated(action: Action) -> str:
    """Return the expressions that a part of a statement computes for each row."""
    if action.kind == "add identity":
        return "nextval()"
    if action.kind not in ("add column", "change type", "add check"):
        return ""
    return f"{action.default or ''} cast()" if action.kind == "change type" else action.default or ""
