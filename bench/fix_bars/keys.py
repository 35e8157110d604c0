"""Keys that become uuid when that is asked for, and stay str in Python: what the app answers, types too."""

from __future__ import annotations

import re
from collections.abc import Iterator

from query_bars.figures import Figure, at_least, at_most

from fix_bars.app_before import APPS, Checkout, checked_out
from fix_bars.pull_request import deploy, exit_code

_FIX = ("pgwright", "fix", "--breaking", "--write")
_CONVERTED = re.compile(r"Convert (\d+) columns? of \d+ tables? to uuid")


def measure() -> Iterator[Figure]:
    for app in APPS:
        with checked_out(app) as checkout:
            yield from _of_text_keys(checkout) if app.name == "notebook" else _of_numbers(checkout)


def _of_text_keys(checkout: Checkout) -> Iterator[Figure]:
    name, before, known = checkout.app.name, checkout.answers(), checkout.revisions()
    made = checkout.run(*_FIX)
    yield exit_code(f"{name}: fix --breaking --write", made)
    yield at_least(f"{name}: revisions that it writes", len(checkout.revisions() - known), "", 1)
    yield at_least(f"{name}: columns that it converts", sum(map(int, _CONVERTED.findall(made.stdout))), "", 1)
    yield from deploy(checkout, before)


def _of_numbers(checkout: Checkout) -> Iterator[Figure]:
    name, known = checkout.app.name, checkout.revisions()
    yield exit_code(f"{name}: fix --breaking --write", checkout.run(*_FIX))
    written = checkout.revisions() - known
    yield at_most(f"{name}: revisions that it writes, for keys that are numbers", len(written), "", 0)
