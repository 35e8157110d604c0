"""The JSON Schema of each kind, from its dataclasses and its Shapes: what the code writes, and nothing beside it."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Mapping
from dataclasses import is_dataclass
from itertools import pairwise
from textwrap import dedent
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from pgwright.model.names import QualifiedName
from pgwright.report.kind import Kind
from pgwright.report.shape import Key, Shapes, keys_of

# Values as the docstrings of the model name them.
_IN_JSON = {"None": "null", "True": "true", "False": "false"}
DIALECT = "https://json-schema.org/draft/2020-12/schema"
POLICY = "Keys are added in later versions, never renamed or removed under this format."


def schema(kind: Kind[Any]) -> dict[str, Any]:
    """Return the schema of a kind. It allows further keys, as a later version may add them."""
    record = _Records(kind.shapes)
    head = {
        "kind": Literal[kind.name],
        "format": Literal[kind.version],
        "pgwright_version": str,
    }
    whole = msgspec.defstruct(kind.result.__name__, list((head | record.keys(kind.result)).items()))
    (root,), parts = msgspec.json.schema_components([whole], ref_template="#/$defs/{name}")
    body, parts = _open(parts.pop(root["$ref"].rsplit("/", 1)[1])), _open(parts)
    opening = {"$schema": DIALECT, "title": f"pgwright {kind.name}, format {kind.version}", "description": POLICY}
    return opening | {key: body[key] for key in ("type", "properties", "required")} | {"$defs": parts}


def _open(part: Any) -> Any:
    """Return a schema without a word on the keys of a mapping, which msgspec says since 0.23: later ones may come."""
    if isinstance(part, dict):
        return {key: _open(value) for key, value in part.items() if key != "propertyNames"}
    return [_open(one) for one in part] if isinstance(part, list) else part


class _Records:
    """Dataclasses of the model as msgspec's structs with the keys that their JSON has."""

    def __init__(self, shapes: Shapes) -> None:
        self._shapes = shapes
        self._made: dict[type, type] = {}

    def keys(self, model: type) -> dict[str, Any]:
        """Return the type of each key, with what it means where the code says so."""
        hints, notes = get_type_hints(model), _field_notes(model)
        found = {}
        for name, key in keys_of(model, self._shapes).items():
            hint, note = (hints[key], notes.get(name)) if key in hints else _told_by(model, key)
            kind = self._type(hint)
            found[name] = Annotated[kind, msgspec.Meta(description=_in_json(note))] if note else kind
        return found

    def _type(self, hint: Any) -> Any:
        if hint is QualifiedName:
            return str
        if is_dataclass(hint) and isinstance(hint, type):
            if hint not in self._made:
                self._made[hint] = msgspec.defstruct(hint.__name__, list(self.keys(hint).items()))
            return self._made[hint]
        origin, inner = get_origin(hint), get_args(hint)
        if origin is None or origin is Literal:
            return hint
        if origin in (Union, UnionType):
            return Union[tuple(map(self._type, inner))]  # noqa: UP007 - made at run time
        return origin[tuple(one if one is ... else self._type(one) for one in inner)]


def _told_by(model: type, key: Key) -> tuple[Any, str | None]:
    """Return the type of a property or a function, and the first line of its docstring."""
    told = inspect.getattr_static(model, key).fget if isinstance(key, str) else key
    note = inspect.getdoc(told)
    return get_type_hints(told)["return"], note.splitlines()[0] if note else None


def _field_notes(model: type) -> Mapping[str, str]:
    """Return the docstring under each field."""
    (made,) = ast.parse(dedent(inspect.getsource(model))).body
    assert isinstance(made, ast.ClassDef)
    return {
        ast.unparse(field.target): " ".join(str(note.value.value).split())
        for field, note in pairwise(made.body)
        if isinstance(field, ast.AnnAssign) and isinstance(note, ast.Expr) and isinstance(note.value, ast.Constant)
    }


def _in_json(note: str) -> str:
    return re.sub(r"\b(?:None|True|False)\b", lambda found: _IN_JSON[found[0]], note)
