"""What is measured for the gate. A field of None was not looked at, and is no pass."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from train.evaluation.calibration import Calibration
from train.evaluation.comparing import Difference
from train.evaluation.errors import EvaluationRefused
from train.evaluation.probes.counterfactuals import BiasGap
from train.evaluation.probes.regurgitation import MemoryFacts
from train.evaluation.report import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrityFacts:
    """What was found of the adapter's files and of their first answers.

    `forbidden` names settings that vLLM refuses (modules_to_save, DoRA, bias). `prompts_alike` of
    `prompts_asked` answers of the real engine are token for token those of the training library.
    """

    safetensors_only: bool | None = None
    digests_match: bool | None = None
    base_matches: bool | None = None
    template_matches: bool | None = None
    """Tokenizer and chat template are those of the server."""
    rank: int | None = None
    forbidden: tuple[str, ...] = ()
    weights_finite: bool | None = None
    weights_changed: bool | None = None
    """The adapter is not nothing: B is not zero."""
    loaded: bool | None = None
    prompts_asked: int = 0
    prompts_alike: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFacts:
    """What was found of the dataset version. Counts are of pairs."""

    pairs: int
    whole: bool | None = None
    """Every digest of the version is right."""
    unapproved: int = 0
    flagged: int = 0
    """With an open question of personal data, consent or licence."""
    withdrawn: int = 0
    duplicates: int = 0
    leaked: int = 0
    """Exam questions that are in the training part too: the same, near-duplicates, or the same in meaning."""
    leaks_looked_for: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AutomaticFacts:
    """The exam's report and the probes beside it."""

    report: Report
    general: Difference | None = None
    """Right answers to general questions, candidate less base."""
    replay_loss: float | None = None
    """Relative change of the loss on the base's own answers: 0.02 is 2 % more."""
    memory: MemoryFacts | None = None
    bias: tuple[BiasGap, ...] | None = None
    calibration: Calibration | None = None
    """Of the rule by which answers are judged, against the ratings there are; None where there are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleFacts:
    """Blind comparisons: the candidate's win rate with ties as half, and its 90 % interval.

    `enough` is False where who voted, or on how little, allows no verdict; `sentence` says why. `more` are
    votes that would settle it, None where that is not known.
    """

    votes: int
    share: float
    low: float
    high: float
    judges: int = 1
    contributors_alone: bool = False
    """Everybody who voted contributed pairs to the training."""
    enough: bool = True
    sentence: str = ""
    more: int | None = None


@dataclass(frozen=True, slots=True)
class ThumbCounts:
    """Answers given by a version, and those marked with a thumb down."""

    answers: int
    down: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryFacts:
    """A share of the traffic over `days`."""

    days: float
    candidate: ThumbCounts
    champion: ThumbCounts
    rolled_back: str = ""
    """Why the service took it back by itself, where it did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that is known by now; a stage of None has not been gone through yet."""

    integrity: IntegrityFacts | None = None
    data: DataFacts | None = None
    automatic: AutomaticFacts | None = None
    people: PeopleFacts | None = None
    canary: CanaryFacts | None = None

    def as_json(self) -> dict[str, Any]:
        """For a file; without texts, as a report is kept."""
        told: dict[str, Any] = json.loads(_adapter().dump_json(self))
        if self.automatic is not None:
            told["automatic"]["report"] = self.automatic.report.as_json()
        return told


def read_facts(values: Mapping[str, Any]) -> Facts:
    """What `Facts.as_json` gave. Raises EvaluationRefused."""
    try:
        return _adapter().validate_python(values)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise EvaluationRefused(
            f"Expected facts, found some whose {place} is none: {first['msg']}."
        ) from error


@cache
def _adapter() -> TypeAdapter[Facts]:
    return TypeAdapter(Facts)
