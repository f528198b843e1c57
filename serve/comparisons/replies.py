"""What is known of comparisons, as it crosses the wire: to judges, to staff, and after the end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from serve.comparisons.comparison import Body, Comparison, Progress, Vote
from serve.comparisons.interval import WinRate, to_elo
from serve.comparisons.outcome import Outcome
from serve.comparisons.ratings import Rating
from serve.comparisons.verdict import LEAST_QUESTIONS, plan_votes
from serve.comparisons.voting import Task, Turn
from serve.schemas import Source
from serve.wire.comparisons import (
    AgreementInfo,
    ComparisonInfo,
    JudgeInfo,
    OpenInfo,
    OutcomeReply,
    PartyInfo,
    QuestionOutcome,
    RatingInfo,
    Share,
    SideInfo,
    TaskInfo,
    TaskReply,
)


def describe_open(turn: Turn) -> OpenInfo:
    """A comparison as those know it who vote in it: by its id and what is left."""
    return OpenInfo(id=turn.comparison.id, done=turn.done, left=turn.left)


def describe_turn(turn: Turn) -> TaskReply:
    """A judge's next question. No version's name, and nothing but the two texts that differs by side."""
    task = describe_task(turn.task) if turn.task else None
    return TaskReply(**dict(describe_open(turn)), task=task, last=turn.last)


def describe_task(task: Task) -> TaskInfo:
    """A question with both answers, in this judge's order."""
    return TaskInfo(
        question=task.question,
        text=task.text,
        sides=[SideInfo(name=side.name, text=task.answers.get(side.arm)) for side in task.sides],
        passages=[Source.model_validate(passage) for passage in task.answers.passages],
    )


def describe_comparison(
    comparison: Comparison, progress: Progress, votes: Sequence[Vote], *, filling: bool
) -> ComparisonInfo:
    """A comparison as staff see it, open or closed: who is compared and how far it is, not how it stands."""
    return ComparisonInfo(
        id=comparison.id,
        revision=comparison.revision,
        state=comparison.state,
        title=comparison.title,
        candidate=comparison.candidate,
        champion=comparison.champion,
        patrons=comparison.patrons,
        dataset=comparison.dataset,
        contributors_known=comparison.contributors is not None,
        questions=progress.questions,
        answered=progress.answered,
        same=progress.same,
        filling=filling,
        problem=comparison.problem,
        votes=len(votes),
        judges=_describe_judges(votes),
        planned=write_plan(progress.answered - progress.same),
        created=comparison.created.isoformat(timespec="seconds"),
        created_by=comparison.created_by,
        why=comparison.why,
        closed=comparison.closed.isoformat(timespec="seconds") if comparison.closed else "",
        closed_by=comparison.closed_by,
        closed_why=comparison.closed_why,
    )


def write_plan(questions: int) -> str:
    """How many votes show how large a difference, said before any is counted."""
    shown = "; ".join(f"{share:.0%} with {plan_votes(share)}" for share in (0.55, 0.6, 0.65, 0.7))
    few = ""
    if questions < LEAST_QUESTIONS:
        few = f" There are {questions} questions to vote on; a verdict needs at least {LEAST_QUESTIONS}."
    return f"Votes that decide, to show that an answer is preferred in so many of them: {shown}.{few}"


def describe_outcome(outcome: Outcome) -> OutcomeReply:
    """All of a closed comparison."""
    comparison, verdict, counts = outcome.comparison, outcome.verdict, outcome.counts
    rate, agreement = verdict.rate, outcome.agreement
    base = describe_comparison(comparison, outcome.progress, outcome.votes, filling=False)
    return OutcomeReply(
        **dict(base),
        verdict=verdict.kind,
        sentence=verdict.sentence,
        cautions=list(verdict.cautions),
        more=verdict.more,
        rate=_describe_rate(rate),
        for_candidate=counts["candidate"],
        for_champion=counts["champion"],
        ties=counts["tie"],
        neither=counts["neither"],
        parties=[
            PartyInfo(
                body=party.body, judges=party.judges, votes=party.votes, **dict(_describe_rate(party.rate))
            )
            for party in outcome.parties
        ],
        agreement=agreement
        and AgreementInfo(
            questions=agreement.questions, pairs=agreement.pairs, share=agreement.share, alpha=agreement.alpha
        ),
        shown_first=outcome.shown_first,
        elo_difference=Share(share=to_elo(rate.share), low=to_elo(rate.low), high=to_elo(rate.high)),
        ratings=[describe_rating(rating) for rating in outcome.ratings],
        data=[
            QuestionOutcome(
                text=question.text,
                candidate=question.answers.candidate,
                champion=question.answers.champion,
                same=question.answers.same,
                for_candidate=chosen.get("candidate", 0),
                for_champion=chosen.get("champion", 0),
                ties=chosen.get("tie", 0),
                neither=chosen.get("neither", 0),
            )
            for question, chosen in outcome.questions
            if question.answers
        ],
    )


def describe_rating(rating: Rating) -> RatingInfo:
    """One version's rating."""
    return RatingInfo(
        version=rating.version,
        strength=rating.strength,
        low=rating.low,
        high=rating.high,
        elo=rating.elo,
        votes=rating.votes,
    )


def _describe_rate(rate: WinRate) -> Share:
    return Share(share=rate.share, low=rate.low, high=rate.high)


def _describe_judges(votes: Sequence[Vote]) -> list[JudgeInfo]:
    """Staff by name, patrons together."""
    given: dict[tuple[Body, str], list[Vote]] = defaultdict(list)
    for vote in votes:
        given[vote.body, vote.name].append(vote)
    return [
        JudgeInfo(
            name=name,
            body=body,
            judges=len({vote.judge for vote in mine}),
            votes=len(mine),
            contributed=any(vote.contributed for vote in mine),
        )
        for (body, name), mine in sorted(given.items(), key=lambda one: (one[0][0] == "patrons", one[0][1]))
    ]
