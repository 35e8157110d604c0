"""The pytest plugin, in pytest runs of its own."""

from __future__ import annotations

import pytest

from pgwright.embedded import EmbeddedServer

pytest_plugins = ["pytester"]

# Once the plugin is installed it has an entry point of this name; a module cannot be loaded under two.
LOAD = ("-p", "no:pgwright", "-p", "pgwright_runtime.guard.pytest_plugin", "-p", "no:cacheprovider")


@pytest.fixture
def run(pytester: pytest.Pytester, server: EmbeddedServer) -> pytest.Pytester:
    pytester.makeini("[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n")
    pytester.makeconftest(
        f"""
        import pytest
        from sqlalchemy import create_engine, text

        @pytest.fixture
        def engine():
            engine = create_engine({server.url("postgres", "psycopg")!r})
            with engine.connect() as connection:
                connection.execute(text("SELECT 'of a fixture'"))
            yield engine
            engine.dispose()
        """
    )
    return pytester


def test_the_marker_fails_with_statements_counts_and_places(run: pytest.Pytester) -> None:
    run.makepyfile(
        """
        import pytest
        from sqlalchemy import text

        def names(connection):
            for n in range(3):
                connection.execute(text("SELECT :n"), {"n": n})

        @pytest.mark.max_queries(2)
        def test_too_many(engine):
            with engine.connect() as connection:
                names(connection)

        @pytest.mark.max_queries(3)
        def test_just_enough(engine):
            with engine.connect() as connection:
                names(connection)

        @pytest.mark.max_queries(0)
        def test_own_failure(engine):
            with engine.connect() as connection:
                names(connection)
            assert False, "its own"
        """
    )
    result = run.runpytest_inprocess(*LOAD)
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(
        ["3 statements, allowed are 2", "*the same statement 3 times*", "*3 × SELECT $1*", "*test_*.py:6 in names"]
    )
    result.stdout.fnmatch_lines(["*AssertionError: its own*"])
    result.stdout.no_fnmatch_line("*allowed are 0*")


def test_the_marker_sees_tasks_and_threads(run: pytest.Pytester) -> None:
    run.makepyfile(
        """
        import asyncio
        from threading import Thread
        import pytest
        from sqlalchemy import text

        def execute(engine):
            with engine.connect() as connection:
                connection.execute(text("SELECT 1"))

        @pytest.mark.max_queries(0)
        def test_thread(engine):
            thread = Thread(target=execute, args=[engine])
            thread.start()
            thread.join()

        @pytest.mark.max_queries(0)
        async def test_task(engine):
            await asyncio.to_thread(execute, engine)

        async def test_unmarked(engine):
            execute(engine)
        """
    )
    run.runpytest_inprocess(*LOAD).assert_outcomes(passed=1, failed=2)


def test_the_fixture_raises_at_the_end_of_its_unit(run: pytest.Pytester) -> None:
    run.makepyfile(
        """
        from sqlalchemy import text

        def test_repeats(engine, query_guard):
            with query_guard.unit("list"), engine.connect() as connection:
                for n in range(3):
                    connection.execute(text("SELECT :n"), {"n": n})

        async def test_over(engine, query_guard):
            with query_guard.unit("list", max_queries=0), engine.connect() as connection:
                connection.execute(text("SELECT 1"))

        def test_fine(engine, query_guard):
            with query_guard.unit("list") as unit, engine.connect() as connection:
                connection.execute(text("SELECT 1"))
            assert unit.count == 1
        """
    )
    result = run.runpytest_inprocess(*LOAD)
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(["*QueryProblems: 1 query problem(s) in 'list':"])


@pytest.mark.parametrize("arguments", ["", "-1", "'many'", "1, 2"])
def test_a_wrong_marker_is_told(run: pytest.Pytester, arguments: str) -> None:
    run.makepyfile(f"import pytest\n@pytest.mark.max_queries({arguments})\ndef test(): pass")
    result = run.runpytest_inprocess(*LOAD)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*write max_queries(n)*"])
