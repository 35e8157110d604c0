"""How an app names its indexes: by its MetaData's naming convention, or by SQLAlchemy's own."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from pgwright.code.modules import Module
from pgwright.code.texts import keyword, texts_of

# sqlalchemy.sql.schema.DEFAULT_NAMING_CONVENTION
_DEFAULT = {"ix": "ix_%(column_0_label)s"}


def conventions(modules: Sequence[Module]) -> list[dict[str, str]]:
    """Return the naming conventions that modules state as literals; SQLAlchemy's own where they state none."""
    found = [_DEFAULT | one for module in modules for one in _stated(module)]
    return [one for number, one in enumerate(found) if one not in found[:number]] or [_DEFAULT]


def _stated(module: Module) -> Iterator[dict[str, str]]:
    for node in ast.walk(module.tree):
        value = keyword(node, "naming_convention") if isinstance(node, ast.Call) else None
        texts = texts_of(value, module)
        if texts is None and isinstance(value, ast.Name) and value.id in module.names:
            continue  # stated in another module, where it is found below
        if texts is not None:
            yield texts
    # Named in one module, used in another.
    for node in module.constants.values():
        texts = texts_of(node, module) if isinstance(node, ast.Dict) else None
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
        if (pattern := one.get(kind)) is not None and (name := _filled(pattern, table, schema, columns)) is not None
    }


def _filled(pattern: str, table: str, schema: str | None, columns: Sequence[str]) -> str | None:
    labels = [f"{schema}_{table}_{one}" if schema else f"{table}_{one}" for one in columns]
    values = {
        "table_name": table,
        "column_0_name": columns[0],
        "column_0_key": columns[0],
        "column_0_label": labels[0],
        "column_0_N_name": "_".join(columns),
        "column_0_N_key": "_".join(columns),
        "column_0_N_label": "_".join(labels),
        "column_0N_name": "".join(columns),
        "column_0N_key": "".join(columns),
        "column_0N_label": "".join(labels),
    }
    try:
        return pattern % values
    except (KeyError, ValueError, TypeError):
        return None
