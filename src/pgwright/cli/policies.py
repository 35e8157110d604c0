"""The team's word, with what the policies beside its models state."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pgwright.config import Config
from pgwright.model.policy import Policy
from pgwright.pipeline.stated_policies import read_stated_policies


def policy_of(config: Config) -> Policy:
    """Return the policy of the settings; `policies` is imported, in a process of its own."""
    if config.policies is None:
        return config.policy
    return replace(config.policy, stated=read_stated_policies(config.policies, Path.cwd()))
