"""Examples in files, from dataset versions and from wrong sources: the exam is never learned from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.train.datasets.made_pairs import (
    ids,
    make_evidence,
    make_pairs,
    make_refusal,
    make_version,
)
from tests.train.embedding.scene import make_example
from train.embedding.example import Example, Shown, read_examples, write_examples
from train.embedding.gathering import gather_examples
from train.lora.errors import TrainingRefused
from train.pairs.pair import Earlier


def test_examples_come_back_from_their_file(tmp_path: Path) -> None:
    examples = (
        make_example(
            "orchard", negatives=(Shown(record="r-loom", text="Of the loom…"),), cluster="r-orchard"
        ),
        Example(id="none", question="What is in the tower?", origin="wrong_source"),
    )
    write_examples(tmp_path / "cases.jsonl", examples)
    assert read_examples(tmp_path / "cases.jsonl") == examples


def test_records_may_be_named_alone(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text('{"question": "Who?", "positives": ["r-loom"]}\n\n', "utf-8")
    (one,) = read_examples(path)
    assert (one.id, set(one.records), one.group, one.origin) == ("1", {"r-loom"}, "1", "other")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("[]", "line 1: expected an example, found no object"),
        ("{", "line 1: expected an example, found Expecting property name"),
        ('{"question": " "}', "found no question"),
        ('{"question": 5}', "question or cluster that is no text"),
        ('{"question": "q", "positives": "r"}', "passages that are no list"),
        ('{"question": "q", "positives": [{}]}', "neither record nor text"),
        ('{"question": "q", "positives": [{"page": 3}]}', "unexpected keyword argument 'page'"),
        ('{"question": "q", "origin": "chat"}', "an origin that is none of pair, wrong_source, other"),
        ('{"id": "a", "question": "q"}\n{"id": "a", "question": "r"}', "line 2.*the id 'a' a second time"),
    ],
)
def test_a_line_that_is_no_example_is_told_with_its_number(tmp_path: Path, line: str, told: str) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text(line, "utf-8")
    with pytest.raises(TrainingRefused, match=told):
        read_examples(path)


def test_no_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(TrainingRefused, match="cases.jsonl: expected examples, found no file"):
        read_examples(tmp_path / "cases.jsonl")


def test_a_version_keeps_its_own_exam(tmp_path: Path) -> None:
    version = make_version(tmp_path, [*make_pairs(38), make_refusal(90)])
    gathered = gather_examples(version)
    refused = {one.pair.id for one in version.train() if one.pair.kind == "refusal"}
    assert {one.id for one in gathered.train} == ids(version.train()) - refused
    assert {one.id for one in gathered.exam} == ids(version.exam())
    assert len(gathered.exam) == 9
    assert gathered.left_out == ({"nothing answers it": 1} if refused else {})
    first = gathered.train[0]
    assert (first.origin, first.cluster) == ("pair", min(first.records))
    assert first.positives[0].text.startswith("Letter about the r-")


def test_what_may_not_be_learned_from_is_left_out(tmp_path: Path) -> None:
    pairs = make_pairs(24)
    pairs[3] = replace(pairs[3], history=(Earlier(role="user", content="What about the mill?"),))
    version = make_version(tmp_path, pairs)
    side = ids(version.train())
    gone = sorted(side - {"p0003"})[0]
    gathered = gather_examples(version, withdrawn=[gone])
    assert gathered.left_out == {"withdrawn": 1, "a follow-up": 1}
    assert gone not in {one.id for one in (*gathered.train, *gathered.exam)}


def test_closed_evidence_is_not_learned_from(tmp_path: Path) -> None:
    version = make_version(tmp_path, make_pairs(12))
    (changed,) = [one for one in version.train() if one.pair.id == min(ids(version.train()))]
    closed = replace(changed.pair, evidence=(make_evidence("r-x", public=False),))
    from train.embedding.gathering import _from_members  # the version itself refuses closed evidence

    left: dict[str, int] = {"not public": 0}
    assert _from_members([replace(changed, pair=closed)], frozenset(), left) == []  # type: ignore[arg-type]
    assert left == {"not public": 1}


def test_wrong_sources_follow_the_versions_split(tmp_path: Path) -> None:
    version = make_version(tmp_path, make_pairs(38))
    learned, examined = version.train()[0].pair, version.exam()[0].pair
    cases = [
        Example(
            id=f"case-{name}",
            question=f"What is there on {name}?",
            positives=(Shown(record=pair.evidence[0].record_id),),
            negatives=(Shown(record="r-other"),),
            origin="wrong_source",
        )
        for name, pair in (("learned", learned), ("examined", examined))
    ]
    like = replace(cases[0], id="case-like", question=examined.question.replace("Who", "And who"))
    nothing = Example(id="case-nothing", question="Where is the map?", negatives=(Shown(record="r-other"),))
    gathered = gather_examples(version, [*cases, like, nothing])
    assert "case-learned" in {one.id for one in gathered.train}
    assert "case-examined" in {one.id for one in gathered.exam}
    assert "case-like" not in {one.id for one in (*gathered.train, *gathered.exam)}
    assert gathered.left_out == {
        "names no right record": 1, "shares a record or a question with the exam": 1,
    }  # fmt: skip


def test_about_a_tenth_of_new_cases_is_examined_and_always_the_same() -> None:
    cases = [make_example(f"thing{number}") for number in range(200)]
    one, other = gather_examples(None, cases), gather_examples(None, list(reversed(cases)))
    assert one == other
    assert len(one.exam) == 22
    assert len(one.train) == 178


def test_one_question_asked_twice_is_one_example() -> None:
    again = make_example(
        "loom", id="z", question="who wrote of the LOOM", negatives=(Shown(record="r-loom"),)
    )
    second = replace(again, positives=(Shown(record="r-quilt"),))
    gathered = gather_examples(None, [make_example("loom"), second])
    (merged,) = (*gathered.train, *gathered.exam)
    assert merged.records == {"r-loom", "r-quilt"}
    assert merged.negatives == ()  # what is right for the one is not wrong for the other
