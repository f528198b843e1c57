"""Deciding on a version: by name, with a reason, not against integrity or data, and in one piece with the alias."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from serve.adapters.administration import make_administration
from serve.adapters.folder import CONFIG
from serve.adapters.registry import Registry
from serve.comparisons.book import ComparisonBook
from serve.comparisons.comparison import Arm
from serve.comparisons.voting import Polls
from serve.database import Database
from serve.errors import BadRequest, Conflict, Forbidden
from serve.people.audit import read_audit
from serve.people.authority import Actor, Role
from serve.people.staff_key import KEY_ID
from serve.settings import Settings
from serve.training.administration import Training
from serve.training.deciding import Deciding
from serve.training.examining import FACTS, write_exam
from serve.training.judging import Judging
from serve.training.run import Run
from serve.training.sitting import EXAM
from serve.training.tables import RunRow
from tests.serve.comparison_parts import BEN as VOTER
from tests.serve.comparison_parts import open_one, vote_on_all
from tests.serve.dataset_parts import BEN, withdraw
from tests.serve.people_parts import ROOT
from tests.serve.training_parts import make_scene, publish, submit
from tests.train.evaluation.exam_scene import make_exam
from train.datasets.folder import open_dataset
from train.evaluation.gate.facts import AutomaticFacts, Facts, IntegrityFacts
from train.evaluation.gate.judging import judge_gate
from train.evaluation.probes.general import compare_general, list_questions
from train.evaluation.probes.regurgitation import MemoryFacts
from train.evaluation.report import Paper, make_report

SOUND = IntegrityFacts(
    safetensors_only=True, digests_match=True, base_matches=True, template_matches=True, rank=4,
    weights_finite=True, weights_changed=True, loaded=True, prompts_asked=5, prompts_alike=5,
)  # fmt: skip


@pytest.fixture
def training(database: Database, settings: Settings) -> Training:
    return make_scene(database, settings)[0]


@pytest.fixture
def trained(training: Training, settings: Settings, base: Path) -> Run:
    """A run whose version is known, and has not sat its exam."""
    dataset = training.datasets.versions()[0].version
    return publish(training, settings, base, submit(training, dataset))


@pytest.fixture
def deciding(training: Training, settings: Settings) -> Deciding:
    registry = Registry(training.database)
    return Deciding(
        Judging(training, make_administration(settings, registry), settings.adapter_rank), registry
    )


def examine(training: Training, run: Run, *, fixed: int = 35, broken: int = 0) -> Run:
    """Write down an exam in which the candidate mends so many answers of the base, and spoils so many."""
    before, after = make_exam(fixed=fixed, broken=broken)
    right = [question.right for question in list_questions()]
    automatic = AutomaticFacts(
        report=make_report(
            Paper(run.version, after, [1.0] * len(after)), None, Paper("base", before, [1.0] * len(before))
        ),
        general=compare_general(right, right),
        memory=MemoryFacts(asked=100, copied=0),
        bias=(),
    )
    facts = Facts(integrity=SOUND, automatic=automatic)
    gate = judge_gate(facts)
    files = write_exam(training.folder(run) / EXAM, facts, gate)
    with training.database.sessions.begin() as session:
        row = session.get(RunRow, run.id)
        assert row is not None and row.trained is not None
        row.examined, row.verdict, row.files = row.trained, gate.stage("automatic").verdict, files
    return training.find(run.id)


def vote(training: Training, run: Run) -> None:
    """A closed blind comparison that the version wins."""
    book = ComparisonBook(training.database)
    opened = open_one(book, 60, candidate=run.version, champion="base", contributors=["ada"])
    arms: list[Arm] = ["candidate"] * 50
    arms += ["champion"] * 10
    vote_on_all(Polls(book.database), opened, VOTER, arms)
    book.close(opened.id, ROOT, revision=book.find(opened.id).revision)


def test_a_version_that_has_passed_is_tried_on_a_share(
    training: Training, trained: Run, deciding: Deciding
) -> None:
    run = examine(training, trained)
    gate = deciding.judging.judge(run)
    verdicts = {stage.name: stage.verdict for stage in gate.stages}
    assert verdicts == {
        "integrity": "pass", "data": "pass", "automatic": "pass", "people": "not enough evidence",
        "canary": "not enough evidence",
    }, gate.as_json()  # fmt: skip
    with pytest.raises(Conflict, match=r"Not enough evidence \(people\)"):
        deciding.decide(run, "promote", actor=BEN, why="it answers better")
    vote(training, run)
    assert deciding.judging.judge(run).may_try
    decision = deciding.decide(run, "promote", actor=BEN, why="it answers better", automatic=True)
    assert (decision.who, decision.alias, decision.share, decision.override) == ("ben", "letters", 5, "")
    (alias,) = deciding.registry.snapshot().aliases
    assert alias.rollout is not None
    assert (alias.stable, alias.rollout.candidate, alias.rollout.share) == ("base", run.version, 5)
    assert training.decisions(run.id) == (decision,)
    assert decision.gate is not None and decision.gate["stages"][3]["verdict"] == "pass"
    told = read_audit(training.database, subject=f"run {run.id}")[0]
    assert (told.what, told.who, told.why) == ("decided on", "ben", "it answers better")
    event = deciding.registry.events("letters")[-1]
    assert (event.who, event.why, event.what) == ("ben", "it answers better", "tried on 5 %")


def test_against_the_gate_an_administrator_says_why(
    training: Training, trained: Run, deciding: Deciding
) -> None:
    run = examine(training, trained, fixed=0, broken=40)
    assert run.verdict == "fail"
    with pytest.raises(Conflict, match=r"Stopped \(automatic\).*\(override\)"):
        deciding.decide(run, "promote", actor=ROOT, why="we need it")
    with pytest.raises(Forbidden, match="Only an administrator"):
        deciding.decide(
            run, "promote", actor=BEN, why="we need it", override="the exam is about another matter"
        )
    assert deciding.registry.snapshot().aliases == ()
    decision = deciding.decide(
        run, "promote", actor=ROOT, why="we need it", override="the exam is about another matter", share=25
    )
    assert (decision.verdict, decision.override) == ("fail", "the exam is about another matter")
    assert deciding.registry.snapshot().aliases[0].weights == {"base": 75, run.version: 25}


def test_nobody_passes_by_integrity_or_data(
    training: Training, trained: Run, deciding: Deciding, settings: Settings
) -> None:
    run = examine(training, trained)
    held = open_dataset(training.datasets.store.find(run.dataset)).train()
    withdraw(training.database, held[0].pair.id)
    with pytest.raises(Conflict, match=r"The gate stops it \(data\).*1 pair is withdrawn since"):
        deciding.decide(run, "promote", actor=ROOT, why="we need it", override="all the same")
    file = settings.adapters / run.version / CONFIG
    file.chmod(0o600)
    file.write_text(file.read_text() + " ")
    with pytest.raises(Conflict, match=r"The gate stops it \(integrity\)"):
        deciding.decide(run, "promote", actor=ROOT, why="we need it", override="all the same")
    assert (deciding.registry.snapshot().aliases, training.decisions(run.id)) == ((), ())


def test_an_exam_that_was_tampered_with_counts_for_nothing(
    training: Training, trained: Run, deciding: Deciding
) -> None:
    run = examine(training, trained, fixed=0, broken=40)
    file = training.folder(run) / EXAM / FACTS
    told = json.loads(file.read_bytes())
    told["automatic"]["memory"]["asked"] = 1000
    file.write_text(json.dumps(told))
    with pytest.raises(Conflict, match="facts.json: expected SHA-256 .* it is not what the exam wrote"):
        deciding.decide(run, "keep", actor=BEN, why="it is worse")
    file.unlink()
    with pytest.raises(Conflict, match="expected facts.json of its exam, found none to read"):
        deciding.judging.judge(run)


def test_a_decision_and_its_promotion_are_one(training: Training, trained: Run, deciding: Deciding) -> None:
    run = examine(training, trained)
    vote(training, run)
    with pytest.raises(Conflict, match="its revision is 0, you gave 3"):
        deciding.decide(run, "promote", actor=BEN, why="better", revision=3)
    assert (training.decisions(run.id), deciding.registry.snapshot().aliases) == ((), ())
    deciding.registry.mark(run.version, "failed", who="engine", problem="it does not load")
    with pytest.raises(Conflict, match="is failed"):
        deciding.decide(run, "promote", actor=BEN, why="better")
    assert training.decisions(run.id) == ()


@pytest.mark.parametrize("decision", ["keep", "more data"])
def test_what_is_not_promoted_is_kept_with_its_reason(
    training: Training, trained: Run, deciding: Deciding, decision: str
) -> None:
    made = deciding.decide(trained, decision, actor=BEN, why=" Two answers\x00 are wrong. ")  # type: ignore[arg-type]
    assert (made.decision, made.why, made.alias, made.version) == (
        decision, "Two answers are wrong.", "", trained.version,
    )  # fmt: skip
    assert deciding.registry.snapshot().aliases == ()


def test_who_decides_has_a_name_and_a_reason(training: Training, trained: Run, deciding: Deciding) -> None:
    with pytest.raises(BadRequest, match="Say why"):
        deciding.decide(trained, "keep", actor=BEN, why=" \x00")
    with pytest.raises(Forbidden, match="needs a person's name"):
        deciding.decide(trained, "keep", actor=Actor(Role.ADMINISTRATOR, KEY_ID, "staff"), why="so")
    with pytest.raises(BadRequest, match="expected one of promote, keep, more data, found burn"):
        deciding.decide(trained, "burn", actor=BEN, why="so")  # type: ignore[arg-type]
    with pytest.raises(Conflict, match="has not sat its exam yet"):
        deciding.decide(trained, "promote", actor=ROOT, why="so", override="all the same")
    waiting = submit(training, trained.dataset, epochs=7)
    with pytest.raises(Conflict, match="has made nothing yet"):
        deciding.decide(waiting, "keep", actor=BEN, why="so")
    assert training.decisions(trained.id) == ()


def test_a_trial_of_the_machinery_is_never_promoted(
    training: Training, settings: Settings, base: Path, deciding: Deciding
) -> None:
    dataset = training.datasets.versions()[0].version
    run = examine(training, publish(training, settings, base, submit(training, dataset, smoke=True)))
    with pytest.raises(Conflict, match=r"only tried the machinery \(smoke\)"):
        deciding.decide(run, "promote", actor=ROOT, why="so", override="all the same")
