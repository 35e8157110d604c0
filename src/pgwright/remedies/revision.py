"""Write a fix as one Alembic revision, which runs without pgwright."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from itertools import groupby
from textwrap import indent, wrap

from pgwright.model.fix import Fix
from pgwright.model.remedy import BackfillCall, Step
from pgwright.model.revision_text import RevisionText
from pgwright.remedies.carried import carried, imported
from pgwright.remedies.preface import preface
from pgwright.visible import HIDDEN, on_one_line, visible

# So much fits whatever line length the app's formatter has.
_LINE = 88
_LONG = '"""'

# Beyond it, the file asks the linter to pass over long lines: names can be as long as they are.
_WIDEST = 120
_INDENT = " " * 4

# CREATE INDEX CONCURRENTLY runs in no transaction.
_OUTSIDE = "op.get_context().autocommit_block()"


def render_revision(
    fix: Fix,
    *,
    revision: str,
    down_revision: str | None,
    message: str,
    database: str,
    taken_at: str,
    has_runtime: bool = False,
    with_models: bool = True,
) -> str:
    """Return the text of the revision file.

    Args:
        revision: its id.
        down_revision: the id of the revision it follows; None for the first.
        message: what it does, in one line; it opens the docstring.
        database: the name of the database that the fix is for.
        taken_at: when the snapshot was taken, ISO 8601.
        has_runtime: where it will run, `pgwright_runtime` can be imported; else it carries the functions that it calls.
        with_models: say what to change in the models.
    """
    text = revision_text(
        fix, message=message, database=database, taken_at=taken_at, has_runtime=has_runtime, with_models=with_models
    )
    return assembled(text, revision, down_revision)


def revision_text(
    fix: Fix, *, message: str, database: str, taken_at: str, has_runtime: bool = False, with_models: bool = True
) -> RevisionText:
    """Return the parts of the revision, for a template to put together; arguments as of `render_revision`."""
    upgrade = [(remedy.title, remedy.upgrade) for remedy in fix.remedies]
    downgrade = [(remedy.title, remedy.downgrade) for remedy in reversed(fix.remedies) if remedy.downgrade]
    opening = preface(fix, message=message, database=database, taken_at=taken_at, with_models=with_models)
    steps = [step for _, of_remedy in (*upgrade, *downgrade) for step in of_remedy]
    imports, rest = _functions(steps, has_runtime=has_runtime)
    return RevisionText(
        docstring=in_docstring(opening),
        imports=imports,
        upgrade=_statements(upgrade),
        downgrade=_statements(downgrade),
        rest=rest,
    )


def _functions(steps: Collection[Step], *, has_runtime: bool) -> tuple[str, str]:
    """Return the imports of a revision, and the functions that it carries."""
    names = {"patient_session", *map(_function, steps)} if steps else set()
    uses_operations = any(step.backfill is not None for step in steps)
    names -= {""}
    if has_runtime or uses_operations:  # which only the runtime has
        uses_op = any(not step.is_transactional for step in steps)
        return imported(names, uses_op=uses_op, uses_backfills=uses_operations), ""
    return carried(names)


def assembled(text: RevisionText, revision: str, down_revision: str | None) -> str:
    """Return a revision file in our own form, for an app without a template of its own."""
    identity = in_docstring(f"Revision ID: {revision}\nRevises: {down_revision or ''}".rstrip())
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
    head = "\n\n".join(part for part in (docstring, text.imports, variables) if part)
    return with_width("\n\n\n".join(part for part in (head, functions, text.rest) if part) + "\n")


def with_width(text: str) -> str:
    """Return a file that asks the linter to pass over long lines where it has some."""
    is_wide = any(len(line) > _WIDEST for line in text.splitlines())
    return f"# ruff: noqa: E501\n{text}" if is_wide else text


def _statements(remedies: list[tuple[str, tuple[Step, ...]]]) -> str:
    lines: list[str] = []
    if not remedies:
        return f"{_INDENT}pass"
    # One statement says itself what it does.
    steps = [(title if len(of_remedy) > 1 else "", step) for title, of_remedy in remedies for step in of_remedy]
    is_all_outside = not any(step.is_transactional for _, step in steps)
    lines.append(f"{_INDENT}with patient_session(){f', {_OUTSIDE}' if is_all_outside else ''}:")
    told = ""
    for is_transactional, group in groupby(steps, key=lambda each: each[1].is_transactional):
        margin = _INDENT * (2 if is_transactional or is_all_outside else 3)
        if not is_transactional and not is_all_outside:
            lines.append(f"{_INDENT * 2}with {_OUTSIDE}:")
        for title, step in group:
            lines += _comment(title, margin) if title and title != told else []
            lines.append(_call(step, margin))
            told = title
    return "\n".join(lines)


def _comment(title: str, margin: str) -> list[str]:
    head = f"{margin}# "
    text = on_one_line(title)
    return wrap(text, _LINE, initial_indent=head, subsequent_indent=head, break_long_words=False)


def _function(step: Step) -> str:
    if step.backfill is not None:
        return ""
    return "create_index" if step.builds else "run_long" if step.waits_long else "run"


def _call(step: Step, margin: str) -> str:
    """Return the Python call that runs the step."""
    if step.backfill is not None:
        return _backfill_call(step.backfill, margin)
    function = _function(step)
    texts = [step.builds, step.sql] if step.builds else [step.sql]
    patience = [f"wait={_literal(step.wait)}"] if step.wait else []
    patience += [f"tries={step.tries}"] if step.tries else []
    on_one_line = f"{margin}{function}({', '.join([*map(_literal, texts), *patience])})"
    if len(on_one_line) <= _LINE and "\n" not in step.sql:
        return on_one_line
    inner = margin + _INDENT
    arguments = [*(_argument(text, inner) for text in texts), *patience]
    # The comma keeps a formatter with longer lines from joining them; a text of several lines it does not join.
    end = "," if len(arguments) > 1 or not arguments[0].startswith(_LONG) else ""
    body = "".join(f"{inner}{argument}{end}\n" for argument in arguments)
    return f"{margin}{function}(\n{body}{margin})"


def _backfill_call(call: BackfillCall, margin: str) -> str:
    """Return the call of an operation, over several lines where it is long."""
    parts = [_literal(call.backfill)]
    parts += [f"table={_literal(call.table)}"] if call.table else []
    parts += [f"schema={_literal(call.schema)}"] if call.schema else []
    parts += [f"sets={_dictionary(call.sets, margin + _INDENT)}"] if call.sets else []
    parts += [f"where={_literal(call.where)}"] if call.where else []
    on_one_line = f"{margin}op.{call.operation}({', '.join(parts)})"
    if len(on_one_line) <= _LINE and "\n" not in on_one_line:
        return on_one_line
    body = "".join(f"{margin}{_INDENT}{part},\n" for part in parts)
    return f"{margin}op.{call.operation}(\n{body}{margin})"


def _dictionary(pairs: Sequence[tuple[str, str]], margin: str) -> str:
    """Return texts by their keys as Python source."""
    items = [f"{_literal(key)}: {_literal(value)}" for key, value in pairs]
    if len(items) == 1:
        return f"{{{items[0]}}}"
    body = "".join(f"{margin}{_INDENT}{item},\n" for item in items)
    return f"{{\n{body}{margin}}}"


def _argument(text: str, margin: str) -> str:
    """Return a text as a literal, over several lines where it is an SQL statement of several or a long one."""
    fits = "\n" not in text and len(margin) + len(_literal(text)) < _LINE
    if fits or HIDDEN.search(text) or "\\" in text or _LONG in text:
        return _literal(text)
    return f"{_LONG}\n{indent(text, margin)}\n{margin}{_LONG}"


def _literal(value: str | None) -> str:
    """Return a value as Python source, in the quotes that a formatter would choose."""
    if value is None:
        return "None"
    shown = repr(value)
    is_double_better = value.count('"') <= value.count("'")
    if shown.startswith("'") and is_double_better:
        shown = json.dumps(value, ensure_ascii=False)
    return visible(shown)  # its spelling is Python's own


def in_docstring(text: str) -> str:
    """Return a text as it stands in triple quotes, of either kind: a template may have taken the others."""
    escaped = visible(text).replace("\\", "\\\\")
    return escaped.replace('"""', '\\"\\"\\"').replace("'''", "\\'\\'\\'")
