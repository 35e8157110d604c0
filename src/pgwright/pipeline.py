"""READ FIRST: the path of data, one stage a function.

    database ──▶ snapshot ──▶ findings ──▶ remedies ──▶ proof ──▶ report
             take_snapshot   check, advise    fix       prove

Each takes what the one before gave. Nothing here writes to the database that was named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg

from pgwright import checks, planner, proof, remedies, snapshot
from pgwright.database import conninfo
from pgwright.errors import ConfigError, EmbeddedServerError, MigrationError, TwinError
from pgwright.migrations import AlembicDirectory, upgrade
from pgwright.model.advice import Advice
from pgwright.model.finding import Diagnosis, Finding
from pgwright.model.policy import Policy
from pgwright.model.proof import Proof
from pgwright.model.remedy import Plan
from pgwright.model.snapshot import NotExamined, Snapshot
