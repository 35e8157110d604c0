"""Places in a file: a node of Python's own syntax tree, found again in the concrete one."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from libcst.metadata import CodeRange

Place = tuple[int, int, int, int]
"""First line, its column, last line, its column; lines from 1, columns from 0 in characters."""


def place_of(node: ast.expr | ast.stmt, lines: Sequence[str]) -> Place:
    """Return where a node stands; Python counts columns in bytes of UTF-8."""
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    return (
        node.lineno,
        _characters(lines[node.lineno - 1], node.col_offset),
        node.end_lineno,
        _characters(lines[node.end_lineno - 1], node.end_col_offset),
    )


def place_of_range(found: CodeRange) -> Place:
    """Return where a node of the concrete tree stands."""
    return found.start.line, found.start.column, found.end.line, found.end.column


def _characters(line: str, count: int) -> int:
    return count if line.isascii() else len(line.encode()[:count].decode())
