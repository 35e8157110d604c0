"""Take statements out of a block; the comments and empty lines above them stay."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

Lines = tuple[cst.EmptyLine, ...]


def without_statements(
    block: cst.Module | cst.IndentedBlock, gone: Sequence[cst.BaseStatement]
) -> cst.Module | cst.IndentedBlock:
    """Return a block without some of its statements."""
    if not any(one is each for one in block.body for each in gone):
        return block
    body: list[cst.BaseStatement] = []
    above: Lines = ()
    for statement in block.body:
        lines: Lines = tuple(getattr(statement, "leading_lines", ()))
        if any(statement is one for one in gone):
            above = _together(above, lines)
            continue
        if above:
            statement = statement.with_changes(leading_lines=_together(above, lines))
        above = ()
        body.append(statement)
    kept = above if any(line.comment for line in above) else ()
    return block.with_changes(body=body, footer=(*kept, *block.footer))


def _together(above: Lines, below: Lines) -> Lines:
    """Return the lines above a statement and those above the next one, where that stands alone."""
    if any(line.comment for line in above):
        return (*above, *below)
    empty = next((number for number, line in enumerate(below) if line.comment), len(below))
    return (*max(above, below[:empty], key=len), *below[empty:])
