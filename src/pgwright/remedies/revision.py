"""Write the plan as one Alembic revision, which runs without pgwright."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from itertools import groupby
from textwrap import indent

from pgwright.model.remedy import Plan, Step
from pgwright.remedies import carried
from pgwright.remedies.preface import preface

# So much fits whatever line length the app's formatter has.
_LINE = 88
_INDENT = " " * 4

_IMPORTS = """\
import random
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from textwrap import dedent

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError
"""


def render_revision(
    plan: Plan, *, revision: str, down_revision: str | None, message: str, database: str, taken_at: str
) -> str:
    """Return the text of the revision file.

    Args:
        revision: its id.
        down_revision: the id of the revision it follows; None for the first.
        message: what it does, in one line; it opens the docstring.
        database: the name of the database that the plan is for.
        taken_at: when the snapshot was taken, ISO 8601.
    """
    identity = f"Revision ID: {revision}\nRevises: {down_revision or ''}"
    text = "\n".join([preface(plan, message=message, database=database, taken_at=taken_at), "", identity, ""])
    upgrade = [(remedy.title, remedy.upgrade) for remedy in plan.remedies]
    downgrade = [(remedy.title, remedy.downgrade) for remedy in reversed(plan.remedies) if remedy.downgrade]
    parts = [
        f'"""{_in_docstring(text)}"""\n\n{_IMPORTS}',
        f"revision = {_literal(revision)}\ndown_revision = {_literal(down_revision)}\n"
        "branch_labels = None\ndepends_on = None\n\n" + _constants(),
        _function("upgrade", upgrade),
        _function("downgrade", downgrade),
        *(inspect.getsource(function) for function in _carried(plan)),
    ]
    return "\n".join(parts[:2]) + "".join(f"\n\n{part}" for part in parts[2:])


def _carried(plan: Plan) -> list[Callable[..., object]]:
    """Return the functions that the revision needs."""
    steps = [step for remedy in plan.remedies for step in (*remedy.upgrade, *remedy.downgrade)]
    always: list[Callable[..., object]] = [
        inspect.unwrap(carried._patient_session), carried._execute, carried._run, carried._oldest_transactions
    ]  # fmt: skip
    return always + ([carried._create_index, carried._drop_invalid] if any(step.builds for step in steps) else [])


def _constants() -> str:
    """Return the settings at the head of `carried`, with their comments."""
    source = inspect.getsource(carried)
    return source[source.index("# Whoever waits") : source.index("@contextmanager")].strip() + "\n"


def _function(name: str, remedies: list[tuple[str, tuple[Step, ...]]]) -> str:
    lines = [f"def {name}() -> None:"]
    if not remedies:
        return "\n".join([*lines, f"{_INDENT}pass", ""])
    lines.append(f"{_INDENT}with _patient_session():")
    steps = [(title, step) for title, of_remedy in remedies for step in of_remedy]
    for is_transactional, group in groupby(steps, key=lambda each: each[1].is_transactional):
        depth = 2 if is_transactional else 3
        if not is_transactional:
            lines.append(f"{_INDENT * 2}with op.get_context().autocommit_block():")
        for title, of_title in groupby(group, key=lambda each: each[0]):
            lines.append(f"{_INDENT * depth}# {_on_one_line(title)}")
            lines += [_call(step, depth) for _, step in of_title]
    return "\n".join([*lines, ""])


def _call(step: Step, depth: int) -> str:
    """Return the Python call that runs the step, indented."""
    if step.builds:
        return _format("_create_index", [step.builds, step.sql], [], depth)
    return _format("_run", [step.sql], ["wait=LONG_WAIT", "tries=1"] if step.waits_long else [], depth)


def _format(function: str, texts: list[str], options: list[str], depth: int) -> str:
    margin = _INDENT * depth
    on_one_line = f"{margin}{function}({', '.join([*map(_literal, texts), *options])})"
    if len(on_one_line) <= _LINE and not any("\n" in text for text in texts):
        return on_one_line
    arguments = [*(_argument(text, depth + 1) for text in texts), *options]
    is_alone = len(arguments) == 1
    inner = margin + _INDENT
    body = "".join(f"{inner}{argument}{'' if is_alone else ','}\n" for argument in arguments)
    return f"{margin}{function}(\n{body}{margin})"


def _argument(text: str, depth: int) -> str:
    """Return a text as a literal, over several lines where it has several or is long."""
    is_plain = all(character.isprintable() or character == "\n" for character in text)
    if not is_plain or "\\" in text or '"""' in text or ("\n" not in text and len(text) <= 60):
        return _literal(text)
    return '"""\n' + indent(text, _INDENT * depth) + "\n" + _INDENT * depth + '"""'


def _literal(value: str | None) -> str:
    """Return a value as Python source, in the quotes that a formatter would choose."""
    if value is None:
        return "None"
    shown = repr(value)
    is_double_better = value.count('"') <= value.count("'")
    return json.dumps(value, ensure_ascii=False) if shown.startswith("'") and is_double_better else shown


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


def _in_docstring(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
