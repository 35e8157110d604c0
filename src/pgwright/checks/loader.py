"""Find all checks: by walking the shelf, and by the entry points of other distributions.

A distribution adds checks of its own by an entry point of the group `pgwright.checks`, which names a module with a
`CHECK`, or a package that is walked for such modules.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any

from pgwright.errors import BrokenCheck, ConfigError
from pgwright.model.finding import Check

SHELF = "pgwright.checks"
GROUP = "pgwright.checks"
OWN = "pgwright"
_WITH_PLUGINS = ContextVar("with_plugins", default=True)


@dataclass(frozen=True)
class _Shelved:
    check: Check[Any]
    origin: str
    """Whose it is: `pgwright`, or an entry point with its distribution."""


def load_checks() -> tuple[Check[Any], ...]:
    """Return every check, by subject and name. Raises BrokenCheck."""
    return tuple(one.check for one in _known().values())


@contextmanager
def without_plugins() -> Iterator[None]:
    """Leave out the checks of other distributions: not even their modules are imported meanwhile."""
    token = _WITH_PLUGINS.set(False)
    try:
        yield
    finally:
        _WITH_PLUGINS.reset(token)


def require_check(key: str) -> Check[Any]:
    """Return the check that a name, or a `check:object`, means. Raises ConfigError with the nearest name."""
    known, name = _known(), key.split(":", 1)[0]
    if name in known:
        return known[name].check
    nearest = get_close_matches(name, known, n=1)
    hint = f" Did you mean {nearest[0]!r}?" if nearest else " List them all: pgwright explain"
    raise ConfigError(f"there is no check {name!r}.{hint}")


def require_checks(names: Iterable[str]) -> None:
    """Raise ConfigError unless each is a check's name or a `check:object`."""
    for name in names:
        require_check(name)


def origin_of(check: Check[Any]) -> str:
    """Return whose a check is, in words."""
    shelved = _known().get(check.name)
    return OWN if shelved is None else shelved.origin


def _known() -> dict[str, _Shelved]:
    return _shelf(_WITH_PLUGINS.get())


@cache
def _shelf(with_plugins: bool) -> dict[str, _Shelved]:
    found: dict[str, _Shelved] = {}
    for one in (*_own(), *(_installed() if with_plugins else ())):
        if (other := found.get(one.check.name)) is not None:
            reason = f"{one.check.module!r} is a second check {one.check.name!r}, beside {other.check.module!r}"
            raise BrokenCheck(one.origin, f"{reason} of {other.origin}", "Rename its file")
        found[one.check.name] = one
    return dict(sorted(found.items(), key=lambda item: (item[1].check.subject, item[0])))


def _own() -> Iterator[_Shelved]:
    for module in _walk(import_module(SHELF)):
        yield from _checks_in(module, OWN)


def _installed() -> Iterator[_Shelved]:
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        origin = _origin(point)
        try:
            loaded = list(_walk(point.load()))
        except (Exception, SystemExit) as error:  # their code runs here, and a script may end with sys.exit
            raise BrokenCheck(origin, f"{type(error).__name__}: {error}") from error
        found = [one for module in loaded for one in _checks_in(module, origin)]
        if not found:
            raise BrokenCheck(origin, f"{point.value!r} holds no CHECK")
        yield from found


def _walk(root: ModuleType) -> Iterator[ModuleType]:
    """Yield a module, and of a package all modules in it but `__main__`, which would run."""
    if not isinstance(root, ModuleType):
        raise TypeError(f"expected a module, got {type(root).__name__}")
    yield root
    for module in pkgutil.walk_packages(getattr(root, "__path__", ()), f"{root.__name__}."):
        if not module.name.endswith(".__main__"):
            yield import_module(module.name)


def _checks_in(module: ModuleType, origin: str) -> Iterator[_Shelved]:
    check = getattr(module, "CHECK", None)
    if check is None:
        return
    if not isinstance(check, Check):
        raise BrokenCheck(origin, f"CHECK of {module.__name__!r} is {type(check).__name__}, no pgwright.Check")
    if check.module != module.__name__:
        return  # imported from where it stands
    if not check.manual:
        raise BrokenCheck(origin, f"{module.__name__!r} has no docstring, which is the manual of its check")
    yield _Shelved(check, origin)


def _origin(point: EntryPoint) -> str:
    owner = f"{point.dist.name} {point.dist.version}" if point.dist is not None else "an unknown distribution"
    return f"{owner} (entry point {point.name!r})"
