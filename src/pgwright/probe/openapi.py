"""The GET endpoints of an app, from its OpenAPI schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]

# What page sizes are called, in lower case without separators.
_PAGE_SIZES = frozenset({"size", "limit", "perpage", "pagesize", "count", "pagelimit", "maxresults"})
# Two sizes that differ enough to tell growth from chance; a page of thirty is still cheap to fetch.
SMALL_PAGE, LARGE_PAGE = 3, 30


@dataclass(frozen=True)
class Parameter:
    name: str
    place: str
    """path, query, header or cookie."""
    is_required: bool
    schema: Schema
    """Resolved, with the examples of the parameter itself."""

    @property
    def page_sizes(self) -> tuple[int, int] | None:
        """A small and a larger page size within the schema's bounds; None when it is no page size or has one only."""
        word = self.name.lower().replace("_", "").replace("-", "")
        if self.place != "query" or word not in _PAGE_SIZES or self.schema.get("type") != "integer":
            return None
        least = int(self.schema.get("minimum", self.schema.get("exclusiveMinimum", 0) + 1))
        most = int(self.schema.get("maximum", self.schema.get("exclusiveMaximum", LARGE_PAGE + 1) - 1))
        small, large = max(least, min(SMALL_PAGE, most)), min(most, max(LARGE_PAGE, 10 * least))
        return (small, large) if small < large else None

    @property
    def suggested(self) -> str | None:
        """The value that the schema itself names; None when it names none."""
        listed = [self.schema.get(key) for key in ("example", "default", "const")]
        listed += [*_listed(self.schema.get("examples")), *_listed(self.schema.get("enum"))]
        value = next((one for one in listed if one is not None), None)
        if value is None and self.schema.get("type") in ("integer", "number"):
            value = self.schema.get("minimum")
        if value is None and self.schema.get("type") == "boolean":
            value = False
        return None if value is None else str(value).lower() if isinstance(value, bool) else str(value)


@dataclass(frozen=True)
class Endpoint:
    path: str
    """As `/couriers/{courier_id}`."""
    parameters: tuple[Parameter, ...]

    @property
    def name(self) -> str:
        return f"GET {self.path}"

    @property
    def segments(self) -> tuple[str, ...]:
        return tuple(segment for segment in self.path.split("/") if segment)


def mounted_apps(app: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the apps below an app that have a schema of their own, each with its path: `app.mount("/v1", v1)`."""
    for route in getattr(app, "routes", ()):
        mounted, path = getattr(route, "app", None), f"{prefix}{getattr(route, 'path', '')}"
        if callable(getattr(mounted, "openapi", None)):
            yield path, mounted
            yield from mounted_apps(mounted, path)


def order(endpoint: Endpoint) -> tuple[int, str]:
    """Return what sorts endpoints without parameters in their path first, for their answers fill the others."""
    return endpoint.path.count("{"), endpoint.path


def read_endpoints(document: Schema, prefix: str = "") -> tuple[Endpoint, ...]:
    """Return the GET endpoints, in `order`; those of an app that is mounted at a prefix."""
    found = []
    for path, item in document.get("paths", {}).items():
        if isinstance(item, dict) and isinstance(item.get("get"), dict):
            listed = [*item.get("parameters", ()), *item["get"].get("parameters", ())]
            parameters = {(one.name, one.place): one for one in _parameters(listed, document)}
            found.append(Endpoint(prefix + path, tuple(parameters.values())))
    return tuple(sorted(found, key=order))


def _parameters(listed: list[Schema], document: Schema) -> Iterator[Parameter]:
    for entry in listed:
        given = _resolved(entry, document)
        if "name" not in given:
            continue
        schema = _schema(given.get("schema", {}), document)
        examples = {key: given[key] for key in ("example", "examples") if key in given}
        place = str(given.get("in", "query"))
        is_required = bool(given.get("required")) or place == "path"
        yield Parameter(str(given["name"]), place, is_required, {**schema, **examples})


def _schema(schema: Schema, document: Schema) -> Schema:
    """Return a schema without references; of several alternatives the first that is not null."""
    schema = _resolved(schema, document)
    for key in ("anyOf", "oneOf", "allOf"):
        for alternative in schema.get(key, ()):
            inner = _schema(alternative, document)
            if inner.get("type") != "null":
                return {**inner, **{name: value for name, value in schema.items() if name != key}}
    return schema


def _resolved(value: Schema, document: Schema) -> Schema:
    seen = 0
    while "$ref" in value and seen < 10:
        target: Any = document
        for part in str(value["$ref"]).removeprefix("#/").split("/"):
            target = target.get(part.replace("~1", "/").replace("~0", "~"), {}) if isinstance(target, dict) else {}
        value, seen = target, seen + 1
    return value


def _listed(value: Any) -> list[Any]:
    if isinstance(value, dict):  # of a parameter: name → {"value": …}
        return [one.get("value") for one in value.values() if isinstance(one, dict)]
    return list(value) if isinstance(value, list) else []
