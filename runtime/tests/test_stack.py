"""The line of the app that runs: one rule for the guard, the pools' leaks and their budget."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy.util import greenlet_spawn

from pgwright_runtime._stack import CodeLine, find_line, first_line


def compiled(file: str, name: str = "wrapper.calling") -> Callable[[Callable[[], Any]], Any]:
    """Return a function of a file and module, which calls another one on its line 2."""
    module = ModuleType(name)
    exec(compile("def call(function):\n    return function()\n", file, "exec"), module.__dict__)
    call: Callable[[Callable[[], Any]], Any] = module.call
    return call


def place(found: CodeLine | None) -> tuple[str, str] | None:
    return None if found is None else (Path(found.file).name, found.function)


def test_the_innermost_line_of_the_app(tmp_path: Path) -> None:
    found = find_line()
    assert found is not None
    assert str(found) == f"{__file__}:{found.line} in test_the_innermost_line_of_the_app"
    assert compiled(str(tmp_path / "shop.py"))(find_line) == CodeLine(str(tmp_path / "shop.py"), 2, "call")


def test_of_a_lambda_the_function_around_it() -> None:
    assert place((lambda: find_line())()) == ("test_stack.py", "test_of_a_lambda_the_function_around_it")


def test_an_installed_package_is_passed_over_unless_it_is_the_app_s() -> None:
    call = compiled("/venv/lib/python3/site-packages/wrapper/calling.py")
    own = ("test_stack.py", "test_an_installed_package_is_passed_over_unless_it_is_the_app_s")
    assert place(call(find_line)) == own
    assert place(call(partial(find_line, ["another"]))) == own
    assert place(call(partial(find_line, or_package=True))) == own
    assert place(call(partial(find_line, ["wrapper"]))) == ("calling.py", "call")


@pytest.mark.parametrize(
    ("file", "is_the_app_s"),
    [
        (r"C:\shop\app.py", True),
        (r"C:\shop\venv\Lib\site-packages\wrapper\calling.py", False),
        (asyncio.__file__.replace("/", "\\"), False),
    ],
)
def test_paths_of_windows_are_told_apart_as_others(file: str, is_the_app_s: bool) -> None:
    found = compiled(file)(find_line)
    assert found is not None
    assert (found.file == file) is is_the_app_s


@pytest.mark.parametrize("file", ["<string>", "<sqlalchemy.util>", "<frozen importlib>", asyncio.__file__])
def test_generated_code_and_the_standard_library_are_passed_over(file: str) -> None:
    found = compiled(file)(partial(find_line, or_package=True))
    assert place(found) == ("test_stack.py", "test_generated_code_and_the_standard_library_are_passed_over")


@pytest.mark.parametrize("file", ["<stdin>", "<stdin-3>", "<python-input-0>", "<ipython-input-1-0a>"])
def test_what_somebody_typed_is_the_app_s(file: str) -> None:
    assert compiled(file)(find_line) == CodeLine(file, 2, "call")


def test_where_a_function_begins() -> None:
    begin = first_line(place)
    assert begin == CodeLine(__file__, place.__code__.co_firstlineno, "place")
    assert first_line(len) is None


def test_callers_of_the_outermost_function_are_not_looked_at() -> None:
    call = compiled("<string>")
    assert call(find_line) is not None
    assert call(partial(find_line, outermost=[call.__code__])) is None


async def test_the_line_that_awaits_is_found_from_inside_a_greenlet() -> None:
    found = await greenlet_spawn(compiled("<sqlalchemy>"), find_line)
    assert place(found) == ("test_stack.py", "test_the_line_that_awaits_is_found_from_inside_a_greenlet")


def test_the_line_that_started_the_event_loop_is_not_told_but_a_package_inside_may_be() -> None:
    file = "/usr/lib/python3/dist-packages/wrapper/calling.py"

    async def tasks() -> list[CodeLine | None]:
        # Each is SQLAlchemy's own coroutine: no line of ours is between it and a step of the loop.
        calls = [
            (compiled("<sqlalchemy>"), find_line),
            (compiled(file), find_line),
            (compiled(file), partial(find_line, or_package=True)),
        ]
        return [await asyncio.create_task(greenlet_spawn(call, find)) for call, find in calls]

    assert asyncio.run(tasks()) == [None, None, CodeLine(file, 2, "call")]
