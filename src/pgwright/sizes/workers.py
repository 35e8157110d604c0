"""How many parallel workers build an index: by the table's size and maintenance_work_mem, as the server decides it.

Source: plan_create_index_workers and compute_parallel_worker, src/backend/optimizer/plan/planner.c and path/allpaths.c.
"""

from __future__ import annotations

from pgwright.model.index import IndexDefinition
from pgwright.model.snapshot import Snapshot

_DEFAULT_MEMORY_KB = 64 * 1024
_MEMORY_EACH_KB = 32 * 1024
_DEFAULT_LEAST_PAGES = 1024  # min_parallel_table_scan_size
_DEFAULT_MOST = 2  # max_parallel_maintenance_workers
# The method, and since when it is built in parallel. GIN is from 18 on, and was hardly faster for it.
_PARALLEL_SINCE = {"btree": 11, "brin": 17, "hnsw": 13, "ivfflat": 13}


def workers(definition: IndexDefinition, snapshot: Snapshot, pages: int) -> int:
    """Return the workers that help to index a table of so many pages; none where the method has none."""
    since = _PARALLEL_SINCE.get(definition.method)
    if since is None or snapshot.server.major < since:
        return 0
    least = max(1, _setting(snapshot, "min_parallel_table_scan_size", _DEFAULT_LEAST_PAGES))
    found, threshold = 0, least
    while pages >= threshold:  # one more for each three times as many pages
        found, threshold = found + 1, threshold * 3
    by_memory = _setting(snapshot, "maintenance_work_mem", _DEFAULT_MEMORY_KB) // _MEMORY_EACH_KB - 1
    most = _setting(snapshot, "max_parallel_maintenance_workers", _DEFAULT_MOST)
    return max(0, min(found, by_memory, most))


def maintenance_bytes(snapshot: Snapshot) -> int:
    """Return maintenance_work_mem."""
    return _setting(snapshot, "maintenance_work_mem", _DEFAULT_MEMORY_KB) * 1024


def _setting(snapshot: Snapshot, name: str, default: int) -> int:
    known = snapshot.setting_by_name.get(name)
    return int(known.raw) if known is not None and known.raw.isdigit() else default
