"""Without the extra, limits work in a process, and a store that needs more says what to install."""

from __future__ import annotations

import subprocess
import sys

import pytest

import pgwright_runtime.limits

_WITHOUT = """
import sys
for name in ("redis", "limits"):
    sys.modules[name] = None
from pgwright_runtime.limits import Limit, Limiter, Bulkhead
Limiter(Limit(requests=1, seconds=1, by=lambda scope: ""))
try:
    from pgwright_runtime.limits import {store}
except ImportError as error:
    print(error)
"""


@pytest.mark.parametrize(("store", "needed"), [("RedisCounts", "redis"), ("LibraryCounts", "limits")])
def test_a_store_names_the_extra_that_it_needs(store: str, needed: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _WITHOUT.format(store=store)], capture_output=True, text=True, check=True
    )
    assert ran.stdout == f"{store} needs {needed}. Run: pip install 'pgwright-runtime[limits]'\n"


def test_every_public_name_is_there_and_no_other() -> None:
    assert all(getattr(pgwright_runtime.limits, name) for name in pgwright_runtime.limits.__all__)
    with pytest.raises(AttributeError, match="Nothing"):
        pgwright_runtime.limits.Nothing  # type: ignore[attr-defined]  # noqa: B018
