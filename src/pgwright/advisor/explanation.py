"""The reasons for a choice: what each index serves, costs and replaces, what came next, and the plans that change."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush

import psycopg

from pgwright.advisor.field import Field
from pgwright.advisor.hidden_columns import hidden_columns
from pgwright.advisor.pricer import members
from pgwright.advisor.unhelped import unhelped
from pgwright.advisor.unseen import failing, unseen, withheld
from pgwright.advisor.worth import has_times, shared_worths
from pgwright.figures import listing, share, size
from pgwright.indexes.coverage import searches_as
from pgwright.model.advice import (
    Advice,
    ChangedStatement,
    CurvePoint,
    DroppedIndex,
    IndexAdvice,
    Risk,
    RunnerUp,
    ServedStatement,
)
from pgwright.model.index import IndexDefinition
from pgwright.model.names import QualifiedName
from pgwright.model.worth import Worth
from pgwright.sizes.builds import build_seconds
from pgwright.sizes.keys import measured_elsewhere
from pgwright.twin.priced import workload_limits
from pgwright.twin.twin import LIMITS
from pgwright.workload.reading import share_of_time

_MOST_PLANS = 20
_WORDS = {
    "calls": "planned cost times calls",
    "time": "share of the measured time",
    "equal": "planned cost, every statement counted once",
}


def describe(field: Field, chosen: int, risks: tuple[Risk, ...]) -> Advice:
    """Return the advice for a choice; the counts of the run are filled in by the caller."""
    losses = field.losses(chosen)
    worths = shared_worths(field, chosen, losses) if has_times(field) else {}
    advised = [_describe(field, chosen, one, loss.cost, worths.get(one)) for one, loss in losses.items()]
    field.twin.enable(field.candidates[one] for one in members(field.existing))
    return Advice(
        indexes=tuple(sorted(advised, key=_saving, reverse=True)),
        statements=len(field.workload.statements),
        cost_before=field.base,
        cost_after=field.cost(chosen),
        budget_bytes=field.goal.budget_bytes,
        candidates=len(field.candidates) - field.existing.bit_count(),
        plans=0,
        seconds=0.0,
        unplanned=field.workload.unplanned,
        limits=(
            *workload_limits(field.snapshot),
            *_unfit(field),
            *_guessed(field, chosen),
            *hidden_columns(field, chosen),
            *_opaque(field),
            *withheld([one.shape for one in field.workload.statements], field.snapshot),
            *failing([one.shape for one in field.workload.statements], field.snapshot),
            *unseen([one.statement for one in field.workload.statements], field.snapshot),
            *LIMITS,
            *(f"{left.what}: {left.reason}" for left in field.twin.left_out),
        ),
        planned_on=field.twin.planned_on,
        drops=tuple(_dropped(field, chosen)),
        changed=tuple(_changed(field, chosen)),
        risks=risks,
        curve=tuple(_curve(field, chosen)),
        unplanned_share=field.workload.unplanned_share,
        beyond_share=share_of_time(field.workload.beyond, field.snapshot),
        objective=_objective(field),
        unhelped=tuple(unhelped(field, chosen)),
    )


def _saving(index: IndexAdvice) -> tuple[float, float]:
    """Return what sorts indexes: the time that they save where it is known, else planned cost."""
    return (index.worth.saved_ms if index.worth is not None else 0.0, index.gain)


def _objective(field: Field) -> str:
    goal = field.goal
    until = "" if goal.least_gain is None else f", each index saving at least {goal.least_gain * 100:g} %"
    return f"least {_WORDS[goal.weights]}, writes included{until}"


def _unfit(field: Field) -> Iterator[str]:
    """Yield why there is nothing to choose from."""
    if not field.workload.statements and not field.workload.late:  # late: the deadline came before it was read
        yield "No statement of the workload reads a table: let the app run for a while, then ask again."
    sizes = [one.size.size_bytes for one in field.candidates if not field.existing >> one.number & 1]
    budget = field.goal.budget_bytes
    if sizes and budget is not None and budget < min(sizes):
        yield f"The budget is less than the smallest candidate takes: {size(min(sizes))}."


def _guessed(field: Field, chosen: int) -> Iterator[str]:
    """Yield that nobody knows how many rows an expression finds before an index on it exists and is analyzed."""
    found = sorted(
        f"{definition.table.short} ({key.expression})"
        for one in members(chosen & ~field.existing)
        if (definition := field.candidates[one].definition).method == "btree"
        for key in definition.keys
        if key.expression and measured_elsewhere(key.expression, definition.table, field.snapshot) is None
    )
    if found:
        yield (
            f"No index has {listing(found, 1)} yet, so its values were never counted and the planner guesses how many "
            "rows it finds. Analyze the table when it is built."
        )


def _opaque(field: Field) -> Iterator[str]:
    """Yield whose work is inside functions, of which the planner sees only the call."""
    found = [one for one in field.workload.statements if one.opaque is not None]
    if found:
        part = share(share_of_time((one.statement for one in found), field.snapshot))
        names = listing(list(dict.fromkeys(one.opaque for one in found if one.opaque)), 5)
        yield (
            f"The work of {names} is not seen, in statements with {part} of the workload's time: the statements in a "
            "function are seen where pg_stat_statements.track is 'all'."
        )


def _describe(field: Field, chosen: int, number: int, lost: float, worth: Worth | None) -> IndexAdvice:
    candidate = field.candidates[number]
    definition, written = candidate.definition, field.write_prices[number]
    gain = lost - field.write_costs[number]
    table = field.snapshot.table_by_name[definition.table]
    return IndexAdvice(
        definition=definition,
        serves=tuple(sorted(_served(field, chosen, number), key=lambda served: -served.share)),
        gain=gain,
        gain_share=_share(field, gain),
        size_bytes=candidate.size.size_bytes,
        writes=written.entries,
        write_cost=written.cost,
        reason=_sentence(field.reasons[definition]),
        runner_up=_runner_up(field, chosen, number),
        replaces=tuple(_replaced(field, chosen, definition)),
        is_partitioned=table.kind == "partitioned table",
        build_seconds=build_seconds(definition, field.snapshot, candidate.size),
        hot_updates_lost=written.hot_updates_lost,
        worth=worth,
    )


def _share(field: Field, gain: float) -> float:
    return gain / field.base if field.base else 0.0


def _served(field: Field, chosen: int, number: int) -> Iterator[ServedStatement]:
    for position in field.positions(number):
        if not field.used(position, chosen) >> number & 1:
            continue
        before, after = field.call_cost(position, field.existing), field.call_cost(position, chosen)
        if after < before:
            share = _share(field, _weight(field, position) * before)
            statement = field.workload.statements[position].statement
            total = statement.total_ms
            yield ServedStatement(statement.query_id, statement.text, statement.calls, before, after, share, total)


def _weight(field: Field, position: int) -> float:
    return sum(field.pricer.queries[query].weight for query in field.queries_of[position])


def _runner_up(field: Field, chosen: int, number: int) -> RunnerUp | None:
    """Return the next best index of the same table that begins alike, by the plans found on the way."""
    taken, others = field.candidates[number].definition, chosen & ~(1 << number)
    rivals = [
        one
        for one in field.candidates_of[taken.table]
        if one.definition.keys[:1] == taken.keys[:1]
        and one.definition.method == taken.method
        and not (chosen | field.existing) >> one.number & 1
    ]
    gains = {one.number: field.estimate_gain(others, one.number) - field.write_costs[one.number] for one in rivals}
    best = max(rivals, key=lambda one: gains[one.number], default=None)
    if best is None or gains[best.number] <= 0:
        return None
    return RunnerUp(best.definition, _share(field, gains[best.number]), best.size.size_bytes)


def _replaced(field: Field, chosen: int, definition: IndexDefinition) -> Iterator[QualifiedName]:
    table = field.snapshot.table_by_name[definition.table]
    for index in _gone(field, chosen):
        if searches_as(definition, field.candidates[index].definition, table):
            yield _name(field, index)


def _name(field: Field, number: int) -> QualifiedName:
    """Return the name of an index of production, which lies in the schema of its table."""
    definition = field.candidates[number].definition
    return QualifiedName(definition.table.schema, definition.name)


def _gone(field: Field, chosen: int) -> Iterator[int]:
    return members(field.existing & ~chosen)


def _dropped(field: Field, chosen: int) -> Iterator[DroppedIndex]:
    kept = [field.candidates[one].definition for one in members(chosen)]
    gone = {_name(field, number) for number in _gone(field, chosen)}
    kept += [index.definition for index in field.snapshot.indexes if index.is_valid and index.name not in gone]
    by_name = {index.name: index for index in field.snapshot.indexes}
    for number in _gone(field, chosen):
        index = by_name[_name(field, number)]
        table = field.snapshot.table_by_name[index.table]
        covering = next((one for one in kept if searches_as(one, index.definition, table)), None)
        if covering is not None:
            does_it = (
                covering.name if covering.name in {one.name.name for one in by_name.values()} else covering.outline
            )
            cost = field.write_prices[number].cost
            yield DroppedIndex(index.name, index.table, index.sql, index.size_bytes, does_it, cost)


def _curve(field: Field, chosen: int) -> Iterator[CurvePoint]:
    """Yield what the choice is worth, index by index, the best a byte first."""
    taken, left, size = field.existing, list(members(chosen & ~field.existing)), 0
    cost = field.base
    yield CurvePoint(0, cost, "")
    # A gain falls as others are taken, so it is computed anew only when it comes up.
    queue = [(float("-inf"), one, -1) for one in left]
    while queue:
        _, one, seen = heappop(queue)
        definition, bytes_more = field.candidates[one].definition, field.candidates[one].size.size_bytes
        gain = field.estimate_gain(taken, one)
        if seen != taken:
            heappush(queue, (-gain / max(bytes_more, 1), one, taken))
            continue
        taken |= 1 << one
        size += bytes_more
        cost = cost - gain if queue else field.cost(chosen)
        yield CurvePoint(size, cost, f"{definition.table.short} {definition.outline}")


def _changed(field: Field, chosen: int) -> Iterator[ChangedStatement]:
    saved: list[tuple[float, int]] = []
    for position in range(len(field.workload.statements)):
        difference = field.call_cost(position, field.existing) - field.call_cost(position, chosen)
        if difference:
            saved.append((_weight(field, position) * difference, position))
    positions = [position for _, position in sorted(saved, reverse=True)[:_MOST_PLANS]]
    before, after = _plans(field, positions, field.existing), _plans(field, positions, chosen)
    for position in positions:
        statement = field.workload.statements[position].statement
        cost = field.call_cost(position, field.existing)
        yield ChangedStatement(
            query_id=statement.query_id,
            text=statement.text,
            calls=statement.calls,
            share=_share(field, _weight(field, position) * cost),
            cost_before=cost,
            cost_after=field.call_cost(position, chosen),
            plan_before=before[position],
            plan_after=after[position],
        )


def _plans(field: Field, positions: list[int], chosen: int) -> dict[int, str]:
    """Return the plan of each statement for the values that most of its calls have, advised indexes by their names."""
    field.twin.enable(field.candidates[one] for one in members(chosen))
    names = {
        part: one.definition.name for one in map(field.candidates.__getitem__, members(chosen)) for part in one.parts
    }
    found: dict[int, str] = {}
    for position in positions:
        query = max((field.pricer.queries[one] for one in field.queries_of[position]), key=lambda one: one.share)
        try:
            shape = field.twin.explain(query.text, query.values, role=query.role).shape
        except psycopg.Error as error:  # planned a moment ago
            shape = f"not planned: {error.diag.message_primary or error}"
        found[position] = "\n".join(_named(line, names) for line in shape.splitlines())
    return found


def _named(line: str, names: dict[str, str]) -> str:
    return " ".join(names.get(word, word) for word in line.split(" "))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."
