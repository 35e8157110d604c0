"""Which line of a revision sends a statement, and by which operation."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from types import FrameType

import alembic
import sqlalchemy

_ALEMBIC = os.path.dirname(alembic.__file__)
_SQLALCHEMY = os.path.dirname(sqlalchemy.__file__)
# Alembic makes the functions of `alembic.op` from text.
_MADE = "<string>"
AUTOCOMMIT_BLOCK = "op.get_context().autocommit_block"
_ON_BIND = {"execute", "scalar", "scalars", "commit", "rollback"}
_PASSED_OVER = {"invoke", "dispatch", "__exit__", "<module>", "wrap"}


@dataclass(frozen=True)
class Call:
    """A place in a revision that is at work."""

    line: int
    function: str
    """`upgrade`, `downgrade`, or a function that they call."""
    operation: str
    """`op.create_index`; "" where it is unknown."""


def call_of(path: str) -> Call | None:
    """Return what a revision file is calling; None: none of its code is running."""
    frame: FrameType | None = sys._getframe(1)
    operation = ""
    while frame is not None:
        code = frame.f_code
        if code.co_filename == path:
            return Call(frame.f_lineno, code.co_name, operation)
        operation = _operation(code.co_filename, code.co_name) or operation
        frame = frame.f_back
    return None


def _operation(file: str, function: str) -> str:
    """Return how a revision calls a function of Alembic or SQLAlchemy; "" where it is none that it may call."""
    if function in _PASSED_OVER or function.startswith("_"):
        return ""
    if function == "autocommit_block" and file.startswith(_ALEMBIC):
        return AUTOCOMMIT_BLOCK
    if file == _MADE or file.startswith(os.path.join(_ALEMBIC, "operations")):
        return f"op.{function}"
    return "op.get_bind" if file.startswith(_SQLALCHEMY) and function in _ON_BIND else ""
