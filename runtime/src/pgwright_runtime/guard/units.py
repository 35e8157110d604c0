"""A unit of work: notes what is executed, and says what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType
from typing import Any

from sqlalchemy import TextClause

from pgwright_runtime import _alchemy
from pgwright_runtime._stack import CodeLine, find_line
from pgwright_runtime.guard.diagnosis import find_problems
from pgwright_runtime.guard.evidence import Problem, StatementUse
from pgwright_runtime.guard.reads import watch
from pgwright_runtime.guard.record import Record, StatementGroup
from pgwright_runtime.guard.rules import UnitRules
from pgwright_runtime.guard.texts import normalize

# The control of transactions and settings is repeated by its nature.
_CONTROL = ("SAVEPOINT ", "RELEASE SAVEPOINT ", "ROLLBACK TO ", "SET ", "SELECT set_config(")


class Unit(Record):
    """One unit of work; it may be read inside the block and after it.

    Attributes:
        name: as `GET /notebooks/{id}`; it may be set until the unit ends.
        count: statements; an `executemany` is one, one that failed is none. The control of transactions and settings
            and the pool's pings are none.
        is_sampled: False if the guard left this unit out.
        is_blind: set it to True when loaded instances leave the unit past their attributes, as by `vars()`: no eager
            load is then called unused.
    """

    def __init__(self, dialect: object, name: str, rules: UnitRules, *, is_sampled: bool = True) -> None:
        # An engine and those made of it share the state of one dialect; None: any engine.
        super().__init__(name, rules)
        self._dialect_state = None if dialect is None else vars(dialect)
        self.is_sampled = is_sampled
        self.outermost: tuple[CodeType, ...] = ()
        self.fallback_place: Callable[[], CodeLine | None] | None = None
        self._found: tuple[Problem, ...] | None = None
        self._is_suspect = False

    def watches(self, dialect: object) -> bool:
        """Return whether the statements of an engine with this dialect are recorded."""
        return self._dialect_state is None or self._dialect_state is vars(dialect)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What was found so far; eager loads that are not read yet are among them."""
        return find_problems(self) if self._found is None else self._found

    @property
    def statements(self) -> tuple[StatementUse, ...]:
        """What was executed so far, in the order of first execution."""
        return tuple(group.use() for group in self.groups)

    def close(self) -> None:
        """Keep the evidence, let go of the ORM's objects; what tasks execute later is not counted."""
        self._found = self.problems if self._is_suspect else ()
        self.reads = set()
        for group in self.groups:
            group.forget()

    def record(self, text: str, rows: int, context: Any) -> None:
        """Note a statement that was executed. This is the hot path: once for each statement of the app.

        Args:
            rows: as the driver told, negative if it did not.
            context: SQLAlchemy's `ExecutionContext`.
        """
        if self._found is not None or text.startswith(_CONTROL):
            return
        self.count += 1
        rules, compiled = self.rules, context.compiled
        if rules.max_queries is not None and self.count > rules.max_queries:
            self._is_suspect = True
        normalized: str
        if compiled is None or isinstance(compiled.statement, TextClause):
            normalized = normalize(text)
        else:
            # Compiled texts are cached, with a list of any length as one placeholder.
            normalized = compiled.string
        options = context.execution_options
        parent = _alchemy.lazy_parent(options)
        # Two relationships to the same class may have the same text.
        key = normalized, parent is None, _alchemy.load_path(context.invoked_statement)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = StatementGroup(text, normalized, context, parent)
            group.locate_at = rules.repeats if parent is None else rules.lazy_loads
            if rules.finds_unused:
                self._watch(group, is_delete=context.isdelete)
            if rules.locates_all:
                group.locate_at = 1
        group.count += 1
        if len(group.parents) < rules.lazy_loads:
            state = parent or (_alchemy.refreshed_state(options) if group.refresh else None)
            if state is not None:
                group.parents.add(state.key or id(state))
        group.rows = group.rows + rows if group.rows is not None and rows >= 0 else None
        if group.count == group.locate_at:
            self._is_suspect = True
            group.place = find_line(rules.packages, self.outermost)
            if group.place is None and self.fallback_place is not None:
                group.place = self.fallback_place()

    def _watch(self, group: StatementGroup, *, is_delete: bool) -> None:
        # A cascade needs the children, and takes them past their attributes.
        self.is_blind |= is_delete
        for relationship in group.eager_loads():
            watch(relationship)
            group.locate_at = 1
