"""Figures as people read them, with their unit."""

from __future__ import annotations

import math
from collections.abc import Sequence


def milliseconds(value: float) -> str:
    """Return a time with two or three significant digits.

    >>> milliseconds(0.042), milliseconds(3.14), milliseconds(314.1), milliseconds(31400)
    ('0.042 ms', '3.1 ms', '314 ms', '31.4 s')
    """
    if value >= 10_000:
        return f"{value / 1000:,.1f} s"
    if value >= 1000:
        return f"{value / 1000:.2f} s"
    if value >= 10:
        return f"{value:.0f} ms"
    if value >= 1:
        return f"{value:.1f} ms"
    return f"{value:.3f} ms" if value < 0.1 else f"{value:.2f} ms"


def duration(seconds: float) -> str:
    """Return a longer time.

    >>> duration(0.4), duration(42), duration(600), duration(9000)
    ('under 1 s', '42 s', '10 min', '2.5 h')
    """
    if seconds < 1:
        return "under 1 s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def size(count: float) -> str:
    """Return bytes in the unit that fits, 1 kB being 1,024 bytes as PostgreSQL counts.

    >>> size(0), size(8192), size(-123456789)
    ('0 B', '8.0 kB', '-117.7 MB')
    """
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if abs(amount) < 1024:
            return f"{amount:,.0f} B" if unit == "B" else f"{amount:,.1f} {unit}"
        amount /= 1024
    return f"{amount:,.1f} TB"


def ratio(value: float) -> str:
    """Return how many times.

    >>> ratio(1.04), ratio(12.34), ratio(0.5), ratio(float("inf"))
    ('1.0×', '12×', '0.50×', '∞×')
    """
    return f"{times(value)}×"


def times(value: float) -> str:
    """Return how many times, for a sentence that says `times` itself.

    >>> times(9.94), times(1234.5), times(0.004), times(0.00004)
    ('9.9', '1,234', '0.004', 'under 0.001')
    """
    if math.isinf(value):
        return "∞"
    if value >= 10:
        return f"{value:,.0f}"
    if value >= 0.01 or value == 0:
        return f"{value:.1f}" if value >= 1 else f"{value:.2f}"
    return f"{value:.3f}" if value >= 0.001 else "under 0.001"


def cost(value: float) -> str:
    """Return a planner cost, which has no unit.

    >>> cost(8.4512), cost(123456.7)
    ('8.45', '123,457')
    """
    return f"{value:,.2f}" if value < 1000 else f"{value:,.0f}"


def share(value: float) -> str:
    """Return a share of 1 in percent.

    >>> share(0.1234), share(0.0004), share(0)
    ('12.3 %', 'under 0.1 %', '0.0 %')
    """
    return "under 0.1 %" if 0 < value < 0.001 else f"{value:.1%}".replace("%", " %")


def count(number: float, noun: str = "") -> str:
    """Return a whole number, with its noun where one is given.

    >>> count(1234567.2), count(1, "index"), count(1234, "query")
    ('1,234,567', '1 index', '1,234 queries')
    """
    said = f"{number:,.0f}"
    return f"{said} {noun if said == '1' else _plural(noun)}" if noun else said


def listing(names: Sequence[str], most: int = 6) -> str:
    """Return names in a row, with a count instead of the tail.

    >>> listing(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most:,} more" if len(names) > most else shown


def _plural(noun: str) -> str:
    if noun.endswith(("index", "ch")):
        return noun + "es"
    return noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
