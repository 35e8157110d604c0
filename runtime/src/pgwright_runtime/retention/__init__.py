"""How long rows are kept, stated beside the models: what is due goes in batches, and what is held stays."""

from pgwright_runtime._holds import LegalHold
from pgwright_runtime.retention.errors import ClockSkew, RetentionError, RetentionRefused, UnknownTable
from pgwright_runtime.retention.partitions import Partitions
from pgwright_runtime.retention.policies import Expired, KeepLast, OlderThan, RetentionPolicy, SoftDeleted
from pgwright_runtime.retention.results import PlannedRule, RetentionPlan, RetentionRun, RuleRun
from pgwright_runtime.retention.retention import Retention

__all__ = [
    "ClockSkew",
    "Expired",
    "KeepLast",
    "LegalHold",
    "OlderThan",
    "Partitions",
    "PlannedRule",
    "Retention",
    "RetentionError",
    "RetentionPlan",
    "RetentionPolicy",
    "RetentionRefused",
    "RetentionRun",
    "RuleRun",
    "SoftDeleted",
    "UnknownTable",
]
