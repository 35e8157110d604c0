"""Plan one statement on the twin, as production is and with indexes or settings changed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from difflib import SequenceMatcher, get_close_matches
from pathlib import Path

import psycopg

from pgwright.errors import StatementRefused, UnparsableStatement
from pgwright.indexes.names import free_name
from pgwright.model.comparison import PlanNode, StatementComparison, StatementPlan, TriedIndex, ValuesFrom
from pgwright.model.index import Index, IndexDefinition, index_name
from pgwright.model.names import QualifiedName
from pgwright.model.not_examined import NotExamined
from pgwright.model.snapshot import Snapshot
from pgwright.model.statement import Statement
from pgwright.sqltext import Schema, has_plan, parse, read_index, read_shape, repaired
from pgwright.twin.candidates import Candidate
from pgwright.twin.plans import read_nodes
from pgwright.twin.servers import choose
from pgwright.twin.twin import Twin, open_twin
from pgwright.workload.parameters import choose_values, infer_values

# What PostgreSQL says where an extension is missing, and which one.
_EXTENSIONS = {
    r"operator class \"?g(in|ist)_trgm_ops": "pg_trgm",
    r"access method \"?(hnsw|ivfflat)|operator class \"?(vector|halfvec|sparsevec|bit)_\w+_ops": "vector",
    r"access method \"?bloom": "bloom",
    r"operator class \"?gin__int_ops|operator class \"?gist__int": "intarray",
    r"operator class \"?(gin|gist)_hstore_ops": "hstore",
    r"operator class \"?gist_ltree_ops": "ltree",
    r"no default operator class for access method \"?gin": "btree_gin",
    r"no default operator class for access method \"?gist": "btree_gist",
}
_EXPLAIN = "EXPLAIN (GENERIC_PLAN, FORMAT JSON) "

Values = tuple[str | None, ...]


def compare_plans(
    snapshot: Snapshot,
    text: str,
    *,
    query_id: int | None = None,
    values: Sequence[str | None] = (),
    with_indexes: Sequence[str] = (),
    without_indexes: Sequence[str] = (),
    settings: Mapping[str, str] | None = None,
    server: Path | None = None,
) -> StatementComparison:
    """Return the plan of a statement, and with any change the plan that it would have then.

    Args:
        snapshot: with its schema.
        text: the statement; "" with `query_id`.
        query_id: takes the statement from the workload.
        values: for `$1`, `$2`, …; without any, such as the statistics give, else the generic plan.
        with_indexes: CREATE INDEX statements.
        without_indexes: names of existing indexes to hide.
        settings: by name; `role` is one, for row-level security.
        server: the folder of a PostgreSQL to plan on; None: one of production's major version, if one is found.
    Raises: StatementRefused, TwinError, EmbeddedServerError.
    """
    statement = _statement(snapshot, text, query_id)
    _require_plannable(statement.text)
    hidden = [_existing(name, snapshot) for name in without_indexes]
    wanted: list[IndexDefinition] = []
    for one in with_indexes:
        wanted.append(_wanted(one, snapshot, [index.name for index in hidden], wanted))
    changes = dict(settings or {})
    with open_twin(snapshot, choice=choose(snapshot, server)) as twin:
        return _Trial(twin, snapshot, statement, tuple(values)).run(hidden, wanted, changes, query_id)


class _Trial:
    def __init__(self, twin: Twin, snapshot: Snapshot, statement: Statement, given: Values) -> None:
        self._twin = twin
        self._snapshot = snapshot
        self._statement = statement
        self._require_known()
        self._values, self._from = self._choose(given)

    def run(
        self, hidden: Sequence[Index], wanted: Sequence[IndexDefinition], settings: dict[str, str], query_id: int | None
    ) -> StatementComparison:
        taken = self._twin.take_in(hidden)
        added = [self._added(definition) for definition in wanted]
        context = {name: value for name, value in settings.items() if _is_context(name)}
        self._twin.enable(taken)
        before = self._planned_with(context)
        after = None
        if taken or added or len(context) < len(settings):
            self._twin.enable(added)
            after = _named(self._planned_with(settings), added)
            before, after = _marked(before, after)
        return StatementComparison(
            database=self._snapshot.server.database,
            server_version=self._snapshot.server.version,
            taken_at=self._snapshot.taken_at,
            planned_on=self._twin.planned_on,
            text=self._statement.text,
            query_id=query_id,
            values=self._values or (),
            values_from=self._from,
            before=before,
            after=after,
            added=tuple(_tried(one, after) for one in added),
            removed=tuple(index.name.short for index in hidden),
            context=tuple(context.items()),
            settings=tuple((name, value) for name, value in settings.items() if name not in context),
            limits=(*self._twin.left_out, *self._unapplied_policies(settings)),
        )

    def _plan(self) -> StatementPlan:
        return read_nodes(self._twin.explained(self._statement.text, self._values))

    def _planned_with(self, settings: dict[str, str]) -> StatementPlan:
        try:
            with self._twin.configured(settings):
                return self._plan()
        except psycopg.errors.UndefinedObject as error:
            known = {setting.name for setting in self._snapshot.settings}
            raise StatementRefused(_said(error) + _nearest(list(settings), known)) from error
        except psycopg.errors.InvalidParameterValue as error:
            known = {one.name for one in self._snapshot.roles}
            role = settings.get("role")
            if role is None or role in known:
                raise StatementRefused(_said(error)) from error
            raise StatementRefused(
                f"the twin has no role {role!r}, only those that may log in or that a policy names: "
                f"{', '.join(sorted(known))}{_nearest([role], known)}"
            ) from error
        except psycopg.Error as error:
            raise StatementRefused(_said(error)) from error

    def _require_known(self) -> None:
        """Let PostgreSQL say what it thinks of the statement, and where."""
        try:
            self._twin.explained(self._statement.text)
        except psycopg.Error as error:
            place = error.diag.statement_position
            is_as_given = repaired(self._statement.text) == self._statement.text
            at = _place(self._statement.text, int(place) - len(_EXPLAIN) - 1) if place and is_as_given else ""
            lost = "; ".join(f"{one.what}: {one.reason}" for one in self._twin.left_out)
            more = f". The twin lacks {lost}" if lost else ""
            raise StatementRefused(f"PostgreSQL cannot plan the statement: {_said(error, at)}{more}") from error

    def _choose(self, given: Values) -> tuple[Values | None, ValuesFrom]:
        try:
            shape = read_shape(self._statement.text, Schema.of(self._snapshot))
        except UnparsableStatement as error:
            raise StatementRefused(str(error)) from error
        count = self._twin.parameter_count(self._statement.text)
        if given and len(given) != count:
            raise StatementRefused(
                f"the statement has {_counted(count, 'parameter')}, but {_counted(len(given), 'value')} given"
            )
        if not count:
            return None, "none"
        if given:
            try:
                self._twin.explained(self._statement.text, given)
            except psycopg.Error as error:
                raise StatementRefused(f"a value does not fit: {_said(error)}") from error
            return given, "given"
        inferred = infer_values(self._statement, shape, self._snapshot)
        chosen = choose_values(self._statement, shape, self._snapshot, inferred)
        if chosen is None:
            return None, "generic plan"
        try:
            self._twin.explained(self._statement.text, chosen)
        except psycopg.Error:  # the operator takes another type than the column has: a path, a pattern
            return None, "generic plan"
        return tuple(chosen), "statistics"

    def _added(self, definition: IndexDefinition) -> Candidate:
        made = self._twin.add([definition])
        if made:
            return made[0]
        said = self._twin.refusal(definition)
        raise StatementRefused(f"PostgreSQL refuses the index {definition.sql()!r}: {said}{_extension_for(said)}")

    def _unapplied_policies(self, settings: Mapping[str, str]) -> Iterable[NotExamined]:
        shape = read_shape(self._statement.text, Schema.of(self._snapshot))
        secured = sorted(name.short for name in shape.tables if self._snapshot.table_by_name[name].has_row_security)
        if secured and "role" not in settings:
            reason = "planned as a role for which its policies do not hold"
            yield NotExamined(f"row-level security of {', '.join(secured)}", reason, "--set role=NAME")


def _statement(snapshot: Snapshot, text: str, query_id: int | None) -> Statement:
    if query_id is not None:
        found = next((one for one in snapshot.statements if one.query_id == query_id), None)
        if found is None:
            raise StatementRefused(
                f"the workload holds no statement {query_id}; pgwright advise --format json names them"
            )
        return found
    cleaned = text.strip().rstrip(";").rstrip()
    known = next((one for one in snapshot.statements if one.text == cleaned), None)
    return known or Statement(0, cleaned, "", 0, 0.0, 0.0, 0.0, 0.0, 0, 0, 0, 0)


def _require_plannable(text: str) -> None:
    if not text:
        raise StatementRefused("there is no statement to plan")
    try:
        parse(text)
    except UnparsableStatement as error:
        at = _place(text, error.position) if error.position is not None and repaired(text) == text else ""
        raise StatementRefused(f"{error}{at}") from error
    if not has_plan(text):
        word = text.split(None, 1)[0].upper()
        raise StatementRefused(f"{word} has no plan; give a SELECT, INSERT, UPDATE, DELETE, MERGE or VALUES")


def _is_context(name: str) -> bool:
    """Whether a setting says for whom a statement is planned; then both plans are made with it."""
    return name.lower() in ("role", "session_authorization") or "." in name


def _extension_for(said: str) -> str:
    """Return which extension brings what PostgreSQL misses; "" where none is known."""
    found = next((extension for pattern, extension in _EXTENSIONS.items() if re.search(pattern, said)), None)
    return f". It comes with an extension: CREATE EXTENSION {found}; then take the snapshot anew" if found else ""


def _wanted(
    text: str, snapshot: Snapshot, hidden: Sequence[QualifiedName], others: Sequence[IndexDefinition]
) -> IndexDefinition:
    try:
        definition = read_index(text, Schema.of(snapshot))
    except UnparsableStatement as error:
        raise StatementRefused(f"{text!r} is no CREATE INDEX: {error.reason}") from error
    if definition.table not in snapshot.table_by_name:
        names = {one.name.name for one in snapshot.tables}
        table = definition.table.name
        raise StatementRefused(f"there is no table {table!r} to index{_nearest([table], names)}")
    schema = definition.table.schema
    taken = {*snapshot.relation_names, *(QualifiedName(schema, one.name) for one in others)}.difference(hidden)
    if not definition.name:
        name = index_name(definition.table, definition.columns)
        return definition.named(free_name(name, schema, taken.union(hidden)))
    if QualifiedName(schema, definition.name) in taken:
        raise StatementRefused(
            f"there is {definition.name!r} already. Leave out the name, or plan without the other: --without-index"
        )
    return definition


def _existing(name: str, snapshot: Snapshot) -> Index:
    found = [index for index in snapshot.indexes if name in (index.name.name, index.name.short, str(index.name))]
    if len(found) == 1:
        return found[0]
    if found:
        raise StatementRefused(f"the index {name!r} is in several schemas: {', '.join(str(one.name) for one in found)}")
    raise StatementRefused(
        f"there is no index {name!r}{_nearest([name], {one.name.short for one in snapshot.indexes})}"
    )


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")


def _nearest(names: Sequence[str], known: set[str]) -> str:
    found = [near for name in names if name not in known for near in get_close_matches(name, known, n=1)]
    return f". Did you mean {found[0]!r}?" if found else ""


def _place(text: str, offset: int) -> str:
    """Return where a character stands, as line and column from 1."""
    before = text[: max(offset, 0)]
    line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    rest = text[max(offset, 0) :].split("\n", 1)[0][:30]
    return f", at line {line}, column {column}" + (f": {rest!r}" if rest else "")


def _said(error: psycopg.Error, at: str = "") -> str:
    hint = f" ({error.diag.message_hint})" if error.diag.message_hint else ""
    return (error.diag.message_primary or str(error).strip()) + at + hint


def _tried(candidate: Candidate, after: StatementPlan | None) -> TriedIndex:
    definition = candidate.definition
    is_used = after is not None and definition.name in after.indexes
    return TriedIndex(definition.name, definition.sql(), candidate.size.size_bytes, is_used)


def _named(plan: StatementPlan, added: Sequence[Candidate]) -> StatementPlan:
    """Return a plan in which the tried indexes have their own names; on the twin they are numbered."""
    names = {part: one.definition.name for one in added for part in one.parts}
    nodes = (replace(node, index=names.get(node.index or "", node.index)) for node in plan.nodes)
    return StatementPlan(tuple(nodes), tuple(sorted({names.get(one, one) for one in plan.indexes})))


def _marked(before: StatementPlan, after: StatementPlan) -> tuple[StatementPlan, StatementPlan]:
    """Mark the nodes of each plan that the other one does not have in their place."""
    matcher = SequenceMatcher(None, [_look(one) for one in before.nodes], [_look(one) for one in after.nodes], False)
    old, new = set(range(len(before.nodes))), set(range(len(after.nodes)))
    for block in matcher.get_matching_blocks():
        old -= set(range(block.a, block.a + block.size))
        new -= set(range(block.b, block.b + block.size))
    return _with_marks(before, old), _with_marks(after, new)


def _with_marks(plan: StatementPlan, places: set[int]) -> StatementPlan:
    marked = (replace(node, is_changed=place in places) for place, node in enumerate(plan.nodes))
    return replace(plan, nodes=tuple(marked))


def _look(node: PlanNode) -> tuple[object, ...]:
    return node.depth, node.kind, node.join, node.relation, node.index, node.conditions
