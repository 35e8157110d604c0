"""What a unit of work executed, kept by statement: the evidence, before anything is made of it."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import InstanceState, Mapper, RelationshipProperty

from pgwright_runtime import _alchemy
from pgwright_runtime._stack import CodeLine
from pgwright_runtime.guard import execution
from pgwright_runtime.guard.evidence import StatementUse
from pgwright_runtime.guard.rules import UnitRules
from pgwright_runtime.guard.texts import as_server_sees, fingerprint


class StatementGroup:
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
        self.refresh = execution.refresh(self.statement, self.options)
        self.parents: set[object] = set()
        """Keys of the first instances whose relationship or columns it loads."""
        self.count = self.locate_at = 0
        self.rows: int | None = 0
        self.place: CodeLine | None = None

    @property
    def server_text(self) -> str:
        return as_server_sees(self.text) if self.paramstyle == "pyformat" else self.text

    @property
    def path(self) -> execution.Path:
        """Relationships that it loads along; () if it loads none."""
        return execution.relationships(_alchemy.load_path(self.statement))

    @property
    def is_eager(self) -> bool:
        """Whether it is the second statement of a selectinload or subqueryload."""
        return self.lazy_from is None and bool(self.path) and not _alchemy.is_refresh(self.statement)

    @property
    def is_batch(self) -> bool:
        """Whether the ORM or the driver splits one statement into several for its many rows."""
        return self.style.name != "EXECUTE" or execution.is_subclass_load(self.statement)

    def eager_loads(self) -> dict[RelationshipProperty[Any], str]:
        """Return the relationships that it loads eagerly, each with the option that did it."""
        loads: dict[RelationshipProperty[Any], str] = {}
        if self.is_eager:
            loads[self.path[-1]] = "subqueryload" if _alchemy.is_subqueryload(self.options) else "selectinload"
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


class Record:
    """What a unit executed so far, and by which rules it is judged.

    Attributes:
        name: of the unit, as `GET /notebooks/{id}`.
        count: statements; an `executemany` is one, one that failed is none. The control of transactions and settings
            and the pool's pings are none.
        reads: the attributes of instances that were read, as far as they are watched.
        is_blind: whether instances were read past their attributes, so that `reads` proves nothing.
    """

    def __init__(self, name: str, rules: UnitRules) -> None:
        self.name, self.rules = name, rules
        self.count = 0
        self.reads: set[object] = set()
        self.is_blind = False
        self._groups: dict[object, StatementGroup] = {}

    @property
    def groups(self) -> list[StatementGroup]:
        """The statements, in the order of first execution."""
        return list(self._groups.values())
