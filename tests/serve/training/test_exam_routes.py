"""An exam and a model card over HTTP: side by side, with words for those alone who decide, and as long as
the pairs are there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from serve.adapters.administration import Administration, make_administration
from serve.adapters.registry import Registry
from serve.database import Database
from serve.routes import cards as card_routes
from serve.routes import exams as exam_routes
from serve.settings import Settings
from serve.training.administration import Training
from serve.training.examining import write_exam
from serve.training.run import Run
from serve.training.sheet import Sheet
from serve.training.sitting import EXAM, name_sheet
from serve.training.tables import RunRow
from tests.serve.dataset_parts import withdraw
from tests.serve.people_parts import KEY, Gateway, open_client, sign_in
from tests.serve.training.test_deciding import SOUND
from tests.serve.training_parts import make_scene, make_settings, publish, submit
from tests.train.evaluation.exam_scene import ANSWERABLE, RIGHT, WRONG
from train.datasets.folder import open_dataset
from train.evaluation.gate.facts import AutomaticFacts, Facts
from train.evaluation.gate.judging import judge_gate
from train.evaluation.probes.general import compare_general, list_questions
from train.evaluation.probes.regurgitation import MemoryFacts
from train.evaluation.report import Paper, make_report
from train.evaluation.scoring import judge
from train.pairs.pair import Pair

ADMINISTRATOR, APPROVER, CURATOR = "Ada Marsh", "Ben Oakes", "Cora Lind"


@dataclass
class TrainingGateway(Gateway):
    """With the parts that the routes of training use."""

    administration: Administration | None = None


@pytest.fixture
def settings(tmp_path: Path, base: Path) -> Settings:
    return make_settings(tmp_path, base, staff_key=KEY)


@pytest.fixture
def training(database: Database, settings: Settings) -> Training:
    return make_scene(database, settings)[0]


@pytest.fixture
def client(database: Database, settings: Settings) -> Iterator[TestClient]:
    administration = make_administration(settings, Registry(database))
    with open_client(TrainingGateway(settings, database, administration=administration)) as client:
        for routes in (exam_routes, card_routes):
            client.app.include_router(routes.router)  # type: ignore[attr-defined]
        yield client


@pytest.fixture
def run(training: Training, settings: Settings, base: Path) -> Run:
    """A run whose version is known, and has not sat its exam."""
    return publish(training, settings, base, submit(training, training.datasets.versions()[0].version))


def hold(training: Training, run: Run) -> list[Pair]:
    """Write down an exam over the held-out pairs: the first two mended, the last one spoilt."""
    pairs = [member.pair for member in open_dataset(training.datasets.store.find(run.dataset)).exam()]
    tasks = [replace(ANSWERABLE, id=pair.id, question=pair.question, cluster=pair.id) for pair in pairs]
    said = {
        "base": [WRONG if place < 3 else RIGHT for place in range(len(tasks))],
        "candidate": [RIGHT if place not in (2, len(tasks) - 1) else WRONG for place in range(len(tasks))],
    }
    names = {"base": "base", "candidate": run.version}
    folder = training.folder(run) / EXAM
    papers = {}
    for role, answers in said.items():
        sheet = Sheet(folder / name_sheet(role, names[role]))
        for task, answer in zip(tasks, answers, strict=True):
            sheet.add(task, answer, 1.0, 10, 10)
        papers[role] = Paper(names[role], [judge(*one) for one in zip(tasks, answers, strict=True)])
    right = [question.right for question in list_questions()]
    facts = Facts(
        integrity=SOUND,
        automatic=AutomaticFacts(
            report=make_report(papers["candidate"], None, papers["base"]),
            general=compare_general(right, right),
            memory=MemoryFacts(asked=100, copied=0),
            bias=(),
        ),
    )
    files = write_exam(folder, facts, judge_gate(facts))
    with training.database.sessions.begin() as session:
        row = session.get(RunRow, run.id)
        assert row is not None
        row.examined, row.verdict, row.files = row.trained, "not enough evidence", files
    return pairs


def test_what_changed_is_shown_with_both_answers(client: TestClient, training: Training, run: Run) -> None:
    pairs = hold(training, run)
    told = client.get(f"/v1/runs/{run.id}/exam", headers=sign_in(client, APPROVER)).json()
    assert (told["version"], told["questions"], told["texts"]) == (run.version, len(pairs), True)
    assert told["versions"] == {"base": "base", "candidate": run.version}
    (beside,) = told["beside"]
    assert beside["sentence"] == f"2 fixed, 1 broken, {len(pairs) - 3} the same"
    assert (beside["same_right"], beside["same_wrong"]) == (len(pairs) - 4, 1)
    (broken,) = beside["broken"]
    assert (broken["id"], broken["question"], broken["right"]) == (
        pairs[-1].id, pairs[-1].question, pairs[-1].answer,
    )  # fmt: skip
    assert (broken["before"], broken["after"]) == (RIGHT, WRONG)
    assert broken["error"] == "quotation" and broken["explained"].startswith("puts words in quotation marks")
    assert [one["id"] for one in beside["fixed"]] == [pairs[0].id, pairs[1].id]
    assert {one["kind"]: one["counts"] for one in told["errors"]} == {
        "quotation": {"base": 3, "candidate": 2}
    }
    measures = {one["name"]: one for one in told["measures"]}
    assert "seconds" not in measures and "refusal_recall" not in measures
    figure = measures["grounded_correctness"]
    assert figure["figures"]["candidate"]["value"] == pytest.approx(1 - 2 / len(pairs))
    assert figure["difference"]["value"] == pytest.approx(1 / len(pairs))
    assert figure["difference"]["low"] < 0 < figure["difference"]["high"]


def test_words_are_for_those_who_decide_and_go_with_their_pair(
    client: TestClient, training: Training, run: Run
) -> None:
    pairs = hold(training, run)
    seen = client.get(f"/v1/runs/{run.id}/exam", headers=sign_in(client, CURATOR))
    assert seen.status_code == 200 and seen.json()["texts"] is False
    assert [pair.question for pair in pairs if pair.question in seen.text] == []
    assert RIGHT.split('"')[1] not in seen.text and pairs[-1].id in seen.text
    withdraw(training.database, pairs[-1].id)
    (beside,) = client.get(f"/v1/runs/{run.id}/exam", headers=sign_in(client, ADMINISTRATOR)).json()["beside"]
    assert [beside["broken"][0][name] for name in ("question", "right", "before", "after")] == [""] * 4
    assert beside["fixed"][0]["question"] == pairs[0].question


def test_an_exam_that_is_not_there_or_not_as_written_is_said(
    client: TestClient, training: Training, run: Run
) -> None:
    ben = sign_in(client, APPROVER)
    early = client.get(f"/v1/runs/{run.id}/exam", headers=ben)
    assert early.status_code == 404 and "has not sat an exam yet" in early.json()["error"]["message"]
    hold(training, run)
    report = training.folder(run) / EXAM / "report.json"
    report.write_bytes(report.read_bytes().replace(b"candidate", b"candidatE"))
    reply = client.get(f"/v1/runs/{run.id}/exam", headers=ben)
    assert reply.status_code == 409 and "Have it sit its exam again." in reply.json()["error"]["message"]


def test_a_card_is_put_together_when_it_is_asked_for(
    client: TestClient, training: Training, run: Run
) -> None:
    hold(training, run)
    cora = sign_in(client, CURATOR)
    told = client.get(f"/v1/adapters/{run.version}/card", headers=cora).json()
    assert told["title"] == f"Model card of {run.version}" and told["version"] == run.version
    sections = {section["key"]: section for section in told["sections"]}
    assert "Question by question beside the base" in " ".join(sections["scores"]["sentences"])
    assert sections["gate"]["tables"][0]["headings"][0] == "Stage"
    assert told["markdown"].startswith("---\n") and "Model card of" in told["markdown"]
    assert client.get("/v1/adapters/letters--v9-00000000/card", headers=cora).status_code == 404
