"""Find the app's own operations, named as `module:ATTRIBUTE`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from pgwright.cli.streams import reports_only
from pgwright.errors import ConfigError
from pgwright.proof import Operation


def load_operations(name: str) -> Sequence[Operation]:
    """Import the operations; modules in the working directory are found, as with `python -m`.

    Raises: ConfigError: there are none by that name.
    """
    module_name, _, attribute = name.partition(":")
    if not module_name or not attribute:
        raise ConfigError(f"--operations is {name!r}; expected 'module:NAME', as in 'shop.operations:OPERATIONS'.")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        with reports_only():
            module = import_module(module_name)
    except Exception as error:  # the app's own code runs here
        what = f"{type(error).__name__}: {error}"
        raise ConfigError(f"cannot import {module_name!r} for --operations: {what}.") from error
    found = getattr(module, attribute, None)
    if not isinstance(found, Sequence) or not found or not all(isinstance(one, Operation) for one in found):
        raise ConfigError(f"{name!r} is {found!r:.80}; expected a list of pgwright.proof.Operation.")
    return found
