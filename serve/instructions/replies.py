"""What is known of standing instructions, as it crosses the wire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from serve.instructions.book import Shelf
from serve.instructions.trial import Answer, Trial
from serve.instructions.version import Event, Scope, Version
from serve.schemas import AnswerDetails
from serve.wire.instructions import (
    InstructionEvent,
    ScopeInfo,
    ScopeReply,
    TrialAnswer,
    TrialInfo,
    TrialPair,
    TrialReply,
    VersionInfo,
)


def describe_scope(shelf: Shelf, titles: Mapping[Scope, str]) -> ScopeInfo:
    """A scope in short; `titles` are those of all that is there now."""
    scope, changed = shelf.pointer.scope, shelf.changed
    return ScopeInfo(
        kind=scope.kind,
        name=scope.name,
        title=titles.get(scope, scope.name),
        known=scope in titles,
        revision=shelf.pointer.revision,
        active=describe_version(shelf.active, shelf.active.number) if shelf.active else None,
        versions=len(shelf.versions),
        changed=changed.at.isoformat(timespec="seconds") if changed else "",
        changed_by=changed.who if changed else "",
        changed_why=changed.why if changed else "",
    )


def describe_shelf(shelf: Shelf, titles: Mapping[Scope, str]) -> ScopeReply:
    """A scope whole, with its versions."""
    versions = [describe_version(version, shelf.pointer.active) for version in shelf.versions]
    return ScopeReply(**{**dict(describe_scope(shelf, titles)), "data": versions})


def describe_version(version: Version, active: int) -> VersionInfo:
    """One version; `active` is the number in force."""
    return VersionInfo(
        id=version.id,
        kind=version.scope.kind,
        name=version.scope.name,
        number=version.number,
        text=version.text,
        why=version.why,
        created=version.created.isoformat(timespec="seconds"),
        created_by=version.created_by,
        active=version.number == active,
    )


def describe_trial(trial: Trial, active: int, patience: float) -> TrialInfo:
    """A trial without its answers; `active` is in force now, `patience` as in `Trial.state`."""
    return TrialInfo(
        id=trial.id,
        kind=trial.scope.kind,
        name=trial.scope.name,
        number=trial.number,
        beside=trial.beside,
        questions=list(trial.questions),
        created=trial.created.isoformat(timespec="seconds"),
        created_by=trial.created_by,
        state=trial.state(patience),
        answers=len(trial.answers),
        shortcoming=trial.shortcoming(active),
    )


def describe_answers(trial: Trial, active: int, patience: float) -> TrialReply:
    """A trial whole: each question with both its answers."""
    answers = {(answer.position, answer.arm): answer for answer in trial.answers}
    pairs = []
    for position, question in enumerate(trial.questions):
        proposed = answers.get((position, "proposed"))
        pairs.append(
            TrialPair(
                question=question,
                active=_describe_answer(answers.get((position, "active"))),
                proposed=_describe_answer(proposed),
                reached=proposed.reached if proposed else True,
            )
        )
    return TrialReply(**{**dict(describe_trial(trial, active, patience)), "data": pairs})


def _describe_answer(answer: Answer | None) -> TrialAnswer | None:
    if answer is None:
        return None
    details = AnswerDetails.model_validate(answer.details) if answer.details else None
    return TrialAnswer(text=answer.text, written=answer.written, problem=answer.problem, details=details)


def describe_event(event: Event) -> InstructionEvent:
    """One event."""
    values = {**asdict(event), "at": event.at.isoformat(timespec="milliseconds")}
    scope = values.pop("scope")
    return InstructionEvent(**{**values, **scope})
