"""The planted faults and their harmless twins, as Alembic directories: written from `planted/*.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent, indent
from typing import Any, Literal

PLANTED = Path(__file__).with_name("planted")
_TABLE = """
CREATE TABLE {t} (id bigint PRIMARY KEY, code text, qty integer NOT NULL DEFAULT 0, span int4range,
                  made timestamptz NOT NULL DEFAULT now());
INSERT INTO {t} SELECT i, 'c' || i, i % 50, int4range(i, i + 1) FROM generate_series(1, 200) AS i;
"""
_REVISION = '''\
"""{name}."""

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = {down_revision}


def upgrade():
{upgrade}


def downgrade():
{downgrade}
'''
_INI = "[alembic]\nscript_location = %(here)s\npath_separator = os\nprepend_sys_path = %(here)s\n"
Side = Literal["fault", "twin"]


@dataclass(frozen=True)
class Planting:
    """One revision: a fault, or its twin."""

    pair: Mapping[str, Any]
    """As the file has it."""
    number: int
    side: Side

    @property
    def table(self) -> str:
        return f"{self.side}_{self.number:03}"

    @property
    def revision(self) -> str:
        return str(self.pair.get(f"{self.side}_id", self.table))

    @property
    def name(self) -> str:
        return f"{self.pair['name']}{'' if self.side == 'fault' else ', but harmless'}"

    @property
    def rules(self) -> frozenset[str]:
        """Any of them has to name the fault."""
        return frozenset(self.pair["rules"])

    @property
    def expected(self) -> frozenset[str]:
        """Low words that are right of the twin, too."""
        return frozenset(self.pair.get("expected", ()))

    @property
    def rows(self) -> int:
        return int(self.pair.get("twin_rows", 5_000_000)) if self.side == "twin" else 5_000_000

    @property
    def is_alone(self) -> bool:
        return bool(self.pair.get("alone", False))

    @property
    def schema(self) -> str:
        """What makes the tables that were there before."""
        own = self.pair.get("twin_schema") if self.side == "twin" else None
        return self._text(f"{_TABLE}{own or self.pair.get('schema', '')}")

    @property
    def statements(self) -> tuple[str, ...]:
        """Those of the workload."""
        named = self.pair.get("statements" if self.side == "fault" else "twin_statements", ())
        return tuple(map(self._text, named))

    @property
    def model_columns(self) -> tuple[str, ...]:
        """Columns of its table that the app's model still has."""
        return tuple(self.pair.get("models", ())) if self.side == "fault" else ()

    def of_fault(self, key: str) -> Any:
        """Return what only the fault has."""
        value = self.pair.get(key) if self.side == "fault" else None
        return self._text(value) if isinstance(value, str) else value

    def text(self, down_revision: str | None) -> str:
        """Return the revision's file."""
        down = self.pair.get("twin_down") if self.side == "twin" else None
        bodies = {"upgrade": self.pair[self.side], "downgrade": down or self.pair["down"]}
        parts = {key: _body(self._text(body)) for key, body in bodies.items()}
        return _REVISION.format(name=self.name, revision=self.revision, down_revision=repr(down_revision), **parts)

    def _text(self, text: str) -> str:
        return text.replace("{t}", self.table)


def _body(text: str) -> str:
    lines = dedent(text).strip()
    is_only_comment = all(line.startswith("#") for line in lines.splitlines())
    return indent(f"{lines}\npass" if is_only_comment else lines, "    ")


def read_plantings() -> tuple[Planting, ...]:
    """Return each fault with its twin after it, those that need a directory of their own last."""
    pairs = [pair for path in sorted(PLANTED.glob("*.toml")) for pair in tomllib.loads(path.read_text())["pair"]]
    pairs.sort(key=lambda pair: bool(pair.get("alone")))
    sides: tuple[Side, ...] = ("fault", "twin")
    return tuple(Planting(pair, number, side) for number, pair in enumerate(pairs, 1) for side in sides)


def write_directory(folder: Path, plantings: Iterable[Planting]) -> Path:
    """Write an Alembic directory with these revisions, one after the other, and return it."""
    ones = tuple(plantings)
    versions, app = folder / "versions", folder / "planted_app"
    for each in (versions, app):
        each.mkdir(parents=True)
    (app / "__init__.py").touch()
    (app / "models.py").write_text(_models(ones))
    before: str | None = None
    for one in ones:
        (versions / f"{one.revision}.py").write_text(one.text(before))
        if (module := one.of_fault("module")) is not None:
            (app / f"models_{one.table}.py").write_text(module)
        if one.of_fault("second_head") or one.pair.get("is_followed"):
            beside = before if one.of_fault("second_head") else one.revision
            second = one.text(beside).replace(f'revision = "{one.revision}"', f'revision = "{one.revision}_b"')
            (versions / f"{one.revision}_b.py").write_text(second.replace("note", "word"))
        before = one.revision
    (folder / "alembic.ini").write_text(_INI)
    (folder / "env.py").write_text(_env(without={one.of_fault("env_without") for one in ones}))
    return folder


def _models(plantings: Iterable[Planting]) -> str:
    """Return the app's models: the tables that still have a column which the revisions take away."""
    lines = ["from sqlalchemy import Column, MetaData, Table, Text", "", "metadata = MetaData()"]
    for one in plantings:
        if one.model_columns:
            columns = ", ".join(f'Column("{name}", Text())' for name in one.model_columns)
            lines.append(f'{one.table} = Table("{one.table}", metadata, {columns})')
    return "\n".join(lines) + "\n"


def _env(without: Iterable[str | None]) -> str:
    left_out = set(without)
    settings = {
        "lock_timeout": "    connection.execute(text(\"SET lock_timeout = '2s'\"))\n",
        "statement_timeout": "    connection.execute(text(\"SET statement_timeout = '1h'\"))\n",
    }
    own = "" if "transaction_per_migration" in left_out else ", transaction_per_migration=True"
    return (
        "from alembic import context\nfrom planted_app.models import metadata\n"
        "from sqlalchemy import create_engine, text\n\n\n"
        "target_metadata = metadata\n\n\n"
        "def run_offline():\n"
        '    context.configure(dialect_name="postgresql", transaction_per_migration=True)\n'
        "    with context.begin_transaction():\n        context.run_migrations()\n\n\n"
        "def run_online():\n"
        '    engine = create_engine(context.config.get_main_option("sqlalchemy.url"))\n'
        "    with engine.connect() as connection:\n"
        + "".join(f"    {line}" for name, line in settings.items() if name not in left_out)
        + ("        connection.commit()\n" if len(left_out & set(settings)) < len(settings) else "")
        + f"        context.configure(connection=connection, target_metadata=target_metadata{own})\n"
        "        with context.begin_transaction():\n            context.run_migrations()\n\n\n"
        "run_offline() if context.is_offline_mode() else run_online()\n"
    )
