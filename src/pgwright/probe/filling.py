"""Choose the arguments of an endpoint: rows that exist and belong together, the schema's own values, or none."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pgwright.database import connect
from pgwright.model.probe import Varied
from pgwright.probe.catalog import MOST_CANDIDATES, Catalog, Relation, singular
from pgwright.probe.openapi import Endpoint, Parameter

Values = Mapping[tuple[str, str], str]
"""Values by name and place of a parameter."""

_KEY_NAMES = ("id", "uuid", "pk", "key")


@dataclass(frozen=True)
class Size:
    """One size to call an endpoint at, with several sets of arguments to try, the best first."""

    label: str
    """What is varied, with `{}` for its value; "" when nothing is."""
    candidates: tuple[Values, ...]


@dataclass(frozen=True)
class Filling:
    sizes: tuple[Size, ...]
    """The smaller first; empty when the endpoint cannot be called."""
    varied: Varied
    unfilled: tuple[str, ...] = ()
    """Names of required parameters without a value."""


@dataclass
class Known:
    """Where values come from."""

    dsn: str | None
    catalog: Catalog | None
    """Read once; its rows are read anew for each endpoint, so that no lock and no snapshot outlasts that."""
    given: Mapping[str, str]
    """`--param`."""
    headers: frozenset[str]
    """Names of the headers and cookies that every request has, in lower case."""
    answers: dict[str, Any] = field(default_factory=dict)
    """JSON of list endpoints, by their path."""


@dataclass(frozen=True)
class _Target:
    """The column that a parameter's values come from."""

    relation: Relation
    column: str

    @property
    def is_key(self) -> bool:
        return self.column == self.relation.key


def fill(endpoint: Endpoint, known: Known) -> Filling:
    """Return the arguments for an endpoint, small and large. Raises DatabaseError."""
    if known.catalog is None or not any(parameter.is_required for parameter in endpoint.parameters):
        return _fill(endpoint, known)
    with connect(known.dsn) as database:
        return _fill(endpoint, replace(known, catalog=replace(known.catalog, database=database)))


def _fill(endpoint: Endpoint, known: Known) -> Filling:
    needed = [one for one in endpoint.parameters if one.is_required and not _is_sent(one, known)]
    fixed: dict[tuple[str, str], str] = {}
    open_: list[tuple[Parameter, _Target]] = []
    unfilled: list[Parameter] = []
    for parameter in endpoint.parameters:
        if parameter.name in known.given:
            fixed[parameter.name, parameter.place] = known.given[parameter.name]
        elif parameter in needed:
            target = _target(endpoint, parameter, known.catalog)
            if target is not None:
                open_.append((parameter, target))
            elif parameter.suggested is not None:
                fixed[parameter.name, parameter.place] = parameter.suggested
            else:
                unfilled.append(parameter)
    few, many = _rows(endpoint, open_, known.catalog)
    if open_ and not many:
        unfilled += [parameter for parameter, _ in open_]
        few, many = [{}], [{}]
    for parameter in list(unfilled):
        values = _from_answers(endpoint, parameter, known.answers)
        if values or parameter.suggested is not None:
            unfilled.remove(parameter)
            fixed[parameter.name, parameter.place] = values[0] if values else str(parameter.suggested)
    if unfilled:
        return Filling((), "nothing", tuple(one.name for one in unfilled))
    return _sizes(endpoint, known, [{**fixed, **one} for one in few], [{**fixed, **one} for one in many], open_)


def _sizes(
    endpoint: Endpoint,
    known: Known,
    few: list[dict[tuple[str, str], str]],
    many: list[dict[tuple[str, str], str]],
    open_: Sequence[tuple[Parameter, _Target]],
) -> Filling:
    for parameter in endpoint.parameters:
        if parameter.page_sizes is not None and parameter.name not in known.given:
            place = parameter.name, parameter.place
            sizes = tuple(
                Size(f"{parameter.name}={size}", tuple({**one, place: str(size)} for one in many))
                for size in parameter.page_sizes
            )
            return Filling(sizes, "page size")
    if few and many and few[0] != many[0] and open_:
        label = f"{_anchor(open_)[0].name}={{}}"
        return Filling((Size(label, tuple(few)), Size(label, tuple(many))), "data")
    return Filling((Size("", tuple(many)),), "nothing")


def _is_sent(parameter: Parameter, known: Known) -> bool:
    return parameter.place in ("header", "cookie") and parameter.name.lower() in known.headers


def _target(endpoint: Endpoint, parameter: Parameter, catalog: Catalog | None) -> _Target | None:
    """Return what a parameter refers to: `courier_id` → couriers; of `/couriers/{id}` the segment before it."""
    if catalog is None or parameter.page_sizes is not None:
        return None
    word = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", parameter.name).replace("-", "_").lower().removeprefix("x_")
    stem, _, last = word.rpartition("_")
    if stem and last in _KEY_NAMES:
        relation = catalog.named(stem)
        if relation is None:  # owner_id: a foreign key of that name tells whom it means
            parents = {one.parent for one in catalog.references if one.column == word}
            relation = catalog.relation(parents.pop()) if len(parents) == 1 else None
        if relation is not None and relation.key:
            return _Target(relation, relation.key)
    if parameter.place != "path":
        return None
    before = _segment_before(endpoint, parameter)
    relation = catalog.named(before) if before else None
    if relation is None:
        return None
    if word in relation.columns and word not in _KEY_NAMES:
        return _Target(relation, word)
    names = (*_KEY_NAMES, singular(relation.name.name))
    return _Target(relation, relation.key) if relation.key and (word in names or last in names) else None


def _segment_before(endpoint: Endpoint, parameter: Parameter) -> str:
    segments = endpoint.segments
    at = next((number for number, one in enumerate(segments) if f"{{{parameter.name}" in one), 0)
    return next((one for one in reversed(segments[:at]) if "{" not in one), "")


def _anchor(open_: Sequence[tuple[Parameter, _Target]]) -> tuple[Parameter, _Target]:
    """Return the parameter that decides about the data: the last of the path, else the first."""
    paths = [one for one in open_ if one[0].place == "path"]
    return paths[-1] if paths else open_[0]


def _rows(
    endpoint: Endpoint, open_: Sequence[tuple[Parameter, _Target]], catalog: Catalog | None
) -> tuple[list[dict[tuple[str, str], str]], list[dict[tuple[str, str], str]]]:
    """Return the arguments with few rows, and with many, from the database; each with those to try in their place."""
    if catalog is None or not open_:
        return [{}], [{}]
    _, anchor = _anchor(open_)
    ranked = _ranked(endpoint, anchor, catalog)
    few, many = ranked[::-1][:MOST_CANDIDATES], ranked[:MOST_CANDIDATES]
    whole = [[one for key in keys if (one := _belonging(key, anchor, open_, catalog))] for keys in (few, many)]
    return whole[0], whole[1]


def _ranked(endpoint: Endpoint, anchor: _Target, catalog: Catalog) -> list[Any]:
    """Return values of the anchor, those with most children first."""
    if not anchor.is_key:
        return catalog.values(anchor.relation, anchor.column)
    children = catalog.children_of(anchor.relation)
    last = endpoint.segments[-1]
    listed = catalog.named(last) if "{" not in last else None
    told = [one for one in children if listed is not None and one.child == listed.name]
    ranked = [key for key, _ in catalog.by_children(anchor.relation, told or children)]
    return ranked or catalog.values(anchor.relation, anchor.column)


def _belonging(
    key: Any, anchor: _Target, open_: Sequence[tuple[Parameter, _Target]], catalog: Catalog
) -> dict[tuple[str, str], str]:
    """Return a value for each parameter: the anchor's, and those of the rows that its row belongs to."""
    found: dict[tuple[str, str], str] = {}
    for parameter, target in open_:
        if target == anchor:
            value = key
        else:
            value = catalog.ancestor(anchor.relation, key, target.relation) if anchor.is_key and target.is_key else None
            if value is None:
                value = next(iter(catalog.values(target.relation, target.column, 1)), None)
        if value is None:
            return {}
        found[parameter.name, parameter.place] = str(value)
    return found


def _from_answers(endpoint: Endpoint, parameter: Parameter, answers: Mapping[str, Any]) -> list[str]:
    """Return ids from the answer of the list that a path begins with: /couriers for /couriers/{id}."""
    before = endpoint.path.partition(f"{{{parameter.name}")[0].rstrip("/")
    document = answers.get(before)
    if isinstance(document, dict):
        document = next((value for value in document.values() if isinstance(value, list)), None)
    items = [one for one in document or () if isinstance(one, dict)] if isinstance(document, list) else []
    values = [one.get(parameter.name, one.get("id")) for one in items]
    return [str(value) for value in values if isinstance(value, str | int)]
