"""Figures as they are printed in evidence: with thousands separators and units."""

from __future__ import annotations

from collections.abc import Sequence

_BYTE_UNITS = ("B", "kB", "MB", "GB", "TB")


def count(number: float) -> str:
    """Return a whole number for people.

    >>> count(1234567.2)
    '1,234,567'
    """
    return f"{number:,.0f}"


def size(number_bytes: float) -> str:
    """Return a size, 1 kB being 1,024 bytes as PostgreSQL counts.

    >>> size(900), size(8192), size(5_400_000)
    ('900 B', '8.0 kB', '5.1 MB')
    """
    number, unit = float(number_bytes), _BYTE_UNITS[0]
    for larger in _BYTE_UNITS[1:]:
        if abs(number) < 1024:
            break
        number, unit = number / 1024, larger
    return f"{number:,.0f} B" if unit == "B" else f"{number:,.1f} {unit}"


def milliseconds(number_ms: float) -> str:
    """Return a duration given in milliseconds.

    >>> milliseconds(0.042), milliseconds(812.3), milliseconds(65_000)
    ('0.04 ms', '812 ms', '65.0 s')
    """
    if number_ms >= 10_000:
        return f"{number_ms / 1000:,.1f} s"
    return f"{number_ms:,.0f} ms" if number_ms >= 100 else f"{number_ms:,.2f} ms"


def share(part: float) -> str:
    """Return a share in [0, 1] as a percentage.

    >>> share(0.5), share(0.004)
    ('50 %', '0.4 %')
    """
    percent = part * 100
    return f"{percent:.0f} %" if percent >= 1 or percent == 0 else f"{percent:.1g} %"


def listing(names: Sequence[str], most: int = 6) -> str:
    """Return names in a row, with a count instead of the tail.

    >>> listing(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def one_line(statement: str, most: int = 100) -> str:
    """Return a statement on one line, cut where it gets long."""
    flat = " ".join(statement.split())
    return flat if len(flat) <= most else f"{flat[: most - 1]}…"
