"""Make edits in a file: its concrete syntax tree is opened, changed at some places, and written again."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import cast

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from pgwright.code.call_text import CallText
from pgwright.code.edits import (
    AddAfter,
    AddArgument,
    AddArguments,
    AddElement,
    AddImport,
    Edit,
    RemoveArgument,
    RemoveElement,
    RemoveStatement,
    SetAnnotation,
    SetArgument,
    SetKeyword,
    SetValue,
)
from pgwright.code.style import Style
from pgwright.code.syntax.blocks import without_statements
from pgwright.code.syntax.fitting import Surroundings, fitted
from pgwright.code.syntax.imports import with_imports
from pgwright.code.syntax.places import Place, place_of, place_of_range
from pgwright.code.syntax.sequences import (
    new_table_arguments,
    with_argument,
    with_argument_set,
    with_keyword,
    with_table_argument,
    without_argument,
    without_table_argument,
)

# Calls that say no more than the annotation, if they are given nothing.
_SAYS_NOTHING = ("mapped_column", "Field")
_KEYWORD = re.compile(r"\w+=")
_LINE_END = re.compile(r"\r\n|\r|\n")
_OfCall = AddArgument | RemoveArgument | SetArgument | SetKeyword
_OfStatement = AddElement | RemoveStatement | AddAfter | SetValue | SetAnnotation


def edited(text: str, edits: Sequence[Edit], width: int) -> str:
    """Return the text of a file with edits made, byte for byte the same outside of them.

    Args:
        edits: of nodes of `ast.parse(text)`.
        width: of a line, in characters; lines of other hands may be longer.
    """
    wrapper = MetadataWrapper(cst.parse_module(text), unsafe_skip_copy=True)
    style = Style(width, wrapper.module.default_indent)
    module = wrapper.visit(_Editor(edits, _LINE_END.split(text), style))
    return with_imports(module, [one for one in edits if isinstance(one, AddImport)], style).code


class _Editor(cst.CSTTransformer):
    """Makes the edits at the places of their nodes."""

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, edits: Iterable[Edit], lines: Sequence[str], style: Style) -> None:
        super().__init__()
        self._lines, self._style = lines, style
        self._of_calls: dict[Place, list[_OfCall]] = {}
        self._of_statements: dict[Place, list[_OfStatement]] = {}
        self._of_classes: dict[tuple[int, str], list[AddArguments]] = {}
        self._removed: set[Place] = set()
        # How often a function is still called.
        self._calls_left: dict[str, int] = {}
        # The indentation of the block that is being visited, in characters.
        self._block = 0
        # Statements that go when their block is left, for what stands above them may belong to the next one.
        self._emptied: list[cst.SimpleStatementLine] = []
        # The arguments that are gone already, by their call.
        self._gone: dict[int, list[Place]] = {}
        for one in edits:
            if isinstance(one, _OfCall):
                self._of_calls.setdefault(place_of(one.call, lines), []).append(one)
            elif isinstance(one, RemoveElement):
                self._removed.add(place_of(one.element, lines))
            elif isinstance(one, AddArguments):
                self._of_classes.setdefault((one.owner.lineno, one.owner.name), []).append(one)
            elif isinstance(one, _OfStatement):
                self._of_statements.setdefault(self._begin(one.statement), []).append(one)

    def _begin(self, statement: ast.stmt) -> Place:
        """Return the place of a statement; of a class or function its first line, for decorators count differently."""
        if isinstance(statement, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            return statement.lineno, -1, -1, -1
        return place_of(statement, self._lines)

    def _place(self, node: cst.CSTNode) -> Place:
        return place_of_range(self.get_metadata(PositionProvider, node))

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        place = self._place(original_node)
        first = _LINE_END.split(cst.Module([]).code_for_node(original_node))[0]
        column = place[1]
        for edit in self._of_calls.get(place, ()):
            if isinstance(edit, AddArgument):
                room = self._style.width - column - len(first)
                updated_node = with_argument(updated_node, edit.argument, edit.place, room, self._inside(place[0]))
            elif isinstance(edit, RemoveArgument):
                gone = place_of(edit.argument, self._lines)
                number = next(n for n, one in enumerate(original_node.args) if self._place(one.value) == gone)
                updated_node = without_argument(updated_node, number - self._count_gone(original_node, gone))
            elif isinstance(edit, SetArgument):
                updated_node = with_argument_set(updated_node, edit.place, edit.code)
            else:
                updated_node = with_keyword(updated_node, edit.name, edit.code)
        is_edited = place in self._of_calls and self._fits(place)
        return fitted(updated_node, self._line(place), self._style.indent) if is_edited else updated_node

    def visit_SimpleStatementLine(self, node: cst.SimpleStatementLine) -> None:
        self._block = self._place(node.body[0])[1]

    def _line(self, place: Place) -> Surroundings:
        before, after = self._lines[place[0] - 1][: place[1]], self._lines[place[2] - 1][place[3] :]
        return Surroundings(before, after, min(self._block, place[1]), self._style.width)

    def _fits(self, place: Place) -> bool:
        """Whether lines are no longer than they are said to be: else another hand, or none, set them."""
        return all(len(self._lines[number]) <= self._style.width for number in range(place[0] - 1, place[2]))

    def _inside(self, line: int) -> Style:
        """Return the style of the block that a line stands in: what is left of the width."""
        text = self._lines[line - 1]
        return replace(self._style, width=self._style.width - (len(text) - len(text.lstrip())))

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.BaseStatement | cst.FlattenSentinel[cst.BaseStatement] | cst.RemovalSentinel:
        body: list[cst.BaseSmallStatement] = []
        behind: list[cst.BaseStatement] = []
        for original, updated in zip(original_node.body, updated_node.body, strict=True):
            place = self._place(original)
            new: cst.BaseSmallStatement | None = updated
            edits = self._of_statements.get(place, ())
            if values := [edit.call for edit in edits if isinstance(edit, SetValue)]:
                new = updated.with_changes(value=cst.parse_expression(str(_together(values))), equal=cst.AssignEqual())
            for edit in edits:
                if isinstance(edit, AddAfter):
                    behind.append(_new_statement(edit, self._inside(place[0]), is_first=not behind))
                elif new is not None and not isinstance(edit, SetValue):
                    new = self._changed(original, new, edit, place)
            if new is not None and (_is_empty(original) or not _is_empty(new)):
                body.append(self._without_empty_call(original, new))
        if not body:
            gone = updated_node.with_changes(body=[cst.Pass()])
            self._emptied.append(gone)
            return gone
        kept = updated_node.with_changes(body=body)
        return cst.FlattenSentinel([kept, *behind]) if behind else kept

    def _without_empty_call(
        self, original: cst.BaseSmallStatement, updated: cst.BaseSmallStatement
    ) -> cst.BaseSmallStatement:
        """Return an attribute without the call that says nothing any more; its import has to stay of use."""
        if not isinstance(original, cst.AnnAssign) or not isinstance(updated, cst.AnnAssign):
            return updated
        said, says = original.value, updated.value
        if not isinstance(said, cst.Call) or not isinstance(says, cst.Call) or says.args or not said.args:
            return updated
        name = cst.Module([]).code_for_node(says.func)
        self._calls_left.setdefault(name, sum(line.count(f"{name}(") for line in self._lines))
        if name.rpartition(".")[2] not in _SAYS_NOTHING or self._calls_left[name] <= 1:
            return updated
        self._calls_left[name] -= 1
        return updated.with_changes(value=None, equal=cst.MaybeSentinel.DEFAULT)

    def _changed(
        self, original: cst.BaseSmallStatement, updated: cst.BaseSmallStatement, edit: _OfStatement, place: Place
    ) -> cst.BaseSmallStatement | None:
        if isinstance(edit, RemoveStatement):
            return None
        if isinstance(edit, AddElement):
            value = _value(updated)
            style = self._inside(place[0])
            room = style.width - len(_LINE_END.split(cst.Module([]).code_for_node(updated))[0])
            return updated.with_changes(value=with_table_argument(value, edit.element, room, style))
        assert isinstance(updated, cst.AnnAssign)
        assert isinstance(edit, SetAnnotation)
        annotation = updated.annotation.with_changes(annotation=cst.parse_expression(edit.code))
        return updated.with_changes(annotation=annotation)

    def leave_Tuple(self, original_node: cst.Tuple, updated_node: cst.Tuple) -> cst.Tuple:
        return cast("cst.Tuple", self._without(original_node, updated_node))

    def leave_List(self, original_node: cst.List, updated_node: cst.List) -> cst.List:
        return cast("cst.List", self._without(original_node, updated_node))

    def _without(self, original: cst.Tuple | cst.List, updated: cst.Tuple | cst.List) -> cst.Tuple | cst.List:
        """Return a tuple or a list without the elements that go."""
        for number in reversed(range(len(original.elements))):
            if self._removed and self._place(original.elements[number].value) in self._removed:
                updated = without_table_argument(updated, number)
        return updated

    def _count_gone(self, node: cst.CSTNode, gone: Place) -> int:
        """Return how many elements before one are gone already, and take note of it."""
        earlier = self._gone.setdefault(id(node), [])
        count = sum(one < gone for one in earlier)
        earlier.append(gone)
        return count

    def leave_IndentedBlock(
        self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock
    ) -> cst.IndentedBlock:
        return cast("cst.IndentedBlock", without_statements(updated_node, self._emptied))

    def leave_Module(self, original_node: cst.Module, updated_node: cst.Module) -> cst.Module:
        return cast("cst.Module", without_statements(updated_node, self._emptied))

    def leave_ClassDef(
        self, original_node: cst.ClassDef, updated_node: cst.ClassDef
    ) -> cst.BaseStatement | cst.FlattenSentinel[cst.BaseStatement]:
        line = self._place(original_node.name)[0]
        if added := self._of_classes.get((line, original_node.name.value)):
            updated_node = self._with_arguments(original_node, updated_node, added)
        added_behind = [one for one in self._of_statements.get((line, -1, -1, -1), ()) if isinstance(one, AddAfter)]
        behind = [_new_statement(edit, self._inside(line), edit is added_behind[0]) for edit in added_behind]
        return cst.FlattenSentinel([updated_node, *behind]) if behind else updated_node

    def _with_arguments(self, original: cst.ClassDef, updated: cst.ClassDef, added: list[AddArguments]) -> cst.ClassDef:
        after = added[0].after
        place = self._number(original, after) if after is not None else int(_is_docstring(original.body.body[0]))
        body = list(cast("Sequence[cst.BaseStatement]", updated.body.body))
        style = self._inside(self._place(original.body.body[0])[0])
        text = new_table_arguments([one.element for one in added], style)
        new = cst.ensure_type(cst.parse_statement(text), cst.SimpleStatementLine)
        if place and after is None:
            new = new.with_changes(leading_lines=[cst.EmptyLine(indent=False)])  # below the docstring
        rest = body[place:]
        if "\n" in text and rest:
            rest[0] = _set_apart(rest[0])
        return updated.with_changes(body=updated.body.with_changes(body=[*body[:place], new, *rest]))

    def _number(self, original: cst.ClassDef, statement: ast.stmt) -> int:
        """Return how many statements of the body come first, if one is placed behind this one."""
        for number, one in enumerate(original.body.body):
            if self._place(one)[0] <= statement.lineno <= self._place(one)[2]:
                return number + 1
        return 0


def _new_statement(edit: AddAfter, style: Style, is_first: bool) -> cst.SimpleStatementLine:
    new = cst.ensure_type(cst.parse_statement(edit.call.fitted("", style.width, style.indent)), cst.SimpleStatementLine)
    lines = edit.lines_between if is_first else 0
    return new.with_changes(leading_lines=[cst.EmptyLine(indent=False)] * lines)


def _set_apart(statement: cst.BaseStatement) -> cst.BaseStatement:
    """Return a statement with an empty line above it and its comments."""
    assert isinstance(statement, cst.SimpleStatementLine | cst.BaseCompoundStatement)
    lines = statement.leading_lines
    is_apart = bool(lines) and lines[0].comment is None
    return statement if is_apart else statement.with_changes(leading_lines=[cst.EmptyLine(indent=False), *lines])


def _together(calls: Sequence[CallText]) -> CallText:
    """Return one call with the arguments of several, keywords last."""
    arguments = list(dict.fromkeys(one for call in calls for one in call.arguments or ()))
    keywords = [one for one in arguments if _KEYWORD.match(one)]
    return CallText(calls[0].function, (*(one for one in arguments if one not in keywords), *keywords))


def _value(statement: cst.BaseSmallStatement) -> cst.BaseExpression:
    assert isinstance(statement, cst.Assign | cst.AnnAssign | cst.Return)
    assert statement.value is not None
    return statement.value


def _is_empty(statement: cst.BaseSmallStatement) -> bool:
    """Whether it gives a `__table_args__` that holds nothing."""
    if not isinstance(statement, cst.Assign | cst.AnnAssign) or not isinstance(statement.value, cst.Tuple | cst.List):
        return False
    target = statement.target if isinstance(statement, cst.AnnAssign) else statement.targets[0].target
    return not statement.value.elements and isinstance(target, cst.Name) and target.value == "__table_args__"


def _is_docstring(statement: cst.CSTNode) -> bool:
    if not isinstance(statement, cst.SimpleStatementLine) or not isinstance(statement.body[0], cst.Expr):
        return False
    return isinstance(statement.body[0].value, cst.SimpleString | cst.ConcatenatedString)
