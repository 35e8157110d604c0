"""A revision in the form of the app's own `script.py.mako`, rendered as `alembic revision` does, without `env.py`."""

from __future__ import annotations

import ast
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.util import CommandError, format_as_comma, template_to_file

from pgwright.errors import MigrationError
from pgwright.migrations.revision_file import ids_of
from pgwright.model.revision_text import RevisionText

_PASS = "    pass"


def in_template(
    template: Path, text: RevisionText, revision: str, down_revision: str | None, config: Config, now: datetime
) -> str:
    """Return the file that the template makes of a revision.

    Raises: MigrationError: the template fails, or what it makes does not do what the revision says.
    """
    rendered = _rendered(template, text, revision, down_revision, config, now)
    harmless = RevisionText("Message.", text.imports, _PASS, _PASS, text.rest)
    tree = _require_same(rendered, text, revision, down_revision)
    _require_no_more(tree, _parsed(_rendered(template, harmless, revision, down_revision, config, now)))
    return rendered


def _rendered(
    template: Path, text: RevisionText, revision: str, down_revision: str | None, config: Config, now: datetime
) -> str:
    own = template.read_text(encoding="utf-8").splitlines() if template.is_file() else []
    values: dict[str, Any] = {
        "message": text.docstring,
        "up_revision": revision,
        "down_revision": down_revision,
        "branch_labels": None,
        "depends_on": None,
        "create_date": now,
        "comma": format_as_comma,
        "config": config,
        # The template may import some of it already.
        "imports": "\n".join(line for line in text.imports.splitlines() if line and line not in own),
        "upgrades": text.upgrade.strip(),
        "downgrades": text.downgrade.strip(),
    }
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder, "revision.py")
        try:
            template_to_file(str(template), str(made), "utf-8", **values)
        except (CommandError, OSError, SyntaxError) as error:
            raise MigrationError(str(error)) from error
        parts = (made.read_text(encoding="utf-8").rstrip(), text.rest)
        return "\n\n\n".join(part for part in parts if part) + "\n"


def _parsed(rendered: str) -> ast.Module:
    try:
        return ast.parse(rendered)
    except SyntaxError as error:
        raise MigrationError(f"what it makes is no Python: {error}") from error


def _require_same(rendered: str, text: RevisionText, revision: str, down_revision: str | None) -> ast.Module:
    """Return a file's tree without the fix's statements.

    Raises: MigrationError: it lacks the ids or the statements that it was made of.
    """
    tree = _parsed(rendered)
    ids = ids_of(tree, Path("revision.py"))
    if (ids.revision, ids.down_revision) != (revision, () if down_revision is None else (down_revision,)):
        raise MigrationError("what it makes has other revision ids")
    functions = {node.name: node.body for node in tree.body if isinstance(node, ast.FunctionDef)}
    for name, wanted in (("upgrade", text.upgrade), ("downgrade", text.downgrade)):
        statements = ast.parse(f"def {name}():\n{wanted}").body[0].body  # type: ignore[attr-defined]
        ends = functions.get(name, [])[-len(statements) :]
        if [ast.dump(one) for one in ends] != [ast.dump(one) for one in statements]:
            raise MigrationError(f"what it makes has no {name}() with the statements of the fix")
        functions[name][-len(statements) :] = [ast.Pass()]
    return tree


def _require_no_more(tree: ast.Module, harmless: ast.Module) -> None:
    """Raise MigrationError unless a file runs what the template makes of any fix: names are in texts alone."""
    one, other = (ast.dump(_WithoutTexts().visit(each)) for each in (tree, harmless))
    if one != other:
        raise MigrationError("with the names of this fix, what it makes runs other statements")


class _WithoutTexts(ast.NodeTransformer):
    """Empties every text, which holds what the template says and names of the database."""

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        return ast.Constant("") if isinstance(node.value, str) else node
