"""The process in which revisions run: it opens its connections, shuts all ways out, and only then imports them."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import psycopg

from pgwright.migrations import open_directory
from pgwright.observing.blockers import Blockers
from pgwright.observing.doors import WaysOut
from pgwright.observing.driver import WatchedConnection
from pgwright.observing.examination import Examination
from pgwright.observing.lent import Lent
from pgwright.observing.messages import Answer, Broken, ChildQuestion, Confined
from pgwright.observing.runs import Runs, engine_over
from pgwright.observing.said import said
from pgwright.observing.walls import raise_walls

_OF_REVISIONS = 2
"""Connections that revisions get: their own, and one more for those that take another from its engine."""
_HELD_AT_A_TIME = 4


def main() -> None:
    """Answer the question in the file named first over the descriptor named second."""
    question = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=ChildQuestion)
    with os.fdopen(int(sys.argv[2]), "wb", buffering=0) as out:

        def answer(one: Answer) -> None:
            out.write(msgspec.json.encode(one) + b"\n")

        try:
            for one in _answers(question, answer):
                answer(one)
        except Exception as error:  # noqa: BLE001  the other process tells it
            answer(Broken(said(error)))
    # Threads that the app's code left behind are not waited for.
    os._exit(0)


def _answers(question: ChildQuestion, answer: Any) -> Iterator[Answer]:
    warnings.simplefilter("ignore")
    directory = open_directory(Path(question.source))
    connections = [WatchedConnection.connect(question.dsn) for _ in range(_OF_REVISIONS)]
    watching, *blocking = (_beside(question.dsn) for _ in range(1 + 2 * _HELD_AT_A_TIME))
    engine = engine_over(connections)
    doors = WaysOut(Path(question.folder))
    yield Confined(raise_walls(Path(question.folder)))
    doors.shut()
    runs = Runs(
        directory,
        engine,
        version_schema=question.version_schema,
        conventions=question.conventions,
        engine_name=question.engine_name,
        imports=question.imports,
    )
    examination = Examination(
        directory, runs, connections, watching, Blockers(watching, blocking), Lent(watching), doors, answer
    )
    for revision in question.replayed:
        yield examination.replay(revision, is_run=revision not in question.noted)
    for revision in question.observed:
        yield examination.observe(revision)


def _beside(dsn: str) -> psycopg.Connection[Any]:
    return psycopg.connect(dsn, autocommit=True, prepare_threshold=None)


if __name__ == "__main__":
    main()
