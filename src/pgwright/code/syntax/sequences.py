"""Add and remove what stands between brackets: arguments of calls, elements of `__table_args__`."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from pgwright.code.call_text import CallText
from pgwright.code.style import Style
from pgwright.code.syntax.layout import (
    arguments_of,
    elements_of,
    with_arguments,
    with_elements,
)


def with_argument(call: cst.Call, argument: CallText, place: int, room: int, style: Style) -> cst.Call:
    """Return a call with a positional argument more, behind so many.

    Args:
        room: how many characters the line of the call may take more.
        style: of its block: its width is without the block's indentation.
    """
    layout = arguments_of(call)
    breaks = not layout.is_broken and len(str(argument)) + 2 > room
    code = _fitted(argument, style.indent if breaks else layout.margin, room, style)
    layout = layout.with_element(cst.Arg(cst.parse_expression(code)), place)
    return with_arguments(call, layout.broken(style.indent) if breaks else layout)


def without_argument(call: cst.Call, place: int) -> cst.Call:
    """Return a call without one of its arguments."""
    return with_arguments(call, arguments_of(call).without(place))


def with_argument_set(call: cst.Call, place: int, code: str) -> cst.Call:
    """Return a call whose argument of that place has another value."""
    arguments = list(call.args)
    arguments[place] = arguments[place].with_changes(value=cst.parse_expression(code))
    return call.with_changes(args=arguments)


def with_keyword(call: cst.Call, name: str, code: str | None) -> cst.Call:
    """Return a call with a keyword argument of that value; without it where the value is None."""
    layout = arguments_of(call)
    found = next(
        (number for number, one in enumerate(call.args) if one.keyword is not None and one.keyword.value == name), None
    )
    if code is None:
        return call if found is None else with_arguments(call, layout.without(found))
    if found is not None:
        return with_argument_set(call, found, code)
    bare = cst.AssignEqual(whitespace_before=cst.SimpleWhitespace(""), whitespace_after=cst.SimpleWhitespace(""))
    argument = cst.Arg(cst.parse_expression(code), keyword=cst.Name(name), equal=bare)
    # Behind what is unpacked by `**` it would be as right, and read worse.
    place = next((number for number, one in enumerate(call.args) if one.star == "**"), len(call.args))
    return with_arguments(call, layout.with_element(argument, place))


def _fitted(call: CallText, margin: str | None, room: int, style: Style) -> str:
    if margin is None:
        return call.fitted("", room, style.indent)
    return call.fitted(margin, style.width - len(margin) - 1, style.indent)


def with_table_argument(value: cst.BaseExpression, element: CallText, room: int, style: Style) -> cst.BaseExpression:
    """Return the value of a `__table_args__` with an element more, before the dictionary that ends it.

    Args:
        room, style: as of `with_argument`.
    """
    if not isinstance(value, cst.Tuple | cst.List):
        # A lone dictionary, or a lone constraint in parentheses that somebody took for a tuple.
        value = cst.Tuple([cst.Element(value, comma=cst.Comma())])
    layout = elements_of(value)
    if not layout.elements:
        layout = layout.emptied(style.indent)
    is_short = "\n" not in cst.Module([]).code_for_node(value) and len(str(element)) + 2 <= room
    breaks = not layout.is_broken and not is_short
    place = len(layout.elements)
    while place and (is_options(layout.elements[place - 1].value) or _is_unpacked(layout.elements[place - 1])):
        place -= 1
    code = _fitted(element, style.indent if breaks else layout.margin, room, style)
    layout = layout.with_element(cst.Element(cst.parse_expression(code)), place)
    return with_elements(value, layout.broken(style.indent) if breaks else layout)


def new_table_arguments(elements: Sequence[CallText], style: Style) -> str:
    """Return a statement that gives `__table_args__`."""
    on_one_line = f"__table_args__ = ({elements[0]},)"
    if len(elements) == 1 and len(on_one_line) <= style.width:
        return on_one_line
    lines = "".join(f"{style.indent}{_fitted(one, style.indent, 0, style)},\n" for one in elements)
    return f"__table_args__ = (\n{lines})"


def _is_unpacked(element: cst.BaseElement) -> bool:
    """Whether others are unpacked there: the dictionary of options may be their last."""
    return isinstance(element, cst.StarredElement)


def is_options(value: cst.BaseExpression) -> bool:
    """Whether it is the dictionary of a table's options."""
    is_call = isinstance(value, cst.Call) and isinstance(value.func, cst.Name) and value.func.value == "dict"
    return isinstance(value, cst.Dict) or is_call


def without_table_argument(value: cst.Tuple | cst.List, place: int) -> cst.Tuple | cst.List:
    """Return the value of a `__table_args__` without an element."""
    return with_elements(value, elements_of(value).without(place))
