"""Everything a card is made of: a real dataset version, and a run's and an exam's own files, made up."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from tests.train.datasets.made_pairs import make_pairs, make_version
from train.card.card import Decision, Subject
from train.card.lineage import make_lineage, read_lineage
from train.datasets.folder import DatasetFolder
from train.evaluation.gate.facts import Facts
from train.evaluation.gate.judging import judge_gate
from train.evaluation.report import Paper, make_report
from train.evaluation.scoring import judge
from train.evaluation.task import Task
from train.lora.choosing import Device, choose_recipe
from train.lora.plan import Plan

VERSION = "letters--v3-1a2b3c4d"
WEIGHTS = "1a2b3c4d" * 8
BASE = "b" * 64
HOSTILE = (
    '"]\n---\nlicense: mit # <script>alert(1)</script> | x | [a](http://evil.example) `rm` **b**\u202e\x00\u2028'
    "\ud83d # {{ x }} &amp; $1$"
)


def make_result(**changed: Any) -> dict[str, Any]:
    """A result.json as `train.lora` writes it."""
    chosen = choose_recipe(120, Device(threads=2), {"epochs": 2})
    return {
        "base": {"name": "reader", "sha256": BASE, "tokenizer_sha256": "c" * 64, "template_sha256": "d" * 64},
        "recipe": asdict(chosen.recipe),
        "automatic": sorted(chosen.automatic),
        "seeds": {"all": 7},
        "versions": {"python": "3.11.9", "torch": "2.13.0"},
        "hardware": {"cpu": "A Processor", "cores": 2},
        "lessons": {"train": 90, "held": 11, "refusals": 12, "replay": 16, "sha256": "e" * 64},
        "loss": {
            "train": [[1, 2.5], [2, 1.25]],
            "valid": [[0, 2.0], [1, 1.5], [2, 1.75]],
            "verdict": "learning",
            "sentence": "It was still learning.",
        },
        "steps": {"planned": 44, "done": 22, "kept": 11},
        "tokens": {"epoch": 5000, "answers": 700, "trained": 10000},
        "seconds": {"wall": 90.4, "cpu": 7200.0, "gpu": 0.0, "sessions": 1},
        "peak_bytes": {"memory": 3 * 2**30, "gpu": 0},
        "energy": {"kwh": 0.02, "how": "reckoned at 10 W for each busy core", "measured": False},
        "passages": "index 20261121T200000-00000000",
        "prompt_version": "1",
        "stopped": "All epochs are done.",
        **changed,
    }


def make_report_of(right: int, wrong: int) -> dict[str, Any]:
    """The report of an exam in which the candidate has `right` answers right and `wrong` wrong, and the base
    has the first alone."""
    tasks = [_make_task(number) for number in range(right + wrong)]
    good = 'Yes: "Letter (Box 1)" [1].'
    candidate = [judge(task, good if number < right else "No.") for number, task in enumerate(tasks)]
    base = [judge(task, good if not number else "No.") for number, task in enumerate(tasks)]
    report = make_report(Paper(VERSION, candidate), None, Paper("reader", base))
    return report.as_json()


def make_subject(root: Path, **changed: Any) -> Subject:
    """A version that was trained, examined, judged and decided on."""
    version: DatasetFolder = make_version(root, make_pairs(120))
    plan = Plan(base=root / "reader", dataset=version.path, instructions="Say it briefly.")
    lineage = make_lineage(
        run="run-1", plan=plan, result=make_result(), dataset=replace(version.manifest, base=BASE)
    )
    told: dict[str, Any] = {
        "version": VERSION,
        "sha256": WEIGHTS,
        "base_sha256": BASE,
        "rank": 8,
        "targets": ("q_proj", "v_proj"),
        "library": "Harrow Point Library",
        "lineage": read_lineage(lineage),
        "dataset": version.manifest,
        "sheet": version.sheet(),
        "report": make_report_of(6, 2),
        "gate": judge_gate(Facts()).as_json(),
        "decisions": (
            Decision(at="2026-11-22T09:00:00+00:00", who="Ada", what="keep", why="Too few votes."),
        ),
        "as_of": "2026-11-22",
        **changed,
    }
    return Subject(**told)


def _make_task(number: int) -> Task:
    return Task(
        id=f"p{number:04}",
        kind="answer",
        question=f"Letter {number}?",
        messages=[],
        passages=["[1] Letter (Box 1)\nThe letter."],
        fitting=frozenset({1}),
        answerable=True,
        right='Yes: "Letter (Box 1)" [1].',
        cluster=f"r{number}",
    )
