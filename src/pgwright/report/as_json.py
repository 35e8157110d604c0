"""Results as JSON, in a shape that stays: keys are added in later versions, never renamed or removed.

Every document has `kind`, `format` (the version of that kind's shape) and `pgwright_version`; then the fields of the
result. `schema.py` gives its JSON Schema, and `pgwright explain --schema KIND` prints it.

`_ms` are milliseconds, `_bytes` bytes, `cost` planner costs. A ratio that is infinite is null.
"""

from __future__ import annotations

import msgspec

from pgwright.model.result import Result
from pgwright.report.kind import kind_of
from pgwright.report.shape import document
from pgwright.version import VERSION
from pgwright.visible import visible_json


def render_json(result: Result, *, shows_all: bool = False) -> str:
    """Return the document, indented, with a line break at the end; very long lists are cut unless all is wanted."""
    kind = kind_of(result)
    shapes = kind.shapes_of_all if shows_all and kind.shapes_of_all is not None else kind.shapes
    head = {"kind": kind.name, "format": kind.version, "pgwright_version": VERSION}
    return indented(head | document(result, shapes))


def indented(value: object) -> str:
    """Return JSON as a person reads it, hidden characters escaped, with a line break at the end."""
    return visible_json(msgspec.json.format(msgspec.json.encode(value), indent=2).decode()) + "\n"
