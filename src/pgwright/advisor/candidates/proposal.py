"""A candidate with its reason and its name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256

from pgwright.model.index import IndexDefinition, IndexKey, index_name
from pgwright.model.names import MAX_IDENTIFIER_BYTES, QualifiedName

_WORD = re.compile(r"\W+")
_DIGITS = 6
_LONGEST_LABEL = 24


@dataclass(frozen=True)
class Proposal:
    """A candidate and why it has this form: one clause, without a full stop."""

    definition: IndexDefinition
    reason: str


def define(
    table: QualifiedName,
    keys: tuple[IndexKey, ...],
    *,
    include: tuple[str, ...] = (),
    predicate: str | None = None,
    label: str = "",
    method: str = "btree",
) -> IndexDefinition:
    """Return a definition with a name that no variant of other columns, predicate or kind shares.

    Args:
        label: says the predicate in the name; "": a digest does.
    """
    parts = [key.column or label_of(key.expression or "") for key in keys]
    marks = [label] if label else []
    classes = [key.operator_class for key in keys if key.operator_class]
    marks += classes or ([method] if method != "btree" else [])
    marks += ["desc"] if any(key.is_descending for key in keys) else []
    unnamed = IndexDefinition("", table, keys, include=include, predicate=predicate, method=method)
    digest = sha256(unnamed.sql().encode()).hexdigest()[:_DIGITS]
    marks += [f"nulls_{digest}"] if any(key.nulls_first not in (None, key.is_descending) for key in keys) else []
    marks += [f"covering_{digest}"] if include else []
    marks += [f"partial_{digest}"] if predicate and not label and not include else []
    whole = "_".join(("ix", table.name, *parts, *marks))
    if len(whole.encode()) <= MAX_IDENTIFIER_BYTES:
        return unnamed.named(index_name(table, tuple(parts), "_".join(marks)))
    start = whole.encode()[: MAX_IDENTIFIER_BYTES - _DIGITS - 1].decode(errors="ignore")
    return unnamed.named(f"{start}_{digest}")


def label_of(text: str) -> str:
    """Return SQL text as a part of a name.

    >>> label_of("lower(email)"), label_of("payload ->> 'kind'")
    ('lower_email', 'payload_kind')
    """
    label = _WORD.sub("_", text.lower().replace("pg_catalog.", "")).strip("_")
    if len(label) <= _LONGEST_LABEL:
        return label
    return f"{label[:_LONGEST_LABEL]}_{sha256(text.encode()).hexdigest()[:_DIGITS]}"
