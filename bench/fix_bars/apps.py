"""Five findings of an app answered by one pull request: how long its revision is, and whether it passes and helps."""

from __future__ import annotations

from collections.abc import Iterator

from query_bars.figures import Figure, at_least, at_most, shown

from fix_bars.app_before import APPS, Checkout, checked_out
from fix_bars.pull_request import deploy, exit_code

MOST_LINES, MOST_LINES_CARRIED = 199, 299
_FIX = ("pgwright", "fix", "--top", "5")


def measure() -> Iterator[Figure]:
    for app in APPS:
        with checked_out(app) as checkout:
            yield from _of(checkout)


def _of(checkout: Checkout) -> Iterator[Figure]:
    name, before, known = checkout.app.name, checkout.answers(), checkout.revisions()
    carried = checkout.run(*_FIX, "--no-runtime", "--dry-run")
    yield exit_code(f"{name}: fix --no-runtime", carried)
    yield at_most(f"{name}: lines of it with its functions", _lines(carried.stdout), "", MOST_LINES_CARRIED)
    yield exit_code(f"{name}: fix --top 5 --runtime --write", checkout.run(*_FIX, "--runtime", "--write"))
    written = [path.read_text("utf-8") for path in checkout.revisions() - known]
    yield at_most(f"{name}: revisions that it writes", len(written), "", 1)
    yield at_most(f"{name}: lines of it beside imported functions", sum(map(_lines, written)), "", MOST_LINES)
    yield at_least(f"{name}: indexes in it", sum(text.count("CREATE INDEX") for text in written), "", 1)
    yield shown(f"{name}: lines of the models that change", _changed_lines(checkout), "")
    yield exit_code(f"{name}: prove", checkout.run("pgwright", "prove"))
    yield from deploy(checkout, before)


def _lines(text: str) -> int:
    return len(text.splitlines())


def _changed_lines(checkout: Checkout) -> int:
    """Return the lines that the models have more than those of the example."""
    path = f"{checkout.app.name}/before/models.py"
    return _lines((checkout.folder / path).read_text("utf-8")) - _lines(checkout.original(path).read_text("utf-8"))
