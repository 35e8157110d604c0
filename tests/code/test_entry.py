from __future__ import annotations

from pathlib import Path

import pytest

from pgwright.code import entry_of, named_entry
from pgwright.errors import ConfigError


@pytest.mark.parametrize(
    ("env", "module", "attributes"),
    [
        ("from shop.models import Base\ntarget_metadata = Base.metadata", "shop.models", ("Base.metadata",)),
        ("import shop.models as m\ntarget_metadata = m.Base.metadata", "shop", ("models.Base.metadata",)),
        ("from shop import metadata\ntarget_metadata: object = metadata", "shop", ("metadata",)),
        (
            "from shop.a import A\nfrom shop.a import B\ntarget_metadata = [A.metadata, B.metadata]",
            "shop.a",
            ("A.metadata", "B.metadata"),
        ),
        ("from shop.db import Base\ncontext.configure(target_metadata=Base.metadata)", "shop.db", ("Base.metadata",)),
        ("from shop.db import Base\nbase = Base.metadata\ntarget_metadata = base", "shop.db", ("Base.metadata",)),
        ("target_metadata = None", "", ()),
        ("target_metadata = collect()", "", ()),
        ("this is no Python", "", ()),
    ],
)
def test_target_metadata_is_read_from_the_syntax_of_env_py(
    tmp_path: Path, env: str, module: str, attributes: tuple[str, ...]
) -> None:
    path = tmp_path / "env.py"
    path.write_text(env)
    found = entry_of(path, tmp_path, (".",))
    assert (found.module, found.attributes) == (module, attributes)


def test_modules_that_env_py_imports_beside_count_too(tmp_path: Path) -> None:
    path = tmp_path / "env.py"
    path.write_text("from shop.base import Base\nimport shop.orders\ntarget_metadata = Base.metadata\n")
    assert entry_of(path, tmp_path, ()).modules == ("shop.base", "shop.orders")


def test_named_models_are_found_in_src_too(tmp_path: Path) -> None:
    module = tmp_path / "src" / "shop" / "models.py"
    module.parent.mkdir(parents=True)
    module.write_text("")
    found = named_entry("shop.models:Base", [tmp_path])
    assert found.root == tmp_path / "src"
    assert found.attributes == ("Base.metadata",)


@pytest.mark.parametrize("name", ["shop.models", "", ":Base", "shop.models:Base"])
def test_models_that_are_not_there_are_an_error_that_says_where_it_looked(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=r"expected 'package\.module:Base'") as told:
        named_entry(name, [tmp_path])
    assert str(tmp_path) in str(told.value)
