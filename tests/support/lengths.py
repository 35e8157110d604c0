"""How long a report may be: a first screen of 40 lines, 120 in all, at a width of 100."""

from __future__ import annotations

FIRST_SCREEN, WHOLE, WIDTH = 40, 120, 100


def screens(text: str) -> tuple[int, int]:
    """Return the lines of the first screen, and of all."""
    lines = text.splitlines()
    rest = [number for number, line in enumerate(lines) if line.startswith(("All others", "Findings, worst"))]
    return (rest[0] if rest else len(lines)), len(lines)


def require_short(text: str) -> None:
    first, whole = screens(text)
    assert first <= FIRST_SCREEN, text
    assert whole <= WHOLE, text
    assert max(map(len, text.splitlines())) <= WIDTH
