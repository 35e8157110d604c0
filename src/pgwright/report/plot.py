"""What the inline SVG charts share; they compute where things stand, and the pages only draw them."""

from __future__ import annotations

from dataclasses import dataclass

# In SVG user units; the picture scales with the page.
PLOT_WIDTH = 520.0


@dataclass(frozen=True)
class Tick:
    x: float
    label: str
