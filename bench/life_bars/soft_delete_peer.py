"""Judge sqlalchemy-easy-softdelete; run by `soft_delete.py` in an environment that has it, prints JSON."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy_easy_softdelete.mixin import generate_soft_delete_mixin_class  # type: ignore[import-not-found]

from runtime.tests.support.soft_delete_oracle import Hook, judging


class Mixin(generate_soft_delete_mixin_class()):  # type: ignore[misc]
    """As its README has it."""


@contextmanager
def off() -> Iterator[None]:
    """Keep it from the oracle: its listener is on every session of the process."""
    rewriter: Any = Mixin._sqlalchemy_easy_softdelete_rewriter
    rewriter.rewrite_statement = lambda statement: statement
    try:
        yield
    finally:
        del rewriter.rewrite_statement


def main(url: str, worlds: int, queries: int) -> None:
    wrong: Counter[str] = Counter()
    raised: Counter[str] = Counter()
    # It knows a table by the column alone.
    with judging(url, Hook(Mixin, lambda table: table, lambda engine: engine, off)) as judge:
        for seed in range(worlds):
            for failure in judge.failures(seed, queries):
                (raised if isinstance(failure.found, Exception) else wrong)[failure.query.kind] += 1
    print(json.dumps({"judged": judge.judged, "wrong": wrong, "raised": raised}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
