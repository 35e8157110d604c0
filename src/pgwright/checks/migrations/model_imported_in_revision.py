"""Find revisions that import the app's models.

## What it does

Reports a revision that imports from a module of models (`app.models`, `app.db.orm`) and uses what it imports in
`upgrade()` or `downgrade()`.

## Why it matters

A revision is run years later, on a database of its time, with the models of today: a column that came later is in each
of its SELECTs, and it fails on every new database and in every CI run. A renamed model ends the whole chain at import.

## Example

    from app.models import Note
    session.query(Note).update({"title": ""})

Use instead:

    note = sa.table("note", sa.column("id"), sa.column("title"))
    op.execute(sa.update(note).values(title=""))

## When it is wrong

The module holds constants or types, and is never changed.

## Source

Alembic, Cookbook; SQLAlchemy, `table()` and `column()`.
Also known as: django-migration-linter RUNPYTHON_MODEL_IMPORT, RUNPYTHON_MODEL_VARIABLE.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from pgwright.checks.lint_python import imports_of, place_of, report_revision, tree_of
from pgwright.figures import listing
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import ObservedRevision, PendingMigrations

_MODELS = re.compile(r"(^|[._])(models?|entities|entity|orm|tables)([._]|$)")
_LIBRARIES = ("sqlalchemy", "alembic", "django", "pydantic", "sqlmodel", "geoalchemy2", "pgvector", "advanced_alchemy")


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for revision in pending.revisions:
        used = _used_names(revision)
        for node, module, names in imports_of(revision):
            mine = sorted(set(names) & used)
            if mine and _MODELS.search(module) and module.partition(".")[0] not in _LIBRARIES:
                yield report_revision(
                    CHECK,
                    revision,
                    module,
                    f"It uses {listing(mine)} of {module} as that is today, on a database of its time: with the next "
                    "change of the model it fails wherever it has not run yet.",
                    place=place_of(revision, node),
                    advice="Say what it needs of the table in the revision itself, by sa.table() and sa.column().",
                    code='note = sa.table("note", sa.column("id"), sa.column("title"))  # the table and its columns',
                )
                break


def _used_names(revision: ObservedRevision) -> set[str]:
    """Return the names that its functions use, helpers included."""
    functions = [one for one in tree_of(revision.source).body if isinstance(one, ast.FunctionDef)]
    return {node.id for one in functions for node in ast.walk(one) if isinstance(node, ast.Name)}


CHECK = Check(__name__, reads=PendingMigrations, severity="medium", confidence="likely", find=find)
