"""A statement of a migration, reworded so that fewer wait for it: concurrently, not valid, or cut into its parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pglast import parse_sql
from pglast.enums import AlterTableType as At
from pglast.enums import ConstrType
from pglast.parser import ParseError
from pglast.stream import RawStream

from pgwright.model.names import quote, shorten
from pgwright.sqltext.nodes import ast, walk
from pgwright.sqltext.text import is_too_deep

_SEPARABLE = {ConstrType.CONSTR_CHECK, ConstrType.CONSTR_FOREIGN, ConstrType.CONSTR_UNIQUE}


@dataclass(frozen=True)
class Reworded:
    """A statement that adds a constraint, apart from what it would validate."""

    others: str
    """The rest of the statement, to run before; "" where there is none."""
    table: str
    """As it was written, quoted where it needs it."""
    name: str
    """Of the constraint; where the statement gave none, that which PostgreSQL gives it."""
    body: str
    """`CHECK (a > 0)`, without its name."""
    columns: tuple[str, ...] = ()
    using: str = ""
    """What a constraint says beside its keys: ` DEFERRABLE INITIALLY DEFERRED`."""
    include: tuple[str, ...] = ()
    nulls_not_distinct: bool = False


def plain(text: str) -> str:
    """Return a statement as the server gets it: a driver that takes `%s` for a parameter is sent `%%`."""
    return text.replace("%%", "%").strip().rstrip(";").rstrip()


def concurrently(text: str) -> str:
    """Return the statement that does the same CONCURRENTLY; "" where there is no such form, or it names several.

    >>> concurrently("CREATE INDEX ix ON note (title)")
    'CREATE INDEX CONCURRENTLY ix ON note (title)'
    """
    node = _only(text)
    if isinstance(node, ast.DropStmt) and len(node.objects) > 1:
        return ""
    if isinstance(node, ast.IndexStmt | ast.RefreshMatViewStmt | ast.DropStmt):
        node.concurrent = True
    elif isinstance(node, ast.ReindexStmt):
        options = [one for one in node.params or () if one.defname != "concurrently"]
        node.params = (*options, ast.DefElem(defname="concurrently"))
    elif isinstance(node, ast.AlterTableStmt) and len(node.cmds) == 1:
        if node.cmds[0].subtype != At.AT_DetachPartition:
            return ""
        node.cmds[0].def_.concurrent = True
    else:
        return ""
    return str(RawStream()(node))


def index_elements(text: str) -> tuple[str, ...]:
    """Return the keys of a CREATE INDEX as they are written; () where it is none."""
    node = _only(text)
    return tuple(str(RawStream()(one)) for one in node.indexParams) if isinstance(node, ast.IndexStmt) else ()


def index_condition(text: str) -> str:
    """Return the predicate of a CREATE INDEX; "" where it has none."""
    node = _only(text)
    return str(RawStream()(node.whereClause)) if isinstance(node, ast.IndexStmt) and node.whereClause else ""


def on_only(text: str, table: str, name: str, *, is_part: bool) -> str:
    """Return CREATE INDEX for a partitioned table alone, or concurrently for one of its parts."""
    node = _only(text)
    if not isinstance(node, ast.IndexStmt):
        return ""
    node.relation = _only(f"TABLE {table}").fromClause[0]
    node.relation.inh, node.concurrent, node.idxname = is_part, is_part, name
    return str(RawStream()(node))


def constraint(text: str) -> Reworded | None:
    """Return the constraint that an ALTER TABLE adds, apart from what else it does; None where it adds not just one."""
    node = _only(text)
    if not isinstance(node, ast.AlterTableStmt):
        return None
    added = [one for one in node.cmds if one.subtype == At.AT_AddConstraint]
    found = [*(one.def_ for one in added), *(each for one in node.cmds for each in _of_new_column(one))]
    if len(found) != 1:
        return None
    definition, table = found[0], str(RawStream()(node.relation))
    name = definition.conname or _given_name(node.relation.relname, definition)
    node.cmds = tuple(one for one in node.cmds if one not in added)
    others = str(RawStream()(node)) if node.cmds else ""
    definition.conname = None
    definition.skip_validation = False
    keys = tuple(one.sval for one in definition.keys or definition.fk_attrs or ())
    return Reworded(
        others, table, name, str(RawStream()(definition)), keys, _timing(definition),
        tuple(one.sval for one in definition.including or ()), bool(definition.nulls_not_distinct),
    )  # fmt: skip


def single_update(text: str) -> tuple[str, dict[str, str], str] | None:
    """Return table, what is set, and the condition of an UPDATE that reads no other table; None: it is no such one."""
    node = _only(text)
    if not isinstance(node, ast.UpdateStmt) or node.fromClause or node.withClause or node.relation.alias:
        return None
    if any(one.name is None or not isinstance(one, ast.ResTarget) for one in node.targetList):
        return None
    if any(isinstance(one.val, ast.MultiAssignRef | ast.SetToDefault) for one in node.targetList):
        return None
    if any(True for _ in walk(node, (ast.SubLink, ast.ParamRef))):
        return None
    sets = {one.name: str(RawStream()(one.val)) for one in node.targetList}
    condition = str(RawStream()(node.whereClause)) if node.whereClause else ""
    return str(RawStream()(node.relation)), sets, condition


def _only(text: str) -> Any:
    """Return the tree of a statement, ours to change; None where there are several, or the parser takes none."""
    if "\0" in text or is_too_deep(text):
        return None
    try:
        statements = parse_sql(plain(text))
    except (ParseError, UnicodeError, RecursionError):
        return None
    return statements[0].stmt if len(statements) == 1 else None


def _of_new_column(command: Any) -> Iterator[Any]:
    """Yield the constraints of a new column as constraints of its table, and take them from the column."""
    if command.subtype != At.AT_AddColumn:
        return
    column = command.def_
    apart = [one for one in column.constraints or () if one.contype in _SEPARABLE]
    column.constraints = tuple(one for one in column.constraints or () if one not in apart) or None
    for one in apart:
        keys = (ast.String(sval=column.colname),)
        if one.contype == ConstrType.CONSTR_FOREIGN:
            one.fk_attrs = keys
        elif one.contype != ConstrType.CONSTR_CHECK:
            one.keys = keys
        yield one


def _timing(node: Any) -> str:
    if not node.deferrable:
        return ""
    return " DEFERRABLE INITIALLY DEFERRED" if node.initdeferred else " DEFERRABLE"


def _given_name(table: str, node: Any) -> str:
    """Return the name that PostgreSQL gives a constraint, as long as no other has it.

    Source: src/backend/commands/indexcmds.c, ChooseIndexNameAddition; commands/tablecmds.c,
    ChooseForeignKeyConstraintNameAddition; catalog/heap.c, AddRelationNewConstraints: a CHECK is called after its
    column where it has only one.
    """
    if node.contype == ConstrType.CONSTR_PRIMARY:
        return shorten(f"{table}_pkey")
    suffix = {ConstrType.CONSTR_FOREIGN: "fkey", ConstrType.CONSTR_UNIQUE: "key", ConstrType.CONSTR_EXCLUSION: "excl"}
    if node.contype == ConstrType.CONSTR_CHECK:
        used = {one.fields[-1].sval for one in walk(node.raw_expr, ast.ColumnRef) if hasattr(one.fields[-1], "sval")}
        columns = sorted(used) if len(used) == 1 else []
        return shorten("_".join([table, *columns, "check"]))
    keys = [one.sval for one in (*(node.keys or node.fk_attrs or ()), *(node.including or ()))]
    return shorten("_".join([table, *keys, suffix.get(node.contype, "check")]))


def quoted(columns: tuple[str, ...]) -> str:
    """Return columns as they stand in a statement.

    >>> quoted(("id", "Order"))
    'id, "Order"'
    """
    return ", ".join(map(quote, columns))
