"""What the gate says: findings in stages, worst first for the whole, in words for a librarian."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from train.evaluation.errors import EvaluationRefused
from train.evaluation.gate.thresholds import Thresholds

Verdict = Literal["pass", "fail", "not enough evidence"]
StageName = Literal["integrity", "data", "automatic", "people", "canary"]
_WORST: tuple[Verdict, ...] = ("fail", "not enough evidence", "pass")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `needed` more questions (votes, answers) would settle it, None: not known."""

    code: str
    verdict: Verdict
    sentence: str
    needed: int | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of the gate; `needed` is the most that any of its open findings needs."""

    name: StageName
    verdict: Verdict
    sentence: str
    findings: tuple[Finding, ...]
    needed: int | None = None


@dataclass(frozen=True, slots=True)
class Gate:
    """The whole verdict with the lines it was drawn by."""

    verdict: Verdict
    sentence: str
    stages: tuple[Stage, ...]
    thresholds: Thresholds

    def stage(self, name: StageName) -> Stage:
        return next(stage for stage in self.stages if stage.name == name)

    @property
    def may_try(self) -> bool:
        """Whether everything before the canary has passed."""
        return all(stage.verdict == "pass" for stage in self.stages if stage.name != "canary")

    @property
    def may_promote(self) -> bool:
        """Whether everything has passed."""
        return self.verdict == "pass"

    def as_json(self) -> dict[str, Any]:
        """For a file and for the wire."""
        told: dict[str, Any] = json.loads(_adapter().dump_json(self))
        return told


def read_gate(values: Mapping[str, Any]) -> Gate:
    """What `Gate.as_json` gave. Raises EvaluationRefused."""
    try:
        return _adapter().validate_python(values)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise EvaluationRefused(
            f"Expected a gate's verdict, found one whose {place} is none: {first['msg']}."
        ) from error


def find_worst(verdicts: Iterable[Verdict]) -> Verdict:
    """A single failure fails; whatever is open keeps the rest open."""
    return min(verdicts, key=_WORST.index)


def make_stage(
    name: StageName, findings: Iterable[Finding], *, about: str = "", unit: str = "questions"
) -> Stage:
    """A stage of its findings, worst first. `about` begins its sentence, `unit` is what more is wanted of."""
    ordered = tuple(sorted(findings, key=lambda finding: _WORST.index(finding.verdict)))
    verdict = find_worst(finding.verdict for finding in ordered)
    needs = [one.needed for one in ordered if one.verdict == "not enough evidence" and one.needed is not None]
    needed = max(needs) if needs and verdict == "not enough evidence" else None
    return Stage(name, verdict, _summarise(ordered, verdict, about, needed, unit), ordered, needed)


def _summarise(
    findings: tuple[Finding, ...], verdict: Verdict, about: str, needed: int | None, unit: str
) -> str:
    begin = f"{about}. " if about else ""
    if verdict == "pass":
        return f"{begin}All {len(findings)} checks are passed." if len(findings) > 1 else findings[0].sentence
    open_ones = [finding for finding in findings if finding.verdict == verdict]
    more = f" ({len(open_ones) - 1} more below)" if len(open_ones) > 1 else ""
    if verdict == "not enough evidence" and needed and about:
        return f"{about}; {needed:,} more {unit} would settle it."
    return f"{begin}{open_ones[0].sentence}{more}"


@cache
def _adapter() -> TypeAdapter[Gate]:
    return TypeAdapter(Gate)
