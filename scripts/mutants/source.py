"""A source file by bytes, as the syntax tree counts columns."""

from __future__ import annotations

import ast
from itertools import accumulate


class Source:
    """The bytes of a file, with the place of each node in them."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.tree = ast.parse(data)
        self._starts = [0, *accumulate(len(line) for line in data.splitlines(keepends=True))]

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """Return the first byte of a node and the one after its last."""
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        first = self._starts[node.lineno - 1] + node.col_offset
        return first, self._starts[node.end_lineno - 1] + node.end_col_offset

    def text(self, node: ast.expr, *, brackets: bool = False) -> str:
        """Return the text of a node; in brackets, which the tree leaves out, when asked."""
        text = self.data[slice(*self.span(node))].decode()
        return f"({text})" if brackets else text

    def changed(self, first: int, last: int, text: str) -> bytes:
        """Return the file with the bytes from `first` to before `last` replaced."""
        return self.data[:first] + text.encode() + self.data[last:]

    def lines(self, first: int, last: int, data: bytes | None = None) -> str:
        """Return the whole lines around some bytes, without indentation, as one line."""
        data = self.data if data is None else data
        start = data.rfind(b"\n", 0, first) + 1
        end = data.find(b"\n", last)
        return " ".join(data[start : end if end >= 0 else None].decode().split())
