"""Which edits of the models take an index or a unique constraint out."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from pgwright.code.app import App, given_name, has_computed_name, is_named
from pgwright.code.class_names import computed_text
from pgwright.code.edits import Edit, RemoveArgument, RemoveElement, RemoveStatement, SetKeyword
from pgwright.code.index_edits import Placed, Unclear, generated_names
from pgwright.code.modules import Module
from pgwright.code.tables import DeclaredColumn, DeclaredTable, listed
from pgwright.code.texts import keyword, text_of
from pgwright.model.index import IndexDefinition


@dataclass(frozen=True)
class Dropped:
    """What goes: a statement that several tables share loses it for all or for none."""

    columns: Collection[tuple[DeclaredTable, str]]
    """Tables with the one column of an index that goes there."""
    names: Collection[tuple[str, str]]
    """Tables with the names of their indexes that go."""


def removal(
    old: IndexDefinition, table: DeclaredTable, app: App, dropped: Dropped, *, is_constraint: bool
) -> list[Placed]:
    """Return the edits that take an index, or a unique constraint, out of the models; none where they have none.

    Args:
        old: by its name and columns; what else it has does not matter.
        dropped: what else goes with it.
    Raises: Unclear: it is declared where it cannot be taken out.
    """
    columns = old.columns if len(old.columns) == len(old.keys) else ()
    found = _explicit(old.name, table, columns, app, is_constraint=is_constraint)
    explicit: list[Placed] = [] if found is None else [(found[0], _removed(*found, table))]
    column = table.column(columns[0]) if len(columns) == 1 else None
    if column is None or not _may_say(column, old, table, app, is_constraint=is_constraint):
        return explicit or _of_function(old, table, app, dropped) or _nothing(old, table, app)
    if column.call is None or not (column.has("index") or column.has("unique")):
        if explicit:
            return explicit
        raise Unclear(f"a function of the app makes the column {column.name}")
    require_alone(column, table, app, dropped.columns)
    # Said twice, one of them has no effect now, and would have one later.
    return [*explicit, *((column.home, edit) for edit in _unsaid(column))]


def require_alone(
    column: DeclaredColumn, table: DeclaredTable, app: App, changed: Collection[tuple[DeclaredTable, str]]
) -> None:
    """Raise Unclear where a column is declared for further tables, in which it does not change alike."""
    others = [one for one in app.sharing(column) if one is not table and (one, column.name) not in changed]
    if others:
        raise Unclear(f"the column is declared for {listed(others)} too, which keep theirs")


def _nothing(old: IndexDefinition, table: DeclaredTable, app: App) -> list[Placed]:
    """Return that nothing is to edit: the models have no such index.

    Raises: Unclear: what nobody can read may have it, a base outside of the app or a function for any table.
    """
    is_generated = len(old.columns) == len(old.keys) == 1 and old.name in generated_names(old, table, app)
    if is_generated and table.form == "class" and table.column(old.columns[0]) is None:
        raise Unclear(f"no class of the app declares the column {old.columns[0]}: a base of it may, and its index")
    for module, call in app.index_functions:
        raise Unclear(f"line {call.lineno} of {module.path.name} computes the name of an index, and may make it")
    return []


def _may_say(
    column: DeclaredColumn, old: IndexDefinition, table: DeclaredTable, app: App, *, is_constraint: bool
) -> bool:
    """Whether a column says that it has the index, or the constraint."""
    if is_constraint:
        return column.has("unique") and not column.has("index")
    is_said = column.has("index") or column.is_completed_elsewhere
    return is_said and old.name in generated_names(old, table, app)


def _unsaid(column: DeclaredColumn) -> Iterator[Edit]:
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


def _of_function(old: IndexDefinition, table: DeclaredTable, app: App, dropped: Dropped) -> list[Placed]:
    """Return the edits of a function that gives `__table_args__` to one or several classes, and computes names there.

    Raises: Unclear: the index may be there, and nobody can tell; or others keep theirs.
    """
    own = [(table.module, table.arguments)] if table.arguments is not None else []
    for module, statement in [*own, *table.inherited] if table.call is None else [(table.module, table.call)]:
        for call in _with_computed_names(statement, module):
            name = _name_for(call, statement, module, table)
            if name is None:
                raise Unclear(f"the name of an index there is computed, and {old.name} may be it")
            if name == old.name:
                for other in _sharing(statement, app):
                    others = _name_for(call, statement, module, other)
                    if (other.name, others) not in dropped.names:
                        raise Unclear(f"the index is declared for {other.name} too, which keeps it")
                return [(module, _removed(module, call, table))]
    return []


def _with_computed_names(place: ast.AST, module: Module) -> Iterator[ast.Call]:
    for node in ast.walk(place):
        is_one = isinstance(node, ast.Call) and module.kind(node) in ("Index", "UniqueConstraint")
        if is_one and has_computed_name(node, module):  # type: ignore[arg-type]
            yield node  # type: ignore[misc]


def _name_for(call: ast.Call, statement: ast.AST, module: Module, table: DeclaredTable) -> str | None:
    given = given_name(call)
    if given is None or not isinstance(statement, ast.FunctionDef) or table.owner is None or table.name is None:
        return None
    return computed_text(given, statement, table.owner.name, table.name, module)


def _sharing(statement: ast.AST, app: App) -> list[DeclaredTable]:
    """Return the tables that get their arguments by a statement."""
    return [
        one
        for one in app.tables
        if one.arguments is statement or any(inherited is statement for _, inherited in one.inherited)
    ]


def _explicit(
    name: str, table: DeclaredTable, columns: tuple[str, ...], app: App, *, is_constraint: bool
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


def _removed(module: Module, call: ast.Call, table: DeclaredTable) -> Edit:
    """Return the edit that takes a call out of where it stands. Raises Unclear."""
    call = _with_methods(call, module)
    if table.call is not None and call in table.call.args:
        return RemoveArgument(table.call, call)
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Tuple | ast.List) and call in node.elts:
            return RemoveElement(call)
        if isinstance(node, ast.Call) and call in node.args and _takes_any(node, module):
            return RemoveArgument(node, call)
        if isinstance(node, ast.Expr | ast.Assign) and node.value is call:
            if isinstance(node, ast.Assign) and _is_used(node, module):
                break
            return RemoveStatement(node)
    raise Unclear(f"it stands in line {call.lineno} of {module.path.name}, where other code may need it")


def _with_methods(call: ast.Call, module: Module) -> ast.Call:
    """Return what methods make of a call: `Index(…).ddl_if(…)`."""
    for outer in module.calls:
        if isinstance(outer.func, ast.Attribute) and outer.func.value is call:
            return _with_methods(outer, module)
    return call


def _is_used(statement: ast.Assign, module: Module) -> bool:
    names = {one.id for one in statement.targets if isinstance(one, ast.Name)}
    used = (node.id for node in ast.walk(module.tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))
    return not names or bool(names.intersection(used))


def _takes_any(call: ast.Call, module: Module) -> bool:
    """Whether a function of the module is called that takes any number of arguments, and this one as one of them."""
    name = ast.unparse(call.func)
    found = (one for one in module.tree.body if isinstance(one, ast.FunctionDef) and one.name == name)
    return any(one.args.vararg is not None and not one.args.args and not one.args.posonlyargs for one in found)
