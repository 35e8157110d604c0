"""When our comparators run: last, on what Alembic's own have found."""

from __future__ import annotations

from typing import Any

try:  # Since Alembic 1.18; before, functions ran in the order of their registration, so ours came last anyway.
    from alembic.util import DispatchPriority

    LAST: dict[str, Any] = {"priority": DispatchPriority.LAST}
except ImportError:  # pragma: no cover
    LAST = {}
