"""Find all checks: by walking the shelf, and by the entry points of other distributions.

A distribution adds checks of its own by an entry point of the group `pgwright.checks`, which names a module with a
`CHECK`, or a package that is walked for such modules.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
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


@dataclass(frozen=True)
class _Shelved:
    check: Check[Any]
    origin: str
    """Whose it is: `pgwright`, or an entry point with its distribution."""


def load_checks() -> tuple[Check[Any], ...]:
    """Return every check, by subject and name. Raises BrokenCheck."""
    return tuple(one.check for one in _shelf().values())


def require_check(key: str) -> Check[Any]:
    """Return the check that a name, or a `check:object`, means. Raises ConfigError with the nearest name."""
    known, name = _shelf(), key.split(":", 1)[0]
    if name in known:
        return known[name].check
    nearest = get_close_matches(name, known, n=1)
    hint = f" Did you mean {nearest[0]!r}?" if nearest else " List them all: pgwright explain"
    raise ConfigError(f"there is no check {name!r}.{hint}")


def origin_of(check: Check[Any]) -> str:
    """Return whose a check is, in words."""
    shelved = _shelf().get(check.name)
    return OWN if shelved is None else shelved.origin


@cache
def _shelf() -> dict[str, _Shelved]:
    found: dict[str, _Shelved] = {}
    for one in _all():
        if (other := found.get(one.check.name)) is not None:
            reason = f"{one.check.module!r} is a second check {one.check.name!r}, beside {other.check.module!r}"
            raise BrokenCheck(one.origin, f"{reason} of {other.origin}", "Rename its file")
        found[one.check.name] = one
    return dict(sorted(found.items(), key=lambda item: (item[1].check.subject, item[0])))


def _all() -> Iterator[_Shelved]:
    for module in _walk(import_module(SHELF)):
        yield from _checks_in(module, OWN)
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        origin = _origin(point)
        try:
            loaded = list(_walk(point.load()))
        except Exception as error:
            raise BrokenCheck(origin, f"{type(error).__name__}: {error}") from error
        found = [one for module in loaded for one in _checks_in(module, origin)]
        if not found:
            raise BrokenCheck(origin, f"{point.value!r} holds no CHECK")
        yield from found


def _walk(root: ModuleType) -> Iterator[ModuleType]:
    """Yield a module, and of a package all modules in it."""
    if not isinstance(root, ModuleType):
        raise TypeError(f"expected a module, got {type(root).__name__}")
    yield root
    for module in pkgutil.walk_packages(getattr(root, "__path__", ()), f"{root.__name__}."):
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
