"""What the manual shows for schedulers runs, and deletes."""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import Engine, text

from pgwright_runtime import create_engine
from pgwright_runtime.retention import Retention, SoftDeleted
from runtime.tests.support.retention_house import House
from tests.support.database import Database

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "retention.md"


def shown(title: str) -> str:
    """Return the Python that the manual shows under a file's name."""
    found = re.search(rf'^```python title="{title}"\n(.*?)^```$', PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture
def app(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """The app's modules that the manual imports, on a database with rows that are due."""
    engine = create_engine(database.url())
    House.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO owner VALUES (1, NULL, false)"))
        connection.execute(
            text("INSERT INTO note SELECT n, 1, NULL, now() - interval '1 year' FROM generate_series(1, 10) n")
        )
    modules = {name: ModuleType(name) for name in ("app", "app.database", "app.retention")}
    modules["app.database"].engine = engine  # type: ignore[attr-defined]
    modules["app.retention"].RETENTION = Retention([SoftDeleted(House.metadata)])  # type: ignore[attr-defined]
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    yield engine
    engine.dispose()


def left(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM note")).scalar_one())


def test_apscheduler_runs_it_at_two_each_night(app: Engine) -> None:
    events = pytest.importorskip("apscheduler.events")
    names: dict[str, Any] = {}
    exec(shown("app/nightly.py"), names)
    scheduler = names["scheduler"]
    try:
        job = scheduler.get_job("retention")
        assert (job.next_run_time.hour, job.next_run_time.minute) == (2, 0)
        assert job.next_run_time.utcoffset().total_seconds() == 0
        ended, failures = threading.Event(), []

        def seen(event: Any) -> None:
            failures.append(event.exception)
            ended.set()

        scheduler.add_listener(seen, events.EVENT_JOB_EXECUTED | events.EVENT_JOB_ERROR)
        scheduler.modify_job("retention", next_run_time=datetime.now(UTC))
        assert ended.wait(30)
        assert failures == [None]
    finally:
        scheduler.shutdown()
    assert left(app) == 0


def test_celery_beat_sends_it_at_two_each_night_and_the_task_runs_it(app: Engine) -> None:
    pytest.importorskip("celery")
    names: dict[str, Any] = {"__name__": "app.tasks"}
    exec(shown("app/tasks.py"), names)
    celery = names["celery"]
    entry = celery.conf.beat_schedule["retention"]
    assert entry["task"] in celery.tasks
    schedule = entry["schedule"]
    schedule.nowfun = lambda: datetime(2026, 11, 30, 2, 0, 30, tzinfo=UTC)
    assert schedule.is_due(datetime(2026, 11, 29, 2, 0, 10, tzinfo=UTC)).is_due
    assert not schedule.is_due(datetime(2026, 11, 30, 2, 0, 10, tzinfo=UTC)).is_due
    assert celery.tasks[entry["task"]].apply().get() == 10
    assert left(app) == 0
