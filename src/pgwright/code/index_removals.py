"""Which edits of the models take an index or a unique constraint out."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

from pgwright.code.app import App, is_named
from pgwright.code.edits import Edit, RemoveArgument, RemoveElement, RemoveStatement, SetKeyword
from pgwright.code.index_edits import Placed, Unclear, generated_names
from pgwright.code.modules import Module
from pgwright.code.tables import Column, Table
from pgwright.code.texts import keyword, text_of
from pgwright.model.index import IndexDefinition

Dropped = Collection[tuple[str, str]]
"""Tables with the one column of an index that goes there."""


def removal(old: IndexDefinition, table: Table, app: App, dropped: Dropped, *, is_constraint: bool) -> list[Placed]:
    """Return the edits that take an index, or a unique constraint, out of the models; none where they have none.

    Args:
        old: by its name and columns; what else it has does not matter.
        dropped: what else goes with it: a column that several tables share loses it for all or for none.
    Raises: Unclear: it is declared where it cannot be taken out.
    """
    columns = old.columns if len(old.columns) == len(old.keys) else ()
    found = _explicit(old.name, table, columns, app, is_constraint=is_constraint)
    if found is not None:
        return [(found[0], _removed(*found, table))]
    column = table.column(columns[0]) if len(columns) == 1 else None
    if column is None or not _may_say(column, old, table, app, is_constraint=is_constraint):
        _require_told(old.name, table)
        return []
    if column.call is None or not (column.has("index") or column.has("unique")):
        raise Unclear(f"a function of the app makes the column {column.name}")
    others = [one for one in app.sharing(column) if one is not table]
    rest = [one.name or one.module.name for one in others if (one.name, column.name) not in dropped]
    if rest:
        raise Unclear(f"the column is declared for {', '.join(rest)} too, which keep theirs")
    return [(column.home, edit) for edit in _unsaid(column)]


def _may_say(column: Column, old: IndexDefinition, table: Table, app: App, *, is_constraint: bool) -> bool:
    """Whether a column says that it has the index, or the constraint."""
    if is_constraint:
        return column.has("unique") and not column.has("index")
    is_said = column.has("index") or column.is_completed_elsewhere
    return is_said and old.name in generated_names(old, table, app)


def _unsaid(column: Column) -> Iterator[Edit]:
    """Yield the edits after which a column says neither `index` nor `unique`."""
    assert column.call is not None
    yield from (SetKeyword(column.call, word, None) for word in ("index", "unique") if keyword(column.call, word))
    given = keyword(column.call, "sa_column_kwargs")
    if column.said_to_column.keys() & {"index", "unique"}:
        assert isinstance(given, ast.Dict)
        pairs = [
            (key, value)
            for key, value in zip(given.keys, given.values, strict=True)
            if not (isinstance(key, ast.Constant) and key.value in ("index", "unique"))
        ]
        rest = ast.unparse(ast.Dict([key for key, _ in pairs], [value for _, value in pairs]))
        yield SetKeyword(column.call, "sa_column_kwargs", rest if pairs else None)


def _require_told(name: str, table: Table) -> None:
    """Raise Unclear where the table's arguments hold an index whose name is computed: it may be the one."""
    places = [table.arguments, *table.inherited] if table.call is None else [table.call]
    for place in places:
        for node in ast.walk(place) if place is not None else ():
            if isinstance(node, ast.Call) and table.module.kind(node) in ("Index", "UniqueConstraint") and node.args:
                given = keyword(node, "name") or node.args[0]
                if isinstance(given, ast.JoinedStr | ast.BinOp | ast.Call) and text_of(given, table.module) is None:
                    raise Unclear(f"the name of an index there is computed, and {name} may be it")


def _explicit(
    name: str, table: Table, columns: tuple[str, ...], app: App, *, is_constraint: bool
) -> tuple[Module, ast.Call] | None:
    """Return the call of Index or UniqueConstraint that declares it."""
    if not is_constraint and (found := app.index_call(name, table)) is not None:
        return found
    keys = [one.key if (one := table.column(each)) else each for each in columns]
    kind = "UniqueConstraint" if is_constraint else "Index"
    for module, place in app.places_of_arguments(table):
        for node in ast.walk(place):
            if isinstance(node, ast.Call) and module.kind(node) == kind:
                listed = [text_of(one, module) for one in node.args]
                has_name = keyword(node, "name") is not None or (not is_constraint and listed and listed[0] is not None)
                # An unnamed index has None where the name would stand.
                is_alike = bool(columns) and (listed if is_constraint else listed[1:]) == keys
                if is_named(node, module, name, table, app.conventions) or (not has_name and is_alike):
                    return module, node
    return None


def _removed(module: Module, call: ast.Call, table: Table) -> Edit:
    """Return the edit that takes a call out of where it stands. Raises Unclear."""
    if table.call is not None and call in table.call.args:
        return RemoveArgument(table.call, call)
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Tuple | ast.List) and call in node.elts:
            return RemoveElement(call)
        if isinstance(node, ast.Expr | ast.Assign) and node.value is call:
            if isinstance(node, ast.Assign) and _is_used(node, module):
                break
            return RemoveStatement(node)
    raise Unclear(f"it stands in line {call.lineno} of {module.path.name}, where other code may need it")


def _is_used(statement: ast.Assign, module: Module) -> bool:
    names = {one.id for one in statement.targets if isinstance(one, ast.Name)}
    used = (node.id for node in ast.walk(module.tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))
    return not names or bool(names.intersection(used))
