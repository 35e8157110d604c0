"""Find the tables that modules declare: in classes, as SQLModel or as Table of Core."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from pgwright.code.class_names import computed_name, is_the_same_for_all
from pgwright.code.classes import Class, Classes
from pgwright.code.columns import Functions, column_call
from pgwright.code.modules import Module, returned
from pgwright.code.tables import DeclaredColumn, DeclaredTable
from pgwright.code.texts import keyword, text_of

# Attributes of a mapped class that are no columns.
_NO_COLUMNS = re.compile(
    r"(?i).*(relationship|association_proxy|synonym|hybrid|composite|query_expression|aliased|ClassVar)"
)


def declared_tables(modules: Sequence[Module]) -> list[DeclaredTable]:
    """Return the tables that modules declare; those of tests and migrations last."""
    classes, functions = Classes(modules), Functions(modules)
    mapped = [one for one in classes.all if _has_own_table(one, classes, functions)]
    found = [_of_class(one, classes, functions, mapped) for one in mapped]
    found += [table for module in modules for table in _of_calls(module, classes)]
    return sorted(found, key=lambda one: one.module.is_aside)


def _has_own_table(one: Class, classes: Classes, functions: Functions) -> bool:
    if one.is_set("__abstract__") or "__table__" in one.own:
        return False
    line = classes.ancestry(one)
    if _is_sqlmodel(one) or any(_looks_like_sqlmodel(each) for each in line):
        return _is_sqlmodel(one)
    above = next((each for each in line if "__tablename__" in each.own), None)
    if above is None:
        # Some bases of libraries name the table themselves, and bring its columns.
        is_mapped = _is_mapped(one, functions) or _is_of_library(one, classes)
        return classes.has_foreign_base(one) and is_mapped and not _is_base_of_others(one, classes)
    if not _names_by_class(above):
        return above is one
    # A mixin computes the name; a literal one of a parent is that parent's table, which the class shares.
    return above is not one and _is_mapped(one, functions) and classes.has_foreign_base(one)


def _names_by_class(one: Class) -> bool:
    """Whether a class computes the name of the table of each class below it."""
    statement = one.own["__tablename__"]
    return isinstance(statement, ast.FunctionDef) and not is_the_same_for_all(statement, one.module)


def _is_of_library(one: Class, classes: Classes) -> bool:
    """Whether a class is mapped by a base of the app, beside one of a library."""
    bases = [one.module.origin(base) for each in classes.ancestry(one) for base in each.node.bases]
    is_declarative = any(base.rpartition(".")[2] == "DeclarativeBase" for base in bases)
    return is_declarative and len(one.node.bases) > len(classes.bases(one)) > 0


def _is_base_of_others(one: Class, classes: Classes) -> bool:
    return any(one in classes.bases(other) for other in classes.all)


def _is_sqlmodel(one: Class) -> bool:
    return any(each.arg == "table" and _is_true(each.value) for each in one.node.keywords)


def _is_true(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def _is_mapped(one: Class, functions: Functions) -> bool:
    """Whether it has columns of SQLAlchemy; a `Field` may be Pydantic's."""
    return any(
        column.call is None or one.module.kind(column.call) != "Field" for column in _own_columns(one, functions)
    )


def _of_class(one: Class, classes: Classes, functions: Functions, mapped: Sequence[Class]) -> DeclaredTable:
    line = classes.ancestry(one)
    # What a parent with a table of its own declares is in that table.
    owners = [each for each in line if each is one or each not in mapped]
    own_arguments = one.own.get("__table_args__")
    inherited = [(each.module, each.own["__table_args__"]) for each in owners[1:] if "__table_args__" in each.own]
    sources = [own_arguments] if own_arguments is not None else [statement for _, statement in inherited]
    return DeclaredTable(
        name=_table_name(one, line),
        schema=next((schema for each in sources if (schema := _schema(each, one.module))), None),
        module=one.module,
        owner=one,
        call=None,
        columns=tuple(_unique([*_columns(owners, functions), *_of_children(one, classes, functions, mapped)])),
        arguments=own_arguments,
        inherited=tuple(inherited),
    )


def _table_name(one: Class, line: Sequence[Class]) -> str | None:
    for each in line:
        statement = each.own.get("__tablename__")
        if isinstance(statement, ast.Assign | ast.AnnAssign):
            return text_of(statement.value, each.module)
        if isinstance(statement, ast.FunctionDef):
            return computed_name(statement, one.name, each.module)
    return one.name.lower() if _is_sqlmodel(one) else None


def _schema(statement: ast.stmt, module: Module) -> str | None:
    for node in ast.walk(statement):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if text_of(key, module) == "schema":
                    return text_of(value, module)
        elif isinstance(node, ast.Call) and module.kind(node) == "dict" and keyword(node, "schema"):
            return text_of(keyword(node, "schema"), module)
    return None


def _columns(owners: Sequence[Class], functions: Functions) -> Iterator[DeclaredColumn]:
    for owner in owners:
        yield from _own_columns(owner, functions)


def _of_children(
    one: Class, classes: Classes, functions: Functions, mapped: Sequence[Class]
) -> Iterator[DeclaredColumn]:
    """Yield the columns of classes without a table of their own, which share that of this class."""
    own = classes.ancestry(one)
    for child in classes.all:
        line = classes.ancestry(child)
        above = next((each for each in line if each in mapped), None)
        if above is one and child is not one and not child.is_set("__abstract__"):
            brought = [each for each in line if each not in own and each not in mapped]
            yield from (replace(column, child=child) for column in _columns(brought, functions))


def _unique(columns: Sequence[DeclaredColumn]) -> Iterator[DeclaredColumn]:
    seen: set[str] = set()
    for one in columns:
        if one.name not in seen:
            seen.add(one.name)
            yield one


def _own_columns(owner: Class, functions: Functions) -> Iterator[DeclaredColumn]:
    for statement in owner.node.body:
        for name, value in _attributes(statement):
            column = None if name.startswith("__") else _column(name, value, statement, owner, functions)
            if column is not None:
                yield column


def _attributes(statement: ast.stmt) -> Iterator[tuple[str, ast.expr | None]]:
    """Yield the attributes that a statement of a class gives, each with its value."""
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        yield statement.target.id, statement.value
    elif isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target, value = statement.targets[0], statement.value
        if isinstance(target, ast.Name):
            yield target.id, value
        elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            pairs = zip(target.elts, value.elts, strict=False)
            yield from ((one.id, its_value) for one, its_value in pairs if isinstance(one, ast.Name))
    elif isinstance(statement, ast.FunctionDef):
        values = returned(statement)
        if any("declared_attr" in ast.unparse(one) for one in statement.decorator_list):
            yield statement.name, values[0] if len(values) == 1 else None


def _column(
    attribute: str, value: ast.expr | None, statement: ast.stmt, owner: Class, functions: Functions
) -> DeclaredColumn | None:
    module = owner.module
    annotation = statement.annotation if isinstance(statement, ast.AnnAssign) else None
    written = ast.unparse(annotation) if annotation is not None else ""
    if (value is not None and _NO_COLUMNS.match(ast.unparse(value).partition("(")[0])) or "ClassVar" in written:
        return None
    call = column_call(value, module)
    maker, made = functions.column(value, module) if call is None else (None, None)
    call = call or made
    is_mapped = written.startswith(("Mapped[", "orm.Mapped[", "so.Mapped[")) or ".Mapped[" in written
    is_sqlmodel = annotation is not None and not is_mapped and (_is_sqlmodel(owner) or _looks_like_sqlmodel(owner))
    if call is None and not is_mapped and not is_sqlmodel:
        return None
    if is_sqlmodel and module.kind(value) == "Relationship":
        return None
    name = _name_in_call(call, module)
    key = text_of(keyword(call, "key"), module) or name or attribute
    return DeclaredColumn(name or attribute, key, attribute, module, owner, statement, call, maker)


def _looks_like_sqlmodel(owner: Class) -> bool:
    """Whether a class without a table is one whose fields may become columns of others."""
    return any(owner.module.origin(base).rpartition(".")[2] == "SQLModel" for base in owner.node.bases)


def _name_in_call(call: ast.Call | None, module: Module) -> str | None:
    if call is None or module.kind(call) == "Field":
        return None
    first = text_of(call.args[0], module) if call.args and not isinstance(call.args[0], ast.Call) else None
    return first or text_of(keyword(call, "name"), module)


def _of_calls(module: Module, classes: Classes) -> Iterator[DeclaredTable]:
    """Yield what calls of Table declare."""
    variables = {id(value): name for name, value in module.constants.items()}
    owners = {
        id(getattr(one.own["__table__"], "value", None)): one
        for one in classes.all
        if one.module is module and "__table__" in one.own
    }
    for node in module.calls:
        if module.kind(node) == "Table" and len(node.args) >= 2:
            yield DeclaredTable(
                name=text_of(node.args[0], module),
                schema=text_of(keyword(node, "schema"), module),
                module=module,
                owner=owners.get(id(node)),
                call=node,
                columns=tuple(_columns_of_call(node, module)),
                arguments=None,
                variable=variables.get(id(node)),
            )


def _columns_of_call(table: ast.Call, module: Module) -> Iterator[DeclaredColumn]:
    for one in table.args[1:]:
        call = column_call(one, module)
        name = _name_in_call(call, module)
        if call is not None and name is not None:
            key = text_of(keyword(call, "key"), module) or name
            yield DeclaredColumn(name, key, key, module, None, None, call)
