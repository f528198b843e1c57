"""Asking for runs, and publishing what they made: refusals with their remedies, and nothing by an old token."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from sqlalchemy import delete, inspect, update
from sqlalchemy.exc import DBAPIError

from serve.adapters.administration import make_administration
from serve.adapters.registry import Registry
from serve.adapters.store import StoreFull
from serve.database import Database
from serve.datasets.administration import Damaged
from serve.errors import BadRequest, Conflict, EngineDown, NotFound, VersionAbsent
from serve.jobs.claims import Claims
from serve.jobs.errors import JobCrashed, JobRefused, LeaseLost
from serve.jobs.queue import Jobs
from serve.people.audit import read_audit
from serve.settings import Settings
from serve.tables import Base
from serve.training.administration import Training
from serve.training.contributions import find_affected, find_live
from serve.training.publishing import publish_version
from serve.training.refused import tell_refusals
from serve.training.sweeping import sweep
from serve.training.tables import RunDecisionRow
from tests.serve.dataset_parts import BEN, withdraw
from tests.serve.training_parts import (
    build_dataset,
    finish_run,
    list_known,
    list_pairs,
    list_store,
    make_scene,
    make_settings,
    make_tiny_base,
    publish,
    submit,
    take_in,
)
from train.datasets.errors import DatasetDamaged
from train.datasets.folder import open_dataset
from train.datasets.names import PAIRS
from train.lora.errors import TrainingRefused
from train.lora.files import ADAPTER, CHECKPOINTS, RESULT

SHORT = 0.3
"""A lease that tests can wait for."""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_base(tmp_path_factory.mktemp("base") / "base")


@pytest.fixture
def settings(tmp_path: Path, base: Path) -> Settings:
    return make_settings(tmp_path, base)


@pytest.fixture
def scene(database: Database, settings: Settings) -> tuple[Training, str]:
    return make_scene(database, settings)


def test_migrations_make_what_the_tables_say_and_keep_decisions(database: Database) -> None:
    inspector = inspect(database.engine)
    for table in ("run", "run_decision"):
        made = {column["name"]: column["nullable"] for column in inspector.get_columns(table)}
        assert made == {column.name: column.nullable for column in Base.metadata.tables[table].columns}, table
        found = inspector.get_indexes(table)
        indexed = {tuple(index["column_names"]) for index in found if not index["unique"]}
        wanted = {tuple(c.name for c in index.columns) for index in Base.metadata.tables[table].indexes}
        assert indexed == wanted, table


def test_a_run_and_its_job_are_asked_for_together(scene: tuple[Training, str], base: Path) -> None:
    training, dataset = scene
    run = submit(training, dataset, epochs=2)
    assert (run.dataset, run.adapter, run.pairs, run.exam, run.version) == (dataset, "letters", 58, 10, "")
    assert run.asked["epochs"] == 2
    job = Jobs(training.database).find(run.job)
    assert (job.kind, job.state, job.plan, job.why) == (
        "train",
        "queued",
        {"run": run.id},
        "to answer better",
    )
    told = read_audit(training.database, subject=f"run {run.id}")
    assert [(entry.what, entry.who, entry.details["dataset"]) for entry in told] == [
        ("asked for", "ben", dataset)
    ]
    with pytest.raises(Conflict, match=f"waiting or at work( already)?: {run.id}"):
        submit(training, dataset, epochs=2)
    other = submit(training, dataset, epochs=3)
    assert [one.id for one in training.list()[0]] == [other.id, run.id]
    Jobs(training.database).cancel(run.job, BEN)
    assert submit(training, dataset, epochs=2).id != run.id


@pytest.mark.parametrize(
    ("asked", "name", "told"),
    [
        ({"epoch": 3}, "letters", "no setting called epoch"),
        ({"rate": "fast"}, "letters", "rate: expected a number"),
        ({}, "base", "that means nothing else here"),
        ({}, "../x", "small letters, digits"),
    ],
)
def test_what_cannot_be_asked_for_is_said(
    scene: tuple[Training, str], asked: dict[str, object], name: str, told: str
) -> None:
    training, dataset = scene
    with pytest.raises(BadRequest, match=told):
        training.submit(dataset, name, asked=asked, actor=BEN)
    assert training.list() == ((), 0)


def test_a_run_is_refused_where_what_it_stands_on_will_not_do(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    training, dataset = make_scene(database, settings)
    with pytest.raises(NotFound, match="There is no dataset version letters--v9-00000000"):
        submit(training, "letters--v9-00000000")
    with pytest.raises(Conflict, match="rank: expected 16 at most, which is what the engines take, found 32"):
        submit(training, dataset, rank=32)
    other, _ = make_scene(database, make_settings(tmp_path, make_tiny_base(tmp_path / "other", seed=1)), [])
    with pytest.raises(Conflict, match="was made beside another base model: expected [0-9a-f]{12}…, found"):
        submit(other, dataset)
    held = open_dataset(training.datasets.store.find(dataset)).train()
    withdraw(database, held[0].pair.id)
    with pytest.raises(Conflict, match="1 pair was withdrawn .* reading-room dataset build letters"):
        submit(training, dataset)
    assert submit(training, build_dataset(training)).pairs == 57
    assert len(training.list()[0]) == 1


def test_too_little_to_learn_from_is_a_trial_or_nothing(database: Database, settings: Settings) -> None:
    training, dataset = make_scene(database, settings, list_pairs(30, 4))
    with pytest.raises(Conflict, match="Expected 50 pairs to train on or more, found 26"):
        submit(training, dataset)
    assert submit(training, dataset, smoke=True).asked["smoke"] is True


def test_a_tampered_dataset_version_is_not_trained_on(scene: tuple[Training, str]) -> None:
    training, dataset = scene
    file = training.datasets.store.find(dataset) / PAIRS
    file.chmod(0o600)
    file.write_bytes(file.read_bytes().replace(b"Ellen Marsh", b"Nobody else"))
    with pytest.raises(Damaged, match="pairs.jsonl: expected SHA-256"):
        submit(training, dataset)


def test_a_worker_that_comes_too_late_publishes_nothing(
    scene: tuple[Training, str], settings: Settings, base: Path
) -> None:
    training, dataset = scene
    run = submit(training, dataset)
    finish_run(training, run, base)
    late, quick = (Claims(training.database, ["train"], worker=name, lease_seconds=SHORT) for name in "ab")
    old = late.claim()
    assert old is not None
    version = take_in(training, settings, run)
    while (new := quick.claim()) is None:
        time.sleep(0.05)
    with pytest.raises(LeaseLost):
        late.finish(old, {}, lambda session: publish_version(session, run, version, None))
    assert (list_known(settings, training.database), training.find(run.id).version) == ({}, "")
    assert take_in(training, settings, run).name == version.name
    quick.finish(new, {}, lambda session: publish_version(session, run, version, None))
    published = training.find(run.id)
    assert (published.version, list_known(settings, training.database)) == (
        version.name,
        {version.name: "validated"},
    )
    assert Registry(training.database).snapshot().aliases == ()
    exam = Jobs(training.database).find(published.exam_job)
    assert (exam.kind, exam.state, exam.plan) == ("evaluate", "queued", {"run": run.id})
    assert training.find_by_version(version.name) == published


def test_pairs_withdrawn_in_the_last_moment_keep_a_version_from_being_known(
    scene: tuple[Training, str], settings: Settings, base: Path
) -> None:
    training, dataset = scene
    run = submit(training, dataset)
    finish_run(training, run, base)
    version = take_in(training, settings, run)
    claims = Claims(training.database, ["train"], worker="a")
    job = claims.claim()
    assert job is not None
    withdraw(training.database, open_dataset(training.datasets.store.find(dataset)).train()[0].pair.id)
    with pytest.raises(JobRefused, match="1 pair was withdrawn"):
        claims.finish(job, {}, lambda session: publish_version(session, run, version, None))
    claims.fail(job, "1 pair was withdrawn", again=False)
    assert (list_known(settings, training.database), training.find(run.id).trained) == ({}, None)
    # What lies there answers nobody, and the next run takes it away.
    administration = make_administration(settings, Registry(training.database))
    assert administration.adopt(who="start") == ()
    sweep(training, administration)
    assert list_store(settings) == []
    assert not (training.folder(run) / ADAPTER).exists()
    assert not (training.folder(run) / RESULT).exists()


def test_only_what_ended_runs_have_left_is_swept(
    scene: tuple[Training, str], settings: Settings, base: Path
) -> None:
    training, dataset = scene
    done = publish(training, settings, base, submit(training, dataset, epochs=2))
    waiting = submit(training, dataset, epochs=3)
    (finish_run(training, waiting, base, seed=2) / CHECKPOINTS).mkdir()
    left = take_in(training, settings, waiting)
    administration = make_administration(settings, Registry(training.database))
    sweep(training, administration)
    assert list_store(settings) == sorted([done.version, left.name])
    assert not (training.folder(done) / ADAPTER).exists() and (training.folder(done) / RESULT).exists()
    assert (training.folder(waiting) / ADAPTER).is_dir()
    Jobs(training.database).cancel(waiting.job, BEN)
    sweep(training, administration)
    assert list_store(settings) == [done.version]
    assert not (training.folder(waiting) / CHECKPOINTS).exists()


def test_contributors_see_what_is_live_and_staff_what_withdrawals_touch(
    scene: tuple[Training, str], settings: Settings, base: Path
) -> None:
    training, dataset = scene
    run = publish(training, settings, base, submit(training, dataset))
    registry = Registry(training.database)
    assert find_live(training.database, registry.snapshot(), "Ada") == ()
    registry.promote("letters", run.version, revision=None, who="ben")
    (live,) = find_live(training.database, registry.snapshot(), "Ada")
    assert (live.alias, live.version, live.pairs) == ("letters", run.version, 58)
    assert live.sentence == f"Your 58 corrections are live in {run.version}."
    assert find_live(training.database, registry.snapshot(), "Ben") == ()
    assert find_affected(training.database, registry.snapshot()) == ()
    exam = open_dataset(training.datasets.store.find(dataset)).exam()
    withdraw(training.database, exam[0].pair.id)
    assert find_affected(training.database, registry.snapshot()) == ()
    members = open_dataset(training.datasets.store.find(dataset)).train()
    withdraw(training.database, members[0].pair.id, members[1].pair.id)
    (affected,) = find_affected(training.database, registry.snapshot())
    assert (affected.version, affected.aliases, affected.withdrawn) == (run.version, ("letters",), 2)
    assert "2 pairs that were withdrawn since. It answers for letters." in affected.sentence


def test_an_exam_is_held_again_but_not_twice_at_once(
    scene: tuple[Training, str], settings: Settings, base: Path
) -> None:
    training, dataset = scene
    run = submit(training, dataset)
    with pytest.raises(Conflict, match="has made no adapter version"):
        training.examine(run.id, actor=BEN)
    run = publish(training, settings, base, run)
    with pytest.raises(Conflict, match=f"is sitting its exam already: {run.exam_job}"):
        training.examine(run.id, actor=BEN)
    Jobs(training.database).cancel(run.exam_job, BEN)
    again = training.examine(run.id, actor=BEN, why="the engine was away")
    assert again.exam_job != run.exam_job
    with pytest.raises(NotFound, match="There is no run run-0"):
        training.examine("run-0", actor=BEN)


@pytest.mark.parametrize("change", [update(RunDecisionRow).values(why="x"), delete(RunDecisionRow)])
def test_the_database_itself_keeps_decisions(
    scene: tuple[Training, str], settings: Settings, base: Path, change: object
) -> None:
    training, dataset = scene
    run = publish(training, settings, base, submit(training, dataset))
    row = RunDecisionRow(
        run=run.id, at=run.created, who_id="s-2", who="ben", decision="keep", version=run.version, alias="",
        share=0, verdict="fail", gate=None, why="it is worse", override="",
    )  # fmt: skip
    with training.database.sessions.begin() as session:
        session.add(row)
    with pytest.raises(DBAPIError, match="only appended to"), training.database.sessions.begin() as session:
        session.execute(change)  # type: ignore[call-overload]
    assert [one.why for one in training.decisions(run.id)] == ["it is worse"]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (TrainingRefused("Too few pairs."), JobRefused),
        (DatasetDamaged("pairs.jsonl is another."), JobRefused),
        (StoreFull("There is no room."), StoreFull),
        (EngineDown("No engine answers."), JobCrashed),
        (VersionAbsent("It does not know the name yet."), JobCrashed),
    ],
)
def test_what_the_data_is_to_blame_for_is_not_tried_again(error: Exception, kind: type[Exception]) -> None:
    with pytest.raises(kind, match=str(error).split()[-1].rstrip(".")), tell_refusals():
        raise error
