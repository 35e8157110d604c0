"""Write a fix as one Alembic revision, which runs without pgwright."""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Callable
from itertools import groupby
from textwrap import indent, wrap

from pgwright.model.fix import Fix
from pgwright.model.remedy import Step
from pgwright.model.revision_text import RevisionText
from pgwright.remedies import carried
from pgwright.remedies.preface import preface
from pgwright.visible import HIDDEN, on_one_line, visible

# So much fits whatever line length the app's formatter has.
_LINE = 88
_SHORT = 60

# Beyond it, the file asks the linter to pass over long lines: names can be as long as they are.
_WIDEST = 120
_INDENT = " " * 4

# CREATE INDEX CONCURRENTLY runs in no transaction.
_OUTSIDE = "op.get_context().autocommit_block()"


def render_revision(
    fix: Fix, *, revision: str, down_revision: str | None, message: str, database: str, taken_at: str
) -> str:
    """Return the text of the revision file.

    Args:
        revision: its id.
        down_revision: the id of the revision it follows; None for the first.
        message: what it does, in one line; it opens the docstring.
        database: the name of the database that the fix is for.
        taken_at: when the snapshot was taken, ISO 8601.
    """
    return assembled(revision_text(fix, message=message, database=database, taken_at=taken_at), revision, down_revision)


def revision_text(fix: Fix, *, message: str, database: str, taken_at: str) -> RevisionText:
    """Return the parts of the revision, for a template to put together; arguments as of `render_revision`."""
    upgrade = [(remedy.title, remedy.upgrade) for remedy in fix.remedies]
    downgrade = [(remedy.title, remedy.downgrade) for remedy in reversed(fix.remedies) if remedy.downgrade]
    functions = "\n\n\n".join(inspect.getsource(function).strip() for function in _carried(fix))
    return RevisionText(
        docstring=_in_docstring(preface(fix, message=message, database=database, taken_at=taken_at)),
        imports=_imports(functions),
        upgrade=_statements(upgrade),
        downgrade=_statements(downgrade),
        rest=f"{_constants()}\n\n\n{functions}",
    )


def assembled(text: RevisionText, revision: str, down_revision: str | None) -> str:
    """Return a revision file in our own form, for an app without a template of its own."""
    identity = _in_docstring(f"Revision ID: {revision}\nRevises: {down_revision or ''}".rstrip())
    variables = "\n".join(
        [
            f"revision = {_literal(revision)}",
            f"down_revision = {_literal(down_revision)}",
            "branch_labels = None",
            "depends_on = None",
        ]
    )
    docstring = f'"""{text.docstring}\n\n{identity}\n"""'
    functions = f"def upgrade() -> None:\n{text.upgrade}\n\n\ndef downgrade() -> None:\n{text.downgrade}"
    parts = [docstring, text.imports, variables, functions, text.rest]
    return with_width(f"{parts[0]}\n\n{parts[1]}\n\n{parts[2]}\n\n\n{parts[3]}\n\n\n{parts[4]}\n")


def with_width(text: str) -> str:
    """Return a file that asks the linter to pass over long lines where it has some."""
    is_wide = any(len(line) > _WIDEST for line in text.splitlines())
    return f"# ruff: noqa: E501\n{text}" if is_wide else text


def _carried(fix: Fix) -> list[Callable[..., object]]:
    """Return the functions that the revision needs."""
    steps = [step for remedy in fix.remedies for step in (*remedy.upgrade, *remedy.downgrade)]
    has_builds = any(step.builds for step in steps)
    needed: list[Callable[..., object]] = [inspect.unwrap(carried._patient_session), carried._execute, carried._run]
    needed += [carried._run_long] if has_builds or any(step.waits_long for step in steps) else []
    needed += [carried._create_index, carried._drop_invalid] if has_builds else []
    return [*needed, carried._oldest_transactions]


def _imports(functions: str) -> str:
    """Return the imports of `carried`, as far as the functions need them."""
    imports, _ = _head()
    return imports if "suppress(" in functions else imports.replace(", suppress", "")


def _constants() -> str:
    """Return the settings of `carried`, with their comments."""
    return _head()[1]


def _head() -> tuple[str, str]:
    """Return what stands in `carried` before its first function: the imports, and what follows them."""
    source = inspect.getsource(carried)
    nodes = ast.parse(source).body
    imports = [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom) and not _is_future(node)]
    function = next(node for node in nodes if isinstance(node, ast.FunctionDef))
    begins = min([function.lineno, *(node.lineno for node in function.decorator_list)])
    lines, ends = source.splitlines(), imports[-1].end_lineno
    return "\n".join(lines[imports[0].lineno - 1 : ends]), "\n".join(lines[ends : begins - 1]).strip()


def _is_future(node: ast.Import | ast.ImportFrom) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def _statements(remedies: list[tuple[str, tuple[Step, ...]]]) -> str:
    lines: list[str] = []
    if not remedies:
        return f"{_INDENT}pass"
    steps = [(title, step) for title, of_remedy in remedies for step in of_remedy]
    is_all_outside = not any(step.is_transactional for _, step in steps)
    lines.append(f"{_INDENT}with _patient_session(){f', {_OUTSIDE}' if is_all_outside else ''}:")
    told = ""
    for is_transactional, group in groupby(steps, key=lambda each: each[1].is_transactional):
        margin = _INDENT * (2 if is_transactional or is_all_outside else 3)
        if not is_transactional and not is_all_outside:
            lines.append(f"{_INDENT * 2}with {_OUTSIDE}:")
        for title, step in group:
            lines += _comment(title, margin) if title != told else []
            lines.append(_call(step, margin))
            told = title
    return "\n".join(lines)


def _comment(title: str, margin: str) -> list[str]:
    head = f"{margin}# "
    text = on_one_line(title)
    return wrap(text, _LINE, initial_indent=head, subsequent_indent=head, break_long_words=False)


def _call(step: Step, margin: str) -> str:
    """Return the Python call that runs the step."""
    function = "_create_index" if step.builds else "_run_long" if step.waits_long else "_run"
    texts = [step.builds, step.sql] if step.builds else [step.sql]
    on_one_line = f"{margin}{function}({', '.join(map(_literal, texts))})"
    if len(on_one_line) <= _LINE and "\n" not in step.sql:
        return on_one_line
    inner = margin + _INDENT
    end = "," if len(texts) > 1 else ""
    body = "".join(f"{inner}{_argument(text, inner)}{end}\n" for text in texts)
    return f"{margin}{function}(\n{body}{margin})"


def _argument(text: str, margin: str) -> str:
    """Return a text as a literal, over several lines where it is an SQL statement of several or a long one."""
    if HIDDEN.search(text) or "\\" in text or '"""' in text or ("\n" not in text and len(text) <= _SHORT):
        return _literal(text)
    return f'"""\n{indent(text, margin)}\n{margin}"""'


def _literal(value: str | None) -> str:
    """Return a value as Python source, in the quotes that a formatter would choose."""
    if value is None:
        return "None"
    shown = repr(value)
    is_double_better = value.count('"') <= value.count("'")
    if shown.startswith("'") and is_double_better:
        shown = json.dumps(value, ensure_ascii=False)
    return visible(shown)  # its spelling is Python's own


def _in_docstring(text: str) -> str:
    """Return a text as it stands in triple quotes, of either kind: a template may have taken the others."""
    escaped = visible(text).replace("\\", "\\\\")
    return escaped.replace('"""', '\\"\\"\\"').replace("'''", "\\'\\'\\'")
