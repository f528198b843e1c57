"""The exam of a run: posed as its lessons are, gone on with after a stop, kept without a word of a pair."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest

from serve.database import Database
from serve.jobs.queue import Jobs
from serve.jobs.worker import work
from serve.settings import Settings
from serve.training.administration import Training
from serve.training.exam import pose_exam
from serve.training.handlers import make_handlers
from serve.training.run import Run
from serve.training.sheet import Sheet, forget, read_sheet
from serve.training.sitting import EXAM, SHEETS
from tests.serve.dataset_parts import BEN, withdraw
from tests.serve.known_answers import KnownAnswers, serve_known
from tests.serve.training_parts import (
    do_job,
    make_scene,
    publish,
    submit,
    wait_until,
)
from train.datasets.folder import open_dataset
from train.evaluation.gate.facts import read_facts
from train.evaluation.probes.general import list_questions
from train.evaluation.report import read_report
from train.evaluation.task import Task
from train.lora.plan import Plan, write_plan


@pytest.fixture
def training(database: Database, settings: Settings) -> Training:
    return make_scene(database, settings)[0]


@pytest.fixture
def run(training: Training, settings: Settings, base: Path) -> Run:
    """A run that is trained, with the plan it was trained by."""
    dataset = training.datasets.versions()[0].version
    run = publish(training, settings, base, submit(training, dataset))
    write_plan(training.folder(run), Plan(base=base, dataset=training.datasets.store.find(dataset)))
    return run


@pytest.fixture
def engine(training: Training, run: Run) -> Iterator[tuple[KnownAnswers, str]]:
    """The candidate knows every answer of the exam, the base none; both know what is general."""
    engine = KnownAnswers({run.version: 5.0})
    exam = pose_exam(training.folder(run), open_dataset(training.datasets.store.find(run.dataset)), ())
    general = {one.question: one.right for one in list_questions()}
    engine.known = {
        "base": general,
        run.version: {**general, **{str(task.messages[-1]["content"]): task.right for task in exam.tasks}},
    }
    with serve_known(engine) as url:
        yield engine, url


def examine(run: Run, database: Database, settings: Settings, url: str) -> str:
    """Have a worker hold the exam; gives the state of its job."""
    by_url = settings.model_copy(update={"engine_urls": (url,)})
    return do_job(database, make_handlers(by_url, database), run.exam_job).state


def test_candidate_and_base_sit_the_exam(
    training: Training, run: Run, engine: tuple[KnownAnswers, str], database: Database, settings: Settings
) -> None:
    stub, url = engine
    assert examine(run, database, settings, url) == "succeeded"
    done = training.find(run.id)
    folder = training.folder(run) / EXAM
    for name in ("report.json", "facts.json", "gate.json"):
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == done.files[name]
    report = read_report(json.loads((folder / "report.json").read_bytes()))
    assert {role: one.name for role, one in report.versions.items()} == {
        "base": "base",
        "candidate": run.version,
    }
    answerable = report.versions["candidate"].answerable
    assert report.versions["candidate"].questions == run.exam and answerable > 0
    assert read_facts(json.loads((folder / "facts.json").read_bytes())).automatic.replay_loss is None  # type: ignore[union-attr]
    figures = {role: one.figures["grounded_correctness"].value for role, one in report.versions.items()}
    assert figures == {"candidate": 1.0, "base": 0.0}
    assert len(report.comparisons["base"].changes.fixed) == answerable
    gate = json.loads((folder / "gate.json").read_bytes())
    verdicts = {stage["name"]: stage["verdict"] for stage in gate["stages"]}
    # Without peft's own answers the engine's cannot be held against them, and ten questions settle nothing.
    assert verdicts == {name: "not enough evidence" for name in verdicts} | {"data": "pass"}
    assert done.verdict == "not enough evidence"
    # Of the pairs nothing is kept but ids, and the answers.
    kept = b"".join(path.read_bytes() for path in folder.iterdir())
    assert b"Who wrote of the" not in kept
    assert stub.count("base") == run.exam + len(list_questions())


def test_an_exam_that_breaks_off_goes_on_where_it_was(
    training: Training, run: Run, engine: tuple[KnownAnswers, str], database: Database, settings: Settings
) -> None:
    stub, url = engine
    stub.most = 7
    by_url = settings.model_copy(update={"engine_urls": (url,)})
    jobs = Jobs(database)
    stopping = Event()
    worker = Thread(
        target=work, args=(database, make_handlers(by_url, database), stopping), kwargs={"name": "w"}
    )
    worker.start()
    wait_until(lambda: jobs.find(run.exam_job).problem != "")
    stopping.set()
    worker.join()
    assert training.find(run.id).examined is None
    sheets = sorted((training.folder(run) / EXAM).glob(SHEETS))
    kept = sum(len(read_sheet(sheet)) for sheet in sheets)
    assert 1 <= kept <= 7
    with sheets[0].open("ab") as torn:
        torn.write(b'{"id": "p0001", "asked": "')  # as a kill leaves it
    before, stub.most = len(stub.bodies), 10**6
    jobs.resume(run.exam_job, BEN)
    assert examine(run, database, settings, url) == "succeeded"
    total = len({(body["model"], json.dumps(body["messages"])) for body in stub.bodies})
    assert len(stub.bodies) - before == total - kept
    assert training.find(run.id).verdict == "not enough evidence"


def test_withdrawn_questions_are_not_asked_and_their_answers_go(
    training: Training, run: Run, engine: tuple[KnownAnswers, str], database: Database, settings: Settings
) -> None:
    _, url = engine
    held = open_dataset(training.datasets.store.find(run.dataset)).exam()
    withdraw(database, held[0].pair.id)
    assert examine(run, database, settings, url) == "succeeded"
    sheets = sorted((training.folder(run) / EXAM).glob(SHEETS))
    asked = {said.id for sheet in sheets for said in read_sheet(sheet)}
    assert held[0].pair.id not in asked and held[1].pair.id in asked
    before = len(read_sheet(sheets[0]))
    gone = forget(sheets[0], [held[1].pair.id])
    assert gone >= 1 and len(read_sheet(sheets[0])) == before - gone
    assert held[1].pair.id.encode() not in sheets[0].read_bytes()


def test_an_answer_counts_for_what_was_asked(tmp_path: Path) -> None:
    def pose(text: str) -> Task:
        return Task(
            id="p1", kind="answer", question=text, messages=[{"role": "user", "content": text}], passages=(),
            fitting=frozenset(), answerable=True,
        )  # fmt: skip

    sheet = Sheet(tmp_path / "exam" / "a.answers.jsonl")
    said = sheet.add(pose("Which box?"), "Box 4 \ud800\n[1].", 0.25, 30, 4)
    again = Sheet(tmp_path / "exam" / "a.answers.jsonl")
    found = again.find(pose("Which box?"))
    assert found is not None and (found.answer, found.asked) == ("Box 4 ?\n[1].", said.asked)
    assert again.find(pose("Which folder?")) is None
