"""Which edits of the models give a foreign key its action on delete."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

from pgwright.code.app import App
from pgwright.code.edits import SetKeyword
from pgwright.code.index_call import literal
from pgwright.code.index_edits import Placed, Unclear
from pgwright.code.modules import Module
from pgwright.code.tables import DeclaredTable, listed
from pgwright.code.texts import keyword, text_of
from pgwright.model.change import CascadeDelete

Cascaded = Collection[tuple[str, tuple[str, ...]]]
"""The tables with the columns of each key that cascades afterwards."""


def cascading(change: CascadeDelete, table: DeclaredTable, app: App, cascaded: Cascaded) -> list[Placed]:
    """Return the edits after which a key says `ondelete="CASCADE"`; none where it does.

    Args:
        cascaded: a column that several tables share says it for all or for none.
    Raises: Unclear: no call of ForeignKey was found that makes it, or it makes others too.
    """
    found = list(_calls(change, table, app))
    if not found:
        raise Unclear("no ForeignKey was found that makes it")
    module, call = found[0]
    said = keyword(call, "ondelete")
    if said is not None and (text_of(said, module) or "").upper() == "CASCADE":
        return []
    column = table.column(change.columns[0]) if len(change.columns) == 1 else None
    if column is not None:
        others = [one for one in app.sharing(column) if one is not table]
        rest = [one for one in others if (one.name, change.columns) not in cascaded]
        if rest:
            raise Unclear(f"the column is declared for {listed(rest)} too, which keep theirs")
    return [(module, SetKeyword(call, "ondelete", literal("CASCADE", module.quote)))]


def _calls(change: CascadeDelete, table: DeclaredTable, app: App) -> Iterator[tuple[Module, ast.Call]]:
    """Yield the calls that make the key: beside its column, in SQLModel's Field, or among the table's arguments."""
    column = table.column(change.columns[0]) if len(change.columns) == 1 else None
    if column is not None and column.call is not None:
        if column.home.kind(column.call) == "Field" and keyword(column.call, "foreign_key") is not None:
            yield column.home, column.call
        inside = (node for one in column.call.args for node in ast.walk(one))
        yield from (
            (column.home, node)
            for node in inside
            if isinstance(node, ast.Call) and column.home.kind(node) == "ForeignKey"
        )
    keys = [one.key if (one := table.column(each)) else each for each in change.columns]
    for module, place in app.places_of_arguments(table):
        for node in ast.walk(place):
            if isinstance(node, ast.Call) and module.kind(node) == "ForeignKeyConstraint" and node.args:
                listed = node.args[0].elts if isinstance(node.args[0], ast.List | ast.Tuple) else []
                if [text_of(one, module) for one in listed] == keys:
                    yield module, node
