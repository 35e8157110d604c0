"""What `migrate` gives: which revisions ran, how long and with which locks, or what would run."""

from __future__ import annotations

from pgwright.model.migrated import Migrated
from pgwright.report.kind import Kind
from pgwright.report.migration import words
from pgwright.report.migration.terminal import show

KIND = Kind(Migrated, version=1, show=show, words=words, shapes={})
