"""Find statements that run once for every row of another one.

## What it does

Looks in the workload for a SELECT that fetches by a key (`WHERE notebook_id = $1`, of one column or of several, with or
without further conditions, through a view or not) and ran about as often as other statements returned rows that hold
the key's values: rows of one list, or of several together. A look-up by primary key counts once for each different
value among the rows of a call, for a session remembers what it has fetched; how many that are, the statistics of the
column tell.

It is no loop where the calls agree with what comes once a request: with the transactions that were opened (`BEGIN`), or
with the calls of what returns a single row. So the look-up of the user who is signed in is not reported.

The severity comes from the time that is saved: that of all calls beyond one for each call of the list, on the server
alone. Each of them costs a round trip besides, which no counter of the server shows.

## Why it matters

A page of 50 rows costs 51 statements, each with a round trip to the server. The statements are fast one by one, so no
list of slow queries shows them.

## Example

    for notebook in session.scalars(select(Notebook).where(Notebook.user_id == user.id)):
        print(len(notebook.sources))  # one SELECT for each notebook

Use instead:

    select(Notebook).where(Notebook.user_id == user.id).options(selectinload(Notebook.sources))

## When it is wrong

Counters add up over all callers: independent statements may agree by chance. It is *likely* where calls and rows agree
more closely than one of the possible sums would by chance, or within a tenth where the statement ran more often than
there were transactions; else *possible*. Where several lists agree about as well, it says so; where all that is known
is that the statement ran several times a transaction, none is named. `pgwright probe` and the guard prove it, and name
the line of code.

The time saved is the server's, and how bad it is goes by that. It is *medium*, too, where the app waits notably long
for the round trips: half a millisecond each, estimated.

## Source

SQLAlchemy, Relationship Loading Techniques
(https://docs.sqlalchemy.org/en/20/orm/queryguide/relationships.html): "the N plus one problem".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pgwright.checks.loop_suspects import Suspect, find_suspects, saved_share
from pgwright.checks.no_workload import why_no_workload
from pgwright.figures import count, milliseconds, share
from pgwright.model.finding import Check, Confidence, Evidence, Finding, Severity
from pgwright.model.not_examined import NotExamined
from pgwright.model.snapshot import Snapshot
from pgwright.model.worth import Worth
from pgwright.sqltext import gist

# Within one data centre (Dean, Numbers Everyone Should Know).
ROUND_TRIP_MS = 0.5
# Those with most calls are shown.
_MOST_LISTS = 4


def find(snapshot: Snapshot) -> Iterator[Finding | NotExamined]:
    if (cause := why_no_workload(snapshot)) is not None:
        yield CHECK.unexamined(*cause)
        return
    by_key: dict[str, list[Suspect]] = {}
    for suspect in find_suspects(snapshot):
        link = suspect.child.link
        by_key.setdefault(snapshot.describe(link.table, link.columns), []).append(suspect)
    for about, same in by_key.items():
        yield _finding(snapshot, about, same)


def _finding(snapshot: Snapshot, about: str, same: Sequence[Suspect]) -> Finding:
    """Return what is wrong with the fetches by one key; the dearest statement speaks for the others."""
    first = same[0]
    saved_ms = sum(one.saved_ms for one in same)
    worth = Worth(
        saved_ms,
        max(one.saved_ms / max(one.loop.list_calls, 1) for one in same),
        saved_share(saved_ms, snapshot),
        snapshot.observed_seconds,
    )
    confidence: Confidence = "likely" if any(one.loop.is_likely for one in same) else "possible"
    waiting = _waiting(worth, same, snapshot)
    queries = [number for one in same for number in one.child.select.query_ids]
    named = [one.loop for one in same if one.loop.is_named and not one.loop.instead]
    lists = [number for loop in named for source in loop.sources for number in source.select.query_ids]
    return CHECK.found(
        about,
        _message(about, first),
        severity=_severity(worth, waiting, confidence),
        confidence=confidence,
        evidence=[
            *_evidence(first, worth, snapshot),
            Evidence("with the way there and back", waiting.saving, "estimated"),
            *_others(same),
        ],
        advice="Fetch for all rows at once: selectinload() or joinedload() in the list's query, or one statement "
        "with = ANY($1). Set lazy='raise' on the relationship to find the place in the code.",
        queries=dict.fromkeys((*queries, *lists)),
        worth=worth,
    )


def _waiting(worth: Worth, same: Sequence[Suspect], snapshot: Snapshot) -> Worth:
    """Return what the app waits for these calls: the server's time and that of each round trip."""
    trips = [one.saved_calls * ROUND_TRIP_MS for one in same]
    a_list = (trip / max(one.loop.list_calls, 1) for trip, one in zip(trips, same, strict=True))
    saved = worth.saved_ms + sum(trips)
    return Worth(
        saved, worth.saved_a_call_ms + max(a_list), min(1.0, saved_share(saved, snapshot)), worth.observed_seconds
    )


def _severity(worth: Worth, waiting: Worth, confidence: Confidence) -> Severity:
    """Return how bad it is: nothing estimated, nor what may agree by chance, comes before what is known."""
    if confidence == "possible":
        return "medium" if worth.severity == "high" else worth.severity
    return "medium" if worth.severity == "low" and waiting.severity != "low" else worth.severity


def _message(about: str, suspect: Suspect) -> str:
    loop = suspect.loop
    often = f"{loop.looped / max(loop.list_calls, 1):,.1f} times"
    said = f"A statement that fetches by {about} ran {often}"
    if not loop.is_named:
        whose = "over the rows of which statement, the counts do not tell"
        per = "a transaction" if loop.transactions else "for each call of a list"
        return f"{said} {per}: something loops, {whose}."
    what = "for each different key in the rows" if loop.by_value else "for each row"
    exactly = f"{loop.looped / loop.expected:.2f} times {what} returned there"
    if loop.instead:
        return f"{said} for each call of one of {len(loop.instead) + 1} others, {exactly}."
    if len(loop.sources) > 1:
        return f"{said} for each call of {len(loop.sources)} others together, {exactly}."
    return f"{said} for each call of another one, {exactly}."


def _evidence(suspect: Suspect, worth: Worth, snapshot: Snapshot) -> Iterator[Evidence]:
    select, loop = suspect.child.select, suspect.loop
    part = saved_share(select.total_ms, snapshot)
    yield Evidence("statement in the loop", gist(select.text))
    yield Evidence("its calls", count(select.calls))
    yield Evidence("its time", f"{milliseconds(select.total_ms)}, {share(part)} of the workload")
    if loop.once and loop.is_named:
        yield Evidence("of its calls, once a request", count(loop.once))
    if loop.transactions:
        yield Evidence("transactions", count(loop.transactions))
    yield from _lists(suspect)
    each = "each different key in these rows" if loop.by_value else "each of these rows"
    yield Evidence(f"calls, if one for {each}", count(loop.expected), "estimated")
    yield Evidence("round trips saved", count(suspect.saved_calls))
    yield Evidence("time saved on the server", str(worth), "estimated")


def _lists(suspect: Suspect) -> Iterator[Evidence]:
    """Yield the lists whose rows drive it: the parent, several together, or one of several."""
    loop = suspect.loop
    every = sorted((*loop.sources, *loop.instead), key=lambda one: -one.of_rows)
    name = "parent"
    if loop.instead or not loop.is_named:
        name = "possible parent"
    elif len(every) > 1:
        name = "parent, with others"
    for number, one in enumerate(every[:_MOST_LISTS], start=1):
        numbered = f"{name} {number}" if len(every) > 1 else name
        figures = f"{count(one.select.calls, 'call')}, {count(one.select.rows, 'row')}"
        yield Evidence(numbered, f"{gist(one.select.text)} ({figures})")
    if len(every) > _MOST_LISTS:
        yield Evidence("further parents", count(len(every) - _MOST_LISTS))


def _others(same: Sequence[Suspect]) -> Iterator[Evidence]:
    for number, one in enumerate(same[1:4], start=2):
        yield Evidence(f"statement {number} by the same key", gist(one.child.select.text))


CHECK = Check(
    __name__,
    reads=Snapshot,
    needs=("tables", "foreign_keys", "statements"),
    severity="medium",
    confidence="possible",
    find=find,
)
