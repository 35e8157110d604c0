"""Which columns of a conversion are tied by foreign keys: their models change together, or none does."""

from __future__ import annotations

from pgwright.model.change import ColumnConversion, ConvertColumns
from pgwright.sqltext.foreign_keys import read_foreign_key


def linked(change: ConvertColumns) -> list[list[ColumnConversion]]:
    """Return the columns of a conversion in groups, each of those that its foreign keys tie."""
    groups = {(one.table, one.column): [one] for one in change.columns}
    for key in change.foreign_keys:
        for referring, referred in read_foreign_key(key.definition, key.table):
            left, right = groups.get(referring), groups.get(referred)
            if left is not None and right is not None and left is not right:
                left += right
                groups |= {(one.table, one.column): left for one in right}
    order = {one: number for number, one in enumerate(change.columns)}
    return [sorted(group, key=order.__getitem__) for group in {id(one): one for one in groups.values()}.values()]
