"""Which edits of the models give a column another type."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from pgwright.code.app import App
from pgwright.code.call_text import CallText
from pgwright.code.columns import COLUMN_CALLS
from pgwright.code.edits import AddArgument, Edit, SetArgument, SetKeyword, SetValue
from pgwright.code.index_call import literal
from pgwright.code.index_edits import Placed, Unclear, value_of
from pgwright.code.modules import Module
from pgwright.code.spelling import Spelling
from pgwright.code.tables import DeclaredColumn, DeclaredTable
from pgwright.code.texts import keyword, text_of
from pgwright.code.uuid_objects import object_edits
from pgwright.model.change import ColumnConversion
from pgwright.sqltext.uuid_defaults import uuid_default

# A str stays a str in Python: response models, type checkers and clients see no change.
_TYPES = {
    "uuid": CallText("Uuid", ("as_uuid=False",)),
    "bigint": CallText("BigInteger", None),
    "integer": CallText("Integer", None),
    "timestamp with time zone": CallText("DateTime", ("timezone=True",)),
}
# What they take the place of; a type of the app's own does more than its name tells.
_KNOWN = {
    "String", "VARCHAR", "Text", "TEXT", "Unicode", "UnicodeText", "CHAR", "AutoString", "Integer", "INTEGER",
    "SmallInteger", "SMALLINT", "BigInteger", "BIGINT", "Numeric", "DateTime",
    "TIMESTAMP", "DATETIME",
}  # fmt: skip
# Positional arguments of a column that are no type.
_NO_TYPES = {"ForeignKey", "Identity", "Computed", "Sequence", "CheckConstraint", "FetchedValue", "DefaultClause"}


def type_text(change: ColumnConversion, *, as_uuid: bool = False) -> str:
    """Return how SQLAlchemy calls the new type.

    Args:
        as_uuid: what becomes uuid is a `uuid.UUID` in Python.
    """
    return "Uuid()" if as_uuid and change.to_type == "uuid" else str(_TYPES.get(change.to_type, change.to_type))


def conversion(
    change: ColumnConversion, table: DeclaredTable, app: App, spelling: Callable[[Module], Spelling], *, as_uuid: bool
) -> list[Placed]:
    """Return the edits that give a column its new type; none where it has it, or takes it from what it refers to.

    Args:
        as_uuid: what becomes uuid is a `uuid.UUID` in Python, no str any more.
    Raises: Unclear: nobody can tell what to write.
    """
    column = table.column(change.column)
    if column is None:
        raise Unclear("the models have no such column")
    if column.is_computed:
        raise Unclear("a function of the app makes the column")
    if change.to_type not in _TYPES:
        raise Unclear(f"it becomes {change.to_type}")
    is_object = as_uuid and change.to_type == "uuid"
    template = CallText("Uuid", None) if is_object else _TYPES[change.to_type]

    def wanted() -> CallText:
        return CallText(spelling(column.home).say(template.function, column.owner), template.arguments)

    edits = list(_edits(change, column, app, spelling(column.home), wanted))
    if is_object:
        edits += object_edits(column, spelling(column.home))
    return [(column.home, edit) for edit in edits]


Wanted = Callable[[], CallText]
"""The type to write; once it is asked for, it is imported."""


def _edits(
    change: ColumnConversion, column: DeclaredColumn, app: App, spelling: Spelling, wanted: Wanted
) -> Iterator[Edit]:
    if column.call is not None:
        yield from _of_call(column.call, column, wanted, app)
        yield from _of_default(change, column, spelling)
    elif not _takes_type(column, app):
        assert isinstance(column.statement, ast.AnnAssign)
        is_mapped = "Mapped[" in ast.unparse(column.statement.annotation)
        arguments = [str(wanted()) if is_mapped else f"sa_type={wanted()}"]
        if is_mapped and change.default is not None and change.to_type == "uuid":
            arguments.append(f"server_default={_default(change.default, column, spelling)}")
        yield SetValue(column.statement, value_of(column, spelling, *arguments))


def _of_call(call: ast.Call, column: DeclaredColumn, wanted: Wanted, app: App) -> Iterator[Edit]:
    module = column.home
    if module.kind(call) == "Field":
        said = keyword(call, "sa_type")
        _require_known(said, module, app)
        if said is None or ast.unparse(said) != str(wanted()):
            yield SetKeyword(call, "sa_type", str(wanted()))
        return
    place = int(bool(call.args) and text_of(call.args[0], module) is not None)
    given, said = _type_of(call, module)
    is_none = isinstance(said, ast.Constant) and said.value is None
    if (said is None or is_none) and _refers(call, module):
        return
    if said is None:
        yield AddArgument(call, wanted(), place)
        return
    if ast.unparse(said) == str(wanted()):
        return
    if not is_none:
        _require_known(said, module, app)
    yield SetArgument(call, place, str(wanted())) if given is not None else SetKeyword(call, "type_", str(wanted()))


def _type_of(call: ast.Call, module: Module) -> tuple[ast.expr | None, ast.expr | None]:
    """Return the positional argument that is the type of a column, and the type, however it is said."""
    place = int(bool(call.args) and text_of(call.args[0], module) is not None)
    given = call.args[place] if len(call.args) > place else None
    if given is not None and (isinstance(given, ast.Starred) or module.kind(given) in _NO_TYPES):
        given = None
    return given, given or keyword(call, "type_")


def _require_known(said: ast.expr | None, module: Module, app: App) -> None:
    """Raise Unclear: a type is one of the app's own."""
    for one in (said, app.constant(said, module)):
        name = (
            module.origin(one.func if isinstance(one, ast.Call) else one).rpartition(".")[2] if one is not None else ""
        )
        if name in _KNOWN:
            return
    if said is not None:
        raise Unclear(f"it has the type {ast.unparse(said)}, which is the app's own")


def _refers(call: ast.Call, module: Module) -> bool:
    """Whether a column without a type has a foreign key: SQLAlchemy gives it the type of what it refers to."""
    return any(module.kind(one) == "ForeignKey" for one in call.args)


def _takes_type(column: DeclaredColumn, app: App) -> bool:
    """Whether the annotation is an alias that holds a foreign key, and no type."""
    assert isinstance(column.statement, ast.AnnAssign)
    names = {node.id for node in ast.walk(column.statement.annotation) if isinstance(node, ast.Name)}
    for module in app.modules:
        for name in names & module.constants.keys():
            for node in ast.walk(module.constants[name]):
                if isinstance(node, ast.Call) and module.kind(node) in COLUMN_CALLS:
                    return _refers(node, module) and _type_of(node, module)[1] is None
    return False


def _of_default(change: ColumnConversion, column: DeclaredColumn, spelling: Spelling) -> Iterator[Edit]:
    said = keyword(column.call, "server_default")
    if change.default is None or change.to_type != "uuid" or column.call is None or said is None:
        return
    wanted = _default(change.default, column, spelling)
    if ast.dump(said) != ast.dump(ast.parse(wanted, mode="eval").body):
        yield SetKeyword(column.call, "server_default", wanted)


def _default(default: str, column: DeclaredColumn, spelling: Spelling) -> str:
    return f"{spelling.say('text', column.owner)}({literal(uuid_default(default), column.home.quote)})"
