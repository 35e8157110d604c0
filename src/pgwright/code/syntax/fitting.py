"""Set the arguments of an edited call again, as formatters do: on one line, indented together, or each on a line."""

from __future__ import annotations

import re
from dataclasses import dataclass

import libcst as cst

from pgwright.code.syntax.layout import arguments_of, with_arguments

_BEHIND = re.compile(r"\s*,?\s*(#.*)?")
_EMPTY = cst.Module([])


@dataclass(frozen=True)
class Surroundings:
    """Where a call stands."""

    before: str
    """What is before it on its first line, with the indentation."""
    after: str
    """What is behind it on its last line."""
    block: int
    """The indentation of its block, in characters."""
    width: int
    """Of a line."""

    @property
    def margin(self) -> str:
        """What the line has before its text, beyond the block's indentation."""
        return self.before[self.block : len(self.before) - len(self.before.lstrip())]


def fitted(call: cst.Call, line: Surroundings, indent: str) -> cst.Call:
    """Return a call in the lines that Black and ruff would give it.

    It stays as it is where its arguments were set by hand, or where the line holds more than this call.

    Args:
        indent: of one level.
    """
    layout = arguments_of(call)
    codes = [_EMPTY.code_for_node(one.with_changes(comma=cst.MaybeSentinel.DEFAULT)).strip() for one in call.args]
    is_set_by_hand = (layout.is_broken and not layout.is_indented) or any("\n" in code for code in codes)
    if not codes or is_set_by_hand or not _BEHIND.fullmatch(line.after) or _opens(line.before):
        return call
    arguments = ", ".join(codes)
    flat = f"{line.before}{_EMPTY.code_for_node(call.func)}({arguments}){line.after.rstrip()}"
    if len(flat) <= line.width:
        return with_arguments(call, layout.on_one_line()) if layout.is_broken else call
    inside = line.block + len(line.margin) + len(indent)
    if inside + len(arguments) <= line.width:
        return call if layout.is_broken else with_arguments(call, layout.indented(line.margin, indent))
    return with_arguments(call, layout.broken(indent, line.margin))


def _opens(text: str) -> bool:
    """Whether a bracket of a text stays open."""
    return sum(text.count(one) for one in "([{") > sum(text.count(one) for one in ")]}")
