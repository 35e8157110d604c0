"""The default of a column that holds UUIDs as text, as one of type uuid."""

from __future__ import annotations

from typing import Any

from pglast import ast, parse_sql
from pglast.parser import ParseError
from pglast.stream import RawStream

_UUID_FUNCTIONS = {
    "gen_random_uuid", "uuidv4", "uuidv7", "uuid_generate_v1", "uuid_generate_v1mc", "uuid_generate_v4",
}  # fmt: skip


def uuid_default(default: str) -> str:
    """Return a text default as one of type uuid.

    >>> uuid_default("(gen_random_uuid())::text")
    'gen_random_uuid()'
    >>> uuid_default("replace((public.uuid_generate_v4())::text, '-'::text, ''::text)")
    'public.uuid_generate_v4()'
    >>> uuid_default("md5(random()::text)")
    '(md5(random()::text))::uuid'
    """
    try:
        statement: Any = parse_sql(f"SELECT {default}")[0].stmt
    except ParseError:
        return f"({default})::uuid"
    node = statement.targetList[0].val
    while True:
        name = node.funcname[-1].sval if isinstance(node, ast.FuncCall) and node.funcname else ""
        if name in _UUID_FUNCTIONS:
            return str(RawStream()(node))
        if isinstance(node, ast.TypeCast):
            node = node.arg
        elif name in ("replace", "lower", "upper"):
            node = node.args[0]
        else:
            return f"({default})::uuid"
