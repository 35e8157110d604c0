"""The pytest plugin, in pytest runs of its own."""

from __future__ import annotations

import pytest

from pgwright.embedded import EmbeddedServer

pytest_plugins = ["pytester"]


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
    result = run.runpytest_inprocess("-p", "no:cacheprovider")
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
    run.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=1, failed=2)


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
    result = run.runpytest_inprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(["*QueryProblems: 1 query problem(s) in 'list':"])


@pytest.mark.parametrize("arguments", ["", "-1", "'many'", "1, 2"])
def test_a_wrong_marker_is_told(run: pytest.Pytester, arguments: str) -> None:
    run.makepyfile(f"import pytest\n@pytest.mark.max_queries({arguments})\ndef test(): pass")
    result = run.runpytest_inprocess("-p", "no:cacheprovider")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*write max_queries(n)*"])


def test_a_run_that_does_not_use_it_loads_neither_sqlalchemy_nor_the_runtime(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_unused(pytestconfig):
            assert pytestconfig.pluginmanager.has_plugin("pgwright")
            assert not {"sqlalchemy", "pgwright_runtime"} & set(sys.modules)

        def test_used(query_guard):
            with query_guard.unit("nothing") as unit:
                pass
            assert unit.count == 0
            assert {"sqlalchemy", "pgwright_runtime"} <= set(sys.modules)
        """
    )
    # By the name of its entry point, without the plugins of others, which may load what they like.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    run = pytester.runpytest_subprocess("-p", "pgwright", "-p", "no:cacheprovider")
    run.assert_outcomes(passed=2)
