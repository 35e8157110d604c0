"""Which edits of the models make a new index, and which take one away."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pgwright.code.app import App, name_in_call
from pgwright.code.call_text import CallText
from pgwright.code.conventions import names_of_index
from pgwright.code.edits import (
    AddAfter,
    AddArgument,
    AddArguments,
    AddElement,
    Edit,
    RemoveArgument,
    RemoveElement,
    RemoveStatement,
    SetKeyword,
    SetValue,
)
from pgwright.code.index_call import index_call, is_single_column, names_a_column
from pgwright.code.modules import Module
from pgwright.code.spelling import ORM, SQLMODEL, Spelling
from pgwright.code.tables import Column, Table
from pgwright.code.texts import keyword, text_of
from pgwright.model.index import IndexDefinition

Placed = tuple[Module, Edit]
_OPTIONS = (ast.Dict, ast.Tuple, ast.List)
_MODULE_LEVEL, _BLOCK_LEVEL = 2, 1  # empty lines before a statement


class Unclear(Exception):
    """An edit that nobody can be sure of; the reason is its text."""


def creation(definition: IndexDefinition, table: Table, app: App, spelling: Spelling) -> list[Placed]:
    """Return the edits that declare an index; none where it is declared.

    Raises: Unclear: it cannot be declared here, or another one has its name.
    """
    if app.index_call(definition.name) is not None or _is_declared(definition, table, app):
        return []
    missing = [one for one in _columns(definition) if table.column(one) is None]
    if missing and is_closed(table, app):
        raise Unclear(f"the models have no column {missing[0]}")
    column = _habitual(definition, table, app)
    if column is not None:
        return [(column.module, edit) for edit in _index_true(column, definition, spelling)]
    keys = {one.name: one.key for one in table.columns}
    scope = table.owner if table.form == "class" else None
    call = index_call(definition, lambda name: spelling.say(name, scope), keys)
    if table.call is not None:
        return [(table.module, AddArgument(table.call, call, len(table.call.args)))]
    assert table.owner is not None
    statement = literal_arguments(table)
    if statement is not None and not _is_late(definition, table):
        return [(table.module, AddElement(statement, call))]
    if table.owner.node.body[0].lineno == table.owner.node.lineno:
        raise Unclear("its class stands on one line")
    is_free = table.arguments is None and not table.are_arguments_inherited
    if is_free and not _is_late(definition, table):
        return [(table.module, AddArguments(table.owner.node, _named_by(table), call))]
    return [_afterwards(definition, table, spelling)]


def _columns(definition: IndexDefinition) -> list[str]:
    return [*(one.column for one in definition.keys if one.column), *definition.include]


def is_closed(table: Table, app: App) -> bool:
    """Whether all columns of a table are known: nothing outside of the app may add one."""
    if table.call is not None:
        return not any(isinstance(one, ast.Starred) for one in table.call.args) and table.owner is None
    return False


def _is_declared(definition: IndexDefinition, table: Table, app: App) -> bool:
    """Whether `index=True` on a column makes it."""
    column = table.column(definition.keys[0].column or "")
    if column is None or not column.has("index") or not is_single_column(definition):
        return False
    return definition.name in _names(definition, table, app)


def _names(definition: IndexDefinition, table: Table, app: App, kind: str = "ix") -> set[str]:
    schemas = {table.schema, definition.table.schema if definition.table.schema != "public" else None}
    columns = [one.column or "" for one in definition.keys]
    return {
        name
        for schema in schemas
        for name in names_of_index(definition.table.name, schema, columns, app.conventions, kind=kind)
    }


def _habitual(definition: IndexDefinition, table: Table, app: App) -> Column | None:
    """Return the column on which `index=True` says it all, where the app writes it so."""
    column = table.column(definition.keys[0].column or "")
    if column is None or not app.writes_index_true or not is_single_column(definition):
        return None
    is_own = column.owner is table.owner and not column.is_made_elsewhere
    is_named_so = definition.name in _names(definition, table, app) and len(app.conventions) == 1
    # Said of a unique column, it makes the index unique.
    is_plain_column = definition.is_unique or not column.has("unique")
    return column if is_own and is_named_so and is_plain_column else None


def _index_true(column: Column, definition: IndexDefinition, spelling: Spelling) -> Iterator[Edit]:
    words = ["index", *(["unique"] if definition.is_unique else [])]
    if column.call is not None:
        yield from (SetKeyword(column.call, word, "True") for word in words if not column.has(word))
    elif isinstance(column.statement, ast.AnnAssign):
        yield SetValue(column.statement, value_of(column, spelling, *(f"{word}=True" for word in words)))


def value_of(column: Column, spelling: Spelling, *arguments: str) -> CallText:
    """Return the value to give to an attribute that has an annotation alone, or with it a default of SQLModel."""
    assert isinstance(column.statement, ast.AnnAssign)
    if "Mapped[" in ast.unparse(column.statement.annotation):
        return CallText(spelling.say("mapped_column", column.owner, ORM), arguments)
    default = column.statement.value
    given = [f"default={ast.unparse(default)}"] if default is not None else []
    return CallText(spelling.say("Field", column.owner, SQLMODEL), (*given, *arguments))


def literal_arguments(table: Table) -> ast.stmt | None:
    """Return the statement that gives `__table_args__` as a literal; None where it does not, or there is none."""
    statement = table.arguments
    if isinstance(statement, ast.Assign | ast.AnnAssign) and is_literal(statement.value, table.module):
        return statement
    if isinstance(statement, ast.FunctionDef):
        returns = [node for node in ast.walk(statement) if isinstance(node, ast.Return)]
        if len(returns) == 1 and is_literal(returns[0].value, table.module):
            return returns[0]
    return None


def is_literal(value: ast.expr | None, module: Module) -> bool:
    """Whether it is a tuple, a list or a dictionary of options; a tuple may hold what others unpack into it."""
    is_dict_call = isinstance(value, ast.Call) and module.kind(value) == "dict"
    return isinstance(value, _OPTIONS) or is_dict_call


def _named_by(table: Table) -> ast.stmt | None:
    """Return the statement behind which `__table_args__` goes: that of the name."""
    assert table.owner is not None
    return table.owner.own.get("__tablename__")


def _is_late(definition: IndexDefinition, table: Table) -> bool:
    """Whether it is on a column that a class below declares, which the table gets after its arguments."""
    found = (table.column(one) for one in _columns(definition))
    return any(one is not None and one.is_of_child for one in found)


def _afterwards(definition: IndexDefinition, table: Table, spelling: Spelling) -> Placed:
    """Return the edit that declares an index below the class. Raises Unclear."""
    owner = table.owner
    assert owner is not None
    if not names_a_column(definition):
        raise Unclear(
            "its `__table_args__` is computed, and the index is on no column by which it would find its table"
        )
    found = [one for name in _columns(definition) if (one := table.column(name)) is not None]
    children = [one.owner for one in found if one.is_of_child and one.owner is not None]
    if any(one.module is not owner.module for one in children):
        raise Unclear("it is on columns of classes in several files")
    behind = max([owner, *children], key=lambda one: one.node.lineno)

    def attribute(name: str) -> str:
        column = table.column(name)
        holder = column.owner if column is not None and column.is_of_child and column.owner is not None else owner
        return f"{holder.name}.{column.attribute if column is not None else name}"

    keys = {one.name: one.key for one in table.columns}
    call = index_call(definition, spelling.say, keys, attribute)
    is_top = behind.node.col_offset == 0
    return owner.module, AddAfter(behind.node, call, _MODULE_LEVEL if is_top else _BLOCK_LEVEL)


def removal(old: IndexDefinition, table: Table, app: App, *, is_constraint: bool) -> list[Placed]:
    """Return the edits that take an index, or a unique constraint, out of the models; none where they have none.

    Args:
        old: by its name and columns; what else it has does not matter.
    Raises: Unclear: it is declared where it cannot be taken out.
    """
    columns = old.columns if len(old.columns) == len(old.keys) else ()
    name = old.name
    found = _explicit(name, table, columns, app, is_constraint=is_constraint)
    if found is not None:
        return [(found[0], _removed(*found, table))]
    if len(columns) != 1 or (column := table.column(columns[0])) is None:
        return []
    said = [word for word in ("index", "unique") if column.has(word)]
    is_it = ("unique" in said and "index" not in said) if is_constraint else "index" in said
    if not is_it or (not is_constraint and name not in _names(old, table, app)):
        return []
    assert column.call is not None
    if column.owner is not table.owner:
        raise Unclear(f"{column.owner.name if column.owner else 'a base'} declares {columns[0]}, for other tables too")
    return [(column.module, SetKeyword(column.call, word, None)) for word in said]


def _explicit(
    name: str, table: Table, columns: tuple[str, ...], app: App, *, is_constraint: bool
) -> tuple[Module, ast.Call] | None:
    """Return the call of Index or UniqueConstraint that declares it."""
    if not is_constraint and (found := app.index_call(name)) is not None:
        return found
    keys = [one.key if (one := table.column(each)) else each for each in columns]
    place: ast.AST | None = table.call or table.arguments
    for node in ast.walk(place) if place is not None else ():
        kind = table.module.kind(node)
        if isinstance(node, ast.Call) and kind == ("UniqueConstraint" if is_constraint else "Index"):
            stated = name_in_call(node, table.module)
            listed = [text_of(one, table.module) for one in node.args]
            # An unnamed index has None, or nothing, where the name would stand.
            is_alike = listed == keys or (not is_constraint and listed[1:] == keys)
            if stated == name or (stated is None and columns and is_alike):
                return table.module, node
            wrapped = keyword(node, "name")
            if isinstance(wrapped, ast.Call) and wrapped.args and text_of(wrapped.args[0], table.module) == name:
                return table.module, node
    return None


def _removed(module: Module, call: ast.Call, table: Table) -> Edit:
    """Return the edit that takes a call out of where it stands. Raises Unclear."""
    statement = literal_arguments(table)
    value = getattr(statement, "value", None)
    if statement is not None and isinstance(value, ast.Tuple | ast.List) and call in value.elts:
        return RemoveElement(statement, call)
    if table.call is not None and call in table.call.args:
        return RemoveArgument(table.call, call)
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Expr | ast.Assign) and node.value is call:
            if isinstance(node, ast.Assign) and _is_used(node, module):
                break
            return RemoveStatement(node)
    raise Unclear(f"it stands in line {call.lineno} of {module.path.name}, where other code may need it")


def _is_used(statement: ast.Assign, module: Module) -> bool:
    names = {one.id for one in statement.targets if isinstance(one, ast.Name)}
    used = (node.id for node in ast.walk(module.tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))
    return not names or bool(names.intersection(used))
