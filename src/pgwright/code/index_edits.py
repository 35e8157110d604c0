"""Which edits of the models make a new index."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from keyword import iskeyword

from pgwright.code.app import App
from pgwright.code.call_text import CallText
from pgwright.code.conventions import adds_to_names, names_of_index
from pgwright.code.edits import AddAfter, AddArgument, AddArguments, AddElement, Edit, SetKeyword, SetValue
from pgwright.code.index_call import Hand, index_call, is_single_column, names_a_column
from pgwright.code.modules import Module
from pgwright.code.spelling import ORM, SCHEMA, SQLMODEL, Spelling
from pgwright.code.tables import DeclaredColumn, DeclaredTable
from pgwright.model.index import IndexDefinition

Placed = tuple[Module, Edit]
_LITERALS = (ast.Dict, ast.Tuple, ast.List)
_MODULE_LEVEL, _BLOCK_LEVEL = 2, 1  # empty lines before a statement


class Unclear(Exception):
    """An edit that nobody can be sure of; the reason is its text."""


def creation(definition: IndexDefinition, table: DeclaredTable, app: App, spelling: Spelling) -> list[Placed]:
    """Return the edits that declare an index; none where it is declared.

    Raises: Unclear: it cannot be declared here.
    """
    if app.index_call(definition.name, table) is not None or _is_declared(definition, table, app):
        return []
    column = _habitual(definition, table, app)
    if column is not None:
        return [(column.module, edit) for edit in _index_true(column, definition, spelling)]
    if table.call is not None:
        return [(table.module, AddArgument(table.call, _call(definition, table, app, spelling), len(table.call.args)))]
    assert table.owner is not None
    is_on_one_line = table.owner.node.body[0].lineno == table.owner.node.lineno
    if is_on_one_line or any(column.child for column in _columns(definition, table)):
        return [_afterwards(definition, table, app, spelling)]
    if (statement := literal_arguments(table)) is not None:
        return [(table.module, AddElement(statement, _call(definition, table, app, spelling)))]
    if table.arguments is None and not table.inherited:
        named_by = table.owner.own.get("__tablename__")
        call = _call(definition, table, app, spelling)
        return [(table.module, AddArguments(table.owner.node, named_by, call))]
    return [_afterwards(definition, table, app, spelling)]


def _call(definition: IndexDefinition, table: DeclaredTable, app: App, spelling: Spelling) -> CallText:
    scope = table.owner if table.form == "class" else None
    hand = Hand(lambda name: spelling.say(name, scope), _keys(table), quote=table.module.quote)
    return _whole(index_call(definition, hand), app, spelling)


def _keys(table: DeclaredTable) -> dict[str, str]:
    return {one.name: one.key for one in table.columns}


def _whole(call: CallText, app: App, spelling: Spelling) -> CallText:
    """Return a call whose name no naming convention adds to."""
    if not any(adds_to_names(one) for one in app.conventions):
        return call
    name, *rest = call.arguments or ()
    return CallText(call.function, (f"{spelling.say('conv', home=SCHEMA)}({name})", *rest))


def _columns(definition: IndexDefinition, table: DeclaredTable) -> list[DeclaredColumn]:
    names = [*(one.column for one in definition.keys if one.column), *definition.include]
    return [column for name in names if (column := table.column(name)) is not None]


def _is_declared(definition: IndexDefinition, table: DeclaredTable, app: App) -> bool:
    """Whether `index=True` on a column makes it."""
    column = table.column(definition.keys[0].column or "")
    is_said = column is not None and column.has("index") and is_single_column(definition)
    return is_said and definition.name in generated_names(definition, table, app)


def generated_names(definition: IndexDefinition, table: DeclaredTable, app: App) -> set[str]:
    """Return the names that SQLAlchemy may give to an index of these columns."""
    schemas = {table.schema, definition.table.schema if definition.table.schema != "public" else None}
    columns = [one.column or "" for one in definition.keys]
    return {
        name for schema in schemas for name in names_of_index(definition.table.name, schema, columns, app.conventions)
    }


def _habitual(definition: IndexDefinition, table: DeclaredTable, app: App) -> DeclaredColumn | None:
    """Return the column on which `index=True` says it all, where the app writes it so."""
    column = table.column(definition.keys[0].column or "")
    if column is None or not app.writes_index_true or not is_single_column(definition):
        return None
    is_own = column.owner is (table.owner if table.call is None else None) and column.is_own
    is_named_so = {definition.name} == generated_names(definition, table, app)
    # Said of a unique column, it makes the index unique.
    is_plain_column = definition.is_unique or not column.has("unique")
    return column if is_own and is_named_so and is_plain_column else None


def _index_true(column: DeclaredColumn, definition: IndexDefinition, spelling: Spelling) -> Iterator[Edit]:
    words = ["index", *(["unique"] if definition.is_unique else [])]
    if column.call is not None:
        yield from (SetKeyword(column.call, word, "True") for word in words if not column.has(word))
    elif isinstance(column.statement, ast.AnnAssign):
        yield SetValue(column.statement, value_of(column, spelling, *(f"{word}=True" for word in words)))


def value_of(column: DeclaredColumn, spelling: Spelling, *arguments: str) -> CallText:
    """Return the value to give to an attribute that has an annotation alone, or with it a default of SQLModel."""
    assert isinstance(column.statement, ast.AnnAssign)
    if "Mapped[" in ast.unparse(column.statement.annotation):
        return CallText(spelling.say("mapped_column", column.owner, ORM), arguments)
    default = column.statement.value
    text = ast.get_source_segment(column.module.text, default) if default is not None else None
    given = [f"default={text}"] if text is not None else []
    return CallText(spelling.say("Field", column.owner, SQLMODEL), (*given, *arguments))


def literal_arguments(table: DeclaredTable) -> ast.stmt | None:
    """Return the statement that gives `__table_args__` as a literal; None where it does not, or there is none."""
    statement = table.arguments
    if isinstance(statement, ast.Assign | ast.AnnAssign) and _is_literal(statement.value, table.module):
        return statement
    if isinstance(statement, ast.FunctionDef):
        returns = [node for node in ast.walk(statement) if isinstance(node, ast.Return)]
        if len(returns) == 1 and _is_literal(returns[0].value, table.module):
            return returns[0]
    return None


def _is_literal(value: ast.expr | None, module: Module) -> bool:
    """Whether it is a tuple, a list or a dictionary of options; a tuple may hold what others unpack into it."""
    is_dict_call = isinstance(value, ast.Call) and module.kind(value) == "dict"
    return isinstance(value, _LITERALS) or is_dict_call


def _afterwards(definition: IndexDefinition, table: DeclaredTable, app: App, spelling: Spelling) -> Placed:
    """Return the edit that declares an index below the class. Raises Unclear."""
    owner = table.owner
    assert owner is not None
    if not names_a_column(definition):
        raise Unclear("its `__table_args__` is computed, and no column of the index would tell its table")
    children = [one.child for one in _columns(definition, table) if one.child is not None]
    if any(one.module is not owner.module for one in children):
        raise Unclear("it is on columns of classes in several files")
    behind = max([owner, *children], key=lambda one: one.node.lineno)

    def attribute(name: str) -> str:
        column = table.column(name)
        said = column.attribute if column is not None else name
        if not said.isidentifier() or iskeyword(said):
            # A name of the database is written as a text, and as code only where it can be nothing else than a name.
            raise Unclear(f"no class of the app declares the column {name}")
        holder = (column.child if column is not None else None) or owner
        return f"{holder.name}.{said}"

    hand = Hand(spelling.say, _keys(table), attribute, owner.module.quote)
    call = _whole(index_call(definition, hand), app, spelling)
    is_top = behind.node.col_offset == 0
    return owner.module, AddAfter(behind.node, call, _MODULE_LEVEL if is_top else _BLOCK_LEVEL)
