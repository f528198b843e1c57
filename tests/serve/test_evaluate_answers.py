"""`evaluate answers`: the figures it prints by name, and two versions side by side."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from serve.engine.client import EngineClient
from serve.errors import BadRequest
from serve.evaluation.asking import Asker, Sitting
from serve.evaluation.commands import _name_versions, _print, _print_comparison
from tests.serve.stub_engine import StubEngine
from tests.train.evaluation.exam_scene import ANSWERABLE, HOPELESS, make_exam
from train.evaluation.scoring import Judgement

ASKED = argparse.Namespace(json=True, show=0, passages="gold", model="", compare="")


def _sit(judged: list[Judgement], seconds: float) -> Sitting:
    return Sitting(judged, seconds * len(judged), 1000, 500, [seconds] * len(judged))


def test_the_four_figures_keep_their_names_and_the_others_stand_beside_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before, _ = make_exam(wrong_before=30)
    _print(ASKED, _sit(before, 2.0), "base")
    told = json.loads(capsys.readouterr().out)
    assert told["grounded_correctness"] == 0.75 and told["citation_precision"] == 1.0
    assert told["refusal_recall"] == 1.0 and told["over_refusal"] == 0.0
    assert told["questions"] == 160 and told["errors"] == {"quotation": 30}
    assert told["overlap"]["exact_match"] == 0.75 and told["overlap"]["seconds"] == 2.0
    assert set(told["overlap"]) == {
        "exact_match", "token_precision", "token_recall", "token_f1", "rouge_l", "bleu", "chrf", "meteor",
        "fluency", "answer_words", "seconds",
    }  # fmt: skip


def test_two_versions_stand_side_by_side_over_the_same_questions(capsys: pytest.CaptureFixture[str]) -> None:
    before, after = make_exam(wrong_before=30, fixed=12, broken=2)
    sittings = [_sit(before, 2.0), _sit(after, 1.0)]
    _print_comparison(argparse.Namespace(**{**vars(ASKED), "json": False}), sittings, ["base", "letters--v2"])
    lines = capsys.readouterr().out.splitlines()
    assert "12 fixed, 2 broken, 146 the same" in lines
    (figures,) = [line.split() for line in lines if line.startswith("grounded_correctness")]
    assert figures[1:4] == ["0.750", "0.833", "+0.083"]
    assert [line.split()[1] for line in lines if line.startswith("broken ")] == ["a118", "a119"]
    told = json.loads(lines[-1])
    assert (told["model"], told["against"]["model"]) == ("letters--v2", "base")
    assert (told["grounded_correctness"], told["against"]["grounded_correctness"]) == (0.8333, 0.75)
    assert told["report"]["comparisons"]["base"]["differences"]["seconds"]["value"] == -0.5


@pytest.mark.parametrize(
    ("asked", "versions"),
    [
        ({}, ["base"]),
        ({"model": "v2"}, ["v2"]),
        ({"compare": "base, v2"}, ["base", "v2"]),
        ({"compare": "v1,v2"}, ["v1", "v2"]),
    ],
)
def test_versions_are_asked_by_name(asked: dict[str, str], versions: list[str]) -> None:
    assert _name_versions(argparse.Namespace(**{**vars(ASKED), **asked}), ["base", "v1", "v2"]) == versions


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"model": "v3"}, "has no 'v3'. It has: base, v1, v2."),
        ({"compare": "v1,v3"}, "has no 'v3'"),
        ({"compare": "v1"}, "Expected two versions"),
        ({"compare": "v1,v1"}, "Expected two versions"),
        ({"compare": "v1,v2", "model": "v1"}, "without --model"),
    ],
)
def test_versions_that_are_not_there_or_not_two_are_refused(asked: dict[str, str], words: str) -> None:
    with pytest.raises(BadRequest, match=words):
        _name_versions(argparse.Namespace(**{**vars(ASKED), **asked}), ["base", "v1", "v2"])


async def test_every_answer_is_timed_in_the_order_of_the_tasks(tmp_path: Path) -> None:
    runner = web.AppRunner(StubEngine().app(), shutdown_timeout=0.1)
    await runner.setup()
    await web.UnixSite(runner, str(tmp_path / "s")).start()
    client = EngineClient("http://engine/", socket=tmp_path / "s", stall_seconds=5)
    await client.start()
    tasks = [ANSWERABLE, replace(HOPELESS, refused=True), replace(ANSWERABLE, id="b")]
    try:
        sitting = await Asker(client, "letters", 20, together=1).ask_all(tasks)
    finally:
        await client.close()
        await runner.cleanup()
    assert [judgement.task.id for judgement in sitting.judged] == ["a", "h", "b"]
    assert (sitting.read, sitting.written) == (6, 4)
    assert len(sitting.each) == 3 and sitting.each[1] < min(sitting.each[0], sitting.each[2])
    assert sum(sitting.each) <= sitting.seconds
