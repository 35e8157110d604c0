"""Leave out the schema in which nearly everything lies: on a line of 100 characters it hides the table's name."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from pgwright.model.finding import Diagnosis
from pgwright.model.names import QualifiedName

T = TypeVar("T")

# Of the objects with a schema; less, and the reader has to guess too often.
_NEARLY_ALL = 0.8
_FEWEST = 2
# What is run or compared as it stands.
_WHOLE = frozenset({"sql", "changes", "place"})
_SCHEMA = re.compile(r'("(?:[^"]|"")+"|[a-z_][a-z0-9_$]*)\.(?=["a-z_])')


def home_schema(diagnosis: Diagnosis) -> str:
    """Return the schema, as SQL text, of nearly all objects with findings; "" where there is none, or it is public."""
    named = Counter(match[1] for one in diagnosis.findings if (match := _SCHEMA.match(one.object)))
    if not named:
        return ""
    ((schema, times),) = named.most_common(1)
    return schema if times >= max(_FEWEST, _NEARLY_ALL * named.total()) else ""


def without(schema: str, value: T) -> T:
    """Return a value with the schema left out before names in its texts; SQL to run and changes stay as they are.

    >>> without("sales", ("sales.order", "wholesales.order"))
    ('order', 'wholesales.order')
    """
    return _without(re.compile(rf"(?<![\w.\"$]){re.escape(schema)}\.(?=[\"\w])"), value) if schema else value


def _without(prefix: re.Pattern[str], value: Any) -> Any:
    if isinstance(value, str):
        return prefix.sub("", value)
    if isinstance(value, tuple):
        return tuple(_without(prefix, one) for one in value)
    if is_dataclass(value) and not isinstance(value, (type, QualifiedName)):
        named = [field.name for field in fields(value) if field.init and field.name not in _WHOLE]
        return replace(value, **{name: _without(prefix, getattr(value, name)) for name in named})
    return value
