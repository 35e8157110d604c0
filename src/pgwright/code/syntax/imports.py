"""Let a file import a name: in a statement that imports from the same module, or in one of its own beside."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import libcst as cst

from pgwright.code.edits import AddImport
from pgwright.code.style import Style
from pgwright.code.syntax.layout import Gap, Layout

_LIKE = ("sqlalchemy", "sqlmodel")


def with_imports(module: cst.Module, wanted: Sequence[AddImport], style: Style) -> cst.Module:
    """Return a module that imports names, those that it lacks."""
    for one in wanted:
        module = _with_import(module, one, style)
    return module


def _with_import(module: cst.Module, wanted: AddImport, style: Style) -> cst.Module:
    body = list(module.body)
    for number, statement in enumerate(body):
        found = _import_from(statement, wanted.module)
        if found is not None:
            assert isinstance(statement, cst.SimpleStatementLine)
            body[number] = statement.with_changes(body=[_with_name(found, wanted, style, module)])
            return module.with_changes(body=body)
    place, below = _place(body)
    text = f"from {wanted.module} import {_spelled(wanted)}"
    new = cst.SimpleStatementLine([cst.ensure_type(cst.parse_statement(text), cst.SimpleStatementLine).body[0]])
    if below is not None and place == below:
        # It takes the comments and empty lines above what it stands before.
        follower = body[below]
        assert isinstance(follower, cst.SimpleStatementLine)
        new = new.with_changes(leading_lines=follower.leading_lines)
        body[below] = follower.with_changes(leading_lines=())
    elif place == 0 and not module.header and body:
        new = new.with_changes(leading_lines=())
    return module.with_changes(body=[*body[:place], new, *body[place:]])


def _import_from(statement: cst.CSTNode, module: str) -> cst.ImportFrom | None:
    """Return the import of a line that imports names from that module, and nothing else."""
    if not isinstance(statement, cst.SimpleStatementLine) or len(statement.body) != 1:
        return None
    found = statement.body[0]
    is_it = isinstance(found, cst.ImportFrom) and not isinstance(found.names, cst.ImportStar) and not found.relative
    return found if is_it and _dotted(found) == module else None  # type: ignore[arg-type,return-value]


def _dotted(found: cst.ImportFrom) -> str:
    return "" if found.module is None else cst.Module([]).code_for_node(found.module)


def _place(body: Sequence[cst.CSTNode]) -> tuple[int, int | None]:
    """Return before which statement a new import comes, and which statement it pushes down; None: it comes behind."""
    imports = [number for number, one in enumerate(body) if _is_import(one)]
    for number in imports:
        statement = body[number]
        assert isinstance(statement, cst.SimpleStatementLine)
        first = statement.body[0]
        if isinstance(first, cst.ImportFrom) and _dotted(first).partition(".")[0] in _LIKE and not first.relative:
            return number, number
    if imports:
        # Behind the first block of imports, as far as it is of other packages.
        ends = imports[0]
        while ends + 1 in imports and not _is_relative(body[ends + 1]):
            ends += 1
        return ends + 1, None
    return _behind_docstring(body), None


def _behind_docstring(body: Sequence[cst.CSTNode]) -> int:
    if not body or not isinstance(body[0], cst.SimpleStatementLine):
        return 0
    first = body[0].body[0]
    return (
        1 if isinstance(first, cst.Expr) and isinstance(first.value, cst.SimpleString | cst.ConcatenatedString) else 0
    )


def _is_import(statement: cst.CSTNode) -> bool:
    return isinstance(statement, cst.SimpleStatementLine) and isinstance(statement.body[0], cst.Import | cst.ImportFrom)


def _is_relative(statement: cst.CSTNode) -> bool:
    assert isinstance(statement, cst.SimpleStatementLine)
    first = statement.body[0]
    return isinstance(first, cst.ImportFrom) and bool(first.relative)


def _spelled(wanted: AddImport) -> str:
    return f"{wanted.name} as {wanted.as_name}" if wanted.as_name else wanted.name


def _with_name(found: cst.ImportFrom, wanted: AddImport, style: Style, module: cst.Module) -> cst.ImportFrom:
    assert not isinstance(found.names, cst.ImportStar)
    names = list(found.names)
    if any(_text(one, module) == _spelled(wanted) for one in names):
        return found
    layout = _layout(found)
    place = _sorted_place([_text(one, module) for one in names], _spelled(wanted))
    alias = cst.ImportAlias(
        cst.Name(wanted.name), asname=cst.AsName(cst.Name(wanted.as_name)) if wanted.as_name else None
    )
    longer = len(module.code_for_node(found)) + len(_spelled(wanted)) + 2
    if not layout.is_broken and longer > style.width:
        layout = layout.broken(style.indent)
    return _with_layout(found, layout.with_element(alias, place))


def _text(alias: cst.ImportAlias, module: cst.Module) -> str:
    return module.code_for_node(alias.with_changes(comma=cst.MaybeSentinel.DEFAULT)).strip()


def _sorted_place(names: Sequence[str], name: str) -> int:
    """Return where a name goes among others: by the order that they have, or last."""
    orders: tuple[Callable[[str], tuple[int, str]], ...] = (
        _by_kind,
        lambda one: (0, one),
        lambda one: (0, one.lower()),
    )
    for order in orders:
        if list(names) == sorted(names, key=order):
            return sum(order(one) < order(name) for one in names)
    return len(names)


def _by_kind(name: str) -> tuple[int, str]:
    """Constants, then classes, then functions: the order of isort and ruff."""
    word = name.partition(" ")[0]
    kind = 0 if word.isupper() and len(word) > 1 else 1 if word[:1].isupper() else 2
    return kind, word


def _layout(found: cst.ImportFrom) -> Layout[cst.ImportAlias]:
    assert not isinstance(found.names, cst.ImportStar)
    gaps: list[Gap] = [found.lpar.whitespace_after if found.lpar else cst.SimpleWhitespace("")]
    gaps += [
        one.comma.whitespace_after if isinstance(one.comma, cst.Comma) else cst.SimpleWhitespace("")
        for one in found.names
    ]
    ends = isinstance(found.names[-1].comma, cst.Comma)
    if found.rpar and not found.rpar.whitespace_before.empty:
        gaps[-1] = found.rpar.whitespace_before
    return Layout(tuple(found.names), tuple(gaps), ends)


def _with_layout(found: cst.ImportFrom, layout: Layout[cst.ImportAlias]) -> cst.ImportFrom:
    pairs = zip(layout.elements, layout.gaps[1:], strict=True)
    names = [one.with_changes(comma=cst.Comma(whitespace_after=gap)) for one, gap in pairs]
    names[-1] = names[-1].with_changes(comma=cst.Comma() if layout.ends_in_comma else cst.MaybeSentinel.DEFAULT)
    if not layout.is_broken and not found.lpar:
        return found.with_changes(names=names)
    left = found.lpar or cst.LeftParen()
    right = found.rpar or cst.RightParen()
    return found.with_changes(
        names=names,
        lpar=left.with_changes(whitespace_after=layout.gaps[0]),
        rpar=right.with_changes(whitespace_before=layout.gaps[-1]),
    )
