"""A unit of work: what it executed so far, kept by statement."""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType
from typing import Any

from sqlalchemy import TextClause
from sqlalchemy.orm import InstanceState, Mapper, RelationshipProperty

from pgwright_runtime.guard import execution
from pgwright_runtime.guard.evidence import Place, Problem, StatementUse
from pgwright_runtime.guard.places import find_place
from pgwright_runtime.guard.reads import watch
from pgwright_runtime.guard.rules import Rules
from pgwright_runtime.guard.texts import as_server_sees, fingerprint, normalize

# The control of transactions and settings is repeated by its nature.
_CONTROL = ("SAVEPOINT ", "RELEASE SAVEPOINT ", "ROLLBACK TO ", "SET ", "SELECT set_config(")


class Group:
    """All executions of one statement; of a relationship's load, those for this relationship.

    It is made in the hot path, so it only keeps what the rest is told from.
    """

    __slots__ = (
        "compiled", "count", "lazy_from", "locate_at", "normalized", "options", "paramstyle", "parents", "place",
        "refresh", "rows", "statement", "style", "text",
    )  # fmt: skip

    def __init__(self, text: str, normalized: str, context: Any, parent: InstanceState[Any] | None) -> None:
        self.text, self.normalized = text, normalized
        self.compiled, self.statement = context.compiled, context.invoked_statement
        self.paramstyle: str = context.dialect.paramstyle
        self.options, self.style = context.execution_options, context.execute_style
        self.lazy_from: Mapper[Any] | None = None if parent is None else parent.mapper
        self.refresh = execution.refresh(self.statement, execution.refreshed_state(self.options))
        self.parents: set[object] = set()
        """Keys of the first instances whose relationship or columns it loads."""
        self.count = self.locate_at = 0
        self.rows: int | None = 0
        self.place: Place | None = None

    @property
    def server_text(self) -> str:
        return as_server_sees(self.text) if self.paramstyle == "pyformat" else self.text

    @property
    def path(self) -> execution.Path:
        """Relationships that it loads along; () if it loads none."""
        return execution.relationships(execution.raw_path(self.statement))

    @property
    def is_eager(self) -> bool:
        """Whether it is the second statement of a selectinload or subqueryload."""
        return self.lazy_from is None and bool(self.path) and not execution.is_refresh(self.statement)

    @property
    def is_batch(self) -> bool:
        """Whether the ORM or the driver splits one statement into several for its many rows."""
        return self.style.name != "EXECUTE" or execution.is_subclass_load(self.statement)

    def eager_loads(self) -> dict[RelationshipProperty[Any], str]:
        """Return the relationships that it loads eagerly, each with the option that did it."""
        loads: dict[RelationshipProperty[Any], str] = {}
        if self.is_eager:
            loads[self.path[-1]] = "subqueryload" if execution.is_subqueryload(self.options) else "selectinload"
        for path, is_chosen in execution.joined_paths(self.compiled):
            # Deeper joins may have found no instance to be read.
            if is_chosen and len(path) == 1:
                loads[path[0]] = "joinedload"
        return loads

    def options_in_use(self) -> dict[RelationshipProperty[Any], str]:
        """Return the relationships that it loads, at any depth, each with the option to name in a longer one."""
        joined = execution.joined_paths(self.compiled)
        return {path[-1]: "joinedload" if is_chosen else "contains_eager" for path, is_chosen in joined} | (
            self.eager_loads()
        )

    def use(self) -> StatementUse:
        return StatementUse(self.server_text, fingerprint(self.normalized), self.count, self.rows, self.place)

    def forget(self) -> None:
        self.compiled = self.statement = self.options = self.lazy_from = self.refresh = None
        self.parents = set()


class Unit:
    """One unit of work; it may be read inside the block and after it.

    Attributes:
        name: as `GET /notebooks/{id}`; it may be set until the unit ends.
        count: statements; an `executemany` is one, one that failed is none. The control of transactions and settings
            and the pool's pings are none.
        is_sampled: False if the guard left this unit out.
        is_blind: set it to True when loaded instances leave the unit past their attributes, as by `vars()`: no eager
            load is then called unused.
    """

    def __init__(self, dialect: object, name: str, rules: Rules, *, is_sampled: bool = True) -> None:
        # An engine and those made of it by execution_options() share one dialect; None: any engine.
        self.dialect, self.name, self.rules, self.is_sampled = dialect, name, rules, is_sampled
        self.count = 0
        self.reads: set[object] = set()
        self.is_blind = False
        self.outermost: tuple[CodeType, ...] = ()
        self.fallback_place: Callable[[], Place | None] | None = None
        self._groups: dict[object, Group] = {}
        self._found: tuple[Problem, ...] | None = None
        self._is_suspect = False

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What was found so far; eager loads that are not read yet are among them."""
        # find_problems needs Group, so it cannot be imported before this module is.
        from pgwright_runtime.guard.diagnosis import find_problems

        return find_problems(self, list(self._groups.values())) if self._found is None else self._found

    @property
    def statements(self) -> tuple[StatementUse, ...]:
        """What was executed so far, in the order of first execution."""
        return tuple(group.use() for group in list(self._groups.values()))

    def close(self) -> None:
        """Keep the evidence, let go of the ORM's objects; what tasks execute later is not counted."""
        self._found = self.problems if self._is_suspect else ()
        self.reads = set()
        for group in list(self._groups.values()):
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
        parent = execution.lazy_parent(options)
        # Two relationships to the same class may have the same text.
        key = normalized, parent is None, execution.raw_path(context.invoked_statement)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = Group(text, normalized, context, parent)
            group.locate_at = rules.repeats if parent is None else rules.lazy_loads
            if rules.finds_unused:
                self._watch(group, is_delete=context.isdelete)
            if rules.locates_all:
                group.locate_at = 1
        group.count += 1
        if len(group.parents) < rules.lazy_loads:
            state = parent or (execution.refreshed_state(options) if group.refresh else None)
            if state is not None:
                group.parents.add(state.key or id(state))
        group.rows = group.rows + rows if group.rows is not None and rows >= 0 else None
        if group.count == group.locate_at:
            self._is_suspect = True
            group.place = find_place(rules.packages, self.outermost)
            if group.place is None and self.fallback_place is not None:
                group.place = self.fallback_place()

    def _watch(self, group: Group, *, is_delete: bool) -> None:
        # A cascade needs the children, and takes them past their attributes.
        self.is_blind |= is_delete
        for relationship in group.eager_loads():
            watch(relationship)
            group.locate_at = 1
