"""Elements between brackets with what stands between them: how to put one in, or take one out, as the others stand.

Elements of a call, a tuple and a list are laid out alike: a gap after the opening bracket, one after each element with
its comma. A comment at the end of a line belongs to the element before it, one on a line of its own to the one after.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import libcst as cst

Node = TypeVar("Node", bound=cst.CSTNode)
Gap = cst.BaseParenthesizableWhitespace

_NOTHING, _SPACE = cst.SimpleWhitespace(""), cst.SimpleWhitespace(" ")


@dataclass(frozen=True)
class Layout(Generic[Node]):
    """Elements in brackets, and the gaps: one more than elements, the first after the opening bracket."""

    elements: tuple[Node, ...]
    gaps: tuple[Gap, ...]
    ends_in_comma: bool

    @property
    def is_broken(self) -> bool:
        """Whether the elements stand on several lines."""
        return any(isinstance(gap, cst.ParenthesizedWhitespace) for gap in self.gaps)

    @property
    def is_indented(self) -> bool:
        """Whether all elements stand on one line of their own."""
        ends, inner = (self.gaps[0], self.gaps[-1]), self.gaps[1:-1]
        is_open = all(isinstance(gap, cst.ParenthesizedWhitespace) and not _has_comment(gap) for gap in ends)
        is_together = not any(isinstance(gap, cst.ParenthesizedWhitespace) for gap in inner)
        return len(self.gaps) > 1 and is_open and is_together and not self.ends_in_comma

    @property
    def margin(self) -> str | None:
        """What stands before an element on a line of its own, beyond the block's indentation; None: on one line."""
        return next(
            (gap.last_line.value for gap in self.gaps[:-1] if isinstance(gap, cst.ParenthesizedWhitespace)), None
        )

    def with_element(self, element: Node, place: int) -> Layout[Node]:
        """Return it with one element more, as the one of this number, counted from 0."""
        if not self.elements:
            return replace(
                self, elements=(element,), gaps=(self.gaps[0], _NOTHING) if len(self.gaps) == 1 else self.gaps
            )
        elements = (*self.elements[:place], element, *self.elements[place:])
        if self.is_indented:
            behind = max(place, 1)
            return replace(self, elements=elements, gaps=(*self.gaps[:behind], _SPACE, *self.gaps[behind:]))
        if place == 0:
            return replace(self, elements=elements, gaps=(self.gaps[0], self._between(), *self.gaps[1:]))
        before, after = _split(self.gaps[place], self.margin, self._between())
        return replace(self, elements=elements, gaps=(*self.gaps[:place], before, after, *self.gaps[place + 1 :]))

    def without(self, place: int) -> Layout[Node]:
        """Return it without an element, and without the comment that ends its line."""
        elements = (*self.elements[:place], *self.elements[place + 1 :])
        joined = _joined(self.gaps[place], self.gaps[place + 1], is_last=place == len(elements))
        return replace(self, elements=elements, gaps=(*self.gaps[:place], joined, *self.gaps[place + 2 :]))

    def broken(self, indent: str, margin: str = "") -> Layout[Node]:
        """Return it with an element a line.

        Args:
            margin: what stands before the line of the opening bracket, beyond the block's indentation.
        """
        line = _line(margin + indent)
        return Layout(self.elements, (*(line for _ in self.elements), _line(margin)), ends_in_comma=True)

    def emptied(self, indent: str) -> Layout[Node]:
        """Return it, whose elements went, to be filled: of what stood around them only comments stay."""
        opening = self.gaps[0]
        if not isinstance(opening, cst.ParenthesizedWhitespace) or not _has_comment(opening):
            return Layout((), (_NOTHING, _NOTHING), ends_in_comma=False)
        opening = opening.with_changes(last_line=cst.SimpleWhitespace(indent), indent=True)
        return Layout((), (opening, _line("")), ends_in_comma=True)

    def on_one_line(self) -> Layout[Node]:
        """Return it on the line of its opening bracket."""
        spaces = (_SPACE for _ in self.elements[1:])
        return Layout(self.elements, (_NOTHING, *spaces, _NOTHING), ends_in_comma=False)

    def indented(self, margin: str, indent: str) -> Layout[Node]:
        """Return it with all elements on one line of their own."""
        spaces = (_SPACE for _ in self.elements[1:])
        return Layout(self.elements, (_line(margin + indent), *spaces, _line(margin)), ends_in_comma=False)

    def _between(self) -> Gap:
        """Return the gap between two elements."""
        first = self.gaps[0]
        if isinstance(first, cst.ParenthesizedWhitespace):
            return _line(first.last_line.value, is_indented=first.indent)
        inner = [gap for gap in self.gaps[1:-1] if isinstance(gap, cst.ParenthesizedWhitespace)]
        return _line(inner[0].last_line.value, is_indented=inner[0].indent) if inner else _SPACE


def _line(margin: str, *, is_indented: bool = True) -> cst.ParenthesizedWhitespace:
    return cst.ParenthesizedWhitespace(indent=is_indented, last_line=cst.SimpleWhitespace(margin))


def _has_comment(gap: cst.ParenthesizedWhitespace) -> bool:
    return gap.first_line.comment is not None or any(line.comment is not None for line in gap.empty_lines)


def _split(gap: Gap, indent: str | None, between: Gap) -> tuple[Gap, Gap]:
    """Return the gaps before and after an element that is put into a gap."""
    if not isinstance(gap, cst.ParenthesizedWhitespace):
        if isinstance(between, cst.ParenthesizedWhitespace) or gap.empty:
            return between, gap
        return gap, gap
    own_line = gap.with_changes(
        empty_lines=(), last_line=cst.SimpleWhitespace(gap.last_line.value if indent is None else indent)
    )
    if isinstance(between, cst.ParenthesizedWhitespace):
        own_line = own_line.with_changes(indent=between.indent)
    return own_line, gap.with_changes(first_line=cst.TrailingWhitespace())


def _joined(before: Gap, after: Gap, *, is_last: bool) -> Gap:
    if isinstance(before, cst.ParenthesizedWhitespace) and isinstance(after, cst.ParenthesizedWhitespace):
        return before.with_changes(
            empty_lines=(*before.empty_lines, *after.empty_lines), last_line=after.last_line, indent=after.indent
        )
    if isinstance(after, cst.ParenthesizedWhitespace) or is_last:
        return after if not isinstance(before, cst.ParenthesizedWhitespace) else before
    return before


def _comma(gap: Gap) -> cst.Comma:
    return cst.Comma(whitespace_after=gap)


def arguments_of(call: cst.Call) -> Layout[cst.Arg]:
    """Return how the arguments of a call are laid out."""
    gaps: list[Gap] = [call.whitespace_before_args]
    for one in call.args:
        gaps.append(one.comma.whitespace_after if isinstance(one.comma, cst.Comma) else one.whitespace_after_arg)
    ends = bool(call.args) and isinstance(call.args[-1].comma, cst.Comma)
    return Layout(tuple(call.args), tuple(gaps), ends)


def with_arguments(call: cst.Call, layout: Layout[cst.Arg]) -> cst.Call:
    """Return a call with other arguments."""
    last = len(layout.elements) - 1
    arguments = []
    for number, (one, gap) in enumerate(zip(layout.elements, layout.gaps[1:], strict=False)):
        if number < last or layout.ends_in_comma:
            kept = one.whitespace_after_arg if isinstance(one.comma, cst.Comma) else _NOTHING
            arguments.append(one.with_changes(comma=_comma(gap), whitespace_after_arg=kept))
        else:
            arguments.append(one.with_changes(comma=cst.MaybeSentinel.DEFAULT, whitespace_after_arg=gap))
    return call.with_changes(args=arguments, whitespace_before_args=layout.gaps[0] if layout.gaps else _NOTHING)


def elements_of(node: cst.Tuple | cst.List) -> Layout[cst.BaseElement]:
    """Return how the elements of a tuple or a list are laid out."""
    gaps: list[Gap] = [_opening(node)]
    for one in node.elements:
        gaps.append(one.comma.whitespace_after if isinstance(one.comma, cst.Comma) else _NOTHING)
    ends = bool(node.elements) and isinstance(node.elements[-1].comma, cst.Comma)
    if node.elements and not _closing(node).empty:
        gaps[-1] = _closing(node)
    return Layout(tuple(node.elements), tuple(gaps), ends)


def with_elements(node: cst.Tuple | cst.List, layout: Layout[cst.BaseElement]) -> cst.Tuple | cst.List:
    """Return a tuple or a list with other elements."""
    last = len(layout.elements) - 1
    needs_comma = layout.ends_in_comma or (isinstance(node, cst.Tuple) and last == 0)
    elements = [one.with_changes(comma=_comma(gap)) for one, gap in zip(layout.elements, layout.gaps[1:], strict=True)]
    closing = layout.gaps[-1]
    if elements:
        elements[-1] = elements[-1].with_changes(comma=_comma(_NOTHING) if needs_comma else cst.MaybeSentinel.DEFAULT)
    if isinstance(node, cst.List):
        return node.with_changes(
            elements=elements,
            lbracket=node.lbracket.with_changes(whitespace_after=layout.gaps[0]),
            rbracket=node.rbracket.with_changes(whitespace_before=closing),
        )
    left = node.lpar or [cst.LeftParen()]
    right = node.rpar or [cst.RightParen()]
    return node.with_changes(
        elements=elements,
        lpar=[*left[:-1], left[-1].with_changes(whitespace_after=layout.gaps[0])],
        rpar=[right[0].with_changes(whitespace_before=closing), *right[1:]],
    )


def _opening(node: cst.Tuple | cst.List) -> Gap:
    if isinstance(node, cst.List):
        return node.lbracket.whitespace_after
    return node.lpar[-1].whitespace_after if node.lpar else _NOTHING


def _closing(node: cst.Tuple | cst.List) -> Gap:
    if isinstance(node, cst.List):
        return node.rbracket.whitespace_before
    return node.rpar[0].whitespace_before if node.rpar else _NOTHING
