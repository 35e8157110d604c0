"""From the person's row along all edges: which rows of which tables go, change or stay, decided before any is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from sqlalchemy import ColumnElement, Table, func, literal, or_

from pgwright_runtime.erasure.catalog import CatalogTables
from pgwright_runtime.erasure.declaration import (
    Anonymise,
    Delete,
    Erasure,
    Keep,
    Rule,
    Unlink,
    clause_of,
    column_name,
    name_of,
    via_names,
)
from pgwright_runtime.erasure.edges import SURVIVES, Edge
from pgwright_runtime.erasure.stops import Stop

Fate = Literal["delete", "anonymise", "keep", "mention", "refer"]
"""`mention`: rows of others that lose their link; `refer`: the same, to a row that stays, so that nothing happens."""


_FATES: dict[type[Rule], Fate] = {Delete: "delete", Anonymise: "anonymise", Keep: "keep", Unlink: "mention"}


@dataclass(eq=False)
class RowSet:
    """Rows of a table that share a fate."""

    number: int
    table: Table
    fate: Fate
    rule: Rule | None
    """None: the foreign key's own ON DELETE."""

    @property
    def is_subject(self) -> bool:
        return self.number == 0


@dataclass(frozen=True, eq=False)
class Flow:
    """Rows of `target` are those that hang on rows of `source`."""

    edge: Edge
    source: RowSet
    target: RowSet
    where: ColumnElement[bool] | None = None


@dataclass
class Graph:
    """What an erasure does, for every person alike."""

    catalog: CatalogTables
    subject: Table
    parts: list[RowSet] = field(default_factory=list)
    """The subject's first."""
    flows: list[Flow] = field(default_factory=list)
    stops: list[Stop] = field(default_factory=list)
    stays: set[Table] = field(default_factory=set)
    """Tables that Keep answers for, whether or not an edge leads there."""

    @property
    def tables(self) -> list[Table]:
        return list(dict.fromkeys(part.table for part in self.parts))


def build_graph(catalog: CatalogTables, erasure: Erasure, edges: list[Edge]) -> Graph:
    """Return the graph. Raises: ValueError: the subject is no table of the database."""
    subject = catalog.find(erasure.subject)
    if subject is None:
        raise ValueError(f"the database has no table {erasure.subject[1]!r}, of which a row is a person")
    return _Builder(catalog, erasure, edges, Graph(catalog, subject)).build()


class _Builder:
    def __init__(self, catalog: CatalogTables, erasure: Erasure, edges: list[Edge], graph: Graph) -> None:
        self.graph = graph
        self.rules: dict[Table, list[Rule]] = {}
        self.used: set[int] = set()
        self.into: dict[Table, list[Edge]] = {}
        for edge in edges:
            self.into.setdefault(edge.parent, []).append(edge)
        for rule in erasure.rules:
            table = catalog.find(name_of(rule.table))
            if table is None:
                self._stop("rule-without-effect", name_of(rule.table)[1], "", "the database has no such table")
            else:
                self.rules.setdefault(table, []).append(rule)
        # Those whose rows may be the person's at all: what several keys of a table mean hangs on it.
        self.near = self._near(graph.subject)

    def build(self) -> Graph:
        own = self._general(self.graph.subject)
        if isinstance(own, Keep):
            self._stop(
                "contradiction",
                self.graph.subject.fullname,
                "",
                "the subject itself is kept",
                (f"Anonymise({self.graph.subject.name!r}, columns={{…}})",),
            )
        self._part(self.graph.subject, own if isinstance(own, Anonymise) else own or Delete(self.graph.subject))
        for part in self.graph.parts:  # it grows meanwhile
            for edge in self.into.get(part.table, ()):
                for target, where in self._decide(edge, part):
                    self.graph.flows.append(Flow(edge, part, target, where))
        self._tell_contradictions()
        self._tell_unused()
        return self.graph

    def _near(self, subject: Table) -> set[Edge]:
        seen, work, found = {subject}, [subject], set()
        while work:
            for edge in self.into.get(work.pop(), ()):
                found.add(edge)
                if edge.child not in seen and self._may_lead_on(edge):
                    seen.add(edge.child)
                    work.append(edge.child)
        return found

    def _may_lead_on(self, edge: Edge) -> bool:
        """True: rows that this edge leads to may be the person's own."""
        rules = self.rules.get(edge.child, ())
        named = [rule for rule in rules if via_names(rule) & set(edge.columns)]
        if named:
            return not any(isinstance(rule, Unlink) for rule in named)
        if any(isinstance(rule, Keep) for rule in rules):
            return False
        return edge.link is not None or edge.on_delete not in SURVIVES or bool(rules)

    def _general(self, table: Table) -> Rule | None:
        """Return the rule of a table that names no way."""
        found = next((rule for rule in self.rules.get(table, ()) if not via_names(rule)), None)
        if found is not None:
            self.used.add(id(found))
        return found

    def _part(self, table: Table, rule: Rule | None, fate: Fate | None = None) -> RowSet:
        fate = fate or (_FATES[type(rule)] if rule is not None else "delete")
        for part in self.graph.parts:
            if part.table is table and part.fate == fate and (fate == "delete" or part.rule is rule):
                return part
        part = RowSet(len(self.graph.parts), table, fate, rule)
        self.graph.parts.append(part)
        return part

    def _decide(self, edge: Edge, source: RowSet) -> Iterator[tuple[RowSet, ColumnElement[bool] | None]]:
        rule = self._rule(edge)
        if source.fate in ("mention", "refer") or (source.fate == "keep" and not (rule and via_names(rule))):
            return  # what hangs on rows of others, or on what is kept, is not the person's own
        if rule is not None:
            self.used.add(id(rule))
            yield from self._by_rule(edge, rule)
        elif edge.link is None and edge.on_delete in SURVIVES:
            yield self._part(edge.child, None, "mention" if source.fate == "delete" else "refer"), None
        elif edge.on_delete == "CASCADE" and edge.child is not self.graph.subject and self._goes(source):
            yield self._part(edge.child, None, "delete"), None
        else:
            self._undecided(edge, source)

    def _goes(self, source: RowSet) -> bool:
        # A subject that stays as a nameless row is gone all the same: what was to go with it does.
        return source.fate == "delete" or source.is_subject

    def _by_rule(self, edge: Edge, rule: Rule) -> Iterator[tuple[RowSet, ColumnElement[bool] | None]]:
        if not isinstance(rule, Keep) or rule.until is None:
            yield self._part(edge.child, rule), None
            return
        until = literal(rule.until) if isinstance(rule.until, date) else clause_of(rule.until)
        yield self._part(edge.child, rule), or_(until.is_(None), until >= func.now())
        yield self._part(edge.child, None, "delete"), until < func.now()

    def _rule(self, edge: Edge) -> Rule | None:
        rules = self.rules.get(edge.child, ())
        for rule in rules:
            if via_names(rule) & set(edge.columns):
                return rule
        if edge.child is self.graph.subject:  # further rows of it are other persons
            return None
        general = next((rule for rule in rules if not via_names(rule)), None)
        if general is None or isinstance(general, Keep):
            return general
        return general if self._is_meant(edge) else None

    def _is_meant(self, edge: Edge) -> bool:
        """True: a rule that names no way means this one: the only one, or one along which rows go anyway."""
        if edge.on_delete == "CASCADE" and edge.link is None:
            return True
        named = {name for rule in self.rules[edge.child] for name in via_names(rule)}
        others = [
            other
            for other in self.near
            if other.child is edge.child
            and other is not edge
            and not named & set(other.columns)
            and (other.on_delete not in SURVIVES or other.link is not None)
            and not (other.on_delete == "CASCADE" and other.link is None)
        ]
        return not others and (edge.on_delete not in SURVIVES or self._is_only(edge))

    def _is_only(self, edge: Edge) -> bool:
        return not any(other.child is edge.child and other is not edge for other in self.near)

    def _undecided(self, edge: Edge, source: RowSet) -> None:
        table, way = edge.child.fullname, ", ".join(repr(name) for name in edge.columns)
        may_unlink = edge.is_nullable and len(edge.columns) == 1
        other = f"Anonymise({table!r}, columns={{…}}, via=[{way}])"
        self._stop(
            "undecided-table",
            table,
            ", ".join(edge.columns),
            f"{edge.text} leads to {source.table.fullname}: {self._why_undecided(edge, source)}",
            (
                f"Delete({table!r}, via=[{way}])",
                f'Unlink("{table}.{edge.columns[0]}")   if the rows are not the person\'s own' if may_unlink else other,
                f'Keep({table!r}, reason="…")',
            ),
        )

    def _why_undecided(self, edge: Edge, source: RowSet) -> str:
        if any(not via_names(rule) for rule in self.rules.get(edge.child, ())):
            return "its rule names no way, and several keys lead there"
        if edge.child is self.graph.subject:
            return "its rows are other persons"
        how = f"{'the link' if edge.link else f'ON DELETE {edge.on_delete}'} does not say what becomes of its rows"
        return how if source.fate == "delete" else f"the rows of {source.table.fullname} stay, and {how}"

    def _tell_contradictions(self) -> None:
        for flow in self.graph.flows:
            edge, target = flow.edge, flow.target
            if isinstance(target.rule, Unlink) and edge.is_nullable:
                continue
            if flow.source.fate != "delete" or target.fate == "delete" or not edge.is_enforced:
                continue
            changed = column_names(target.rule) if isinstance(target.rule, Anonymise) else set()
            if set(edge.columns) & changed:
                continue
            if edge.on_delete in SURVIVES and (edge.is_nullable or edge.on_delete == "SET DEFAULT"):
                continue
            stays = "made anonymous" if target.fate == "anonymise" else "kept"
            way = ", ".join(f"{name!r}: None" for name in edge.columns)
            self._stop("contradiction", edge.child.fullname, ", ".join(edge.columns),
                f"rows of {edge.child.fullname} are {stays}, but {', '.join(edge.columns)} leads to rows of "
                f"{flow.source.table.fullname}, which go", (
                *((f"Anonymise({edge.child.fullname!r}, columns={{{way}, …}})",) if edge.is_nullable else ()),
                f"Anonymise({flow.source.table.fullname!r}, columns={{…}})",
            ))  # fmt: skip

    def _tell_unused(self) -> None:
        for table, rules in self.rules.items():
            for rule in rules:
                if isinstance(rule, Keep):
                    self.graph.stays.add(table)
                elif id(rule) not in self.used:
                    self._unused(table, type(rule).__name__)

    def _unused(self, table: Table, rule: str) -> None:
        name, subject = table.fullname, self.graph.subject.fullname
        message = f"{rule} of {name}: no foreign key or link that it can mean leads there from {subject}"
        answers = (f'Link("{name}.…", "{subject}.…")', f"{rule}({name!r}, …, via=[…])")
        self._stop("rule-without-effect", name, "", message, answers)

    def _stop(self, kind: str, table: str, column: str, message: str, answers: tuple[str, ...] = ()) -> None:
        stop = Stop(kind, table, column, message, answers)  # type: ignore[arg-type]
        if stop not in self.graph.stops:
            self.graph.stops.append(stop)


def column_names(rule: Anonymise) -> set[str]:
    """Return the columns that a rule sets."""
    return {column_name(column, name_of(rule.table))[1] for column in rule.columns}
