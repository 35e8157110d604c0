"""A revision's own Python: its functions, where something stands in them, and Alembic code for the safe way."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from pgwright.checks.lint_code import python_text
from pgwright.model.finding import Check, CodeLine, Confidence, Evidence, Finding, Severity
from pgwright.model.migration import ObservedRevision
from pgwright.model.names import QualifiedName

_REVISION_LETTERS = 12
# `"""Downgrade schema."""` is what the template of Alembic says.
_WORDS_OF_TEMPLATE = 3
_READS = ("execute", "scalars", "scalar", "query", "exec", "fetchall", "fetchone", "fetchmany", "all", "mappings")


@lru_cache(maxsize=1024)
def tree_of(source: str) -> ast.Module:
    """Return the syntax of a revision; empty where it is no Python."""
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return ast.Module(body=[], type_ignores=[])


def function_of(revision: ObservedRevision, name: str) -> ast.FunctionDef | None:
    """Return `upgrade` or `downgrade` as the file has it; None where it has none."""
    found = (one for one in tree_of(revision.source).body if isinstance(one, ast.FunctionDef) and one.name == name)
    return next(found, None)


def statements_of(function: ast.FunctionDef) -> list[ast.stmt]:
    """Return what a function does: without its docstring, `pass`, `...`, and prints."""
    return [one for one in function.body if not _is_idle(one)]


def _is_idle(node: ast.stmt) -> bool:
    if isinstance(node, ast.Expr):
        is_print = isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "print"
        return isinstance(node.value, ast.Constant) or is_print
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Return) and node.value is None)


def says_why(revision: ObservedRevision, function: ast.FunctionDef) -> bool:
    """Tell whether a comment or a docstring in a function says that it is meant so; what Alembic writes does not."""
    if len((ast.get_docstring(function) or "").split()) > _WORDS_OF_TEMPLATE:
        return True
    lines = revision.source.splitlines()[function.lineno : function.end_lineno]
    texts = [line.partition("#")[2].strip() for line in lines if "#" in line]
    return any(text and not text.startswith("###") and "auto generated" not in text for text in texts)


def reads_rows(node: ast.AST) -> bool:
    """Tell whether an expression asks the database for rows."""
    calls = [one.func for one in ast.walk(node) if isinstance(one, ast.Call)]
    return any(isinstance(one, ast.Attribute) and one.attr in _READS for one in calls)


def imports_of(revision: ObservedRevision) -> Iterator[tuple[ast.stmt, str, tuple[str, ...]]]:
    """Yield each import of a revision: its node, the dotted module, and the names that it brings."""
    for node in ast.walk(tree_of(revision.source)):
        if isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield node, module, tuple(one.asname or one.name for one in node.names)
        elif isinstance(node, ast.Import):
            for one in node.names:
                yield node, one.name, (one.asname or one.name.partition(".")[0],)


def place_of(revision: ObservedRevision, node: ast.AST, function: str = "") -> CodeLine:
    return CodeLine(revision.path, getattr(node, "lineno", 1), function or "the module")


def where(revision: ObservedRevision) -> str:
    """`in 4f2a1c90b7de`, as `LintStep.where`."""
    return f"in {revision.revision[:_REVISION_LETTERS]}"


def report_revision(
    check: Check[Any],
    revision: ObservedRevision,
    about: str,
    message: str,
    *,
    advice: str,
    place: CodeLine | None = None,
    code: str = "",
    severity: Severity | None = None,
    confidence: Confidence | None = None,
    evidence: tuple[Evidence, ...] = (),
) -> Finding:
    """Return a finding about a revision as a whole, or a line of it that sent no statement."""
    return check.found(
        f"{about} {where(revision)}",
        message,
        evidence=(Evidence("revision", revision.message or revision.revision), *evidence),
        advice=advice,
        code=code,
        severity=severity,
        confidence=confidence,
        place=place or CodeLine(revision.path, 1, "the module"),
    )


def operation(name: str, table: QualifiedName, *arguments: str) -> str:
    """Return a call of Alembic on a table; arguments are Python.

    >>> operation("drop_column", QualifiedName("crm", "note"), '"title"')
    'op.drop_column("note", "title", schema="crm")'
    """
    schema = () if table.schema == "public" else (f"schema={python_text(table.schema)}",)
    return f"op.{name}({', '.join((python_text(table.name), *arguments, *schema))})"
