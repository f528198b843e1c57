"""The gate before an adapter is used: measured facts in, a verdict in plain sentences out.

Five stages (integrity, data, automatic, people, canary), each "pass", "fail" or "not enough evidence". The
gate decides nothing: a named person does, and reads this first.
"""

from __future__ import annotations

from train.evaluation.gate.facts import (
    AutomaticFacts,
    CanaryFacts,
    DataFacts,
    Facts,
    IntegrityFacts,
    PeopleFacts,
    ThumbCounts,
    read_facts,
)
from train.evaluation.gate.judging import judge_gate
from train.evaluation.gate.thresholds import Thresholds
from train.evaluation.gate.verdict import Finding, Gate, Stage, StageName, Verdict, read_gate
from train.evaluation.probes.counterfactuals import BiasGap
from train.evaluation.probes.regurgitation import MemoryFacts

__all__ = [
    "AutomaticFacts",
    "BiasGap",
    "CanaryFacts",
    "DataFacts",
    "Facts",
    "Finding",
    "Gate",
    "IntegrityFacts",
    "MemoryFacts",
    "PeopleFacts",
    "Stage",
    "StageName",
    "ThumbCounts",
    "Thresholds",
    "Verdict",
    "judge_gate",
    "read_facts",
    "read_gate",
]
