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

from pgwright.embedded import EmbeddedServer, ServerChoice
from pgwright.errors import TwinError
from pgwright.model.advice import QueryPlan
from pgwright.model.index import Index, IndexDefinition
from pgwright.model.not_examined import NotExamined
from pgwright.model.planned_on import PlannedOn
from pgwright.model.snapshot import Snapshot
from pgwright.sqltext import one_with_a_plan
from pgwright.twin.candidates import Candidate, Candidates
from pgwright.twin.logical import PLAIN
from pgwright.twin.plans import read_plan
from pgwright.twin.policies import settings_of_policies
from pgwright.twin.restore import built, copy_settings, restore_planner_facts, restored
from pgwright.twin.servers import choose, twin_server

P = ParamSpec("P")
R = TypeVar("R")

_GENERIC_SINCE = 160_000
# Before PostgreSQL 18 a list of ORs is planned a hundred times slower with hundreds of indexes on.
_MOST_ON, _MANY_SINCE = 30, 18
_COST = re.compile(rb'"Total Cost": ([\d.]+)')
_INDEX = re.compile(rb'"Index Name": "((?:[^"\\]|\\.)*)"')

LIMITS = ("The inner counts of GIN indexes cannot be read; the cost of a scan of one may be off by some percent.",)


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
    planned_on: PlannedOn
    _owner: psycopg.Connection
    """Plans: whatever a statement makes the planner evaluate, it does with the rights of an ordinary role."""
    _prepared: dict[tuple[str, str | None], tuple[str, int]] = field(default_factory=dict)
    _lock: RLock = field(default_factory=RLock)
    """One question at a time: after Ctrl-C a thread may still be at one when the next comes from another thread."""
    plans_made: int = 0
    most_on: int | None = None
    """How many candidates of one table can be on at once; None: any number."""

    def explain(self, text: str, values: Sequence[str | None] | None = None, *, role: str | None = None) -> QueryPlan:
        """Return the plan of a statement.

        Args:
            text: the statement, `$1` included.
            values: a value for each parameter in text form, None for NULL; without any, the generic plan.
            role: whose policies and search path hold, one of the source's; None: nobody's, and the reader's path.
        Raises:
            psycopg.Error: the statement cannot be planned here.
            UnparsableStatement: it is not one statement with a plan.
        """
        return read_plan(self.explained(text, values, role=role))

    @_alone
    def explained(self, text: str, values: Sequence[str | None] | None = None, *, role: str | None = None) -> Any:
        """Return what `EXPLAIN (FORMAT JSON)` says, a list of one object; arguments and errors as for `explain`."""
        return self._answer(self._acting_as(role) + self._explanation(text, values, role))

    @_alone
    def explained_plainly(self, text: str, *, role: str | None = None) -> Any:
        """Return the generic plan without indexes, with its columns (VERBOSE), for `logical.read_blocks`."""
        settings = "".join(f"SET LOCAL {name} = {value}; " for name, value in PLAIN.items()).encode()
        return self._answer(settings + self._acting_as(role) + self._generic(text, role, "VERBOSE, "))

    def _answer(self, message: bytes) -> Any:
        """Return what the last statement of a message gives."""
        cursor = self._owner.execute(message)
        while cursor.nextset():
            pass
        row = cursor.fetchone()
        self.plans_made += 1
        return row[0] if row else None

    @_alone
    def price(
        self,
        text: str,
        values: Sequence[str | None] | None,
        on: Set[int],
        *,
        among: Set[int] | None = None,
        role: str | None = None,
    ) -> tuple[float, frozenset[int]]:
        """Return the planned cost of a statement with these candidates and no others, and which of them it uses.

        As `enable` and `explain` do, but without reading the whole plan; arguments and errors as for `explain`.

        Args:
            among: those on the statement's tables; what is on elsewhere then stays so, which saves switching.
        """
        question = self._acting_as(role) + self._explanation(text, values, role)
        elsewhere = frozenset() if among is None else self.candidates.on - among
        self.candidates.enable_numbers(elsewhere | on)
        cost, used = self._asked(question)
        if used & elsewhere:  # the statement reads another table after all
            self.candidates.enable_numbers(frozenset(on))
            return self._asked(question)
        return cost, used

    def _asked(self, question: bytes) -> tuple[float, frozenset[int]]:
        result = self._owner.pgconn.exec_(question)
        if result.status != ExecStatus.TUPLES_OK:
            raise psycopg.OperationalError(result.error_message.decode(errors="replace").strip())
        self.plans_made += 1
        plan = result.get_value(0, 0) or b""
        cost = _COST.search(plan)
        return float(cost[1]) if cost else 0.0, self.candidates.numbers(_INDEX.findall(plan))

    def _acting_as(self, role: str | None) -> bytes:
        """Return what makes the rest of the message run as a role; it ends with the message."""
        if role is None:
            return b""
        path = (self.snapshot.setting_of(role, "search_path") or "").replace('"$user"', "$user")
        named = path.replace("$user", sql.Identifier(role).as_string(self._owner))
        change = sql.SQL("SELECT pg_catalog.set_config('search_path', {}, true); ").format(sql.Literal(named))
        acting = change if path else sql.SQL("")
        if self._has_policies_for(role):
            acting += sql.SQL("SET LOCAL ROLE {}; ").format(sql.Identifier(role))
        return acting.as_bytes(self._owner)

    def _has_policies_for(self, role: str) -> bool:
        """Tell whether policies hold for a role; of one above them the twin has no equal to act as."""
        above = (one.name == role and (one.is_superuser or one.bypasses_row_security) for one in self.snapshot.roles)
        return any(table.has_row_security for table in self.snapshot.tables) and not any(above)

    def _explanation(self, text: str, values: Sequence[str | None] | None, role: str | None) -> bytes:
        if values is None:
            return self._generic(text, role)
        name, count = self._prepare(text, role)
        given = [*values[:count], *[None] * (count - len(values))]
        call = sql.SQL("EXPLAIN (FORMAT JSON) EXECUTE {}({})" if given else "EXPLAIN (FORMAT JSON) EXECUTE {}")
        arguments = sql.SQL(", ").join(map(sql.Literal, given))
        return call.format(sql.Identifier(name), arguments).as_bytes(self._owner)

    def _generic(self, text: str, role: str | None, options: str = "") -> bytes:
        """Return what explains the generic plan; before PostgreSQL 16 only a prepared statement has one."""
        if self._owner.info.server_version >= _GENERIC_SINCE:
            return f"EXPLAIN ({options}GENERIC_PLAN, FORMAT JSON) {one_with_a_plan(text)}".encode()
        name, count = self._prepare(text, role)
        nulls = f"({', '.join(['NULL'] * count)})" if count else ""
        setting = "SET LOCAL plan_cache_mode = force_generic_plan"  # LOCAL ends with the message
        return f"{setting}; EXPLAIN ({options}FORMAT JSON) EXECUTE {name}{nulls}".encode()

    def _prepare(self, text: str, role: str | None) -> tuple[str, int]:
        """Return the name of the prepared statement and the number of its parameters."""
        if (text, role) not in self._prepared:
            name = f"s{len(self._prepared)}"
            with self._owner.transaction():  # to describe it the server looks its names up once more, as the role
                self._owner.execute(self._acting_as(role) + f"PREPARE {name} AS {one_with_a_plan(text)}".encode())
                # pg_prepared_statements lists them all each time, which takes seconds for thousands.
                described = self._owner.pgconn.describe_prepared(name.encode())
            self._prepared[text, role] = name, described.nparams
        return self._prepared[text, role]

    @_alone
    def parameter_count(self, text: str) -> int:
        """Return how many parameters a statement has. Raises psycopg.Error."""
        return self._prepare(text, None)[1]

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
def open_twin(
    snapshot: Snapshot, server: EmbeddedServer | None = None, *, choice: ServerChoice | None = None
) -> Iterator[Twin]:
    """Build a twin of a snapshot; drop it on the way out. Arguments and errors as for `open_twins`."""
    with open_twins(snapshot, 1, server, choice=choice) as (twin,):
        yield twin


@contextmanager
def open_twins(
    snapshot: Snapshot, count: int, server: EmbeddedServer | None = None, *, choice: ServerChoice | None = None
) -> Iterator[tuple[Twin, ...]]:
    """Build so many twins that can be asked at the same time.

    Args:
        server: one for twins that runs already; None: one of their own, or of the cache.
        choice: what that one runs, or is run; None: what is found for the snapshot.
    Raises: TwinError, EmbeddedServerError.
    """
    if not snapshot.schema_sql:
        raise TwinError("the snapshot holds no schema to plan on; see what was not examined, and why")
    with ExitStack() as stack:
        if server is not None:
            reason = choice.reason if choice is not None else ""
            twins = [stack.enter_context(_built(snapshot, server, reason)) for _ in range(count)]
        else:
            choice = choice or choose(snapshot, None)
            own, databases = stack.enter_context(twin_server(snapshot, count, choice.programs))
            twins = [stack.enter_context(_opened(snapshot, own, choice.reason, name, told)) for name, told in databases]
        for twin in twins:
            twin.candidates.sizes = twins[0].candidates.sizes
        yield tuple(twins)


@contextmanager
def _built(snapshot: Snapshot, server: EmbeddedServer, reason: str) -> Iterator[Twin]:
    with restored(snapshot, server) as (name, left_out):
        with built():
            left_out += restore_planner_facts(server, name, snapshot)
        with _opened(snapshot, server, reason, name, left_out) as twin:
            yield twin


@contextmanager
def _opened(
    snapshot: Snapshot, server: EmbeddedServer, reason: str, name: str, left_out: tuple[NotExamined, ...]
) -> Iterator[Twin]:
    is_own_major = server.programs.major == snapshot.server.major
    planned_on = PlannedOn(server.programs.version, is_own_major, reason, server.confinement)
    with server.owner(name) as owner, server.catalog_writer(name) as catalogs:
        copy_settings(owner, snapshot)
        owner.execute("SET plan_cache_mode = force_custom_plan")
        for setting, value in settings_of_policies(snapshot).items():
            owner.execute("SELECT pg_catalog.set_config(%s, %s, false)", (setting, value))
        candidates = Candidates(snapshot, owner, catalogs, server.data)
        most_on = _MOST_ON if server.programs.major < _MANY_SINCE else None
        yield Twin(snapshot, left_out, candidates, planned_on, owner, most_on=most_on)
