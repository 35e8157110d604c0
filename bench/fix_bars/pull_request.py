"""What `pgwright fix --write` leaves in an app's folder, as a pull request: does it pass, and can it be taken back?"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping

from query_bars.figures import Figure, at_least, at_most

from fix_bars.app_before import Checkout
from tests.support.model_databases import objects


def exit_code(name: str, done: subprocess.CompletedProcess[str]) -> Figure:
    """Return a figure that has to be 0; what a program that fails says is printed."""
    if done.returncode:
        print(f"    {(done.stdout + done.stderr).strip()[-3_000:]}", flush=True)
    return at_most(f"{name}: exit code", done.returncode, "", 0)


def deploy(checkout: Checkout, before: Mapping[str, str]) -> Iterator[Figure]:
    """Apply the revisions, use the edited models, and take the revisions back.

    Args:
        before: what the app answered without them.
    """
    name = checkout.app.name
    was = objects(checkout.database)
    yield exit_code(f"{name}: alembic upgrade head", checkout.run("alembic", "upgrade", "head"))
    yield exit_code(f"{name}: alembic check", checkout.run("alembic", "check"))
    yield from _answers(checkout, before)
    yield exit_code(f"{name}: alembic downgrade 0001", checkout.run("alembic", "downgrade", "0001"))
    now = objects(checkout.database)
    changed = sorted(key for key in was.keys() | now.keys() if was.get(key) != now.get(key))
    for place in changed:
        print(f"    {' '.join(place)}: was {was.get(place)}, is {now.get(place)}", flush=True)
    yield at_most(f"{name}: tables, indexes, constraints that are not as they were", len(changed), "", 0)


def _answers(checkout: Checkout, before: Mapping[str, str]) -> Iterator[Figure]:
    after = checkout.answers()
    name = checkout.app.name
    differing = [one for one, answer in before.items() if after.get(one) != answer]
    for one in differing:
        was, now = before[one], after.get(one, "nothing")
        at = next((place for place, pair in enumerate(zip(was, now, strict=False)) if pair[0] != pair[1]), 0)
        print(f"    {one}: was …{was[max(0, at - 60) : at + 60]}…, is …{now[max(0, at - 60) : at + 60]}…", flush=True)
    yield at_least(f"{name}: operations and tables whose answers are compared", len(before), "", 1)
    yield at_most(f"{name}: those with other values or types than before", len(differing), "", 0)
