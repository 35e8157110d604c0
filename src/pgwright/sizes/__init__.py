"""How large an index would be, and how high; estimated from the statistics of its columns and the number of rows."""

from __future__ import annotations

from pgwright.model.index import IndexDefinition
from pgwright.model.snapshot import Snapshot
from pgwright.sizes.blocks import estimate_bloom, estimate_brin, estimate_gist, estimate_hash, estimate_spgist
from pgwright.sizes.btree import estimate_btree, tree_height
from pgwright.sizes.gin import estimate_gin
from pgwright.sizes.keys import included_of, keys_of
from pgwright.sizes.size import IndexSize
from pgwright.sizes.vectors import estimate_hnsw, estimate_ivfflat

__all__ = ["IndexSize", "estimate_size", "key_width", "tree_height"]

_ESTIMATES = {
    "btree": estimate_btree,
    "gin": estimate_gin,
    "brin": estimate_brin,
    "gist": estimate_gist,
    "spgist": estimate_spgist,
    "hash": estimate_hash,
    "hnsw": estimate_hnsw,
    "ivfflat": estimate_ivfflat,
}


def estimate_size(definition: IndexDefinition, snapshot: Snapshot, rows: float) -> IndexSize:
    """Estimate an index of so many rows, freshly built. One of an unknown method counts as bloom: 16 bytes a row.

    Columns count as independent where no unique key, foreign key, extended statistics or common order of the rows
    tells otherwise; where one column fixes another, equal keys are more than expected and the index is smaller.
    """
    estimate = _ESTIMATES.get(definition.method)
    return estimate(definition, snapshot, rows) if estimate else estimate_bloom(rows)


def key_width(definition: IndexDefinition, snapshot: Snapshot, *, with_included: bool = True) -> float:
    """Return the average bytes of the values in one index tuple."""
    keys = keys_of(definition, snapshot) + (included_of(definition, snapshot) if with_included else [])
    return sum(key.widths.average for key in keys)
