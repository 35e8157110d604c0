"""How an app names its indexes: by its MetaData's naming convention, or by SQLAlchemy's own."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from hashlib import md5

from pgwright.code.modules import Module
from pgwright.code.texts import keyword, texts_of
from pgwright.model.names import MAX_IDENTIFIER_BYTES

# sqlalchemy.sql.schema.DEFAULT_NAMING_CONVENTION
_DEFAULT = {"ix": "ix_%(column_0_label)s"}


def conventions(modules: Sequence[Module]) -> list[dict[str, str]]:
    """Return the naming conventions that modules state as literals; SQLAlchemy's own where they state none."""
    found = [_DEFAULT | one for module in modules for one in _stated(module)]
    return [one for number, one in enumerate(found) if one not in found[:number]] or [_DEFAULT]


def _stated(module: Module) -> Iterator[dict[str, str]]:
    for call in module.calls:
        value = keyword(call, "naming_convention")
        texts = texts_of(value, module)
        if texts is None and isinstance(value, ast.Name) and value.id in module.names:
            continue  # stated in another module, where it is found below
        if texts is not None:
            yield texts
    # Named in one module, used in another.
    for node in module.constants.values():
        texts = texts_of(node, module) if isinstance(node, ast.Dict | ast.Call) else None
        if texts is not None and "ix" in texts and "%(" in texts["ix"]:
            yield texts


def names_of_index(
    table: str, schema: str | None, columns: Sequence[str], stated: Sequence[dict[str, str]], *, kind: str = "ix"
) -> set[str]:
    """Return the names that an unnamed index, or `index=True`, may have under these conventions.

    Args:
        kind: `uq` for a unique constraint.

    >>> names_of_index("note", None, ["owner_id"], [{"ix": "ix_%(column_0_label)s"}])
    {'ix_note_owner_id'}
    """
    return {
        name
        for one in stated
        if (pattern := one.get(kind)) is not None
        and (name := _filled(pattern, table, schema, columns, None)) is not None
    }


def names_of_named(
    given: str,
    table: str,
    schema: str | None,
    columns: Sequence[str],
    stated: Sequence[dict[str, str]],
    kind: str = "ix",
) -> set[str]:
    """Return the names that one with a name of its own may have: a convention may add to that.

    >>> names_of_named("crop", "field", None, ["crop"], [{"ix": "%(table_name)s_%(constraint_name)s_idx"}])
    {'field_crop_idx'}
    """
    patterns = [one[kind] for one in stated if adds_to_names(one, kind)]
    found = {_filled(pattern, table, schema, columns, given) for pattern in patterns}
    return {name for name in found if name is not None} or {given}


def adds_to_names(convention: dict[str, str], kind: str = "ix") -> bool:
    """Whether a convention adds to names that are given."""
    return "%(constraint_name)s" in convention.get(kind, "")


def _filled(pattern: str, table: str, schema: str | None, columns: Sequence[str], given: str | None) -> str | None:
    if not columns and "column" in pattern:
        return None
    first = columns[0] if columns else ""
    labels = [f"{schema}_{table}_{one}" if schema else f"{table}_{one}" for one in columns]
    values = {
        "table_name": table,
        "column_0_name": first,
        "column_0_key": first,
        "column_0_label": labels[0] if labels else "",
        "column_0_N_name": "_".join(columns),
        "column_0_N_key": "_".join(columns),
        "column_0_N_label": "_".join(labels),
        "column_0N_name": "".join(columns),
        "column_0N_key": "".join(columns),
        "column_0N_label": "".join(labels),
    }
    if given is not None:
        values["constraint_name"] = given
    try:
        return _cut(pattern % values)
    except (KeyError, ValueError, TypeError):
        return None


def _cut(name: str) -> str:
    """Return a generated name as SQLAlchemy cuts it (`IdentifierPreparer._truncate_and_render_maxlen_name`)."""
    if len(name) <= MAX_IDENTIFIER_BYTES:
        return name
    return f"{name[: MAX_IDENTIFIER_BYTES - 8]}_{md5(name.encode(), usedforsecurity=False).hexdigest()[-4:]}"
