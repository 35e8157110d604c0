"""Settings of the app that policies read, as `current_setting('app.tenant')`: a session has to have them to plan."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.workload.values import middle_value

_POLICY = re.compile(r"^CREATE POLICY .*? ON ([^\s]+)(.*?);$", re.MULTILINE | re.DOTALL)
_SETTING = re.compile(r"current_setting\('([\w]+\.[\w.]+)'(?:::text)?(?:, \w+)?\)\)*(?:::([a-z ]+))?")
_COMPARED = re.compile(r'"?(\w+)"?\)?(?:::\w+)? = ')
# Without statistics: some value that the cast takes.
_SOME = {"uuid": "00000000-0000-0000-0000-000000000000", "boolean": "true", "date": "2000-01-01", "text": "a"}


def settings_of_policies(snapshot: Snapshot) -> dict[str, str]:
    """Return a value for each setting of the app that the schema reads; of a tenant, one of the middle."""
    found: dict[str, str] = {}
    for table, body in _bodies(snapshot.schema_sql):
        for setting in _SETTING.finditer(body):
            value = _value(table, body[: setting.start()], snapshot) if table is not None else None
            cast = (setting[2] or "").strip()
            fallback = _SOME.get(cast, "1")
            if setting[1] not in found or value is not None:
                found[setting[1]] = value or fallback
    return found


def _bodies(schema_sql: str) -> Iterator[tuple[QualifiedName | None, str]]:
    yield None, schema_sql
    for policy in _POLICY.finditer(schema_sql):
        schema, _, name = policy[1].replace('"', "").partition(".")
        yield QualifiedName(schema, name), policy[2]


def _value(table: QualifiedName, before: str, snapshot: Snapshot) -> str | None:
    """Return a value of the column that a policy compares with a setting, by the text before that."""
    compared = _COMPARED.findall(before)
    known = snapshot.statistics_by_column.get((table, compared[-1])) if compared else None
    return middle_value(known) if known is not None else None
