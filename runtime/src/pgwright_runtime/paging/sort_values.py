"""The sort values of a row as one text, for any type and either driver."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class SortValues(FunctionElement[str]):
    """A JSON array of expressions: first their values as PostgreSQL writes them in text, then their types.

    One element, where casts and function calls would be many: SQLAlchemy walks them all at each execution.
    """

    name = "pgwright_sort_values"
    type = Text()
    inherit_cache = True


@compiles(SortValues)
def _compile_sort_values(element: SortValues, compiler: SQLCompiler, **options: Any) -> str:
    expressions = [compiler.process(expression, **options) for expression in element.clauses]
    values = [f"CAST({expression} AS TEXT)" for expression in expressions]
    # -1 makes the names ones that a cast reads back: `character` would be cut to one character.
    types = [f"pg_catalog.format_type(pg_catalog.pg_typeof({expression}), -1)" for expression in expressions]
    return f"CAST(pg_catalog.json_build_array({', '.join([*values, *types])}) AS TEXT)"
