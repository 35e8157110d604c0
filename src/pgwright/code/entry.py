"""Where an app's models are: named as `module:Base`, or found in Alembic's `env.py`, which is only read."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pgwright.code.app import App
from pgwright.code.modules import Module, parse
from pgwright.code.texts import keyword
from pgwright.errors import ConfigError

_TARGET = "target_metadata"


@dataclass(frozen=True)
class AppModels:
    """The models that count."""

    root: Path
    """The folder whose Python files are searched."""
    module: str
    """Dotted: what is imported to have them all; "" where nobody knows."""
    attributes: tuple[str, ...]
    """What is their MetaData, of that module: `("Base.metadata",)`; () where unknown."""
    env: Path | None = None
    """The `env.py` that they were found in: what it imports counts too."""
    beside: tuple[str, ...] = ()
    """Further modules that it imports: some only declare tables."""
    imports_from: tuple[str, ...] = ()
    """Folders in which modules are found, beside those of the environment."""

    @cached_property
    def app(self) -> App:
        """What the files declare; they are read once."""
        return App(self.root, self.modules)

    @property
    def modules(self) -> tuple[str, ...]:
        """The modules whose tables count, with what they import."""
        return tuple(dict.fromkeys(one for one in (self.module, *self.beside) if one))


def named_entry(name: str, folders: Sequence[Path]) -> AppModels:
    """Return the models of `package.module:Base`.

    Args:
        folders: where the module is looked for, the likeliest first.
    Raises: ConfigError: it is not there.
    """
    module, _, attribute = name.partition(":")
    parts = module.split(".")
    for folder in _likely(folders):
        path = folder.joinpath(*parts)
        if module and (path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()):
            held = (f"{attribute}.metadata",) if attribute else ()
            return AppModels(folder, module, held, imports_from=(str(folder),))
    looked = ", ".join(map(str, _likely(folders)))
    raise ConfigError(
        f"--models is {name!r}; expected 'package.module:Base', as in 'shop.models:Base'. No such module in {looked}."
    )


def _likely(folders: Sequence[Path]) -> list[Path]:
    return list(dict.fromkeys(each for one in folders for each in (one, one / "src")))


def entry_of(env: Path, root: Path, imports_from: Sequence[str]) -> AppModels:
    """Return the models that an `env.py` names as `target_metadata`, as far as its syntax tells.

    Args:
        root: the folder whose files are searched.
        imports_from: what Alembic adds to the folders of modules.
    """
    module = parse(env, "")
    held = tuple(_metadata(module)) if module is not None else ()
    first = held[0].partition(":")[0] if held else ""
    attributes = tuple(one.partition(":")[2] for one in held if one.partition(":")[0] == first)
    beside = tuple(_imported(module)) if module is not None else ()
    return AppModels(root, first, attributes, env, beside, tuple(imports_from))


def _imported(env: Module) -> Iterator[str]:
    for node in env.tree.body:
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def _metadata(env: Module) -> Iterator[str]:
    """Yield where `target_metadata` comes from, as `module:attribute`."""
    value = env.constants.get(_TARGET)
    if value is None:
        calls = (node for node in ast.walk(env.tree) if isinstance(node, ast.Call))
        value = next((found for call in calls if (found := keyword(call, _TARGET)) is not None), None)
    for one in value.elts if isinstance(value, ast.List | ast.Tuple) else [value]:
        if isinstance(one, ast.Name) and one.id in env.constants:
            one = env.constants[one.id]
        names = ast.unparse(one).split(".") if isinstance(one, ast.Name | ast.Attribute) else []
        if names and names[0] in env.names:
            home, _, name = env.names[names[0]].rpartition(".")
            # `import app.models as m; m.Base.metadata` names a module first.
            yield f"{home}:{'.'.join([name, *names[1:]])}" if home else f"{name}:{'.'.join(names[1:])}"
