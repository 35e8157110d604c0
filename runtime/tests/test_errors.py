"""The tree in the docstring of `errors` holds every exception of the distribution, and each has its place there."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re

import pgwright_runtime
from pgwright_runtime import errors


def drawn() -> dict[str, tuple[str, ...]]:
    """Return name → parents, as the docstring draws them."""
    found: dict[str, tuple[str, ...]] = {}
    above: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        branch = re.match(r"([│├└─ ]*)(\w+)(?:\s{2,}(.*))?$", line)
        if branch and (branch[1] or line in ("Error", "UserWarning")):
            depth = len(branch[1]) // 4
            also = re.findall(r"also an? (\w+)", branch[3] or "")
            found[branch[2]] = (*above[depth - 1 : depth], *also) if depth else ()
            above[depth:] = [branch[2]]
    return found


def defined() -> dict[str, type[BaseException]]:
    return {
        name: value
        for module in pkgutil.walk_packages(pgwright_runtime.__path__, "pgwright_runtime.")
        for name, value in vars(importlib.import_module(module.name)).items()
        if inspect.isclass(value) and issubclass(value, BaseException) and value.__module__ == module.name
    }


def test_the_tree_holds_every_exception() -> None:
    assert set(defined()) | {"UserWarning"} == set(drawn())


def test_each_exception_has_the_parents_that_the_tree_draws() -> None:
    tree = drawn()
    parents = {
        name: tuple(base.__name__ for base in error.__bases__) for name, error in defined().items() if name != "Error"
    }
    assert len(parents) >= 6
    assert parents == {name: tree[name] for name in parents}
