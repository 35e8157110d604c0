"""The planner twin: an empty database on the embedded server whose planner believes it is the production database.

Schema and statistics come from a Snapshot; files are extended to production's size without using disk. So the twin
gives production's plans and costs without a row of data and without touching production.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import wraps
from threading import RLock
from typing import Any, Concatenate, ParamSpec, TypeVar

import psycopg
from psycopg import sql
from psycopg.pq import ExecStatus

from pgwright.embedded import EmbeddedServer
from pgwright.errors import TwinError
from pgwright.model.advice import QueryPlan
from pgwright.model.index import Index, IndexDefinition
from pgwright.model.not_examined import NotExamined
from pgwright.model.snapshot import Snapshot
from pgwright.sqltext import one_with_a_plan
from pgwright.twin.candidates import Candidate, Candidates
from pgwright.twin.plans import read_plan
from pgwright.twin.restore import built, copy_settings, restore_planner_facts, restored
from pgwright.twin.servers import twin_server

P = ParamSpec("P")
R = TypeVar("R")

_COST = re.compile(rb'"Total Cost": ([\d.]+)')
_INDEX = re.compile(rb'"Index Name": "((?:[^"\\]|\\.)*)"')

LIMITS = (
    "The twin plans as PostgreSQL 18 does, whatever the server's version is.",
    "The inner counts of GIN indexes cannot be read; the cost of a scan of one may be off by some percent.",
)


def _alone(method: Callable[Concatenate[Twin, P], R]) -> Callable[Concatenate[Twin, P], R]:
    """Let no other thread use the twin's connection meanwhile."""

    @wraps(method)
    def locked(twin: Twin, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with twin._lock:
            if twin._owner.closed:
                raise TwinError(
                    "a function of the source ended the session on the twin, or had to be ended for it never returned"
                )
            return method(twin, *args, **kwargs)

    return locked


@dataclass
class Twin:
    """A built twin and the connections to it."""

    snapshot: Snapshot
    left_out: tuple[NotExamined, ...]
    candidates: Candidates
    _owner: psycopg.Connection
    """Plans: whatever a statement makes the planner evaluate, it does with the rights of an ordinary role."""
    _prepared: dict[str, tuple[str, int]] = field(default_factory=dict)
    _lock: RLock = field(default_factory=RLock)
    """One question at a time: after Ctrl-C a thread may still be at one when the next comes from another thread."""
    plans_made: int = 0

    def explain(self, text: str, values: Sequence[str | None] | None = None, *, role: str | None = None) -> QueryPlan:
        """Return the plan of a statement.

        Args:
            text: the statement, `$1` included.
            values: a value for each parameter in text form, None for NULL; without any, the generic plan.
            role: whose policies hold, one of the source's; None: nobody's.
        Raises:
            psycopg.Error: the statement cannot be planned here.
            UnparsableStatement: it is not one statement with a plan.
        """
        return read_plan(self.explained(text, values, role=role))

    @_alone
    def explained(self, text: str, values: Sequence[str | None] | None = None, *, role: str | None = None) -> Any:
        """Return what `EXPLAIN (FORMAT JSON)` says, a list of one object; arguments and errors as for `explain`."""
        question = self._explanation(text, values)
        if role is None:
            row = self._owner.execute(question).fetchone()
        else:
            cursor = self._owner.execute(self._acting_as(role) + question)
            cursor.nextset()
            row = cursor.fetchone()
        self.plans_made += 1
        return row[0] if row else None

    @_alone
    def price(
        self, text: str, values: Sequence[str | None] | None, on: Set[int], *, role: str | None = None
    ) -> tuple[float, frozenset[int]]:
        """Return the planned cost of a statement with these candidates and no others, and which of them it uses.

        As `enable` and `explain` do, but without reading the whole plan; arguments and errors as for `explain`.
        """
        question = self._explanation(text, values)
        if role is not None:
            question = self._acting_as(role) + question
        self.candidates.enable_numbers(frozenset(on))
        result = self._owner.pgconn.exec_(question)
        if result.status != ExecStatus.TUPLES_OK:
            raise psycopg.OperationalError(result.error_message.decode(errors="replace").strip())
        self.plans_made += 1
        plan = result.get_value(0, 0) or b""
        cost = _COST.search(plan)
        return float(cost[1]) if cost else 0.0, self.candidates.numbers(_INDEX.findall(plan))

    def _acting_as(self, role: str) -> bytes:
        """Return what makes the rest of the message run as a role; it ends with the message."""
        return sql.SQL("SET LOCAL ROLE {}; ").format(sql.Identifier(role)).as_bytes(self._owner)

    def _explanation(self, text: str, values: Sequence[str | None] | None) -> bytes:
        if values is None:
            return f"EXPLAIN (GENERIC_PLAN, FORMAT JSON) {one_with_a_plan(text)}".encode()
        name, count = self._prepare(text)
        given = [*values[:count], *[None] * (count - len(values))]
        call = sql.SQL("EXPLAIN (FORMAT JSON) EXECUTE {}({})" if given else "EXPLAIN (FORMAT JSON) EXECUTE {}")
        arguments = sql.SQL(", ").join(map(sql.Literal, given))
        return call.format(sql.Identifier(name), arguments).as_bytes(self._owner)

    def _prepare(self, text: str) -> tuple[str, int]:
        """Return the name of the prepared statement and the number of its parameters."""
        if text not in self._prepared:
            name = f"s{len(self._prepared)}"
            self._owner.execute(f"PREPARE {name} AS {one_with_a_plan(text)}".encode())
            # pg_prepared_statements lists them all each time, which takes seconds for thousands.
            self._prepared[text] = name, self._owner.pgconn.describe_prepared(name.encode()).nparams
        return self._prepared[text]

    @_alone
    def parameter_count(self, text: str) -> int:
        """Return how many parameters a statement has. Raises psycopg.Error."""
        return self._prepare(text)[1]

    @_alone
    def refusal(self, definition: IndexDefinition) -> str:
        """Return what PostgreSQL says against an index; "" when it takes it."""
        return self.candidates.refusal(definition)

    @_alone
    def rows_of(self, definition: IndexDefinition) -> float:
        """Return how many rows an index would hold: those of its predicate, as the planner estimates them."""
        return self.candidates.rows_of(definition)

    @_alone
    def add(self, definitions: Iterable[IndexDefinition]) -> list[Candidate]:
        """Create indexes that hold nothing but look as they would; they stay off until they are asked for.

        A definition that PostgreSQL refuses (no such operator class, say) is left out.
        """
        return self.candidates.add(definitions)

    @_alone
    def take_in(self, indexes: Iterable[Index]) -> list[Candidate]:
        """Let indexes of production be switched off as candidates are; until then they are on."""
        return self.candidates.take_in(indexes)

    @_alone
    def clear(self) -> None:
        """Drop the indexes that were added, and leave production's as they are there."""
        self.candidates.clear()

    @_alone
    def enable(self, candidates: Iterable[Candidate]) -> None:
        """Make these candidates visible to the planner, and no others."""
        self.candidates.enable(candidates)

    @contextmanager
    def configured(self, settings: Mapping[str, str]) -> Iterator[None]:
        """Plan with other settings for a while; `role` is one. Raises psycopg.Error: no such setting or value."""
        before: dict[str, str] = {}
        change = "SELECT current_setting(%(name)s, true), set_config(%(name)s, %(value)s, false)"
        try:
            for name, value in settings.items():
                row = self._owner.execute(change, {"name": name, "value": value}).fetchone()
                before[name] = row[0] or "" if row else ""
            yield
        finally:
            for name in reversed(before):  # the role last set is the first to go
                self._owner.execute(change, {"name": name, "value": before[name]})


@contextmanager
def open_twin(snapshot: Snapshot, server: EmbeddedServer | None = None) -> Iterator[Twin]:
    """Build a twin of a snapshot; drop it on the way out. Raises TwinError, EmbeddedServerError."""
    with open_twins(snapshot, 1, server) as (twin,):
        yield twin


@contextmanager
def open_twins(snapshot: Snapshot, count: int, server: EmbeddedServer | None = None) -> Iterator[tuple[Twin, ...]]:
    """Build so many twins that can be asked at the same time. Raises TwinError, EmbeddedServerError."""
    if not snapshot.schema_sql:
        raise TwinError("the snapshot holds no schema to plan on; see what was not examined, and why")
    with ExitStack() as stack:
        if server is not None:
            twins = [stack.enter_context(_built(snapshot, server)) for _ in range(count)]
        else:
            own, databases = stack.enter_context(twin_server(snapshot, count))
            twins = [stack.enter_context(_opened(snapshot, own, name, told)) for name, told in databases]
        yield tuple(twins)


@contextmanager
def _built(snapshot: Snapshot, server: EmbeddedServer) -> Iterator[Twin]:
    with restored(snapshot, server) as (name, left_out):
        with built():
            left_out += restore_planner_facts(server, name, snapshot)
        with _opened(snapshot, server, name, left_out) as twin:
            yield twin


@contextmanager
def _opened(snapshot: Snapshot, server: EmbeddedServer, name: str, left_out: tuple[NotExamined, ...]) -> Iterator[Twin]:
    with server.owner(name) as owner, server.catalog_writer(name) as catalogs:
        copy_settings(owner, snapshot)
        owner.execute("SET plan_cache_mode = force_custom_plan")
        yield Twin(snapshot, left_out, Candidates(snapshot, owner, catalogs, server.data), owner)
