"""The process in which an app's models are imported: a question as JSON, an answer as JSON."""

from __future__ import annotations

import importlib
import json
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from importlib.machinery import SourceFileLoader
from operator import attrgetter
from pathlib import Path
from typing import Any

from sqlalchemy import MetaData, Table, UniqueConstraint
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


def main() -> None:
    """Answer the question in the first file into the second one."""
    asked, told = map(Path, sys.argv[1:3])
    question = json.loads(asked.read_text("utf-8"))
    try:
        answer = _answer(question)
    except BaseException as error:  # noqa: BLE001  the app's own code runs here, and may end the process
        answer = {"error": f"{type(error).__name__}: {error}"}
    told.write_text(json.dumps(answer), "utf-8")


def _answer(question: Mapping[str, Any]) -> dict[str, Any]:
    warnings.simplefilter("ignore")
    _overlay(question["changed"])
    sys.path[:0] = question["folders"]
    module = importlib.import_module(question["module"])
    for name in question["beside"]:
        if name.partition(".")[0] == question["module"].partition(".")[0]:
            importlib.import_module(name)
    found = [attrgetter(name)(module) for name in question["attributes"]]
    tables = dict(_tables(found, question["tables"]))
    return {
        "error": "",
        "tables": list(tables),
        "indexes": {name: sql for table in tables.values() for name, sql in _indexes(table)},
        "constraints": [name for table in tables.values() for name in _constraints(table)],
        "cascading": [f"{name}.{column}" for name, table in tables.items() for column in _cascading(table)],
        "types": {
            f"{name}.{column.name}": column.type.compile(_DIALECT)
            for name, table in tables.items()
            for column in table.columns
        },
    }


def _overlay(changed: Mapping[str, str]) -> None:
    """Let the import system read some files as they would be."""
    get_data, path_stats = SourceFileLoader.get_data, SourceFileLoader.path_stats

    def read(self: SourceFileLoader, path: str) -> bytes:
        text = changed.get(str(Path(path).absolute()))
        return get_data(self, path) if text is None else text.encode()

    def stats(self: SourceFileLoader, path: str) -> Mapping[str, Any]:
        # Without them no compiled file is taken in the place of the source.
        if str(Path(path).absolute()) in changed:
            raise OSError(path)
        return path_stats(self, path)

    SourceFileLoader.get_data, SourceFileLoader.path_stats = read, stats  # type: ignore[method-assign,assignment]


def _tables(found: Sequence[MetaData], wanted: Sequence[str]) -> Iterator[tuple[str, Table]]:
    for metadata in found:
        for table in metadata.tables.values():
            name = f"{table.schema or 'public'}.{table.name}"
            if name in wanted:
                yield name, table
            elif table.schema is None:
                # In whichever schema the search_path finds it.
                yield from ((one, table) for one in wanted if one.partition(".")[2] == table.name)


def _indexes(table: Table) -> Iterator[tuple[str, str]]:
    for index in table.indexes:
        sql = str(CreateIndex(index).compile(dialect=_DIALECT))
        yield _DIALECT.identifier_preparer.format_index(index).strip('"'), sql.replace("%%", "%")


def _cascading(table: Table) -> Iterator[str]:
    for one in table.foreign_key_constraints:
        if (one.ondelete or "").upper() == "CASCADE":
            yield ",".join(one.column_keys)


def _constraints(table: Table) -> Iterator[str]:
    for one in table.constraints:
        if isinstance(one, UniqueConstraint):
            name = _DIALECT.identifier_preparer.format_constraint(one)
            columns = "_".join(column.name for column in one.columns)
            # Unnamed, the server names it so.
            yield name.strip('"') if name else f"{table.name}_{columns}_key"
