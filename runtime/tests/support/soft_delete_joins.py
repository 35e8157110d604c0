"""Random SELECT statements of Core, on tables: trees of joins of every kind."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    and_,
    func,
    join,
    or_,
    select,
    tablesample,
    text,
)

from runtime.tests.support.soft_delete_answers import answer
from runtime.tests.support.soft_delete_parts import Condition, Parts, Run


class Tables(Parts):
    """SELECT statements of Core."""

    def make_core_joins(self, told: list[Any]) -> Run:
        leaves: list[Any] = []
        tree = self._tree(leaves, self.random.randint(1, 3))
        columns = [column for leaf in leaves for column in list(leaf.c)[:3]]
        statement = select(*columns).select_from(tree)
        for leaf in leaves:
            if "rank" in leaf.c and self.is_chance(0.3):
                statement = statement.where(or_(leaf.c.rank > 1, leaf.c.rank.is_(None)))
        if self.is_chance(0.3):
            statement = select(func.count(), func.count(columns[0])).select_from(tree)
        told.append(statement)
        return lambda session: answer(session.execute(statement))

    def _tree(self, leaves: list[Any], depth: int) -> Any:
        if depth == 0 or self.is_chance(0.2):
            table = self.random.choice(self.world.tables)
            form = self.random.choice(("alias", "alias", "table", "sample", "subquery"))
            leaf: Any = table if form == "table" and table not in leaves else table.alias()
            if form == "sample":
                leaf = tablesample(table, func.bernoulli(100))
            elif form == "subquery":
                leaf = select(table).subquery()
            leaves.append(leaf)
            return leaf
        mine: list[Any] = []
        theirs: list[Any] = []
        left, right = self._tree(mine, depth - 1), self._tree(theirs, depth - 1)
        condition = self.random.choice(self._pairs(mine, theirs))
        if self.is_chance(0.2):
            condition = and_(condition, text("(1 = 1 OR 1 = 0)"))
        leaves += mine + theirs
        return join(left, right, condition, isouter=self.is_chance(0.5), full=self.is_chance(0.15))

    def _pairs(self, mine: list[Any], theirs: list[Any]) -> list[Condition]:
        """Return conditions: by foreign keys, else by what is at hand."""
        number = [
            (one, other)
            for left in mine
            for right in theirs
            for one in left.c
            for other in right.c
            if one.name not in ("kind", "name", "deleted_at") and other.name not in ("kind", "name", "deleted_at")
        ]
        likely = [pair for pair in number if "id" in (pair[0].name, pair[1].name)]
        return [one == other for one, other in likely or number]

    def make_core_tables(self, told: list[Any]) -> Run:
        table = self.random.choice(self.world.tables)
        statement: Any = self.random.choice((select(table), table.select(), select(func.count()).select_from(table)))
        if self.is_chance(0.3):
            statement = select(table.alias())
        told.append(statement)
        return lambda session: answer(session.execute(statement))
