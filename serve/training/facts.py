"""What is found out for the gate beside the exam: of the files, the dataset, the votes and the canary."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from serve.adapters.administration import Administration
from serve.adapters.probes import ProbeResult
from serve.adapters.registry import Alias, Event, Registry
from serve.comparisons.book import ComparisonBook
from serve.comparisons.outcome import Outcome, read_outcome
from serve.database import Database
from serve.people.moments import now_utc
from serve.rollout.controller import GUARD
from serve.rollout.counts import Arm, ArmCounts
from serve.rollout.counts import read as read_counts
from train.datasets.candidate import Candidate
from train.datasets.folder import DatasetFolder
from train.datasets.likeness import find_like
from train.datasets.selection import find_reason, select_pairs
from train.evaluation.gate.facts import CanaryFacts, DataFacts, IntegrityFacts, PeopleFacts, ThumbCounts
from train.reference import PROMPTS

_PAGE = 1000


def find_integrity(administration: Administration, version: str, probe: ProbeResult | None) -> IntegrityFacts:
    """What the files say, and what the engine answered. Raises NotFound for a version that is not known."""
    (finding,) = administration.verify(version)
    known = next(one for one in administration.registry.snapshot().versions if one.name == version)
    whole = not finding.problems
    compared = probe is not None and probe.disagreement is not None
    return IntegrityFacts(
        # One problem of the files is enough to fail; which of the others hold is then beside the point.
        digests_match=whole,
        safetensors_only=whole or None,
        base_matches=whole or None,
        template_matches=whole or None,
        rank=known.rank,
        weights_finite=whole or None,
        weights_changed=whole or None,
        loaded=None if probe is None else probe.ok,
        prompts_asked=len(PROMPTS) if compared else 0,
        prompts_alike=len(PROMPTS) if compared and probe is not None and probe.ok else 0,
    )


def find_data(dataset: DatasetFolder, withdrawn: Collection[str]) -> DataFacts:
    """What a dataset version holds that was found whole; `withdrawn` are its pairs withdrawn since."""
    train, exam = dataset.train(), dataset.exam()
    reasons = [find_reason(Candidate(member.pair, member.revision))[0] for member in train]
    _, left = select_pairs([Candidate(member.pair, member.revision) for member in train], frozenset())
    like = find_like([*(member.pair for member in train), *(member.pair for member in exam)])
    return DataFacts(
        pairs=len(train),
        whole=True,
        unapproved=reasons.count("unapproved"),
        flagged=sum(reason in ("consent", "licence", "not public") for reason in reasons),
        withdrawn=sum(member.pair.id in withdrawn for member in train),
        duplicates=sum(reason == "duplicate" for _, reason, _ in left),
        leaked=len({other for one, other in like if one < len(train) <= other}),
    )


def find_people(book: ComparisonBook, version: str) -> PeopleFacts | None:
    """The newest closed comparison of a version with the one in use; None where there is none."""
    closed = (one for one in book.list() if one.candidate == version and one.closed is not None)
    newest = next(closed, None)
    return read_people(read_outcome(book, newest.id)) if newest else None


def read_people(outcome: Outcome) -> PeopleFacts:
    """A closed comparison as the gate takes it."""
    verdict, votes = outcome.verdict, outcome.votes
    return PeopleFacts(
        votes=len(votes),
        share=verdict.rate.share,
        low=verdict.rate.low,
        high=verdict.rate.high,
        judges=len({vote.judge for vote in votes}),
        contributors_alone=bool(votes) and all(vote.contributed for vote in votes),
        enough=verdict.kind != "not_enough",
        sentence=verdict.sentence,
        more=verdict.more,
    )


def find_canary(registry: Registry, database: Database, version: str) -> CanaryFacts | None:
    """The newest trial of a version on a share of the traffic; None where there was none."""
    trial: tuple[str, datetime] | None = None
    ended: Event | None = None
    for event in _read_alias_events(registry):
        before, after = event.details.get("before"), event.details.get("after")
        tried = _find_trial(after, version)
        if tried and (trial is None or trial[0] != tried):
            trial, ended = (tried, event.at), None
        elif trial and not tried and _find_trial(before, version) == trial[0]:
            ended = event
    if trial is None:
        return None
    counts = read_counts(database, trial[0])
    until = ended.at if ended else now_utc()
    return CanaryFacts(
        days=(until - trial[1]).total_seconds() / 86_400,
        candidate=_count(counts, "candidate"),
        champion=_count(counts, "stable"),
        rolled_back=ended.why if ended is not None and ended.who == GUARD else "",
    )


def find_champion(aliases: Collection[Alias], adapter: str, candidate: str) -> str:
    """What the alias of an adapter points to now; "" where that is the candidate itself, or there is none."""
    stable = next((alias.stable for alias in aliases if alias.name == adapter), "")
    return "" if stable == candidate else stable


def _read_alias_events(registry: Registry) -> list[Event]:
    found: list[Event] = []
    while events := registry.events(after=found[-1].id if found else 0, limit=_PAGE):
        found.extend(events)
    return [event for event in found if event.kind == "alias"]


def _find_trial(alias: object, version: str) -> str:
    """The id of the rollout of a version in an alias as an event keeps it; "" where it has none."""
    rollout = alias.get("rollout") if isinstance(alias, dict) else None
    if not isinstance(rollout, dict) or rollout.get("candidate") != version:
        return ""
    return str(rollout.get("id", ""))


def _count(counts: Collection[ArmCounts], arm: Arm) -> ThumbCounts:
    mine = [one for one in counts if one.arm == arm]
    return ThumbCounts(sum(one.answers for one in mine), sum(one.thumbs_down for one in mine))
