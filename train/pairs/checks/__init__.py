"""Checks of a pair before it is approved, in words for a librarian: `check_pair`, and `check_all` for a set.

No check changes a pair, reads a file or goes to a network.
"""

from __future__ import annotations

from train.pairs.checks.approved import Approved
from train.pairs.checks.clusters import Cluster, find_clusters
from train.pairs.checks.context import Context
from train.pairs.checks.finding import Code, Field, Finding, Severity
from train.pairs.checks.running import check_all, check_pair, find_duplicates

__all__ = [
    "Approved",
    "Cluster",
    "Code",
    "Context",
    "Field",
    "Finding",
    "Severity",
    "check_all",
    "check_pair",
    "find_clusters",
    "find_duplicates",
]
