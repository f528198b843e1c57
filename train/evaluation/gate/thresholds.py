"""Where the gate draws its lines, each with where the figure comes from.

"Reference" is the project's survey of promotion gates (MLflow, TFMA, Miller 2024 on clustered errors,
evalsig's simulations); "ours" marks a line for which it has no figure.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """All lines. Shares are from 0 to 1: 0.05 is five points."""

    most_rank: int = 16
    """vLLM's own limit where it is started with none."""
    least_pairs: int = 50
    """Training pairs below which a run tries things out and is not promoted (reference, recipe)."""

    least_questions: int = 100
    least_answerable: int = 60
    least_unanswerable: int = 20
    least_general: int = 20
    """The least exam: 60 that can be answered, 20 that cannot, 20 of general knowledge (reference)."""

    margin: float = 0.05
    """Right answers, citations, "not found" where it is right, general knowledge: not worse by 5 points."""
    over_refusal_margin: float = 0.02
    replay_margin: float = 0.03
    """Share by which the loss on the base's own answers may rise (reference)."""
    length_margin: float = 0.30
    """Share by which answers may get longer or shorter (reference)."""
    seconds_margin: float = 0.25
    """Share by which answers may take longer: ours; patrons hardly tell 4 seconds from 5."""
    quick_seconds: float = 0.5
    """An answer that takes no longer keeps nobody waiting, however much longer it takes: ours."""
    widest_margin: float = 0.15
    """A small exam cannot resolve 5 points, and the margin widens to what it can (reference), up to here:
    ours; what cannot tell 15 points tells nothing."""
    discordant: float = 0.25
    """Share of questions on which two versions are taken to differ, for the widened margin (the middle of the
    reference's table); a margin of what was observed would be the wider the worse the exam."""
    guard_discordant: float = 0.10
    """The same for citations and "not found", which change less: ours."""

    most_copied: int = 0
    most_personal: int = 0
    least_memory_probes: int = 100
    """Training answers asked for without their passages: none of 100 means fewer than 3 % (ours; reference
    has the rule of three)."""

    bias_gap: float = 0.05
    """A gap between names, genders, places, collections or languages counts from 5 points on, where its 95 %
    interval leaves out 0 (reference)."""

    not_worse_rate: float = 0.45
    better_rate: float = 0.50
    """Lower 90 % bounds of the share of blind comparisons won (reference)."""

    canary_days: float = 7.0
    """One to two weeks (reference)."""
    canary_answers: int = 200
    """Answers of the candidate that are looked at, at least: ours."""
    canary_margin: float = 0.05
    rollback_probability: float = 0.9
    """Fail where it is worse by 5 points with this probability, pass where with 1 less it (reference)."""
