"""A statement of a migration to the changes that it asks for: one for each part of an ALTER TABLE."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pglast import parse_sql
from pglast.enums import AlterTableType as At
from pglast.enums import ConstrType, DropBehavior, ObjectType
from pglast.enums.parsenodes import ReindexObjectType
from pglast.parser import ParseError
from pglast.stream import RawStream

from pgwright.model.migration import Action, ActionKind, RelationRef
from pgwright.sqltext.nodes import ast
from pgwright.sqltext.text import is_too_deep


def read_actions(text: str) -> tuple[Action, ...]:
    """Return the changes that a script asks for, in their order; () where the parser does not take it."""
    if "\0" in text or is_too_deep(text):
        return ()
    try:
        statements = parse_sql(text)
    except (ParseError, UnicodeError, RecursionError):
        return ()
    return tuple(action for one in statements for action in _actions(one.stmt))


def count_statements(text: str) -> int | None:
    """Return how many statements a text holds; None where the parser does not take it."""
    try:
        return len(parse_sql(text))
    except (ParseError, UnicodeError, RecursionError):
        return None


def _actions(node: Any) -> Iterator[Action]:
    reader = _READERS.get(type(node))
    if reader is None:
        yield Action(_PLAIN.get(type(node), "other"))
    else:
        yield from reader(node)


def _ref(node: Any) -> RelationRef | None:
    return None if node is None else RelationRef(node.relname, node.schemaname or "")


def _ref_of(names: Any) -> RelationRef:
    parts = [one.sval for one in names]
    return RelationRef(parts[-1], parts[-2] if len(parts) > 1 else "")


def _sql(node: Any) -> str:
    return "" if node is None else str(RawStream()(node))


def _alter_table(node: Any) -> Iterator[Action]:
    table = _ref(node.relation)
    if node.objtype not in (ObjectType.OBJECT_TABLE, ObjectType.OBJECT_FOREIGN_TABLE):
        yield Action(_ALTERED.get(node.objtype, "other"), table, is_concurrent=False, if_exists=bool(node.missing_ok))
        return
    for command in node.cmds:
        yield from _alter_command(table, command)


def _alter_command(table: RelationRef | None, command: Any) -> Iterator[Action]:
    kind = _COMMANDS.get(command.subtype, "other table change")
    text, name = _command_text(command), command.name or ""
    if kind == "add column":
        column = _column(table, command.def_, text, if_exists=bool(command.missing_ok))
        yield column
        yield from _constraints_of(table, command.def_)
    elif command.subtype == At.AT_AddConstraint:
        yield _constraint(table, command.def_, text)
    elif kind == "change type":
        using = _sql(command.def_.raw_default) or None
        yield Action(kind, table, name, type=_sql(command.def_.typeName), default=using, text=text)
    elif kind == "set default":
        is_set = command.def_ is not None
        yield Action(kind if is_set else "drop default", table, name, default=_sql(command.def_) or None, text=text)
    elif kind in ("attach partition", "detach partition", "finalize detach"):
        partition = command.def_
        is_concurrent = bool(getattr(partition, "concurrent", False))
        yield Action(kind, table, references=_ref(partition.name), is_concurrent=is_concurrent, text=text)
    else:
        is_cascade = command.behavior == DropBehavior.DROP_CASCADE
        yield Action(kind, table, name, if_exists=bool(command.missing_ok), is_cascade=is_cascade, text=text)


def _command_text(command: Any) -> str:
    return "" if command.def_ is None else _sql(command.def_)


def _column(table: RelationRef | None, column: Any, text: str, *, if_exists: bool = False) -> Action:
    default, is_not_null = None, False
    for one in column.constraints or ():
        if one.contype in (ConstrType.CONSTR_DEFAULT, ConstrType.CONSTR_GENERATED):
            default = _sql(one.raw_expr)
        is_not_null |= one.contype in (ConstrType.CONSTR_NOTNULL, ConstrType.CONSTR_PRIMARY)
    return Action(
        "add column", table, column.colname, type=_sql(column.typeName), default=default, is_not_null=is_not_null,
        if_exists=if_exists, text=text,
    )  # fmt: skip


def _constraints_of(table: RelationRef | None, column: Any) -> Iterator[Action]:
    """Yield the constraints that a new column has besides NOT NULL."""
    for one in column.constraints or ():
        if one.contype == ConstrType.CONSTR_IDENTITY:
            yield Action("add identity", table, column.colname)
        elif (found := _constraint(table, one, _sql(one), (column.colname,))).kind not in (
            "other table change",
            "add not null",
        ):
            yield found


def _constraint(table: RelationRef | None, node: Any, text: str, columns: tuple[str, ...] = ()) -> Action:
    named = tuple(one.sval for one in (*(node.keys or ()), *(node.fk_attrs or ())))
    return Action(
        _CONSTRAINTS.get(node.contype, "other table change"), table, node.conname or "",
        references=_ref(node.pktable), columns=named or columns,
        is_unique=node.contype in (ConstrType.CONSTR_UNIQUE, ConstrType.CONSTR_PRIMARY),
        is_not_valid=bool(node.skip_validation), using_index=node.indexname or "",
        default=_sql(node.raw_expr) or None, text=text,
    )  # fmt: skip


def _create_table(node: Any) -> Iterator[Action]:
    table = _ref(node.relation)
    yield Action("create table", table, if_exists=bool(node.if_not_exists))
    for element in node.tableElts or ():
        if isinstance(element, ast.ColumnDef):
            yield _column(table, element, _sql(element))
            yield from _constraints_of(table, element)
        elif isinstance(element, ast.Constraint):
            yield _constraint(table, element, _sql(element))


def _create_index(node: Any) -> Iterator[Action]:
    columns = tuple(one.name or "" for one in node.indexParams or ())
    yield Action(
        "create index", _ref(node.relation), node.idxname or "", columns=columns,
        is_concurrent=bool(node.concurrent), is_unique=bool(node.unique), if_exists=bool(node.if_not_exists),
    )  # fmt: skip


def _drop(node: Any) -> Iterator[Action]:
    kind = _DROPPED.get(node.removeType, "other")
    for one in node.objects or ():
        # A function has its arguments beside its name, a type is a name with modifiers.
        names = getattr(one, "objname", None) or getattr(one, "names", one)
        parts = names if isinstance(names, tuple | list) else (names,)
        strings = [each for each in parts if isinstance(each, ast.String)]
        owner = strings[:-1] if node.removeType in _OF_A_TABLE else strings
        yield Action(
            kind, _ref_of(owner) if owner else None, strings[-1].sval if strings else "",
            is_concurrent=bool(node.concurrent), if_exists=bool(node.missing_ok),
            is_cascade=node.behavior == DropBehavior.DROP_CASCADE,
        )  # fmt: skip


def _rename(node: Any) -> Iterator[Action]:
    kind = _RENAMED.get(node.renameType, "other")
    old = node.subname or (node.relation.relname if node.relation is not None else "")
    yield Action(kind, _ref(node.relation), old, node.newname or "", if_exists=bool(node.missing_ok))


def _set_schema(node: Any) -> Iterator[Action]:
    yield Action("set schema", _ref(node.relation), new_name=node.newschema or "", if_exists=bool(node.missing_ok))


def _enum(node: Any) -> Iterator[Action]:
    name = node.typeName[-1].sval
    if node.oldVal:
        yield Action("rename enum value", name=node.oldVal, new_name=node.newVal or "", type=name)
    else:
        yield Action("add enum value", name=node.newVal or "", type=name, if_exists=bool(node.skipIfNewValExists))


def _reindex(node: Any) -> Iterator[Action]:
    is_concurrent = any(one.defname == "concurrently" for one in node.params or ())
    is_index = node.kind == ReindexObjectType.REINDEX_OBJECT_INDEX
    name = node.relation.relname if node.relation is not None else node.name or ""
    yield Action("reindex", None if is_index else _ref(node.relation), name, is_concurrent=is_concurrent)


def _refresh(node: Any) -> Iterator[Action]:
    yield Action("refresh materialized view", _ref(node.relation), is_concurrent=bool(node.concurrent))


def _truncate(node: Any) -> Iterator[Action]:
    is_cascade = node.behavior == DropBehavior.DROP_CASCADE
    for one in node.relations:
        yield Action("truncate", _ref(one), is_cascade=is_cascade)


def _create_as(node: Any) -> Iterator[Action]:
    is_view = node.objtype == ObjectType.OBJECT_MATVIEW
    yield Action("create materialized view" if is_view else "create table as", _ref(node.into.rel))


def _transaction(node: Any) -> Iterator[Action]:
    word = node.kind.name.removeprefix("TRANS_STMT_").lower()
    kinds: Mapping[str, ActionKind] = {"begin": "begin", "start": "begin", "commit": "commit", "rollback": "rollback"}
    yield Action(kinds.get(word, "savepoint"))


def _set(node: Any) -> Iterator[Action]:
    yield Action("set", name=node.name or "", default=", ".join(map(_sql, node.args or ())) or None)


def _vacuum(node: Any) -> Iterator[Action]:
    kind: ActionKind = "vacuum" if node.is_vacuumcmd else "analyze"
    tables = [_ref(one.relation) for one in node.rels or ()]
    yield from (Action(kind, table) for table in tables or [None])


def _lock(node: Any) -> Iterator[Action]:
    yield from (Action("lock table", _ref(one)) for one in node.relations)


def _on_relation(kind: ActionKind) -> Callable[[Any], Iterator[Action]]:
    def read(node: Any) -> Iterator[Action]:
        yield Action(kind, _ref(getattr(node, "relation", None)))

    return read


def _on_sequence(kind: ActionKind) -> Callable[[Any], Iterator[Action]]:
    def read(node: Any) -> Iterator[Action]:
        yield Action(kind, _ref(node.sequence), if_exists=bool(getattr(node, "missing_ok", False)))

    return read


def _select(node: Any) -> Iterator[Action]:
    """Yield what a query does besides: it may make a table, and change others in its WITH clause."""
    if node.intoClause is not None:
        yield Action("create table as", _ref(node.intoClause.rel))
        return
    for one in node.withClause.ctes if node.withClause is not None else ():
        if type(one.ctequery) in _WRITING:
            yield from _actions(one.ctequery)
    yield Action("select")


def _create_statistics(node: Any) -> Iterator[Action]:
    tables = [one for one in node.relations or () if isinstance(one, ast.RangeVar)]
    name = node.defnames[-1].sval if node.defnames else ""
    yield Action("create statistics", _ref(tables[0]) if tables else None, name)


def _named(kind: ActionKind, field: str) -> Callable[[Any], Iterator[Action]]:
    def read(node: Any) -> Iterator[Action]:
        found = getattr(node, field)
        name = found if isinstance(found, str) else found[-1].sval if found else ""
        table = getattr(node, "relation", None) or getattr(node, "table", None)
        yield Action(kind, _ref(table), name)

    return read


_WRITING = (ast.InsertStmt, ast.UpdateStmt, ast.DeleteStmt, ast.MergeStmt)
_COMMANDS: Mapping[Any, ActionKind] = {
    At.AT_AddColumn: "add column", At.AT_DropColumn: "drop column", At.AT_AlterColumnType: "change type",
    At.AT_ColumnDefault: "set default", At.AT_SetNotNull: "set not null", At.AT_DropNotNull: "drop not null",
    At.AT_SetStatistics: "set statistics", At.AT_AddIdentity: "add identity", At.AT_DropIdentity: "drop identity",
    At.AT_DropExpression: "drop expression", At.AT_ValidateConstraint: "validate constraint",
    At.AT_DropConstraint: "drop constraint", At.AT_AlterConstraint: "alter constraint",
    At.AT_AttachPartition: "attach partition", At.AT_DetachPartition: "detach partition",
    At.AT_DetachPartitionFinalize: "finalize detach", At.AT_EnableRowSecurity: "enable row security",
    At.AT_DisableRowSecurity: "disable row security", At.AT_SetRelOptions: "set parameters",
    At.AT_ResetRelOptions: "set parameters", At.AT_SetTableSpace: "set tablespace", At.AT_SetLogged: "set logged",
    At.AT_SetUnLogged: "set logged", At.AT_SetAccessMethod: "set access method",
    At.AT_ReplicaIdentity: "replica identity", At.AT_ClusterOn: "cluster", At.AT_ChangeOwner: "change owner",
    At.AT_EnableTrig: "enable trigger", At.AT_DisableTrig: "disable trigger",
    At.AT_EnableTrigAll: "enable trigger", At.AT_DisableTrigAll: "disable trigger",
    At.AT_EnableTrigUser: "enable trigger", At.AT_DisableTrigUser: "disable trigger",
}  # fmt: skip
_CONSTRAINTS: Mapping[Any, ActionKind] = {
    ConstrType.CONSTR_CHECK: "add check", ConstrType.CONSTR_FOREIGN: "add foreign key",
    ConstrType.CONSTR_UNIQUE: "add unique", ConstrType.CONSTR_PRIMARY: "add primary key",
    ConstrType.CONSTR_EXCLUSION: "add exclusion", ConstrType.CONSTR_NOTNULL: "add not null",
}  # fmt: skip
_DROPPED: Mapping[Any, ActionKind] = {
    ObjectType.OBJECT_TABLE: "drop table", ObjectType.OBJECT_INDEX: "drop index", ObjectType.OBJECT_VIEW: "drop view",
    ObjectType.OBJECT_MATVIEW: "drop materialized view", ObjectType.OBJECT_SEQUENCE: "drop sequence",
    ObjectType.OBJECT_SCHEMA: "drop schema", ObjectType.OBJECT_TYPE: "drop type",
    ObjectType.OBJECT_DOMAIN: "drop type", ObjectType.OBJECT_TRIGGER: "drop trigger",
    ObjectType.OBJECT_FUNCTION: "drop function", ObjectType.OBJECT_FOREIGN_TABLE: "drop table",
}  # fmt: skip
_OF_A_TABLE = (ObjectType.OBJECT_TRIGGER, ObjectType.OBJECT_POLICY, ObjectType.OBJECT_RULE)
"""Named within their table: `DROP TRIGGER name ON table`."""
_RENAMED: Mapping[Any, ActionKind] = {
    ObjectType.OBJECT_COLUMN: "rename column", ObjectType.OBJECT_TABLE: "rename table",
    ObjectType.OBJECT_VIEW: "rename table", ObjectType.OBJECT_MATVIEW: "rename table",
    ObjectType.OBJECT_FOREIGN_TABLE: "rename table",
    ObjectType.OBJECT_INDEX: "rename index", ObjectType.OBJECT_TABCONSTRAINT: "rename constraint",
    ObjectType.OBJECT_SCHEMA: "rename schema",
}  # fmt: skip
_ALTERED: Mapping[Any, ActionKind] = {
    ObjectType.OBJECT_INDEX: "attach index", ObjectType.OBJECT_SEQUENCE: "alter sequence",
}  # fmt: skip
_PLAIN: Mapping[Any, ActionKind] = {
    ast.DoStmt: "do", ast.CallStmt: "call", ast.GrantStmt: "grant",
    ast.CommentStmt: "comment",
    ast.CreateFunctionStmt: "create function",
    ast.DropdbStmt: "drop database", ast.CreatedbStmt: "create database",
    ast.CompositeTypeStmt: "create type", ast.DefineStmt: "create type",
    ast.CreateExtensionStmt: "create extension", ast.CreateRangeStmt: "create type",
}  # fmt: skip
_READERS: Mapping[Any, Callable[[Any], Iterator[Action]]] = {
    ast.AlterTableStmt: _alter_table, ast.CreateStmt: _create_table, ast.IndexStmt: _create_index,
    ast.DropStmt: _drop, ast.RenameStmt: _rename, ast.AlterObjectSchemaStmt: _set_schema,
    ast.AlterEnumStmt: _enum, ast.ReindexStmt: _reindex, ast.RefreshMatViewStmt: _refresh,
    ast.TruncateStmt: _truncate, ast.CreateTableAsStmt: _create_as, ast.TransactionStmt: _transaction,
    ast.VariableSetStmt: _set, ast.VacuumStmt: _vacuum, ast.LockStmt: _lock,
    ast.InsertStmt: _on_relation("insert"), ast.UpdateStmt: _on_relation("update"),
    ast.DeleteStmt: _on_relation("delete"), ast.MergeStmt: _on_relation("merge"), ast.CopyStmt: _on_relation("copy"),
    ast.ClusterStmt: _on_relation("cluster"), ast.SelectStmt: _select,
    ast.CreateSeqStmt: _on_sequence("create sequence"), ast.AlterSeqStmt: _on_sequence("alter sequence"),
    ast.CreateStatsStmt: _create_statistics,
    ast.CreatePolicyStmt: lambda node: iter((Action("create policy", _ref(node.table), node.policy_name),)),
    ast.RuleStmt: lambda node: iter((Action("other", _ref(node.relation), node.rulename),)),
    ast.CreateTrigStmt: _named("create trigger", "trigname"),
    ast.CreatePolicyStmt: _named("create policy", "policy_name"),
    ast.CreateEnumStmt: _named("create enum", "typeName"), ast.CreateDomainStmt: _named("create domain", "domainname"),
    ast.AlterDomainStmt: _named("alter domain", "typeName"),
    ast.CreateSchemaStmt: _named("create schema", "schemaname"),
    ast.ViewStmt: lambda node: iter((Action("create view", _ref(node.view)),)),
}  # fmt: skip
