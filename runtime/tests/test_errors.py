"""Every exception of the runtime has one base, so that an app can catch them all."""

from __future__ import annotations

import inspect
import pkgutil
from importlib import import_module

import pytest

import pgwright_runtime
from pgwright_runtime.errors import Error

PACKAGES = ("guard", "replicas", "tenancy")
MODULES = [
    module.name
    for package in PACKAGES
    for module in pkgutil.walk_packages([f"{pgwright_runtime.__path__[0]}/{package}"], f"pgwright_runtime.{package}.")
]


@pytest.mark.parametrize("module", MODULES)
def test_every_exception_derives_from_the_base(module: str) -> None:
    own = [each for _, each in inspect.getmembers(import_module(module), inspect.isclass) if each.__module__ == module]
    strangers = [each for each in own if issubclass(each, BaseException) and not issubclass(each, Error)]
    assert strangers == []
