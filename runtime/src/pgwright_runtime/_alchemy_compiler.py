"""A dialect whose compiler adds criteria to every FROM; the second file that touches private names of SQLAlchemy.

The compiler is the one place where it is known which tables a FROM has in the end, of the ORM's statements (eager and
lazy loads, polymorphic classes, refreshes) as of Core's. What it does is part of what SQLAlchemy caches, so a statement
that is executed again costs nothing more. The public `do_orm_execute` and `with_loader_criteria` see the ORM's entities
only, and cost each execution.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from types import SimpleNamespace
from typing import Any, cast

from sqlalchemy import ColumnElement, Dialect, Engine, FromClause, Join, Table, and_
from sqlalchemy.orm.interfaces import UserDefinedOption
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import Grouping

Rule = Callable[[Sequence[FromClause], Sequence[FromClause], Sequence[object]], list[ColumnElement[bool]]]
"""Returns what the rows must meet, of

1. the FROM clauses that decide about rows: all of a SELECT, UPDATE or DELETE, or the sides of an outer join that can
   be null;
2. those, or the join, in which all conditions between them are found;
3. the options of the statements around, outermost first.
"""


class CachedOption(UserDefinedOption):
    """An option of a statement that changes what it compiles to; its payload is hashable.

    `_is_has_cache_key`, `_gen_cache_key`: an option is not part of what a compiled statement is found by, otherwise.
    """

    _is_has_cache_key = True

    def _gen_cache_key(self, anon_map: object, bindparams: object) -> tuple[object, ...]:
        return (type(self), self.payload)


def plain_table(from_: FromClause) -> Table | None:
    """Return the table that a FROM clause or an alias of it shows; None: it is none.

    `_deannotate`: the ORM's annotated copies have an `info` of their own.
    """
    while (element := getattr(from_, "element", None)) is not None and not isinstance(from_, Table):
        from_ = element
    return cast(Table, from_._deannotate(clone=False)) if isinstance(from_, Table) else None


def filtering_dialect(dialect: Dialect, rule: Rule) -> Dialect:
    """Return a copy of a dialect that compiles with a rule; all else, its events too, it shares with the original."""
    kind: Any = type(dialect)
    copy = object.__new__(_filtering_class(kind, dialect._supports_statement_cache, rule))
    copy.__dict__ = dialect.__dict__
    return copy


def unfiltered(engine: Engine) -> Engine:
    """Return a copy of an engine whose statements see all rows; or the engine itself, if it filters none."""
    kind: Any = type(engine.dialect)
    if not issubclass(kind.statement_compiler, _FilteringCompiler):
        return engine
    copy = engine.execution_options()
    copy.dialect = object.__new__(kind.__bases__[0])
    copy.dialect.__dict__ = engine.dialect.__dict__
    return copy


@cache
def _filtering_class(base: type[Dialect], is_cached: bool, rule: Rule) -> type[Dialect]:
    """`supports_statement_cache` does not pass on to a dialect's subclasses."""
    compiler = base.statement_compiler
    filtering = type(compiler.__name__, (_FilteringCompiler, compiler), {"rule": staticmethod(rule)})
    return type(base.__name__, (base,), {"statement_compiler": filtering, "supports_statement_cache": is_cached})


class _FilteringCompiler(SQLCompiler):
    """`_compose_select_body`, `_compile_state_factory`: only there the FROM is complete and not yet written."""

    rule: Rule
    _options: tuple[object, ...] | None = None

    def visit_select(self, select_stmt: Any, *args: Any, **kw: Any) -> str:
        with self._within(select_stmt):
            return super().visit_select(select_stmt, *args, **kw)  # type: ignore[no-untyped-call, no-any-return]

    def visit_compound_select(self, cs: Any, *args: Any, **kw: Any) -> str:
        with self._within(cs):
            return super().visit_compound_select(cs, *args, **kw)  # type: ignore[no-untyped-call, no-any-return]

    def visit_cte(self, cte: Any, *args: Any, **kw: Any) -> str | None:
        # It is written once, for all that refer to it.
        with self._within(getattr(self, "statement", None), outer=()):
            return super().visit_cte(cte, *args, **kw)

    def visit_update(self, update_stmt: Any, *args: Any, **kw: Any) -> str:
        with self._within(update_stmt):
            return super().visit_update(self._later(update_stmt), *args, **kw)

    def visit_delete(self, delete_stmt: Any, *args: Any, **kw: Any) -> str:
        with self._within(delete_stmt):
            return super().visit_delete(self._later(delete_stmt), *args, **kw)  # type: ignore[no-untyped-call, no-any-return]

    def visit_join(self, join: Join, asfrom: bool = False, from_linter: Any = None, **kw: Any) -> str:
        if join.full or join.isouter:
            # A null row made by the join has no mark, so those of a FULL JOIN pass the criterion above it, too.
            nullable = [join.left, join.right] if join.full else [join.right]
            if criteria := self.rule(nullable, [join], self._scope()):
                condition = and_(*_enclosed((join.onclause,)), *criteria)
                join = Join(join.left, join.right, condition, isouter=join.isouter, full=join.full)
        return super().visit_join(join, asfrom=asfrom, from_linter=from_linter, **kw)  # type: ignore[no-untyped-call, no-any-return]

    def _compose_select_body(
        self, text: str, select: Any, compile_state: Any, inner_columns: Any, froms: Any, *rest: Any
    ) -> str:
        select = self._filtered(select, froms)
        return super()._compose_select_body(text, select, compile_state, inner_columns, froms, *rest)  # type: ignore[no-untyped-call, no-any-return]

    def _later(self, statement: Any) -> Any:
        """Return what compiles to the UPDATE or DELETE with criteria; only its compile state knows all of its FROM."""

        def compile_state(_: object, compiler: object, **kw: Any) -> Any:
            state = statement._compile_state_factory(statement, compiler, **kw)
            state.statement = self._filtered(state.statement, [state.statement.table, *state._extra_froms])
            return state

        return SimpleNamespace(_compile_state_factory=compile_state)

    def _filtered(self, statement: Any, froms: Sequence[FromClause]) -> Any:
        criteria = self.rule(froms, froms, self._scope())
        if not criteria:
            return statement
        copy = statement.where(*criteria)
        copy._where_criteria = (*_enclosed(statement._where_criteria), *criteria)
        return copy

    def _scope(self) -> tuple[object, ...]:
        if self._options is None:
            # Not in __init__, which compiles.
            self._options = getattr(getattr(self, "statement", None), "_with_options", ())
        return self._options

    @contextmanager
    def _within(self, statement: Any, outer: tuple[object, ...] | None = None) -> Iterator[None]:
        before = self._scope()
        self._options = (before if outer is None else outer) + getattr(statement, "_with_options", ())
        try:
            yield
        finally:
            self._options = before


class _Enclosed(Grouping[bool]):
    """Parentheses that stay: `and_` opens those of an element whose `operator` it finds to be its own."""

    operator = None
    inherit_cache = True


def _enclosed(criteria: Sequence[Any]) -> list[ColumnElement[bool]]:
    """Return criteria in parentheses: text, and elements with a compiler of their own, may hold an OR without them."""
    return [_Enclosed(and_(*criteria))] if criteria else []
