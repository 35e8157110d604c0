"""The process in which an app's policies are imported: a name, and an answer as JSON."""

from __future__ import annotations

import json
import math
import sys
import warnings
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pgwright.importing import load
from pgwright.model.policy import StatedColumn
from pgwright_runtime.retention import Retention as Policies


def main() -> None:
    """Import the policies that the first argument names, from the folder in the second; answer into the third."""
    name, folder, told = sys.argv[1:4]
    warnings.simplefilter("ignore")
    answer: dict[str, Any] = {"columns": [], "others": [], "error": ""}
    try:
        found = load(name, Path(folder))
        if isinstance(found, Policies):
            answer["columns"] = [asdict(one) for one in _columns(found)]
            answer["others"] = list(_others(found))
        else:
            answer["error"] = f"{name} is of type {type(found).__name__}, and no pgwright_runtime.retention.Retention"
    except BaseException as error:  # noqa: BLE001  the app's own code runs here, and may end the process
        answer["error"] = str(error) or type(error).__name__
    Path(told).write_text(json.dumps(answer), "utf-8")


def _columns(policies: Policies) -> Iterator[StatedColumn]:
    for rule in policies.rules:
        if rule.column is not None and not rule.is_partial:
            days = math.ceil(rule.age.total_seconds() / 86_400)
            yield StatedColumn(rule.table.schema, rule.table.name, rule.column.name, days)


def _others(policies: Policies) -> Iterator[tuple[str, str]]:
    for rule in policies.rules:
        if rule.column is None:
            yield rule.name, "statistics do not show how many rows a parent has"
        elif rule.is_partial:
            yield rule.name, "statistics do not show how many of the old rows meet the policy's further condition"
